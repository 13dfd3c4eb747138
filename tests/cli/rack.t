#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sixteen boards at once through one process: other chips, serials, files of their own, speeds, and three that go wrong.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"

vb=$BUILD/tests/virtual-board boards=$SRC/tests/virtual/boards
if ! [ -x "$vb" ]; then
	skip_all 'a rack of boards' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi

tests/virtual/mkfolder.sh gadget "$T/rack"
tests/virtual/mkfolder.sh gadget-2710 "$T/old"
cp -r "$T/old/2710" "$T/rack/"

# The boards: path, kind, and what is special.
n=0
set --
while read -r kind lines; do
	n=$((n + 1))
	path=1-$((1 + n / 5)).$((1 + n % 5))
	mkdir -p "$T/rack/$path"
	echo "# of $path" >"$T/rack/$path/config.txt"
	set -- "$@" "$boards/$kind.board;path $path;serial 10000000000000$(printf %02d $n);$lines"
done <<'END'
cm4-gadget speed 40000000
cm4-gadget speed 2000000
cm5-gadget think 5
cm5-gadget arrive 300
cm3-gadget jitter 30
zero2w-gadget leave-after 200
cm1-msd back-after 300
cm1-msd speed 3000000
cm4-gadget status-lost
cm5-gadget open-refused-for 500
cm4-gadget same-index-again 1
cm3-gadget arrive 700
cm4-gadget stay-after-done
cm4-gadget fault disconnect at data boot.img offset 100000
cm5-gadget status 5
cm4-gadget never-returns
END

run "$vb" --quiet --limit 600 --report "$T/report" --folder "$T/rack" --overlay "$@" -- \
	"$OUT/rpiboot" -d "$T/rack" -o -n 16 --next-timeout 15
is 'the lowest status of those that occurred' "$status" 2
is 'thirteen boards are done' "$(jq '[.boards[] | select(.done)] | length' "$T/report")" 13
is 'no board has anything to complain of' "$(jq '[.boards[].stale_requests] | add' "$T/report")" 0
is 'each is told by its path' "$(grep -c 'Second stage boot server done' "$T/run.out")" 13
ok 'lines carry the path' grep -qx '\[1-1.2\] Second stage boot server done' "$T/run.out"
ok 'the one that was unplugged' grep -q '^\[1-3.5\] .*boot.img' "$T/run.err"
ok 'the one that refused' grep -q '^\[1-4.1\] .*did not accept the second stage' "$T/run.err"
ok 'the one that stayed away' grep -q '^\[1-4.2\] .*did not come back' "$T/run.err"
tap_end
