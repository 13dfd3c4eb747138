#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The shipped rpiboot on Debian's kernel, udev and an xHCI controller boots every chip.
# shellcheck disable=SC1091,SC2154 # tap.sh and guest.sh are found at run time and set status, out and err
set -u
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/guest.sh"

why=$(why_not)
if [ "$why" ]; then
	skip_all 'boards on a virtual machine' "$why"
fi
for kind in msd gadget gadget-2710 recovery recovery5; do
	tests/virtual/mkfolder.sh $kind "$T/root/$kind"
done
guest_start

ends 0 'CM1, msd' msd cm1-msd.board
is 'CM1: its end' "$(printf '%s\n' "$out" | tail -n 2 | head -n 1)" 'Second stage boot server done'
ends 0 'Zero, msd' msd zero-msd.board
ends 0 'CM3, msd, two interfaces' msd cm3-msd.board
ends 0 'CM3, gadget' gadget-2710 cm3-gadget.board
# The ROM of BCM2711 tells of 55 bytes of configuration and has 32: the kernel complains and goes on.
ends 0 'CM4, gadget, a short descriptor' gadget 'cm4-gadget.board;config-length 55'
has 'CM4: its files' 'File read: memsys08.bin'
ends 0 'CM4, recovery' recovery cm4-recovery.board -j /tmp
has 'CM4: metadata' 'Created metadata file: /tmp/10000000b29d2da0.json'
guest 10 cat /tmp/10000000b29d2da0.json
has 'CM4: the metadata file' '"EEPROM_UPDATE": "success"'
ends 0 'CM5, gadget' gadget cm5-gadget.board
ends 0 'CM5, recovery' recovery5 cm5-recovery.board
has 'CM5: metadata' '"FACTORY_UUID": "001000911006186073"'

plug_in gadget 'cm4-gadget.board;serial 1001' 'cm5-gadget.board;serial 1002' 'cm4-gadget.board;serial 1003' \
	'cm5-gadget.board;serial 1004'
send 100 'exec rpiboot -d /gadget -n 4'
finish 0 'four boards at once'
is 'four boards: each says so' "$(printf '%s\n' "$out" | grep -c '^\[1-[1-4]\] Second stage boot server done$')" 4
tap_end
