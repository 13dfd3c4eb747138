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
	skip_all 'flashing through the gadget on a virtual machine' "$why"
fi
tests/virtual/mkfolder.sh gadget "$T/root/boot"
cp udev/70-rpiboot.rules "$T/root/"
cp mass-storage-gadget/init "$T/root/gadget"

size=12582912
guest_start_gadget $size

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
