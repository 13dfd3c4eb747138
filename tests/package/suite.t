#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# README's commands and the tests of `make check` on a Debian release of its own: SUITE=trixie (Debian 13, Raspberry Pi OS)
# or another, in a chroot (tests/package/chroot.sh). It is built with that release's compiler and libraries.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
: "${SUITE:=trixie}"
# shellcheck source=tests/package/chroot.sh
. "$SRC/tests/package/chroot.sh"
tree=/root/suite-test

step() { # NAME [OPTION-OF-UNSHARE...] -- COMMAND
	name=$1
	shift
	run inside "$@"
	is "$name" "$status$([ "$status" = 0 ] || tail -n 40 "$T/run.out" "$T/run.err")" 0
}

chroot_start
chroot_install "$(sed -n 's/^sudo apt-get install //p' README.md | head -n 1)"
rm -rf "$CHROOT$tree"
chroot_sources "$tree"
step 'make, after the packages that README names' --net -- "cd $tree && make WERROR=-Werror && ./rpiboot --version && ./rpiboot --help"
step 'scripts/setup.sh finds the packages of the tests' -- "cd $tree && sh scripts/setup.sh check"
step 'scripts/demo.sh boots a virtual board' --net -- "cd $tree && sh scripts/demo.sh"
step 'make check' --net -- "cd $tree && make -j2 check"
sed -n 's/^/# /p' "$T/run.out" | tail -n 1
rm -rf "$CHROOT$tree"
tap_end
