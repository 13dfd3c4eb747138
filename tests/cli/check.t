#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rpiboot --check and what a run says before it touches a board: texts, width and exit status, from folders made here.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
cd "$T" || exit 1
# the program alone: beside its own place there may be firmware
mkdir program && cp "$OUT/rpiboot" program/ && OUT=$T/program

sig() {
	printf '%s\nts: 1700000000\n' "$(sha256sum "$1" | cut -c1-64)" >"$2"
}

# recovery DIR: sound, for BCM2711
recovery() {
	rm -rf "$1" && mkdir "$1"
	printf 'dummy erase_eeprom\0' >"$1/bootcode4.bin"
	truncate -s 8192 "$1/bootcode4.bin"
	printf 'uart_2ndstage=1\n#program_pubkey=1\n' >"$1/config.txt"
	printf '\125\252\360\017' >"$1/pieeprom.bin"
	truncate -s 524288 "$1/pieeprom.bin"
	sig "$1/pieeprom.bin" "$1/pieeprom.sig"
}

# fat12 FILE: the boot sector of an empty volume of 846 sectors
fat12() {
	printf '\353\074\220mkfs.fat\0\002\001\001\0\001\0\001\116\003\370\003\0\001\0\001\0' >"$1"
	truncate -s 510 "$1"
	printf '\125\252' >>"$1"
	truncate -s 433152 "$1"
}

# gadget DIR: sound, for BCM2711 and BCM2712, firmware in an archive
gadget() {
	rm -rf "$1" tar && mkdir "$1" tar tar/2711 tar/2712
	for f in 2711/bootcode4.bin 2712/bootcode5.bin; do
		echo dummy >"tar/$f"
		truncate -s 8192 "tar/$f"
	done
	for f in bootmain mcb.bin memsys00.bin memsys01.bin; do
		echo dummy | tee "tar/2711/$f" >"tar/2712/$f"
	done
	echo dummy | tee tar/2712/rp1c0fw1.bin >tar/2712/rp1c0fw2.bin
	(cd tar && tar --format=ustar -cf "../$1/bootfiles.bin" 2711/* 2712/*)
	echo boot_ramdisk=1 >"$1/config.txt"
	fat12 "$1/boot.img"
}

run "$OUT/rpiboot" --check --chip
is "--chip wants a name" "$status" 255
run "$OUT/rpiboot" --chip 2711
is "--chip goes with --check" "$status $err" \
	"255 rpiboot: --chip requires --check (try --help)"
run "$OUT/rpiboot" --check --chip 2713
is "an unknown chip" "$status" 255

recovery rec
run "$OUT/rpiboot" --check -d rec --chip 2711
is "a sound recovery folder: status" "$status$err" 0
is "a sound recovery folder: text" "$out" "Boot directory: rec

Chip     Verdict             Kind        Second stage
BCM2711  fit                 recovery    bootcode4.bin

note: pieeprom.bin: boot loader of unknown date; no key; configuration not
    signed. rpi-eeprom-digest -v and rpi-sign-bootcode --verify check the
    signatures themselves."
run "$OUT/rpiboot" --check --chip=2712 -d rec
is "for another chip it is not fit" "$status" 1
run "$OUT/rpiboot" --check -d rec
is "fit for one chip is enough" "$status" 0

gadget gad
run "$OUT/rpiboot" --check -d gad
is "a sound gadget folder" "$status $out" "0 Boot directory: gad

Chip     Verdict             Kind        Second stage
BCM2835  not fit             -           -
BCM2837  not fit             -           -
BCM2711  fit                 gadget      bootfiles.bin:2711/bootcode4.bin
BCM2712  fit                 gadget      bootfiles.bin:2712/bootcode5.bin

note: bootcode.bin: no second stage for this chip. [BCM2835, BCM2837]"
run "$OUT/rpiboot" --check -q -d gad
is "quiet: nothing to complain of" "$status$out" 0

sig gad/boot.img gad/boot.sig
printf x | dd of=gad/boot.img bs=1 seek=1000 conv=notrunc 2>/dev/null
run "$OUT/rpiboot" --check -q -d gad
is "boot.sig of another boot.img" "$status $(printf '%s\n' "$out" | sed 2q)" "1 error: boot.sig: does not belong to boot.img: the board refuses the two. Make it
    again: rpi-eeprom-digest -i gad/boot.img -o gad/boot.sig -k KEY. [BCM2711,"
head -c 515 gad/bootfiles.bin >gad/b && mv gad/b gad/bootfiles.bin
run "$OUT/rpiboot" --check -q -d gad
is "a cut archive" "$status $out" \
	"1 error: gad/bootfiles.bin: a member runs past the end at byte 0. It must be an
    uncompressed tar file; fetch it again."
run "$OUT/rpiboot" --check -d gone
is "no such folder" "$status" 1

# without -d: the default folders, here those of the current one
rm -rf mass-storage-gadget && gadget mass-storage-gadget
run "$OUT/rpiboot" --check --chip 2712
is "without -d: the chip's default folder" "$status $(echo "$out" | sed -n '1p;4p')" "0 Boot directory: mass-storage-gadget
BCM2712  fit                 gadget      bootfiles.bin:2712/bootcode5.bin"
rm -rf mass-storage-gadget

recovery bad
printf 'program_pubkey=1\n[pi5]\nprogram_jtag_lock=1\n' >bad/config.txt
: >bad/pieeprom.sig
run "$OUT/rpiboot" --check --chip 2711 -d bad
is "errors come first, then warnings" "$status $out" "1 Boot directory: bad

Chip     Verdict             Kind        Second stage
BCM2711  not fit             recovery    bootcode4.bin

error: pieeprom.bin: no public key in it, but program_pubkey=1 locks the board:
    the board would never boot again. Make it with your key: cd bad &&
    ./update-pieeprom.sh -k KEY.
error: pieeprom.sig: is empty. Make both files: cd bad && ./update-pieeprom.sh.
warning: config.txt:1: program_pubkey=1 can never be undone: the board boots
    only what is signed with the key in the EEPROM image. Not intended? Put #
    before it.
warning: config.txt:3: program_jtag_lock=1 can never be undone: JTAG of boards
    with secure boot stays locked. Not intended? Put # before it.
note: pieeprom.bin: boot loader of unknown date; no key; configuration not
    signed. rpi-eeprom-digest -v and rpi-sign-bootcode --verify check the
    signatures themselves."
is "no line is wider than 80" "$(awk 'length > 80' "$T/run.out")" ""

run "$OUT/rpiboot" -d bad -t 1
is "a run with it does not begin: status" "$status" 1
is "a run with it does not begin: no board is waited for" "$(grep -c Waiting "$T/run.out")" 0
ok "a run with it does not begin: why" grep -q "^bad/pieeprom.sig: is empty: the boot directory is not usable" "$T/run.err"

# the loud warning; there is no such USB path, the time ends the run
printf 'revoke_devkey=1\n[pi5]\nprogram_jtag_lock=1\n' >bad/config.txt
sig bad/pieeprom.bin bad/pieeprom.sig
run "$OUT/rpiboot" -d bad -t 1 -p 0-0
ok "irreversible keys: which file and line" grep -q "^Warning: IRREVERSIBLE: bad/config.txt:1$" "$T/run.err"
ok "irreversible keys: which chip" grep -q "Concerns every BCM2711 that" "$T/run.err"
is "irreversible keys: once each" "$(grep -c IRREVERSIBLE "$T/run.err")" 2
is "irreversible keys: no line is wider than 80" "$(grep '^Warning' "$T/run.err" | awk 'length > 80')" ""

# untrusted directories: an answer, at once
recovery h
rm h/config.txt && mkfifo h/config.txt
run "$OUT/rpiboot" --check -q -d h --chip 2711
is "a FIFO named config.txt" "$status $out" \
	"0 warning: config.txt: ignored: not a regular file. Remove it."
rm h/config.txt && printf 'a=\033[31m\nrevoke_devkey=\033[31m\n' >h/config.txt
run "$OUT/rpiboot" --check -q -d h --chip 2711
is "control characters are shown, not obeyed" "$(printf '%s\n' "$out" | grep -c 'revoke_devkey=.x1b.31m can')" 1
gadget h
rm h/boot.img && mkdir h/boot.img
run "$OUT/rpiboot" --check -q -d h --chip 2711
is "a folder named boot.img" "$status $out" "1 error: boot.img: not there, but config.txt wants it (boot_ramdisk=1). Make it:
    rpi-make-boot-image -d FILES -o h/boot.img.
warning: boot.img: ignored: not a regular file. Remove it."
rmdir h/boot.img && truncate -s 2147483648 h/boot.img
run "$OUT/rpiboot" --check -q -d h --chip 2711
is "a file of 2^31 bytes" "$status $out" \
	"1 error: boot.img: the file is larger than 2147483647 bytes, the protocol's limit."

# a board with an overlay: what it will really get is looked at before it is sent anything
vb=$BUILD/tests/virtual-board
if [ -x "$vb" ]; then
	recovery ov
	: >ov/bootcode5.bin # another chip's, which does not concern this board
	mkdir ov/1-1 && echo revoke_devkey=1 >ov/1-1/config.txt
	"$vb" --quiet --limit 600 --overlay --folder ov "$SRC/tests/virtual/boards/cm4-recovery.board" -- \
		"$OUT/rpiboot" -o -d ov >both 2>&1
	is "an overlay's irreversible key: the board is served" "$? $(tail -n 1 both | cut -c1-14)" "0 Served 3 files"
	is "an overlay's irreversible key: the warning comes first" \
		"$(grep -o 'IRREVERSIBLE: .*\|Sending.*' both)" "IRREVERSIBLE: ov/1-1/config.txt:1
Sending bootcode.bin"
	rm ov/1-1/config.txt && : >ov/1-1/pieeprom.bin
	"$OUT/rpiboot" --check -o -p 1-1 -d ov --chip 2711 -q >one
	is "--check with an overlay" "$? $(head -n 1 one | cut -c1-36)" "1 error: pieeprom.bin: not there or em"
	"$vb" --quiet --limit 600 --overlay --folder ov "$SRC/tests/virtual/boards/cm4-recovery.board" -- \
		"$OUT/rpiboot" -o -d ov >both 2>&1
	is "an overlay's empty pieeprom.bin: nothing is sent" "$(grep -c 'Sending' both)" 0
	ok "an overlay's empty pieeprom.bin: why" \
		grep -q '^ov/pieeprom.bin: not there or empty.*the boot directory is not usable' both
else
	skip 'boards with overlays' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi

# --- first steps: what ends a run at once, and what to type then
quick() { # DIR [OPTION...]: a run on a USB path that does not exist; whether a board was waited for
	directory=$1
	shift
	run "$OUT/rpiboot" -d "$directory" -t 1 -p 0-0 "$@"
	waited=$(grep -c Waiting "$T/run.out")
}
recovery new
rm new/pieeprom.bin new/pieeprom.sig && echo '[all]' >new/boot.conf && : >new/pieeprom.original.bin
echo original >new/pieeprom.original.bin
quick new
is "unprepared recovery ends at once" "$status $waited" "1 0"
ok "unprepared recovery: what to type" grep -q 'Make it: cd new && ./update-pieeprom.sh' "$T/run.err"
mkdir new5 && echo original >new5/recovery.original.bin
quick new5
is "unprepared secure-boot-recovery5 ends at once" "$status $waited" "1 0"
ok "unprepared secure-boot-recovery5: what to type" grep -q 'cd new5 && ./update-pieeprom.sh -f -k KEY' "$T/run.err"
rm -rf mass-storage-gadget && gadget mass-storage-gadget && rm mass-storage-gadget/boot.img
quick mass-storage-gadget
is "a gadget without boot.img ends at once" "$status $waited" "1 0"
ok "a gadget without boot.img: what to type" grep -q 'make gadget, or fetch it' "$T/run.err"
rm -r mass-storage-gadget
mkdir nothing && cd nothing || exit 1
run "$OUT/rpiboot" -t 1
cd .. || exit 1
if [ ! -e /usr/share/rpiboot ]; then
	is "no firmware anywhere ends at once" "$status $(grep -c Waiting "$T/run.out")" "1 0"
	ok "no firmware anywhere: what to type" grep -q "Fetch Raspberry Pi's firmware: .*rpi-fetch-firmware" "$T/run.err"
else
	skip "no firmware anywhere" "there is some here"
fi

# --- private keys: neither is such a directory used, nor is the key ever sent
recovery keys
printf -- '-----BEGIN RSA PRIVATE KEY-----\n' >keys/private.pem
quick keys
is "a private key ends the run at once" "$status $waited" "1 0"
ok "a private key: what to type" grep -q 'mv keys/private.pem ~/keys/' "$T/run.err"
if [ -x "$vb" ]; then
	# deeper than any boot directory is searched: the file server itself must refuse it
	gadget deep && mkdir -p deep/a/b/c/d/e && mv keys/private.pem deep/a/b/c/d/e/k.pem
	printf '%s\n' 'chip 2711' 'rom_index 3' 'serial 1000000000000001' 'get config.txt' 'get a/b/c/d/e/k.pem absent' \
		'get boot.img' 'done' >asks.board
	"$vb" --quiet --limit 600 --folder deep asks.board -- "$OUT/rpiboot" -d deep >both 2>&1
	is "a board that asks for a key gets nothing" "$? $(grep -c 'File read: a/b' both)" "0 0"
	ok "a board that asks for a key: said" grep -q 'Denying request for a/b/c/d/e/k.pem: it holds a private key' both
fi

# documentation: the example in docs/check.md is what comes out
recovery secure-boot-recovery
printf 'uart_2ndstage=1\nprogram_pubkey=1\n' >secure-boot-recovery/config.txt
printf 'y' | dd of=secure-boot-recovery/pieeprom.bin bs=1 seek=9999 conv=notrunc 2>/dev/null
run "$OUT/rpiboot" --check -d secure-boot-recovery
sed -n '/^\$ rpiboot --check -d/,/^```$/p' "$SRC/docs/check.md" | sed '1d;$d' >example
is "docs/check.md: the example" "$(cat example)" "$out"
sed -n 's/.*\.code = "\([a-z0-9-]*\)".*/\1/p; s/^#define FINDINGS_IRREVERSIBLE "\([a-z-]*\)".*/\1/p' \
	"$SRC"/src/bootdir/check*.c "$SRC/src/bootdir/findings.h" | sort -u >codes
while read -r code; do
	grep -q "^| \`$code\`" "$SRC/docs/check.md" || echo "$code"
done <codes >missing
is "docs/check.md: every code is there" "$(wc -l <codes | awk '{ print ($1 > 20) }') $(cat missing)" "1 "
# --- for machines
if command -v jq >/dev/null; then
	recovery rec
	run "$OUT/rpiboot" --check --json -d rec
	is 'JSON: a verdict for each chip' "$(jq -r 'select(.chip) | .chip + " " + .fit' "$T/run.out" | head -n 4 | wc -l)" 4
	ok 'JSON: findings' jq -es 'map(select(.severity)) | all(.code and .file and .text and (.chips | length > 0))' "$T/run.out"
	is 'JSON: status as without' "$status" 0
else
	skip 'JSON of --check' 'jq is not installed'
fi

# --- names with blanks, @ and bytes that terminals obey: commands that can be copied, one line for each finding
mkdir "$T/a b@c"
printf 'erase_eeprom' >"$T/a b@c/bootcode4.bin"
head -c 5000 /dev/zero >>"$T/a b@c/bootcode4.bin"
printf 'A=1\n' >"$T/a b@c/boot.conf"
cp "$T/a b@c/boot.conf" "$T/a b@c/pieeprom.original.bin"
(cd "$T" && "$OUT/rpiboot" --check -d "a b@c" --chip 2711 --json) >"$T/out"
ok "a directory with a blank and an @ in a command" grep -q "cd 'a b@c' && ./update-pieeprom.sh\"" "$T/out"
esc=$(printf '\033')
printf -- '-----BEGIN PRIVATE KEY-----\nMII\n' >"$T/a b@c/${esc}[31m.pem"
(cd "$T" && "$OUT/rpiboot" --check -d "a b@c" --chip 2711) >"$T/out"
is "a name with an escape sequence: none on the terminal" "$(grep -c "$esc" "$T/out") $(grep -c '^error: .x1b' "$T/out")" '0 1'
tap_end
