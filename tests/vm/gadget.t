#!/bin/sh
# The mass-storage gadget on Debian's kernel and a loop-back controller: the same kernel is its host.
# shellcheck disable=SC1091,SC2154 # tap.sh and guest.sh are found at run time and set status, out and err
set -u
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/guest.sh"

why=$(why_not)
if [ "$why" ]; then
	skip 'the gadget on a virtual machine' "$why"
	tap_end
	exit
fi
mkdir "$T/root"
cp mass-storage-gadget/init "$T/root/gadget"
cp "$BUILD/tests/eject" "$T/root/eject"
openssl rand -out "$T/root/image" 6000000
truncate -s 32M "$T/disk1" "$T/disk2"
guest_start -drive "if=none,id=d1,format=raw,file=$T/disk1" -device nvme,drive=d1,serial=1 \
	-drive "if=none,id=d2,format=raw,file=$T/disk2" -device nvme,drive=d2,serial=2

# udev on a host asks for changed media; the rules that tell it to are not in the machine.
guest 10 'echo 500 >/sys/module/block/parameters/events_dfl_poll_msecs'
guest 60 'modprobe -a nvme configfs libcomposite usb_f_mass_storage usb_f_acm cdc-acm && modprobe dummy_hcd is_high_speed=1'
is 'a loop-back controller' "$status$err" 0
guest 60 'until_ok test -b /dev/nvme1n1; /gadget & until_ok test -b /dev/sda -a -b /dev/sdb -a -b /dev/sdc; cd /sys/block; cat sd?/size sd?/device/vendor'
is 'the host sees both, and room for one more' "$status $(echo "$out" | tr -d '\n' | tr -s ' ')" '0 65536655360nvme0n1 nvme1n1 spare '
guest 60 'dd if=/image of=/dev/sdb bs=1M conv=fsync && blockdev --flushbufs /dev/sdb && cmp -n 6000000 /image /dev/sdb'
is 'an image is written and read back' "$status" 0
ok 'and is on the disk behind it' cmp -n 6000000 "$T/root/image" "$T/disk2"
lun=/sys/kernel/config/usb_gadget/rpi/functions/mass_storage.usb0
guest 30 "cat $lun/lun.0/file $lun/lun.1/file; /eject /dev/sda && /eject /dev/sdb; cat $lun/lun.0/file $lun/lun.1/file"
is 'the host ejects both' "$status$err $(echo "$out" | tr '\n' ' ')" '0 /dev/nvme0n1 /dev/nvme1n1 '
guest 30 "until_ok sh -c 'dmesg | grep \"nvme1n1 ejected by the host, safe to remove\"'"
is 'the gadget says so' "$status" 0
tap_end
