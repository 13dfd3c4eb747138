#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --flash and --backup through the mass-storage gadget, which runs on the same kernel with a loop-back controller: a board
# that is a disk already, flashed by an ordinary user.
# shellcheck disable=SC1091,SC2154 # tap.sh and guest.sh are found at run time and set status, out and err
set -u
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/guest.sh"

why=$(why_not)
if [ "$why" ]; then
	skip 'flashing through the gadget on a virtual machine' "$why"
	tap_end
	exit
fi
tests/virtual/mkfolder.sh gadget "$T/root/boot"
cp udev/70-rpiboot.rules "$T/root/"
cp mass-storage-gadget/init "$T/root/gadget"

# 12 MiB with a partition table, in three parts: data, a hole, data
openssl rand -out "$T/random" 3000000
truncate -s 12M "$T/root/os.img"
dd if="$T/random" of="$T/root/os.img" conv=notrunc status=none
dd if="$T/random" of="$T/root/os.img" bs=1M seek=9 conv=notrunc status=none
printf '\125\252' | dd of="$T/root/os.img" bs=1 seek=510 conv=notrunc status=none
size=12582912
openssl rand -out "$T/disk1" 33554432
openssl rand -out "$T/disk2" 33554432
cp "$T/disk1" "$T/disk1.before"
guest_start -drive "if=none,id=d1,format=raw,file=$T/disk1" -device nvme,drive=d1,serial=1 \
	-drive "if=none,id=d2,format=raw,file=$T/disk2" -device nvme,drive=d2,serial=2

guest 60 'cp /70-rpiboot.rules /etc/udev/rules.d/ && udevadm control --reload'
guest 60 'modprobe -a nvme configfs libcomposite usb_f_mass_storage usb_f_acm cdc-acm && modprobe dummy_hcd is_high_speed=1'
is 'a loop-back controller' "$status$err" 0
guest 60 'until_ok test -b /dev/nvme1n1; /gadget >/dev/null 2>&1 & until_ok test -b /dev/sda -a -b /dev/sdb -a -b /dev/sdc; udevadm settle'
# shellcheck disable=SC2016 # the shell in the machine expands it
guest 10 'cd /sys/bus/usb/devices; for d in *-*; do [ ! -f $d/idProduct ] || [ $(cat $d/idProduct) != 0104 ] || echo $d; done'
port=$out

# as_ann OPTION...: rpiboot of an ordinary user, a member of plugdev
as_ann() {
	guest 200 "su ann -c 'exec rpiboot -d /boot -t 20 --json -q -p $port $*'"
}
# ended NAME: well
ended() {
	is "$1" "$status" 0
	[ "$status" = 0 ] || printf '%s\n' "$out" "$err" | sed 's/^/# /'
}
code() { printf '%s\n' "$out" | sed -n 's/.*"event":"failed".*"code":"\([a-z-]*\)".*/\1/p'; }

as_ann --spool /tmp --flash /os.img
is 'two disks and no choice' "$status $(code)" '9 disk-ambiguous'
# shellcheck disable=SC2016 # the shell in the machine expands it
guest 60 'for d in /sys/block/sd?; do [ "$(cat $d/device/vendor | tr -d " ")" != nvme1n1 ] || { mkswap /dev/${d##*/} && swapon /dev/${d##*/}; }; done'
is 'the disk is swap space' "$status" 0
as_ann --target nvme1n1 --spool /tmp --flash /os.img
is 'a disk in use' "$status $(code)" '9 disk-busy'
# shellcheck disable=SC2016 # the shell in the machine expands it
guest 60 'for d in /dev/sd?; do swapoff $d 2>/dev/null; done; ! grep sd /proc/swaps'
is 'the disk is no swap space any more' "$status" 0
as_ann --target nvme1n1 --spool /tmp --flash /os.img
ended 'an ordinary user flashes a board that is a disk already'
has 'what was read is the medium' '"checked":"medium"'
has 'it is ejected' '"event":"ejected"'
ok 'the disk behind the gadget has the image' cmp -n $size "$T/root/os.img" "$T/disk2"
as_ann --no-eject --target nvme0n1 --backup /tmp
ended 'a backup of the other disk'
guest 10 'cat /tmp/*.img.sha256'
is 'the backup is what the disk has' "${out%% *}" "$(sha256sum <"$T/disk1" | cut -d ' ' -f 1)"
ok 'the other disk is untouched' cmp "$T/disk1" "$T/disk1.before"
tap_end
