# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# What the tests of rpi-make-boot-image share: an image against the directory it was made from.

# offset IMAGE: where its partition begins, in bytes
offset() { echo $(($(od -An -tu4 -j 454 -N 4 "$1") * 512)); }
# sound FILE AT: the volume there passes fsck, and has free clusters at its end
sound() {
	dd if="$1" of="$T/volume" bs=512 skip="$(($2 / 512))" 2>/dev/null
	fsck.fat -n "$T/volume" >"$T/fsck" 2>&1 && awk -F'[ /]' '/clusters/ { exit $(NF - 2) >= $(NF - 1) }' "$T/fsck"
}
# same IMAGE[@@OFFSET] DIRECTORY: it holds just what is in the directory
same() {
	rm -rf "$T/back"
	mkdir "$T/back"
	mcopy -s -n -i "$1" '::*' "$T/back/" && diff -r "$T/back" "$2"
}
# check_image NAME IMAGE DIRECTORY: its partition is sound and holds what is in the directory
check_image() {
	ok "$1: sound, with free clusters" sound "$2" "$(offset "$2")"
	ok "$1: the same contents" same "$2@@$(offset "$2")" "$3"
}
