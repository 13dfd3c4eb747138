#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Direct flashing: boards on one bus in virtual time, and what a board costs the host, with the gadget's own program at the
# other end. The image is like a system's: a quarter of it is a hole, the rest are programs and libraries of this machine.
# FLASH_LARGE_MIB=2600 adds a row for an image of a usual size, which takes minutes and as much memory and disk.
set -eu
boards=${FLASH_BOARDS:-16} bus=40000000 medium=60000000
if ! [ -x "$BUILD/tests/directsim" ] || ! [ -x "$BUILD/tests/directcpu" ]; then
	echo 'direct: built without libzstd: left out'
	exit 0
fi
work=$(mktemp -d "${TMPDIR:-/var/tmp}/rpiboot-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

figure() { awk -v name="$1" '$1 == name { print $2 }' "$2"; }
ratio() { echo "$1 $2" | awk '{ printf "%.2f", $1 / $2 }'; }

# make_image MIB
make_image() {
	find /usr/lib /usr/bin -xdev -type f \( -name '*.so*' -o -path '/usr/bin/*' -o -name '*.py' \) -exec cat {} + 2>/dev/null |
		head -c $(($1 * 1048576 * 76 / 100)) >"$work/image" || true
	printf '\125\252' | dd of="$work/image" bs=1 seek=510 conv=notrunc status=none
	truncate -s "$1M" "$work/image"
}

# row MIB
row() {
	make_image "$1"
	T=$work "$BUILD/tests/directsim" "$work/gadget" "$work/image" "$boards" $bus $medium >"$work/sim"
	rm -rf "$work/board" && mkdir "$work/board"
	"$BUILD/tests/directcpu" "$work/board" "$work/image" 3 >"$work/cpu"
	size=$(figure image "$work/sim")
	disk=$(echo "$size $boards $bus" | awk '{ printf "%.1f", 2 * $1 * $2 / $3 }')
	printf '%9s  %12s  %9s  %8s  %5s  %8s  %12s\n' "$1" \
		"$(ratio $(($(figure out "$work/sim") + $(figure in "$work/sim"))) "$size")" "$(figure all "$work/sim")" "$disk" \
		"$(ratio "$(figure all "$work/sim")" "$disk")" "$(figure alone "$work/sim")" \
		"$(echo "$(figure cpu "$work/cpu") $size" | awk '{ printf "%.2f", $1 / $2 * 1e9 }')"
}

sh tests/virtual/mkfolder.sh gadget "$work/gadget"
echo "Flashing directly, written and verified (bus 40 MB/s, media 60 MB/s, virtual time; as disks: 2 x image x boards / bus):"
printf '%9s  %12s  %9s  %8s  %5s  %8s  %12s\n' 'image MiB' 'USB bytes' "$boards boards" 'as disks' ratio 'a board' 'CPU of host' \
	'' '/ image' s s '' s 's/GB, board' goals 0.35 '' '' 0.20 '' 0.30
for mib in "${FLASH_MIB:-64}" ${FLASH_LARGE_MIB-}; do
	row "$mib"
done
