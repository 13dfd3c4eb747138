#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The static program (make static) on a real kernel: it finds boards by netlink and sysfs, without libudev.
# shellcheck disable=SC1091,SC2154 # tap.sh and guest.sh are found at run time and set status, out and err
set -u
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/guest.sh"

static=build/static/x86_64-linux-musl/rpiboot
why=$(why_not)
[ "$why" ] || [ -x "$static" ] || why='make static was not run here'
if [ "$why" ]; then
	skip_all 'the static program on a virtual machine' "$why"
fi
tests/virtual/mkfolder.sh gadget "$T/root/gadget"
cp "$static" "$T/root/static-rpiboot"
guest_start

plug_in gadget cm4-gadget.board
send 100 'exec /static-rpiboot -d /gadget'
finish 0 'a board that was there boots'
send 100 'exec /static-rpiboot -n 2 -d /gadget'
plug_in gadget 'cm4-gadget.board;serial 1001' 'cm5-gadget.board;serial 1002'
finish 0 'two boards that come while it starts boot'
tap_end
