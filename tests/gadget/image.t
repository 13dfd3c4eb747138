#!/bin/sh
# The image itself: what is in it, how big it is, that a second build gives the same bytes, how it is signed, and what
# the builder says when something cannot be had.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/gadget/guest.sh
. tests/gadget/guest.sh
build=$SRC/mass-storage-gadget/build

# --- the builder's manners; these need no packages
run "$build" --chip 2835 -o "$T/no.img"
is "an unknown chip is refused" "$status $err" "1 build: chip 2835 is not one of 2710, 2711, 2712"
run "$build" --chip
is "a missing value is refused" "$status $err" "1 build: --chip needs a value"
run "$build" --fast
is "an unknown option is refused" "$status $err" "1 build: unknown option --fast, try --help"
run "$build" --help
is "--help" "$status $(echo "$out" | head -n 1)" "0 usage: build [OPTION]..."

# fetch_test MIRROR SNAPSHOT: fetches a pinned file with these two, in a list of its own
fetch_test() {
	rm -rf "$T/cache"
	mkdir "$T/cache"
	# shellcheck disable=SC2016 # the inner shell expands these
	run env MIRROR="$1" SNAPSHOT="$2" GADGET_CACHE="$T/cache" sh -euc '
		top=$1; . "$top/mass-storage-gadget/lib.sh"; gadget=$2; fetch tiny; cat "$deb"' sh "$SRC" "$T"
}
mkdir -p "$T/mirror/pool/main/t" "$T/archive/20260102T000000Z/pool/main/t" "$T/empty"
echo right >"$T/mirror/pool/main/t/tiny_1_all.deb"
cp "$T/mirror/pool/main/t/tiny_1_all.deb" "$T/archive/20260102T000000Z/pool/main/t/"
printf 'snapshot 20260102T000000Z\nsid tiny 1 pool/main/t/tiny_1_all.deb %s\n' \
	"$(sha256sum <"$T/mirror/pool/main/t/tiny_1_all.deb" | cut -d ' ' -f 1)" >"$T/packages"
if [ -x /usr/lib/apt/apt-helper ]; then
	fetch_test "file://$T/mirror" "file://$T/empty"
	is "a package comes from the mirror" "$status $out" "0 right"
	fetch_test "file://$T/empty" "file://$T/archive"
	is "or from the snapshot archive, when the mirror moved on" "$status $out" "0 right"
	fetch_test "file://$T/empty" "file://$T/empty"
	is "nowhere: status 77" "$status" 77
	is "and the message says what to do" "$(echo "$err" | grep -c 'tiny 1 (sid) .* not on file:.*SNAPSHOT=URL.*--update-packages')" 1
	echo wrong >"$T/mirror/pool/main/t/tiny_1_all.deb"
	fetch_test "file://$T/mirror" "file://$T/empty"
	is "another file under that name is refused" "$status $out" "77 "
	is "and not kept" "$(ls "$T/cache/packages")" ""
else
	skip "packages are fetched" "no apt-helper here"
fi

if [ ! -f "$image" ]; then
	skip "the image" "$(why_not)"
	tap_end
	exit
fi

size() { stat -c %s "$1"; }
ok "the image is under 10 MB" test "$(size "$image")" -lt 10000000
ok "a sound FAT volume" env PATH="$PATH:/usr/sbin:/sbin" fsck.fat -n "$image"
names=$(mdir -b -i "$image" | sed 's|^::/||' | sort)
is "its files" "$names" "$(printf '%s\n' bcm2710-rpi-3-b-plus.dtb bcm2710-rpi-cm3.dtb bcm2710-rpi-zero-2-w.dtb bcm2710-rpi-zero-2.dtb \
	bcm2711-rpi-4-b.dtb bcm2711-rpi-400.dtb bcm2711-rpi-cm4.dtb bcm2711-rpi-cm4s.dtb bcm2712-rpi-5-b.dtb bcm2712-rpi-500.dtb \
	bcm2712-rpi-cm5-cm4io.dtb bcm2712-rpi-cm5-cm5io.dtb bcm2712-rpi-cm5l-cm4io.dtb bcm2712-rpi-cm5l-cm5io.dtb \
	bcm2712d0-rpi-5-b.dtb cmdline.txt config.txt fixup.dat fixup4.dat initrd.zst kernel8.img start.elf start4.elf | sort)"
ok "bootcode.bin for 2710 lies beside it" test -s "$(dirname "$image")/2710/bootcode.bin"

mkdir "$T/files"
mcopy -n -i "$image" ::* "$T/files/"
bad=
for tree in "$T"/files/*.dtb; do
	case $tree in
	*bcm2712*) usb=/soc@107c000000/usb@480000 ;;
	*) usb=/soc/usb@7e980000 ;;
	esac
	[ "$(fdtget "$tree" $usb dr_mode 2>&1)" = peripheral ] || bad="$bad ${tree##*/}"
done
is "every device tree has the USB controller as a device" "$bad" ""
gpio=$(fdtget "$T/files/bcm2710-rpi-cm3.dtb" /__symbols__ expgpio)
is "CM3: the eMMC's enable line is held" "$(fdtget -p "$T/files/bcm2710-rpi-cm3.dtb" "$gpio/emmc-en-hog" | sort | tr "\n" " ")" \
	"gpio-hog gpios line-name output-low "
is "CM5: eight data lines, no card detection" "$(fdtget "$T/files/bcm2712-rpi-cm5-cm5io.dtb" /soc@107c000000/mmc@fff000 bus-width
	fdtget -d none "$T/files/bcm2712-rpi-cm5-cm5io.dtb" /soc@107c000000/mmc@fff000 cd-gpios)" "8
none"
is "the initramfs is busybox and init" "$(zstd -dcq "$T/files/initrd.zst" | cpio -t --quiet | sort | tr '\n' ' ')" \
	". bin bin/busybox bin/sh init "

# Another build, with everything around it different, has the same bytes.
(cd / && umask 077 && TZ=Asia/Tokyo LC_ALL=C.UTF-8 "$build" -o "$T/again.img") >"$T/build.log" 2>&1
ok "a second build is byte-identical" cmp "$image" "$T/again.img"
for chip in 2710 2711 2712; do
	"$build" --chip $chip -o "$T/$chip.img" >>"$T/build.log" 2>&1
	ok "for $chip alone it is under 8 MB" test "$(size "$T/$chip.img")" -lt 8000000
done
is "2712 alone has no start file" "$(mdir -b -i "$T/2712.img" | grep -c 'elf\|bcm271[01]')" 0

"$build" --chip 2711 --secure --option msg.ro=1 -o "$T/secure.img" >>"$T/build.log" 2>&1
mkdir "$T/secure"
mcopy -n -i "$T/secure.img" ::config.txt ::cmdline.txt "$T/secure/"
is "--secure and --option reach the command line" "$(cat "$T/secure/cmdline.txt")" \
	"$(cat mass-storage-gadget/boot/cmdline.txt) msg.ro=1 msg.console=0"
ok "--secure: no UART" grep -qx enable_uart=0 "$T/secure/config.txt"

# Signed with our tool, checked with OpenSSL's.
if [ -x "$OUT/tools/rpi-eeprom-digest" ]; then
	openssl genrsa -out "$T/key.pem" 2048 2>/dev/null
	openssl rsa -in "$T/key.pem" -pubout -out "$T/public.pem" 2>/dev/null
	ok "the image is signed" "$OUT/tools/rpi-eeprom-digest" -i "$T/secure.img" -o "$T/secure.sig" -k "$T/key.pem"
	is "boot.sig begins with the image's hash" "$(head -n 1 "$T/secure.sig")" "$(sha256sum <"$T/secure.img" | cut -d ' ' -f 1)"
	sed -n 's/^rsa2048: //p' "$T/secure.sig" | tr a-f A-F | basenc --base16 -d >"$T/signature"
	ok "OpenSSL verifies the signature" openssl dgst -sha256 -verify "$T/public.pem" -signature "$T/signature" "$T/secure.img"
	printf x | dd of="$T/secure.img" bs=1 seek=100000 conv=notrunc status=none
	ok "and refuses a changed image" fails openssl dgst -sha256 -verify "$T/public.pem" -signature "$T/signature" "$T/secure.img"
else
	skip "the image is signed and verified" "tools/rpi-eeprom-digest is not built"
fi
tap_end
