#!/bin/sh
# make install, make uninstall: what goes where, that it works from there, that nothing stays.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
root="$T/a root" prefix=/opt/rpi share=/opt/rpi/share/rpiboot
export OUT DESTDIR="$root" PREFIX=$prefix UDEVDIR=$prefix/lib/udev/rules.d SYSTEMDDIR=$prefix/lib/systemd/system
unset MANDIR DOCDIR BASHDIR ZSHDIR

# found: all that lies in the root, as in the record
found() { (cd "$root" && find . -mindepth 1 \( -type d -printf '/%P/\n' -o -printf '/%P\n' \)) | LC_ALL=C sort; }

run env -u PREFIX -u UDEVDIR -u SYSTEMDDIR make -s -n install DESTDIR=/elsewhere INSTALL_PREFIX=/opt/x UDEVDIR=/u
ok 'make hands on the places' grep -q "DESTDIR='/elsewhere' PREFIX='/opt/x' UDEVDIR='/u' SYSTEMDDIR='/opt/x/lib/systemd/system'" "$T/run.out"
run scripts/install.sh uninstall
is 'nothing installed: status, says so' "$status $(printf '%s\n' "$err" | grep -c 'nothing was installed')" '1 1'
PREFIX=opt run scripts/install.sh install
is 'a relative PREFIX: status, nothing made' "$status $(ls "$T/a root" 2>/dev/null)" '1 '

mkdir -p "$root$prefix/lib"
echo mine >"$root$prefix/lib/mine"
(umask 077 && scripts/install.sh install) >"$T/log" 2>&1
is 'install: status, says nothing' "$? $(cat "$T/log")" '0 '
is 'the record tells all that is new' "$(cat "$root$share/installed")" \
	"$(found | grep -v -x -e "$share/installed" -e /opt/ -e /opt/rpi/ -e /opt/rpi/lib/ -e /opt/rpi/lib/mine)"
for file in bin/rpiboot bin/rpi-fetch-firmware bin/rpi-make-boot-image bin/make-boot-image bin/rpi-sign-boot-folder bin/update-pieeprom.sh \
	bin/make-pi4-rpiboot-gpio-sd share/rpiboot/firmware/README.md share/rpiboot/mass-storage-gadget64/config.txt share/rpiboot/mass-storage-gadget64-cm3/config.txt \
	share/rpiboot/mass-storage-gadget-cm3/config.txt share/rpiboot/recovery5/boot.conf share/rpiboot/tools/lib/tool.sh \
	share/rpiboot/tools/update-pieeprom.sh share/man/man1/rpiboot.1 share/man/man7/rpiboot.7 share/man/man1/update-pieeprom.sh.1 \
	share/man/man1/make-boot-image.1 share/bash-completion/completions/rpiboot share/bash-completion/completions/update-pieeprom.sh \
	share/zsh/site-functions/_rpiboot share/zsh/site-functions/_rpiboot_tools \
	share/doc/rpiboot/README.md lib/udev/rules.d/70-rpiboot.rules lib/systemd/system/rpiboot@.service; do
	ok "$file" test -s "$root$prefix/$file"
done
for file in tools/*.c; do
	name=$(basename "$file" .c)
	[ ! -x "$OUT/tools/$name" ] || ok "tools/$name runs" "$root$share/tools/$name" --help
done
for name in "$root$prefix"/bin/*; do
	[ "${name##*/}" = rpiboot ] || ok "bin/${name##*/} runs" "$name" --help
done
is 'what rpi-eeprom has in the search path is not there' "$(cd "$root$prefix/bin" && ls -d rpi-eeprom-* rpi-sign-bootcode rpi-bootloader-* 2>/dev/null)" ''
if [ -e .git ]; then
	# shellcheck disable=SC2046 # names without blanks
	is 'no file of git is forgotten in folders and tools' "$(git ls-files -- $(dirname ./*/config.txt) msd tools docs/man | grep -v -e '\.gitignore$' -e '^mass-storage-gadget64' \
		-e '\.mk$' -e '\.[ch]$' -e '^docs/man' | while read -r file; do [ -f "$root$share/$file" ] || echo "$file"; done)" ''
else
	skip 'no file of git is forgotten' 'not a git checkout'
fi
is 'everybody may read, nobody but the owner write' "$(find "$root$prefix/bin" "$root$prefix/share" "$root$prefix/libexec" ! -type l \( ! -perm -444 -o -perm /022 \))" ''
is 'no link leads out' "$(find "$root" -type l -exec sh -c 'for l; do case $(readlink "$l") in /*) echo "$l" ;; esac; [ -e "$l" ] || echo "$l"; done' - {} +)" ''
is 'texts name the prefix' "$(grep -r -l -e /usr/share/rpiboot -e /usr/bin/rpiboot "$root$prefix/share" "$root$prefix/lib")" ''
ok 'the service calls the installed program' grep -q "^ExecStart=$prefix/bin/rpiboot " "$root$prefix/lib/systemd/system/rpiboot@.service"

# --- it works from there
installed=$root$prefix/bin/rpiboot
is 'version' "$("$installed" -V)" "$("$OUT/rpiboot" -V)"
ok 'help' "$installed" --help
if [ -x "$BUILD/tests/virtual-board" ]; then
	tests/virtual/mkfolder.sh gadget "$T/gadget"
	cp "$T/gadget/"* "$root$share/mass-storage-gadget/"
	run "$BUILD/tests/virtual-board" --quiet --limit 600 --folder "$T/gadget" tests/virtual/boards/cm4-gadget.board -- \
		"$installed" -d "$root$share/mass-storage-gadget64"
	is 'it boots a board from the installed folder' "$status $(printf '%s\n' "$out" | grep -c '^Second stage boot server done$')" '0 1'
	rm -f "$root$share/mass-storage-gadget/bootfiles.bin" "$root$share/mass-storage-gadget/boot.img"
	cp mass-storage-gadget/config.txt "$root$share/mass-storage-gadget/"
else
	skip 'it boots a board' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi
if [ -x "$OUT/tools/rpi-eeprom-config" ]; then
	cp -r "$root$share/recovery" "$T/my recovery"
	"$BUILD/tests/mksample" s1 >"$T/my recovery/pieeprom.original.bin"
	(cd "$T/my recovery" && "$root$share/recovery/update-pieeprom.sh") >"$T/log" 2>&1
	is 'installed tools make an EEPROM image' "$? $(head -n 1 "$T/log")" '0 new-image: pieeprom.bin'
else
	skip 'installed tools' 'the signing tools were not built'
fi

# --- again, over the first; a running program is no obstacle
before=$(found)
cp /bin/sleep "$installed"
"$installed" 60 &
pid=$!
run scripts/install.sh install
is 'again: status, the same files, the same record' "$status $(found)" "0 $before"
kill $pid
ok 'again: the new program' cmp "$OUT/rpiboot" "$installed"

run scripts/install.sh uninstall
is 'uninstall: status' "$status $err" '0 '
is 'uninstall: only what was there before' "$(found | tr '\n' ' ')" '/opt/ /opt/rpi/ /opt/rpi/lib/ /opt/rpi/lib/mine '

# --- firmware goes along, keys and products do not
mkdir "$T/src"
for folder in */config.txt firmware/README.md msd/README.md; do
	cp -RP "$(dirname "$folder")" "$T/src"
done
cp -R scripts tools docs completions systemd udev README.md LICENSE "$T/src"
cd "$T/src" || exit 1
mkdir -p recovery/metadata mass-storage-gadget/2710
for file in msd/start.elf mass-storage-gadget/2710/bootcode.bin rpi-imager-embedded/boot.img recovery/pieeprom.original.bin \
	recovery/private.pem recovery/pieeprom.bin recovery/pieeprom.sig recovery/metadata/1.json; do
	echo x >"$file"
done
run scripts/install.sh install
is 'from a tree with firmware: status' "$status" 0
for file in msd/start.elf mass-storage-gadget64/2710/bootcode.bin rpi-imager-embedded/boot.img recovery/pieeprom.original.bin; do
	ok "firmware is installed: $file" test -f "$root$share/$file"
done
is 'keys, images with a configuration and metadata are not' \
	"$(find "$root" -name '*.pem' -o -name pieeprom.bin -o -name '*.sig' -o -name 'metadata*')" ''
rm msd/start.elf
run scripts/install.sh install
is 'installed again without that file' "$status" 0
rm -rf recovery5
run scripts/install.sh uninstall
is 'uninstall from a changed tree: only what was there before' "$status $(found | tr '\n' ' ')" \
	'0 /opt/ /opt/rpi/ /opt/rpi/lib/ /opt/rpi/lib/mine '
tap_end
