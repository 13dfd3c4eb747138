#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# update-pieeprom: known results bit for bit, and never a stale or half-written pair.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/cli/inputs.sh
. tests/cli/inputs.sh
PATH=$OUT/tools:$PATH
tool=$OUT/tools/update-pieeprom
unset SIGN_FIRMWARE
if [ ! -x "$OUT/tools/rpi-eeprom-config" ]; then
	skip_all "update-pieeprom" "the signing tools were not built"
fi
export SOURCE_DATE_EPOCH=1700000000

work="$T/a folder"
mkdir "$work"
cd "$work" || exit 1
"$sample" s2 >S2.bin
"$sample" s2m >pieeprom.original.bin
printf '[all]\nBOOT_UART=1\n' >boot.conf
printf abc >recovery.original.bin
"$sample" key >"my key.pem"
openssl rsa -in "my key.pem" -pubout -out public.pem 2>/dev/null
hsm "$T/hsm wrapper" "$work/my key.pem"
inputs=$(state .)
fresh() { rm -f pieeprom.bin pieeprom.sig bootcode5.bin pieeprom.signed_boot.bin; }

run "$tool" --help
is "help: status" "$status" 0
is "help: at most 80 columns" "$(printf '%s\n' "$out" | awk 'length($0) > 80')" ''
run "$tool" -h
is "-h: status" "$status" 0
is "no old or new image is left by help" "$(state .)" "$inputs"
usage_case "unknown option" "$tool" -x
usage_case "option without argument" "$tool" -k
run "$tool" more
is "a stray word: ignored with a warning" "$status $err" "0 WARNING: more: ignored: it is not the argument of an option"
fresh
usage_case "empty name" "$tool" -o ''
usage_case "-r without -f" "$tool" -r -k "my key.pem"
usage_case "output is the source" "$tool" -o pieeprom.original.bin
usage_case "output is the source under another name" "$tool" -o "../a folder/pieeprom.original.bin"
usage_case "output's signature is the configuration" "$tool" -c pieeprom.sig -o pieeprom.bin
usage_case "output is its own signature" "$tool" -o image.sig
usage_case "output is a folder" "$tool" -o ./
is "inputs untouched by these" "$(state .)" "$inputs"

# --- known results
known() {
	name=$1 image=$2 sig=$3
	shift 3
	fresh
	run "$tool" "$@"
	is "$name: status" "$status" 0
	is "$name: image" "$(sum pieeprom.bin)" "$image"
	is "$name: signature file" "$(sum pieeprom.sig)" "$sig"
}
plain_image=9f94a7a1409c7d4ca1ed6b52c1146bcd52c5a10b783bbc3ec39f99f177ebc1c7
plain_sig=c9b3df823eba77fd4017b7f580f1e8bb7d21d274b350981e8f993e5094eeab77
signed_image=168bb03fd43948f5a8e24ee678e847f42bf7c14a7827ee6d18c93d17f89da7ae
signed_sig=49cd0476e815a19ec5ca90ddecc19d9ab3ca8d1457640f3e2aa055e2c53897cd
firmware_image=8b0e7bedfd92ea1a79d6a79c2119ce3d2b9a5d912c8f920cc7170f8780342dcc
firmware_sig=bea4b2d3597094fd6b7758106790fae32657a8c6fbec30e4239d2b505f2ef66f
known "unsigned" $plain_image $plain_sig
is "unsigned: what it says" "$out" "new-image: pieeprom.bin
source-image: pieeprom.original.bin
config: boot.conf"
ok "unsigned: no bootcode5.bin" test ! -e bootcode5.bin
known "-k" $signed_image $signed_sig -k "my key.pem"
is "-k: the configuration's signature is shown" "$(printf '%s\n' "$out" | sed -n 2p)" "ts: 1700000000"
known "-k -p" $signed_image $signed_sig -k "my key.pem" -p public.pem
known "-H -p" $signed_image $signed_sig -H "$T/hsm wrapper" -p public.pem
known "-fr -k" $firmware_image $firmware_sig -fr -k "my key.pem"
is "-fr: bootcode5.bin is signed" "$(sum bootcode5.bin)" 7a62b6810ff11669ef3841f7d35ade140a27b7a54646f6a3d8286c13dc2136d0
is "-fr: the image with signed firmware" "$(sum pieeprom.signed_boot.bin)" 4009f87969cfc94764a029dcee8c166bc418dbac8901ecf8f76dbd5d8eef1ab8
known "-f -k" $firmware_image $firmware_sig -f -k "my key.pem"
ok "-f: bootcode5.bin is plain" cmp bootcode5.bin recovery.original.bin
known "-fr -H -p" $firmware_image $firmware_sig -f -r -H "$T/hsm wrapper" -p public.pem
is "-fr -H: bootcode5.bin is signed" "$(sum bootcode5.bin)" 7a62b6810ff11669ef3841f7d35ade140a27b7a54646f6a3d8286c13dc2136d0
fresh
SIGN_FIRMWARE=1 run "$tool" -k "my key.pem"
is "SIGN_FIRMWARE=1" "$status/$(sum pieeprom.bin)" 0/$firmware_image
fresh
mv recovery.original.bin gone
run "$tool" -fr -k "my key.pem"
is "-fr without recovery.original.bin: done, with a warning" "$status/$(sum pieeprom.bin)/${err%%:*}" "0/$firmware_image/WARNING"
mv gone recovery.original.bin

# --- other names and places
fresh
mkdir -p "$T/out dir" "$T/elsewhere"
(cd "$T/elsewhere" && "$tool" -i "../a folder/pieeprom.original.bin" -c "../a folder/boot.conf" -o "../out dir/my.image.upd" >/dev/null)
is "other names: image" "$(sum "$T/out dir/my.image.upd")" $plain_image
is "other names: signature" "$(sum "$T/out dir/my.image.sig")" $plain_sig
(cd "$T/elsewhere" && cp "$work/recovery.original.bin" . && "$tool" -f -i "../a folder/pieeprom.original.bin" \
	-c "../a folder/boot.conf" -k "../a folder/my key.pem" -o "../out dir/-image" >/dev/null)
is "-f with a relative source elsewhere" "$(sum "$T/out dir/-image")" $firmware_image
ok "a name without extension: .sig is appended" test -s "$T/out dir/-image.sig"
cp boot.conf -- -conf
run "$tool" -c -conf -o -out.bin
is "names that look like options" "$status/$(sum ./-out.bin)" 0/$plain_image
rm -- -conf -out.bin -out.sig
fresh
run "$SRC/tools/update-pieeprom.sh" -k "my key.pem"
is "the name update-pieeprom.sh" "$status/$(sum pieeprom.bin)" 0/$signed_image
fresh
for folder in recovery recovery5 secure-boot-recovery secure-boot-recovery5; do
	run "$SRC/$folder/update-pieeprom.sh"
	is "$folder/update-pieeprom.sh" "$status/$(sum pieeprom.bin)" 0/$plain_image
done
mkdir "$T/copy of recovery"
cp "$SRC/recovery/update-pieeprom.sh" "$T/copy of recovery"
PATH=$SRC/tools:$PATH run "$T/copy of recovery/update-pieeprom.sh"
is "a copied folder finds the tool in PATH" "$status" 0

# --- a result that would take the place of an input or of another result: nothing is removed or written
collides() {
	name=$1
	shift
	fresh
	echo stale >pieeprom.bin
	cp "$T/hsm wrapper" "my hsm"
	before=$(state .)
	usage_case "$name" "$tool" "$@"
	is "$name: all files as they were" "$(state .)" "$before"
	rm "my hsm"
}
collides "the source" -o pieeprom.original.bin
collides "the configuration" -o ./boot.conf
collides "the key" -k "my key.pem" -o "my key.pem"
collides "the public key" -H "./my hsm" -p public.pem -o public.pem
collides "the wrapper" -H "./my hsm" -p public.pem -o "my hsm"
collides "the recovery program" -fr -k "my key.pem" -o recovery.original.bin
collides "the signed recovery program" -fr -k "my key.pem" -o ./bootcode5.bin
collides "the signed firmware" -fr -k "my key.pem" -o pieeprom.signed_boot.bin
fresh
mkdir pieeprom.sig
run "$tool"
is "a .sig file that cannot be removed is named" "$status $err" "1 ERROR: cannot remove the old pieeprom.sig"
rmdir pieeprom.sig

# --- failures: status 1, no pair, no leftovers, inputs and bootcode5.bin as they were
fails() {
	name=$1 says=$2
	shift 2
	fresh
	echo stale >pieeprom.bin
	echo stale >pieeprom.sig
	echo older >bootcode5.bin
	run "$tool" "$@"
	is "$name: status 1" "$status" 1
	ok "$name: the message" grep -q -- "$says" "$T/run.err"
	is "$name: neither old nor new pair, old bootcode5.bin" \
		"$(find . -name 'pieeprom.bin' -o -name '*.sig' -o -name '*.signed_boot*' -o -name '.*' ! -name .)$(cat bootcode5.bin)" older
	rm -f bootcode5.bin
	is "$name: inputs as they were" "$(state .)" "$inputs"
}
fails "source absent" "not found" -i none.bin
fails "configuration absent" "not found" -c none.conf
fails "key absent" "not found" -k none.pem
fails "wrapper absent" "not found" -H "$T/none" -p public.pem
fails "-H without -p" "Public key (-p public.pem)" -H "$T/hsm wrapper"
fails "-p alone" "signs nothing" -p public.pem
fails "-f without key" "needs a key" -f
fails "no marker" "BUILD_TIMESTAMP" -i S2.bin -k "my key.pem"
fails "no marker, -fr" "BUILD_TIMESTAMP" -i S2.bin -fr -k "my key.pem"
fails "a directory as source" "Is a directory" -i ..
fails "garbage as key" "cannot sign" -k boot.conf
fails "garbage as source" "Expected sizes" -i boot.conf
printf '#!/bin/sh\nexit 3\n' >"$T/bad hsm"
chmod +x "$T/bad hsm"
fails "wrapper fails" "cannot sign" -H "$T/bad hsm" -p public.pem
fails "wrapper fails, -f" "cannot counter-sign" -f -H "$T/bad hsm" -p public.pem
printf '#!/bin/sh\necho 00\n' >"$T/bad hsm"
fails "wrapper talks nonsense" "cannot sign" -H "$T/bad hsm" -p public.pem
other_key "$T/other.pem"
fails "the public key is another one" "does not match" -k "my key.pem" -p "$T/other.pem"
fails "the wrapper signs with another key" "cannot sign" -H "$T/hsm wrapper" -p "$T/other.pem"
SOURCE_DATE_EPOCH=soon fails "SOURCE_DATE_EPOCH=soon" "SOURCE_DATE_EPOCH" -k "my key.pem"
mv recovery.original.bin "$T/gone"
inputs_all=$inputs inputs=$(state .)
fails "-f without recovery.original.bin" "recovery.original.bin not found" -f -k "my key.pem"
mv "$T/gone" recovery.original.bin
inputs=$inputs_all
cp pieeprom.original.bin "$T/old.bin"
build_time "$T/old.bin" 1632136572
fails "older than secure boot" "does not support secure-boot" -i "$T/old.bin" -k "my key.pem"
build_time "$T/old.bin" 1632136573
fresh
run "$tool" -i "$T/old.bin" -k "my key.pem"
is "the oldest with secure boot" "$status" 0
fresh
run "$tool" -i "$T/old.bin"
is "unsigned needs no marker" "$status" 0
fresh
"$sample" s1 >"$T/S1.bin"
fails "-f on a BCM2711 image" "S1.bin is a BCM2711 image (524288 bytes): only BCM2712 images (2097152 bytes)" -i "$T/S1.bin" -f -k "my key.pem"
fresh
run "$tool" -i "$T/S1.bin"
is "BCM2711 image" "$status/$(sum pieeprom.bin)" 0/70343e2ab4e39023a68b2304b6b44e6cd84596118d196dcf975c4727026445a8

# --- arguments and files that may be empty, read once, or lie where an upgrade replaces them
fresh
run "$tool" -k "" -p "" -H ""
is "empty -k, -p, -H: unsigned, with a warning" "$status/$(sum pieeprom.bin)/$err" \
	"0/$plain_image/WARNING: -k is empty: the configuration is not signed"
fresh
run "$tool" -k "my key.pem" -p "" -H ""
is "empty -p and -H beside a key" "$status/$(sum pieeprom.bin)/$err" "0/$signed_image/"
fresh
mkfifo "$T/conf"
"$tool" -c "$T/conf" -H "$T/hsm wrapper" -p public.pem >"$T/run.out" 2>"$T/run.err" &
pid=$!
cat boot.conf >"$T/conf"
wait $pid
is "a configuration through a FIFO, signed by a wrapper" "$?/$(sum pieeprom.bin)" 0/$signed_image
fresh
run "$tool" -c=boot.conf -o=pieeprom.bin
is "-c=FILE" "$status/$(sum pieeprom.bin)" 0/$plain_image
fresh
run "$tool" -c "/usr/share/../..$work/boot.conf"
is "a configuration below /usr/share: a warning" "$status/$(sum pieeprom.bin)/${err#*boot.conf}" \
	"0/$plain_image/ is below /usr/share: an upgrade of the package replaces it. Work in a copy of its directory"
fresh

# --- a directory for signed images, and no key
mkdir "$T/secure-boot-recovery"
cp boot.conf pieeprom.original.bin "$T/secure-boot-recovery"
run sh -c 'cd "$1" && "$2"' - "$T/secure-boot-recovery" "$tool"
is "no key in a secure-boot directory: a warning" "$status $err" \
	"0 WARNING: pieeprom.bin is not signed: neither -k nor -H was given"
run sh -c 'cd "$1" && "$2" -k "$3"' - "$T/secure-boot-recovery" "$tool" "$work/my key.pem"
is "a key in a secure-boot directory: no warning" "$status $err" "0 "

# --- configurations that no boot loader can read
refuses_config() {
	name=$1 says=$2
	echo stale >pieeprom.bin
	run "$tool" -c "$T/bad.conf"
	is "$name: refused" "$status $err" "1 ERROR: $T/bad.conf $says"
	ok "$name: no image" test ! -e pieeprom.bin
}
printf '\377\376A\0=\0001\0\n\0' >"$T/bad.conf"
refuses_config "UTF-16, little-endian" "is UTF-16: save it as plain text (ASCII or UTF-8)"
printf '\376\377\0A\0=\0001' >"$T/bad.conf"
refuses_config "UTF-16, big-endian" "is UTF-16: save it as plain text (ASCII or UTF-8)"
printf '\357\273\277[all]\n' >"$T/bad.conf"
refuses_config "byte-order mark" "begins with a byte-order mark: save it as UTF-8 without one"
printf '[all]\nA\0=\0001\0' >"$T/bad.conf"
refuses_config "zero bytes" "is not plain text: there is a zero byte in line 2 (UTF-16?)"
printf '# a comment\n\n[all]\r\nA=1\nBOOT_UART 1\n  B=2\n[pi4\n=3\n' >"$T/odd.conf"
run "$tool" -c "$T/odd.conf"
ignored() { echo "WARNING: $T/odd.conf line $1 is ignored by boot loaders: \"$2\" is not KEY=VALUE, [FILTER] or # and a comment"; }
is "lines that are ignored" "$status $err" "0 $(ignored 5 'BOOT_UART 1'; ignored 7 '[pi4'; ignored 8 =3)"
fresh

# --- a signal while the wrapper works
fresh
printf '#!/bin/sh\ntouch "%s/asked"\nsleep 2\nexit 1\n' "$T" >"$T/slow hsm"
chmod +x "$T/slow hsm"
echo stale >pieeprom.bin
"$tool" -H "$T/slow hsm" -p public.pem >/dev/null 2>&1 &
pid=$!
while [ ! -e "$T/asked" ]; do sleep 0.1; done
kill -TERM $pid
wait $pid
is "SIGTERM: no pair, no leftovers" "$(find . -name 'pieeprom.bin' -o -name '*.sig' -o -name '.*' ! -name .)" ""

# --- a signal while the results are written: all of them are. bootcode5.bin is a FIFO: opening it waits for the tool.
fresh
mkfifo bootcode5.bin
"$tool" -fr -k "my key.pem" >/dev/null 2>&1 &
pid=$!
exec 3<bootcode5.bin
kill -TERM $pid
cat <&3 >"$T/code"
exec 3<&-
wait $pid
is "SIGTERM among the results: status" $? 0
is "SIGTERM among the results: the pair and all else" "$(sum pieeprom.bin) $(sum pieeprom.sig) $(sum "$T/code") $(sum pieeprom.signed_boot.bin)" \
	"$firmware_image $firmware_sig 7a62b6810ff11669ef3841f7d35ade140a27b7a54646f6a3d8286c13dc2136d0 4009f87969cfc94764a029dcee8c166bc418dbac8901ecf8f76dbd5d8eef1ab8"
fresh
tap_end
