#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests need, builds everything and runs all tests; the last line adds them up.
#   scripts/test.sh [STAGE...|all]  without stages: those that every change runs
set -u
cd "$(dirname "$0")/.." || exit 1
sh scripts/setup.sh test || exit 1

TEST_TALLY=$(mktemp) || exit 1
export TEST_TALLY
trap 'rm -f "$TEST_TALLY"' EXIT
jobs=$(nproc)

stage() {
	start=$(date +%s)
	echo "== make $1"
	if make -s -j"$jobs" "$1"; then
		word=passed
		echo "1 0 0" >>"$TEST_TALLY"
	else
		word=FAILED
		echo "0 1 0" >>"$TEST_TALLY"
	fi
	echo "== make $1: $word, $(($(date +%s) - start)) s"
}

# What fuzzes, compiles for other systems, or needs a virtual machine, a kernel of its own, Wine or a chroot, has minutes of its
# own: `all`.
[ $# -gt 0 ] || set -- check check-asan check-tsan lint
[ "$*" != all ] || set -- check check-asan check-tsan lint fuzz-short check-windows check-vm check-gadget check-package
for name; do
	stage "$name"
done
awk '{ p += $1; f += $2; s += $3 }
	END { printf "%d passed, %d failed%s\n", p, f, s ? ", " s " skipped" : ""; exit f > 0 || p == 0 }' "$TEST_TALLY"
