#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The static programs for Linux: one file, no interpreter, small, and each starts. `make check-static` builds them.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

# elf FILE OFFSET COUNT: bytes in hexadecimal
elf() { od -An -v -tx1 -j "$2" -N "$3" "$1" | tr -d ' \n'; }

mkdir "$T/recovery"
yes recovery | head -c 90000 >"$T/recovery/bootcode4.bin"
printf 'erase_eeprom\0' >>"$T/recovery/bootcode4.bin"
echo 'uart_2ndstage=1' >"$T/recovery/config.txt"
{ printf '\125\252\360\017' && head -c 524284 /dev/zero; } >"$T/recovery/pieeprom.bin"
printf '%s\nts: 1700000000\n' "$(sha256sum "$T/recovery/pieeprom.bin" | cut -c1-64)" >"$T/recovery/pieeprom.sig"

# try HOST MACHINE EMULATOR: MACHINE is e_machine of the ELF header (3e00 x86-64, b700 AArch64, 2800 ARM)
try() {
	program=$SRC/build/static/$1/rpiboot emulator=''
	if ! [ -x "$program" ]; then
		skip "$1" 'it is not built (make static)'
		return
	fi
	is "$1: for that processor" "$(elf "$program" 18 2)" "$2"
	is "$1: no interpreter, no shared library" \
		"$(readelf -lW "$program" | grep -c -e INTERP -e 'Requesting program interpreter')$(readelf -dW "$program" | grep -c NEEDED)" 00
	ok "$1: under 500 KB" test "$(wc -c <"$program")" -lt 500000
	is "$1: no path of the build" "$(grep -c -a -F "$SRC" "$program")" 0
	if [ "$(uname -m)" != "${1%%-*}" ]; then
		emulator=$3
		if ! command -v "$emulator" >/dev/null; then
			skip "$1 starts" "no $emulator (Debian: qemu-user-static)"
			return
		fi
	fi
	run $emulator "$program" --version
	is "$1: --version" "$status $(printf '%s\n' "$out" | sed 's/^RPIBOOT: build-date [0-9/]* pkg-version \([^ ]*\) .*/\1/')" \
		"0 $(cut -d ' ' -f 1 "$SRC/VERSION")"
	run $emulator "$program" --help
	is "$1: --help, with --flash" "$status $(printf '%s\n' "$out" | grep -c -e '^Usage: rpiboot' -e '^ *--flash')" '0 2'
	run $emulator "$program" --check --chip 2711 -d "$T/recovery"
	is "$1: a fit directory" "$status" 0
	run $emulator "$program" --check --chip 2711 -d "$T/none"
	is "$1: none" "$status" 1
}
try x86_64-linux-musl 3e00 qemu-x86_64-static
try aarch64-linux-musl b700 qemu-aarch64-static
try arm-linux-musleabihf 2800 qemu-arm-static
tap_end
