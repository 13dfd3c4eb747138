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
	skip_all 'direct flashing on a virtual machine' "$why"
fi
tests/virtual/mkfolder.sh gadget "$T/root/boot"
cp udev/70-rpiboot.rules "$T/root/"
cp mass-storage-gadget/init "$T/root/gadget"
mkdir -p "$T/root/bin"
cp "$BUILD/flashd" "$T/root/bin/"

size=12500000 # no whole number of MiB, and of sectors
guest_start_gadget $size usb_f_fs

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
