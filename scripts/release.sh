#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds what is published, from the last commit, into a directory; docs/releasing.md describes the files.
#   scripts/release.sh DIRECTORY [PART...]     parts: source static deb windows homebrew; all without any
# Environment: SOURCE_DATE_EPOCH (the last commit's), RELEASE_URL: where the files will be, for the formula;
#              DEB_ARCHS (amd64 arm64 armhf); CATALOG=FILE: the signed catalogue of rpiboot.inf
set -eu
cd "$(dirname "$0")/.."
umask 022
export LC_ALL=C TZ=UTC
version=$(cut -d ' ' -f 1 VERSION)

die() {
	echo "release.sh: $*" >&2
	exit 1
}

[ $# -gt 0 ] || die 'usage: scripts/release.sh DIRECTORY [PART...]'
[ -e .git ] || die 'this is no git checkout: a release is built from a commit'
git diff --quiet HEAD -- || die 'there are changes that are not committed'
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- source static deb windows homebrew
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH
archive=$out/rpiboot-$version.tar.gz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The commit's files, without git's attributes of the machine; gzip without name and time
build_source() {
	git archive --format=tar --prefix="rpiboot-$version/" HEAD | gzip -9n >"$archive.new"
	mv "$archive.new" "$archive"
}

build_static() {
	make -s static
	for pair in x86_64:x86_64-linux-musl arm64:aarch64-linux-musl armhf:arm-linux-musleabihf; do
		cp "build/static/${pair#*:}/rpiboot" "$out/rpiboot-$version-linux-${pair%%:*}"
	done
	scripts/notices.sh libusb zstd musl >"$out/rpiboot-$version-linux-licences.txt"
	libusb_source
}

# The LGPL wants it to be where the programs are.
libusb_source() {
	path=$(awk '$1 == "libusb" { print $4 }' packaging/sources)
	cp "build/deps/sources/${path##*/}" "$out/"
}

# The packages of one architecture, from the source archive. Only this machine's own runs the tests.
deb_one() {
	dir=$work/$1
	mkdir "$dir"
	tar -xzf "$archive" -C "$dir"
	options='-us -uc -b'
	[ "$1" = "$(dpkg --print-architecture)" ] || options="-us -uc -B -a$1 -Pcross,nocheck"
	# shellcheck disable=SC2086 # words
	(cd "$dir/rpiboot-$version" && dpkg-buildpackage $options) >"$work/log" 2>&1 || {
		tail -n 30 "$work/log" >&2
		die "dpkg-buildpackage for $1 failed (sh scripts/setup.sh release brings what it needs)"
	}
	rm -f "$dir"/rpiboot-dbgsym_*
	mv "$dir"/*.deb "$out/"
}

build_deb() {
	[ -f "$archive" ] || build_source
	for arch in ${DEB_ARCHS:-amd64 arm64 armhf}; do
		deb_one "$arch"
	done
}

build_windows() {
	make -s windows
	from=build/windows/x86_64-w64-mingw32
	cp "$from/rpiboot-setup.exe" "$out/rpiboot-$version-setup-x64.exe"
	cp "$from/rpiboot-$version-windows.zip" "$out/rpiboot-$version-windows-x64.zip"
	libusb_source
}

build_homebrew() {
	[ -f "$archive" ] || build_source
	sum=$(sha256sum <"$archive" | cut -d ' ' -f 1)
	sed "s|^  url .*|  url \"${RELEASE_URL:-https://example.org/rpiboot}/rpiboot-$version.tar.gz\"|; s|^  sha256 .*|  sha256 \"$sum\"|" \
		packaging/homebrew/rpiboot.rb >"$out/rpiboot.rb"
}

for part; do
	case $part in
	source | static | deb | windows | homebrew)
		echo "== $part"
		"build_$part"
		;;
	*) die "no such part: $part" ;;
	esac
done
scripts/spdx.sh >"$work/spdx"
mv "$work/spdx" "$out/rpiboot-$version.spdx.json"
(cd "$out" && find . -type f ! -name 'SHA256SUMS*' | sed 's|^\./||' | sort | xargs sha256sum) >"$work/sums"
mv "$work/sums" "$out/SHA256SUMS"
echo "$out"
cat "$out/SHA256SUMS"
