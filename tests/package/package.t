#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Debian packages: built twice without a network, looked through by lintian, cross-built for arm64 and armhf, installed, tried on
# virtual boards, removed; and "make install INSTALL_PREFIX=" as other systems' packagers call it. All of it in a chroot
# (tests/package/chroot.sh).
# shellcheck disable=SC2016 # the shell in the chroot expands the commands
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/package/chroot.sh
. "$SRC/tests/package/chroot.sh"
needs='build-essential debhelper lintian pkg-config libusb-1.0-0-dev libssl-dev libzstd-dev umockdev libumockdev-dev openssl zstd'
chroot_start
chroot_install "$needs"

# --- the sources as they lie here, in two places
work=$CHROOT/root/package-test
rm -rf "$work"
mkdir -p "$work/a" "$work/elsewhere"
version=$(sed -n '1s/.*(1:\(.*\)).*/\1/p' debian/changelog)
is 'VERSION and the changelog, without its epoch, agree' "$(cut -d ' ' -f 1 VERSION)" "$version"
for place in a 'elsewhere'; do
	chroot_sources "/root/package-test/$place/rpiboot-$version"
done

# --- built twice, differently, without a network
build() { # DIRECTORY SETTINGS [OPTIONS]
	run inside --net -- "cd '/root/package-test/$1/rpiboot-$version' && $2 dpkg-buildpackage -us -uc ${3--b}"
	is "dpkg-buildpackage ${3--b} in '$1'" "$status$([ "$status" = 0 ] || tail -n 20 "$T/run.out" "$T/run.err")" 0
}
build a ''
build 'elsewhere' 'umask 077; TZ=Asia/Tokyo LC_ALL=C DEB_BUILD_OPTIONS=nocheck'
# shellcheck disable=SC2086 # words
sums() { (cd "$work/$1" && sha256sum -- *.deb); }
is 'both builds are the same, bit for bit' "$(sums 'elsewhere')" "$(sums a)"
is 'three packages' "$(cd "$work/a" && echo *.deb)" "rpiboot-dbgsym_${version}_$(inside -- 'dpkg --print-architecture').deb rpiboot-tools_${version}_all.deb rpiboot_${version}_$(inside -- 'dpkg --print-architecture').deb"
run inside --net -- "cd /root/package-test/a && lintian --allow-root --fail-on error,warning --tag-display-limit 0 rpiboot_*.changes"
is 'lintian: no errors, no warnings' "$status$([ "$status" = 0 ] || printf '%s\n' "$out" "$err")" 0

# --- cross-built for other processors; no test is run, and the ELF header says which processor the program is for
cross() { # ARCHITECTURE E_MACHINE (two bytes, little-endian)
	packages="crossbuild-essential-$1 pkgconf:$1 libusb-1.0-0-dev:$1 libssl-dev:$1 libzstd-dev:$1"
	if [ "$(inside -- 'dpkg --print-architecture')" = "$1" ]; then
		skip "$1, cross-built" "this processor is an $1"
		return
	elif ! inside -- "dpkg --add-architecture $1 && { $(chroot_query "$packages") || { apt-get -q update && apt-get -q install -y --no-install-recommends $packages; }; }" >"$T/log" 2>&1; then
		skip "$1, cross-built" "packages cannot be had: $(tail -n 1 "$T/log")"
		return
	fi
	chroot_sources "/root/package-test/$1/rpiboot-$version"
	build "$1" '' "-B -a$1 -Pcross,nocheck"
	is "a package for $1" "$(cd "$work/$1" && echo rpiboot_*.deb)" "rpiboot_${version}_$1.deb"
	run inside --net -- "cd /root/package-test/$1 && lintian --allow-root --fail-on error,warning --tag-display-limit 0 rpiboot_*.changes"
	is "$1: lintian has nothing against it" "$status$([ "$status" = 0 ] || printf '%s\n' "$out" "$err")" 0
	run inside --net -- "cd /root/package-test/$1 && dpkg-deb -x rpiboot_*_$1.deb tree && od -An -tx1 -j 18 -N 2 tree/usr/bin/rpiboot"
	is "$1: with a program for that processor" "$out" " $2"
}
cross arm64 'b7 00' # EM_AARCH64, 183
cross armhf '28 00' # EM_ARM, 40

# --- installed beside a Raspberry Pi's rpi-eeprom, for which a dummy package is made here
mkdir -p "$work/eeprom/DEBIAN" "$work/eeprom/usr/bin" "$work/eeprom/usr/share/man/man1"
printf 'Package: rpi-eeprom\nVersion: 99\nArchitecture: all\nMaintainer: t <t@example.org>\nDescription: t\n' >"$work/eeprom/DEBIAN/control"
for name in rpi-eeprom-config rpi-eeprom-digest rpi-sign-bootcode rpi-bootloader-key-convert rpi-eeprom-update; do
	echo theirs >"$work/eeprom/usr/bin/$name"
	echo theirs >"$work/eeprom/usr/share/man/man1/$name.1.gz"
done
step() {
	run inside --net -- "cd /root/package-test && $2"
	is "$1" "$status$([ "$status" = 0 ] || printf '%s\n' "$out" "$err")" 0
}
step 'rpiboot is installed beside rpi-eeprom' 'dpkg-deb -b eeprom eeprom.deb && dpkg -i eeprom.deb && dpkg -i a/rpiboot_*.deb &&
	grep -q theirs /usr/bin/rpi-eeprom-config && dpkg -s rpi-eeprom | grep -q "ok installed"'
run inside --net -- 'dpkg -i /root/package-test/a/rpiboot-tools_*.deb'
is 'rpiboot-tools does not push rpi-eeprom out' "$((status > 0)) $(printf '%s\n' "$err" | grep -c 'conflicts with rpi-eeprom')" '1 1'
# Packages of others depend on versions that are dates, and on rpi-eeprom.
mkdir -p "$work/other/DEBIAN"
printf 'Package: other\nVersion: 1\nArchitecture: all\nMaintainer: t <t@example.org>\nDescription: t\nDepends: %s\n' \
	'rpiboot (>= 20260603~182203), rpiboot (>= 20220504~214218), rpi-eeprom (>= 28.26-1), rpi-make-boot-image' >"$work/other/DEBIAN/control"
step 'rpiboot-tools without rpi-eeprom' 'dpkg -r rpi-eeprom && dpkg -i a/rpiboot-tools_*.deb'
run inside --net -- 'rpiboot --version'
is 'the version, its date from the changelog' "$out" "RPIBOOT: build-date $(date -u -d "$(sed -n 's/^ -- .*>  //p' debian/changelog | head -n 1)" +%Y/%m/%d) pkg-version $version debian"
step 'every tool of rpiboot-tools runs, every page is there' 'for tool in $(dpkg -L rpiboot-tools | grep ^/usr/bin/); do
	$tool --help >/dev/null && ls /usr/share/man/man1/${tool##*/}.1.gz || exit 1; done'
step 'every file is where it belongs' 'test -f /lib/udev/rules.d/70-rpiboot.rules && test -f /lib/systemd/system/rpiboot@.service &&
	test -f /usr/share/bash-completion/completions/rpiboot && test -f /usr/share/zsh/vendor-completions/_rpiboot &&
	test -d /usr/share/rpiboot/mass-storage-gadget64-cm3/ && ! dpkg -V rpiboot rpiboot-tools | grep .'
step 'packages that depend on dates as versions, and on rpi-eeprom, are satisfied' 'dpkg-deb -b other other.deb && dpkg -i other.deb && dpkg -r other'
step 'tools that clash with no other package come with rpiboot' 'dpkg -L rpiboot >list &&
	for tool in rpi-fetch-firmware rpi-make-boot-image rpi-sign-boot-folder update-pieeprom.sh; do grep -q "^/usr/bin/$tool$" list || exit 1; done'
step 'an upgrade keeps changed settings and renews the others' 'cd /usr/share/rpiboot && echo BOOT_ORDER=0xf1 >>recovery/boot.conf &&
	cp recovery5/boot.conf /tmp/boot.conf && dpkg -i /root/package-test/a/rpiboot_*.deb && tail -n 1 recovery/boot.conf | grep -q "^BOOT_ORDER=0xf1$" &&
	test -f recovery/boot.conf.dpkg-dist && cmp recovery5/boot.conf /tmp/boot.conf && test ! -e recovery5/boot.conf.dpkg-dist &&
	test -z "$(find . -name "*.dpkg-kept")" && mv recovery/boot.conf.dpkg-dist recovery/boot.conf'
step 'virtual boards boot (debian/tests)' "cd a/rpiboot-$version && AUTOPKGTEST_TMP=\$(mktemp -d) debian/tests/virtual-board"

# --- gone again
inside -- 'dpkg -L rpiboot rpiboot-tools | grep -e /rpi -e boot-image -e pieeprom' | sort -u >"$T/files"
ok 'the packages have files' test "$(wc -l <"$T/files")" -gt 80
step 'removed: what was fetched stays until purged' 'cd /usr/share/rpiboot && echo x >msd/start.elf && echo y >msd/bootcode.bin &&
	sha256sum msd/start.elf msd/bootcode.bin >firmware.sha256 && echo changed >msd/bootcode.bin && echo key >recovery/private.pem && cd / &&
	dpkg -r rpiboot-tools rpiboot && test -f /usr/share/rpiboot/msd/start.elf'
step 'purged: what was fetched goes, what people put there stays' 'dpkg -P rpiboot-tools rpiboot rpi-eeprom &&
	test "$(cd /usr/share/rpiboot && find . -type f | sort | tr "\n" " ")" = "./msd/bootcode.bin ./recovery/private.pem " && rm -r /usr/share/rpiboot'
is 'purged: nothing is left' "$(while read -r file; do [ ! -e "$CHROOT$file" ] && [ ! -L "$CHROOT$file" ] || echo "$file"; done <"$T/files")" ''

# --- the commands of other systems' recipes for upstream's package, in a tree that was built, without libcrypto
recipe() {
	name=$1
	shift
	rm -rf "$work/recipe" "$work/out"
	cp -a "$work/a/rpiboot-$version" "$work/recipe"
	step "$name" ": >none.pc && mount --bind none.pc /usr/lib/\$(dpkg-architecture -qDEB_HOST_MULTIARCH)/pkgconfig/libcrypto.pc &&
		! pkg-config --exists libcrypto && export out=/root/package-test/out && mkdir \$out && cd recipe && { $1; } && $2"
}
works='test "$($out/bin/rpiboot --help | grep -c "^Usage: rpiboot")" = 1'
recipe 'Homebrew' 'make clean && make INSTALL_PREFIX=$out && make install INSTALL_PREFIX=$out' "$works"
recipe 'nixpkgs until 2025: copies the directories of the tree' 'make clean && make && mkdir -p $out/bin $out/share/rpiboot && cp rpiboot $out/bin &&
	cp -r msd firmware eeprom-erase mass-storage-gadget* recovery* secure-boot* rpi-imager-embedded $out/share/rpiboot' \
	"$works"' && test -f $out/share/rpiboot/mass-storage-gadget64/config.txt && test -f $out/share/rpiboot/firmware/README.md'
recipe 'nixpkgs: make install' 'make clean && make INSTALL_PREFIX=$out CC=cc && make install INSTALL_PREFIX=$out' "$works"
recipe 'Buildroot' 'make clean && make CC=gcc CFLAGS="-O2 -D_LARGEFILE_SOURCE -D_FILE_OFFSET_BITS=64" LDFLAGS="" PKG_CONFIG=pkg-config &&
	install -D -m 0755 rpiboot $out/bin/rpiboot' "$works"
recipe 'Yocto, native SDK: its checksum of the licence, its doubled path' 'echo "e3fc50a88d0a364313df4b21ef20c29e  LICENSE" | md5sum -c --quiet &&
	make clean && make && make install DESTDIR=$out INSTALL_PREFIX=$out/usr' 'test -x $out$out/usr/bin/rpiboot'
recipe 'Fedora' 'make clean && make CFLAGS="-O2 -flto=auto -Wall" LDFLAGS="-Wl,-z,relro" && make install DESTDIR=$out INSTALL_PREFIX=/usr' \
	'test -x $out/usr/bin/rpiboot && test -f $out/usr/share/rpiboot/msd/README.md'

# --- make install, as Homebrew's formula and the BSDs' ports call it
step 'make install INSTALL_PREFIX=' "cd a/rpiboot-$version && make -s install INSTALL_PREFIX=/opt/cellar/rpiboot/$version"
run inside --net -- "cd / && /opt/cellar/rpiboot/$version/bin/rpiboot --version && /opt/cellar/rpiboot/$version/bin/rpiboot --help"
is 'its program prints version and help' "$status $(printf '%s\n' "$out" | grep -c -e "^RPIBOOT: .* pkg-version $version" -e '^Usage: rpiboot')" '0 2'
# Files that --check takes for firmware, made as the formula's test makes them
yes x | head -c 50000 >"$CHROOT/opt/cellar/rpiboot/$version/share/rpiboot/msd/bootcode.bin"
echo x >"$CHROOT/opt/cellar/rpiboot/$version/share/rpiboot/msd/start.elf"
run inside --net -- "cd / && /opt/cellar/rpiboot/$version/bin/rpiboot --check --chip 2763"
is 'and finds the directories of its own prefix' "$status" 0
step 'make uninstall' "cd a/rpiboot-$version && rm /opt/cellar/rpiboot/$version/share/rpiboot/msd/*.* &&
	make -s uninstall INSTALL_PREFIX=/opt/cellar/rpiboot/$version && test ! -e /opt/cellar"
rm -rf "$work"
tap_end
