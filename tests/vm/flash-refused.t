#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --flash on Debian's kernel: boards that become USB disks of QEMU that leave before they are written, are write-protected, or do
# not write out their cache. What becomes of these disks, and that no other one is touched, is compared outside.
# shellcheck disable=SC1091,SC2034,SC2154 # tap.sh, guest.sh and flash.sh are found at run time; variables are theirs
set -u
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/guest.sh"
. "$(dirname "$0")/flash.sh"

why=$(why_not_flash)
if [ "$why" ]; then
	skip_all 'refused and failing disks on a virtual machine' "$why"
fi
blkdebug unflushed 'event = "none"' 'iotype = "flush"' 'once = "off"'
# the third time, which is after the first MiB was written, and once
blkdebug unfinished 'event = "flush_to_disk"' 'iotype = "flush"' 'state = "3"' 'once = "on"' \
	'[set-state]' 'event = "flush_to_disk"' 'state = "1"' 'new_state = "2"' \
	'[set-state]' 'event = "flush_to_disk"' 'state = "2"' 'new_state = "3"'
guest_start_flash good locked unflushed unfinished
for disk in good locked unflushed unfinished nvme1 nvme2; do
	cp "$T/$disk" "$T/$disk.before"
done

# failure: the code and the words of what failed
failure() { event failed | sed -n 's/.*"code":"\([a-z-]*\)".*"text":"\([^"]*\)".*/\1 \2/p'; }
same() { cmp "$T/$1.before" "$T/$1"; }
# others_same: what a run must not touch
others_same() { same foreign && same nvme1 && same nvme2; }

# It is there, chosen, and waits for the end of the image; then it leaves.
feed='{ head -c 4096 /os.img.xz; until_ok test -b /dev/sdb; until_ok test ! -b /dev/sdb; tail -c +4097 /os.img.xz; }'
flash good
within 120 happened image-wait
monitor 'device_del disk0'
finish 3 'gone between its arrival and the first write'
is 'gone between its arrival and the first write: reported' "$(failure)" 'board-lost /dev/sdb: the disk is gone'
ok 'gone between its arrival and the first write: it is untouched' same good
ok 'gone between its arrival and the first write: so are the others' others_same
feed=

flash locked
finish 9 'a write-protected disk'
is 'a write-protected disk: reported' "$(failure)" 'disk-read-only /dev/sdb'
ok 'a write-protected disk: it is untouched' same locked
ok 'a write-protected disk: so are the others' others_same

# The first thing that is written out is that there is no partition table.
flash unflushed
finish 10 'a disk that does not write out its cache'
is 'a disk that does not write out its cache: reported' "$(failure)" 'disk-settle /dev/sdb: writing out the cache: Input/output error'
is 'a disk that does not write out its cache: nothing is claimed' "$(event notice | grep -c 'is not finished"')" 1
ok 'a disk that does not write out its cache: no partition table' no_table "$T/unflushed"
ok 'a disk that does not write out its cache: nothing else is written' cmp -i 1048576 "$T/unflushed.before" "$T/unflushed"
ok 'a disk that does not write out its cache: the others are untouched' others_same

flash unfinished
finish 10 'a disk that does not write out its cache at the end'
is 'a disk that does not write out its cache at the end: reported' "$(failure)" 'disk-settle /dev/sdb: writing out the cache: Input/output error'
is 'a disk that does not write out its cache at the end: what is left is reported' "$(event notice | grep -c 'is not finished; it has no partition table now"')" 1
ok 'a disk that does not write out its cache at the end: no partition table' no_table "$T/unfinished"
ok 'a disk that does not write out its cache at the end: the rest of the image is there' \
	cmp -i 1048576 -n $((size - 1048576)) "$T/image" "$T/unfinished"
ok 'a disk that does not write out its cache at the end: and behind it what was there' cmp -i "$size" "$T/unfinished.before" "$T/unfinished"
ok 'a disk that does not write out its cache at the end: the others are untouched' others_same
tap_end
