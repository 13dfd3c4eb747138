#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rpiboot among its neighbours: other drivers, udev and its rule, the disk that a board becomes.
# shellcheck disable=SC1091,SC2154 # tap.sh and guest.sh are found at run time and set status, out and err
set -u
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/guest.sh"

why=$(why_not)
if [ "$why" ]; then
	skip_all 'a whole system on a virtual machine' "$why"
fi
for kind in gadget gadget-2710; do
	tests/virtual/mkfolder.sh $kind "$T/root/$kind"
done
rule=udev/70-rpiboot.rules
[ ! -f $rule ] || cp $rule "$T/root/"
truncate -s 48M "$T/disk"
guest_start -drive "if=none,id=disk,format=raw,file=$T/disk"

# BCM2837's ROM shows a storage interface too; the kernel's driver takes it, and may keep it.
plug_in gadget-2710 'cm3-gadget.board;device-class 0;speed 300000'
send 100 'rpiboot -d /gadget-2710 & during $! both usb-storage; wait $!'
finish 0 "a storage interface in the kernel's hands"
has 'usb-storage keeps interface 0, rpiboot has interface 1' seen

# user NAME STATUS: an ordinary user, member of plugdev, boots a board
user() {
	plug_in gadget cm4-gadget.board
	send 100 'su ann -c "exec rpiboot -t 20 -d /gadget"'
	finish "$2" "$1"
}
user 'without the udev rule: no permission' 255
if [ -f $rule ]; then
	guest 60 'cp /70-rpiboot.rules /etc/udev/rules.d/ && udevadm control --reload'
	is 'the udev rule is taken' "$status$err" 0
	user 'with the udev rule an ordinary user may' 0
	plug_in gadget-2710 'cm3-gadget.board;device-class 0;speed 300000'
	send 100 'rpiboot -d /gadget-2710 & during $! both ""; wait $!'
	finish 0 'the udev rule and a storage interface'
	has "the storage interface is in nobody's hands" seen
else
	skip 'with the udev rule' "$rule is not there"
fi

guest 10 'rpiboot --help'
if printf '%s\n' "$out" | grep -q -- --wait-disk; then
	plug_in gadget 'cm4-gadget.board'
	send 100 'exec rpiboot -q -d /gadget --wait-disk=60'
	within 60 told '1-1 disk'
	become_disk disk 10000000b29d2da0
	finish 0 'a board becomes a disk'
	is 'the disk is found on its port' "$out$err" '1-1 10000000b29d2da0 /dev/sda 50331648 QEMU HARDDISK'
else
	skip 'a board becomes a disk' 'rpiboot has no --wait-disk'
fi
tap_end
