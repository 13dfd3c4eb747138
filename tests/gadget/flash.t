#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Direct flashing: the shipped kernel and initramfs in QEMU, a plain host on the other side of the loop-back USB controller.
# What is on the disks is compared outside of QEMU.
# By hand for the other variant: GADGET_IMAGE=FILE GADGET_KERNEL=debian tests/gadget/flash.t
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/gadget/guest.sh
. tests/gadget/guest.sh

why=$(why_not)
if [ "$why" ]; then
	skip_all "direct flashing in QEMU" "$why"
fi
take_apart
tests/gadget/pack-guest "$T/guest.zst" "${GADGET_KERNEL:-own}" || exit 1

# start FILE BYTES: its first bytes' SHA-256
start() { head -c "$2" "$1" | sha256sum | cut -d ' ' -f 1; }
info() { tr -d '\r' <"$facts" | sed -n "s/^INFO $1 //p"; }

head -c 67108864 /dev/urandom >"$T/nvme.img" # holes must be made
head -c 33554432 /dev/urandom >"$T/sd.img"
nvme="-drive if=none,id=n,format=raw,file=$T/nvme.img -device nvme,drive=n,serial=1"
sd="-device sdhci-pci -drive if=none,id=s,format=raw,file=$T/sd.img -device sd-card,drive=s"

# shellcheck disable=SC2086 # words
boot flash test=flash $nvme $sd
is "the guest came to its end" "$(at_end)" 1
is "the interface has both endpoints" "$(fact interfaces)" "02:01 0a:02 08:02 08:02 ff:02 "
is "and shares none" "$(fact endpoints.twice)" ""
is "its string" "$(fact interface)" "rpiboot flash 1"
# Microsoft OS 1.0: "MSFT100", the vendor request 0xcd; WINUSB for interface 4; DeviceInterfaceGUID, a REG_SZ
is "Windows finds Microsoft's descriptors" "$(info os-string)" "18 12034d00530046005400310030003000cd00"
is "and binds WinUSB to this interface" "$(info compatible)" \
	"40 28000000000104000100000000000000040157494e55534200000000000000000000000000000000"
is "under an identifier of its own" "$(info properties | cut -d ' ' -f 2)" "$({
	printf '8e00000000010500010084000000010000002800'
	printf 'DeviceInterfaceGUID\0' | od -An -v -tx1 | tr -d '\n' | sed 's/ \(..\)/\100/g'
	printf '4e000000'
	printf '{8c6b2a1e-5d7f-4c43-9f0b-3a0f6d9b7e52}\0' | od -An -v -tx1 | tr -d '\n' | sed 's/ \(..\)/\100/g'
})"
is "another request is refused" "$(info unknown-request)" "Broken pipe"
is "the board describes its disks" "$(info disk)" "mmcblk0 kind 2 size 33554432 sector 512 read-only 0
nvme0n1 kind 3 size 67108864 sector 512 read-only 0"
is "the NVMe disk is written, and its digests are right" "$(fact flash.write) $(fact written)" "0 closed 1 digests 17, 0 differ"
is "then it is in its LUN again" "$(fact offered)" "yes yes"
is "where a host reads the same" "$(fact through-lun)" "$(fact medium)"
is "the SD card, too" "$(fact flash.sd)" "0 closed"
is "what is read back is the same" "$(fact flash.digest)" "0 sha256 32 $(fact medium)"
is "meanwhile the disk is in no LUN" "$(fact meanwhile)" "'' yes /dev/mmcblk0"
is "and the other one is read" "$(fact meanwhile.read)" "$(fact medium)"
is "and it is written" "$(fact flash.meanwhile)" "0 closed"
is "the pump is killed: the host gets an error at once" "$(fact flash.pump-killed)" "1 failed: DATA: Broken pipe"
is "the pump is killed: the disk is offered again, the next session works" "$(fact pump-killed.offered) $(fact flash.after-pump)" \
	"yes 0 closed"
is "a session is killed: the host gets an error at once" "$(fact flash.session-killed)" "1 failed: DATA: Broken pipe"
is "a session is killed: the disk is offered again" "$(fact session-killed.offered)" yes
is "the host is killed: the next one works" "$(fact flash.after-host)" "0 closed"
is "in the middle of a message: the next one works" "$(fact flash.torn | cut -c 1) $(fact flash.after-torn)" "0 0 closed"
is "no process is left over" "$(fact processes)" 3
is "noise is taken and dropped" "$(fact flash.noise)" "0 sent 300000 all"
is "untrusted messages, too" "$(fact flash.seed.host | cut -c 1) $(fact flash.seed.board | cut -c 1)" "0 0"
is "then the next session works" "$(fact flash.after-noise)" "0 closed"
is "a disk is kept out of the LUNs" "$(fact flash.keep | cut -c 1) $(fact keep.log) $(fact keep.file)" "0 yes ''"
is "and comes back when it was flashed again" "$(fact flash.after-keep) $(fact after-keep.offered)" "0 closed yes"
is "a disk that is pulled is reported gone" "$(fact flash.pulled | cut -d ' ' -f 1-3)" "1 ERROR 12"
is "then the other one is read" "$(fact flash.after-pulled)" "0 sha256 32 $(fact medium)"
is "no reset of the gadget" "$(fact resets)" 0
is "the NVMe disk has the image" "$(start "$T/nvme.img" 5242880)" "$(start "$T/sd.img" 5242880)"
is "the SD card has the image" "$(start "$T/sd.img" 16777221)" "$(fact image)"
is "with zeros up to a sector, and nothing changed behind it" "$(dd if="$T/sd.img" bs=1 skip=16777221 count=507 status=none | tr -d '\0' | wc -c) \
$(dd if="$T/sd.img" bs=512 skip=32769 count=64 status=none | tr -d '\0' | wc -c | awk '{ print ($1 > 30000) }')" "0 1"

# One file is two disks, and only the first one is held to 4 MB/s; a third one fails writes from 8 MiB on.
truncate -s 64M "$T/slow.img"
truncate -s 64M "$T/bad.img"
bad="-blockdev driver=file,node-name=slow,filename=$T/slow.img,locking=off -device nvme,drive=limit,serial=1
	-object throttle-group,id=group,x-bps-write=4194304 -blockdev driver=throttle,node-name=limit,throttle-group=group,file=slow
	-blockdev driver=file,node-name=fast,filename=$T/slow.img,locking=off -device nvme,drive=fast,serial=2
	-blockdev driver=blkdebug,node-name=bad,inject-error.0.event=none,inject-error.0.iotype=write,inject-error.0.sector=16384,image.driver=file,image.filename=$T/bad.img
	-device nvme,drive=bad,serial=3"
# shellcheck disable=SC2086 # words
boot flashbad test=flashbad $bad
is "slow disk: it is written, and its digests are right" "$(fact slow)" "closed digests 33, 0 differ"
is "slow disk: the medium has it" "$(fact medium)" "$(fact want)"
is "a medium that changed behind the board's memory is found" "$(fact flash.lying) $(fact lying.digests)" \
	"1 closed digests 33, 1 differ"
is "failing disk: an error of the disk, and where" "$(fact flash.failing | sed 's/11 .* at/11 at/')" "1 ERROR 11 at 8388608"
is "failing disk: the next session works" "$(fact flash.after)" "0 closed"
is "no reset, no disconnection" "$(fact resets)" 0
echo "# slow disk: 32 MiB, a third of it holes, at 4 MB/s in $(fact seconds) s"

# shellcheck disable=SC2086 # words
boot flashoff "test=flashoff msg.flash=0" $nvme
is "switched off: no interface, no process" "$(fact interfaces) $(fact flash.off) $(fact processes)" \
	"02:01 0a:02 08:02 08:02  1 no interface for direct flashing 0"

before=$(sha256sum "$T/nvme.img")
# shellcheck disable=SC2086 # words
boot flashro "test=flashro msg.ro=1" $nvme
is "read-only: a write is refused" "$(fact flash.write | cut -d ' ' -f 1-3)" "1 ERROR 7"
is "read-only: reading works" "$(fact flash.digest)" "0 sha256 32 $(fact first)"
is "read-only: nothing changed" "$(sha256sum "$T/nvme.img")" "$before"
is "the board is reset when the host wants it" "$(fact flash.reboot)$(fact still)" "0 "

# Each of the processes counted in full, also what they share; of the session, after writing, hashing and reading.
# shellcheck disable=SC2086 # words
boot flashmemory test=flashmemory $nvme -smp 4
is "memory: the image is written" "$(fact flash.hold)" "0 closed"
is "memory: there are three processes, the session with four workers" "$(fact flashd.processors) $(fact flashd.threads)" "4 1 1 6 "
memory=$(fact flashd.memory | awk '{ print $1 + $2 + $3 }')
ok "memory: at most 64 MB" test "${memory:-99999}" -le 62500
echo "# memory of flashd with four workers: $(fact flashd.memory)KiB"

# The image for secure boot
variant=
[ "${GADGET_KERNEL:-own}" = own ] || variant=--debian-kernel
# shellcheck disable=SC2086 # none or one
ok "--secure: an image is built" mass-storage-gadget/build --secure $variant -o "$T/secure.img"
image=$T/secure.img
take_apart
# shellcheck disable=SC2086 # words
boot flashsecure test=flashsecure $nvme
is "--secure: no console, direct flashing" "$(fact interfaces) $(fact shells)" "08:02 08:02 ff:02  0"
is "--secure: a disk is written, and its digests are right" "$(fact flash.write) $(fact written)" "0 closed digests 5, 0 differ"
is "--secure: the disk has the image" "$(start "$T/nvme.img" 4194309)" "$(fact image)"
tap_end
