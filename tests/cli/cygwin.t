#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The C library functions that rpiboot and the tools call are among those that Cygwin's DLL exports
# (tests/windows/cygwin.symbols). glibc's own names for them are translated.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
sed '/^#/d' tests/windows/cygwin.symbols | tr ' ' '\n' | sort -u >"$T/exported"
: "${CC:=cc}"

# called FILE...: the functions of the C library, without versions, with the names that POSIX gives them
called() {
	nm -D --undefined-only "$@" | sed -n 's/^ *U \([^@]*\)@.*GLIBC.*/\1/p' | sed -E '
		s/^__isoc[0-9]+_//
		s/^__([a-z]+)_chk$/\1/
		s/^__(open|openat)(64)?_2$/\1/
		s/^(f?open|f?stat|lstat|readdir|mkstemp|pread|pwrite|fcntl|lseek|fseeko|ftello|ftruncate|truncate|f?statvfs|posix_fadvise|fallocate)64$/\1/
		s/^__errno_location$/__errno/
		s/^__sysv_signal$/signal/
		s/^__xpg_(strerror_r)$/\1/' | sort -u
}

# What belongs to glibc, the compiler or the linker itself: each system has its own.
own='__ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc __cxa_finalize __libc_start_main fdelt gnu_get_libc_version'
echo "$own" | tr ' ' '\n' | sort >"$T/own"

set -- "$OUT/rpiboot"
for tool in rpi-eeprom-config rpi-eeprom-digest rpi-sign-bootcode rpi-bootloader-key-convert; do
	[ ! -x "$OUT/tools/$tool" ] || set -- "$@" "$OUT/tools/$tool"
done
if nm "$1" | grep -q -E '__(asan|tsan|llvm_profile)_'; then
	skip 'the functions that are called' 'this build has functions of its compiler in it'
else
	is 'rpiboot and the tools call what Cygwin has, but for waitid' \
		"$(called "$@" | comm -23 - "$T/exported" | comm -23 - "$T/own")" waitid
fi
# shellcheck disable=SC2016 # the inner shell expands it
ok 'which is not called when it is built there' \
	sh -c '$1 -D__CYGWIN__ -std=c11 -D_POSIX_C_SOURCE=200809L -Isrc -c -o "$2/child.o" src/platform/plat_posix_child.c && ! nm "$2/child.o" | grep -q waitid' \
	sh "$CC" "$T"
tap_end
