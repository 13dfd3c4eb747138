#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Direct flashing: boards on one bus in virtual time, and what a board costs the host, with the gadget's own program at the
# other end. The image is like a system's: a quarter of it is a hole, the rest are programs and libraries.
set -eu
mib=${FLASH_MIB:-64} boards=${FLASH_BOARDS:-16} bus=40000000 medium=60000000
if ! [ -x "$BUILD/tests/directsim" ] || ! [ -x "$BUILD/tests/directcpu" ]; then
	echo 'direct: built without libzstd: left out'
	exit 0
fi
work=$(mktemp -d "${TMPDIR:-/var/tmp}/rpiboot-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

data=$((mib * 1048576 * 76 / 100))
find /usr/lib /usr/bin -xdev -type f \( -name '*.so*' -o -path '/usr/bin/*' -o -name '*.py' \) -exec cat {} + 2>/dev/null |
	head -c $data >"$work/image" || true
printf '\125\252' | dd of="$work/image" bs=1 seek=510 conv=notrunc status=none
truncate -s "${mib}M" "$work/image"
sh tests/virtual/mkfolder.sh gadget "$work/gadget"

T=$work "$BUILD/tests/directsim" "$work/gadget" "$work/image" "$boards" $bus $medium >"$work/sim"
figure() { awk -v name="$1" '$1 == name { print $2 }' "$2"; }
ratio() { echo "$1 $2" | awk '{ printf "%.2f", $1 / $2 }'; }
size=$(figure image "$work/sim")
disk=$(echo "$size $boards $bus" | awk '{ printf "%.1f", 2 * $1 * $2 / $3 }')
echo "Flashing an image of $mib MiB directly (bus 40 MB/s, media 60 MB/s, virtual time):"
echo "  bytes on USB for each board, write and verify, against the image: $(ratio $(($(figure out "$work/sim") + $(figure in "$work/sim"))) "$size") (goal: 0.35; as a disk: 2.00)"
echo "  $boards boards on one bus: $(figure all "$work/sim") s, as disks $disk s (2 x image x boards / bus, calculated): ratio $(ratio "$(figure all "$work/sim")" "$disk") (goal: 0.20)"
echo "  one board alone: $(figure alone "$work/sim") s"

mkdir "$work/board"
"$BUILD/tests/directcpu" "$work/board" "$work/image" 3 >"$work/cpu"
echo "  CPU of the host for each board and GB: $(echo "$(figure cpu "$work/cpu") $size" | awk '{ printf "%.2f", $1 / $2 * 1e9 }') s (goal: 0.3)"
