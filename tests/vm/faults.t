#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What goes wrong with boards, as a real kernel tells rpiboot: stalls, NAKs, boards that leave.
# shellcheck disable=SC1091,SC2154 # tap.sh and guest.sh are found at run time and set status, out and err
set -u
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/guest.sh"

why=$(why_not)
if [ "$why" ]; then
	skip_all 'faults on a virtual machine' "$why"
fi
for kind in msd gadget; do
	tests/virtual/mkfolder.sh $kind "$T/root/$kind"
done
guest_start

at='at data boot.img offset 100000'
ends 0 'a stalled transfer goes on' gadget "cm4-gadget.board;fault stall $at"
ends 2 'a transfer that stalls for ever' gadget "cm4-gadget.board;fault stall $at times 1000"
ends 0 'a NAK of a while is waited for' gadget "cm4-gadget.board;fault nak $at for 700"
ends 0 'a stalled announcement is repeated' gadget 'cm4-gadget.board;fault stall at announce'
ends 0 'the status can be lost' gadget 'cm4-gadget.board;status-lost'
ends 0 'a ROM index after the second stage' gadget 'cm4-gadget.board;same-index-again 1'
ends 0 'a board whose file server runs already' gadget 'cm4-gadget.board;skips-rom'
ends 2 'a second stage refused three times' gadget 'cm4-gadget.board;status 5'
ends 3 'a board that leaves in mid-file' gadget "cm4-gadget.board;fault disconnect $at"
ends 0 'a board that leaves in its second stage and comes back' gadget \
	'cm4-gadget.board;fault disconnect at secondstage offset 1000;replug-after 300'
ends 4 'a board that never comes back' gadget 'cm4-gadget.board;never-returns' --next-timeout 2
ends 5 'no board' msd 'cm4-msd.board;arrive 60000' -t 1

# The port itself goes, not the board.
plug_in gadget "cm4-gadget.board;fault nak $at"
send 100 'exec rpiboot -d /gadget'
within 60 told '1-1 data boot.img'
unplug
finish 3 'a cable pulled in mid-file'
tap_end
