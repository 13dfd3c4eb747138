#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What records of many stations are joined by: host, release and boot directory in the events, names of sockets (--names),
# counts for Prometheus (--metrics). And what is wrong with their files and with --exec is said before the first board.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"

vb=$BUILD/tests/virtual-board boards=$SRC/tests/virtual/boards
for program in jq sha256sum; do
	command -v "$program" >/dev/null || {
		skip 'records' "$program is missing"
		tap_end
		exit
	}
done

printf '%s\n' '# the bench' '' '1-1.2 rack 1, socket 3' "1-1.3	\"left\"" >"$T/names"
run "$OUT/rpiboot" --names "$T/nosuch"
is 'no file of names' "$status $err" "255 --names: $T/nosuch: No such file or directory: wrong arguments. Try --help."
for line in '1-1.2' 'rack 1' '1.2 x'; do
	printf '%s\n' '1-1.1 first' "$line" >"$T/bad"
	run "$OUT/rpiboot" --names "$T/bad"
	is "a line that is no name: $line" "$status $(printf %s "$err" | grep -c "^--names: $T/bad:2: expected a new USB path and its name")" '255 1'
done
printf '%s\n' '1-1.1 a' '1-1.1 b' >"$T/bad"
run "$OUT/rpiboot" --names "$T/bad"
is 'a path with two names' "$status" 255
run "$OUT/rpiboot" --exec ./nosuch
is '--exec: no such program' "$status $(printf %s "$err" | grep -c '^--exec ./nosuch: No such file')" '255 1'
run "$OUT/rpiboot" --exec README.md
is '--exec: not in the search path' "$status" 255
run "$OUT/rpiboot" --exec ./README.md
is '--exec: not executable' "$status $(printf %s "$err" | grep -c '^--exec ./README.md: Permission denied')" '255 1'
run "$OUT/rpiboot" -d "$T" --metrics "$T/no/such"
is '--metrics: a directory that is not there' "$(printf %s "$err" | grep -c "^Warning: $T/no/such: No such file")" 1

if ! [ -x "$vb" ]; then
	skip_all 'records of boards' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi
tests/virtual/mkfolder.sh gadget "$T/boot"
ln -s ../boot/config.txt "$T/boot/link.txt"
mkdir "$T/boot/empty"
hash=$(cd "$T/boot" && find -L . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum)
hash=${hash%% *}
run "$vb" --quiet --limit 600 --folder "$T/boot" "$boards/cm4-gadget.board;path 1-1.2" \
	"$boards/cm4-gadget.board;path 1-1.3;serial 10000000abcdef99;status 5" -- \
	"$OUT/rpiboot" --json -n 2 -d "$T/boot" --names "$T/names" --metrics "$T/rpiboot.prom" --exec env
printf '%s\n' "$out" >"$T/events"
printf '%s\n' "$err" >"$T/text"
is 'start: host, directory, its hash' "$(jq -r 'select(.event == "start") | .host, .folder, .folder_sha256' "$T/events")" "$(uname -n)
$T/boot
$hash"
is 'result: the same, and the time of day' "$(jq -r 'select(.event == "result") | "\(.host) \(.folder) \(.folder_sha256) \(.at | length)"' "$T/events" | sort -u)" "$(uname -n) $T/boot $hash 27"
is 'the release is in the version line' "$(jq -r 'select(.event == "start") | (.release | split(" ")) as $r | .version | (contains($r[0]) and contains($r[1]))' "$T/events")" true
is 'names in the events' "$(jq -r 'select(.event == "result") | "\(.path) \(.place)"' "$T/events" | sort)" '1-1.2 rack 1, socket 3
1-1.3 "left"'
ok 'names in the lines' grep -q '^\[1-1\.2 rack 1, socket 3\] Second stage boot server done' "$T/text"
ok 'names in the table' grep -q '^ *rack 1, socket 3$' "$T/text"
ok 'names for --exec' grep -q '^RPIBOOT_PLACE=rack 1, socket 3$' "$T/text"
failed=$(jq -r 'select(.event == "result" and .success == false) | .code' "$T/events")
is 'counts: results' "$(grep '^rpiboot_boards_total' "$T/rpiboot.prom")" "rpiboot_boards_total{folder=\"$T/boot\",code=\"ok\"} 1
rpiboot_boards_total{folder=\"$T/boot\",code=\"$failed\"} 1"
is 'counts: nobody is being served at the end' "$(sed -n 's/^rpiboot_busy_sockets{.*} //p' "$T/rpiboot.prom")" 0
is 'counts: bytes' "$(sed -n 's/^rpiboot_sent_bytes_total{.*} //p' "$T/rpiboot.prom")" "$(jq -s 'map(select(.event == "result") | .bytes) | add' "$T/events")"
is 'counts: the directory' "$(grep -c "^rpiboot_info{.*folder_sha256=\"$hash\"} 1" "$T/rpiboot.prom")" 1
is 'the table is in the order of paths, failures last' "$(sed -n 's/^\(1-1\.[0-9]*\) .*/\1/p' "$T/text" | tr '\n' ' ')" '1-1.2 1-1.3 '
if command -v promtool >/dev/null; then
	run promtool check metrics <"$T/rpiboot.prom"
	is 'promtool accepts the counts' "$status$out$err" 0
else
	skip 'promtool accepts the counts' 'promtool is missing (Debian: prometheus)'
fi
tap_end
