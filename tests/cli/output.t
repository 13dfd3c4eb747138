#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Readers of the output that stop reading, leave, or take nothing: no board waits for them.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"

vb=$BUILD/tests/virtual-board rpiboot=$OUT/rpiboot
if ! [ -x "$vb" ]; then
	skip_all 'readers that stop' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi
tests/virtual/mkfolder.sh gadget "$T/gadget" 1000

# 600 lines of some 220 characters: twice what a pipe holds
name=$(printf '%0200d' 0)
{
	printf 'chip 2711\nserial 10000000b29d2da0\n'
	for i in $(seq 600); do echo "size $name$i absent"; done
	printf 'get config.txt\ndone\n'
} >"$T/talk.board"
cat >"$T/served" <<END
#!/bin/sh
echo \$PPID >"$T/pid.new"
mv "$T/pid.new" "$T/pid"
END
chmod +x "$T/served"
mkfifo "$T/fifo"

# begin OPTION...: a run whose output nobody reads; returns when its board is served and the program of --exec has run
begin() {
	rm -f "$T/pid" "$T/status"
	exec 3<>"$T/fifo"
	{
		"$vb" --quiet --limit 600 --folder "$T/gadget" "$T/talk.board" -- \
			"$rpiboot" -d "$T/gadget" --exec "$T/served" "$@" 2>&1 3>&-
		echo $? >"$T/status"
	} >"$T/fifo" 3>&- &
	until [ -e "$T/pid" ] || [ -e "$T/status" ]; do sleep 0.1; done
}

# finish: reads what was written, from the beginning to the end
finish() {
	exec 4<"$T/fifo" 3>&-
	cat <&4 >"$T/read"
	exec 4<&-
	wait
}

begin
ok 'nobody reads: the board is served, the program of --exec has run' [ -e "$T/pid" ]
is 'nobody reads: the program waits for the reader' "$(cat "$T/status" 2>/dev/null)" ''
finish
is 'then read: status' "$(cat "$T/status")" 0
is 'then read: every line is there' "$(grep -c "^Cannot open file ${name}[0-9]*\$" "$T/read")" 600
is 'then read: in order' "$(tail -n 3 "$T/read" | sed 's/ [0-9.]* s$/ TIME/')" "Second stage boot server done
Running $T/served
Served 1 file, $(wc -c <"$T/gadget/config.txt") bytes, in TIME"
begin --json
ok '--json: the board is served' [ -e "$T/pid" ]
finish
is '--json: every event is there' "$(grep -c '"event":"file-absent"' "$T/read")" 600
is '--json: the last ones' "$(grep -o '"event":"[a-z-]*"' "$T/read" | tail -n 3)" '"event":"program-end"
"event":"result"
"event":"summary"'

# --- SIGTERM (as Ctrl-C) ends the wait for the reader

begin
while ! [ -e "$T/status" ]; do # the first one may come while the run ends
	kill -TERM "$(cat "$T/pid")" 2>/dev/null
	sleep 0.2
done
exec 3>&-
wait
is 'SIGTERM while nobody reads: status' "$(cat "$T/status")" 130

# --- readers that leave, and a full disk

{
	"$vb" --quiet --limit 600 --folder "$T/gadget" "$T/talk.board" -- "$rpiboot" -d "$T/gadget"
	echo $? >"$T/status"
} | head -n 1 >"$T/read"
is 'a reader that leaves: status' "$(cat "$T/status")" 0
if [ -w /dev/full ]; then
	"$vb" --quiet --limit 600 --folder "$T/gadget" "$T/talk.board" -- "$rpiboot" -d "$T/gadget" --json \
		>/dev/full 2>"$T/err"
	is 'a full disk: status' $? 255
	is 'a full disk: message' "$(tail -n 1 "$T/err")" 'rpiboot: standard output: No space left on device'
	ok 'a full disk: the board is served' grep -qx 'Second stage boot server done' "$T/err"
fi
tap_end
