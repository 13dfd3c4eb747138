#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Flashing through block devices: loop devices in memory, each held to 40 MB/s by the kernel's block throttle (root, cgroup 1),
# as a USB 2 bus would. Ratios count; each compares runs of this minute on this machine.
set -eu
flashrun=$BUILD/tests/flashrun throttle=/sys/fs/cgroup/blkio
rate=41943040 size=${FLASH_MIB:-64} # bytes a second; MiB of the image
if [ "$(id -u)" != 0 ] || ! [ -w $throttle/blkio.throttle.write_bps_device ] || ! command -v losetup >/dev/null; then
	echo 'flash: needs root, losetup and the block throttle of cgroup 1: left out'
	exit 0
fi
work=$(mktemp -d /dev/shm/rpiboot-bench.XXXXXX)
loops=
# shellcheck disable=SC2329 # the trap calls it
cleanup() {
	for loop in $loops; do
		number=${loop#/dev/loop}
		echo "7:$number 0" >$throttle/blkio.throttle.write_bps_device
		echo "7:$number 0" >$throttle/blkio.throttle.read_bps_device
		losetup -d "$loop"
	done
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# An image of which a quarter is a hole, the rest compresses to half.
for i in 0 1 2 3; do
	if [ $i = 2 ]; then head -c $((size * 262144)) /dev/zero; else openssl rand -base64 $((size * 262144)); fi | head -c $((size * 262144))
done >"$work/image"
printf '\125\252' | dd of="$work/image" bs=1 seek=510 conv=notrunc status=none
xz -1 -T1 -k "$work/image"

for i in $(seq "${FLASH_DISKS:-8}"); do
	truncate -s $((size + 8))M "$work/disk$i"
	loop=$(losetup -f --show "$work/disk$i")
	loops="$loops $loop"
	echo "7:${loop#/dev/loop} $rate" >$throttle/blkio.throttle.write_bps_device
	echo "7:${loop#/dev/loop} $rate" >$throttle/blkio.throttle.read_bps_device
done
first=${loops# } first=${first%% *}

# seconds COMMAND...: leaves its time in $seconds
seconds() {
	start=$(date +%s.%N)
	"$@" >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }
	seconds=$(echo "$start $(date +%s.%N)" | awk '{ printf "%.2f", $2 - $1 }')
}
# flash OPTION... DEVICE...: the longest time that writing took in $write
flash() {
	rm -rf "$work/t" && mkdir "$work/t"
	T=$work/t seconds "$flashrun" -s "$work" "$@"
	write=$(awk '/^\/dev/ { t = $3 + $4; if (t > m) m = t } END { print m }' "$work/out")
}
ratio() { echo "$1 $2" | awk '{ printf "%.2f", $1 / $2 }'; }

seconds env LC_ALL=C dd if="$work/image" of="$first" bs=1M oflag=direct conv=fsync
dd=$(sed -n 's/.* copied, \([0-9.]*\) s,.*/\1/p' "$work/out")
flash -n "$work/image" "$first"
one=$write
# shellcheck disable=SC2086 # a list
flash -n "$work/image" $loops
eight=$write
# shellcheck disable=SC2086 # a list
flash "$work/image.xz" $loops
all=$seconds
dds() {
	for loop in $loops; do
		xz -dc "$work/image.xz" | dd of="$loop" bs=1M iflag=fullblock oflag=direct conv=fsync &
	done
	wait
	for loop in $loops; do
		xz -dc "$work/image.xz" | cmp - "$loop" -n $((size * 1048576)) &
	done
	wait
}
seconds dds
echo "Flashing an image of $size MiB to disks of 40 MB/s:"
echo "  one disk, against dd oflag=direct: $one s, $dd s: ratio $(ratio "$one" "$dd") (goal: 1.03)"
echo "  ${FLASH_DISKS:-8} disks, against one: $eight s, $one s: ratio $(ratio "$eight" "$one") (goal: 1.03)"
echo "  ${FLASH_DISKS:-8} from .xz with verify, against xz | dd and xz | cmp each: $all s, $seconds s: $(ratio "$seconds" "$all") times as fast"
