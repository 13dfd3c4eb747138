#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a boot costs, against the virtual board through the real libusb: medians of $RUNS runs (default 5), rpiboot beside a
# plain host that sends 16 KiB pieces one after the other (tests/virtual/client.c). The mock itself costs 0.33 to 0.40 ms
# for each transfer, which is in all figures.
set -eu
cd "$(dirname "$0")/../.."
: "${OUT:=$PWD}" "${BUILD:=$PWD/build}" "${RUNS:=5}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
boards=tests/virtual/boards
vb=$BUILD/tests/virtual-board measure=$BUILD/tests/measure

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# runs FOLDER "BOARD;LINES" COMMAND...: leaves a line "seconds waited urbs largest cpu kib" of medians in $result
runs() {
	folder=$1 board=$2
	shift 2
	: >"$work/all"
	for _ in $(seq "$RUNS"); do
		"$vb" --quiet --limit 120 --report "$work/report" --folder "$folder" "$board" -- \
			"$measure" "$work/cost" "$@" >/dev/null 2>&1 || { echo "bench: $* did not succeed" >&2; exit 1; }
		jq -r '.boards[0] | "\(.seconds.total) \(.seconds.waited) \(.bulk.urbs) \(.bulk.max)"' "$work/report" |
			tr '\n' ' ' >>"$work/all"
		cat "$work/cost" >>"$work/all"
	done
	result=$(for i in 1 2 3 4 5 6; do cut -d ' ' -f $i "$work/all" | median; done | tr '\n' ' ')
}

# row NAME
row() {
	# shellcheck disable=SC2086 # words
	printf '%-34s %8.3f %8.3f %7d %9d %8.3f %8d\n' "$1" $result
}

tests/virtual/mkfolder.sh gadget "$work/small"
tests/virtual/mkfolder.sh gadget "$work/large" 33554432
tests/virtual/mkfolder.sh recovery "$work/recovery"
for folder in small large; do # for the plain host, which reads no archives
	cp -r "$work/$folder" "$work/$folder-unpacked"
	tar -C "$work/$folder-unpacked" -xf "$work/$folder/bootfiles.bin"
	rm "$work/$folder-unpacked/bootfiles.bin"
done

echo "Boots of one board, medians of $RUNS runs"
printf '%-34s %8s %8s %7s %9s %8s %8s\n' '' 'total s' 'waited s' 'URBs' 'largest' 'CPU s' 'peak KiB'
runs "$work/small" $boards/cm4-gadget.board "$OUT/rpiboot" -d "$work/small"
row 'CM4 gadget, rpiboot'
runs "$work/small" $boards/cm4-gadget.board "$BUILD/tests/virtual-client" "$work/small-unpacked"
row '  the plain host'
runs "$work/recovery" $boards/cm4-recovery.board "$OUT/rpiboot" -d "$work/recovery"
row 'CM4 recovery, rpiboot'
runs "$work/large" $boards/cm4-gadget.board "$OUT/rpiboot" -d "$work/large"
row '32 MiB boot.img, rpiboot'
timing='speed 40000000;urb-time 125'
runs "$work/large" "$boards/cm4-gadget.board;$timing" "$OUT/rpiboot" -d "$work/large"
row '32 MiB at 40 MB/s, rpiboot'
ours=${result%% *}
runs "$work/large" "$boards/cm4-gadget.board;$timing" "$BUILD/tests/virtual-client" "$work/large-unpacked"
row '  the plain host'
echo "ratio: $(echo "$ours ${result%% *}" | awk '{ printf "%.2f", $1 / $2 }') of the plain host's time (wire alone: 0.84 s)"

"$measure" "$work/one" "$OUT/rpiboot" -d "$work/small" -t 1 >/dev/null 2>&1 || :
"$measure" "$work/six" "$OUT/rpiboot" -d "$work/small" -t 6 >/dev/null 2>&1 || :
cat "$work/one" "$work/six" |
	awk 'NR == 1 { a = $3 } NR == 2 { printf "Waiting for a board: %.1f wake-ups a second\n", ($3 - a) / 5 }'

# rack LINES: 1, 4 and 16 boards at once, with more lines for their descriptions
rack() {
	printf '%-34s %8s %8s %8s\n' "$2" 'wall s' 'CPU s' 'peak KiB'
	for n in 1 4 16; do
		set -- "$1"
		for i in $(seq "$n"); do
			set -- "$@" "$boards/cm4-gadget.board;path 1-1.$i;serial 1000000000000$(printf %03d "$i");$1"
		done
		lines=$1
		shift
		: >"$work/all"
		for _ in $(seq "$RUNS"); do
			"$vb" --quiet --limit 120 --report "$work/report" --folder "$work/small" "$@" -- \
				"$measure" "$work/cost" "$OUT/rpiboot" -d "$work/small" -n "$n" >/dev/null 2>&1 ||
				{ echo "bench: $n boards did not succeed" >&2; exit 1; }
			jq -r '[.boards[].seconds.total] | max' "$work/report" | tr '\n' ' ' >>"$work/all"
			cat "$work/cost" >>"$work/all"
		done
		result=$(for i in 1 2 3; do cut -d ' ' -f $i "$work/all" | median; done | tr '\n' ' ')
		# shellcheck disable=SC2086 # words
		printf '%-34s %8.3f %8.3f %8d\n' "$n" $result
		set -- "$lines"
	done
}

echo
echo "Several boards at once, small folder, medians of $RUNS runs"
rack 'think 1' 'the mock is the limit'
rack 'think 80' 'boards that take 80 ms a request'
