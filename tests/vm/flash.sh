# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2154 # tap.sh and guest.sh set them
# For the tests of --flash through a block device, after guest.sh: an image, USB disks of QEMU that a board becomes, and a disk
# beside it that is nobody's board.

size=20971520 # of the image

# why_not_flash: prints why nothing can be flashed on a machine here, nothing if it can
why_not_flash() {
	why_not=$(why_not)
	if [ "$why_not" ]; then
		echo "$why_not"
	elif ! command -v xz >/dev/null; then
		echo 'xz is not installed (Debian: xz-utils)'
	fi
}

# add_program NAME: a program of this machine, with its libraries, into $T/root
add_program() {
	mkdir -p "$T/root/bin"
	cp "$(command -v "$1")" "$T/root/bin/"
	ldd "$(command -v "$1")" | grep -o '/[^ ]*' | while read -r library; do
		mkdir -p "$T/root/${library%/*}"
		cp -L "$library" "$T/root/$library"
	done
}

# make_image: $T/image, with a partition of 8 MiB at 1 MiB; its middle is a hole. Compressed: $T/root/os.img.xz.
make_image() {
	openssl rand -out "$T/random" 6000000
	truncate -s $size "$T/image"
	dd if="$T/random" of="$T/image" conv=notrunc status=none
	dd if="$T/random" of="$T/image" bs=1M seek=14 conv=notrunc status=none
	printf '\0\0\0\0\14\0\0\0\0\10\0\0\0\100\0\0' | dd of="$T/image" bs=1 seek=446 conv=notrunc status=none
	dd if=/dev/zero of="$T/image" bs=1 seek=462 count=48 conv=notrunc status=none
	printf '\125\252' | dd of="$T/image" bs=1 seek=510 conv=notrunc status=none
	xz -1 -T1 -c "$T/image" >"$T/root/os.img.xz"
}

used() { openssl rand -out "$T/$1" 33554432; } # a disk that holds something already

# blkdebug DRIVE LINE...: what of that drive fails, in the words of QEMU's blkdebug
blkdebug() {
	configuration=$T/$1.blkdebug
	shift
	printf '%s\n' '[inject-error]' 'errno = "5"' "$@" >"$configuration"
}

# guest_start_flash DRIVE...: starts the machine, with two NVMe disks of its own; the DRIVEs for new_drive hold something
guest_start_flash() {
	mkdir -p "$T/root"
	tests/virtual/mkfolder.sh gadget "$T/root/gadget"
	add_program xz
	make_image
	for disk in "$@" foreign nvme1 nvme2; do
		used "$disk"
	done
	cp "$T/foreign" "$T/foreign.before"
	guest_start -drive "if=none,id=n1,format=raw,file=$T/nvme1" -device nvme,drive=n1,serial=1 \
		-drive "if=none,id=n2,format=raw,file=$T/nvme2" -device nvme,drive=n2,serial=2
}

# new_drive NAME: leaves a drive of QEMU in $drive, which goes when its device goes: a slow one, a locked one, one that fails
new_drive() {
	drives=$((${drives:-0} + 1))
	drive=$1$drives file=$T/$1
	[ ! -f "$file.blkdebug" ] || file="blkdebug:$file.blkdebug:$file,werror=report"
	case $1 in
	slow) file=$file,throttling.bps-total=1000000 ;;
	locked) file=$file,readonly=on ;;
	esac
	monitor "drive_add 0 if=none,id=$drive,format=raw,file=$file"
}

# plug_foreign: a disk that is nobody's board, in the third port
plug_foreign() {
	new_drive foreign
	monitor "device_add usb-storage,id=foreign,drive=$drive,bus=usb.0,port=3,serial=foreign"
}

# flash DRIVE [OPTION...]: a board that becomes that disk is flashed, beside a disk that is nobody's board. Events also go
# to the machine's console. $feed is a command of which the image comes.
flash() {
	disk=$1
	shift
	if [ "${feed-}" ]; then source="$feed |" image=-; else source='' image=/os.img.xz; fi
	plug_in gadget cm4-gadget.board
	plug_foreign
	: >"$T/console"
	send 200 "$source rpiboot -d /gadget --spool /tmp --json -q --flash $image $* >/tmp/events & tail -f /tmp/events >/dev/ttyS0 & wait %1; s=\$?; kill %2; cat /tmp/events; exit \$s"
	within 60 told '1-1 disk'
	new_drive "$disk"
	become_disk "$drive" 10000000b29d2da0
	plugged="$plugged foreign"
}

event() { printf '%s\n' "$out" | grep "\"event\":\"$1\""; }
# happened EVENT: the console shows it
happened() { grep -a -q "\"event\":\"$1\"" "$T/console"; }
# reached STEP PERCENT: the console shows so much of that step
reached() {
	grep -a -o "\"step\":\"$1\",\"done\":[0-9]*" "$T/console" |
		awk -F: -v want=$((size * $2 / 100)) '$3 >= want { found = 1 } END { exit !found }'
}
no_table() { [ "$(head -c 1048576 "$1" | tr -d '\0' | wc -c)" -eq 0 ]; }
