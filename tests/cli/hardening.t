#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The programs as they are built carry what compiler and linker have against attacks.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"

programs='rpiboot tools/rpi-eeprom-config tools/rpi-eeprom-digest tools/rpi-sign-bootcode tools/rpi-bootloader-key-convert'

# Each prints what is missing in the program $1, nothing if all is well.
position_independent() {
	readelf -hdW "$1" >"$T/elf"
	grep -q 'Type: *DYN' "$T/elf" && grep -q 'FLAGS_1.*PIE' "$T/elf" || echo 'not position independent'
}
relocations_read_only() {
	readelf -ldW "$1" >"$T/elf"
	grep -q GNU_RELRO "$T/elf" && grep -qE 'BIND_NOW|FLAGS_1.*NOW' "$T/elf" || echo 'relocations stay writable'
	! grep -q TEXTREL "$T/elf" || echo 'relocations in the code'
}
stack_not_executable() {
	readelf -lW "$1" | grep GNU_STACK | grep -qv 'RWE' || echo 'the stack is executable'
}
stack_protected() {
	readelf -W --dyn-syms "$1" | grep -q '__stack_chk_fail' || echo 'no stack protector'
}
fortified() {
	readelf -W --dyn-syms "$1" | grep -q '_chk@' || echo 'not fortified'
}
no_search_path() {
	! readelf -dW "$1" | grep -E 'RPATH|RUNPATH' || echo 'looks for libraries in a folder of its own'
}

checks='position_independent relocations_read_only stack_not_executable stack_protected fortified no_search_path'

if ! command -v readelf >/dev/null; then
	skip_all 'hardening' 'readelf is not installed (Debian: binutils)'
fi
if [ "$OUT" != "$SRC" ]; then
	skip_all 'hardening' 'a build with flags of its own (sanitizers, coverage)'
fi

for program in $programs; do
	if ! [ -x "$OUT/$program" ]; then
		skip "$program" 'not built'
		continue
	fi
	for check in $checks; do
		is "$program: $check" "$($check "$OUT/$program")" ''
	done
done

# The checks notice a program that has none of it.
cat >"$T/bare.c" <<'C'
#include <stdio.h>
int main(int argc, char **argv) { char to[9]; sprintf(to, "%s", argv[argc - 1]); return to[0]; }
C
if cc -O2 -no-pie -fno-stack-protector -U_FORTIFY_SOURCE -Wl,-z,norelro,-z,lazy,-z,execstack,-rpath,/tmp -w -o "$T/bare" "$T/bare.c"
then
	for check in $checks; do
		is "a bare program: $check" "$([ -n "$($check "$T/bare")" ] && echo noticed)" noticed
	done
else
	skip 'a bare program' 'no compiler'
fi
tap_end
