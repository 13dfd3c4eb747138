#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make-pi4-rpiboot-gpio-sd: the card's bytes, and that nothing is made without consent.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/cli/inputs.sh
. tests/cli/inputs.sh
PATH=$PATH:/usr/sbin:/sbin
tool=$SRC/tools/make-pi4-rpiboot-gpio-sd
export MTOOLSRC=/dev/null MTOOLS_SKIP_CHECK=1
unset SOURCE_DATE_EPOCH
mkdir "$T/w d"
cd "$T/w d" || exit 1
{
	head -c 100000 /dev/urandom
	echo erase_eeprom
} >"recovery 1.bin"
head -c 1000 /dev/urandom >ordinary.bin

run "$tool" --help
is "help: status" "$status" 0
usage_case "no arguments" "$tool"
usage_case "no consent" "$tool" 7 "recovery 1.bin"
usage_case "GPIO 3" "$tool" --irreversible 3 "recovery 1.bin"
usage_case "GPIO 07" "$tool" --irreversible 07 "recovery 1.bin"
usage_case "empty -o" "$tool" --irreversible -o '' 7
is "help: at most 80 columns" "$("$tool" --help | awk 'length($0) > 80')" ''
run "$tool" 7
is "no consent: the message names the option" "$(printf '%s\n' "$err" | grep -c -e --irreversible)" 1
mkdir -p tree/tools/lib
cp "$tool" tree/tools/ && cp "$SRC/tools/lib/tool.sh" tree/tools/lib/
run tree/tools/make-pi4-rpiboot-gpio-sd --irreversible 7
is "no recovery.bin anywhere: status, message" "$status $err" \
	"1 ERROR: no recovery.bin: give its path, or run rpi-fetch-firmware --only recovery"
usage_case "too many arguments" "$tool" --irreversible 7 "recovery 1.bin" more
usage_case "unknown option" "$tool" --irreversible -x 7 "recovery 1.bin"
run "$tool" --irreversible 7 none.bin
is "recovery.bin absent: status 1" "$status" 1
run "$tool" --irreversible 7 ordinary.bin
is "an ordinary second stage is refused" "$status" 1
ok "nothing was made" test ! -e images-2711

for program in sfdisk mkfs.fat mcopy zip unzip; do
	command -v "$program" >/dev/null && continue
	skip_all "making cards" "$program is missing"
done

run "$tool" --irreversible 7 "recovery 1.bin"
is "make: status, line" "$status $out" "0 Created images-2711/pi4-program-rpiboot-gpio7.zip"
is "the archive holds one file" "$(unzip -Z1 images-2711/pi4-program-rpiboot-gpio7.zip)" pi4-program-rpiboot-gpio7.img
unzip -q images-2711/pi4-program-rpiboot-gpio7.zip
card=pi4-program-rpiboot-gpio7.img
is "size" "$(wc -c <$card)" 270532608
is "disk id" "$(od -An -tx1 -j 440 -N 4 $card | tr -d ' ')" c55a7b0a
is "partition entry" "$(od -An -tx1 -j 446 -N 16 $card | tr -d ' ')" 002021000cc222200008000000000800
is "one partition only, 55aa" "$(od -An -v -tx1 -j 462 -N 50 $card | tr -d ' \n' | sed 's/^0*//')" 55aa
dd if=$card of=volume bs=1048576 skip=1 2>/dev/null
ok "fsck finds nothing" fsck.fat -n volume
is "clusters" "$(fsck.fat -n volume | sed -n 's|.*/\([0-9]*\) clusters|\1|p')" 516190
is "files" "$(mdir -b -i volume :: | tr '\n' ' ')" "::/recovery.bin ::/config.txt "
mcopy -n -i volume ::recovery.bin ::config.txt .
ok "recovery.bin verbatim" cmp recovery.bin "recovery 1.bin"
is "config.txt" "$(cat config.txt)/$(wc -c <config.txt)" "uart_2ndstage=1
recovery_wait=1
program_rpiboot_gpio=7/55"
rm -f "$card" volume

run env TZ=Asia/Tokyo POSIXLY_CORRECT=1 "$tool" -o "again one.zip" --irreversible 7 "recovery 1.bin"
ok "two runs are equal" cmp "again one.zip" images-2711/pi4-program-rpiboot-gpio7.zip
mkdir tree/recovery
cp -p "recovery 1.bin" tree/recovery/bootcode4.bin
ln -s tree/card.zip link.zip
run tree/tools/make-pi4-rpiboot-gpio-sd -o link.zip --irreversible 7
is "recovery/bootcode4.bin of its own tree, through a dangling link" "$status $(readlink link.zip) $(sum tree/card.zip)" \
	"0 tree/card.zip $(sum "again one.zip")"
before=$(sum "recovery 1.bin")
run "$tool" -o "./recovery 1.bin" --irreversible 7 "recovery 1.bin"
is "the output is the recovery program: status, the file" "$status $(sum "recovery 1.bin")" "2 $before"
run "$tool" -o none/x.zip --irreversible 7 "recovery 1.bin"
is "output directory absent: status 1" "$status" 1
is "no scratch directory stays" "$(find . -name '.make*' | wc -l)" 0
tap_end
