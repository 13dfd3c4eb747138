#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The installer and the uninstaller under Wine, with a fake pnputil that records how it is called. Needs $WINDOWS: the
# directory with rpiboot-setup.exe and pnputil.exe; $WINE_PREFIX: an existing Wine prefix, by default a new one below $T.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/windows/wine.sh
. "$SRC/tests/windows/wine.sh"
wine_start "${WINE_PREFIX:-$T/prefix}" || exit 1
drive=$WINEPREFIX/drive_c
target="$drive/Program Files/rpiboot"
menu="$drive/ProgramData/Microsoft/Windows/Start Menu/Programs/rpiboot"
cp "$WINDOWS/rpiboot-setup.exe" "$drive/setup.exe"
cp "$WINDOWS/pnputil.exe" "$drive/windows/system32/pnputil.exe"
environment='HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment'

# registry KEY VALUE: its type and text
registry() {
	wine reg query "$1" /v "$2" 2>/dev/null | tr -d '\r' | sed -n "s/^ *$2 *\(REG_[A-Z_]*\) *//p"
}

# command_line LINE: runs it as cmd does; its exit status. Wine would put quotes around arguments with blanks, which the
# installer's own syntax (/D=, _?=) does not allow.
command_line() {
	printf '%s\r\nexit %%errorlevel%%\r\n' "$1" >"$drive/run.cmd"
	wine cmd /c 'C:\run.cmd' >"$T/wine.log" 2>&1
}

pnputil_calls() {
	tr -d '\r' <"$drive/pnputil.log"
	rm -f "$drive/pnputil.log"
}

# Nothing from an earlier run
rm -rf "$target" "$drive/other place" "$menu" "$drive/pnputil.log" "$drive/pnputil.status" "$drive/windows/INF/oem7.inf"
wine reg delete 'HKLM\Software\rpiboot' /f >"$T/wine.log" 2>&1

# A search path longer than NSIS' strings (1024 characters) must survive.
long='C:\windows\system32;%SystemRoot%'
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	long="$long;C:\\tools\\directory with a long name, number $i, and blanks in it, to make the search path long"
done
wine reg add "$environment" /v PATH /t REG_EXPAND_SZ /d "$long" /f >"$T/wine.log" 2>&1

command_line 'C:\setup.exe /S'
is 'a silent installation ends with 0' $? 0
ok 'the program is there' cmp "$WINDOWS/rpiboot.exe" "$target/rpiboot.exe"
ok 'and the tools' cmp "$WINDOWS/rpi-eeprom.exe" "$target/rpi-eeprom.exe"
is 'every file of the stage is installed' "$(cd "$WINDOWS/stage" && find . -type f -exec test ! -f "$target/{}" \; -print)" ''
is 'the driver was added once, from the installed INF' "$(pnputil_calls)" \
	'[/add-driver] [C:\Program Files\rpiboot\driver\rpiboot.inf] [/install]'
is 'the search path has the directory at its end, and the rest as before' "$(registry "$environment" PATH)" "$long;C:\\Program Files\\rpiboot"
is 'and keeps its type' "$(wine reg query "$environment" /v PATH | grep -c REG_EXPAND_SZ)" 1
is 'Windows lists it with an uninstaller' \
	"$(registry 'HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall\rpiboot' QuietUninstallString)" \
	'"C:\Program Files\rpiboot\uninstall.exe" /S'
ok 'the start menu has "Board as USB disk"' test -s "$menu/Board as USB disk.lnk"
# shellcheck disable=SC2016 # the inner shell expands it
ok 'which stays open and names the boot directory' sh -c 'tr -d "\000" <"$1" | grep -q "/k .*mass-storage-gadget"' sh "$menu/Board as USB disk.lnk"

# An update over it: files of the user stay, so does the one entry in the search path.
echo secret >"$target/recovery/key.pem"
echo old >"$target/removed-by-an-update.txt"
command_line 'C:\setup.exe /S'
is 'an installation over an older one ends with 0' $? 0
is 'and adds the driver again, without removing it before' "$(pnputil_calls)" \
	'[/add-driver] [C:\Program Files\rpiboot\driver\rpiboot.inf] [/install]'
is 'the search path has the directory once' "$(registry "$environment" PATH)" "$long;C:\\Program Files\\rpiboot"
is 'a key in a boot directory stayed' "$(cat "$target/recovery/key.pem")" secret

for status in 0 259 3010; do
	echo $status >"$drive/pnputil.status"
	command_line 'C:\setup.exe /S'
	is "pnputil's status $status is a success" $? 0
done
rm -f "$drive/pnputil.log"
echo 5 >"$drive/pnputil.status"
rm -f "$target/rpiboot.exe"
command_line 'C:\setup.exe /S'
is 'a driver that cannot be installed is status 10' $? 10
ok 'and all else is installed' cmp "$WINDOWS/rpiboot.exe" "$target/rpiboot.exe"
rm -f "$drive/pnputil.status" "$drive/pnputil.log"

command_line 'C:\setup.exe /S /NODRIVER'
is '/NODRIVER ends with 0' $? 0
ok 'and does not call pnputil' test ! -e "$drive/pnputil.log"

cp "$target/uninstall.exe" "$drive/uninstall.exe"
command_line 'C:\uninstall.exe /S _?=C:\Program Files\rpiboot'
is 'the uninstaller ends with 0' $? 0
is 'it removes the driver package that it finds by its GUID' "$(pnputil_calls)" '[/delete-driver] [oem7.inf] [/uninstall]'
is 'the search path is as before' "$(registry "$environment" PATH)" "$long"
is 'only files of the user are left' "$(cd "$target" && find . -type f | sort | tr '\n' ' ')" './recovery/key.pem ./removed-by-an-update.txt '
ok 'the start menu entry is gone' test ! -e "$menu"
is 'and the entry in the list of programs' "$(registry 'HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall\rpiboot' DisplayName)" ''

command_line 'C:\setup.exe /S /NODRIVER /NOPATH /D=C:\other place'
is 'another directory: 0' $? 0
ok 'and the program is there' cmp "$WINDOWS/rpiboot.exe" "$drive/other place/rpiboot.exe"
is '/NOPATH leaves the search path alone' "$(registry "$environment" PATH)" "$long"
tap_end
