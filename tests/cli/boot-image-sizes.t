#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rpi-make-boot-image: sizes at the limits of the FAT types and of boot loaders, and any directory that packs comes back
# equal.
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
if ! command -v mkfs.fat >/dev/null || ! command -v mcopy >/dev/null; then
	skip_all "making images" "mkfs.fat (dosfstools) or mtools is missing"
fi

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
# mkfs.fat (4.2, tried) makes no volume with less than 32 KiB after its tables and its root, and no root of more than 32768
# entries: 2 reserved sectors, one of tables and 16 entries a sector come before.
size_case 1000 '44 KiB, FAT12' 'ROOT_DIR_ENTRIES=320'
size_case 1000 '50 KiB, FAT12' 'ROOT_DIR_ENTRIES=512'
size_case 1000 '162 KiB, FAT12' 'ROOT_DIR_ENTRIES=4096 SECTORS_PER_CLUSTER=16'
size_case 1000 '1058 KiB, FAT12' 'ROOT_DIR_ENTRIES=32768'
run env ROOT_DIR_ENTRIES=32769 "$tool" -d "$T/size" -o "$T/none.img"
is "ROOT_DIR_ENTRIES=32769: status" "$status" 2
dd if=/dev/zero of="$T/size/START4.ELF" bs=1 seek=103000000 count=0 2>/dev/null
run "$tool" -d "$T/size" -o "$T/size.img"
is "more than 96 MiB: written, with a warning" "$status $err" \
	"0 WARNING: the image has 100 MiB: boot loaders before 2022-02 load 96 MiB, those before 2021-10 load 64 MiB"
dd if=/dev/zero of="$T/size/START4.ELF" bs=1 seek=100000000 count=0 2>/dev/null
run "$tool" -d "$T/size" -o "$T/size.img"
is "a little more than 96 MiB is not called 96 MiB" "${err%%:*}/${err#*has }" \
	"WARNING/97 MiB: boot loaders before 2022-02 load 96 MiB, those before 2021-10 load 64 MiB"
dd if=/dev/zero of="$T/size/START4.ELF" bs=1 seek=140000000 count=0 2>/dev/null
run "$tool" -d "$T/size" -o "$T/none.img"
is "more than 128 MiB: status, message" "$status $err" \
	"1 ERROR: the image would have 135 MiB, and a BCM2711 loads 128 MiB: leave something out, or give --large"
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

rm -rf "$T/many"
mkdir "$T/many"
for i in $(seq 600); do : >"$T/many/F$i"; done
run "$tool" -d "$T/many" -o "$T/many.img"
is "600 empty files at the top: status, message" "$status$err" 0
check_image "600 empty files at the top" "$T/many.img" "$T/many"

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
for seed in 1 2 3 4 5 6; do
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
ok "most random directories pack ($packed of 6)" test $packed -ge 3

tap_end
