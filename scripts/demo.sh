#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds rpiboot and lets it boot a virtual Compute Module 4 into the mass-storage gadget, through the real libusb. The
# board is played on a mocked usbfs; its firmware files are dummies.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh demo
make -s -j"$(nproc)" rpiboot virtual
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sh tests/virtual/mkfolder.sh gadget "$work/mass-storage-gadget" 33554432
echo "--- rpiboot -d mass-storage-gadget"
build/tests/virtual-board --limit 60 --folder "$work/mass-storage-gadget" --chdir "$work" \
	"$PWD/tests/virtual/boards/cm4-gadget.board" -- "$PWD/rpiboot" -d mass-storage-gadget
