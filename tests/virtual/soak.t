#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two hundred boards, one after another, through one rpiboot with the real libusb on the mocked usbfs: open files and memory
# in the pause before the last board are what they were in the pause after the first twenty. BOARDS= for another number, GAP=
# milliseconds between two: on a machine so slow that boards pile up, umockdev's table of open files overflows.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"
boards=${BOARDS:-200} gap=${GAP:-800}
vb=$BUILD/tests/virtual-board
if ! [ -x "$vb" ]; then
	skip_all 'boards one after another' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi
tests/virtual/mkfolder.sh gadget "$T/gadget" 20000

# One port each, as a port that was served is not served again at once; the disks they become stay plugged in.
# The two pauses are long enough for a slow machine to catch up.
first=$((boards / 10)) last=$((boards - 1)) pause=20
set --
i=0
while [ $i -lt "$boards" ]; do
	arrive=$((i * gap))
	[ $i -lt $first ] || arrive=$((arrive + pause * 1000))
	[ $i -lt $last ] || arrive=$((arrive + pause * 1000))
	set -- "$@" "$SRC/tests/virtual/boards/cm4-gadget.board;path $((i / 64 + 1))-1.$((i / 8 % 8 + 1)).$((i % 8 + 1));serial $(printf %016x $((i + 1)));arrive $arrive"
	i=$((i + 1))
done

# shellcheck disable=SC2016 # the inner shell expands these
"$vb" --quiet --limit $((boards * 2 * gap / 1000 + 120)) --report "$T/report" --folder "$T/gadget" "$@" -- \
	sh -c 'echo $$ >"$0/pid"; exec "$1" -d "$0/gadget" -n "$2" >"$0/out"' "$T" "$OUT/rpiboot" "$boards" &
job=$!

# "DONE FDS KIB" now and then, as long as it runs: the boards served, its open files, its memory.
while kill -0 $job 2>/dev/null; do
	pid=$(cat "$T/pid" 2>/dev/null) || { sleep 0.1; continue; }
	fds=$(find "/proc/$pid/fd" 2>/dev/null | wc -l)
	kib=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status" 2>/dev/null)
	[ -z "$kib" ] || echo "$(grep -c 'server done' "$T/out") $fds $kib"
	sleep 0.05
done >"$T/samples"
wait $job
is 'status' "$?" 0
is 'every board is done' "$(jq '[.boards[] | select(.done)] | length' "$T/report")" "$boards"
is 'no board has anything to complain of' "$(jq '[.boards[].violations[]?] | length' "$T/report")" 0

# The least of a column while $2 boards were served.
least() {
	awk -v column="$1" -v done="$2" '$1 == done && (!seen || $column < least) { least = $column; seen = 1 } END { print least + 0 }' \
		"$T/samples"
}
echo "# open files: $(least 2 $first), then $(least 2 $last); memory: $(least 3 $first) KiB, then $(least 3 $last) KiB"
ok 'both pauses were seen' [ $(($(least 2 $first) * $(least 2 $last))) -gt 0 ]
is 'open files' "$(least 2 $last)" "$(least 2 $first)"
ok 'memory' [ "$(least 3 $last)" -le $(($(least 3 $first) + 512)) ]
tap_end
