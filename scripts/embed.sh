#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the table of src/bootdir/embedded.h as C: the firmware in DIRECTORY, or nothing.
#   scripts/embed.sh [DIRECTORY]
set -eu
files='bootcode.bin bootcode4.bin start.elf'
[ $# -gt 0 ] || files=
for name in $files; do
	[ -s "$1/$name" ] || {
		echo "embed.sh: $1/$name not found: bring it with tools/rpi-fetch-firmware --only msd, or build without EMBED_MSD" >&2
		exit 1
	}
done
printf '#include "bootdir/embedded.h"\n\n#include <stddef.h>\n\n'
n=0
for name in $files; do
	n=$((n + 1))
	echo "static const uint8_t file_${n}[] = {"
	od -An -v -tu1 "$1/$name" | sed 's/  */,/g; s/^,//; s/,*$/,/'
	echo '};'
done
echo 'const struct embedded_file embedded_files[] = {'
n=0
for name in $files; do
	n=$((n + 1))
	echo "	{ \"$name\", file_$n, sizeof file_$n },"
done
printf '\t{ NULL, NULL, 0 },\n};\n'
