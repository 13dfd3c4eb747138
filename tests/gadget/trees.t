#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The device trees of the images: under the names that boards' firmware asks for, and with the values that the boards
# need. Names and values are those of the firmware and of Raspberry Pi's own device trees.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/gadget/guest.sh
. tests/gadget/guest.sh
if [ ! -f "$image" ]; then
	skip_all "the device trees" "$(why_not)"
fi
take_apart

# Board, chip, the name that its firmware asks for first, and the one it falls back to.
cat >"$T/boards" <<'END'
CM3 2710 bcm2710-rpi-cm3 -
3A+ 2710 bcm2710-rpi-3-a-plus bcm2710-rpi-3-b-plus
Zero2W 2710 bcm2710-rpi-zero-2-w bcm2710-rpi-zero-2
CM0 2710 bcm2710-rpi-cm0 bcm2710-rpi-zero-2-w
4B 2711 bcm2711-rpi-4-b -
400 2711 bcm2711-rpi-400 bcm2711-rpi-4-b
CM4 2711 bcm2711-rpi-cm4 bcm2711-rpi-4-b
CM4S 2711 bcm2711-rpi-cm4s bcm2711-rpi-cm4
5 2712 bcm2712-rpi-5-b -
CM5 2712 bcm2712-rpi-cm5-cm5io bcm2712-rpi-5-b
CM5Lite 2712 bcm2712-rpi-cm5l-cm5io bcm2712-rpi-5-b
500 2712 bcm2712-rpi-500 bcm2712-rpi-5-b
END

# loaded DIRECTORY [CHIP]: the trees that boards load from there, a line each
loaded() {
	while read -r board chip first fallback; do
		[ "${2:-$chip}" = "$chip" ] || continue
		if [ -f "$1/$first.dtb" ]; then
			echo "$first.dtb"
		elif [ -f "$1/$fallback.dtb" ]; then
			echo "$fallback.dtb"
		else
			echo "none-for-$board"
		fi
	done <"$T/boards" | LC_ALL=C sort -u
}
trees_in() { (cd "$1" && printf '%s\n' *.dtb) | LC_ALL=C sort; }
is "every board finds its tree, and no tree is never asked for" "$(trees_in "$T/image")" "$(loaded "$T/image")"
is "CM0 alone has another board's, that of Zero 2 W" "$(while read -r board _ first _; do
	[ -f "$T/image/$first.dtb" ] || echo "$board"
done <"$T/boards")" CM0
is "the overlay for stepping D0, and no other" "$(ls "$T/image/overlays")" bcm2712d0.dtbo
for chip in 2710 2711 2712; do
	mkdir "$T/$chip"
	mcopy -s -n -i "$(dirname "$image")/$chip/boot.img" '::*' "$T/$chip/"
	is "the same in the image for $chip alone" "$(trees_in "$T/$chip")" "$(loaded "$T/$chip" $chip)"
	is "$chip: with the same files" "$(cd "$T/$chip" && find . -type f -exec cmp {} "$T/image/{}" \; 2>&1)" ""
done
is "2712's has the overlay, the others have none" "$(cd "$T" && ls -d 271?/overlays/*)" 2712/overlays/bcm2712d0.dtbo

# node LABEL: its path in $tree
node() { case $1 in /*) echo "$1" ;; *) fdtget "$tree" /__symbols__ "$1" 2>/dev/null || echo "/no-$1" ;; esac; }

# get LABEL PROPERTY: its value in $tree: numbers and strings as they are, a property without value as "yes", none as "-"
get() {
	value=$(fdtget "$tree" "$(node "$1")" "$2" 2>/dev/null) || value=-
	echo "${value:-yes}"
}

# target LABEL PROPERTY: the label's node is the one that the property points to
points() { [ "$(get "$1" "$2")" = "$(get "$3" phandle)" ]; }

# expect NAME TREE...: the lines "LABEL PROPERTY VALUE" of standard input hold in all these trees
expect() {
	name=$1
	shift
	cat >"$T/values"
	for tree; do
		tree=$T/image/$tree.dtb
		while read -r label property value; do
			got=$(get "$label" "$property")
			[ "$got" = "$value" ] || echo "${tree##*/}: $label $property is $got, not $value"
		done <"$T/values"
	done >"$T/wrong"
	is "$name" "$(cat "$T/wrong")" ""
}

all_283x=$(trees_in "$T/image" | sed -n 's/^\(bcm271[01].*\)\.dtb/\1/p')
all_2712=$(trees_in "$T/image" | sed -n 's/^\(bcm2712.*\)\.dtb/\1/p')

# The publisher's FIFO sizes (bcm2711-rpi-cm4s.dts): together 3662 of the controller's 4080 words
# shellcheck disable=SC2086 # words
expect "the USB controller is a device, with room for two packets" $all_283x <<'END'
usb dr_mode peripheral
usb status -
usb g-rx-fifo-size 558
usb g-np-tx-fifo-size 32
usb g-tx-fifo-size 512 512 512 512 512 256 256
END
# bcm2712-ds.dtsi, bcm2712-rpi-5-b.dts: register 0x480000 of the chip's bus, SPI 73, 480 MHz, power domain 6
# shellcheck disable=SC2086 # words
expect "2712: the USB controller" $all_2712 <<'END'
/soc@107c000000/usb@480000 dr_mode peripheral
/soc@107c000000/usb@480000 reg 4718592 65536
/soc@107c000000/usb@480000 interrupts 0 73 4
/soc@107c000000/usb@480000 clock-names otg
/soc@107c000000/usb@480000 phy-names usb2-phy
/soc@107c000000/usb@480000 g-rx-fifo-size 558
/soc@107c000000/usb@480000 g-np-tx-fifo-size 32
/soc@107c000000/usb@480000 g-tx-fifo-size 512 512 512 512 512 256 256
gadget_usbclk clock-frequency 480000000
gadget_usbphy compatible usb-nop-xceiv
END
# bcm2712-rpi-5-b.dts, -cm5.dtsi: line 9 of gio_aon, active low
# shellcheck disable=SC2086 # words
for tree in $all_2712; do
	tree=$T/image/$tree.dtb
	is "${tree##*/}: the activity LED" "$(get /leds/led-act gpios), $(get /leds/led-act label), $(get /leds compatible)" \
		"$(get gio_aon phandle) 9 1, ACT, gpio-leds"
done

# bcm2712d0-overlay.dts of Raspberry Pi, bcm2712-d-rpi-5-b.dts of Linux
for name in $all_2712; do
	tree=$T/$name-d0.dtb
	ok "$name: takes the overlay for stepping D0" fdtoverlay -i "$T/image/$name.dtb" -o "$tree" "$T/image/overlays/bcm2712d0.dtbo"
	is "$name: and is then D0" "$(get pinctrl compatible), $(get pinctrl reg), $(get pinctrl_aon compatible), $(get pinctrl_aon reg), $(
		get uart10 interrupts), $(get gio_aon brcm,gpio-bank-widths)" \
		"brcm,bcm2712d0-pinctrl, 2102411520 32, brcm,bcm2712d0-aon-pinctrl, 2102462208 28, 0 120 4, 15 6"
done
expect "Pi 5: without it, it is C1" bcm2712-rpi-5-b <<'END'
pinctrl compatible brcm,bcm2712c0-pinctrl
pinctrl reg 2102411520 48
pinctrl_aon compatible brcm,bcm2712c0-aon-pinctrl
pinctrl_aon reg 2102462208 32
uart10 interrupts 0 121 4
gio_aon brcm,gpio-bank-widths 17 6
END

# bcm2712-rpi-cm5.dtsi
expect "CM5: an eMMC of eight lines at 1.8 V, pulled up" bcm2712-rpi-cm5-cm5io <<'END'
/ compatible raspberrypi,5-compute-module brcm,bcm2712
sdio1 bus-width 8
sdio1 broken-cd yes
sdio1 cd-gpios -
sdio1 mmc-hs200-1_8v yes
sdio1 pinctrl-names default
gadget_emmcio compatible regulator-fixed
gadget_emmcio regulator-min-microvolt 1800000
gadget_emmcio regulator-max-microvolt 1800000
pinctrl compatible brcm,bcm2712d0-pinctrl
END
tree=$T/image/bcm2712-rpi-cm5-cm5io.dtb
ok "CM5: with the supply of 1.8 V" points sdio1 vqmmc-supply gadget_emmcio
ok "CM5: with these pins" points sdio1 pinctrl-0 gadget_emmc
pins=$(node gadget_emmc)
is "CM5: command and data up" "$(get "$pins/cmd-dat-pins" pins), $(get "$pins/cmd-dat-pins" bias-pull-up)" \
	"emmc_cmd emmc_dat0 emmc_dat1 emmc_dat2 emmc_dat3 emmc_dat4 emmc_dat5 emmc_dat6 emmc_dat7, yes"
is "CM5: strobe down" "$(get "$pins/ds-pins" pins), $(get "$pins/ds-pins" bias-pull-down)" "emmc_ds, yes"

# bcm2712-rpi-cm5l.dtsi
expect "CM5 Lite: a card slot with a switched supply" bcm2712-rpi-cm5l-cm5io <<'END'
/ compatible raspberrypi,5-compute-module brcm,bcm2712
sdio1 bus-width 4
sdio1 broken-cd yes
sdio1 cd-gpios -
sdio1 mmc-hs200-1_8v -
sdio1 mmc-hs400-1_8v -
sd_io_1v8_reg compatible regulator-gpio
sd_io_1v8_reg states 1800000 1 3300000 0
sd_io_1v8_reg regulator-settling-time-us 5000
END
tree=$T/image/bcm2712-rpi-cm5l-cm5io.dtb
ok "CM5 Lite: the slot has that supply" points sdio1 vqmmc-supply sd_io_1v8_reg
is "CM5 Lite: which line 3 of gio_aon switches" "$(get sd_io_1v8_reg gpios)" "$(get gio_aon phandle) 3 0"
ok "CM5 Lite: and no pin for card detection" points sdio1 pinctrl-0 emmc_sd_default

# bcm2711-rpi-cm4s.dts
expect "CM4S: no switched supplies, no antennas, no PCIe" bcm2711-rpi-cm4s <<'END'
/ compatible raspberrypi,4-compute-module-s brcm,bcm2711
emmc2 status okay
emmc2 bus-width 8
emmc2 broken-cd yes
emmc2 vqmmc-supply -
emmc2 vmmc-supply -
emmc2 mmc-hs200-1_8v -
sd_io_1v8_reg status disabled
sd_vcc_reg status disabled
ant1 status disabled
ant2 status disabled
pcie0 status disabled
leds status disabled
uart0 status okay
uart0 uart-has-rtscts -
bt status disabled
END
tree=$T/image/bcm2711-rpi-cm4s.dtb
ok "CM4S: the console is on GPIO 14 and 15" points uart0 pinctrl-0 uart0_gpio14
expect "CM4: supplies, antennas, PCIe" bcm2711-rpi-cm4 <<'END'
emmc2 bus-width 8
ant1 status -
ant2 status -
pcie0 status -
uart0 status disabled
END
tree=$T/image/bcm2711-rpi-cm4.dtb
ok "CM4: the eMMC has them" points emmc2 vqmmc-supply sd_io_1v8_reg
tree=$T/image/bcm2711-rpi-400.dtb
is "400: the LED in the keyboard" "$(get led_pwr label), $(get led_pwr gpios)" "ACT, $(get gpio phandle) 42 0"

# dt-blob.dts, pins_cm3: EMMC_ENABLE_N is low when enabled
tree=$T/image/bcm2710-rpi-cm3.dtb
hog=$(node expgpio)/emmc-en-hog
is "CM3: the eMMC's enable line is held low" "$(get "$hog" gpio-hog), $(get "$hog" gpios), $(get "$hog" output-low)" "yes, 1 0, yes"
tap_end
