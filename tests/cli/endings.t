#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Uses of boot directories that lack what the others have: a board that only reports about itself, and one archive with
# everything inside.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"

vb=$BUILD/tests/virtual-board boards=$SRC/tests/virtual/boards
if ! [ -x "$vb" ]; then
	skip_all 'boards' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi

# serve DIRECTORY BOARD OPTION...
serve() {
	directory=$1 board=$2
	shift 2
	run "$vb" --quiet --limit 600 --folder "$T/$directory" "$board" -- "$OUT/rpiboot" -d "$T/$directory" "$@"
}

# --- reading a board's metadata: a recovery directory without an EEPROM image
tests/virtual/mkfolder.sh recovery "$T/metadata-only"
rm "$T/metadata-only"/pieeprom.*
printf 'chip 2711\nserial 10000000b29d2da0\nget config.txt\nmetadata USER_SERIAL_NUM b29d2da0\nmetadata MAC_ADDR d8:3a:dd:05:ee:78\n' >"$T/reporting.board"
for end in 'done' leave; do
	rm -rf "$T/out"
	serve metadata-only "$T/reporting.board;$end" -j "$T/out"
	is "metadata only, $end: status" "$status" 0
	is "metadata only, $end: a warning" "$(printf '%s\n' "$err" | grep -c 'pieeprom.bin: not there: nothing is written, the board only reports its metadata')" 1
	is "metadata only, $end: the file" "$(jq -r '"\(.USER_SERIAL_NUM) \(.MAC_ADDR)"' "$T/out/b29d2da0.json")" 'b29d2da0 d8:3a:dd:05:ee:78'
done
serve metadata-only "$T/reporting.board;get pieeprom.upd absent;size pieeprom.bin absent;done"
is 'metadata only, it looks for the image: status' "$status" 0

# --- bootfiles.bin alone: second stages, config.txt and boot.img are inside
tests/virtual/mkfolder.sh gadget "$T/parts"
mkdir "$T/alone" "$T/tree"
tar -xf "$T/parts/bootfiles.bin" -C "$T/tree"
for chip in 2711 2712; do cp "$T/parts/config.txt" "$T/parts/boot.img" "$T/tree/$chip"; done
(cd "$T/tree" && tar -cf "$T/alone/bootfiles.bin" --format=ustar -- *)
for kind in cm4 cm5; do
	run "$vb" --quiet --limit 600 --folder "$T/parts" "$boards/$kind-gadget.board" -- "$OUT/rpiboot" -d "$T/alone"
	is "bootfiles.bin alone, $kind: status, nothing to complain of" "$status $err" '0 '
	ok "bootfiles.bin alone, $kind: boot.img comes from it" grep -q '^File read: boot.img$' "$T/run.out"
done
tap_end
