#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts rpiboot into the system, or takes it out: "make install" and "make uninstall" call it with the places below.
#   scripts/install.sh install|uninstall
# What was put there stands in PREFIX/share/rpiboot/installed (a directory that was made ends in a slash), so that
# uninstall removes exactly that. Nothing here needs the network.
set -eu
cd "$(dirname "$0")/.."
umask 022
export LC_ALL=C
: "${DESTDIR=}" "${PREFIX:=/usr}" "${OUT:=.}"
: "${UDEVDIR=}" "${SYSTEMDDIR=}" # empty: not on this system
: "${MANDIR:=$PREFIX/share/man}" "${DOCDIR:=$PREFIX/share/doc/rpiboot}"
: "${BASHDIR:=$PREFIX/share/bash-completion/completions}" "${ZSHDIR:=$PREFIX/share/zsh/site-functions}"
data=$PREFIX/share/rpiboot
record=$DESTDIR$data/installed

die() {
	echo "install.sh: $*" >&2
	exit 1
}

# directory PATH: makes it and what it lies in
directory() {
	[ ! -d "$DESTDIR$1" ] || return 0
	directory "$(dirname "$1")"
	mkdir "$DESTDIR$1"
	echo "$1/" >>"$list"
}

# place PATH: a new file of that name, finished beside it as $new
place() {
	[ ! -d "$DESTDIR$1" ] || [ -L "$DESTDIR$1" ] || die "$DESTDIR$1 is a directory"
	directory "$(dirname "$1")"
	new=$DESTDIR$1.new
	rm -f "$new"
	echo "$1" >>"$list"
}

finish() {
	rm -f "$DESTDIR$1"
	mv "$new" "$DESTDIR$1"
}

# binary SOURCE PATH, text SOURCE PATH: executable if SOURCE is. Texts name the places where things are installed.
binary() {
	place "$2"
	cp "$1" "$new"
	if [ -x "$1" ]; then chmod 755 "$new"; else chmod 644 "$new"; fi
	finish "$2"
}

text() {
	place "$2"
	sed "s|/usr/share/rpiboot|$data|g; s|/usr/bin/rpiboot|$PREFIX/bin/rpiboot|g" "$1" >"$new"
	if [ -x "$1" ]; then chmod 755 "$new"; else chmod 644 "$new"; fi
	finish "$2"
}

link() {
	place "$2"
	ln -s "$1" "$new"
	finish "$2"
}

# --- what is installed

# Keys and other private things may lie in a boot directory: only known names are taken. Firmware is installed if it is
# there.
boot_directory() {
	for file in README.md config.txt boot.conf update-pieeprom.sh sign.sh reset.sh build init lib.sh kernel-from.sh kernel.config \
		mass_storage.sed modules.list packages boot/cmdline.txt boot/config.txt dts/bcm2712.dtso dts/bcm2712d0.dtso \
		dts/bcm283x.dtso dts/cm3.dtso dts/cm4s.dtso dts/cm4s.delete dts/cm5.dtso dts/cm5.delete dts/cm5l.dtso dts/cm5l.delete \
		dts/pi400.dtso dts/wireless.dtso; do
		[ ! -f "$1/$file" ] || text "$1/$file" "$data/$1/$file"
	done
	{
		printf '%s\n' "$1/boot.img" "$1/2710/boot.img" "$1/2711/boot.img" "$1/2712/boot.img"
		awk -v directory="$1/" '$1 == "file" { for (i = 7; i <= NF; i++) if (index($i, directory) == 1) print $i }' tools/firmware.manifest
	} | sort -u | while read -r file; do
		[ ! -f "$file" ] || binary "$file" "$data/$file"
	done
}

# Programs for one processor do not belong below share/, which has links to them. What rpi-eeprom has under the same name is
# not in the search path.
path_tools='rpi-fetch-firmware rpi-make-boot-image make-boot-image rpi-sign-boot-folder make-pi4-rpiboot-gpio-sd update-pieeprom.sh'
tools() {
	for file in tools/*; do
		[ "$(head -c 2 "$file" 2>/dev/null)" = '#!' ] || continue
		text "$file" "$data/$file"
	done
	text tools/lib/tool.sh "$data/tools/lib/tool.sh"
	text tools/firmware.manifest "$data/tools/firmware.manifest"
	for file in tools/*.c; do
		name=$(basename "$file" .c)
		[ -x "$OUT/tools/$name" ] || continue
		binary "$OUT/tools/$name" "$PREFIX/libexec/rpiboot/$name"
		link "../../../libexec/rpiboot/$name" "$data/tools/$name"
	done
	for name in $path_tools; do
		link "../share/rpiboot/tools/$name" "$PREFIX/bin/$name"
	done
}

everything() {
	binary "$OUT/rpiboot" "$PREFIX/bin/rpiboot"
	tools
	for file in */config.txt firmware/README.md msd/README.md; do
		[ -L "${file%/*}" ] || boot_directory "${file%/*}"
	done
	for alias in mass-storage-gadget64 mass-storage-gadget-cm3 mass-storage-gadget64-cm3; do
		link mass-storage-gadget "$data/$alias"
	done
	for file in docs/man/*.1 docs/man/*.7; do
		text "$file" "$MANDIR/man${file##*.}/$(basename "$file")"
	done
	link update-pieeprom.1 "$MANDIR/man1/update-pieeprom.sh.1"
	link rpi-make-boot-image.1 "$MANDIR/man1/make-boot-image.1"
	for file in README.md LICENSE docs/*.md; do
		text "$file" "$DOCDIR/$(basename "$file")"
	done
	text completions/rpiboot.bash "$BASHDIR/rpiboot"
	text completions/_rpiboot "$ZSHDIR/_rpiboot"
	text completions/tools.bash "$BASHDIR/rpi-fetch-firmware"
	names=$(sed -n '1s/^#compdef rpi-fetch-firmware //p' completions/_rpiboot_tools)
	for name in $names; do
		link rpi-fetch-firmware "$BASHDIR/$name"
	done
	text completions/_rpiboot_tools "$ZSHDIR/_rpiboot_tools"
	[ -z "$UDEVDIR" ] || text udev/70-rpiboot.rules "$UDEVDIR/70-rpiboot.rules"
	[ -z "$SYSTEMDDIR" ] || text systemd/rpiboot@.service "$SYSTEMDDIR/rpiboot@.service"
}

# Also after a failure: what is there can be taken out again.
write_record() {
	[ ! -f "$record" ] || cat "$record" >>"$list"
	[ ! -s "$list" ] || sort -u "$list" >"$record"
	rm -f "$list"
}

install() {
	case $PREFIX in
	/*) ;;
	*) die "PREFIX must begin with /, not: $PREFIX" ;;
	esac
	mkdir -p "$DESTDIR/"
	list=$(mktemp)
	trap write_record EXIT
	trap 'exit 130' INT TERM
	directory "$data"
	everything
}

uninstall() {
	[ -f "$record" ] || die "$record is not there: nothing was installed, or under another PREFIX or DESTDIR"
	list=$(mktemp)
	sort -r "$record" >"$list"
	rm -f "$record"
	while IFS= read -r path; do
		case $path in
		*/) rmdir "$DESTDIR$path" 2>/dev/null || [ ! -d "$DESTDIR$path" ] || echo "left, not empty: $DESTDIR$path" ;;
		*) rm -f "$DESTDIR$path" ;;
		esac
	done <"$list"
	rm -f "$list"
}

case ${1-} in
install | uninstall) "$1" ;;
*) die "install or uninstall?" ;;
esac
