#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sizes and times of the mass-storage gadget, beside the variant with Debian's kernel. Times are the guest's clock in
# QEMU without KVM, the best of five: good for comparing, not what a board takes.
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-$PWD/build}
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
# shellcheck source=tests/gadget/guest.sh
. tests/gadget/guest.sh
command -v "$qemu" >/dev/null || { echo "gadget.sh: skipped, no $qemu (apt-get install qemu-system-arm)"; exit; }

# best NAME: the smallest of the numbers in a file
best() { sort -n "$T/$1" | head -n 1; }

# stamp TEXT: when the gadget logged it
stamp() { tr -d '\r' <"$facts" | sed -n "s/^LOG \[ *\([0-9.]*\)\] gadget: $1.*/\1/p" | head -n 1; }

measure() { # VARIANT OPTION...
	variant=$1
	shift
	image=$T/boot.img
	built=0
	mass-storage-gadget/build "$@" -o "$image" >/dev/null || built=$?
	case $built in
	0) ;;
	77) echo "gadget.sh: skipped, see above"; exit ;;
	*) exit $built ;;
	esac
	take_apart
	tests/gadget/pack-guest "$T/guest.zst" "$variant"
	truncate -s 64M "$T/nvme.img"
	rm -f "$T/init" "$T/bound" "$T/usable"
	for round in 1 2 3 4 5; do
		boot "time$round" test=time -drive "if=none,id=n,format=raw,file=$T/nvme.img" -device nvme,drive=n,serial=1 || :
		stamp started >>"$T/init"
		stamp bound >>"$T/bound"
		fact usable >>"$T/usable"
	done
	bytes=$(stat -c %s "$image")
	echo "$variant kernel: boot.img $bytes bytes, kernel $(stat -c %s "$T/image/kernel8.img"), initramfs $(stat -c %s "$T/image/initrd.zst");" \
		"loaded at 30-40 MB/s in $(echo "$bytes" | awk '{ printf "%.2f-%.2f", $1 / 4e7, $1 / 3e7 }') s;" \
		"init after $(best init) s, gadget bound after $(best bound) s, disk usable on the host after $(best usable) s"
}

measure own
measure debian --debian-kernel
mkdir "$T/images"
mass-storage-gadget/build -o "$T/images/boot.img" >/dev/null
for chip in 2710 2711 2712; do
	echo "own kernel, $chip alone: boot.img $(stat -c %s "$T/images/$chip/boot.img") bytes"
done
