# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# How boot images are made of Debian packages: pinned downloads, a small kernel, an initramfs, a FAT volume. For the
# build scripts of mass-storage-gadget and secure-boot-example, which set $top (the source tree) and source it.
# Everything is a function of the files in git and the pinned packages: two runs give the same bytes. Nothing needs
# root; $cache keeps the packages and the kernel, $stage is gone at the end.

gadget=${top:?}/mass-storage-gadget
cache=${GADGET_CACHE:-$top/build/gadget}
PATH=$PATH:/usr/sbin:/sbin
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-1793491200}" TZ=UTC LC_ALL=C
umask 022
status=1

die() {
	echo "${0##*/}: $*" >&2
	exit "$status"
}

# need COMMAND PACKAGE...: pairs
need() {
	missing=
	while [ $# -gt 0 ]; do
		command -v "$1" >/dev/null || missing="$missing $2"
		shift 2
	done
	[ -z "$missing" ] || status=77 die "programs are missing: apt-get install$missing"
}

# start: checks for what every build needs, makes $stage
start() {
	need dpkg-deb dpkg cpio cpio zstd zstd dtc device-tree-compiler mkfs.fat dosfstools mcopy mtools
	mkdir -p "$cache"
	stage=$(mktemp -d "$cache/stage.XXXXXX")
	trap 'rm -rf "$stage"' EXIT
	trap 'exit 130' INT TERM
	mkdir "$stage/fat" "$stage/root" "$stage/chip"
}

# --- packages

pin() { # NAME -> its line in the list of packages
	awk -v name="$1" '$2 == name { print; found = 1 } END { exit !found }' "$gadget/packages" ||
		die "packages: no line for $1"
}

# The mirror that this system uses for Debian itself
mirror() {
	if [ -n "${MIRROR-}" ]; then
		echo "${MIRROR%/}"
		return
	fi
	# shellcheck disable=SC2016 # apt expands it
	uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
	[ -n "$uri" ] || status=77 die "no Debian mirror in apt's lists: run apt-get update, or give MIRROR=http://HOST/debian"
	echo "${uri%/}"
}

download() { # URI FILE SHA256
	/usr/lib/apt/apt-helper -q -o APT::Sandbox::User= download-file "$1" "$2" "SHA256:$3" >"$cache/download.log" 2>&1 &&
		echo "$3  $2" | sha256sum -c --status
}

# fetch NAME: leaves in $deb the path of the verified package
fetch() {
	line=$(pin "$1") || exit 1
	read -r suite name version path sha <<-END
		$line
	END
	deb=$cache/packages/${path##*/}
	if [ -f "$deb" ] && echo "$sha  $deb" | sha256sum -c --status; then
		return
	fi
	mkdir -p "$cache/packages"
	host=$(mirror) || exit
	echo "fetching $name $version" >&2
	rm -f "$deb"
	if ! download "$host/$path" "$deb.part" "$sha"; then
		moment=$(awk '$1 == "snapshot" { print $2 }' "$gadget/packages")
		if [ -z "${SNAPSHOT-}" ] || ! download "${SNAPSHOT%/}/$moment/$path" "$deb.part" "$sha"; then
			rm -f "$deb.part"
			status=77 die "$name $version ($suite) with the pinned sha256 is not on $host. If the mirror moved on: give" \
				"SNAPSHOT=URL, Debian's snapshot archive (its directory debian), or run $gadget/build --update-packages," \
				"then look at the difference and test"
		fi
	fi
	mv "$deb.part" "$deb"
}

# unpack NAME DIRECTORY
unpack() {
	fetch "$1"
	dpkg-deb -x "$deb" "$2"
}

# The newest versions of all suites into the list of packages, read with an apt configuration of our own.
update_packages() {
	host=$(mirror) || exit
	new=$cache/packages.new
	sed -n '/^#/p' "$gadget/packages" >"$new"
	echo "snapshot $(date -u +%Y%m%dT000000Z)" >>"$new"
	suites=$(awk '!/^#/ && NF == 5 { print $1 }' "$gadget/packages" | sort -u)
	for suite in $suites; do
		apt=$cache/apt/$suite
		mkdir -p "$apt/parts" "$apt/lists/partial" "$apt/cache/archives/partial"
		cat >"$apt/parts/debian.sources" <<-END
			Types: deb
			URIs: $host
			Suites: $suite
			Components: main non-free-firmware
			Architectures: arm64
			Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
		END
		set -- -q -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$apt/parts" -o "Dir::State::Lists=$apt/lists" \
			-o "Dir::Cache=$apt/cache" -o Dir::State::Status=/dev/null -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
			-o Acquire::Languages=none -o APT::Sandbox::User=
		apt-get "$@" update >&2 || die "$suite cannot be read from $host"
		release=$(apt-cache "$@" show --no-all-versions linux-image-arm64 2>/dev/null | sed -n 's/^Depends:.*linux-image-\([^ ]*\) .*/\1/p')
		awk -v suite="$suite" '$1 == suite { print $2 }' "$gadget/packages" | while read -r name; do
			case $name in
			linux-source-*) name=$(apt-cache "$@" show --no-all-versions linux-source | sed -n 's/^Depends:.*\(linux-source-[0-9.]*\).*/\1/p') ;;
			linux-binary-* | linux-modules-* | linux-base-*) name=${name%%-[0-9]*}-$release ;;
			esac
			apt-cache "$@" show --no-all-versions "$name" | awk -v suite="$suite" '
				/^Package:/ { name = $2 } /^Version:/ { version = $2 } /^Filename:/ { path = $2 }
				/^SHA256:/ { print suite, name, version, path, $2; exit }' | grep . || die "$suite has no $name"
		done >>"$new" || exit 1
	done
	mv "$new" "$gadget/packages"
}

# --- kernels: each leaves in $kernel a directory with Image, release, dtb/ and modules/*.ko

# Our own from Debian's source, compiled once for each source, configuration and compiler. Comments and the order of
# lines in kernel.config do not count.
own_kernel() {
	need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu make make flex flex bison bison bc bc xz xz-utils flock util-linux
	source=$(awk '$2 ~ /^linux-source-/ { print $2 }' "$gadget/packages")
	kernel=$cache/kernel-$({ pin "$source"; sed -n '/^CONFIG/p' "$gadget/kernel.config" | sort; cat "$gadget/mass_storage.sed"
		aarch64-linux-gnu-gcc --version; } | sha256sum | cut -c 1-16)
	# two builds at once: the second one waits and takes what the first one compiled
	exec 9>"$cache/kernel.lock"
	flock 9
	[ ! -f "$kernel/Image" ] || { exec 9>&-; return 0; }
	fetch "$source"
	work=$stage/kernel
	mkdir "$work"
	echo "compiling the kernel (minutes; log: $cache/kernel.log)" >&2
	began=$(date +%s)
	compile_kernel "$work" >"$cache/kernel.log" 2>&1 || {
		tail -n 20 "$cache/kernel.log" >&2
		die "the kernel does not compile, see $cache/kernel.log"
	}
	rm -rf "$kernel"
	mv "$work/result" "$kernel"
	echo "compiled the kernel in $(($(date +%s) - began)) seconds" >&2
	exec 9>&-
}

# The compiler's paths and the clock stay outside of what is compiled.
compile_kernel() (
	set -e
	dpkg-deb -x "$deb" "$1/deb"
	tar -xJf "$1"/deb/usr/src/linux-source-*.tar.xz -C "$1"
	cd "$1"/linux-source-*
	sed -i -f "$gadget/mass_storage.sed" drivers/usb/gadget/function/f_mass_storage.c drivers/usb/gadget/function/storage_common.c
	if ! grep -q 'if (fsg_lun_fsync_sub(curlun)) {' drivers/usb/gadget/function/f_mass_storage.c ||
		! grep -q f_wb_err drivers/usb/gadget/function/storage_common.c; then
		echo "mass_storage.sed does not fit this kernel"
		exit 1
	fi
	kmake() {
		make -s -j"${JOBS:-2}" O="$work/out" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- LOCALVERSION= KBUILD_BUILD_VERSION=1 \
			KBUILD_BUILD_TIMESTAMP="$(date -u -d "@$SOURCE_DATE_EPOCH")" KBUILD_BUILD_USER=rpiboot KBUILD_BUILD_HOST=rpiboot "$@"
	}
	kmake KCONFIG_ALLCONFIG="$gadget/kernel.config" allnoconfig
	grep '^CONFIG' "$gadget/kernel.config" | grep -vxFf "$1/out/.config" >"$1/lost" || :
	if [ -s "$1/lost" ]; then
		echo "kernel.config has lines that this kernel does not take:"
		cat "$1/lost"
		exit 1
	fi
	kmake Image modules dtbs
	mkdir -p "$1/result/modules" "$1/result/dtb"
	find "$1/out" -name '*.ko' -exec cp {} "$1/result/modules/" \;
	cp "$1"/out/arch/arm64/boot/dts/broadcom/*.dtb "$1/result/dtb/"
	cp "$1/out/include/config/kernel.release" "$1/result/release"
	cp "$1/out/.config" "$1/result/config"
	cp "$1/out/arch/arm64/boot/Image" "$1/result/Image"
)

# Debian's, with its modules
debian_kernel() {
	need depmod kmod modprobe kmod xz xz-utils
	release=$(awk '$2 ~ /^linux-binary-/ { sub(/^linux-binary-/, "", $2); print $2 }' "$gadget/packages")
	kernel=$cache/debian-kernel-$(pin "linux-binary-$release" | sha256sum | cut -c 1-16)
	[ ! -f "$kernel/Image" ] || return 0
	work=$stage/kernel
	mkdir "$work" "$work/result" "$work/result/modules"
	for part in binary modules base; do
		unpack "linux-$part-$release" "$work/root"
	done
	tree=$work/root/usr/lib/modules/$release
	cp -r "$tree/dtb/broadcom" "$work/result/dtb"
	echo "$release" >"$work/result/release"
	find "$tree/kernel" -name '*.ko.xz' -exec cp -t "$work/result/modules" {} +
	cp "$tree/modules.builtin" "$tree/modules.builtin.modinfo" "$work/result/"
	cp "$tree/vmlinuz" "$work/result/Image"
	rm -rf "$kernel"
	mv "$work/result" "$kernel"
}

# add_modules ROOT NAME...: the named modules of $kernel, with what they depend on, for modprobe
add_modules() {
	need depmod kmod modprobe kmod
	root=$1 release=$(cat "$kernel/release")
	shift
	all=$stage/modules
	mkdir -p "$all/lib/modules/$release"
	cp "$kernel"/modules/*.ko* "$all/lib/modules/$release/"
	[ ! -f "$kernel/modules.builtin" ] || cp "$kernel"/modules.builtin* "$all/lib/modules/$release/"
	depmod -b "$all" "$release" 2>"$cache/depmod.log"
	mkdir -p "$root/lib/modules/$release"
	for module; do
		modprobe -d "$all" -S "$release" --show-depends "$module" || echo "no module $module" >&2
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u | while read -r ko; do
		case $ko in
		*.xz) xz -dc "$ko" >"$root/lib/modules/$release/$(basename "$ko" .xz)" ;;
		*.zst) zstd -dcq "$ko" >"$root/lib/modules/$release/$(basename "$ko" .zst)" ;;
		*.gz) gzip -dc "$ko" >"$root/lib/modules/$release/$(basename "$ko" .gz)" ;;
		*) cp "$ko" "$root/lib/modules/$release/" ;;
		esac
	done
	[ ! -f "$kernel/modules.builtin" ] || cp "$kernel"/modules.builtin* "$root/lib/modules/$release/"
	depmod -b "$root" "$release" 2>"$cache/depmod.log"
	# depmod's order is that of the directory
	sort -o "$root/lib/modules/$release/modules.dep" "$root/lib/modules/$release/modules.dep"
	find "$root/lib/modules" ! -name '*.ko' ! -name modules.dep ! -type d -exec rm {} +
	rm -rf "$all"
}

# --- what goes into the image

# add_busybox ROOT
add_busybox() {
	mkdir -p "$1/bin"
	unpack busybox-static "$stage/busybox"
	cp "$stage/busybox/bin/busybox" "$1/bin/busybox"
	ln -s busybox "$1/bin/sh"
}

# compile_flash OUTPUT SOURCE...: for the board, with what is common to both ends of direct flashing and the pinned libzstd.
# The compiler's paths stay outside.
compile_flash() (
	output=$1
	shift
	[ -d "$stage/zstd" ] || unpack libzstd-dev "$stage/zstd"
	for source in flash/frame_zstd formats/flashwire formats/sha256; do
		set -- "$@" "$top/src/$source.c"
	done
	aarch64-linux-gnu-gcc -std=c11 -O2 -static -pthread -s -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 \
		-ffunction-sections -fdata-sections -Wl,--gc-sections -Wl,--build-id=none -ffile-prefix-map="$top=." -fstack-protector-strong \
		-I"$top/src" -I"$gadget" -I"$stage/zstd/usr/include" -o "$output" "$@" "$stage/zstd/usr/lib/aarch64-linux-gnu/libzstd.a"
)

# add_flashd ROOT: the program for direct flashing
add_flashd() {
	compile_flash "$1/bin/flashd" "$gadget"/flashd/*.c || die "flashd does not compile"
}

# pack_initramfs ROOT FILE
pack_initramfs() {
	find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	(cd "$1" && find . -print0 | sort -z | cpio --quiet -0 -o -H newc --reproducible -R 0:0) |
		zstd -q -f --ultra -22 -T1 -o "$2"
}

# overlay NAME: leaves dts/NAME.dtso compiled in $stage/NAME.dtbo
overlay() {
	[ -f "$stage/$1.dtbo" ] || dtc -q -@ -I dts -O dtb -o "$stage/$1.dtbo" "$gadget/dts/$1.dtso" || die "$1.dtso is no overlay"
}

# tree OVERLAYS DEBIAN-NAME FIRMWARE-NAME: the device tree of one board under the name that the firmware asks for, into
# $chip_files. What an overlay cannot do is in dts/OVERLAY.delete: lines of a node's label and properties that go first.
tree() {
	[ -f "$kernel/dtb/$2.dtb" ] || die "the kernel has no device tree $2"
	cp "$kernel/dtb/$2.dtb" "$stage/tree.dtb"
	for overlay in $(echo "$1" | tr , ' '); do
		if [ -f "$gadget/dts/$overlay.delete" ]; then
			while read -r label properties; do
				# shellcheck disable=SC2086 # words
				fdtput -d "$stage/tree.dtb" "$(fdtget "$stage/tree.dtb" /__symbols__ "$label")" $properties ||
					die "$overlay.delete does not fit $2"
			done <"$gadget/dts/$overlay.delete"
		fi
		overlay "$overlay"
		fdtoverlay -i "$stage/tree.dtb" -o "$stage/merged.dtb" "$stage/$overlay.dtbo" || die "$overlay.dtso does not fit $2"
		mv "$stage/merged.dtb" "$stage/tree.dtb"
	done
	mv "$stage/tree.dtb" "$chip_files/$3.dtb"
}

# add_chip CHIP: firmware and device trees for it into $stage/chip/CHIP
add_chip() {
	chip_files=$stage/chip/$1
	mkdir -p "$chip_files"
	add_firmware "$1"
	case $1 in
	2710)
		tree bcm283x,cm3 bcm2837-rpi-cm3-io3 bcm2710-rpi-cm3
		tree bcm283x,wireless bcm2837-rpi-3-a-plus bcm2710-rpi-3-a-plus
		# CM0 falls back to it
		tree bcm283x,wireless bcm2837-rpi-zero-2-w bcm2710-rpi-zero-2-w ;;
	2711)
		tree bcm283x,wireless bcm2711-rpi-4-b bcm2711-rpi-4-b
		tree bcm283x,wireless,pi400 bcm2711-rpi-400 bcm2711-rpi-400
		tree bcm283x,wireless bcm2711-rpi-cm4-io bcm2711-rpi-cm4
		tree bcm283x,cm4s bcm2711-rpi-cm4-io bcm2711-rpi-cm4s ;;
	2712)
		# the firmware adds the overlay on a chip of stepping D0
		mkdir -p "$chip_files/overlays"
		overlay bcm2712d0
		cp "$stage/bcm2712d0.dtbo" "$chip_files/overlays/"
		tree bcm2712 bcm2712-rpi-5-b bcm2712-rpi-5-b
		tree bcm2712 bcm2712-d-rpi-5-b bcm2712-rpi-500
		tree bcm2712,cm5 bcm2712-d-rpi-5-b bcm2712-rpi-cm5-cm5io
		tree bcm2712,cm5l bcm2712-d-rpi-5-b bcm2712-rpi-cm5l-cm5io ;;
	esac
}

# add_firmware CHIP: the start file; 2712's firmware is in the EEPROM and in bootfiles.bin
add_firmware() {
	case $1 in
	2710) cp "$stage/firmware/start.elf" "$stage/firmware/fixup.dat" "$chip_files/" ;;
	2711) cp "$stage/firmware/start4.elf" "$stage/firmware/fixup4.dat" "$chip_files/" ;;
	esac
}

# unpack_firmware: for add_chip
unpack_firmware() {
	unpack raspi-firmware "$stage/raspi-firmware"
	ln -s raspi-firmware/usr/lib/raspi-firmware "$stage/firmware"
}

# add_kernel: $kernel compressed, as the firmware loads it
add_kernel() {
	gzip -9nc "$kernel/Image" >"$stage/fat/kernel8.img"
}

# pack_image FILE CHIP...: an image of what is common and of these chips' files
pack_image() {
	image=$1
	shift
	rm -rf "$stage/image"
	cp -r "$stage/fat" "$stage/image"
	for chip; do
		cp -r "$stage/chip/$chip/." "$stage/image/"
	done
	# room for another cmdline.txt
	FAT_OVERHEAD=64 "$top/tools/rpi-make-boot-image" -d "$stage/image" -o "$image" >/dev/null || die "cannot make $image"
	rm -f "${image%.img}.sig"
	echo "$image: $(stat -c %s "$image") bytes, sha256 $(sha256sum "$image" | cut -d ' ' -f 1)"
}

# pack_images FILE CHIP...: the image for all these chips and, if it is called boot.img, a smaller one for each chip where
# rpiboot looks first. Signatures of former images go, and so do images for single chips that would hide this one.
pack_images() {
	output=$1
	shift
	pack_image "$output" "$@"
	[ "${output##*/}" = boot.img ] || return 0
	directory=$(dirname "$output")
	for other in 2710 2711 2712; do
		rm -f "$directory/$other/boot.img" "$directory/$other/boot.sig"
	done
	[ $# -gt 1 ] || return 0
	for single; do
		mkdir -p "$directory/$single"
		pack_image "$directory/$single/boot.img" "$single"
	done
}
