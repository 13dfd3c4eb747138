# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# An installed tree whose boot folders are filled with stand-ins for firmware, by rpi-fetch-firmware and with the real
# table's places. After tap.sh.
# shellcheck source=tests/cli/inputs.sh
. tests/cli/inputs.sh

# filled_tree_needs: prints what is missing, if anything
filled_tree_needs() {
	PATH=$PATH:/usr/sbin:/sbin
	[ -x "$OUT/tools/rpi-eeprom-config" ] || echo 'the signing tools were not built'
	for program in mkfs.fat mcopy; do
		command -v $program >/dev/null || { echo 'dosfstools or mtools are missing'; break; }
	done
}

# stand_in DIR PATH: what stands for the firmware of that name
stand_in() {
	mkdir -p "$1/up/$(dirname "$2")"
	stand=$1/up/$2
	case $2 in
	*bootfiles.bin) # with a second stage for BCM2712 that is small enough to be signed
		tests/virtual/mkfolder.sh gadget "$1/mk"
		mkdir -p "$1/tar"
		tar -xf "$1/mk/bootfiles.bin" -C "$1/tar"
		truncate -s 100000 "$1/tar/2712/bootcode5.bin"
		tar -C "$1/tar" -cf "$stand" 2711 2712
		;;
	*boot.img) cp "$1/boot.img" "$stand" ;;
	*2711*pieeprom*)
		"$sample" s1 >"$stand"
		printf '\0BUILD_TIMESTAMP=1700000000\0' | dd of="$stand" bs=1 seek=512 conv=notrunc 2>/dev/null
		;;
	*2712*pieeprom*) "$sample" s2m >"$stand" ;;
	*recovery.bin)
		head -c 90000 /dev/urandom >"$stand"
		printf 'erase_eeprom\0' >>"$stand"
		;;
	*) head -c 60000 /dev/urandom >"$stand" ;;
	esac
}

# filled_tree DIR: installs into it and fetches; leaves DIR/boot.img, made of DIR/fat, and $status and $err of the fetch
filled_tree() {
	PREFIX="$1" scripts/install.sh install || return 1
	mkdir "$1/up" "$1/fat"
	echo 'arm_64bit=1' >"$1/fat/config.txt"
	head -c 300000 /dev/urandom >"$1/fat/kernel8.img"
	"$1/share/rpiboot/tools/rpi-make-boot-image" -d "$1/fat" -o "$1/boot.img" >/dev/null || return 1
	while read -r word set source checksum bytes path places; do
		if [ "$word" = file ] && [ "$set" != newer ] && [ "$set" != package ]; then
			[ -f "$1/up/$path" ] || stand_in "$1" "$path"
			checksum=sha256:$(sum "$1/up/$path") bytes=$(wc -c <"$1/up/$path")
			echo "file $set $source $checksum $bytes $path $places"
		elif [ "$word" = repository ]; then
			echo "$word $set $source $checksum"
		fi
	done <tools/firmware.manifest >"$1/manifest"
	run "$1/share/rpiboot/tools/rpi-fetch-firmware" --manifest "$1/manifest" --from "$1/up" --boot-img
}
