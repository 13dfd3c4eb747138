#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The shipped rpiboot, its real libusb, every kind of board: exit status, the exact console lines, and what the board
# thinks of it (the judge makes the exit status 99 if it is not content).
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"

vb=$BUILD/tests/virtual-board boards=$SRC/tests/virtual/boards
if ! [ -x "$vb" ]; then
	skip_all 'rpiboot and virtual boards' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi

for kind in msd gadget gadget-2710 recovery recovery5; do
	tests/virtual/mkfolder.sh $kind "$T/$kind"
done

# boot FOLDER BOARD [OPTION...]: $status, $out (lines from the first "Waiting for" on, times and $T cut out), $err
boot() {
	folder=$1 line=$2
	shift 2
	run "$vb" --quiet --limit 600 --folder "$T/$folder" "$boards/$line" -- "$OUT/rpiboot" -d "$T/$folder" "$@"
	out=$(printf '%s\n' "$out" | sed -n "/^Waiting for/,\$ { s|$T/||; s/, in [0-9.]* s\$//; p; }")
}

# check NAME: boot has gone well and printed what stands in $T/want
check() {
	is "$1: status" "$status $err" '0 '
	is "$1: lines" "$out" "$(cat "$T/want")"
}

# stages [LINE]: what every boot begins with, LINE being that of the second stage's file
stages() {
	printf '%s\n' 'Waiting for BCM2835/6/7/2711/2712...' '' "$@" 'Successful read 4 bytes ' \
		'Waiting for BCM2835/6/7/2711/2712...' '' 'Second stage boot server'
}

boot msd cm1-msd.board
{ stages 'Sending bootcode.bin' 'Loading: msd/bootcode.bin'; cat <<'END'; } >"$T/want"
Cannot open file config.txt
Cannot open file recovery.elf (optional)
Cannot open file dt-blob.bin (optional)
Loading: msd/start.elf
File read: start.elf
Cannot open file fixup.dat (optional)
Second stage boot server done
Served 1 file, 300000 bytes
END
check 'CM1, msd'

boot msd zero-msd.board
{ stages 'Sending bootcode.bin' 'Loading: msd/bootcode.bin'; cat <<'END'; } >"$T/want"
Cannot open file autoboot.txt (optional)
Cannot open file config.txt
Cannot open file recovery.elf (optional)
Loading: msd/start.elf
File read: start.elf
Cannot open file fixup.dat (optional)
Second stage boot server done
Served 1 file, 300000 bytes
END
check 'Zero, msd'

boot msd cm3-msd.board
{ stages 'Sending bootcode.bin' 'Loading: msd/bootcode.bin'; cat <<'END'; } >"$T/want"
Cannot open file config.txt
Cannot open file recovery.elf (optional)
Cannot open file dt-blob.bin (optional)
Loading: msd/start.elf
File read: start.elf
Cannot open file fixup.dat (optional)
Second stage boot server done
Served 1 file, 300000 bytes
END
check 'CM3, msd, two interfaces'

boot msd cm4-msd.board
{ stages 'Sending bootcode.bin' 'Loading: msd/bootcode4.bin'; cat <<'END'; } >"$T/want"
Cannot open file config.txt
Cannot open file pieeprom.sig
Loading: msd/start4.elf
File read: start4.elf
Cannot open file fixup4.dat (optional)
Second stage boot server done
Served 1 file, 300000 bytes
END
check 'CM4, msd'

boot gadget-2710 cm3-gadget.board
{ stages 'Sending bootcode.bin' 'Loading: gadget-2710/2710/bootcode.bin'; cat <<'END'; } >"$T/want"
Cannot open file autoboot.txt (optional)
Loading: gadget-2710/config.txt
File read: config.txt
Cannot open file recovery.elf (optional)
Loading: gadget-2710/2710/start.elf
File read: start.elf
Loading: gadget-2710/2710/fixup.dat
File read: fixup.dat
File read: config.txt
Loading: gadget-2710/boot.img
File read: boot.img
Cannot open file boot.sig (optional)
Second stage boot server done
Served 5 files, 367072 bytes
END
check 'CM3, gadget'

boot gadget-2710 zero2w-gadget.board
{ stages 'Sending bootcode.bin' 'Loading: gadget-2710/2710/bootcode.bin'; cat <<'END'; } >"$T/want"
Loading: gadget-2710/config.txt
File read: config.txt
Loading: gadget-2710/2710/start.elf
File read: start.elf
Loading: gadget-2710/2710/fixup.dat
File read: fixup.dat
File read: config.txt
Loading: gadget-2710/boot.img
File read: boot.img
Cannot open file boot.sig (optional)
Second stage boot server done
Served 5 files, 367072 bytes
END
check 'Zero 2 W, gadget'

boot gadget cm4-gadget.board
{ stages 'Sending bootcode.bin' 'Using gadget/bootfiles.bin'; cat <<'END'; } >"$T/want"
File read: mcb.bin
File read: memsys00.bin
File read: memsys01.bin
File read: memsys02.bin
File read: memsys03.bin
File read: memsys04.bin
File read: memsys05.bin
File read: memsys06.bin
File read: memsys07.bin
File read: memsys08.bin
File read: bootmain
Loading: gadget/config.txt
File read: config.txt
Cannot open file boot.sig (optional)
Loading: gadget/boot.img
File read: boot.img
Second stage boot server done
Served 13 files, 376900 bytes
END
check 'CM4, gadget'

boot gadget cm5-gadget.board
{ stages 'Sending bootcode.bin' 'Using gadget/bootfiles.bin'; cat <<'END'; } >"$T/want"
File read: mcb.bin
File read: memsys00.bin
File read: memsys01.bin
File read: rp1c0fw1.bin
File read: rp1c0fw2.bin
File read: memsys02.bin
File read: memsys03.bin
File read: bootmain
Loading: gadget/config.txt
File read: config.txt
Loading: gadget/boot.img
File read: boot.img
Cannot open file boot.sig (optional)
Second stage boot server done
Served 10 files, 376636 bytes
END
check 'CM5, gadget'

boot recovery cm4-recovery.board
{ stages 'Sending bootcode.bin' 'Loading: recovery/bootcode4.bin'; cat <<'END'; } >"$T/want"
Loading: recovery/config.txt
File read: config.txt
Loading: recovery/pieeprom.bin
Loading: recovery/pieeprom.sig
File read: pieeprom.sig
File read: pieeprom.bin
{
	"USER_SERIAL_NUM": "b29d2da0",
	"MAC_ADDR": "d8:3a:dd:05:ee:78",
	"EEPROM_UPDATE": "success",
	"CUSTOMER_KEY_HASH": "0000000000000000000000000000000000000000000000000000000000000000",
	"BOOT_ROM": "00000000",
	"USER_BOARDREV": "c03141"
}
Second stage boot server done
Served 3 files, 524405 bytes
END
check 'CM4, recovery'

boot recovery5 cm5-recovery.board
{ stages 'Sending bootcode.bin' 'Loading: recovery5/bootcode5.bin'; cat <<'END'; } >"$T/want"
Loading: recovery5/config.txt
File read: config.txt
Loading: recovery5/pieeprom.bin
Loading: recovery5/pieeprom.sig
File read: pieeprom.sig
File read: pieeprom.bin
{
	"USER_SERIAL_NUM": "4e5f6071",
	"MAC_ADDR": "2c:cf:67:00:11:22",
	"MAC_WIFI_ADDR": "2c:cf:67:00:11:23",
	"MAC_BT_ADDR": "2c:cf:67:00:11:24",
	"EEPROM_UPDATE": "success",
	"BOARD_ATTR": "00000000",
	"FACTORY_UUID": "001000911006186073"
}
Second stage boot server done
Served 3 files, 2097269 bytes
END
check 'CM5, recovery'

# What begins every run, and a file of metadata
run "$vb" --quiet --folder "$T/recovery" "$boards/cm4-recovery.board" -- "$OUT/rpiboot" -d "$T/recovery" -j "$T"
is 'the heading' "$(printf '%s\n' "$out" | sed -n '1,5 s/^\(RPIBOOT: build-date\|Please fit the EMMC_DISABLE . nRPIBOOT jumper\|If the device fails to connect\).*/\1/p; 6q')" \
	"$(printf '%s\n' 'RPIBOOT: build-date' 'Please fit the EMMC_DISABLE / nRPIBOOT jumper' 'If the device fails to connect')"
is 'the metadata file is told' "$(printf '%s\n' "$out" | grep '^Created')" "Created metadata file: $T/b29d2da0.json"
ok 'the metadata file' grep -q '"EEPROM_UPDATE": "success"' "$T/b29d2da0.json"

# ends STATUS NAME FOLDER BOARD [OPTION...]: only the exit status is of interest
ends() {
	wanted=$1 name=$2
	shift 2
	boot "$@"
	is "$name" "$status" "$wanted"
	[ "$status" = "$wanted" ] || printf '%s\n%s\n' "$out" "$err" | sed 's/^/# /'
}

ends 0 'a stalled transfer goes on' gadget 'cm4-gadget.board;fault stall at data boot.img offset 100000'
ends 0 'a NAK of a while is waited for' gadget 'cm4-gadget.board;fault nak at data boot.img offset 100000 for 300'
ends 0 'a short transfer goes on' gadget 'cm4-gadget.board;fault short 512 at data boot.img offset 100000'
ends 0 'a short second stage goes on' gadget 'cm4-gadget.board;fault short 512 at secondstage offset 1000'
ends 0 'a stalled second stage goes on' gadget 'cm4-gadget.board;fault stall at secondstage offset 1000'
ends 0 'a stalled announcement is repeated' gadget 'cm4-gadget.board;fault stall at announce'
ends 0 'a request cut short is read again' gadget 'cm4-gadget.board;fault short 100 at request bootmain'
ends 0 'the status can be lost' gadget 'cm4-gadget.board;status-lost'
ends 0 'a refused second stage is sent again' gadget 'cm4-gadget.board;status 5 1'
ends 2 'a second stage refused three times' gadget 'cm4-gadget.board;status 5'
ends 0 'a ROM index after the second stage' gadget 'cm4-gadget.board;same-index-again 1'
ends 0 'a file server under a ROM index' gadget 'cm4-gadget.board;same-index-again 1;server_index 3'
ends 0 'index 4 is a file server' gadget 'cm4-gadget.board;server_index 4'
ends 0 'a board whose file server runs already' gadget 'cm4-gadget.board;skips-rom'
ends 0 'a board that cannot be opened at once' gadget 'cm4-gadget.board;open-refused-for 300'
ends 0 'a busy board' gadget 'cm4-gadget.board;open-refused-for 300;open-busy'
ends 0 'a late board' gadget 'cm4-gadget.board;arrive 500;back-after 1500'
ends 0 'a driver on the vendor interface' gadget 'cm4-gadget.board;driver cdc_acm'
ends 3 'a cable pulled from a file' gadget 'cm4-gadget.board;fault disconnect at data boot.img offset 100000'
ends 0 'a cable pulled from the second stage, and put back' gadget \
	'cm4-gadget.board;fault disconnect at secondstage offset 1000;replug-after 300'
ends 4 'a board that never comes back' gadget 'cm4-gadget.board;never-returns' --next-timeout 1
ends 4 'a ROM that never leaves' gadget 'cm4-gadget.board;stay-rom' --next-timeout 1
ends 5 'no board' gadget 'cm4-gadget.board;arrive 60000' -t 1
ends 5 'only boards that are not meant' gadget 'cm4-gadget.board;path 1-2;bystander' -t 1 -p 1-1
ends 0 'a board that stays after Done' gadget 'cm4-gadget.board;stay-after-done' -n 1
ends 0 'arrivals that no event reports' gadget 'cm4-gadget.board;unannounced;arrive 300'
ok 'are said to be looked for' grep -q 'does not report arrivals' "$T/run.err"
ends 255 'no device file' gadget 'cm4-gadget.board;no-node'
ok 'is named' grep -q '^/dev/bus/usb/001/[0-9]*: the device file is missing.*-v /dev/bus/usb:/dev/bus/usb' "$T/run.err"
ends 0 'an interface with the number 1 alone' gadget 'cm4-gadget.board;vendor-interface 1'
ends 0 'a transaction error' gadget 'cm4-gadget.board;fault error at data boot.img offset 100000'
ends 255 'no permission' gadget 'cm4-gadget.board;open-refused-for 30000' -t 1

# A fault of the board's: an EEPROM update that was not one
printf '%s\n' 'chip 2711' 'rom_index 3' 'get config.txt' 'get pieeprom.sig' 'get pieeprom.bin' \
	'metadata EEPROM_UPDATE failed' 'done' >"$T/bad.board"
run "$vb" --quiet --folder "$T/recovery" "$T/bad.board" -- "$OUT/rpiboot" -d "$T/recovery"
is 'an update that failed' "$status" 2
sed -i 's/^metadata.*/leave/' "$T/bad.board"
run "$vb" --quiet --folder "$T/recovery" "$T/bad.board" -- "$OUT/rpiboot" -d "$T/recovery"
is 'a recovery that does not end' "$status" 3
printf '%s\n' 'chip 2711' 'rom_index 3' 'get config.txt' 'garbage' 'unknown 9 x' 'nonul' 'get boot.img' 'leave' \
	>"$T/odd.board"
run "$vb" --quiet --folder "$T/gadget" "$T/odd.board" -- "$OUT/rpiboot" -d "$T/gadget"
is 'messages that are none, no Done' "$status" 0

# Two processes, one right after the other, for one board: provisioning tools do so
printf '%s\n' 'chip 2711' 'serial 10000000b29d2da0' 'get config.txt' 'get pieeprom.sig' 'get pieeprom.bin' \
	'metadata EEPROM_UPDATE success' 'done' 'reboot' 'get config.txt' 'get boot.img' 'done' >"$T/twice.board"
for stays in 'linger 0' 'linger 1500' 'linger 4000' stay-after-done; do
	# shellcheck disable=SC2016 # the inner shell expands it
	run "$vb" --quiet "$T/twice.board;$stays" -- sh -c '"$0" -d "$1/recovery" && "$0" -d "$1/gadget"' "$OUT/rpiboot" "$T"
	is "two runs in a row ($stays): status" "$status" 0
	is "two runs in a row ($stays): both served it" "$(grep -c 'Second stage boot server done' "$T/run.out")" 2
done

# With program_pubkey the board must report the key that is in the image
tools=$OUT/tools
cp -r "$T/recovery" "$T/lock"
echo program_pubkey=1 >>"$T/lock/config.txt"
openssl genrsa -out "$T/key.pem" 2048 2>/dev/null
openssl rsa -in "$T/key.pem" -pubout -out "$T/public.pem" 2>/dev/null
printf '[all]\nBOOT_UART=1\n' >"$T/boot.conf"
"$BUILD/tests/mksample" s1 >"$T/image.bin"
"$tools/rpi-eeprom-digest" -i "$T/boot.conf" -o "$T/boot.conf.sig" -k "$T/key.pem"
"$tools/rpi-eeprom-config" --config "$T/boot.conf" --digest "$T/boot.conf.sig" --pubkey "$T/public.pem" \
	--out "$T/lock/pieeprom.bin" "$T/image.bin"
"$tools/rpi-eeprom-digest" -i "$T/lock/pieeprom.bin" -o "$T/lock/pieeprom.sig" -k "$T/key.pem"
"$tools/rpi-bootloader-key-convert" "$T/key.pem" --output "$T/key.raw"
# locked HASH: a board that reports to be locked to this key
locked() {
	printf '%s\n' 'chip 2711' 'get config.txt' 'get pieeprom.sig' 'get pieeprom.bin' 'metadata EEPROM_UPDATE success' \
		"metadata CUSTOMER_KEY_HASH $1" 'done' >"$T/locked.board"
	run "$vb" --quiet "$T/locked.board" -- "$OUT/rpiboot" -d "$T/lock"
}
locked "$(sha256sum "$T/key.raw" | cut -c1-64)"
is 'locked to the key of the image' "$status" 0
locked "$(printf '%064d' 1)"
is 'locked to another key' "$status" 2
ok 'which is said' grep -q 'locked to another key' "$T/run.err"
locked "$(printf '%064d' 0)"
is 'not locked' "$status" 2

# What was booted starts over: there will be no disk
printf '%s\n' 'chip 2712' 'get config.txt' 'get boot.img' 'done' 'reboot' >"$T/over.board"
run "$vb" --quiet "$T/over.board" -- "$OUT/rpiboot" -d "$T/gadget" --wait-disk=50
is 'a board that starts over' "$status" 6
ok 'is said to have' grep -q '(started-over)' "$T/run.err"

# Several boards at once, and an interrupt
set --
for i in 1 2 3 4 5 6 7 8; do
	set -- "$@" "$boards/cm4-gadget.board;path 1-2.$i;serial 1000000$i"
done
run "$vb" --quiet --limit 600 --folder "$T/gadget" "$@" -- "$OUT/rpiboot" -d "$T/gadget" -n 8
is 'eight boards: status' "$status" 0
is 'eight boards: a good run does not say failed' "$(grep -ci failed "$T/run.out")" 0
is 'eight boards: each says so' "$(printf '%s\n' "$out" | grep -c '^\[1-2\.[1-8]\] Second stage boot server done$')" 8
run "$vb" --quiet --signal INT@data:boot.img --folder "$T/gadget" "$boards/cm4-gadget.board;speed 500000" -- \
	"$OUT/rpiboot" -d "$T/gadget"
is 'an interrupt' "$status" 130

tap_end
