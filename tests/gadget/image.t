#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
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
run "$build" --kernel-from "$T/none" -o "$T/no.img"
is "a kernel from nowhere is refused" "$status $err" "1 build: $T/none is neither a directory nor a boot image"
mkdir "$T/empty"
run "$build" --kernel-from "$T/empty" -o "$T/no.img"
is "a directory without a kernel is refused" "$status $err" \
	"1 build: $T/empty has no arm64 kernel (looked for kernel8.img, vmlinuz*, Image, and what its config.txt names)"
echo text >"$T/text"
run "$build" --kernel-from "$T/text" -o "$T/no.img"
is "any other file is refused" "$status $err" "1 build: $T/text is neither a directory nor a boot image"
run "$build" --modules-from "$T/empty" -o "$T/no.img"
is "modules of no kernel are refused" "$status $err" "1 build: --modules-from goes with --kernel-from"
is "no image is left" "$(ls "$T"/*.img 2>/dev/null)" ""
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
mkdir -p "$T/mirror/pool/main/t" "$T/archive/20260102T000000Z/pool/main/t"
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
	skip_all "the image" "$(why_not)"
fi

size() { stat -c %s "$1"; }
images=$(dirname "$image")
ok "the image is under 10.5 MB" test "$(size "$image")" -lt 10500000
ok "that for 2710 is under 7.2 MB" test "$(size "$images/2710/boot.img")" -lt 7200000
ok "that for 2711 is under 6.5 MB" test "$(size "$images/2711/boot.img")" -lt 6500000
ok "that for 2712 is under 4.2 MB" test "$(size "$images/2712/boot.img")" -lt 4200000
ok "a sound FAT volume" env PATH="$PATH:/usr/sbin:/sbin" fsck.fat -n "$image"
# byte NUMBER FILE
byte() { od -An -tx1 -j "$1" -N 1 "$2" | tr -d ' '; }
for file in "$image" "$images"/271?/boot.img; do
	is "${file#"$images/"}: with a partition of type 0c" "$(byte 450 "$file")" 0c
	start=$(od -An -tu4 --endian=little -j 454 -N 4 "$file" | tr -d ' ')
	ok "${file#"$images/"}: which has the files" mdir -b -i "$file@@$((start * 512))" ::config.txt ::kernel8.img ::initrd.zst ::cmdline.txt
done
take_apart
is "its files, but for device trees" "$(cd "$T/image" && find . -type f ! -name '*.dtb*' | LC_ALL=C sort | xargs)" \
	"./cmdline.txt ./config.txt ./fixup.dat ./fixup4.dat ./initrd.zst ./kernel8.img ./start.elf ./start4.elf"
ok "bootcode.bin for 2710 lies beside it" test -s "$images/2710/bootcode.bin"
cp "$image" "$T/edited.img"
head -c 4000 "$image" >"$T/more.txt"
ok "there is room for another cmdline.txt" mcopy -i "$T/edited.img" "$T/more.txt" ::

# members INITRAMFS
members() { zstd -dcq "$1" | cpio -t --quiet | LC_ALL=C sort | xargs; }
is "the initramfs is busybox, flashd and init" "$(members "$T/image/initrd.zst")" ". bin bin/busybox bin/flashd bin/sh init"

# Another build, with everything around it different, has the same bytes.
(cd / && umask 077 && TZ=Asia/Tokyo LC_ALL=C.UTF-8 "$build" -o "$T/again.img") >"$T/build.log" 2>&1
ok "a second build is byte-identical" cmp "$image" "$T/again.img"
"$build" --chip 2712 -o "$T/2712.img" >>"$T/build.log" 2>&1
ok "with --chip it is that chip's image" cmp "$images/2712/boot.img" "$T/2712.img"
is "2712 alone has no start file" "$(mdir -b -i "$T/2712.img" | grep -c 'elf\|bcm271[01]')" 0

# An image for one chip must not be hidden by those that an earlier build left, nor signed by their signatures.
mkdir -p "$T/old/2711" "$T/old/2712"
touch "$T/old/boot.sig" "$T/old/2711/boot.img" "$T/old/2711/boot.sig" "$T/old/2712/boot.img" "$T/old/2712/bootcode5.bin"
"$build" --chip 2711 -o "$T/old/boot.img" >>"$T/build.log" 2>&1
is "a new image takes away what would hide it or no longer fits" "$(cd "$T/old" && find . -type f | LC_ALL=C sort | xargs)" \
	"./2712/bootcode5.bin ./boot.img"

"$build" --chip 2711 --secure --option msg.ro=1 -o "$T/secure.img" >>"$T/build.log" 2>&1
mkdir "$T/secure"
mcopy -n -i "$T/secure.img" ::config.txt ::cmdline.txt ::initrd.zst "$T/secure/"
is "--secure and --option reach the command line" "$(cat "$T/secure/cmdline.txt")" \
	"$(cat mass-storage-gadget/boot/cmdline.txt) msg.ro=1 msg.console=0"
ok "--secure: no UART" grep -qx enable_uart=0 "$T/secure/config.txt"
ok "--secure: the same initramfs, with direct flashing" cmp "$T/secure/initrd.zst" "$T/image/initrd.zst"

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
