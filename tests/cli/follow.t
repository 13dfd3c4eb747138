#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rpiboot --list --follow beside a run that serves a board; names in --list.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"

vb=$BUILD/tests/virtual-board rpiboot=$OUT/rpiboot gadget=$SRC/tests/virtual/boards/cm4-gadget.board
run "$rpiboot" --follow
is '--follow alone: status' "$status" 255
is '--follow alone: message' "$err" 'rpiboot: --follow requires --list (try --help)'
if ! [ -x "$vb" ]; then
	skip_all 'following a board' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi
tests/virtual/mkfolder.sh gadget "$T/gadget" 1000
echo '1-1 rack 1, socket 3' >"$T/names"

# The watcher first: it says what it sees into a pipe. When the board was seen as a disk, SIGINT ends it.
cat >"$T/watch" <<'END'
#!/bin/sh
mkfifo "$T/pipe"
env --default-signal=INT "$OUT/rpiboot" --list --follow --names "$T/names" "$@" >"$T/pipe" 2>"$T/watch.err" &
watcher=$!
exec 3<"$T/pipe"
next() { IFS= read -r line <&3 && printf '%s\n' "$line"; }
await() { # PATTERN: lines up to one that has it
	while next; do case $line in *$1*) return 0 ;; esac; done
	return 1
}
{
	await 'boot ROM' || await '"stage": "rom"'
	"$OUT/rpiboot" -q -d "$T/gadget"
	await left && await left && await 'mass-storage gadget'
} >"$T/seen"
kill -INT $watcher
wait $watcher
echo $? >"$T/status"
cat <&3 >>"$T/seen"
END
chmod +x "$T/watch"

ok 'a board is served meanwhile' "$vb" --limit 600 --folder "$T/gadget" "$gadget" -- "$T/watch"
is 'followed: Ctrl-C ends it with 0' "$(cat "$T/status")" 0
is 'followed: nothing on stderr' "$(cat "$T/watch.err")" ''
is 'followed: each arrival and departure is a line' "$(sed 's/^present/arrived/' "$T/seen")" \
	'EVENT    PATH       CHIP     STAGE                SERIAL            NAME
arrived  1-1        BCM2711  boot ROM             10000000b29d2da0  rack 1, socket 3
left     1-1        BCM2711  boot ROM             10000000b29d2da0  rack 1, socket 3
arrived  1-1        BCM2711  file server          b29d2da0          rack 1, socket 3
left     1-1        BCM2711  file server          b29d2da0          rack 1, socket 3
arrived  1-1        -        mass-storage gadget  10000000b29d2da0  rack 1, socket 3'

# a reader that leaves ends it, too
cat >"$T/head" <<'END'
#!/bin/sh
{
	"$OUT/rpiboot" --list --follow --json
	echo $? >"$T/status"
} | head -n 1 >"$T/seen" &
until [ -s "$T/seen" ]; do sleep 0.1; done
"$OUT/rpiboot" -q -d "$T/gadget"
status=$?
wait
exit $status
END
chmod +x "$T/head"
rm "$T/status"
ok '--json, and a reader that leaves' "$vb" --limit 600 --folder "$T/gadget" "$gadget" -- "$T/head"
is '--json, and a reader that leaves: status' "$(cat "$T/status")" 0
ok '--json: an object a line' jq -e '.event == "arrived" or .event == "present"' "$T/seen"
ok '--json: the fields of --list' jq -e '.path == "1-1" and .stage == "rom" and .serial == "10000000b29d2da0"' "$T/seen"

# --- no events, as in a container

cat >"$T/quiet" <<'END'
#!/bin/sh
env --default-signal=INT "$OUT/rpiboot" --list --follow >"$T/seen" &
until grep -q 'boot ROM' "$T/seen"; do sleep 0.1; done
"$OUT/rpiboot" -q -d "$T/gadget"
until grep -q 'mass-storage gadget' "$T/seen"; do sleep 0.1; done
kill -INT $!
wait $!
END
chmod +x "$T/quiet"
ok 'an arrival that no event reports' "$vb" --limit 600 --folder "$T/gadget" "$gadget;unannounced" -- "$T/quiet"
is 'an arrival that no event reports: its line' "$(tail -n 1 "$T/seen")" \
	'arrived  1-1        -        mass-storage gadget  10000000b29d2da0  -'

# --- names

"$vb" --quiet "$gadget;bystander" -- "$rpiboot" --list --names "$T/names" >"$T/list"
ok '--list: the name' grep -qx ' *name: rack 1, socket 3' "$T/list"
"$vb" --quiet "$gadget;bystander" -- "$rpiboot" --list --json --names "$T/names" >"$T/list"
is '--list --json: the name' "$(jq -r .place "$T/list")" 'rack 1, socket 3'
run "$rpiboot" --list --names "$T/none"
is 'names that are not there: status' "$status" 255
tap_end
