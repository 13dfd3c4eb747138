#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rpi-make-boot-image: what goes in comes back out, the volume is sound and as small as it can be, two runs are equal.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/cli/inputs.sh
. tests/cli/inputs.sh
# shellcheck source=tests/cli/boot-image.sh
. tests/cli/boot-image.sh
PATH=$PATH:/usr/sbin:/sbin
tool=$SRC/tools/rpi-make-boot-image
export MTOOLSRC=/dev/null MTOOLS_SKIP_CHECK=1
unset SOURCE_DATE_EPOCH IMAGE_SIZE FAT_SIZE SECTORS_PER_CLUSTER ROOT_DIR_ENTRIES FAT_OVERHEAD DISK_GEOMETRY SECTOR_SIZE

run "$tool" --help
is "help: status" "$status" 0
run "$tool" -h
is "-h: status" "$status" 0
mkdir "$T/in put"
usage_case "no options" "$tool"
usage_case "no output" "$tool" -d "$T/in put"
usage_case "no directory" "$tool" -o "$T/o.img"
usage_case "directory absent" "$tool" -d "$T/none" -o "$T/o.img"
usage_case "option without argument" "$tool" -d
usage_case "unknown option" "$tool" -d "$T/in put" -o "$T/o.img" -x
usage_case "extra argument" "$tool" -d "$T/in put" -o "$T/o.img" more
usage_case "-a 16" "$tool" -d "$T/in put" -o "$T/o.img" -a 16
usage_case "empty -d" "$tool" -d '' -o "$T/o.img"
usage_case "empty -o" "$tool" -d "$T/in put" -o ''
usage_case "unknown long option" "$tool" -d "$T/in put" -o "$T/o.img" --lage
usage_case "output is a directory" "$tool" -d "$T/in put" -o "$T"
usage_case "FAT_SIZE=8" env FAT_SIZE=8 "$tool" -d "$T/in put" -o "$T/o.img"
usage_case "IMAGE_SIZE=lots" env IMAGE_SIZE=lots "$tool" -d "$T/in put" -o "$T/o.img"
usage_case "SECTOR_SIZE=4096" env SECTOR_SIZE=4096 "$tool" -d "$T/in put" -o "$T/o.img"
usage_case "SECTORS_PER_CLUSTER=3" env SECTORS_PER_CLUSTER=3 "$tool" -d "$T/in put" -o "$T/o.img"
usage_case "DISK_GEOMETRY=64" env DISK_GEOMETRY=64 "$tool" -d "$T/in put" -o "$T/o.img"
usage_case "ROOT_DIR_ENTRIES=1" env ROOT_DIR_ENTRIES=1 "$tool" -d "$T/in put" -o "$T/o.img"

is "help: at most 80 columns" "$("$tool" --help | awk 'length($0) > 80')" ''

if ! command -v mkfs.fat >/dev/null || ! command -v mcopy >/dev/null; then
	skip_all "making images" "mkfs.fat (dosfstools) or mtools is missing"
fi

run "$tool" -d "$T/in put" -o "$T/o.img"
is "empty directory: status 1" "$status" 1
ok "empty directory: no image" test ! -e "$T/o.img"

# --- a directory with everything that is awkward and legal
src="$T/in put"
mkdir -p "$src/overlays/deep/er" "$src/a [b] c" "$src/empty" "$src/overlays/.kept"
printf 'arm_64bit=1\n' >"$src/config.txt"
printf 'x' >"$src/UPPER.TXT"
printf 'x' >"$src/Mixed.Txt"
printf 'x' >"$src/lower.TXT2"
: >"$src/nothing"
head -c 100000 /dev/urandom >"$src/overlays/bcm2711-rpi-4-b.dtb"
head -c 513 /dev/urandom >"$src/overlays/deep/er/q r"
printf 'y' >"$src/a [b] c/[z]"
printf 'y' >"$src/overlays/.kept/inner"
printf 'y' >"$src/-dash"
printf 'y' >"$src/name with a blank and much more of it.txt"
printf 'secret' >"$src/.top-level-hidden"
find "$src" -type f -exec touch -d @1600000000 {} +
touch -d @1600000002 "$src/config.txt"
run "$tool" -d "$src" -o "$T/one.img"
is "make: status" "$status" 0
is "make: says so" "${out%% (*}" "Created image $T/one.img"
cp -r "$src" "$T/want"
rm "$T/want/.top-level-hidden"
check_image "awkward names" "$T/one.img" "$T/want"
ok "read as a volume: sound" sound "$T/one.img" 0
ok "read as a volume: the same contents" same "$T/one.img" "$T/want"
is "boot sector ends in 55aa" "$(od -An -tx1 -j 510 -N 2 "$T/one.img" | tr -d ' ')" 55aa
is "boot sector: 512-byte sectors, 1 per cluster, 2 reserved, 1 FAT, 256 entries" \
	"$(od -An -tx1 -j 11 -N 8 "$T/one.img" | tr -d ' ')" 0002010200010001
is "boot sector: media f8, geometry 1/1, nothing hidden" \
	"$(od -An -tx1 -j 21 -N 1 "$T/one.img" | tr -d ' ')/$(od -An -tx1 -j 24 -N 8 "$T/one.img" | tr -d ' ')" f8/0100010000000000
is "boot sector: serial, label, type" "$(od -An -c -j 39 -N 23 "$T/one.img" | tr -d ' \n')" TOOBBOOTFAT12
is "one partition, type 0c, not active, up to the end" \
	"$(od -An -tu1 -j 446 -N 1 "$T/one.img")$(od -An -tx1 -j 450 -N 1 "$T/one.img")$(od -An -tu4 -j 454 -N 8 "$T/one.img" | tr -s ' ')" \
	"   0 0c 1 $(($(wc -c <"$T/one.img") / 512 - 1))"
is "no other partition" "$(od -An -v -tx1 -j 462 -N 48 "$T/one.img" | tr -d ' \n0')" ''
is "the partition's boot sector: 1 reserved sector, 1 hidden" \
	"$(od -An -tx1 -j $((512 + 14)) -N 2 "$T/one.img")$(od -An -tx1 -j $((512 + 28)) -N 4 "$T/one.img")" ' 01 00 01 00 00 00'
is "size is a multiple of 1 KiB" "$(($(wc -c <"$T/one.img") % 1024))" 0
is "times are the newest file's" "$(mdir -i "$T/one.img" ::overlays | grep -c '2020-09-13  12:26')" 5

touch "$src/nothing" -d @1500000000
run "$tool" -d "$src" -o "$T/two.img"
ok "two runs are equal" cmp "$T/one.img" "$T/two.img"
mkdir "$T/moved"
cp -r "$T/want/." "$T/moved"
run env SOURCE_DATE_EPOCH=1700000000 "$tool" -d "$T/moved" -o "$T/a.img"
run env TZ=Asia/Tokyo LC_ALL=C.UTF-8 BLOCK_SIZE=1M QUOTING_STYLE=c SOURCE_DATE_EPOCH=1700000000 "$tool" -d "$src" -o "$T/b.img"
ok "SOURCE_DATE_EPOCH: another directory, time zone, ls settings: equal" cmp "$T/a.img" "$T/b.img"
is "SOURCE_DATE_EPOCH: time" "$(mdir -i "$T/a.img" ::overlays | grep -c '2023-11-14  22:13')" 5
run env SOURCE_DATE_EPOCH=0 "$tool" -d "$src" -o "$T/b.img"
is "SOURCE_DATE_EPOCH=0 is before FAT's time" "$status/$(mdir -i "$T/b.img" :: | grep -c '1980-01-01   0:00')" 0/10
run env SOURCE_DATE_EPOCH=tomorrow "$tool" -d "$src" -o "$T/b.img"
is "SOURCE_DATE_EPOCH=tomorrow: status 1" "$status" 1

run env POSIXLY_CORRECT=1 MTOOLS_NO_VFAT=1 MTOOLS_DATE_STRING=dd.mm.yy MTOOLS_TWENTY_FOUR_HOUR_CLOCK=0 \
	MTOOLS_NAME_NUMERIC_TAIL=0 "$tool" -d "$src" -o "$T/b.img"
is "POSIXLY_CORRECT, settings of mtools: equal" "$status $(sum "$T/b.img")" "0 $(sum "$T/one.img")"

(cd "$src/overlays" && "$tool" -d .. -o ../../rel.img >/dev/null)
ok "relative paths" cmp "$T/rel.img" "$T/one.img"
mkdir "$T/bin dir"
ln -s "$tool" "$T/bin dir/rpi-make-boot-image"
"$T/bin dir/rpi-make-boot-image" -d "$src" -o "$T/rel.img" >/dev/null
ok "called through a link" cmp "$T/rel.img" "$T/one.img"
"$SRC/tools/make-boot-image" -d "$src" -o "$T/rel.img" >/dev/null
ok "make-boot-image is the same" cmp "$T/rel.img" "$T/one.img"

# --- outputs
mkdir "$T/out"
ln -s out/today.img "$T/link.img"
run "$tool" -d "$src" -o "$T/link.img"
is "a dangling link: its file is made" "$status $(readlink "$T/link.img") $(sum "$T/out/today.img")" "0 out/today.img $(sum "$T/one.img")"
echo old >"$T/out/today.img"
run "$tool" -d "$src" -o "$T/link.img"
is "a link to a file: its file is written" "$status $(readlink "$T/link.img") $(sum "$T/out/today.img")" "0 out/today.img $(sum "$T/one.img")"
ln -s nowhere/today.img "$T/lost.img"
run "$tool" -d "$src" -o "$T/lost.img"
is "a link into a directory that is not there: status, message" "$status $err" "1 ERROR: $T/lost.img is a link into a directory that does not exist"
mkfifo "$T/fifo"
cat "$T/fifo" >"$T/through" &
run "$tool" -d "$src" -o "$T/fifo"
wait $!
is "a FIFO gets the image, and stays one" "$status $([ -p "$T/fifo" ] && echo fifo) $(sum "$T/through")" "0 fifo $(sum "$T/one.img")"
run "$tool" -d "$src" -o /dev/stdout
is "/dev/stdout gets the image and nothing else" "$status $(sum "$T/run.out")" "0 $(sum "$T/one.img")"
run "$tool" -d "$src" -o /dev/null
ok "/dev/null stays a device" test -c /dev/null

# --- names that FAT cannot hold
bad_name() {
	rm -rf "$T/bad"
	mkdir "$T/bad"
	: >"$T/bad/$2" && : >"$T/bad/${3:-$2}"
	echo old >"$T/bad.img"
	run "$tool" -d "$T/bad" -o "$T/bad.img"
	is "$1: status 1" "$status" 1
	is "$1: one line names it" "$(printf '%s\n' "$err" | grep -c "^ERROR: .*$4")" 1
	is "$1: the older image stays" "$(cat "$T/bad.img")" old
}
bad_name "colon" 'a:b' '' 'a:b: not a legal'
bad_name "question mark" 'a?b' '' 'not a legal'
bad_name "backslash" 'a\b' '' 'not a legal'
bad_name "trailing dot" 'ab.' '' 'not a legal'
bad_name "trailing blank" 'ab ' '' 'not a legal'
bad_name "not ASCII" 'ä' '' 'not a legal'
bad_name "line feed" 'a
b' '' 'control character'
bad_name "device name" 'Con' '' 'device name'
bad_name "tilde that mtools spoils" 'bbxxbab~~1' '' 'cannot store a name with ~'
bad_name "tilde before the dot" 'a~.~.1' '' 'cannot store a name with ~'
bad_name "196 characters" "$(printf '%0196d' 0)" '' 'more than 195 characters'
bad_name "case only" 'Config.txt' 'config.txt' 'differs only in case from Config.txt'
rm -rf "$T/bad"
mkdir -p "$T/bad/Dir" "$T/bad/dir"
run "$tool" -d "$T/bad" -o "$T/none.img"
is "directories that differ in case only: status 1" "$status" 1
rm -rf "$T/bad"
mkdir "$T/bad"
mkfifo "$T/bad/pipe"
run "$tool" -d "$T/bad" -o "$T/none.img"
is "FIFO: status 1" "$status" 1
rm "$T/bad/pipe"
ln -s nowhere "$T/bad/link"
run "$tool" -d "$T/bad" -o "$T/none.img"
is "dangling link: status 1" "$status" 1
rm "$T/bad/link"
ln -s .. "$T/bad/loop"
run "$tool" -d "$T/bad" -o "$T/none.img"
is "link loop: status 1" "$status" 1
ok "no image from any of these" test ! -e "$T/none.img"
rm "$T/bad/loop"
ln -s "$src/config.txt" "$T/bad/link.txt"
run "$tool" -d "$T/bad" -o "$T/link.img"
is "a link to a file is followed" "$status/$(mtype -i "$T/link.img" ::link.txt)" 0/arm_64bit=1
rm -rf "$T/bad"
mkdir "$T/bad"
for name in config.txt~ a~1 abcdef~1 abcdef~1.txt 'a~b' 'a~b.conf' '~' "$(printf '%0195d' 0)"; do echo "$name" >"$T/bad/$name"; done
run "$tool" -d "$T/bad" -o "$T/tilde.img"
is "harmless tildes, 195 characters: status" "$status$err" 0
check_image "harmless tildes, 195 characters" "$T/tilde.img" "$T/bad"

# --- what goes wrong without a word of mtools is found before the image is published
mkdir "$T/fake"
cat >"$T/fake/mcopy" <<END
#!/bin/sh
case " \$* " in
*" ./config.txt "*) exit 0 ;;
esac
exec $(command -v mcopy) "\$@"
END
chmod +x "$T/fake/mcopy"
echo old >"$T/bad.img"
run env PATH="$T/fake:$PATH" "$tool" -d "$src" -o "$T/bad.img"
is "a file that was not copied: status, message, the older image stays" "$status $err $(cat "$T/bad.img")" \
	"1 ERROR: mtools did not store $src/config.txt as it is: give it another name old"
cat >"$T/fake/mcopy" <<END
#!/bin/sh
$(command -v mcopy) "\$@" || exit
for image; do
	[ "\$image" = "\${image%/boot.img}" ] || printf '\377\017' | dd of="\$image" bs=1 seek=$((1024 + 345)) conv=notrunc 2>/dev/null
done
END
run env PATH="$T/fake:$PATH" "$tool" -d "$src" -o "$T/bad.img"
# a cluster in use that belongs to no file
is "a damaged table: status, message, the older image stays" "$status $(printf '%s\n' "$err" | grep -c 'ERROR: the image is damaged') $(cat "$T/bad.img")" '1 1 old'

# --- leaving out
mkdir -p "$T/prune/overlays"
for f in kernel.img kernel7.img kernel7l.img kernel8.img kernel_2712.img initramfs_2712 bootcode.bin start.elf fixup.dat \
	start_cd.elf fixup_cd.dat start4.elf start4cd.elf fixup4.dat fixup4x.dat bcm2708-rpi-b.dtb bcm2711-rpi-4-b.dtb \
	overlays/kernel.img; do
	echo x >"$T/prune/$f"
done
names() { (cd "$T/back" && find . -type f | LC_ALL=C sort | tr '\n' ' '); }
prune_case() {
	# shellcheck disable=SC2086 # option words
	run "$tool" -d "$T/prune" -o "$T/prune.img" $2
	rm -rf "$T/back"
	mkdir "$T/back"
	mcopy -s -n -i "$T/prune.img" '::*' "$T/back/"
	is "$1" "$(names)" "$3"
}
cp -r "$T/prune" "$T/all"
prune_case "nothing is left out by itself" "" "$(cd "$T/all" && find . -type f | LC_ALL=C sort | tr '\n' ' ')"
prune_case "-b pi5 leaves nothing out" "-b pi5" "$(cd "$T/all" && find . -type f | LC_ALL=C sort | tr '\n' ' ')"
run "$tool" -b pi44 -d "$T/all" -o "$T/none.img"
is "-b with a name that is no model's: status, message" "$status $err" \
	"2 rpi-make-boot-image: unknown board: -b pi44 (known: pi4, pi400, cm4, pi5, pi500, cm5) (try --help)"
ok "-b with a name that is no model's: no image" test ! -e "$T/none.img"
run "$tool" -b cm4s -d "$T/all" -o "$T/cm4s.img"
is "-b cm4s: warns that nothing is left out" "$status $(printf '%s\n' "$err" | grep -c 'cm4s leaves nothing out')" "0 1"
prune_case "-b pi4" "-b pi4" "./bcm2711-rpi-4-b.dtb ./fixup4.dat ./kernel7l.img ./kernel8.img ./overlays/kernel.img ./start4.elf "
prune_case "-b cm4 -a 64" "-b cm4 -a 64" "./bcm2711-rpi-4-b.dtb ./fixup4.dat ./kernel8.img ./overlays/kernel.img ./start4.elf "
prune_case "-b pi400 -a 32" "-b pi400 -a 32" "./bcm2711-rpi-4-b.dtb ./fixup4.dat ./kernel7l.img ./overlays/kernel.img ./start4.elf "

# --- the output within the directory: an image does not go into itself, whether it is there already or not
for at in boot.img overlays/boot.img; do
	rm -rf "$T/within"
	cp -r "$T/all" "$T/within"
	run "$tool" -d "$T/within" -o "$T/within/$at"
	is "output $at in the directory: status, message" "$status$err" 0
	cp "$T/within/$at" "$T/first.img"
	same_bytes() { run "$tool" -d "$T/within" -o "$T/within/$at" && cmp "$T/first.img" "$T/within/$at"; }
	ok "output $at in the directory: the same bytes when made again" same_bytes
	rm "$T/within/$at"
	ok "output $at in the directory: just the other files" same "$T/first.img@@$(offset "$T/first.img")" "$T/all"
done

is "no scratch directory stays" "$(find "$T" -name '.rpi-make*' | wc -l)" 0
tap_end
