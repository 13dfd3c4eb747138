#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --flash and --backup directly: the shipped program and the gadget's, on the same kernel with a loop-back controller. A board
# that is a disk already, flashed by an ordinary user; what is on the disks is compared outside.
# shellcheck disable=SC1091,SC2154 # tap.sh and guest.sh are found at run time and set status, out and err
set -u
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/guest.sh"

why=$(why_not)
[ -n "$why" ] || [ -x "$BUILD/flashd" ] || why='flashd was not built (Debian: apt-get install libzstd-dev)'
if [ "$why" ]; then
	skip 'direct flashing on a virtual machine' "$why"
	tap_end
	exit
fi
tests/virtual/mkfolder.sh gadget "$T/root/boot"
cp udev/70-rpiboot.rules "$T/root/"
cp mass-storage-gadget/init "$T/root/gadget"
mkdir -p "$T/root/bin"
cp "$BUILD/flashd" "$T/root/bin/"

# 12 MiB with a partition table, in three parts: data, a hole, data; not a whole number of MiB
openssl rand -out "$T/random" 3000000
truncate -s 12M "$T/root/os.img"
dd if="$T/random" of="$T/root/os.img" conv=notrunc status=none
dd if="$T/random" of="$T/root/os.img" bs=1M seek=9 conv=notrunc status=none
printf '\125\252' | dd of="$T/root/os.img" bs=1 seek=510 conv=notrunc status=none
truncate -s 12500000 "$T/root/os.img"
size=12500000
openssl rand -out "$T/disk1" 33554432
openssl rand -out "$T/disk2" 33554432
cp "$T/disk1" "$T/disk1.before"
cp "$T/disk2" "$T/disk2.before"
guest_start -drive "if=none,id=d1,format=raw,file=$T/disk1" -device nvme,drive=d1,serial=1 \
	-drive "if=none,id=d2,format=raw,file=$T/disk2" -device nvme,drive=d2,serial=2

guest 60 'cp /70-rpiboot.rules /etc/udev/rules.d/ && udevadm control --reload'
guest 60 'modprobe -a nvme configfs libcomposite usb_f_mass_storage usb_f_acm usb_f_fs cdc-acm && modprobe dummy_hcd is_high_speed=1'
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

as_ann --via direct --spool /tmp --flash /os.img
is 'two disks and no choice' "$status $(code)" '9 disk-ambiguous'
as_ann --via direct --no-eject --target nvme1n1 --spool /tmp --flash /os.img
ended 'an ordinary user flashes a board directly'
has 'what was verified is the medium' '"checked":"medium"'
ok 'the disk has the image' cmp -n $size "$T/root/os.img" "$T/disk2"
is 'and zeros up to a sector' "$(dd if="$T/disk2" bs=1 skip=$size count=$((512 - size % 512)) status=none | tr -d '\0' | wc -c)" 0
ok 'and what it had before behind that' cmp -i $((size / 512 * 512 + 512)) "$T/disk2" "$T/disk2.before"
guest 60 'until_ok test -e /run/lun/nvme1n1; ls /run/held'
is 'then it is offered as mass storage' "$status$out" 0
as_ann --via direct --no-eject --target nvme0n1 --backup /tmp
ended 'a backup of the other disk'
guest 10 'cat /tmp/*.img.sha256'
is 'the backup is what the disk has' "${out%% *}" "$(sha256sum <"$T/disk1" | cut -d ' ' -f 1)"
as_ann --target nvme1n1 --spool /tmp --flash /os.img
ended 'without --via, what the board offers decides'
has 'it is verified on the medium again' '"checked":"medium"'
guest 60 'until_ok test ! -e /run/held/nvme1n1; sleep 2; ls /run/lun'
is 'it stays ejected' "$out" nvme0n1
ok 'the other disk is untouched' cmp "$T/disk1" "$T/disk1.before"
tap_end
