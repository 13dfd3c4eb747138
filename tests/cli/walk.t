#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every boot folder, from fetching its firmware to the served bytes and what the board reports: an installed tree is
# filled out of stand-ins by rpi-fetch-firmware with the real table's places, images are made and signed by the tools,
# and a virtual board of the folder's kind is served from it.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/cli/tree.sh
. tests/cli/tree.sh
vb=$BUILD/tests/virtual-board boards=$SRC/tests/virtual/boards
give_up() {
	skip_all 'the walk' "$1"
}
[ -x "$vb" ] || give_up 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
tree_missing=$(filled_tree_needs)
[ -z "$tree_missing" ] || give_up "$tree_missing"
export SOURCE_DATE_EPOCH=1793491200
unset SIGN_FIRMWARE

# --- an installed tree, its firmware
filled_tree "$T/usr" || exit 1
data=$T/usr/share/rpiboot tools=$T/usr/share/rpiboot/tools
mkdir "$T/metadata"
is 'fetch: status' "$status $err" '0 '
run "$tools/rpi-fetch-firmware" --verify
is 'verify: status' "$status" 0

at=$T judge='' warnings='^$' # WARNINGS: what a run is expected to warn of; where the program runs; what the board compares with, if it is not the folder
# walked FOLDER: remembers it
walked() { echo "$1" >>"$T/walked"; }

# fit FOLDER CHIP...
fit() {
	folder=$1
	shift
	for chip; do
		run sh -c 'cd "$1" && shift && "$@"' - "$at" "$T/usr/bin/rpiboot" --check --chip "$chip" -d "$data/$folder"
		is "$folder is fit for $chip" "$status $(printf '%s\n' "$out" | grep '^error')" '0 '
	done
}

# serve FOLDER BOARD: a board of that description is served, and content; its metadata is in $T/metadata
serve() {
	walked "$1"
	board=$2
	[ -f "$board" ] || board=$boards/$2.board
	run "$vb" --quiet --limit 600 --folder "${judge:-$data/$1}" --chdir "$at" "$board" -- "$T/usr/bin/rpiboot" -d "$data/$1" -j "$T/metadata"
	is "$1: $(basename "$2" .board) is served" "$status $(printf '%s\n' "$err" | grep -v -e "$warnings")" '0 '
	rm -f "$T/reported"
	for file in "$T"/metadata/*.json; do
		[ ! -f "$file" ] || mv "$file" "$T/reported"
	done
}

# reports KEY VALUE
reports() {
	ok "it reports $1" grep -q "\"$1\": \"$2\"" "$T/reported"
}

# --- folders with a boot.img
cp "$T/usr/boot.img" "$data/rpi-imager-embedded"
cp "$T/usr/boot.img" "$data/secure-boot-example"
run "$tools/rpi-make-boot-image" -d "$T/usr/fat" -o "$data/bootfiles/boot.img"
is 'bootfiles: boot.img is made' "$status" 0
for folder in mass-storage-gadget mass-storage-gadget64 rpi-imager-embedded bootfiles; do
	fit "$folder" 2711 2712
	serve "$folder" cm4-gadget
	serve "$folder" cm5-gadget
done
serve mass-storage-gadget cm3-gadget
serve mass-storage-gadget zero2w-gadget

"$sample" key >"$T/key.pem"
openssl rsa -in "$T/key.pem" -pubout -out "$T/public.pem" 2>/dev/null
hash=$("$tools/rpi-bootloader-key-convert" --hash "$T/public.pem")
run "$data/secure-boot-example/sign.sh" "$T/key.pem"
is 'secure-boot-example: signed' "$status $err" '0 '
fit secure-boot-example 2711 2712
serve secure-boot-example cm4-gadget
ok 'boot.sig was sent' grep -q '^File read: boot.sig$' "$T/run.out"
serve secure-boot-example cm5-gadget
ok 'boot.sig was sent' grep -q '^File read: boot.sig$' "$T/run.out"
run "$tools/rpi-sign-boot-folder" -d "$data/secure-boot-msd" "$T/key.pem"
is 'secure-boot-msd: signed' "$status $err" '0 '
printf '%s\n' 'chip 2711' 'rom_index 3' 'serial 1000000000000001' 'get config.txt' 'get boot.sig' 'get boot.img' 'done' >"$T/cm4-locked.board"
serve secure-boot-msd "$T/cm4-locked.board"
ok 'boot.sig was sent' grep -q '^File read: boot.sig$' "$T/run.out"

# --- the legacy firmware: a BCM2711 gets start.elf under another name, if msd/ is found where the installed folders are
at=$data
fit msd 2763 2764 2711
cp -R "$data/msd" "$T/msd"
cp "$T/msd/start.elf" "$T/msd/start4.elf"
judge=$T/msd
for board in cm1-msd zero-msd cm3-msd cm4-msd; do
	serve msd $board
done
rm -r "$T/msd"
at=$T judge=''

# --- flashing
# flash FOLDER BOARD CHIP [OPTION...]: the image is made in the folder, and flashed
flash() {
	folder=$1 board=$2 chip=$3
	shift 3
	run sh -c 'cd "$1" && shift && ./update-pieeprom.sh "$@"' - "$data/$folder" "$@"
	is "$folder: update-pieeprom.sh${1:+ $1}" "$status $err" '0 '
	fit "$folder" "$chip"
	serve "$folder" "$board"
	ok 'the image was sent' grep -q '^File read: pieeprom.bin$' "$T/run.out"
	reports EEPROM_UPDATE success
	is 'the image has boot.conf' "$("$tools/rpi-eeprom-config" "$data/$folder/pieeprom.bin")" "$(cat "$data/$folder/boot.conf")"
}
# locking BOARD: prints that board's description, with what it reports when it is locked
locking() {
	sed "s/^metadata CUSTOMER_KEY_HASH.*//; s/^done/metadata SECURE_BOOT_PROVISION success\nmetadata CUSTOMER_KEY_HASH $hash\ndone/" "$boards/$1.board"
}
flash recovery cm4-recovery 2711
flash recovery5 cm5-recovery 2712
reports FACTORY_UUID 001000911006186073
locking cm4-recovery >"$T/cm4-lock.board"
locking cm5-recovery >"$T/cm5-lock.board"
for folder in secure-boot-recovery secure-boot-recovery5; do
	echo program_pubkey=1 >>"$data/$folder/config.txt"
done
warnings="^$\|IRREVERSIBLE\|can never be undone: .* the key $hash\|Concerns every BCM271[12] that\|Not intended?"
flash secure-boot-recovery "$T/cm4-lock.board" 2711 -k "$T/key.pem"
reports CUSTOMER_KEY_HASH "$hash"
flash secure-boot-recovery5 "$T/cm5-lock.board" 2712 -f -k "$T/key.pem"
reports SECURE_BOOT_PROVISION success
ok 'the recovery program is plain' cmp "$data/secure-boot-recovery5/bootcode5.bin" "$data/secure-boot-recovery5/recovery.original.bin"
sed -i '/^program_pubkey/d' "$data/secure-boot-recovery5/config.txt"
warnings="^$\|only boards that are locked to the key $hash start it"
flash secure-boot-recovery5 cm5-recovery 2712 -fr -k "$T/key.pem"
run "$tools/rpi-sign-bootcode" -c 2712 --verify "$data/secure-boot-recovery5/bootcode5.bin" -p "$T/public.pem"
is 'the recovery program is counter-signed' "$(printf '%s\n' "$out" | grep -c 'customer key 16.*OK')" 1

# --- erasing
warnings='^$\|erases the boot loader'
for chip in 2711 2712; do
	printf '%s\n' "chip $chip" 'rom_index 3' 'serial 1000000000000001' 'get config.txt' 'metadata EEPROM_ERASE success' 'done' >"$T/erase-$chip.board"
	fit eeprom-erase $chip
	serve eeprom-erase "$T/erase-$chip.board"
	reports EEPROM_ERASE success
done

is 'every boot folder was walked' "$(sort -u "$T/walked" | grep -v gadget64)" "$(for file in */config.txt msd/README.md; do dirname "$file"; done | grep -v gadget64 | sort)"
tap_end
