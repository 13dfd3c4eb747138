#!/bin/sh
# rpiboot on a real kernel and a real xHCI controller: every chip, every end.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; answer sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/guest.sh"

why=$(why_not)
if [ "$why" ]; then
	skip 'boards on a virtual machine' "$why"
	tap_end
	exit
fi
for kind in msd gadget gadget-2710 recovery recovery5; do
	tests/virtual/mkfolder.sh $kind "$T/root/$kind"
done
guest_start

ends 0 'CM1 boots' msd cm1-msd.board
is 'CM1: its end' "$(printf '%s\n' "$out" | grep -c '^Second stage boot server done')" 1
ends 0 'CM3, two interfaces, boots' gadget-2710 cm3-gadget.board
ends 0 'CM4 boots' gadget cm4-gadget.board
tap_end
