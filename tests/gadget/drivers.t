#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The shipped kernel has a driver for everything that stands between a board's processor and its disks.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/gadget/guest.sh
. tests/gadget/guest.sh
if [ ! -f "$image" ]; then
	skip_all "the drivers" "$(why_not)"
fi
take_apart

# A driver's compatible strings end in zeros, and so does what is before them.
gzip -dc "$T/image/kernel8.img" | LC_ALL=C tr '\0' '\n' | LC_ALL=C grep -ax '[a-z][-a-z0-9]*[-,][-a-zA-Z0-9,.]*' |
	LC_ALL=C sort -u >"$T/known"
ok "there are compatible strings in the kernel" grep -qx arm,gic-400 "$T/known"

# without_driver TREE [KNOWN]: nodes that nothing drives, then how many nodes were looked at
without_driver() {
	dtc -q -I dtb -O dts "$1" >"$T/tree.dts"
	awk -f tests/gadget/drivers.awk "${2:-$T/known}" "$T/tree.dts"
}
mkdir "$T/d0"
for tree in "$T"/image/*.dtb; do
	name=${tree##*/}
	missing=$(without_driver "$tree")
	is "$name: every node on the way has a driver" "${missing%[0-9][0-9] nodes}" ""
	case $name in
	bcm2712*)
		fdtoverlay -i "$tree" -o "$T/d0/$name" "$T/image/overlays/bcm2712d0.dtbo"
		missing=$(without_driver "$T/d0/$name")
		is "$name: and so on stepping D0" "${missing%[0-9][0-9] nodes}" "" ;;
	esac
done

# The test itself: it finds a driver that is not there, at every place of a way.
for string in brcm,bcm2712-mip brcm,bcm2712d0-pinctrl regulator-gpio raspberrypi,bcm2835-power brcm,bcm2712-pcie snps,dwc3 gpio-leds \
	brcm,bcm2835-mbox fixed-clock brcm,bcm7216-pcie-sata-rescal; do
	grep -vxF "$string" "$T/known" >"$T/fewer"
	ok "without $string, nodes are missing" test "$(without_driver "$T/image/bcm2712-rpi-cm5l-cm5io.dtb" "$T/fewer" | grep -c "$string")" -gt 0
done
grep -vxF brcm,bcm2835-sdhost "$T/known" >"$T/fewer"
is "nor is anything else" "$(without_driver "$T/image/bcm2710-rpi-cm3.dtb" "$T/fewer" | grep -v nodes)" \
	"/soc/mmc@7e202000: brcm,bcm2835-sdhost"

# What trees do not name: drivers for what is found on PCI, on USB and in the firmware.
# shellcheck disable=SC2016 # the inner shell expands these
kernel=$(sh -euc 'top=$1; . "$top/mass-storage-gadget/lib.sh"; start; own_kernel; echo "$kernel"' sh "$SRC")
lost=
for option in BLK_DEV_NVME USB_XHCI_PCI USB_XHCI_PLATFORM MISC_RP1 USB_STORAGE USB_UAS BLK_DEV_SD MMC_BLOCK CPUFREQ_DT \
	ARM_RASPBERRYPI_CPUFREQ BRCMSTB_L2_IRQ FB_SIMPLE FRAMEBUFFER_CONSOLE USB_DWC2_PERIPHERAL USB_CONFIGFS_MASS_STORAGE \
	USB_CONFIGFS_ACM USB_CONFIGFS_F_FS; do
	grep -qx "CONFIG_$option=y" "$kernel/config" || lost="$lost $option"
done
is "drivers of what trees do not name are built in" "$lost" ""
tap_end
