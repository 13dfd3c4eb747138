#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --flash on Debian's kernel: boards that become USB disks of QEMU, which are slow, fail and are pulled out.
# shellcheck disable=SC1091,SC2034,SC2154 # tap.sh, guest.sh and flash.sh are found at run time; variables are theirs
set -u
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/guest.sh"
. "$(dirname "$0")/flash.sh"

why=$(why_not_flash)
if [ "$why" ]; then
	skip_all 'flashing on a virtual machine' "$why"
fi
mkdir "$T/root"
# shellcheck disable=SC2016 # the machine expands it
printf '%s\n' '#!/bin/sh' 'echo $RPIBOOT_DISK $RPIBOOT_FLASH $(grep -c "${RPIBOOT_DISK#/dev/}1" /proc/partitions) >/tmp/exec' >"$T/root/look"
chmod +x "$T/root/look"
blkdebug bad 'event = "write_aio"' 'sector = "20480"' 'once = "off"'
guest_start_flash good second slow bad

flash good --exec /look
finish 0 'a board is booted and flashed from .xz'
ok 'its disk holds the image' cmp -n "$size" "$T/image" "$T/good"
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
ok 'two boards at once: the disk of one' cmp -n "$size" "$T/image" "$T/good"
ok 'two boards at once: the disk of the other' cmp -n "$size" "$T/image" "$T/second"

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
