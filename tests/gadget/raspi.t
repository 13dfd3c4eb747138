#!/bin/sh
# QEMU's Raspberry Pis: the product's own init as the first process, its log and its shell on the UART. QEMU's USB
# controller knows no device mode, so the gadget ends up waiting for one.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/gadget/guest.sh
. tests/gadget/guest.sh

# Until the shell's terminal is set up, what is typed is lost.
shell_answers() {
	tries=30
	until grep -q uart-42 "$log"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		# shellcheck disable=SC2016 # for the other shell
		printf '\necho uart-$((40 + 2))\n' >&3
		sleep 1
	done
}

# machine NAME DEVICE-TREE
machine() {
	if ! "$qemu" -M help | grep -q "^$1 "; then
		skip "the gadget on QEMU's $1" "this QEMU has no such machine"
		return
	fi
	truncate -s 64M "$T/sd.img"
	rm -f "$T/uart.in"
	mkfifo "$T/uart.in"
	log=$T/$1.log
	timeout -k 5 280 "$qemu" -M "$1" -accel tcg -display none -monitor none -serial null -serial stdio -no-reboot \
		-kernel "$T/kernel8.img" -initrd "$T/initrd.zst" -dtb "$T/$2" -append "$(cat "$T/cmdline.txt")" \
		-drive "if=sd,format=raw,file=$T/sd.img" <"$T/uart.in" >"$log" 2>&1 &
	guest=$!
	exec 3>"$T/uart.in"
	ok "$1: the SD card is found" within_log $guest 'gadget: lun 0: mmcblk[0-9], 64 MiB'
	ok "$1: the gadget waits for a controller" within_log $guest 'gadget: no USB device controller, waiting for one'
	ok "$1: the UART's shell answers" shell_answers
	kill $guest 2>/dev/null
	exec 3>&-
	wait $guest 2>/dev/null
}

why=$(why_not)
if [ "$why" ]; then
	skip "the gadget on QEMU's Raspberry Pis" "$why"
	tap_end
	exit
fi
take_apart
machine raspi3b bcm2710-rpi-3-b-plus.dtb
machine raspi4b bcm2711-rpi-4-b.dtb
tap_end
