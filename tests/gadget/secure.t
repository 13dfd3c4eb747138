#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# secure-boot-example in QEMU: the shell on the UART encrypts a disk, opens it and writes to it.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/gadget/guest.sh
. tests/gadget/guest.sh
example=$BUILD/gadget/check/secure-boot-example.img

why=$(why_not)
[ -f "$example" ] || why=${why:-"the example was not built (make check-gadget says why)"}
if [ "$why" ]; then
	skip_all "secure-boot-example in QEMU" "$why"
fi
mcopy -n -i "$example" ::kernel8.img ::initrd.zst ::cmdline.txt "$T/"
secure-boot-example/build -o "$T/again.img" >"$T/build.log" 2>&1
ok "a second build is byte-identical" cmp "$example" "$T/again.img"
truncate -s 64M "$T/disk.img"
mkfifo "$T/uart.in"
log=$T/secure.log
timeout -k 5 1200 "$qemu" -M virt,gic-version=3 -cpu cortex-a72 -smp 2 -m 512 -accel tcg,thread=multi -display none \
	-monitor none -serial stdio -no-reboot -nic none -kernel "$T/kernel8.img" -initrd "$T/initrd.zst" \
	-append "$(cat "$T/cmdline.txt")" -drive "if=none,id=n,format=raw,file=$T/disk.img" -device nvme,drive=n,serial=1 \
	<"$T/uart.in" >"$log" 2>&1 &
guest=$!
exec 3>"$T/uart.in"
ok "the shell is there" within_log $guest '/ # '
cat >&3 <<'END'
echo -n secret >/key
cryptsetup luksFormat -q --pbkdf-memory 32768 --pbkdf-force-iterations 4 --key-file /key /dev/nvme0n1; echo "format $?"
cryptsetup open --key-file /key /dev/nvme0n1 root; echo "open $?"
mke2fs -q /dev/mapper/root && mkdir /mnt && mount -t ext4 /dev/mapper/root /mnt && echo a-plain-word >/mnt/file; echo "mount $?"
umount /mnt; cryptsetup close root; echo "close $?"
poweroff -f
END
wait $guest
exec 3>&-
said() { tr -d '\r' <"$log" | grep -c "^$1$"; }
is "a disk is encrypted, opened, mounted, closed" "$(said 'format 0') $(said 'open 0') $(said 'mount 0') $(said 'close 0')" "1 1 1 1"
is "LUKS is on the disk" "$(head -c 4 "$T/disk.img")" LUKS
ok "and no plain text" fails grep -q a-plain-word "$T/disk.img"
tap_end
