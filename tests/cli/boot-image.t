#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rpi-make-boot-image: what goes in comes back out, the volume is sound and as small as it can be, two runs are equal.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/cli/inputs.sh
. tests/cli/inputs.sh
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
	skip "making images" "mkfs.fat (dosfstools) or mtools is missing"
	tap_end
	exit
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
# check_image NAME IMAGE DIRECTORY: both ways to read it
check_image() {
	ok "$1: a sound volume with free clusters" sound "$2" 0
	ok "$1: read as a volume, the same contents" same "$2" "$3"
	ok "$1: a sound partition" sound "$2" "$(offset "$2")"
	ok "$1: read as a partition, the same contents" same "$2@@$(offset "$2")" "$3"
}
run "$tool" -d "$src" -o "$T/one.img"
is "make: status" "$status" 0
is "make: says so" "${out%% (*}" "Created image $T/one.img"
cp -r "$src" "$T/want"
rm "$T/want/.top-level-hidden"
check_image "awkward names" "$T/one.img" "$T/want"
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

# --- sizes: at the limits of the FAT types
size_case() {
	rm -rf "$T/size"
	mkdir "$T/size"
	dd if=/dev/zero of="$T/size/START4.ELF" bs=1 seek="$1" count=0 2>/dev/null
	# shellcheck disable=SC2086 # NAME=VALUE words
	run env $3 "$tool" -d "$T/size" -o "$T/size.img"
	is "$1 bytes $3: $2" "$status $(printf '%s' "$out" | sed 's/.*(\(.*\))/\1/')" "0 $2"
	check_image "$1 bytes $3" "$T/size.img" "$T/size"
}
size_case 0 '44 KiB, FAT12' ''
size_case 1 '44 KiB, FAT12' ''
size_case 18944 '44 KiB, FAT12' ''
size_case 18945 '45 KiB, FAT12' ''
size_case 2066432 '2049 KiB, FAT12' ''
size_case 2066433 '2068 KiB, FAT16' ''
size_case 33523712 '32891 KiB, FAT16' ''
size_case 33523713 '33043 KiB, FAT32' ''
size_case 40000000 '39401 KiB, FAT32' ''
size_case 34816 '44 KiB, FAT12' FAT_OVERHEAD=0
size_case 34817 '45 KiB, FAT12' FAT_OVERHEAD=0
size_case 1000 '2048 KiB, FAT12' 'IMAGE_SIZE=2'
size_case 1000 '65536 KiB, FAT32' 'IMAGE_SIZE=64'
size_case 1000 '65536 KiB, FAT16' 'IMAGE_SIZE=64 SECTORS_PER_CLUSTER=4'
size_case 1000 '65536 KiB, FAT32' 'IMAGE_SIZE=64 FAT_SIZE=32'
size_case 1000 '2068 KiB, FAT16' 'FAT_SIZE=16'
size_case 1000 '1038 KiB, FAT12' 'FAT_OVERHEAD=1024'
dd if=/dev/zero of="$T/size/START4.ELF" bs=1 seek=103000000 count=0 2>/dev/null
run "$tool" -d "$T/size" -o "$T/size.img"
is "more than 96 MiB: written, with a warning" "$status $err" \
	"0 WARNING: the image has 99 MiB: boot loaders before 2022-02 load 96 MiB, those before 2021-10 load 64 MiB"
dd if=/dev/zero of="$T/size/START4.ELF" bs=1 seek=140000000 count=0 2>/dev/null
run "$tool" -d "$T/size" -o "$T/none.img"
is "more than 128 MiB: status, message" "$status $err" \
	"1 ERROR: the image would have 134 MiB, and a BCM2711 loads 128 MiB: leave something out, or give --large"
dd if=/dev/zero of="$T/size/START4.ELF" bs=1 seek=300000000 count=0 2>/dev/null
run "$tool" --large -d "$T/size" -o "$T/size.img"
is "--large: status, size" "$status ${out##* (}" '0 293295 KiB, FAT32)'
check_image "--large" "$T/size.img" "$T/size"
rm "$T/size/START4.ELF" && : >"$T/size/START4.ELF"
run env IMAGE_SIZE=1 "$tool" -d "$T/size" -o "$T/size.img"
is "IMAGE_SIZE=1 is enough for little" "$status" 0
dd if=/dev/zero of="$T/size/START4.ELF" bs=1 seek=1048576 count=0 2>/dev/null
run env IMAGE_SIZE=1 "$tool" -d "$T/size" -o "$T/none.img"
is "IMAGE_SIZE=1 is not enough for 1 MiB" "$status/$err" "1/ERROR: the contents do not fit into IMAGE_SIZE=1 with these parameters"
run env IMAGE_SIZE=64 FAT_SIZE=12 "$tool" -d "$T/size" -o "$T/none.img"
is "64 MiB is too large for FAT12" "$status" 1
ok "no image from these" test ! -e "$T/none.img"

# --- many names: the fixed root directory grows, a directory fills several clusters
mkdir -p "$T/many/overlays"
i=0
while [ $i -lt 150 ]; do
	echo $i >"$T/many/$i-Root.dtbo"
	echo $i >"$T/many/overlays/$i-A-long-overlay-name.dtbo"
	i=$((i + 1))
done
run env FAT_OVERHEAD=0 "$tool" -d "$T/many" -o "$T/many.img"
is "many names: status" "$status" 0
check_image "many names" "$T/many.img" "$T/many"
is "many names: one or two clusters are left" "$(fsck.fat -n "$T/many.img" | awk -F'[ /]' '/clusters/ { print $(NF-1) - $(NF-2) <= 2 }')" 1

# Names of up to 8 characters with a long extension take two entries, like any other long name.
for count in 10 15 30; do
	rm -rf "$T/conf"
	mkdir -p "$T/conf/d"
	for i in $(seq $count); do echo "$i" >"$T/conf/d/a$i.conf"; done
	head -c 40000 /dev/zero >"$T/conf/d/zbig.bin"
	run env FAT_OVERHEAD=0 "$tool" -d "$T/conf" -o "$T/conf.img"
	is "$count short names with long extensions: status" "$status$err" 0
	check_image "$count short names with long extensions" "$T/conf.img" "$T/conf"
done

# --- any directory that packs comes back equal: random names and sizes
# tree SEED: prints commands that make one
tree() {
	awk -v seed="$1" '
		function below(n) { return int(rand() * n) }
		function word(set, least, most,    n, text) {
			for (n = least + below(most - least + 1); n > 0; n--)
				text = text substr(set, 1 + below(length(set)), 1)
			return text
		}
		function name(    kind) {
			kind = below(4)
			if (kind == 0)
				return word("abcdefgh12", 1, 8) word(".", 0, 1) word("txtconfABC", 1, 5)
			if (kind == 1)
				return word("abXY01-_", 1, 9) "." word("cD2", 1, 5)
			if (kind == 2)
				return "n" word("aBX0 ._-+,;=[]!@#$%&(){}^~", 1, 30) "e"
			return "long" word("abc-XYZ.", 9, 150) "end"
		}
		function fill(directory, depth,    n, path) {
			for (n = 1 + below(15); n > 0; n--) {
				path = directory "/" name()
				if (tolower(path) in seen)
					continue
				seen[tolower(path)] = 1
				if (depth < 3 && below(5) == 0) {
					printf "mkdir \047%s\047\n", path
					fill(path, depth + 1)
				} else
					printf "head -c %d /dev/urandom >\047%s\047\n", below(3) * below(3000), path
			}
		}
		BEGIN { srand(seed); fill(".", 0) }'
}
packed=0
for seed in 1 2 3 4 5 6 7 8 9 10; do
	rm -rf "$T/random"
	mkdir "$T/random"
	(cd "$T/random" && tree $seed | sh)
	run env FAT_OVERHEAD=0 "$tool" -d "$T/random" -o "$T/random.img"
	if [ "$status" -eq 0 ]; then
		packed=$((packed + 1))
		check_image "random directory $seed" "$T/random.img" "$T/random"
	else
		ok "random directory $seed: refused for its tilde, with one line" grep -q '^ERROR: .*~' "$T/run.err"
	fi
done
ok "most random directories pack ($packed of 10)" test $packed -ge 5

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
prune_case "-b pi4" "-b pi4" "./bcm2711-rpi-4-b.dtb ./fixup4.dat ./kernel7l.img ./kernel8.img ./overlays/kernel.img ./start4.elf "
prune_case "-b cm4 -a 64" "-b cm4 -a 64" "./bcm2711-rpi-4-b.dtb ./fixup4.dat ./kernel8.img ./overlays/kernel.img ./start4.elf "
prune_case "-b pi400 -a 32" "-b pi400 -a 32" "./bcm2711-rpi-4-b.dtb ./fixup4.dat ./kernel7l.img ./overlays/kernel.img ./start4.elf "

is "no scratch directory stays" "$(find "$T" -name '.rpi-make*' | wc -l)" 0
tap_end
