#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rpiboot.inf: its ids are those of the udev rule and of the gadget, both architectures have the same, every section and
# string that is named exists, and nothing else is done to the system than binding WinUSB.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
inf=win32/rpiboot.inf
section() { # NAME: its lines without comments
	tr -d '\r' <$inf | awk -v name="[$1]" '/^\[/ { inside = $0 == name; next } inside && !/^;/ && NF'
}
ids() { section "$1" | sed -n 's/.*, *\(USB\\.*\)/\1/p' | sort; }

is 'boot ROMs: the ids of the udev rule without the gadget, which the next line names' "$(ids Boards.NTamd64 | sed -n 's/^USB\\VID_0A5C&PID_\(....\)$/\1/p' | tr '\n' ' ')" \
	"$(sed -n 's/.*ATTR{idProduct}=="\([^"]*\)".*/\1/p' udev/70-rpiboot.rules | tr '|' '\n' | grep -v '^0104$' | sort | tr '\n' ' ')"
is 'the flash interface by its class ff, 52, 01 as a compatible id' \
	"$(section Boards.NTamd64 | grep -c '^%Flash% *= Board, , USB\\Class_FF&SubClass_52&Prot_01$')" 1
is 'arm64 has the same' "$(section Boards.NTarm64)" "$(section Boards.NTamd64)"
for name in $(section Manufacturer | sed 's/.*= *//; s/,/ /g' | awk '{ for (i = 2; i <= NF; i++) print $1 "." $i }') \
	$(section Boards.NTamd64 | sed 's/.*= *\([^,]*\),.*/\1.NT/' | sort -u) $(section Board.NT.HW | sed -n 's/^AddReg *= *//p'); do
	ok "section $name is there" test -n "$(section "$name")"
done
for name in $(tr -d '\r' <$inf | grep -v '^;' | grep -o '%[A-Za-z0-9]*%' | sort -u | tr -d %); do
	is "string $name is there once" "$(section Strings | grep -c "^$name ")" 1
done
is 'only WinUSB is bound' "$(section Board.NT.Services | tr -d ' ' | tr '\n' ' ')" 'Include=winusb.inf Needs=WINUSB.NT.Services '
is 'no file is copied, no service is added' "$(tr -d '\r' <$inf | grep -v '^;' | grep -icE '^(CopyFiles|AddService|CoInstallers)')" 0
is 'the interface has the GUID that the installer looks for' "$(section Board.Interface | grep -o '{[^}]*}')" \
	"$(sed -n 's/^!define GUID "\([^"]*\)".*/\1/p' win32/rpiboot.nsi)"
tap_end
