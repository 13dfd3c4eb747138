#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The shipped program flashes the gadget directly, from .xz onto NVMe and SD; what is on the disks is compared outside of QEMU. Both
# run on one arm64 kernel, with a loop-back USB controller between them: Debian's, as our own has no netlink sockets, by
# which rpiboot is informed of devices. The initramfs is the one that images with our kernel have.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/gadget/guest.sh
. tests/gadget/guest.sh
program=build/static/aarch64-linux-musl/rpiboot

why=$(why_not)
[ -x "$program" ] || why=${why:-"no static program for arm64 (make static-aarch64-linux-musl)"}
command -v xz >/dev/null || why=${why:-"xz is not installed (Debian: xz-utils)"}
if [ -z "$why" ]; then
	mass-storage-gadget/build --debian-kernel --chip 2711 -o "$T/debian.img" >"$T/build.log" 2>&1 ||
		why="an image with Debian's kernel cannot be built: $(tail -n 1 "$T/build.log")"
fi
if [ "$why" ]; then
	skip_all "the shipped program and the gadget in QEMU" "$why"
fi
mcopy -n -i "$image" ::initrd.zst "$T/own.zst"
image=$T/debian.img
take_apart
tests/gadget/pack-guest "$T/guest.zst" debian || exit 1
# member INITRAMFS NAME
member() { zstd -dcq "$1" | cpio -i --quiet --to-stdout "$2" | sha256sum; }
for name in init bin/flashd; do
	is "its $name is the one of images with our kernel" "$(member "$T/image/initrd.zst" $name)" "$(member "$T/own.zst" $name)"
done

# An image with a partition table: text, a hole, what cannot be packed, an end inside a sector
size=25000001
openssl rand -base64 9000000 | head -c 9000000 >"$T/os.img"
truncate -s 19M "$T/os.img"
openssl rand 6000000 >>"$T/os.img"
truncate -s $size "$T/os.img"
printf '\125\252' | dd of="$T/os.img" bs=1 seek=510 conv=notrunc status=none

# Into the guest: rpiboot, the image, and for xz busybox, which does not know rpiboot's options for it
extra=$T/extra
mkdir -p "$extra/bin"
tests/virtual/mkfolder.sh gadget "$extra/boot"
xz -1 -c "$T/os.img" >"$extra/os.img.xz"
cp "$program" "$extra/bin/rpiboot"
printf '%s\n' '#!/bin/sh' 'exec /bin/busybox unxz -c' >"$extra/bin/xz"
chmod +x "$extra/bin/xz"
(cd "$extra" && find . | cpio --quiet -o -H newc -R 0:0) | zstd -q -1 >>"$T/guest.zst"

head -c 67108864 /dev/urandom >"$T/nvme.img" # holes must be made
head -c 33554432 /dev/urandom >"$T/sd.img"
cp "$T/nvme.img" "$T/nvme.before"
cp "$T/sd.img" "$T/sd.before"
boot rpiboot test=rpiboot -drive "if=none,id=n,format=raw,file=$T/nvme.img" -device nvme,drive=n,serial=1 \
	-device sdhci-pci -drive "if=none,id=s,format=raw,file=$T/sd.img" -device sd-card,drive=s
is "the guest came to its end" "$(at_end)" 1
rest=$(((size + 511) / 512 * 512)) # what is behind the image's last sector
for disk in nvme sd; do
	is "$disk: flashed from .xz, verified on the medium" "$(fact rpiboot.$disk)" "0 medium"
	ok "$disk: it has the image" cmp -n $size "$T/os.img" "$T/$disk.img"
	is "$disk: zeros up to a sector" "$(tail -c +$((size + 1)) "$T/$disk.img" | head -c $((rest - size)) | tr -d '\0' | wc -c)" 0
	ok "$disk: and what it had before behind that" cmp -i $rest "$T/$disk.before" "$T/$disk.img"
done
is "a backup is what the disk has" "$(fact rpiboot.backup)" "0 $(sha256sum <"$T/sd.img" | cut -d ' ' -f 1)"
is "no reset of the gadget" "$(fact resets)" 0
[ "$tap_bad" -eq 0 ] || sed -n 's/^RPIBOOT/# &/p' "$facts"
tap_end
