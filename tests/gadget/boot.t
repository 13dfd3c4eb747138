#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The shipped kernel and initramfs in QEMU, with a loop-back USB controller: what a host sees of the disks.
# By hand for the other variant: GADGET_IMAGE=FILE GADGET_KERNEL=debian tests/gadget/boot.t
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/gadget/guest.sh
. tests/gadget/guest.sh

why=$(why_not)
if [ "$why" ]; then
	skip_all "the gadget in QEMU" "$why"
fi
take_apart
tests/gadget/pack-guest "$T/guest.zst" "${GADGET_KERNEL:-own}" || exit 1

# name NUMBER: vendor and product of a LUN
name() { echo "$(trimmed "$(fact "lun$1.vendor")")$(trimmed "$(fact "lun$1.model")")"; }

# A disk with one partition of type 0c, from sector 2048, 65536 long; another with known bytes.
truncate -s 64M "$T/nvme.img"
printf '\0\0\0\0\014\0\0\0\0\010\0\0\0\0\01\0' | dd of="$T/nvme.img" bs=1 seek=446 conv=notrunc status=none
printf '\125\252' | dd of="$T/nvme.img" bs=1 seek=510 conv=notrunc status=none
dd if=/dev/urandom of="$T/sd.img" bs=1M count=4 status=none
sd_bytes=$(sha256sum <"$T/sd.img" | cut -d ' ' -f 1)
truncate -s 32M "$T/sd.img"
nvme="-drive if=none,id=n,format=raw,file=$T/nvme.img -device nvme,drive=n,serial=1"
sd="-device sdhci-pci -drive if=none,id=s,format=raw,file=$T/sd.img -device sd-card,drive=s"

# The board's serial number comes from the device tree.
"$qemu" -M virt,gic-version=3,dumpdtb="$T/virt.dtb" -cpu cortex-a72 -smp 2 -m 512 -nic none -display none 2>/dev/null
fdtput -t s "$T/virt.dtb" / serial-number 10000000deadbeef

# shellcheck disable=SC2086 # words
boot write test=write $nvme $sd -dtb "$T/virt.dtb"
is "the guest came to its end" "$(at_end)" 1
is "vendor and product" "$(fact idVendor):$(fact idProduct)" 0a5c:0104
is "device and USB version" "$(fact bcdDevice) $(fact version)" "0100  2.00"
is "manufacturer" "$(fact manufacturer)" "Raspberry Pi"
is "product" "$(fact product)" "Raspberry Pi multi-function USB device"
is "serial number" "$(fact serial)" 10000000deadbeef
is "configuration" "$(fact configuration)" "Config 1: ACM+MSD gadget"
is "current" "$(fact bMaxPower)" 250mA
is "interfaces with their endpoints: serial port, two of mass storage, direct flashing" "$(fact interfaces)" \
	"02:01 0a:02 08:02 08:02 ff:02 "
is "no two of them share an endpoint" "$(fact endpoints.twice)" ""
is "the disk's name" "$(name 0)" nvme0n1
is "the revision that promises to drop caches" "$(fact lun0.rev)" rb01
is "the disk's size, writable, removable" "$(fact lun0.size) $(fact lun0.ro) $(fact lun0.removable)" "131072 0 1"
is "the spare LUN is empty" "$(name 1) $(fact lun1.size) $(fact lun1.removable)" "spare 0 1"
is "the host sees the partition table" "$(fact lun0.partition)" "2048 65536"
bytes=$(fact bound) # the kernel keeps it as a share of the memory, rounded
ok "what of the disk may be in memory is limited to some 8 MiB" test "${bytes% 1}" -gt 7000000 -a "${bytes% 1}" -le 8388608
is "the host writes" "$(fact write)" yes
is "and reads the same" "$(fact read)" "$(fact pattern)"
is "and the disk has it" "$(dd if="$T/nvme.img" bs=1M skip=4 count=8 status=none | sha256sum | cut -d ' ' -f 1)" "$(fact pattern)"
is "the serial console answers" "$(fact serial-console)" yes
is "a disk that comes later takes the spare LUN" "$(fact added)" "yes /dev/mmcblk0"
is "under its own name" "$(fact added.inquiry)" "[mmcblk0                 rb01]"
is "while a write goes on undisturbed" "$(fact long-write)" 0
is "and without a new enumeration" "$(fact devnum.later)" "$(fact devnum) 1 "
is "its bytes are right" "$(fact added.read)" "$sd_bytes"
is "the host ejects" "$(fact eject) $(fact eject.medium)" "yes yes"
is "the gadget says so" "$(fact eject.log)" yes
is "and lets go of that disk only" "$(fact eject.file)" "'' /dev/mmcblk0"
is "pulled and put in again it takes its LUN" "$(fact back)" "yes /dev/nvme0n1"
is "a disk that is wanted on the board leaves its LUN" "$(fact held)" "yes '' yes"
is "and comes back to it" "$(fact returned)" "yes /dev/nvme0n1 yes"
is "pulled it leaves its LUN" "$(fact gone)" "yes yes ''"
is "no reset of the gadget" "$(fact resets)" 0
is "no complaint in the log" "$(grep -E '^LOG.*(can.t|not found|rror)' "$facts")" ""

# A slow disk: one file is two disks of the board, and only the first one is held to 4 MB/s.
truncate -s 128M "$T/slow.img"
slow="-blockdev driver=file,node-name=slow,filename=$T/slow.img,locking=off -device nvme,drive=limit,serial=1
	-object throttle-group,id=group,x-bps-write=4194304 -blockdev driver=throttle,node-name=limit,throttle-group=group,file=slow
	-blockdev driver=file,node-name=fast,filename=$T/slow.img,locking=off -device nvme,drive=fast,serial=2"
# shellcheck disable=SC2086 # words
boot slow test=slow $slow
is "slow disk: the guest came to its end" "$(at_end)" 1
is "slow disk: the medium has what was written, after the flush" "$(fact medium)" "$(fact pattern)"
is "slow disk: no reset, no disconnection" "$(fact resets)" 0
is "slow disk: idle for a second, it is read from the medium" "$(fact dropped)" yes
is "slow disk: when an eject returns, all is on the medium" "$(fact ejected)" "ejected 0"
echo "# slow disk: 96 MB at 4 MB/s in $(fact seconds.write) s (24.0 alone), flush $(fact seconds.flush) s," \
	"64 KiB and eject $(fact seconds.eject) s"

# One disk in each function; that of the second one gets 32 KiB a second, or fails.
truncate -s 16M "$T/bad.img"
stalled="-object throttle-group,id=group,x-bps-write=32768 -blockdev driver=file,node-name=file,filename=$T/bad.img
	-blockdev driver=throttle,node-name=limit,throttle-group=group,file=file -device nvme,drive=limit,serial=1"
# shellcheck disable=SC2086 # words
boot stalled test=stalled $stalled $sd
is "stalled disk: the other one is alone in the first function" "$(fact disks)" "/dev/mmcblk0 /dev/nvme0n1"
is "stalled disk: the other one is written" "$(fact other.write)" yes
is "stalled disk: and read" "$(fact other.read)" "$(fact pattern)"
is "stalled disk: while the stalled one still writes" "$(fact first)" yes
is "stalled disk: which ends well" "$(fact slow) $(fact resets)" "0 0"

dying="-blockdev driver=blkdebug,node-name=bad,inject-error.0.event=none,inject-error.0.iotype=write,image.driver=file,image.filename=$T/bad.img
	-device nvme,drive=bad,serial=1"
# shellcheck disable=SC2086 # words
boot dying test=dying $dying $sd
is "dying disk: in the second function" "$(fact disks)" "/dev/mmcblk0 /dev/nvme0n1"
is "dying disk: a write fails" "$(fact bad.write)" no
is "dying disk: the other one is written" "$(fact other.write)" yes
is "dying disk: and read" "$(fact other.read)" "$(fact pattern)"
is "dying disk: no reset" "$(fact resets)" 0

before=$(sha256sum "$T/nvme.img" "$T/sd.img")
# shellcheck disable=SC2086 # words
boot readonly "test=readonly msg.ro=1" $nvme $sd
is "read-only: first the SD card" "$(name 0) $(fact lun0.size) $(fact lun0.ro)" "mmcblk0 65536 1"
is "read-only: then the NVMe disk" "$(name 1) $(fact lun1.size) $(fact lun1.ro)" "nvme0n1 131072 1"
is "read-only: then the spare LUN" "$(name 2) $(fact lun2.size)" "spare 0"
is "read-only: reading works" "$(fact lun0.read) $(fact lun1.read)" "yes yes"
is "read-only: writing is refused" "$(fact lun0.write) $(fact lun1.write)" "no no"
is "read-only: nothing changed on the disks" "$(sha256sum "$T/nvme.img" "$T/sd.img")" "$before"

truncate -s 16M "$T/usb.img"
boot usb test=usb -device qemu-xhci -drive "if=none,id=u,format=raw,file=$T/usb.img" -device usb-storage,drive=u
is "USB disk on a PCI controller: it is offered" "$(name 0) $(fact lun0.size) $(fact disk)" "sda 32768 /dev/sda 01"
is "USB disk on a PCI controller: the host writes, and it arrives" \
	"$(fact write) $(head -c 1048576 "$T/usb.img" | sha256sum | cut -d ' ' -f 1)" "yes $(fact pattern)"

# shellcheck disable=SC2086 # words
boot empty "test=empty msg.console=0" $sd
is "no disk: the host sees the gadget" "$(fact idVendor):$(fact idProduct)" 0a5c:0104
is "no disk: only empty LUNs" "$(name 0) $(fact lun0.size) $(name 1) $(fact lun1.size)" "spare 0 spare 0"
ok "no disk: the log says so" grep -q '^LOG.*gadget: no disk yet' "$facts"
is "no disk: the first one that comes has the first function for itself" "$(fact late)" "yes /dev/mmcblk0 ''"
is "no disk: under its own name" "$(fact late.inquiry)" "[mmcblk0                 rb01]"
is "no console: mass storage and direct flashing" "$(fact interfaces)" "08:02 08:02 ff:02 "
is "no console: no shell, no port" "$(fact shells) $(fact ttyGS)" "0 no"

# QEMU has no eMMC that can be plugged in: the guest lets the partition of the NVMe disk stand for it.
# shellcheck disable=SC2086 # words
boot emmc "test=emmc msg.boot=1" $nvme
is "boot partitions: after the disk, before the spare LUN" "$(name 0) $(fact names)" "mmcblk0 mmcblk0boot0 mmcblk0boot1 spare "
is "boot partitions: unlocked" "$(fact force_ro)" "0 0"
is "boot partitions: the host writes" "$(fact write)" yes
is "boot partitions: and it arrives" "$(dd if="$T/nvme.img" bs=1M skip=1 count=1 status=none | sha256sum | cut -d ' ' -f 1)" "$(fact pattern)"
tap_end
