#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What one call of the EEPROM and signing tools costs: the median of RUNS calls, beside the bare start of an interpreter,
# which is the least that a scripted tool would cost.  make check must have run (it builds the samples).
#   tests/bench/tools.sh [RUNS]
set -eu
cd "$(dirname "$0")/../.."
runs=${1:-15}
OUT=${OUT:-$PWD}
BUILD=${BUILD:-$PWD/build}
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT

# median NAME COMMAND...: times each run with the shell's own clock
median() {
	name=$1; shift
	i=0
	: >"$T/times"
	while [ $i -lt "$runs" ]; do
		start=$(date +%s%N)
		"$@" >/dev/null
		end=$(date +%s%N)
		echo $(((end - start) / 1000)) >>"$T/times"
		i=$((i + 1))
	done
	sort -n "$T/times" | awk -v name="$name" '
		{ t[NR] = $1 }
		END { printf "%-40s %8.2f ms  (%.2f to %.2f, %d runs)\n", name, t[int((NR + 1) / 2)] / 1000, t[1] / 1000, t[NR] / 1000, NR }'
}

"$BUILD/tests/mksample" s2 >"$T/image"
"$BUILD/tests/mksample" key >"$T/key.pem"
"$BUILD/tests/mksample" pattern 100000 7 3 >"$T/code"
printf '[all]\nBOOT_UART=1\n' >"$T/boot.conf"

median "start of a program that does nothing" env true
median "replace the configuration (2712)" "$OUT/tools/rpi-eeprom-config" "$T/image" --config "$T/boot.conf" --out "$T/out"
median "sign the configuration" "$OUT/tools/rpi-eeprom-digest" -i "$T/boot.conf" -o "$T/sig" -k "$T/key.pem"
median "sign a second stage (100 kB)" "$OUT/tools/rpi-sign-bootcode" -c 2712 -i "$T/code" -o "$T/signed" -k "$T/key.pem" -n 16
median "make pieeprom.bin and pieeprom.sig" "$OUT/tools/update-pieeprom" -i "$T/image" -c "$T/boot.conf" -o "$T/pieeprom.bin"
mkdir -p "$T/boot/overlays"
for i in $(seq 300); do "$BUILD/tests/mksample" pattern $((i * 20)) 7 3 >"$T/boot/overlays/overlay-$i.dtbo"; done
head -c 24000000 /dev/zero >"$T/boot/kernel8.img"
median "make boot.img (301 files, 27 MB)" "$OUT/tools/rpi-make-boot-image" -d "$T/boot" -o "$T/boot.img"
# the system's own first: a version manager's shim would add its own start
for python in /usr/bin/python3 python3; do
	"$python" -c pass 2>/dev/null || continue
	median "start of an interpreter (python3 -c pass)" "$python" -c pass
	break
done
