#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Keys of a PKCS#11 token (softhsm2) through OpenSSL's engine, as on systems without a provider.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
PATH=$OUT/tools:$PATH
module=/usr/lib/softhsm/libsofthsm2.so
[ -x "$OUT/tools/rpi-eeprom-digest" ] || { skip "PKCS#11" "built without libcrypto"; tap_end; exit; }
for program in softhsm2-util pkcs11-tool openssl; do
	command -v $program >/dev/null || { skip "PKCS#11" "$program is missing"; tap_end; exit; }
done
{ [ -e $module ] && openssl engine pkcs11 >/dev/null 2>&1; } || { skip "PKCS#11" "no softhsm2 or no engine pkcs11"; tap_end; exit; }
cd "$T" || exit 1
# The engine and the module of the token keep memory until the program ends.
export ASAN_OPTIONS="detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export SOFTHSM2_CONF="$T/conf" PKCS11_MODULE_PATH=$module SOURCE_DATE_EPOCH=1700000000
mkdir tokens
echo "directories.tokendir = $T/tokens" >conf
softhsm2-util --init-token --free --label t --pin 1234 --so-pin 1234 >/dev/null
"$BUILD/tests/mksample" key >key.pem
openssl pkcs8 -topk8 -nocrypt -in key.pem -out key.p8
openssl rsa -in key.pem -pubout -outform DER -out public.der 2>/dev/null
softhsm2-util --import key.p8 --token t --label 'SIGN key' --id 01 --pin 1234 >/dev/null
private='pkcs11:token=t;object=SIGN%20key;type=private;pin-value=1234'
public='pkcs11:token=t;object=SIGN%20key;type=public'
printf abc >abc

# the signatures are deterministic: the results are those of the same key in a file
run rpi-eeprom-digest -i abc -o sig -k "$private"
is "rpi-eeprom-digest -k pkcs11: the published .sig file" "$status $(sha256sum <sig | cut -d ' ' -f 1)" \
	"0 2c27669ce084084f0d5309209a22dac06d073707697a82294a9f4a8bcd74c1c7"
run rpi-eeprom-digest -v sig -i abc -k "$public"
is "checked with the token's public key" "$status $out" "0 Verified OK"
run rpi-sign-bootcode -c 2712 -n 16 -v 0 -i abc -k "$private" -o code
is "rpi-sign-bootcode -k pkcs11: the published result" "$status $(sha256sum <code | cut -d ' ' -f 1)" \
	"0 7a62b6810ff11669ef3841f7d35ade140a27b7a54646f6a3d8286c13dc2136d0"
run rpi-bootloader-key-convert --hash "$public"
is "rpi-bootloader-key-convert --hash" "$status $out" "0 66c15c5d0a96d4f23df6d6d998520ed698f2585c78d3fd7a565756c979c2c6a6"
"$BUILD/tests/mksample" s2m >pieeprom.original.bin
printf '[all]\nBOOT_UART=1\n' >boot.conf
run update-pieeprom -k "$private"
is "update-pieeprom -k pkcs11: the public key comes from the token" "$status $(sha256sum <pieeprom.bin | cut -d ' ' -f 1)" \
	"0 168bb03fd43948f5a8e24ee678e847f42bf7c14a7827ee6d18c93d17f89da7ae"

run rpi-eeprom-digest -i abc -o none -k 'pkcs11:token=t;object=another;type=private;pin-value=1234'
is "a key that is not there: status, nothing written" "$status $(ls none 2>/dev/null)" "1 "
ok "its message names the way out" grep -q "^ERROR: the token or its key cannot be used: .*HSM wrapper" "$T/run.err"
run rpi-eeprom-digest -i abc -o none -k 'pkcs11:token=t;object=SIGN%20key;type=private;pin-value=4321'
is "a wrong PIN: status, nothing written" "$status $(ls none 2>/dev/null)" "1 "
OPENSSL_ENGINES=$T run rpi-eeprom-digest -i abc -o none -k "$private"
ok "no engine: the message names the packages and the wrapper" grep -q "libengine-pkcs11-openssl.*HSM wrapper" "$T/run.err"
tap_end
