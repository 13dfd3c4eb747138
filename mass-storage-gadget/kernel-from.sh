# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # cache and stage are of lib.sh
# Another kernel in place of ours, for `build --kernel-from`: from a boot partition's directory or from a boot.img. Uses
# lib.sh; leaves in $kernel a directory with Image, release, dtb/, modules/*.ko*, and overlays/ if the device trees have
# the names that the firmware asks for. Files that were found are data here; nothing of them is run.

# sniff FILE OFFSET BYTES: prints these bytes in hexadecimal
sniff() {
	od -An -v -tx1 -j "$2" -N "$3" "$1" 2>/dev/null | tr -d ' \n'
}

# decompressed FILE: prints its contents, whatever packed it
decompressed() {
	case $(sniff "$1" 0 6) in
	1f8b*) gzip -dc "$1" ;;
	28b52ffd*) zstd -dcq "$1" ;;
	fd377a585a00) xz -dc "$1" ;;
	*) cat "$1" ;;
	esac
}

# open_image FILE DIRECTORY: copies the files of a boot image, with or without partition table
open_image() {
	[ "$(sniff "$1" 510 2)" = 55aa ] || die "$1 is neither a directory nor a boot image"
	start=0
	# a FAT volume names its type in one of two places of its first sector
	case $(sniff "$1" 54 3)$(sniff "$1" 82 3) in
	464154* | *464154) ;;
	*) start=$(od -An -tu4 --endian=little -j 454 -N 4 "$1" | tr -d ' ') ;;
	esac
	mcopy -s -n -m -i "$1@@$((start * 512))" '::*' "$2/" >"$cache/mcopy.log" 2>&1 ||
		die "$1 cannot be read: $(tail -n 1 "$cache/mcopy.log")"
}

# setting NAME: the last value of NAME in the config.txt that came with the kernel
setting() {
	[ ! -f "$from/config.txt" ] || tr -d '\r' <"$from/config.txt" | sed -n "s/^$1[= ]\\([^ ]*\\).*/\\1/p" | tail -n 1
}

# find_kernel: $work/Image and $release
find_kernel() {
	for name in kernel8.img "$(setting kernel)" vmlinuz Image vmlinuz-* kernel_2712.img; do
		for file in "$from"/$name; do
			[ -f "$file" ] || continue
			decompressed "$file" >"$work/Image"
			# the magic number of an arm64 Image
			[ "$(sniff "$work/Image" 56 4)" = 41524d64 ] || continue
			release=$(grep -aom1 'Linux version [^ ]*' "$work/Image" | head -n 1)
			release=${release#Linux version }
			[ -n "$release" ] || continue
			echo "$release" >"$work/release"
			return
		done
	done
	die "$from_name has no arm64 kernel (looked for kernel8.img, vmlinuz*, Image, and what its config.txt names)"
}

# take_modules DIRECTORY: the modules below it, for this kernel
take_modules() {
	for place in "$1" "$1/$release" "$1/lib/modules/$release" "$1/usr/lib/modules/$release"; do
		[ -d "$place/kernel" ] || [ -f "$place/modules.dep" ] || continue
		[ "${place##*/}" = "$release" ] || continue
		# all at once: a process for each of thousands takes minutes
		find "$place/" -type f -name '*.ko*' -print0 | tar -cPf - --null -T - --transform='s,.*/,,' | tar -xf - -C "$work/modules"
		for list in "$place"/modules.builtin "$place"/modules.builtin.modinfo; do
			[ ! -f "$list" ] || cp "$list" "$work/"
		done
		return 0
	done
	return 1
}

# find_modules: from --modules-from, beside the kernel, or in an initramfs beside it
find_modules() {
	mkdir "$work/modules"
	if [ -n "$modules_from" ]; then
		take_modules "$modules_from" || die "$modules_from has no modules of kernel $release"
		return
	fi
	! take_modules "$from" || return 0
	for file in "$from/$(setting initramfs)" "$from"/initramfs* "$from"/initrd* "$from"/*.cpio*; do
		[ -f "$file" ] || continue
		rm -rf "$stage/initramfs"
		mkdir "$stage/initramfs"
		decompressed "$file" | (cd "$stage/initramfs" &&
			cpio --quiet -idm --no-absolute-filenames 'lib/modules/*' 'usr/lib/modules/*') 2>"$cache/cpio.log" || :
		! take_modules "$stage/initramfs" || return 0
	done
}

# find_trees: the device trees, under the kernel's own names or those that the firmware asks for. The latter are complete:
# Raspberry Pi's own, or a gadget's.
find_trees() {
	for directory in "$from" "$from/broadcom" "$from/dtb" "$from/dtb/broadcom" "$from/dtbs/$release/broadcom"; do
		ls "$directory"/bcm271*-rpi-*.dtb >/dev/null 2>&1 || continue
		mkdir "$work/dtb"
		cp "$directory"/bcm*.dtb "$work/dtb/"
		for tree in "$directory"/bcm2710-rpi-*.dtb "$directory/bcm2711-rpi-cm4.dtb" "$directory/bcm2712-rpi-500.dtb"; do
			[ ! -f "$tree" ] || mkdir -p "$work/overlays"
		done
		[ -d "$work/overlays" ] || return 0
		for overlay in dwc2.dtbo overlay_map.dtb bcm2712d0.dtbo; do
			[ ! -f "$directory/overlays/$overlay" ] || cp "$directory/overlays/$overlay" "$work/overlays/"
		done
		return
	done
	die "$from_name has no device trees of Raspberry Pis (bcm271*-rpi-*.dtb)"
}

# check_modules NAME...: what a gadget cannot be without is a module or built in, as far as the kernel says
check_modules() {
	[ -f "$kernel/modules.builtin" ] || return 0
	for module; do
		pattern=$(echo "$module" | sed 's/[-_]/[-_]/g')
		! grep -q "/$pattern\.ko" "$kernel/modules.builtin" || continue
		[ -n "$(find "$kernel/modules" -name "$pattern.ko*")" ] ||
			die "kernel $release has no $module: give --modules-from DIRECTORY (its lib/modules)"
	done
}

# foreign_kernel SOURCE
foreign_kernel() {
	need xz xz-utils
	from=$1 from_name=$1
	if [ ! -d "$from" ]; then
		[ -f "$from" ] || die "$from is neither a directory nor a boot image"
		from=$stage/from
		mkdir "$from"
		open_image "$from_name" "$from"
	fi
	work=$stage/foreign
	mkdir "$work"
	find_kernel
	find_modules
	find_trees
	kernel=$work
	check_modules dwc2 libcomposite usb_f_mass_storage
	echo "kernel $release from $from_name, $(find "$work/modules" -type f | wc -l) modules" >&2
}

# has_trees CHIP: there are trees from which add_chip or add_finished_chip can make this chip's
has_trees() {
	case $1 in
	2710) ls "$kernel"/dtb/bcm2710-rpi-*.dtb "$kernel"/dtb/bcm2837-rpi-zero-2-w.dtb ;;
	*) ls "$kernel/dtb/bcm$1"-rpi-*.dtb ;;
	esac 2>/dev/null | grep -q .
}

# add_finished_chip CHIP: the trees as they are, with the overlays that the firmware looks for
add_finished_chip() {
	chip_files=$stage/chip/$1
	mkdir -p "$chip_files"
	add_firmware "$1"
	cp "$kernel/dtb/bcm$1"-rpi-*.dtb "$chip_files/"
	for overlay in "$kernel"/overlays/*; do
		case $1:$overlay in
		271[01]:*/bcm2712d0.dtbo | *"/*") continue ;;
		esac
		mkdir -p "$chip_files/overlays"
		cp "$overlay" "$chip_files/overlays/"
	done
}
