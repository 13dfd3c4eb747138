# shellcheck shell=sh
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

take_apart() {
	mcopy -n -o -i "$image" ::kernel8.img ::initrd.zst ::cmdline.txt ::bcm2710-rpi-3-b-plus.dtb "$T/"
}

# boot NAME WORDS [QEMU-ARGUMENT...]: leaves the guest's output in $log
boot() {
	log=$T/$1.log words=$2
	cat "$T/initrd.zst" "$T/guest.zst" >"$T/both.zst"
	shift 2
	timeout -k 5 280 "$qemu" -M virt,gic-version=3 -cpu cortex-a72 -smp 2 -m 512 -accel tcg,thread=multi \
		-display none -monitor none -serial stdio -no-reboot -nic none -kernel "$T/kernel8.img" -initrd "$T/both.zst" \
		-append "$(cat "$T/cmdline.txt") loglevel=4 usb-storage.delay_use=0 rdinit=/guest-init $words" "$@" \
		</dev/null >"$log" 2>&1
}

# fact NAME: what the guest said
fact() { tr -d '\r' <"$log" | sed -n "s/^FACT $1 //p" | head -n 1; }

# trimmed TEXT, for SCSI's padded fields
trimmed() { echo "$1" | sed 's/ *$//'; }

# within_log PROCESS TEXT: waits until $log has the text; gives up after a minute, or when the process has ended
within_log() {
	tries=600
	until grep -q "$2" "$log"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] && kill -0 "$1" || return 1
		sleep 0.1
	done
}

# fails COMMAND...
fails() { ! "$@"; }
