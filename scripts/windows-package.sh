#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts the Windows programs, boot directories without firmware, documents and the driver into one directory, and makes the
# installer and the archive without installer from it. `make windows` calls it.
#   scripts/windows-package.sh DIRECTORY      with rpiboot.exe, rpi-decode.exe, rpi-eeprom.exe, setup-helper.exe; the results go there too
# Environment: SOURCE_DATE_EPOCH (of all files), CATALOG=FILE: the signed catalogue of rpiboot.inf
set -eu
cd "$(dirname "$0")/.."
umask 022
export LC_ALL=C TZ=UTC
out=$1
stage=$out/stage
version=$(cut -d' ' -f1 VERSION)
driver_date=$(sed 's|.* \(....\)/\(..\)/\(..\).*|\2/\3/\1|' VERSION) # as Windows wants it: month/day/year
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || echo 1704067200)}"
export SOURCE_DATE_EPOCH

die() {
	echo "windows-package.sh: $*" >&2
	exit 1
}

# crlf SOURCE TARGET: a text for Notepad and cmd
crlf() {
	mkdir -p "$(dirname "$stage/$2")"
	sed 's/\r*$/\r/' "$1" >"$stage/$2"
}

plain() {
	mkdir -p "$(dirname "$stage/$2")"
	cp "$1" "$stage/$2"
}

programs() {
	for name in rpiboot rpi-decode rpi-eeprom setup-helper; do
		[ -f "$out/$name.exe" ] || die "$out/$name.exe is not there: make windows builds it"
		plain "$out/$name.exe" "$name.exe"
	done
}

# Known names only: firmware and keys may lie in these directories, and neither is ours to pass on.
boot_directories() {
	for config in */config.txt msd/README.md; do
		directory=${config%/*}
		for name in README.md config.txt boot.conf; do
			[ ! -f "$directory/$name" ] || plain "$directory/$name" "$directory/$name"
		done
	done
}

texts() {
	crlf win32/README.txt README.txt
	crlf LICENSE LICENSE.txt
	for file in docs/*.md; do
		plain "$file" "docs/${file##*/}"
	done
	scripts/notices.sh libusb openssl zstd xz zlib bzip2 >"$out/licences.txt"
	crlf "$out/licences.txt" docs/licences.txt
}

driver() {
	sed "s|^DriverVer .*|DriverVer   = $driver_date,$version.0|" win32/rpiboot.inf >"$out/rpiboot.inf"
	crlf "$out/rpiboot.inf" driver/rpiboot.inf
	crlf win32/DRIVER.txt driver/README.txt
	crlf win32/trust.cmd driver/trust.cmd
	[ -z "${CATALOG-}" ] || plain "$CATALOG" driver/rpiboot.cat
}

# The uninstaller removes exactly what is in the stage: files first, then directories, the deepest first.
# shellcheck disable=SC2016 # NSIS expands it
removal_list() {
	(cd "$stage" && find . -type f | sort | sed 's|^\./||; s|/|\\|g; s|.*|  Delete "$INSTDIR\\&"|')
	(cd "$stage" && find . -mindepth 1 -type d | sort -r | sed 's|^\./||; s|/|\\|g; s|.*|  RMDir "$INSTDIR\\&"|')
}

rm -rf "$stage"
mkdir -p "$stage"
programs
boot_directories
texts
driver
chmod -R u=rwX,go=rX "$stage"
find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
removal_list >"$out/removal.nsh"

archive=$(cd "$out" && pwd)/rpiboot-$version-windows.zip
rm -f "$archive"
(cd "$stage" && find . -type f ! -name setup-helper.exe | sort | sed 's|^\./||' | zip -q -X "$archive" -@)

command -v makensis >/dev/null || die "no makensis (Debian: sh scripts/setup.sh windows)"
makensis -V2 -NOCD "-DVERSION=$version" "-DVERSION_NUMBERS=$version.0" "-DSTAGE=$(cd "$stage" && pwd)" \
	"-DLIST=$(cd "$out" && pwd)/removal.nsh" "-DOUT=$(cd "$out" && pwd)/rpiboot-setup.exe" win32/rpiboot.nsi
