#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Images with another kernel than ours: Debian's, laid out as on a boot partition; a boot.img's; one with device trees
# and overlays as Raspberry Pi lays them out.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/gadget/guest.sh
. tests/gadget/guest.sh
build=$SRC/mass-storage-gadget/build
why=$(why_not)
if [ -z "$why" ]; then
	# shellcheck disable=SC2016 # the inner shell expands these
	kernel=$(sh -euc 'top=$1; . "$top/mass-storage-gadget/lib.sh"; start; debian_kernel; echo "$kernel"' sh "$SRC" 2>"$T/kernel.log") ||
		why="Debian's kernel cannot be had: $(tail -n 1 "$T/kernel.log")"
fi
if [ "$why" ]; then
	skip_all "another kernel" "$why"
fi
release=$(cat "$kernel/release")

# modules_in IMAGE: takes it apart and prints the modules of its initramfs
modules_in() {
	image=$1
	take_apart
	zstd -dcq "$T/image/initrd.zst" | cpio -t --quiet | sed -n 's|^lib/modules/\([^/]*\)/\(.*\)\.ko$|\1 \2|p' | LC_ALL=C sort >"$T/modules"
	cat "$T/modules"
}

# Debian's packages, as Debian lays them out for a Raspberry Pi
partition=$T/partition
mkdir -p "$partition/lib/modules/$release/kernel"
cp "$kernel/Image" "$partition/vmlinuz-$release"
cp "$kernel"/dtb/bcm27*.dtb "$kernel"/dtb/bcm28*.dtb "$partition/"
cp "$kernel"/modules/*.ko* "$partition/lib/modules/$release/kernel/"
cp "$kernel"/modules.builtin* "$partition/lib/modules/$release/"
run "$build" --kernel-from "$partition" -o "$T/debian.img"
is "Debian's boot partition is taken" "$status $(echo "$err" | cut -d , -f 1)" "0 kernel $release from $partition"
modules_in "$T/debian.img" >/dev/null
for module in dwc2 libcomposite usb_f_mass_storage usb_f_acm xhci-plat-hcd sdhci-brcmstb nvme; do
	ok "it has the module $module" grep -qx "$release $module" "$T/modules"
done
gzip -dc "$T/image/kernel8.img" >"$T/Image"
ok "the kernel is Debian's" cmp "$T/Image" "$kernel/Image"
is "the trees are made as for our kernel" "$(fdtget "$T/image/bcm2712-rpi-cm5l-cm5io.dtb" /soc@107c000000/usb@480000 dr_mode)" peripheral
tests/gadget/pack-guest "$T/guest.zst" debian || exit 1
truncate -s 64M "$T/nvme.img"
boot foreign test=foreign -drive "if=none,id=n,format=raw,file=$T/nvme.img" -device nvme,drive=n,serial=1
is "it boots and shows its disk" "$(fact release) $(trimmed "$(fact lun0.vendor)") $(fact lun0.size)" "$release nvme0n1 131072"
is "interfaces with their endpoints" "$(fact interfaces)" "02:01 0a:02 08:02 08:02 ff:02 "
is "the host writes, and it arrives" "$(fact write) $(head -c 1048576 "$T/nvme.img" | sha256sum | cut -d ' ' -f 1)" "yes $(fact pattern)"

# The modules elsewhere, and not at all
mv "$partition/lib" "$T/system"
run "$build" --kernel-from "$partition" --modules-from "$T/system/modules" -o "$T/elsewhere.img"
ok "modules of --modules-from" cmp "$T/debian.img" "$T/elsewhere.img"
find "$T/system" -name 'dwc2.ko*' -exec rm {} +
run "$build" --kernel-from "$partition" --modules-from "$T/system/modules" -o "$T/no.img"
is "a kernel that cannot be a USB device is refused" "$status $(echo "$err" | tail -n 1)" \
	"1 build: kernel $release has no dwc2: give --modules-from DIRECTORY (its lib/modules)"
run "$build" --kernel-from "$partition" --modules-from "$T" -o "$T/no.img"
is "modules of another kernel are refused" "$status $err" "1 build: $T has no modules of kernel $release"

# A boot.img, with and without partition table, as a source: the same comes out again.
image=$T/debian.img
run "$build" --kernel-from "$T/debian.img" -o "$T/again.img"
is "a boot.img is taken" "$status $(echo "$err" | cut -d , -f 1)" "0 kernel $release from $T/debian.img"
ok "and gives the same image" cmp "$T/debian.img" "$T/again.img"
take_apart
truncate -s 64M "$T/bare.img"
PATH=$PATH:/usr/sbin:/sbin mkfs.fat "$T/bare.img" >/dev/null
mcopy -s -i "$T/bare.img" "$T"/image/* ::
run "$build" --kernel-from "$T/bare.img" --chip 2711 -o "$T/bare-again.img"
"$build" --kernel-from "$T/debian.img" --chip 2711 -o "$T/part-again.img" >/dev/null 2>&1
ok "a bare FAT volume is read, too" cmp "$T/bare-again.img" "$T/part-again.img"

# Trees and overlays as Raspberry Pi lays them out: complete trees, and an overlay that makes the USB controller a device.
publisher=$T/publisher
mkdir -p "$publisher/overlays"
cp "$kernel/Image" "$publisher/kernel8.img"
cp "$kernel/dtb/bcm2711-rpi-4-b.dtb" "$publisher/bcm2711-rpi-4-b.dtb"
cp "$kernel/dtb/bcm2711-rpi-cm4-io.dtb" "$publisher/bcm2711-rpi-cm4.dtb"
cp "$kernel/dtb/bcm2712-rpi-5-b.dtb" "$publisher/"
for overlay in dwc2 bcm2712d0 vc4-kms-v3d; do
	echo "$overlay" >"$publisher/overlays/$overlay.dtbo"
done
mkdir -p "$T/initramfs/usr/lib/modules/$release/kernel"
cp "$kernel"/modules/*.ko* "$T/initramfs/usr/lib/modules/$release/kernel/"
(cd "$T/initramfs" && find . | cpio --quiet -o -H newc | zstd -q -1) >"$publisher/initramfs8"
printf 'auto_initramfs=1\r\n[all]\r\n' >"$publisher/config.txt"
run "$build" --kernel-from "$publisher" -o "$T/publisher.img"
is "Raspberry Pi's layout is taken, but for a chip without trees" "$status $(echo "$err" | sed -n 's/.*: left out$/&/p')" \
	"0 $publisher has no device trees for chip 2710: left out"
modules_in "$T/publisher.img" >/dev/null
ok "with the modules of its initramfs" grep -qx "$release dwc2" "$T/modules"
ok "its trees are left alone" cmp "$T/image/bcm2711-rpi-4-b.dtb" "$publisher/bcm2711-rpi-4-b.dtb"
is "of its overlays it has those that are needed" "$(cd "$T/image/overlays" && echo *)" "bcm2712d0.dtbo dwc2.dtbo"
is "config.txt asks for the USB controller's" "$(tail -n 1 "$T/image/config.txt")" "dtoverlay=dwc2,dr_mode=peripheral"
is "the firmware names the UART" "$(cat "$T/image/cmdline.txt")" "console=tty1 console=serial0,115200 loglevel=5 panic=10"
run "$build" --kernel-from "$publisher" --chip 2710 -o "$T/no.img"
is "a chip that was asked for and has no trees is refused" "$status $(echo "$err" | tail -n 1)" \
	"1 build: $publisher has no device trees for chip 2710"
is "no image is left of what was refused" "$(ls "$T/no.img" 2>/dev/null)" ""
tap_end
