#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --flash on Debian's kernel: boards that become USB disks of QEMU, which are slow, fail and are pulled out; then two of the
# project's own gadgets on loop-back controllers, flashed by an ordinary user.
# shellcheck disable=SC1091,SC2154 # tap.sh and guest.sh are found at run time and set status, out and err
set -u
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/guest.sh"

why=$(why_not)
[ "$why" ] || command -v xz >/dev/null || why='xz is not installed (Debian: xz-utils)'
if [ "$why" ]; then
	skip 'flashing on a virtual machine' "$why"
	tap_end
	exit
fi
tests/virtual/mkfolder.sh gadget "$T/root/gadget"
cp udev/70-rpiboot.rules "$T/root/"
cp mass-storage-gadget/init "$T/root/gadget-init"

# xz with its libraries
mkdir -p "$T/root/bin"
cp "$(command -v xz)" "$T/root/bin/"
ldd "$(command -v xz)" | grep -o '/[^ ]*' | while read -r library; do
	mkdir -p "$T/root/${library%/*}"
	cp -L "$library" "$T/root/$library"
done

# An image of 20 MiB with a partition of 8 MiB at 1 MiB; its middle is a hole.
openssl rand -out "$T/random" 6000000
truncate -s 20M "$T/image"
dd if="$T/random" of="$T/image" conv=notrunc status=none
dd if="$T/random" of="$T/image" bs=1M seek=14 conv=notrunc status=none
printf '\0\0\0\0\14\0\0\0\0\10\0\0\0\100\0\0' | dd of="$T/image" bs=1 seek=446 conv=notrunc status=none
dd if=/dev/zero of="$T/image" bs=1 seek=462 count=48 conv=notrunc status=none
printf '\125\252' | dd of="$T/image" bs=1 seek=510 conv=notrunc status=none
xz -1 -T1 -c "$T/image" >"$T/root/os.img.xz"
size=20971520

# shellcheck disable=SC2016 # the machine expands it
printf '%s\n' '#!/bin/sh' 'echo $RPIBOOT_DISK $RPIBOOT_FLASH $(grep -c "${RPIBOOT_DISK#/dev/}1" /proc/partitions) >/tmp/exec' >"$T/root/look"
chmod +x "$T/root/look"

used() { openssl rand -out "$T/$1" 33554432; } # a disk that holds something already
for disk in good second slow bad foreign nvme1 nvme2; do
	used $disk
done
cp "$T/foreign" "$T/foreign.before"
printf '%s\n' '[inject-error]' 'event = "write_aio"' 'errno = "5"' 'sector = "20480"' 'once = "off"' >"$T/blkdebug"
guest_start -drive "if=none,id=n1,format=raw,file=$T/nvme1" -device nvme,drive=n1,serial=1 \
	-drive "if=none,id=n2,format=raw,file=$T/nvme2" -device nvme,drive=n2,serial=2

# new_drive NAME: leaves a drive of QEMU in $drive, which goes when its device goes
new_drive() {
	drives=$((${drives:-0} + 1))
	drive=$1$drives
	case $1 in
	slow) monitor "drive_add 0 if=none,id=$drive,format=raw,file=$T/slow,throttling.bps-total=1000000" ;;
	bad) monitor "drive_add 0 if=none,id=$drive,format=raw,file=blkdebug:$T/blkdebug:$T/bad,werror=report" ;;
	*) monitor "drive_add 0 if=none,id=$drive,format=raw,file=$T/$1" ;;
	esac
}

# plug_foreign: a disk that is nobody's board, in the third port
plug_foreign() {
	new_drive foreign
	monitor "device_add usb-storage,id=foreign,drive=$drive,bus=usb.0,port=3,serial=foreign"
}

# flash DRIVE [OPTION...]: a board that becomes that disk is flashed, beside a disk that is nobody's board. Events also go
# to the machine's console.
flash() {
	disk=$1
	shift
	plug_in gadget cm4-gadget.board
	plug_foreign
	: >"$T/console"
	send 200 "rpiboot -d /gadget --spool /tmp --json -q --flash /os.img.xz $* >/tmp/events & tail -f /tmp/events >/dev/ttyS0 & wait %1; s=\$?; kill %2; cat /tmp/events; exit \$s"
	within 60 told '1-1 disk'
	new_drive "$disk"
	become_disk "$drive" 10000000b29d2da0
	plugged="$plugged foreign"
}

event() { printf '%s\n' "$out" | grep "\"event\":\"$1\""; }
# reached STEP PERCENT: the console shows so much of that step
reached() {
	grep -a -o "\"step\":\"$1\",\"done\":[0-9]*" "$T/console" |
		awk -F: -v want=$((size * $2 / 100)) '$3 >= want { found = 1 } END { exit !found }'
}
no_table() { [ "$(head -c 1048576 "$1" | tr -d '\0' | wc -c)" -eq 0 ]; }

flash good --exec /look
finish 0 'a board is booted and flashed from .xz'
ok 'its disk holds the image' cmp -n $size "$T/image" "$T/good"
has 'its end is told: read back through a cache' '"checked":"cache"'
has 'it is ejected' '"event":"ejected"'
guest 10 'cat /tmp/exec'
is 'the program sees disk, result and partition' "$out" '/dev/sdb read-back 1'

# Two boards at once, each with a disk of its own.
used good
plug_in gadget cm4-gadget.board 'cm4-gadget.board;serial 10000000b29d2da1'
plug_foreign
send 200 "rpiboot -n 2 -d /gadget --spool /tmp --json -q --flash /os.img.xz"
within 120 told '1-1 disk'
within 120 told '1-2 disk'
unplug
new_drive good
monitor "device_add usb-storage,id=disk0,drive=$drive,bus=usb.0,port=1,serial=10000000b29d2da0"
new_drive second
monitor "device_add usb-storage,id=disk1,drive=$drive,bus=usb.0,port=2,serial=10000000b29d2da1"
plugged='disk0 disk1 foreign'
finish 0 'two boards at once'
is 'two boards at once: both are verified' "$(event flash-end | grep -c '"checked":"cache"')" 2
ok 'two boards at once: the disk of one' cmp -n $size "$T/image" "$T/good"
ok 'two boards at once: the disk of the other' cmp -n $size "$T/image" "$T/second"

for percent in 10 50 90; do
	used slow
	flash slow
	within 120 reached write $percent
	monitor 'device_del disk0'
	finish 3 "pulled out at $percent %"
	has "pulled out at $percent %: told" '"code":"board-lost"'
	ok "pulled out at $percent %: no partition table" no_table "$T/slow"
done
used slow
flash slow
within 120 reached verify 50
monitor 'device_del disk0'
finish 3 'pulled out while it is verified'
ok 'pulled out while it is verified: no partition table' no_table "$T/slow"

flash bad
finish 10 'a disk that cannot be written'
has 'a disk that cannot be written: told' '"code":"disk-write"'
ok 'a disk that cannot be written: no partition table' no_table "$T/bad"

flash good --target nvme
finish 9 'not the disk that is wanted'
has 'not the disk that is wanted: told' '"code":"disk-none-such"'

# What is on the named port is no board.
plug_foreign
plugged=foreign
guest 60 'until_ok test -b /dev/sda; exec rpiboot -d /gadget --spool /tmp -p 1-3 -t 3 --flash /os.img.xz'
is 'a disk that is no board, on the port that was named' "$status" 5
unplug
guest 60 nothing_there
ok 'the disk that is no board is untouched' cmp "$T/foreign.before" "$T/foreign"
tap_end
