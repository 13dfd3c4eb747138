#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Windows programs under Wine: what they need, what they print, what they read and write. Needs $WINDOWS, the directory
# with the programs; $WINE_PREFIX: an existing Wine prefix, by default a new one below $T.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/windows/wine.sh
. "$SRC/tests/windows/wine.sh"
wine_start "${WINE_PREFIX:-$T/prefix}" || exit 1
cd "$T" || exit 1
rpiboot() {
	wine "$WINDOWS/rpiboot.exe" "$@"
}

# Nothing but what every Windows has.
for program in rpiboot rpi-decode rpi-eeprom setup-helper; do
	is "$program.exe needs system libraries only" "$(x86_64-w64-mingw32-objdump -p "$WINDOWS/$program.exe" |
		sed -n 's/.*DLL Name: //p' | grep -viE '^(advapi32|cfgmgr32|gdi32|kernel32|msvcrt|setupapi|shell32|user32|ws2_32|crypt32)\.dll$')" ''
	is "$program.exe has no time stamp" "$(x86_64-w64-mingw32-objdump -p "$WINDOWS/$program.exe" | sed -n 's/^Time\/Date[^0-9A-Z]*//p')" \
		'Thu Jan  1 00:00:00 1970'
done
is 'no path of the build in the programs' "$(grep -lF "$SRC" "$WINDOWS/rpiboot.exe" "$WINDOWS/rpi-decode.exe" "$WINDOWS/rpi-eeprom.exe")" ''

run rpiboot --version
is 'the version line ends in LF, not CR LF' "$status $(printf '%s' "$out" | tr '\r' '?' | sed 's/^RPIBOOT: build-date [0-9/]* pkg-version [^ ]* [^ ?]*$/whole/')" '0 whole'
run rpiboot --list
is 'without a board --list ends with 5' "$status $out" '5 No board found.'
run rpiboot --nonsense
is 'a wrong option is one line and 255' "$status $(printf '%s\n' "$err" | wc -l)" '255 1'

mkdir 'fit ä€'
yes recovery | head -c 90000 >'fit ä€/bootcode4.bin'
printf 'erase_eeprom\0' >>'fit ä€/bootcode4.bin'
printf '# CR LF\r\nuart_2ndstage=1\r\n' >'fit ä€/config.txt'
{ printf '\125\252\360\017' && head -c 524284 /dev/zero; } >'fit ä€/pieeprom.bin'
printf '%s\nts: 1700000000\n' "$(sha256sum 'fit ä€/pieeprom.bin' | cut -c1-64)" >'fit ä€/pieeprom.sig'
run rpiboot --check --chip 2711 -d 'fit ä€'
is 'a directory with a name in UTF-8 is fit' "$status" 0
# shellcheck disable=SC1003 # a backslash
run rpiboot --check --chip 2711 -d "Z:$(printf %s "$T" | tr / '\\')\\fit ä€"
is 'also with backslashes' "$status" 0
run rpiboot --check -d none
is 'a directory that is not there is 1' "$status" 1

# Flashing: only the program on the board writes, and the decoder is there.
run rpiboot -d 'fit ä€' --flash none.img --via disk
is '--flash --via disk is one line and 255' "$status $(printf '%s\n' "$err" | grep -c -e '--via disk works on Linux only')" '255 1'
run rpiboot -d 'fit ä€' --flash none.img
is 'an image that is not there is 8' "$status $(printf '%s\n' "$err" | grep -c 'none.img')" '8 1'
head -c 300000 'fit ä€/pieeprom.bin' | cat - "$WINDOWS/rpiboot.exe" >one
for format in xz gzip bzip2 zstd; do
	{ $format -c <one && $format -c <one; } >two
	wine "$WINDOWS/rpi-decode.exe" $format -dc <two >decoded 2>decoded.err
	is "rpi-decode $format: two archives are one" "$? $(cat decoded.err) $(sha256sum <decoded)" "0  $(cat one one | sha256sum)"
done
run wine "$WINDOWS/rpi-decode.exe" lz4
is 'another format is one line and 1' "$status $(printf '%s\n' "$err" | wc -l)" '1 1'

# The driver: a fake pnputil records the call. Wine grants the rights of an administrator without asking.
system=$WINEPREFIX/drive_c/windows/system32
rm -f "$WINEPREFIX/drive_c/pnputil.log" "$WINEPREFIX/drive_c/pnputil.status"
cp "$WINDOWS/pnputil.exe" "$system/pnputil.exe"
# shellcheck disable=SC1003 # a backslash
package="Z:$(printf %s "$WINDOWS" | tr / '\\')\\driver\\rpiboot.inf"
run rpiboot --driver
is '--driver names the command' "$status $(printf '%s\n' "$out" | sed -n 's/^    //p')" "0 pnputil /add-driver \"$package\" /install"
ok 'and does not run it' test ! -e "$WINEPREFIX/drive_c/pnputil.log"
run rpiboot --driver=install
is '--driver=install runs it; 259 is a success' "$status $out" '0 The driver is ready; no board that needs it is connected now.'
is 'with the package beside the program' "$(tr -d '\r' <"$WINEPREFIX/drive_c/pnputil.log")" "[/add-driver] [$package] [/install]"
echo 5 >"$WINEPREFIX/drive_c/pnputil.status"
run rpiboot --driver=install
is 'what pnputil refuses is 255 and one line' "$status $(printf '%s\n' "$err" | grep -c 'exit status 5')" '255 1'
rm -f "$WINEPREFIX/drive_c/pnputil.log" "$WINEPREFIX/drive_c/pnputil.status"

# The tools do the same as on other systems.
openssl genrsa -traditional -out key.pem 2048 2>openssl.log
openssl rsa -in key.pem -pubout -out public.pem 2>openssl.log
printf 'a\r\nb\032c\n' >image.bin # line ends and an end-of-file character must not matter
run wine "$WINDOWS/rpi-eeprom.exe" digest -i image.bin -o image.sig -k key.pem
is 'rpi-eeprom digest signs' "$status$err" 0
is 'the hash is that of all bytes' "$(head -n 1 image.sig)" "$(sha256sum image.bin | cut -c1-64)"
run wine "$WINDOWS/rpi-eeprom.exe" digest -i image.bin -v image.sig -k public.pem
is 'and verifies' "$status $out" '0 Verified OK'
cp "$WINDOWS/rpi-eeprom.exe" rpi-eeprom-digest.exe
run wine ./rpi-eeprom-digest.exe -i image.bin -v image.sig -k public.pem
is 'under the name of a tool it is that tool' "$status $out" '0 Verified OK'
run wine "$WINDOWS/rpi-eeprom.exe" nonsense
is 'an unknown command is 2' "$status" 2

# An HSM wrapper is a script for cmd.
digits=$(openssl dgst -sha256 -sign key.pem image.bin | od -An -v -tx1 | tr -d ' \n')
printf '@echo %s\r\n' "$digits" >wrapper.cmd
run wine "$WINDOWS/rpi-eeprom.exe" digest -i image.bin -o hsm.sig -H ./wrapper.cmd -k public.pem
is 'an HSM wrapper signs' "$status $(grep -c "$digits" hsm.sig 2>/dev/null)" '0 1'
printf '@exit 3\r\n' >wrapper.cmd
run wine "$WINDOWS/rpi-eeprom.exe" digest -i image.bin -o none.sig -H ./wrapper.cmd
is 'a wrapper that fails is reported' "$status $err $(ls none.sig 2>/dev/null)" '1 ERROR: HSM wrapper failed with exit code 3 '
tap_end
