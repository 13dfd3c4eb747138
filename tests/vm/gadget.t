#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The mass-storage gadget on Debian's kernel and a loop-back controller: the same kernel is its host.
# shellcheck disable=SC1091,SC2154 # tap.sh and guest.sh are found at run time and set status, out and err
set -u
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/guest.sh"

why=$(why_not)
if [ "$why" ]; then
	skip_all 'the gadget on a virtual machine' "$why"
fi
mkdir "$T/root"
cp mass-storage-gadget/init "$T/root/gadget"
cp "$BUILD/tests/scsi" "$T/root/scsi"
openssl rand -out "$T/root/image" 6000000
truncate -s 32M "$T/disk1" "$T/disk2"
guest_start -drive "if=none,id=d1,format=raw,file=$T/disk1" -device nvme,drive=d1,serial=1 \
	-drive "if=none,id=d2,format=raw,file=$T/disk2" -device nvme,drive=d2,serial=2

# udev on a host asks for changed media; the rules that tell it to are not in the machine.
guest 10 'echo 500 >/sys/module/block/parameters/events_dfl_poll_msecs'
guest 60 'modprobe -a nvme configfs libcomposite usb_f_mass_storage usb_f_acm cdc-acm && modprobe dummy_hcd is_high_speed=1'
is 'a loop-back controller' "$status$err" 0
guest 60 'until_ok test -b /dev/nvme1n1; /gadget & until_ok test -b /dev/sda -a -b /dev/sdb -a -b /dev/sdc'
# The kernel gives names in the order in which it is through with the disks.
# shellcheck disable=SC2016 # the shell in the machine expands it
guest 10 'cd /sys/block; for d in sd?; do echo $(cat $d/device/vendor $d/size) $d; done | sort'
is 'the host sees both, and room for one more' "$status $(echo "$out" | cut -d ' ' -f 1,2 | tr '\n' ' ')" \
	'0 nvme0n1 65536 nvme1n1 65536 spare 0 '
first=$(echo "$out" | sed -n 's/^nvme0n1 .* //p') second=$(echo "$out" | sed -n 's/^nvme1n1 .* //p')
guest 60 "dd if=/image of=/dev/$second bs=1M conv=fsync && blockdev --flushbufs /dev/$second && cmp -n 6000000 /image /dev/$second"
is 'an image is written and read back' "$status" 0
ok 'and is on the disk behind it' cmp -n 6000000 "$T/root/image" "$T/disk2"
functions=/sys/kernel/config/usb_gadget/rpi/functions # the first disk has one for itself
files="$functions/mass_storage.usb0/lun.0/file $functions/mass_storage.usb1/lun.0/file"
guest 30 "cat $files; /scsi eject /dev/$first && /scsi eject /dev/$second; cat $files"
is 'the host ejects both' "$status$err $(echo "$out" | tr '\n' ' ')" '0 /dev/nvme0n1 /dev/nvme1n1 '
guest 30 "until_ok sh -c 'dmesg | grep \"nvme1n1 ejected by the host, safe to remove\"'"
is 'the gadget says so' "$status" 0
tap_end
