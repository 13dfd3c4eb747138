# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# For the tests that boot the gadget: IMAGE is taken apart as the firmware would, then started in QEMU.
qemu=${QEMU:-qemu-system-aarch64}
image=${GADGET_IMAGE:-$BUILD/gadget/check/boot.img}

# why_not: prints why the gadget cannot be booted here, nothing if it can
why_not() {
	if [ ! -f "$image" ]; then
		echo "the image was not built (make check-gadget says why)"
	elif ! command -v "$qemu" >/dev/null; then
		echo "no $qemu (apt-get install qemu-system-arm)"
	fi
}

# take_apart: the kernel, the initramfs and the rest of $image into $T/image
take_apart() {
	rm -rf "$T/image"
	mkdir "$T/image"
	mcopy -s -n -i "$image" '::*' "$T/image/"
}

# boot NAME WORDS [QEMU-ARGUMENT...]: leaves what the UART said in $log, what the guest says of itself in $facts
boot() {
	log=$T/$1.log facts=$T/$1.facts words=$2
	cat "$T/image/initrd.zst" "$T/guest.zst" >"$T/both.zst"
	shift 2
	timeout -k 5 1200 "$qemu" -M virt,gic-version=3 -cpu cortex-a72 -smp 2 -m 512 -accel tcg,thread=multi \
		-display none -monitor none -serial stdio -no-reboot -nic none -kernel "$T/image/kernel8.img" -initrd "$T/both.zst" \
		-chardev "file,id=facts,path=$facts" -device pci-serial,chardev=facts \
		-append "$(cat "$T/image/cmdline.txt") loglevel=4 usb-storage.delay_use=0 rdinit=/guest-init $words" "$@" \
		</dev/null >"$log" 2>&1
}

# fact NAME: what the guest said
fact() { tr -d '\r' <"$facts" | sed -n "s/^$1 //p" | head -n 1; }

# at_end: the guest came to its end
at_end() { tr -d '\r' <"$facts" | grep -cx END; }

# trimmed TEXT, for SCSI's padded fields
trimmed() { echo "$1" | sed 's/ *$//'; }

# within_log PROCESS TEXT: waits until $log has the text; gives up when the process has ended
within_log() {
	until grep -q "$2" "$log"; do
		kill -0 "$1" || return 1
		sleep 0.1
	done
}

# fails COMMAND...
fails() { ! "$@"; }
