#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --flash up to the disk: the image in every format and condition, and boards whose disk is refused. The mocked USB has no
# real disks: tests/vm/flash.t writes them.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

vb=$BUILD/tests/virtual-board board=$SRC/tests/virtual/boards/cm4-gadget.board

# --- the command line
usage() {
	name=$1
	shift
	run "$OUT/rpiboot" "$@"
	is "$name" "$status $(printf '%s\n' "$err" | grep -c '^rpiboot: .* (try --help)$')" '255 1'
}
usage 'given twice' --flash a.img --flash b.img
usage 'without a name' --flash ''
usage 'to be written and read' --flash a.img --backup b
usage 'with --check' --flash a.img --check
usage 'with --list' --backup b --list
usage 'a target of nothing' --target emmc
usage 'a target by its device' --flash a.img --target /dev/sda
usage 'a hash of the wrong length' --flash a.img --image-sha256 1234
usage 'a hash of nothing' --image-sha256 0000000000000000000000000000000000000000000000000000000000000000
usage 'a spool of nothing' --spool /tmp
usage 'a verify that is neither' --flash a.img --verify maybe
usage 'a way that is none' --flash a.img --via usb
usage 'a way to nothing' --via direct

if ! [ -x "$vb" ]; then
	skip_all 'flash with virtual boards' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi
tests/virtual/mkfolder.sh gadget "$T/gadget"

# An image of 3 MiB: random data behind a partition table, and a hole.
truncate -s 3M "$T/image"
openssl rand -out "$T/random" 1500000
dd if="$T/random" of="$T/image" conv=notrunc status=none
printf '\125\252' | dd of="$T/image" bs=1 seek=510 conv=notrunc status=none

# flash BOARD-SETTINGS IMAGE [OPTION...]: leaves $status, $out and $err
flash() {
	settings=$1 image=$2
	shift 2
	run "$vb" --quiet --limit 600 --folder "$T/gadget" "$board;path 1-1.3;$settings" -- \
		"$OUT/rpiboot" -d "$T/gadget" --spool "$T" --flash "$image" "$@"
}
# none IMAGE NAME CODE [OPTION...]: the image is refused, before any board is touched
none() {
	image=$1 name=$2 code=$3
	shift 3
	run "$vb" --quiet --limit 600 --folder "$T/gadget" "$board;bystander" -- \
		"$OUT/rpiboot" -d "$T/gadget" --spool "$T" --flash "$image" --json "$@"
	is "$name: status" "$status" 8
	is "$name: code" "$(printf '%s\n' "$out" | sed -n 's/.*"event":"failed".*"code":"\([a-z-]*\)".*/\1/p')" "$code"
}

# --- every format, on a board whose disk is too small: nothing is tried on it
for program in cat 'xz -0' 'gzip -1' 'bzip2 -1' 'zstd -q -1'; do
	name=${program%% *}
	if ! command -v "$name" >/dev/null; then
		skip "an image of $name" "$name is not installed"
		continue
	fi
	# shellcheck disable=SC2086 # a command and its options
	$program <"$T/image" >"$T/image.$name"
	flash 'disk-size 1048576' "$T/image.$name"
	is "an image of $name: status" "$status" 9
	ok "an image of $name: decoded" grep -q "^Image: .*/image.$name, 3145728 bytes, decoded in" <<END
$out
END
	ok "an image of $name: too large for the disk" grep -q '/dev/sda has 1048576 bytes, the image 3145728: the disk is smaller' <<END
$err
END
done
run sh -c 'gzip -1 <"$1/image" | "$2" --quiet --limit 600 --folder "$1/gadget" "$3;disk-size 1048576" -- "$4" -d "$1/gadget" --spool "$1" --flash -' \
	sh "$T" "$vb" "$board" "$OUT/rpiboot"
is 'from standard input' "$status $(printf '%s\n' "$out" | grep -c '^Image: -, 3145728 bytes')" '9 1'

# --- disks that are refused
flash '' "$T/image" --target nvme
is 'no disk of that kind' "$status $(printf '%s\n' "$err" | grep -c 'nvme among .*(/dev/sda, 67108864 bytes): the board has no such disk')" '9 1'
flash '' "$T/image" --json -q
is 'no real disk: status' "$status" 9
is 'no real disk: nothing begins' "$(printf '%s\n' "$out" | grep -c '"event":"flash-begin"')" 0

# --- images that are refused
none "$T/nothing" 'no such image' image-read
none "$T" 'a directory' image-read
: >"$T/empty"
none "$T/empty" 'an empty image' image-format
none "$T/random" 'no partition table' image-format
printf 'PK\3\4' | cat - "$T/random" >"$T/a.zip"
none "$T/a.zip" 'a zip archive' image-format
ok 'a zip archive: what to do' grep -q 'unzip -p' <<END
$err
END
none "$T/image" 'no directory for the spool' spool-full --spool "$T/nothing"
gzip -1 <"$T/image" >"$T/a.gz"
mkdir "$T/bin"
run "$vb" --quiet --limit 600 --folder "$T/gadget" "$board;bystander" -- \
	env PATH="$T/bin" "$OUT/rpiboot" -d "$T/gadget" --spool "$T" --flash "$T/a.gz"
is 'the program of its format is missing' "$status $(printf '%s\n' "$err" | grep -c 'needs the program gzip (Debian: apt-get install gzip)')" '8 1'

# --- images that turn out to be wrong while a board is booted: its disk is not touched
flash '' "$T/image" --image-sha256 0000000000000000000000000000000000000000000000000000000000000000
is 'another hash' "$status $(printf '%s\n' "$err" | grep -c 'expected SHA-256 0000000000.*, the image has')" '8 1'
head -c 700000 "$T/a.gz" >"$T/cut.gz"
flash '' "$T/cut.gz"
is 'a damaged archive' "$status $(printf '%s\n' "$err" | grep -c 'gzip: .*: the image is damaged')" '8 1'
flash '' "$T/image" --image-sha256 "$(sha256sum <"$T/image" | cut -d ' ' -f 1)" --target nvme
is 'the right hash' "$status" 9

# The board waits for the image.
mkfifo "$T/slow"
(cat "$T/cut.gz"; sleep 2) >"$T/slow" &
flash '' "$T/slow"
is 'damaged in the middle of the run' "$status" 8
wait
tap_end
