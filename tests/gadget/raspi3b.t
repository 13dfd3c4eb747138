#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# QEMU's Raspberry Pi 3B, with the device tree of the 3A+: the product's own init as the first process, its log and its
# shell on the UART. QEMU's USB controller knows no device mode, so the gadget ends up waiting for one.
# (QEMU 10's raspi4b gets as far, but its UART hangs in two boots of five.)
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/gadget/guest.sh
. tests/gadget/guest.sh

why=$(why_not)
if [ "$why" ]; then
	skip_all "the gadget on QEMU's raspi3b" "$why"
fi
take_apart
truncate -s 64M "$T/sd.img"
mkfifo "$T/uart.in"
log=$T/raspi3b.log
timeout -k 5 1200 "$qemu" -M raspi3b -accel tcg -display none -monitor none -serial null -serial stdio -no-reboot \
	-kernel "$T/image/kernel8.img" -initrd "$T/image/initrd.zst" -dtb "$T/image/bcm2710-rpi-3-a-plus.dtb" -append "$(cat "$T/image/cmdline.txt")" \
	-drive "if=sd,format=raw,file=$T/sd.img" <"$T/uart.in" >"$log" 2>&1 &
guest=$!
exec 3>"$T/uart.in"

# Until the shell's terminal is set up, what is typed is lost.
shell_answers() {
	until grep -q uart-42 "$log"; do
		kill -0 $guest || return 1
		# shellcheck disable=SC2016 # for the other shell
		printf '\necho uart-$((40 + 2))\n' >&3
		sleep 1
	done
}

ok "the SD card is found" within_log $guest 'gadget: lun 0: mmcblk[0-9], 64 MiB'
ok "the gadget waits for a controller" within_log $guest 'gadget: no USB device controller, waiting for one'
ok "the UART's shell answers" shell_answers
kill $guest 2>/dev/null
exec 3>&-
tap_end
