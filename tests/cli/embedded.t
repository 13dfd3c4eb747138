#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# EMBED_MSD=1: a lone program with the legacy mass-storage firmware inside (stand-ins here) serves the boards that it is
# for, and no others.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
vb=$BUILD/tests/virtual-board boards=$SRC/tests/virtual/boards lone=$T/lone
mkdir "$lone" "$T/empty"
cp "$BUILD/tests/rpiboot-embedded" "$lone/rpiboot"

run make -s EMBED_MSD=1 MSD_DIR="$T/empty" BUILD="$T/build" "$T/build/embedded.c"
is 'nothing to embed: an error that says what to do' "$((status > 0)) $(printf '%s\n' "$err" | grep -c 'bootcode.bin not found: bring it')" '1 1'
ok 'nothing half-written' test ! -e "$T/build/embedded.c"
run make -s EMBED_MSD=1 MSD_DIR="$BUILD/tests/msd" BUILD="$T/build" "$T/build/embedded.c"
is 'EMBED_MSD=1 embeds the files of MSD_DIR' "$status $(cmp "$T/build/embedded.c" "$BUILD/tests/embedded.c" && echo same)" '0 same'
run make -s EMBED_MSD=0 MSD_DIR="$BUILD/tests/msd" BUILD="$T/build" "$T/build/embedded.c"
is 'EMBED_MSD=0 does not' "$status $(grep -c start.elf "$T/build/embedded.c")" '0 0'
run make -s MSD_DIR="$BUILD/tests/msd" BUILD="$T/build" "$T/build/embedded.c"
is 'without EMBED_MSD nothing is embedded, whatever lies in msd/' "$status $(grep -c start.elf "$T/build/embedded.c")" '0 0'

if [ -e /usr/share/rpiboot/msd ] || [ -e /usr/share/rpiboot/mass-storage-gadget64 ]; then
	skip_all 'a lone program' 'rpiboot is installed here, its folders come first'
fi
run sh -c 'cd "$1" && "$1/rpiboot" --check' - "$lone"
is '--check knows it: status, chips that it is for' "$status $(printf '%s\n' "$out" | grep -c -E '^BCM(2835|2837|2711) +fit')" '0 3'
run sh -c 'cd "$1" && "$1/rpiboot" --check --chip 2712' - "$lone"
is '--check: nothing for BCM2712' "$status" 1

if ! [ -x "$vb" ]; then
	skip_all 'virtual boards' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi
# boot BOARD [OPTION...]: $status and $out; the judge compares what comes with the stand-ins
boot() {
	board=$1
	shift
	run "$vb" --quiet --limit 600 --folder "$BUILD/tests/msd" --chdir "$lone" "$boards/$board" -- "$lone/rpiboot" "$@"
}
told() { printf '%s\n' "$out" | grep '^Loading' | tr '\n' ' '; }
for board in cm1-msd zero-msd cm3-msd; do
	boot $board.board
	is "$board: status, what is told" "$status $(told)" '0 Loading embedded: bootcode.bin Loading embedded: start.elf '
done
boot cm4-msd.board
is 'cm4-msd: status, what is told' "$status $(told)" '0 Loading embedded: bootcode4.bin Loading embedded: start4.elf '
mkdir "$lone/msd"
cp "$BUILD/tests/msd/start.elf" "$lone/msd"
boot cm1-msd.board
is 'a file in msd/ comes first' "$status $(told)" "0 Loading embedded: bootcode.bin Loading: $lone/msd/start.elf "
boot cm1-msd.board --json -q
is 'JSON: the source, no path' "$status $(printf '%s\n' "$out" | grep '"event":"source"' | grep -c '"name":"bootcode.bin","source":"embedded","size":52001')" '0 1'
run "$vb" --quiet --limit 600 --chdir "$lone" "$boards/cm5-gadget.board" -- "$lone/rpiboot"
is 'a BCM2712 gets nothing: status' "$status" 1
tap_end
