#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what a job needs on Debian (or a relative of it), as root. Nothing is done when all of it is there.
#   scripts/setup.sh build|check|demo|foreign|gadget|release|test|windows
set -eu

build='gcc make pkg-config libc6-dev libusb-1.0-0-dev libssl-dev libzstd-dev'
demo="$build umockdev libumockdev-dev openssl"
gadget='gcc libc6-dev make gcc-aarch64-linux-gnu libc6-dev-arm64-cross flex bison bc xz-utils cpio zstd kmod device-tree-compiler
	dosfstools mtools qemu-system-arm'
foreign="$demo jq gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf gcc-s390x-linux-gnu qemu-user-static"
machine='qemu-system-x86 libusbredirparser-dev busybox-static cpio kmod udev xz-utils'
mingw='gcc make perl pkg-config git bzip2 xz-utils zip gcc-mingw-w64-x86-64 nsis'
windows="$mingw wine64 openssl zstd"
check="$demo git jq tmux mtools dosfstools fdisk zip unzip bzip2 xz-utils zstd cpio kmod binutils python3-minimal mandoc groff-base
	zsh systemd softhsm2 opensc libengine-pkcs11-openssl device-tree-compiler"
release="$build $mingw openssl zstd debhelper qemu-user-static crossbuild-essential-arm64 crossbuild-essential-armhf"
for arch in arm64 armhf; do
	release="$release pkgconf:$arch libusb-1.0-0-dev:$arch libssl-dev:$arch libzstd-dev:$arch"
done
test="$check $gadget $machine $windows clang clang-format clang-tidy cppcheck shellcheck libclang-rt-dev llvm debootstrap iproute2
	prometheus mosquitto mosquitto-clients ansible-core ansible-lint"

case ${1-} in
build) packages=$build ;;
check) packages=$check ;;
demo) packages=$demo ;;
foreign) packages=$foreign ;;
gadget) packages=$gadget ;;
release) packages=$release ;;
test) packages=$test ;;
windows) packages=$windows ;;
*)
	echo "usage: scripts/setup.sh build|check|demo|foreign|gadget|release|test|windows" >&2
	exit 2
	;;
esac

missing=
for p in $packages; do
	dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null | grep -q '^ii' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null || {
	echo "setup.sh: this system has no apt-get; install by hand what corresponds to:$missing" >&2
	exit 1
}
[ "$(id -u)" = 0 ] || {
	echo "setup.sh: not root; run: apt-get install$missing" >&2
	exit 1
}
echo "Installing:$missing"
added=
[ "$1" != release ] || for arch in arm64 armhf; do
	! dpkg --print-foreign-architectures | grep -qx "$arch" || continue
	dpkg --add-architecture "$arch"
	added="$added $arch"
done
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list
if ! { apt-get update && apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=600 $missing; } >"$log" 2>&1; then
	cat "$log" >&2
	# An architecture whose index cannot be read would make every later apt-get update fail.
	for arch in $added; do dpkg --remove-architecture "$arch" || true; done
	echo "setup.sh: apt-get could not install:$missing" >&2
	exit 1
fi
