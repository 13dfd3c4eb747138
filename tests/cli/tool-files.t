#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The files and arguments that the EEPROM and signing tools take as their originals do: FIFOs, devices, links, attached and
# empty arguments, wrappers without "#!". Each kind with every tool.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
PATH=$OUT/tools:$PATH
[ -x "$OUT/tools/rpi-eeprom-config" ] || { skip "files of the tools" "built without libcrypto"; tap_end; exit; }
cd "$T" || exit 1
sample=$BUILD/tests/mksample
"$sample" s1 >image
"$sample" key >key.pem
printf 'BOOT_UART=1\n' >conf
printf abc >abc
export SOURCE_DATE_EPOCH=1700000000
cat >hsm <<'END'
#!/bin/sh
openssl dgst -sha256 -sign "$(dirname "$0")/key.pem" "$3" | od -An -v -tx1
END
sed 1d hsm >bare # a script without "#!"
chmod +x hsm bare

# what regular files give
rpi-eeprom-config --config conf --out want.image image
rpi-eeprom-config --config abc --digest abc --pubkey key.pem --cacertder abc --out want.all image
rpi-eeprom-digest -i abc -o want.sig -k key.pem
rpi-sign-bootcode -c 2712 -n 16 -i abc -k key.pem -o want.code
rpi-bootloader-key-convert key.pem --output want.raw
: >empty
rpi-eeprom-config --config empty --out want.empty image

# fifo NAME FILE WANT COMMAND...: the tool opens FIFO before its writer does, reads FILE through it and makes "got"
fifo() {
	name=$1 file=$2 want=$3
	shift 3
	rm -f FIFO got
	mkfifo FIFO
	"$@" >out 2>err &
	pid=$!
	cat "$file" >FIFO
	wait $pid
	is "$name through a FIFO: status" $? 0
	ok "$name through a FIFO: result" cmp got "$want"
}
fifo "image" image want.image rpi-eeprom-config --config conf --out got FIFO
fifo "configuration" conf want.image rpi-eeprom-config --config FIFO --out got image
fifo "certificate" abc want.all rpi-eeprom-config --config abc --digest abc --pubkey key.pem --cacertder FIFO --out got image
fifo "key for the image" key.pem want.all rpi-eeprom-config --config abc --digest abc --pubkey FIFO --cacertder abc --out got image
fifo "file to sign" abc want.sig rpi-eeprom-digest -i FIFO -o got -k key.pem
fifo "file for a wrapper" abc want.sig rpi-eeprom-digest -i FIFO -o got -H ./hsm
fifo "key to sign with" key.pem want.sig rpi-eeprom-digest -i abc -o got -k FIFO
fifo "program to sign" abc want.code rpi-sign-bootcode -c 2712 -n 16 -i FIFO -k key.pem -o got
fifo "key to convert" key.pem want.raw rpi-bootloader-key-convert FIFO --output got
mkfifo sigs
rpi-eeprom-digest -v sigs -i abc -k key.pem >out 2>err &
pid=$!
cat want.sig >sigs
wait $pid
is "a .sig file through a FIFO" "$?$(cat out)" "0Verified OK"

# devices
rpi-eeprom-config --config /dev/null --out got image
ok "--config /dev/null: an empty configuration" cmp got want.empty
rpi-eeprom-config --config /dev/stdin --out got image <conf
ok "--config /dev/stdin from a file" cmp got want.image
# shellcheck disable=SC2002 # a pipe is wanted
cat conf | rpi-eeprom-config --config /dev/stdin --out got image
ok "--config /dev/stdin from a pipe" cmp got want.image
rpi-eeprom-digest -i /dev/null -o got
is "-i /dev/null: the hash of nothing" "$(head -n 1 got)" e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
rpi-sign-bootcode -c 2712 -n 16 -i /dev/stdin -k key.pem -o got <abc
ok "-i /dev/stdin" cmp got want.code
rpi-bootloader-key-convert /dev/stdin --output got <key.pem
ok "a key from /dev/stdin" cmp got want.raw
run rpi-sign-bootcode -c 2712 -i /dev/null -k key.pem -o none
is "an empty program" "$status $err" "1 ERROR: the input is empty"
run rpi-bootloader-key-convert /dev/null
is "an empty key" "$status $out$err" "1 ERROR: /dev/null: no key in it that could be read"
run rpi-eeprom-config --config /dev/zero --out none image
is "a device without an end" "$status $err" "1 ERROR: config file '/dev/zero' cannot be read: File too large"
run rpi-eeprom-config --config . --out none image
is "a directory" "$status $err" "1 ERROR: config file '.' cannot be read: Is a directory"
run rpi-eeprom-digest -i . -o none
is "a directory to sign" "$status $err" "1 ERROR: . cannot be read: Is a directory"
ok "nothing was made of these" test ! -e none

# output through a link whose target is not there yet, relative to the link, over a second link
mkdir -p images links
through_link() {
	name=$1 want=$2
	shift 2
	rm -f images/* links/*
	ln -s ../images/second links/first
	ln -s today images/second
	"$@"
	is "$name to a dangling link: status" $? 0
	ok "$name to a dangling link: both links stay" test -L links/first -a -L images/second
	ok "$name to a dangling link: its target is made" cmp images/today "$want"
	is "$name to a dangling link: nothing else" "$(ls -A links images)" "$(printf 'images:\nsecond\ntoday\n\nlinks:\nfirst')"
}
through_link rpi-eeprom-config want.image rpi-eeprom-config --config conf --out links/first image
through_link rpi-eeprom-digest want.sig rpi-eeprom-digest -i abc -k key.pem -o links/first
through_link rpi-sign-bootcode want.code rpi-sign-bootcode -c 2712 -n 16 -i abc -k key.pem -o links/first
through_link rpi-bootloader-key-convert want.raw rpi-bootloader-key-convert key.pem --output links/first
ln -s "$T/images/absolute" links/absolute
rpi-eeprom-config --config conf --out links/absolute image
ok "an absolute link" cmp images/absolute want.image
(
	mkdir x && cd x && ln -s ../extracted bootconf.txt && rpi-eeprom-config -x ../want.image
)
ok "--extract follows a link" cmp extracted conf
ln -s loop loop
run rpi-eeprom-config --config conf --out loop image
is "a link to itself" "$status $err" "1 ERROR: cannot write loop: Too many levels of symbolic links"

# attached arguments, and operands before options whatever the environment says
rpi-eeprom-config -c=conf -o=got image
ok "rpi-eeprom-config -c=FILE -o=FILE" cmp got want.image
rpi-eeprom-digest -i=abc -o=got -k=key.pem
ok "rpi-eeprom-digest -i=FILE -k=KEY" cmp got want.sig
rpi-sign-bootcode -c=2712 -n=16 -i=abc -k=key.pem -o=got
ok "rpi-sign-bootcode -n=16" cmp got want.code
rpi-eeprom-config --conf=conf --out=got image
ok "--conf=FILE" cmp got want.image
export POSIXLY_CORRECT=1
rpi-eeprom-config image --config conf --out got
ok "POSIXLY_CORRECT: rpi-eeprom-config IMAGE --config" cmp got want.image
rpi-bootloader-key-convert key.pem --output got
ok "POSIXLY_CORRECT: rpi-bootloader-key-convert KEY --output" cmp got want.raw
unset POSIXLY_CORRECT
cp conf ./-conf
rpi-eeprom-config -c -conf -o got -- image
ok "an argument that begins with a dash, and --" cmp got want.image

# empty arguments: as if they were not given
for option in -c -H; do
	run rpi-eeprom-digest -i abc -o got $option ""
	is "rpi-eeprom-digest $option ''" "$status $err $(wc -l <got)" "0  2"
done
run rpi-eeprom-digest -i abc -o got -k ""
is "rpi-eeprom-digest -k '': a warning" "$status $err $(wc -l <got)" "0 WARNING: -k is empty: got is not signed 2"
run rpi-eeprom-digest -i abc -o got -k key.pem -H "" -c ""
is "rpi-eeprom-digest -k KEY -H '': signed with the key" "$status $err" "0 "
ok "rpi-eeprom-digest -k KEY -H '': the .sig file" cmp got want.sig
run rpi-eeprom-digest -v want.sig -i abc -k ""
is "rpi-eeprom-digest -v -k ''" "$status $err" "1 ERROR: Option -v also requires passing public key via -k"
rpi-sign-bootcode -c 2712 -n 16 -i abc -k key.pem -H "" -p "" -o got
ok "rpi-sign-bootcode -k KEY -H '' -p ''" cmp got want.code
run rpi-sign-bootcode -c 2712 -i abc -k "" -o none
is "rpi-sign-bootcode -k ''" "$status $err" "1 ERROR: no key: give a private key (-k) or an HSM wrapper (-H)"

# an output that is a file which was read: refused, and the file stays. Losing a key cannot be repaired on locked boards.
rpi-eeprom-config image >conf.sig
openssl rsa -in key.pem -pubout -out public.pem 2>/dev/null
echo 000102030405060708090a0b0c0d0e0f10111213 >hmac
ln -s key.pem link.pem
ln key.pem hard.pem
# kept FILE COMMAND...: the command, whose output is FILE or a link to it, fails and leaves it
kept() {
	file=$1
	cp "$file" before
	shift
	run "$@"
	is "$*: refused" "$status $out${err%% the input*}" "1 ERROR: the output would replace"
	ok "$*: $file stays" cmp "$file" before
}
kept key.pem rpi-bootloader-key-convert --output key.pem key.pem
kept key.pem rpi-bootloader-key-convert --hash --output ./key.pem key.pem
kept want.raw rpi-bootloader-key-convert --inform bin --output want.raw want.raw
kept abc rpi-eeprom-digest -i abc -o abc
kept key.pem rpi-eeprom-digest -i abc -o key.pem -k key.pem
kept key.pem rpi-eeprom-digest -i abc -o link.pem -k key.pem
kept key.pem rpi-eeprom-digest -i abc -o hard.pem -k key.pem
kept hsm rpi-eeprom-digest -i abc -o hsm -H ./hsm
kept key.pem rpi-sign-bootcode -c 2712 -i abc -o key.pem -k key.pem
kept public.pem rpi-sign-bootcode -c 2712 -i abc -o public.pem -H ./hsm -p public.pem
kept hsm rpi-sign-bootcode -c 2712 -i abc -o hsm -H ./hsm -p public.pem
kept hmac rpi-sign-bootcode -c 2711 -i abc -o hmac -k key.pem -m hmac
kept image rpi-eeprom-config --out image image
kept image rpi-eeprom-config --list --out image image
kept conf rpi-eeprom-config --config conf --out conf image
kept conf.sig rpi-eeprom-config --config conf --digest conf.sig --out conf.sig image
kept key.pem rpi-eeprom-config --config conf --pubkey key.pem --out key.pem image
kept abc rpi-eeprom-config --cacertder abc --out abc image
kept abc rpi-eeprom-config --bootcode abc --out abc image
kept abc rpi-eeprom-config --config conf --bootsys abc --out abc image
cp abc got
rpi-sign-bootcode -c 2712 -n 16 -i got -k key.pem -o got
ok "a program is signed in its place" cmp got want.code
cp image got
rpi-eeprom-config --config conf --out got got
ok "an image is changed in its place" cmp got want.image

# wrappers without "#!", by path and in PATH
rpi-eeprom-digest -i abc -o got -H ./bare
ok "rpi-eeprom-digest -H with a script without #!" cmp got want.sig
rpi-sign-bootcode -c 2712 -n 16 -i abc -H ./bare -p key.pem -o got
ok "rpi-sign-bootcode -H with a script without #!" cmp got want.code
PATH=$PATH:$T rpi-eeprom-digest -i abc -o got -H bare
ok "the same, found in PATH" cmp got want.sig
chmod -x bare
run rpi-eeprom-digest -i abc -o none -H ./bare
is "a wrapper that may not be run" "$status $err" "1 ERROR: HSM wrapper \"./bare\" cannot be run: Permission denied"
run rpi-eeprom-digest -i abc -o none -H nowhere
is "a wrapper that is not there" "$status $err" "1 ERROR: HSM wrapper \"nowhere\" cannot be run: No such file or directory"

# names with bytes that terminals obey: one line, without them
esc=$(printf '\033')
name="${esc}[31m
x"
want="$(printf '\\x1b[31m\\x0ax')"
escaped() {
	run "$@"
	is "${1##*/}: an odd name in its message" "$(printf '%s\n' "$err" | grep -c -F "$want") $(printf '%s\n' "$err" | wc -l)" "1 1"
}
escaped rpi-eeprom-config "$name"
escaped rpi-eeprom-config image "$name"
escaped rpi-eeprom-digest -i "$name" -o none
escaped rpi-sign-bootcode -c 2712 -i "$name" -k key.pem -o none
escaped rpi-bootloader-key-convert "$name"
escaped update-pieeprom -c "$name" -i image
escaped "$OUT/rpiboot" "--$name"
escaped "$OUT/rpiboot" "$name"
tap_end
