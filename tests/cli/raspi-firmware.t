#!/bin/sh
# Real input: a virtual Compute Module 3 gets the bootcode.bin, start.elf and fixup.dat of Debian's raspi-firmware, and
# checks every byte.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status and err
set -u
. "$(dirname "$0")/../tap.sh"

vb=$BUILD/tests/virtual-board
if ! [ -x "$vb" ]; then
	skip_all 'real firmware' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi
run tests/debian-package bookworm non-free-firmware raspi-firmware
if [ "$status" -eq 77 ]; then
	skip_all 'real firmware' "raspi-firmware cannot be had: $err"
fi
is 'raspi-firmware is unpacked' "$status $err" '0 '

firmware=$out/usr/lib/raspi-firmware
mkdir "$T/boot"
cp "$firmware/bootcode.bin" "$firmware/start.elf" "$firmware/fixup.dat" "$T/boot/"
echo 'uart_2ndstage=1' >"$T/boot/config.txt"
sum() { sha256sum "$T/boot/$1" | cut -d ' ' -f 1; }
printf '%s\n' 'chip 2764' 'interfaces 2' 'rom_index 0' "secondstage $(sum bootcode.bin)" 'get config.txt' \
	"size start.elf" "read start.elf sha256 $(sum start.elf)" "size fixup.dat" "read fixup.dat sha256 $(sum fixup.dat)" 'done' >"$T/cm3.board"
run "$vb" --quiet --limit 600 --folder "$T/boot" "$T/cm3.board" -- "$OUT/rpiboot" -d "$T/boot"
is 'every byte arrives at the board' "$status $err" '0 '
bytes=$(cat "$T/boot/start.elf" "$T/boot/fixup.dat" "$T/boot/config.txt" | wc -c)
ok 'and is counted' grep -q "Served 3 files, $bytes bytes" "$T/run.out"

echo x >>"$T/boot/fixup.dat"
run "$vb" --quiet --limit 600 "$T/cm3.board" -- "$OUT/rpiboot" -d "$T/boot"
is 'the board would notice one byte more' "$status" 99
tap_end
