#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The program flashes virtual boards directly: over libusb, on a mocked usbfs.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

vb=$BUILD/tests/virtual-board board=$SRC/tests/virtual/boards/cm4-gadget.board
if ! [ -x "$vb" ]; then
	skip_all 'flashing virtual boards directly' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi
tests/virtual/mkfolder.sh gadget "$T/gadget"

# An image of 6 MiB: random data behind a partition table, a hole, text, and an odd end.
openssl rand -out "$T/image" 2500000
printf '\125\252' | dd of="$T/image" bs=1 seek=510 conv=notrunc status=none
truncate -s 5M "$T/image"
seq 150000 >>"$T/image"
size=$(wc -c <"$T/image")
disk=33554432

# flash BOARD-SETTINGS OPTION...: leaves $status, $out, $err, and what the disk holds in $T/disk
flash() {
	settings=$1
	shift
	rm -f "$T/disk"
	run "$vb" --quiet --limit 600 --folder "$T/gadget" --save-disk "$T/disk" \
		"$board;path 1-1.3;becomes-flash;disk-size $disk;$settings" -- \
		env TMPDIR="$T" "$OUT/rpiboot" -d "$T/gadget" "$@"
}
holds_image() { cmp -n "$size" "$T/image" "$T/disk"; }
no_table() { [ "$(head -c 1048576 "$T/disk" | tr -d '\0' | wc -c)" -eq 0 ]; }
safe() { no_table || untouched; }
untouched() { [ "$(tr -d '\325' <"$T/disk" | wc -c)" -eq 0 ]; }
told() { printf '%s\n' "$err" | grep -c "$1"; }

flash '' --flash "$T/image"
is 'a board is flashed: status' "$status" 0
ok 'a board is flashed: its disk' holds_image
is 'a board is flashed: what it says' "$(printf '%s\n' "$out" | sed -n 's/ in .*//; /^Flash/p; /^Verif/p; /^Eject/p')" \
	"Flashing mmcblk0 directly, $disk bytes
Verified: $size bytes read from the medium
Ejected, safe to remove"
gzip -1 <"$T/image" >"$T/image.gz"
flash '' --flash "$T/image.gz" --json -q --image-sha256 "$(sha256sum <"$T/image" | cut -d ' ' -f 1)"
is 'as JSON: status' "$status" 0
is 'as JSON: begin' "$(printf '%s\n' "$out" | grep -c '"event":"flash-begin".*"device":"mmcblk0","via":"direct","model":"mmcblk0","size":'$disk',"bytes":'"$size")" 1
is 'as JSON: end' "$(printf '%s\n' "$out" | grep -c '"event":"flash-end".*"via":"direct".*"checked":"medium"')" 1
is 'as JSON: ejected' "$(printf '%s\n' "$out" | grep -c '"event":"ejected"')" 1

# shellcheck disable=SC2016 # the program's own variables
printf '%s\n' '#!/bin/sh' 'echo "$RPIBOOT_DISK $RPIBOOT_FLASH" >"$0.out"' >"$T/look"
chmod +x "$T/look"
flash '' --flash "$T/image" --exec "$T/look"
is 'the program runs: status' "$status" 0
is 'the program runs: it finds the disk and what became of it' "$(cat "$T/look.out")" '/dev/sda verified'
is 'the program runs: the disk is ejected afterwards' "$(printf '%s\n' "$out" | tail -n 2 | grep -c Ejected)" 1
flash 'fault refuse 11 at flash data' --flash "$T/image" --exec "$T/look"
is 'the program runs after a failure, too' "$status $(cat "$T/look.out")" '10  disk-write'

# --- which disk, which way
flash 'disk mmcblk0 33554432;disk nvme0n1 33554432' --flash "$T/image"
is 'several disks: refused' "$status $(told 'mmcblk0 (33554432 bytes), nvme0n1 (33554432 bytes): the board has several disks')" '9 1'
ok 'several disks: untouched' untouched
flash 'disk mmcblk0 33554432;disk nvme0n1 33554432' --flash "$T/image" --target emmc
is 'several disks: chosen' "$status" 0
ok 'several disks: its contents' holds_image
flash 'disk mmcblk0 33554432 read-only' --flash "$T/image"
is 'a disk that is read-only' "$status $(told 'mmcblk0: the disk is write-protected')" '9 1'
flash 'disk mmcblk0 5242880' --flash "$T/image"
is 'a disk that is too small' "$status $(told "mmcblk0 has 5242880 bytes, the image $size: the disk is smaller")" '9 1'
flash 'flash-version 7' --flash "$T/image"
is 'another version of the protocol' "$status $(told 'the board speaks version 7 to 7 .* this rpiboot version 1: update rpiboot, or use --via disk')" '9 1'
ok 'another version of the protocol: untouched' untouched
run "$vb" --quiet --limit 600 --folder "$T/gadget" "$board" -- \
	"$OUT/rpiboot" -d "$T/gadget" --spool "$T" --flash "$T/image" --via direct
is 'a gadget that does not offer it' "$status $(told 'the board does not offer direct flashing')" '9 1'
flash '' --flash "$T/image" --via disk
is 'as a disk: the mocked one is no real disk' "$status $(told '/dev/sda: ')" '9 1'
ok 'as a disk: nothing is sent to the program' untouched

# --- failures
for message in open data hash sync; do
	flash "fault disconnect at flash $message" --flash "$T/image"
	is "gone at $message" "$status" 3
done
flash 'fault wrong at flash data offset 1' --flash "$T/image"
is 'one wrong byte: written once more' "$status $(told 'written once more')" '0 1'
flash 'fault wrong at flash data offset 0;fault wrong at flash data offset 3' --flash "$T/image"
is 'a disk that does not hold it' "$status $(told 'reads back differently at byte 1048576: the disk does not hold')" '10 1'
ok 'a disk that does not hold it: no table' no_table
for message in hole data hash; do
	rm -f "$T/disk"
	run "$vb" --quiet --limit 600 --folder "$T/gadget" --save-disk "$T/disk" --signal "INT@flash:$message" \
		"$board;path 1-1.3;becomes-flash;disk-size $disk;medium-speed 4000000" -- \
		"$OUT/rpiboot" -d "$T/gadget" --spool "$T" --flash "$T/image"
	is "interrupted at $message" "$status" 130
	ok "interrupted at $message: no table, or untouched" safe
done

is 'a board that does not close the disk' "$(
	flash 'fault refuse 11 at flash close' --flash "$T/image"
	printf '%s %s %s' "$status" "$(told 'not ejected: ')" "$(printf '%s\n' "$out" | grep -c Ejected)"
)" '0 1 0'

# A decoder that has given all, and ends only after the board has failed: the summary is the last event all the same.
mkdir "$T/bin"
cat >"$T/bin/gzip" <<EOF
#!/bin/sh
cat >"$T/fed"
cat "$T/image"
exec >&-
until grep -q '"event":"result"' "$T/run.out" || ! kill -0 \$PPID; do sleep 0.05; done
EOF
chmod +x "$T/bin/gzip"
run "$vb" --quiet --limit 600 --folder "$T/gadget" "$board;path 1-1.3;becomes-flash;fault refuse 4 at flash hello" -- \
	env PATH="$T/bin:$PATH" "$OUT/rpiboot" -q --json -d "$T/gadget" --spool "$T" --flash "$T/image.gz"
is 'the board fails before the image is there: status' "$status" 9
is 'the board fails before the image is there: the last event' \
	"$(printf '%s\n' "$out" | sed -n '$s/.*"event":"\([a-z-]*\)".*/\1/p')" summary

# --- the other way round
mkdir "$T/copies"
flash '' --backup "$T/copies"
is 'a backup: status' "$status" 0
is 'a backup: all of the disk' "$(zstd -dc "$T/copies/10000000b29d2da0.img.zst" | sha256sum)" "$(sha256sum <"$T/disk")"
is 'a backup: its SHA-256' "$(cut -d ' ' -f 1 "$T/copies/10000000b29d2da0.img.sha256")" "$(sha256sum <"$T/disk" | cut -d ' ' -f 1)"
ok 'a backup: nothing is written' untouched

# Boards with one serial number are two boards.
mkdir "$T/same"
run "$vb" --quiet --limit 600 --folder "$T/gadget" \
	"$board;becomes-flash;path 1-1.1;disk-size 4194304" "$board;becomes-flash;path 1-1.2;disk-size 5242880" -- \
	"$OUT/rpiboot" -n 2 -d "$T/gadget" --backup "$T/same"
is 'backups of two boards with one serial number: status' "$status" 0
is 'backups of two boards with one serial number: both are there' \
	"$(for file in "$T/same"/*.zst; do zstd -dc "$file" | wc -c; done | sort | tr '\n' ' ')" '4194304 5242880 '

# --- a rack: one fails, the others do not notice
run "$vb" --quiet --limit 600 --folder "$T/gadget" --save-disk "$T/disk" "$board;becomes-flash;path 1-1.1;serial 0000000000000001" \
	"$board;becomes-flash;path 1-1.2;serial 0000000000000002;fault disconnect at flash data offset 1" \
	"$board;becomes-flash;path 1-1.3;serial 0000000000000003" \
	"$board;becomes-flash;path 1-1.4;serial 0000000000000004" -- \
	"$OUT/rpiboot" -n 4 -d "$T/gadget" --spool "$T" --flash "$T/image"
is 'four boards: status of the one' "$status" 3
is 'four boards: three are verified' "$(printf '%s\n' "$out" | grep -c 'read from the medium')" 3
ok 'four boards: the disk of one of them' holds_image
tap_end
