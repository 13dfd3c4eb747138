#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Cross-builds the static libraries of programs that need no others: libusb, libcrypto, libzstd, liblzma, zlib and libbz2
# for Windows (mingw-w64); libusb without udev and libzstd for Linux, with musl as C library. They are built from Debian's source packages, musl is
# Debian's package musl-dev, into build/deps/HOST (bin, include, lib with pkg-config files). Nothing is done when it is there.
#   scripts/deps.sh HOST       x86_64-w64-mingw32 or another mingw-w64 compiler's prefix; x86_64-linux-musl,
#                              aarch64-linux-musl, arm-linux-musleabihf: there HOST-gcc and HOST-ar in bin are made
#   scripts/deps.sh --update   prints the lines of packaging/sources for what Debian offers today
# Environment: LIBUSB_SRC, OPENSSL_SRC, ZSTD_SRC, XZ_SRC, ZLIB_SRC, BZIP2_SRC  archives to use instead of downloads, checked like these
#              MIRROR, MIRROR_SECURITY            instead of the mirrors that apt uses
#              JOBS (2), SOURCE_DATE_EPOCH (of the last commit, else 2024-01-01)
# Exit status 77: the sources, or the compiler, cannot be had here.
set -eu
cd "$(dirname "$0")/.."
sources=packaging/sources
cache=$PWD/build/deps/sources
jobs=${JOBS:-2}
export LC_ALL=C TZ=UTC
unset CC CXX AR RANLIB CFLAGS CPPFLAGS LDFLAGS # this machine's compiler; OpenSSL would use them

die() { # MESSAGE [STATUS]
	echo "deps.sh: $1" >&2
	exit "${2:-1}"
}

field() { # NAME COLUMN: of its line in packaging/sources
	awk -v name="$1" -v column="$2" '$1 == name { print $column; found = 1 } END { exit !found }' "$sources" ||
		die "$sources has no line for $1"
}

# The one given, else apt's. A system that was just made by debootstrap has no source of security updates: they are in a
# directory beside Debian's.
mirror() { # debian|debian-security
	case $1 in
	debian) given=${MIRROR-} label=Debian ;;
	*) given=${MIRROR_SECURITY-} label=Debian-Security ;;
	esac
	if [ -n "$given" ]; then
		echo "${given%/}"
		return
	fi
	command -v apt-get >/dev/null || die "no apt-get: give the archives (LIBUSB_SRC=, OPENSSL_SRC=, ...)" 77
	# shellcheck disable=SC2016 # apt expands it
	uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Label: $label" | head -n 1)
	if [ -z "$uri" ] && [ "$1" = debian-security ]; then
		uri=$(mirror debian)-security || exit
	fi
	[ -n "$uri" ] || die "no mirror of $label in apt's lists: run apt-get update, or give MIRROR= and MIRROR_SECURITY=" 77
	echo "${uri%/}"
}

# apt-get with Debian's source indices, without touching the system's configuration
apt_sources() {
	state=$cache/apt
	if [ ! -f "$state/complete" ]; then
		mkdir -p "$state/parts" "$state/lists/partial" "$state/cache/archives/partial"
		host=$(mirror debian) || exit
		security=$(mirror debian-security) || exit
		keys=/usr/share/keyrings/debian-archive-keyring.gpg
		printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n\n' \
			"$host" bookworm "$keys" "$security" bookworm-security "$keys" >"$state/parts/debian.sources"
		apt_get update >"$cache/log" 2>&1 || die "the source indices cannot be read: $(tail -n 1 "$cache/log")" 77
		touch "$state/complete"
	fi
	apt_get "$@"
}

apt_get() {
	apt-get -qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$cache/apt/parts" -o Dir::State::Lists="$cache/apt/lists" \
		-o Dir::Cache="$cache/apt/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none "$@"
}

# What Debian's signed index offers now, as a line of packaging/sources
offered() { # NAME
	case $1 in
	libusb) package=libusb-1.0 ;;
	zstd) package=libzstd ;;
	xz) package=xz-utils ;;
	*) package=$1 ;;
	esac
	apt_sources --print-uris source "$package" 2>/dev/null | sed -n "s/^'\([^']*\.orig\.tar\.[a-z0-9]*\)' [^ ]* [0-9]* SHA256:\([0-9a-f]*\)\$/\1 \2/p" |
		sed 's/%2b/+/g; s/%7e/~/g' | awk -v name="$1" '{
			archive = $1 ~ /security/ ? "debian-security" : "debian"
			path = $1; sub(/.*\/pool\//, "pool/", path)
			version = path; sub(/.*_/, "", version); sub(/\.orig\.tar.*/, "", version)
			print name, version, archive, path, $2
		}' | grep . || die "Debian's source index has no $package" 77
}

if [ "${1-}" = --update ]; then
	mkdir -p "$cache"
	for name in libusb openssl zstd xz zlib bzip2; do
		offered $name
	done
	exit 0
fi

[ $# -eq 1 ] || die 'usage: scripts/deps.sh HOST|--update'
host=$1
deps=$PWD/build/deps/$host
work=$PWD/build/deps/$host.work
# No path of this machine in the objects: asserts and debug information name the sources by their own names.
flags="-O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2 -ffile-prefix-map=$work=."
case $host in
*-mingw32)
	command -v "$host-gcc" >/dev/null || die "no $host-gcc (Debian: sh scripts/setup.sh windows)" 77
	libraries='libusb openssl zstd xz zlib bzip2' cc=$host-gcc ar=$host-ar ranlib=$host-ranlib usb_options=
	;;
x86_64-linux-musl) gnu=x86_64-linux-gnu arch=amd64 ;;
aarch64-linux-musl) gnu=aarch64-linux-gnu arch=arm64 ;;
arm-linux-musleabihf) gnu=arm-linux-gnueabihf arch=armhf ;;
*) die "HOST is a mingw-w64 compiler's prefix or one of the three for musl, not: $host" ;;
esac
case $host in
*-linux-musl*)
	command -v "$gnu-gcc" >/dev/null || die "no $gnu-gcc (Debian: sh scripts/setup.sh release)" 77
	libraries='musl libusb zstd' cc=$deps/bin/$host-gcc ar=$deps/bin/$host-ar ranlib=$gnu-gcc-ranlib usb_options=--disable-udev
	flags="-Os -flto -fPIE -ffunction-sections -fdata-sections -fno-unwind-tables -fno-asynchronous-unwind-tables -ffile-prefix-map=$work=."
	;;
esac
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || echo 1704067200)}"
export SOURCE_DATE_EPOCH

download() { # ARCHIVE PATH SHA256 FILE
	from=$(mirror "$1") || exit
	/usr/lib/apt/apt-helper -q -o APT::Sandbox::User= download-file "$from/$2" "$4.part" "SHA256:$3" >"$cache/log" 2>&1 &&
		echo "$3  $4.part" | sha256sum -c --status && mv "$4.part" "$4"
}

# Leaves in $archive the checked archive of NAME: the one given, the one in the cache, the pinned one, or, when Debian moved
# on, what its signed index offers.
fetch() { # NAME GIVEN
	sha=$(field "$1" 5) path=$(field "$1" 4)
	mkdir -p "$cache"
	archive=$cache/${path##*/}
	if [ -n "$2" ]; then
		echo "$sha  $2" | sha256sum -c --status || die "$2 does not have the sha256 of $sources ($1 $(field "$1" 2))"
		cmp -s "$2" "$archive" || cp "$2" "$archive"
		return
	fi
	if [ -f "$archive" ] && echo "$sha  $archive" | sha256sum -c --status; then
		return
	fi
	echo "fetching $1 $(field "$1" 2)"
	rm -f "$archive"
	download "$(field "$1" 3)" "$path" "$sha" "$archive" && return
	line=$(offered "$1") || exit
	read -r name version from path sha <<-END
		$line
	END
	echo "deps.sh: $1 $(field "$1" 2) is no longer on the mirror; taking $name $version, which Debian's signed index offers" >&2
	archive=$cache/${path##*/}
	download "$from" "$path" "$sha" "$archive" || die "$path cannot be fetched: $(tail -n 1 "$cache/log")" 77
}

unpack() { # NAME: its sources below $work/NAME
	rm -rf "${work:?}/$1"
	mkdir -p "$work/$1"
	tar -xf "$archive" -C "$work/$1" --strip-components=1
}

run() { # COMMAND...: its output goes to a log, shown when it fails
	"$@" >"$work/log" 2>&1 || {
		tail -n 40 "$work/log" >&2
		die "failed: $*"
	}
}

pc() { # NAME VERSION LIBS
	# shellcheck disable=SC2016 # pkg-config expands it
	printf 'prefix=%s\nName: %s\nDescription: static\nVersion: %s\nLibs: -L${prefix}/lib %s\nCflags: -I${prefix}/include\n' \
		"$deps" "$1" "$2" "$3" >"$deps/lib/pkgconfig/$1.pc"
}

# Debian's compiler with musl's headers, libraries and start files (for position-independent static programs) instead of
# those of glibc; the kernel's headers go with them.
build_musl() {
	musl=$(tests/debian-package bookworm main "musl-dev:$arch") || die 'the package musl-dev cannot be had' 77
	kernel=$(tests/debian-package bookworm main "linux-libc-dev:$arch") || die 'the package linux-libc-dev cannot be had' 77
	rm -rf "$deps/musl"
	mkdir -p "$deps/musl" "$deps/bin"
	cp -R "$musl/usr/include/$host" "$deps/musl/include"
	cp -R "$musl/usr/lib/$host" "$deps/musl/lib"
	cp -R "$kernel/usr/include/linux" "$kernel/usr/include/asm-generic" "$kernel/usr/include/$gnu/asm" "$deps/musl/include/"
	cp "$musl/usr/share/doc/musl-dev/copyright" "$deps/musl/"
	sed -n 's/^Version: //p' "$musl/DEBIAN/control" >"$deps/musl/version"
	cat >"$deps/musl/specs" <<-END
		%rename cpp_options old_cpp_options

		*cpp_options:
		-nostdinc -isystem $deps/musl/include -isystem include%s %(old_cpp_options)

		*cc1:
		%(cc1_cpu) -nostdinc -isystem $deps/musl/include -isystem include%s

		*link_libgcc:
		-L$deps/musl/lib -L .%s

		*libgcc:
		libgcc.a%s libgcc_eh.a%s

		*startfile:
		$deps/musl/lib/rcrt1.o $deps/musl/lib/crti.o crtbeginS.o%s

		*endfile:
		crtendS.o%s $deps/musl/lib/crtn.o

		*link:
		-static -pie --no-dynamic-linker -z text -nostdlib

	END
	printf '#!/bin/sh\nexec %s -specs="%s" "$@"\n' "$gnu-gcc" "$deps/musl/specs" >"$deps/bin/$host-gcc"
	printf '#!/bin/sh\nexec %s "$@"\n' "$gnu-gcc-ar" >"$deps/bin/$host-ar"
	chmod +x "$deps/bin/$host-gcc" "$deps/bin/$host-ar"
}

build_libusb() {
	fetch libusb "${LIBUSB_SRC-}"
	unpack libusb
	echo "building libusb for $host"
	cd "$work/libusb"
	# shellcheck disable=SC2086 # a list
	run ./configure --host="$host" --prefix="$deps" --disable-shared --enable-static $usb_options \
		CC="$cc" AR="$ar" RANLIB="$ranlib" CFLAGS="$flags"
	run make -j"$jobs" -C libusb
	run make -C libusb install
	cd "$top"
	pc libusb-1.0 "$(field libusb 2)" -lusb-1.0
	sed -i 's|^Cflags:.*|&/libusb-1.0|' "$deps/lib/pkgconfig/libusb-1.0.pc"
}

# Neither modules nor a configuration file: the directories compiled in cannot exist, so nobody can plant one there.
build_openssl() {
	fetch openssl "${OPENSSL_SRC-}"
	unpack openssl
	echo "building libcrypto for $host (some minutes)"
	cd "$work/openssl"
	case $host in
	x86_64-*) target=mingw64 ;;
	*) target=mingw64 asm=no-asm ;;
	esac
	# shellcheck disable=SC2086 # lists
	run perl ./Configure $target ${asm-} --cross-compile-prefix="$host-" --prefix=//./nul/openssl --openssldir=//./nul/openssl \
		no-shared no-dso no-module no-engine no-autoload-config no-tests no-legacy no-sock no-cms no-ct no-ocsp no-srp no-ts \
		no-comp no-psk no-srtp no-dtls no-tls no-idea no-seed no-camellia no-aria no-bf no-cast no-rc2 no-rc4 no-md4 no-mdc2 no-rmd160 \
		no-whirlpool no-sm2 no-sm3 no-sm4 no-siphash no-blake2 no-gost no-ec2m $flags
	run make -j"$jobs" build_generated
	run make -j"$jobs" libcrypto.a
	cp libcrypto.a "$deps/lib/"
	cp -r include/openssl "$deps/include/"
	rm -f "$deps"/include/openssl/*.in
	cd "$top"
	pc libcrypto "$(field openssl 2)" '-lcrypto -lws2_32 -lgdi32 -lcrypt32'
}

# One frame after the other, of at most a chunk, at level 1: no threads, dictionaries, old formats or assembler. The
# decoders are the small ones.
build_zstd() {
	fetch zstd "${ZSTD_SRC-}"
	unpack zstd
	echo "building libzstd for $host"
	cd "$work/zstd/lib"
	small='-DHUF_FORCE_DECOMPRESS_X1 -DZSTD_FORCE_DECOMPRESS_SEQUENCES_SHORT -DZSTD_NO_INLINE -DZSTD_STRIP_ERROR_STRINGS'
	small="$small -DZSTD_DISABLE_ASM -DDYNAMIC_BMI2=0 -DXXH_NAMESPACE=ZSTD_ -DZSTD_LEGACY_SUPPORT=0"
	# shellcheck disable=SC2086 # lists
	run $cc $flags $small -I. -c common/*.c compress/*.c decompress/*.c
	# shellcheck disable=SC2086 # words
	run $ar rcs libzstd.a ./*.o
	cp libzstd.a "$deps/lib/"
	cp zstd.h "$deps/include/"
	cd "$top"
	pc libzstd "$(field zstd 2)" -lzstd
}

# The three decoders of win32/decode.c besides zstd's
build_xz() {
	fetch xz "${XZ_SRC-}"
	unpack xz
	echo "building liblzma for $host"
	cd "$work/xz"
	run ./configure --host="$host" --prefix="$deps" --disable-shared --enable-static --disable-encoders --disable-nls --disable-doc \
		--disable-scripts --disable-xz --disable-xzdec --disable-lzmadec --disable-lzmainfo --enable-threads=vista \
		CC="$cc" AR="$ar" RANLIB="$ranlib" CFLAGS="$flags"
	run make -j"$jobs" -C src/liblzma
	run make -C src/liblzma install
	cd "$top"
	pc liblzma "$(field xz 2)" -llzma
	sed -i 's|^Cflags:.*|& -DLZMA_API_STATIC|' "$deps/lib/pkgconfig/liblzma.pc"
}

build_zlib() {
	fetch zlib "${ZLIB_SRC-}"
	unpack zlib
	echo "building zlib for $host"
	cd "$work/zlib"
	# shellcheck disable=SC2086 # lists
	run $cc $flags -c adler32.c crc32.c inffast.c inflate.c inftrees.c zutil.c
	run "$ar" rcs libz.a adler32.o crc32.o inffast.o inflate.o inftrees.o zutil.o
	cp libz.a "$deps/lib/"
	cp zlib.h zconf.h "$deps/include/"
	cd "$top"
	pc zlib "$(field zlib 2)" -lz
}

build_bzip2() {
	fetch bzip2 "${BZIP2_SRC-}"
	unpack bzip2
	echo "building libbz2 for $host"
	cd "$work/bzip2"
	# shellcheck disable=SC2086 # lists
	run $cc $flags -DBZ_NO_STDIO -c blocksort.c bzlib.c compress.c crctable.c decompress.c huffman.c randtable.c
	run "$ar" rcs libbz2.a blocksort.o bzlib.o compress.o crctable.o decompress.o huffman.o randtable.o
	cp libbz2.a "$deps/lib/"
	cp bzlib.h "$deps/include/"
	cd "$top"
	pc bzip2 "$(field bzip2 2)" -lbz2
}

top=$PWD
mkdir -p "$deps/include" "$deps/lib/pkgconfig" "$work"
for name in $libraries; do
	wanted="$([ "$name" = musl ] || field "$name" 5) $(cksum <scripts/deps.sh)"
	[ "$(cat "$deps/$name.complete" 2>/dev/null)" != "$wanted" ] || continue
	"build_$name"
	echo "$wanted" >"$deps/$name.complete"
done
rm -rf "$work"
