#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The manual pages of the shell tools: they render without complaint and know the same options as --help.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
PATH=$PATH:$OUT/tools
for tool in update-pieeprom.sh rpi-make-boot-image make-pi4-rpiboot-gpio-sd rpi-sign-boot-folder rpi-fetch-firmware; do
	page=docs/man/${tool%.sh}.1
	ok "$tool has a page" test -s "$page"
	"tools/$tool" --help | sed 's|"[^"]*"||g' | grep -o -E -e '(^| )-(-[a-z]+(-[a-z]+)*|[a-zA-Z])( |,|$)' | tr -d ' ,' | sed 's/^-//' | sort -u >"$T/help"
	grep -o -E -e 'Fl (-[a-z]+(-[a-z]+)*|[a-zA-Z]+)' -e ' , Fl -help' "$page" | sed 's/.*Fl //' | sed '/^fr$/d' | sort -u >"$T/page"
	is "$tool: same options" "$(cat "$T/page")" "$(cat "$T/help")"
done
if command -v groff >/dev/null; then
	for page in docs/man/*.[17]; do
		is "$page renders without complaint" "$(groff -mandoc -ww -z -Tutf8 "$page" 2>&1)" ""
	done
else
	skip "rendering" "groff is missing"
fi
tap_end
