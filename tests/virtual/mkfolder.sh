#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# mkfolder.sh KIND DIR [SIZE]: makes a boot folder out of stand-ins for firmware: noise that is the same in every run,
# under the names that boards ask for. SIZE: bytes of the largest file (default 300000).
# KIND: msd | gadget | gadget-2710 | recovery | recovery5
set -eu

usage() {
	echo "usage: mkfolder.sh msd|gadget|gadget-2710|recovery|recovery5 DIR [SIZE]" >&2
	exit 2
}

[ $# -ge 2 ] || usage
kind=$1 dir=$2 size=${3:-300000}
mkdir -p "$dir"

# noise PATH BYTES: a different stream for each name
noise() {
	openssl enc -aes-128-ctr -K "$(printf %s "$kind/${1#"$dir"/}" | openssl dgst -md5 -r | cut -c1-32)" \
		-iv 0 -in /dev/zero 2>/dev/null | head -c "$2" >"$1" || :
}

config() {
	printf '# stand-in for tests\n%s\n' "$1" >"$dir/config.txt"
}

case $kind in
msd)
	noise "$dir/bootcode.bin" 52476
	noise "$dir/bootcode4.bin" 95284
	noise "$dir/start.elf" "$size"
	noise "$dir/start4.elf" "$size"
	;;
gadget)
	mkdir -p "$dir/tmp/2711" "$dir/tmp/2712"
	noise "$dir/tmp/2711/bootcode4.bin" 105984
	noise "$dir/tmp/2712/bootcode5.bin" 123456
	for chip in 2711 2712; do
		noise "$dir/tmp/$chip/bootmain" 40000
		noise "$dir/tmp/$chip/mcb.bin" 9216
	done
	for i in 00 01 02 03 04 05 06 07 08; do
		noise "$dir/tmp/2711/memsys$i.bin" 3072
	done
	for i in 00 01 02 03; do
		noise "$dir/tmp/2712/memsys$i.bin" 4096
	done
	noise "$dir/tmp/2712/rp1c0fw1.bin" 5000
	noise "$dir/tmp/2712/rp1c0fw2.bin" 6000
	(cd "$dir/tmp" && tar --format=ustar --owner=0 --group=0 --mtime=@1700000000 --sort=name \
		-cf ../bootfiles.bin 2711/* 2712/*)
	rm -r "$dir/tmp"
	config 'boot_ramdisk=1'
	noise "$dir/boot.img" "$size"
	;;
gadget-2710)
	mkdir -p "$dir/2710"
	noise "$dir/2710/bootcode.bin" 52624
	noise "$dir/2710/start.elf" 60000
	noise "$dir/2710/fixup.dat" 7000
	config 'boot_ramdisk=1'
	noise "$dir/boot.img" "$size"
	;;
recovery | recovery5)
	second=bootcode4.bin
	[ "$kind" = recovery ] || second=bootcode5.bin
	noise "$dir/$second" 90000
	printf 'erase_eeprom\0' >>"$dir/$second"
	config 'uart_2ndstage=1'
	eeprom=524288
	[ "$kind" = recovery ] || eeprom=2097152
	noise "$dir/pieeprom.bin" "$eeprom"
	printf '%s\nts: 1700000000\n' "$(openssl dgst -sha256 -r "$dir/pieeprom.bin" | cut -c1-64)" >"$dir/pieeprom.sig"
	;;
*)
	usage
	;;
esac
