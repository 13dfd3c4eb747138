#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The boot directories as they are in git: the settings that count, nothing binary, nothing irreversible switched on.
# shellcheck disable=SC2016 # awk and the inner shells expand these

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

# active FILE: its lines that take effect
active() { grep -v -e '^#' -e '^[[:space:]]*$' "$1" | LC_ALL=C sort | tr '\n' ' '; }
config() { is "$1/config.txt" "$(active "$1/config.txt")" "$2"; }
config recovery ""
config recovery5 "uart_2ndstage=1 "
config secure-boot-recovery "uart_2ndstage=1 "
config secure-boot-recovery5 "uart_2ndstage=1 "
config eeprom-erase "erase_eeprom=1 uart_2ndstage=1 "
config bootfiles "boot_ramdisk=1 uart_2ndstage=1 "
config rpi-imager-embedded "boot_ramdisk=1 uart_2ndstage=1 "
config secure-boot-msd "boot_ramdisk=1 uart_2ndstage=1 "
ok "msd has no config.txt" test ! -e msd/config.txt

conf() { is "$1/boot.conf" "$(active "$1/boot.conf")" "$2"; }
conf recovery "BOOT_ORDER=0xf25641 BOOT_UART=0 ENABLE_SELF_UPDATE=1 POWER_OFF_ON_HALT=0 WAKE_ON_GPIO=1 [all] "
conf recovery5 "BOOT_ORDER=0xf2461 BOOT_UART=1 POWER_OFF_ON_HALT=1 [all] "
conf secure-boot-recovery "BOOT_ORDER=0xf25641 BOOT_UART=1 ENABLE_SELF_UPDATE=0 HDMI_DELAY=0 POWER_OFF_ON_HALT=1 WAKE_ON_GPIO=0 [all] "
conf secure-boot-recovery5 "BOOT_ORDER=0xf2461 BOOT_UART=1 ENABLE_SELF_UPDATE=0 POWER_OFF_ON_HALT=1 [all] "
for file in */boot.conf; do
	ok "$file fits every EEPROM image, [all] first" awk '/^\[all\]/ { all = 1 } /^[A-Z]/ && !all { exit 1 } { n += length($0) + 1 }
		END { if (n > 1500) exit 1 }' "$file"
done

for folder in bootfiles msd recovery recovery5 secure-boot-recovery secure-boot-recovery5 secure-boot-msd rpi-imager-embedded eeprom-erase; do
	for words in Does Boards Permanent '## Run' '## Did it work'; do
		ok "$folder/README.md: $words" grep -q -F "$words" $folder/README.md
	done
	ok "$folder: only text" sh -c '! grep -L -I . $(find "$1" -maxdepth 1 -type f -size +0 ! -name "*.bin" ! -name "*.elf" ! -name "*.img") | grep .' - $folder
done
ok "the wrappers are equal" sh -c 'for f in recovery5 secure-boot-recovery secure-boot-recovery5; do
	cmp recovery/update-pieeprom.sh $f/update-pieeprom.sh || exit 1; done
	cmp mass-storage-gadget/sign.sh secure-boot-example/sign.sh && cmp mass-storage-gadget/reset.sh secure-boot-example/reset.sh'
if [ -e .git ]; then
	is "git has the links with upstream's names and no others" \
		"$(git ls-files -s | sed -n 's/^120000.*	//p' | while read -r link; do echo "$link $(readlink "$link")"; done)" \
		"mass-storage-gadget64 mass-storage-gadget
mass-storage-gadget64-cm3 mass-storage-gadget"
	is "git would ignore what is fetched" "$(awk '$1 == "file" { for (i = 7; i <= NF; i++) print $i }' tools/firmware.manifest |
		grep -v -e '^mass-storage-gadget/2710/' -e '^mass-storage-gadget/boot.img' | while read -r place; do git check-ignore -q "$place" || echo "$place"; done)" ""
else
	skip "the links in git, ignores what is fetched" "not a git checkout"
fi
tap_end
