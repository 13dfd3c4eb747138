#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rpi-sign-boot-folder, sign.sh and reset.sh: sign, verify, sign again, undo; a folder is never left half signed.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/cli/inputs.sh
. tests/cli/inputs.sh
PATH=$OUT/tools:$PATH
tool=$SRC/tools/rpi-sign-boot-folder
if [ ! -x "$OUT/tools/rpi-sign-bootcode" ]; then
	skip_all "rpi-sign-boot-folder" "the signing tools were not built"
fi
export SOURCE_DATE_EPOCH=1700000000
names() { (cd "$d" && echo *); }

cd "$T" || exit 1
"$sample" key >"my key.pem"
openssl rsa -in "my key.pem" -pubout -out public.pem 2>/dev/null
other_key other.pem
hsm "hsm wrapper" "$T/my key.pem"
d="$T/a folder"
mkdir -p "$d" parts/2711 parts/2712
echo four >parts/2711/bootcode4.bin
printf abc >parts/2712/bootcode5.bin
echo main >parts/2712/bootmain
# what it looks like upstream: members in any order, owners, times
(cd parts && tar -cf "$d/bootfiles.bin" 2712/bootmain 2711/bootcode4.bin 2712/bootcode5.bin)
head -c 3000 /dev/urandom >"$d/boot.img"
echo boot_ramdisk=1 >"$d/config.txt"
cp -r "$d" plain

run "$tool" --help
is "help: status" "$status" 0
usage_case "no key" "$tool" -d "$d"
usage_case "folder absent" "$tool" -d none "my key.pem"
usage_case "unknown option" "$tool" -x
usage_case "option without argument" "$tool" -H
usage_case "two keys" "$tool" -d "$d" "my key.pem" public.pem
usage_case "--reset with a key" "$tool" -d "$d" --reset "my key.pem"
usage_case "--verify with a wrapper" "$tool" -d "$d" --verify -H "$T/hsm wrapper" public.pem
usage_case "empty -d" "$tool" -d '' "my key.pem"
usage_case "empty key" "$tool" -d "$d" ''
is "help: at most 80 columns" "$("$tool" --help | awk 'length($0) > 80')" ''
usage_case "--verify --reset" "$tool" -d "$d" --verify --reset

verify_says() {
	run "$tool" -d "$d" --verify "$2"
	is "$1: status, text" "$status $(printf '%s' "$out" | sed "s|$d/||")" "$3"
}
unsigned="1 boot.img: not signed (no boot.sig)
bootfiles.bin: 2712/bootcode5.bin is not counter-signed"
good="0 boot.sig: good
bootfiles.bin: 2712/bootcode5.bin counter-signed: good"
verify_says "verify, unsigned" public.pem "$unsigned"

# --- sign
run "$tool" -d "a folder" "my key.pem"
is "sign with relative names: status" "$status" 0
ok "the original is kept" cmp "$d/bootfiles.original.bin" plain/bootfiles.bin
is "members" "$(tar -tf "$d/bootfiles.bin" | grep -v '/$' | tr '\n' ' ')" "2711/bootcode4.bin 2712/bootcode5.bin 2712/bootmain "
tar -xOf "$d/bootfiles.bin" 2712/bootcode5.bin >five
is "bootcode5.bin is counter-signed" "$(sum five)" 7a62b6810ff11669ef3841f7d35ade140a27b7a54646f6a3d8286c13dc2136d0
is "bootcode4.bin as before" "$(tar -xOf "$d/bootfiles.bin" 2711/bootcode4.bin)" four
ok "boot.sig verifies" rpi-eeprom-digest -v "$d/boot.sig" -i "$d/boot.img" -k public.pem
verify_says "verify" public.pem "$good"
verify_says "verify with the private key" "my key.pem" "$good"
verify_says "verify with another key" other.pem "1 boot.sig: not a signature of boot.img by this key
bootfiles.bin: 2712/bootcode5.bin is not counter-signed with this key"
before=$(state "$d")
run "$tool" -d "$d" "my key.pem"
is "signing again changes nothing" "$status/$(state "$d")" "0/$before"
echo more >>"$d/boot.img"
verify_says "verify after a change" public.pem "1 boot.sig: not a signature of boot.img by this key
bootfiles.bin: 2712/bootcode5.bin counter-signed: good"
cp plain/boot.img "$d"

# --- undo
run "$tool" -d "$d" --reset
is "reset" "$status/$(cd "$d" && state .)" "0/$(cd plain && state .)"
run "$tool" -d "$d" --reset
is "reset again" "$status/$(cd "$d" && state .)" "0/$(cd plain && state .)"
run "$tool" -d "$d" -H "$T/hsm wrapper" public.pem
is "sign through a wrapper: same result" "$status/$(state "$d")" "0/$before"

# --- a newer archive was put over the signed one
echo newer >parts/2712/bootmain
(cd parts && tar -cf "$d/bootfiles.bin" 2711 2712)
cp "$d/bootfiles.bin" newer.tar
run "$tool" -d "$d" other.pem
ok "a newer archive becomes the original" cmp "$d/bootfiles.original.bin" newer.tar
is "and is what gets signed" "$(tar -xOf "$d/bootfiles.bin" 2712/bootmain)" newer
cp newer.tar "$d/bootfiles.bin"
echo older >"$d/bootfiles.original.bin"
run "$tool" -d "$d" --reset
is "reset keeps a newer archive" "$status/$(sum "$d/bootfiles.bin")/$(names)" "0/$(sum newer.tar)/boot.img bootfiles.bin config.txt"

# --- an archive that is a link, as in an installed tree
mkdir firmware
mv "$d/bootfiles.bin" firmware/
ln -s ../firmware/bootfiles.bin "$d/bootfiles.bin"
run "$tool" -d "$d" "my key.pem"
is "link: signed" "$status/$(readlink "$d/bootfiles.original.bin")" 0/../firmware/bootfiles.bin
ok "link: its target is not touched" cmp firmware/bootfiles.bin newer.tar
run "$tool" -d "$d" --reset
is "link: reset" "$status/$(readlink "$d/bootfiles.bin")" 0/../firmware/bootfiles.bin
rm "$d/bootfiles.bin"

# --- keys through a pipe, outputs through a link
mkfifo key.fifo
cat "my key.pem" >key.fifo &
run "$tool" -d "$d" "$T/key.fifo"
wait $!
is "a key in a FIFO: status" "$status$err" 0
cat public.pem >key.fifo &
verify_says "a public key in a FIFO" "$T/key.fifo" "0 boot.sig: good"
wait $!
mkdir signatures
rm "$d/boot.sig"
ln -s "$T/signatures/today.sig" "$d/boot.sig"
run env POSIXLY_CORRECT=1 "$tool" -d "$d" "my key.pem"
is "boot.sig is a dangling link: its file is made" "$status $(readlink "$d/boot.sig") $(head -n 1 signatures/today.sig | wc -c)" "0 $T/signatures/today.sig 65"
run "$tool" -d "$d" --reset
run "$tool" -d "$d" -H hsm\ wrapper public.pem
is "a wrapper of this directory without ./: the message names it" "$status $(printf '%s\n' "$err" | grep -c 'give its path (./hsm wrapper')" '1 1'

# --- directories with less in them
run "$tool" -d "$d" "my key.pem"
is "no archive: boot.img only" "$status/$(names)" "0/boot.img boot.sig config.txt"
verify_says "no archive: verify" public.pem "0 boot.sig: good"
run "$tool" -d "$d" --reset
is "no archive: reset" "$status/$(names)" "0/boot.img config.txt"
(cd parts && tar -cf "$d/bootfiles.bin" 2711)
run "$tool" -d "$d" "my key.pem"
is "no BCM2712 in the archive: boot.img only" "$status/$(names)" "0/boot.img boot.sig bootfiles.bin config.txt"
rm -rf "$d"
cp -r plain "$d"

# --- images for single chips, which rpiboot serves first
rm "$d/bootfiles.bin"
mkdir "$d/2710" "$d/2711" "$d/2712"
for chip in 2710 2711 2712; do
	head -c 2000 /dev/urandom >"$d/$chip/boot.img"
done
run "$tool" -d "$d" "my key.pem"
is "chips: status, signatures" "$status $(cd "$d" && find . -name boot.sig | sort | xargs)" "0 ./2711/boot.sig ./2712/boot.sig ./boot.sig"
for chip in . 2711 2712; do
	ok "chips: $chip/boot.sig verifies" rpi-eeprom-digest -v "$d/$chip/boot.sig" -i "$d/$chip/boot.img" -k public.pem
done
verify_says "chips: verify" public.pem "0 boot.sig: good
2711/boot.sig: good
2712/boot.sig: good"
echo x >>"$d/2712/boot.img"
rm "$d/2711/boot.sig"
verify_says "chips: verify, changed" public.pem "1 boot.sig: good
2711/boot.img: not signed (no boot.sig)
2712/boot.sig: not a signature of boot.img by this key"
run "$tool" -d "$d" --reset
is "chips: reset" "$status $(find "$d" -name boot.sig)" "0 "
rm "$d/boot.img"
run "$tool" -d "$d" "my key.pem"
is "chips alone: signatures" "$status $(cd "$d" && find . -name boot.sig | sort | xargs)" "0 ./2711/boot.sig ./2712/boot.sig"
rm -rf "$d"
cp -r plain "$d"

# --- failures leave the folder as it was
fails() {
	name=$1 says=$2
	shift 2
	before=$(state "$d")
	run "$tool" -d "$d" "$@"
	is "$name: status 1" "$status" 1
	ok "$name: the message" grep -q -- "$says" run.err
	is "$name: folder as it was" "$(state "$d")$(find "$d" -name '.*')" "$before"
}
fails "key absent" "not found" none.pem
fails "garbage as key" "cannot counter-sign" plain/boot.img
fails "wrapper absent" "not found" -H none public.pem
printf '#!/bin/sh\nexit 3\n' >"bad hsm"
chmod +x "bad hsm"
fails "wrapper fails" "cannot counter-sign" -H "$T/bad hsm" public.pem
# answers for the second stage and fails for the image
# shellcheck disable=SC2016 # the wrapper expands these
printf '#!/bin/sh\n[ "$(wc -c <"$3")" -lt 1000 ] || exit 3\nexec "%s/hsm wrapper" "$@"\n' "$T" >"half hsm"
chmod +x "half hsm"
fails "wrapper fails half way" "cannot sign" -H "$T/half hsm" public.pem
fails "wrapper with another key" "cannot counter-sign" -H "$T/hsm wrapper" other.pem
mv "$d/boot.img" .
fails "no boot.img" "boot.img not found" "my key.pem"
mv boot.img "$d"
head -c 700 plain/bootfiles.bin >"$d/bootfiles.bin"
fails "truncated archive" "cannot unpack" "my key.pem"
mkdir -p linked/2712
ln -s /etc/passwd linked/2712/bootcode5.bin
(cd linked && tar -cf "$d/bootfiles.bin" 2712)
fails "a link in the archive" "neither a file nor a directory" "my key.pem"
cp plain/bootfiles.bin "$d"
run "$tool" -d "$d" "my key.pem"
rm "$d/bootfiles.original.bin"
fails "signed and no original" "original.bin is missing" "my key.pem"
fails "signed and no original: reset" "original.bin is missing" --reset
rm -rf "$d"

# --- a key under the name of a result stays
cp -r plain "$d"
cp "my key.pem" "$d/boot.sig"
run "$tool" -d "$d" "$d/../${d##*/}/boot.sig"
is "the key is boot.sig: status" "$status" 2
ok "the key is boot.sig: it stays" cmp "my key.pem" "$d/boot.sig"
ok "the key is boot.sig: nothing is signed" cmp plain/bootfiles.bin "$d/bootfiles.bin"
rm -rf "$d"

# --- the familiar names in the folders
for folder in mass-storage-gadget secure-boot-example; do
	cp -r plain "$d"
	cp "$SRC/$folder/sign.sh" "$SRC/$folder/reset.sh" "$d"
	PATH=$SRC/tools:$PATH
	(cd / && "$d/sign.sh" "$T/my key.pem" >/dev/null)
	(cd "$d" && ./sign.sh "../my key.pem" >/dev/null)
	verify_says "$folder/sign.sh" public.pem "$good"
	"$d/reset.sh" >/dev/null
	verify_says "$folder/reset.sh" public.pem "$unsigned"
	"$d/sign.sh" -H "$T/hsm wrapper" public.pem >/dev/null
	verify_says "$folder/sign.sh -H" public.pem "$good"
	rm -rf "$d"
done
tap_end
