#!/bin/sh
# The shipped kernel and initramfs in QEMU, with a loop-back USB controller: what a host sees of the disks.
# By hand for the other variant: GADGET_IMAGE=FILE GADGET_KERNEL=debian tests/gadget/boot.t
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/gadget/guest.sh
. tests/gadget/guest.sh

why=$(why_not)
if [ "$why" ]; then
	skip "the gadget in QEMU" "$why"
	tap_end
	exit
fi
take_apart
tests/gadget/pack-guest "$T/guest.zst" "${GADGET_KERNEL:-own}" || exit 1

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
is "the guest came to its end" "$(grep -c ^END "$log")" 1
is "vendor and product" "$(fact idVendor):$(fact idProduct)" 0a5c:0104
is "device and USB version" "$(fact bcdDevice) $(fact version)" "0100  2.00"
is "manufacturer" "$(fact manufacturer)" "Raspberry Pi"
is "product" "$(fact product)" "Raspberry Pi multi-function USB device"
is "serial number" "$(fact serial)" 10000000deadbeef
is "configuration" "$(fact configuration)" "Config 1: ACM+MSD gadget"
is "current" "$(fact bMaxPower)" 250mA
is "interfaces: serial port, mass storage" "$(fact interfaces)" "02 0a 08 "
is "the disk's name" "$(trimmed "$(fact sda.vendor)")$(trimmed "$(fact sda.model)")" nvme0n1
is "the disk's size, writable, removable" "$(fact sda.size) $(fact sda.ro) $(fact sda.removable)" "131072 0 1"
is "the spare LUN is empty" "$(fact sdb.size) $(fact sdb.removable)" "0 1"
is "the host sees the partition table" "$(fact sda.partition)" "2048 65536"
is "the host writes" "$(fact write)" yes
is "and reads the same" "$(fact read)" "$(fact pattern)"
is "and the disk has it" "$(dd if="$T/nvme.img" bs=1M skip=4 count=8 status=none | sha256sum | cut -d ' ' -f 1)" "$(fact pattern)"
is "the serial console answers" "$(fact serial-console)" yes
is "a disk that comes later takes the spare LUN" "$(fact added)" "yes /dev/mmcblk0"
is "while a write goes on undisturbed" "$(fact long-write)" 0
is "and without a new enumeration" "$(fact devnum.later)" "$(fact devnum) 1 "
is "its bytes are right" "$(fact added.read)" "$sd_bytes"
is "the host ejects" "$(fact eject) $(fact eject.medium)" "yes yes"
is "the gadget says so" "$(fact eject.log)" yes
is "and lets go of that disk only" "$(fact eject.file)" "'' /dev/mmcblk0"
is "pulled and put in again it takes its LUN" "$(fact back)" "yes /dev/nvme0n1"
is "pulled it leaves its LUN" "$(fact gone)" "yes yes ''"
is "no complaint in the log" "$(grep -E '^LOG.*(can.t|not found|rror)' "$log")" ""

before=$(sha256sum "$T/nvme.img" "$T/sd.img")
# shellcheck disable=SC2086 # words
boot readonly "test=readonly msg.ro=1" $nvme $sd
is "read-only: first the SD card" "$(trimmed "$(fact sda.vendor)") $(fact sda.size) $(fact sda.ro)" "mmcblk0 65536 1"
is "read-only: then the NVMe disk" "$(trimmed "$(fact sdb.vendor)") $(fact sdb.size) $(fact sdb.ro)" "nvme0n1 131072 1"
is "read-only: then the spare LUN" "$(trimmed "$(fact sdc.vendor)") $(fact sdc.size)" "spare 0"
is "read-only: reading works" "$(fact sda.read) $(fact sdb.read)" "yes yes"
is "read-only: writing is refused" "$(fact sda.write) $(fact sdb.write)" "no no"
is "read-only: nothing changed on the disks" "$(sha256sum "$T/nvme.img" "$T/sd.img")" "$before"

boot empty "test=empty msg.console=0"
is "no disk: the host sees the gadget" "$(fact idVendor):$(fact idProduct)" 0a5c:0104
is "no disk: only the empty spare LUN" "$(trimmed "$(fact sda.vendor)") $(fact sda.size)" "spare 0"
ok "no disk: the log says so" grep -q '^LOG.*gadget: no disk yet' "$log"
is "no console: mass storage only" "$(fact interfaces)" "08 "
is "no console: no shell, no port" "$(fact shells) $(fact ttyGS)" "0 no"

# QEMU has no eMMC that can be plugged in: the guest lets the partition of the NVMe disk stand in.
# shellcheck disable=SC2086 # words
boot emmc "test=emmc msg.boot=1" $nvme
is "boot partitions: after the disk, before the spare LUN" "$(trimmed "$(fact sda.vendor)") $(fact names)" \
	"mmcblk0 mmcblk0boot0 mmcblk0boot1 spare "
is "boot partitions: unlocked" "$(fact force_ro)" "0 0"
is "boot partitions: the host writes" "$(fact write)" yes
is "boot partitions: and it arrives" "$(dd if="$T/nvme.img" bs=1M skip=1 count=1 status=none | sha256sum | cut -d ' ' -f 1)" "$(fact pattern)"
tap_end
