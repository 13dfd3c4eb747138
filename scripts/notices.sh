#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints what has to go along with programs that contain other people's libraries: which versions they contain, where the
# sources are, how to link with another libusb (LGPL 2.1), and the licences.
#   scripts/notices.sh LIBRARY...     libusb, zstd, openssl, xz, zlib, bzip2 (packaging/sources), musl (Debian's musl-dev)
# The archives are those that scripts/deps.sh brought.
set -eu
cd "$(dirname "$0")/.."
cache=build/deps/sources

die() {
	echo "notices.sh: $*" >&2
	exit 1
}

# licence NAME: the text, from the archive of its sources
licence() {
	if [ "$1" = musl ]; then
		cat build/deps/x86_64-linux-musl/musl/copyright
		return
	fi
	case $1 in
	libusb) file=COPYING ;;
	zstd) file=LICENSE ;;
	openssl) file=LICENSE.txt ;;
	xz) file=COPYING ;;
	zlib) file=README ;;
	bzip2) file=LICENSE ;;
	*) die "unknown library: $1" ;;
	esac
	archive=$cache/$(basename "$(awk -v name="$1" '$1 == name { print $4 }' packaging/sources)")
	[ -f "$archive" ] || die "$archive is not there: make static or make windows brings it"
	tar -xOf "$archive" --wildcards --no-wildcards-match-slash "*/$file" || die "$archive has no $file"
}

cat <<END
rpiboot $(cut -d ' ' -f 1 VERSION), Apache License 2.0, contains these libraries, linked statically:

END
for name; do
	case $name in
	musl) echo "musl $(cat build/deps/x86_64-linux-musl/musl/version), Debian's package musl-dev" ;;
	*) awk -v name="$name" '$1 == name { print name " " $2 ", " $4 " on Debian'\''s mirrors, sha256 " $5 }' packaging/sources ;;
	esac
done
cat <<'END'

libusb is under the GNU Lesser General Public License 2.1, which gives you the right to change it and to link this program
with your version. Its source code is published beside this program. What else is needed is in rpiboot's source archive:
put the sha256 of your libusb archive into the line of libusb in packaging/sources, and run, with LIBUSB_SRC=ARCHIVE
    make static      (Linux; docs/releasing.md)
    make windows     (Windows; docs/windows.md)
END
for name; do
	printf '\n%s\n%s\n\n' "--- $name" "$(printf '%076d' 0 | tr 0 -)"
	licence "$name"
done
