#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The bench around the boot: --list, --udev, --wait-disk, --wait-for, --exec, and what is said when something is wrong.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"

vb=$BUILD/tests/virtual-board boards=$SRC/tests/virtual/boards rule=$SRC/udev/70-rpiboot.rules

# --- the udev rule
run "$OUT/rpiboot" --udev
is 'udev: status' "$status" 0
is 'udev: the rule as shipped' "$out" "$(cat "$rule")"
is 'udev: the ids of boards and of the gadget' "$(sed -n 's/.*ATTR{idProduct}=="\([^"]*\)".*/\1/p' "$rule")" '2763|2764|2711|2712|0104'
if udevadm verify --help >/dev/null 2>&1; then
	ok 'udev: verified' udevadm verify "$rule"
else
	is 'udev: every line is made of KEY OPERATOR "VALUE"' "$(grep -vE '^(#.*)?$' "$rule" |
		grep -vE '^([A-Z]+(\{[A-Za-z_]+\})?(==|!=|=|\+=)"[^"]*"(, |$))+$')" ''
fi

if ! [ -x "$vb" ]; then
	skip_all 'the bench' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi
tests/virtual/mkfolder.sh gadget "$T/gadget" 20000
tests/virtual/mkfolder.sh recovery "$T/recovery"

# bench BOARD... -- OPTION...: rpiboot with these boards
bench() {
	n=0
	for word; do # puts the program behind "--"
		shift
		set -- "$@" "$word"
		n=$((n + 1))
		[ "$word" != -- ] || set -- "$@" "$OUT/rpiboot"
	done
	run "$vb" --quiet --limit 600 --folder "$T/gadget" "$@"
}

# says NAME CODE: the diagnosis was given, once
says() {
	is "$1: says why" "$(printf '%s\n' "$err" | grep -c "($2)")" 1
}

late="$boards/cm4-gadget.board;arrive 60000"

# --- list
bench "$late" -- --list
is 'list, nothing there: status' "$status" 5
is 'list, nothing there' "$out" 'No board found.'
says 'list, nothing there' nothing-on-the-bus

bystanders() {
	bench "$boards/cm4-gadget.board;path 1-1.3;bystander" "$boards/cm5-gadget.board;path 1-2;bystander;skips-rom" \
		"$boards/cm3-gadget.board;path 2-3.1;bystander" \
		"$boards/cm4-gadget.board;path 2-1;bystander;serial 1234;open-refused-for 60000" "$@"
}
bystanders -- --list
is 'list: status' "$status" 0
is 'list: the table' "$out" 'PATH       CHIP     STAGE                SERIAL            ACCESS  DRIVER
1-1.3      BCM2711  boot ROM             10000000b29d2da0  yes     -
1-2        BCM2712  file server          4e5f6071          yes     -
2-1        BCM2711  boot ROM             1234              denied  -
2-3.1      BCM2837  boot ROM             -                 yes     usb-storage
BCM2837: Compute Module 0, 3, 3+, 3A+, Zero 2 W
BCM2711: Compute Module 4, 4S, 4B, 400
BCM2712: Compute Module 5, 5, 500, 500+'
says 'list, one denied' no-permission
bystanders -- --list --json -p 2-1 -p 1-2
is 'list: JSON of the chosen' "$out" '{"path": "1-2", "vendor": "0a5c", "product": "2712", "chip": "BCM2712", "models": "Compute Module 5, 5, 500, 500+", "stage": "server", "serial": "4e5f6071", "access": "yes", "drivers": [], "programs": [], "disks": []}
{"path": "2-1", "vendor": "0a5c", "product": "2711", "chip": "BCM2711", "models": "Compute Module 4, 4S, 4B, 400", "stage": "rom", "serial": "1234", "access": "denied", "drivers": [], "programs": [], "disks": []}'
bystanders -- --list -i 00000000
is 'list, none chosen: status' "$status" 5
says 'list, none chosen' not-chosen

# --- as many boards as the paths and serial numbers choose: both must hold, and a serial number is one board
cm4="$boards/cm4-msd.board;path 1-1.3" cm5="$boards/cm5-gadget.board;path 1-1.4"
for chosen in '-i b29d2da0 -i 10000000b29d2da0' '-p 1-1.3 -p 1-1.3' '-p 1-1.3 -p 1-1.4 -i b29d2da0'; do
	# shellcheck disable=SC2086 # several words
	bench "$cm4" "$cm5;bystander" -- -q -d "$T/gadget" $chosen
	is "one board: $chosen" "$status" 0
done
bench "$cm4" "$cm5" -- --json -q -d "$T/gadget" -p '1-1.*' -i 8a1b2c3d4e5f6071 -i 10000000b29d2da0
is 'two boards: status' "$status" 0
is 'two boards' "$(printf '%s\n' "$out" | jq -r 'select(.event == "result") | .path' | sort | tr '\n' ' ')" '1-1.3 1-1.4 '

# --- waiting for disks
bench "$boards/cm4-gadget.board;path 1-1.3;disk-size 33554432" -- -q -d "$T/gadget" --wait-disk=20
is 'wait-disk' "$status $out$err" '0 1-1.3 10000000b29d2da0 /dev/sda 33554432 -'
run "$vb" --quiet --limit 600 --folder "$T/gadget" "$boards/cm4-gadget.board;path 1-1.3" -- \
	sh -c "\"\$1\" -q -d \"\$2\" --wait-disk && \"\$1\" --list" sh "$OUT/rpiboot" "$T/gadget"
is 'list of a running gadget' "$out" '1-1.3 10000000b29d2da0 /dev/sda 67108864 -
PATH       CHIP     STAGE                SERIAL            ACCESS  DRIVER
1-1.3      -        mass-storage gadget  10000000b29d2da0  yes     usb-storage
           /dev/sda  67108864 bytes  -'
bench "$boards/cm4-msd.board" -- -q -d "$T/gadget" --wait-disk=1
is 'wait-disk, none comes, quietly: status' "$status" 6
is 'wait-disk, none comes, quietly: nothing printed' "$out" ''
is 'wait-disk, none comes, quietly: one line' "$(printf '%s\n' "$err" | grep -c 'no disk appeared in time')" \
	"$(printf '%s\n' "$err" | grep -c '')"
bench "$boards/cm4-msd.board" -- -d "$T/gadget" --wait-disk=1
is 'wait-disk, none comes: status' "$status" 6
says 'wait-disk, none comes' no-disk
bench "$boards/cm4-gadget.board;path 1-1" "$boards/cm5-gadget.board;path 1-2" -- -q -d "$T/gadget" -n 2 --wait-disk
is 'wait-disk, two boards: status' "$status" 0
is 'wait-disk, two boards' "$(printf '%s\n' "$out" | sed 's/sd[ab]/sdX/' | sort)" '1-1 10000000b29d2da0 /dev/sdX 67108864 -
1-2 8a1b2c3d4e5f6071 /dev/sdX 67108864 -'

# --- waiting for another stage
becomes="$boards/cm5-gadget.board;path 1-1.3"
sed '/^becomes-disk/d' "$boards/cm5-gadget.board" >"$T/cm5.board"
fast="$T/cm5.board;path 1-1.3;becomes-fastboot"
bench "$fast" -- -q -d "$T/gadget" --wait-for fastboot
is 'wait-for fastboot' "$status $out$err" '0 1-1.3 8a1b2c3d4e5f6071 fastboot'
bench "$fast" -- -q -d "$T/gadget" --wait-for disk --wait-timeout 1
is 'wait-for disk, another stage comes: status' "$status" 6
bench "$becomes" -- -q -d "$T/gadget" --wait-for fastboot --wait-timeout 1
is 'wait-for fastboot, a disk comes' "$status $out$(printf '%s\n' "$err" | grep -c 'no fastboot gadget within 1 seconds; on its port there is 0a5c:0104, mass-storage gadget: ')" '6 1'
bench "$becomes" -- -q -d "$T/gadget" --wait-for disk
is 'wait-for disk is wait-disk' "$status $out$err" '0 1-1.3 8a1b2c3d4e5f6071 /dev/sda 67108864 -'
bench "$T/cm5.board;path 1-1.3;reboot" -- -q -d "$T/gadget" --wait-for rom
is 'wait-for rom' "$status $out$err" '0 1-1.3 8a1b2c3d4e5f6071 rom'
bench "$T/cm5.board;path 1-1.3;reboot" -- -d "$T/gadget" --wait-for fastboot
is 'wait-for fastboot, back in its boot ROM: status' "$status" 6
says 'wait-for fastboot, back in its boot ROM' started-over
bench "$fast" -- --json -q -d "$T/gadget" --wait-for fastboot
is 'wait-for: events' "$(printf '%s\n' "$out" | jq -r 'select(.event | startswith("stage-")) | "\(.event) \(.stage) \(.already)"')" 'stage-wait fastboot null
stage-reached fastboot false'

# again BOARD OPTION...: rpiboot with these options, and once more when the board is booted
again() {
	board=$1
	shift
	run "$vb" --quiet --limit 600 --folder "$T/gadget" "$board" -- sh -c '"$@" >/dev/null && "$@"' sh "$OUT/rpiboot" -d "$T/gadget" "$@"
}
again "$fast" --wait-for fastboot -p 1-1.3
is 'in fastboot already: status' "$status" 0
ok 'in fastboot already: is said' grep -q '^it is booted already: a fastboot gadget$' "$T/run.err"
ok 'in fastboot already: its line' grep -q '^1-1.3 8a1b2c3d4e5f6071 fastboot$' "$T/run.out"
again "$becomes" --wait-disk --json -i 8a1b2c3d4e5f6071
is 'a disk already' "$status $(printf '%s\n' "$out" | jq -r 'select(.event == "disk" or .event == "result") | "\(.event) \(.device) \(.code)"' | tr '\n' ' ')" \
	'0 disk /dev/sda null result null ok '
again "$becomes" --wait-disk -t 1
is 'a disk already that nobody named is not meant' "$status" 5
again "$becomes" --wait-disk -t 1 -p '1-1.*'
is 'nor one of a group' "$status" 5

# --- the operator's program
# script TEXT
script() {
	printf '#!/bin/sh\nT='\''%s'\''\n%s\n' "$T" "$1" >"$T/script"
	chmod +x "$T/script"
}
script 'env | grep "^RPIBOOT_" | grep -v SECONDS | sort'
bench "$boards/cm4-gadget.board;path 1-1.3" -- -q -d "$T/gadget" --wait-disk --exec "$T/script"
is 'exec: status' "$status" 0
is 'exec: the facts' "$(printf '%s\n' "$out" | sed 's/^RPIBOOT_BYTES=[0-9]*$/RPIBOOT_BYTES=N/')" \
	'1-1.3 10000000b29d2da0 /dev/sda 67108864 -
RPIBOOT_BYTES=N
RPIBOOT_CHIP=BCM2711
RPIBOOT_DISK=
RPIBOOT_DISKS=/dev/sda
RPIBOOT_FILES=13
RPIBOOT_FLASH=
RPIBOOT_METADATA=
RPIBOOT_PATH=1-1.3
RPIBOOT_PLACE=
RPIBOOT_RESULT=ok
RPIBOOT_SERIAL=10000000b29d2da0
RPIBOOT_STATUS=0'
# shellcheck disable=SC2016 # the script expands it
script 'echo "$RPIBOOT_METADATA"'
run "$vb" --quiet --folder "$T/recovery" "$boards/cm4-recovery.board" -- "$OUT/rpiboot" -q -d "$T/recovery" -j "$T" \
	--exec "$T/script"
# named by the serial that the file server reports, 8 digits
is 'exec: the metadata file' "$status $out" "0 $T/b29d2da0.json"
script 'echo output'
bench "$boards/cm4-gadget.board" -- -q -d "$T/gadget" --exec "$T/script" --json
is 'exec: its output does not mix with JSON' \
	"$(printf '%s\n' "$out" | grep -c '^output$') $(printf '%s\n' "$err" | grep -c '^output$')" '0 1'

is 'exec as JSON' "$(printf '%s\n' "$out" | sed -n 's/.*"event":"\(program[^"]*\)".*/\1/p')" 'program-begin
program-end'
bench "$late" -- --json -q -t 1 -d "$T/gadget"
is 'a diagnosis as JSON' "$(printf '%s\n' "$out" | grep '"event":"diagnosis"' | grep -c '"code":"nothing-on-the-bus","explains":"no-board"')" 1
bench "$boards/cm4-gadget.board" -- --json -q --wait-disk -d "$T/gadget"
is 'a disk as JSON' "$(printf '%s\n' "$out" | grep -c '"event":"disk",.*"device":"/dev/sda","size":67108864}$')" 1
# shellcheck disable=SC2016 # the script expands it
script 'echo "$RPIBOOT_PATH $RPIBOOT_RESULT" >>"$T/log"; exit 9'
bench "$boards/cm4-gadget.board" -- -d "$T/gadget" --exec "$T/script"
is 'exec that does not succeed: status' "$status" 7
is 'exec that does not succeed: told' "$(printf '%s\n' "$err" | grep -c 'exit status 9: ')" 1
bench "$boards/cm4-gadget.board;never-returns" -- -d "$T/gadget" --next-timeout 1 --exec "$T/script"
is 'exec for a board that failed: its status stays' "$status" 4
is 'exec for a board that failed: it ran' "$(cat "$T/log")" '1-1 ok
1-1 board-absent'
bench "$boards/cm4-gadget.board" -- -d "$T/gadget" --exec "$T/nowhere"
is 'exec of what is not there, before the first board: status' "$status" 255

# A serial that would do something in a shell, but is not one: not 8 or 16 hexadecimal digits
# shellcheck disable=SC2016 # must not be expanded
evil='$(touch${IFS}owned)`touch${IFS}owned`|touch${IFS}owned&'
# shellcheck disable=SC2016 # the script expands it
script 'printf %s "$RPIBOOT_SERIAL" >"$T/serial"'
mkdir "$T/here"
run "$vb" --quiet --chdir "$T/here" --folder "$T/gadget" "$boards/cm4-gadget.board;serial $evil" -- \
	"$OUT/rpiboot" -d "$T/gadget" --wait-disk --exec "$T/script"
is 'exec with an untrusted serial: status' "$status" 0
is 'exec with an untrusted serial: is no serial' "$(cat "$T/serial")" ''
is 'exec with an untrusted serial: does nothing' "$(ls "$T/here")" ''

# shellcheck disable=SC2016 # the script expands it
script 'trap "echo ended >\"\$T/ended\"; exit 0" TERM; echo begun >"$T/begun"; while :; do sleep 0.1; done'
run "$vb" --quiet --limit 600 --signal INT@4000 --folder "$T/gadget" "$boards/cm4-gadget.board" -- \
	"$OUT/rpiboot" -d "$T/gadget" --exec "$T/script"
is 'exec interrupted: status' "$status" 130
is 'exec interrupted: it was ended' "$(cat "$T/begun" "$T/ended")" 'begun
ended'

# --- what is wrong
bench "$late" -- -t 1 -d "$T/gadget"
is 'no board: status' "$status" 5
says 'no board' nothing-on-the-bus
bench "$boards/cm4-gadget.board;path 1-2;bystander" -- -t 1 -d "$T/gadget" -p 1-1
is 'another board: status' "$status" 5
says 'another board' not-chosen
bench "$boards/cm4-gadget.board;open-refused-for 60000" -- -d "$T/gadget"
is 'no permission: status' "$status" 255
says 'no permission' no-permission
bench "$boards/cm4-gadget.board;never-returns" -- -d "$T/gadget" --next-timeout 1
is 'no return: status' "$status" 4
says 'no return' no-return
run "$vb" --quiet --limit 600 --folder "$T/gadget" "$boards/cm4-gadget.board" -- \
	sh -c "\"\$1\" -q -d \"\$2\" --wait-disk >&2; \"\$1\" -t 1 -d \"\$2\"" sh "$OUT/rpiboot" "$T/gadget"
is 'already a disk: status' "$status" 5
says 'already a disk' already-running
is 'already a disk: which' "$(printf '%s\n' "$err" | grep -c ': mass-storage gadget, /dev/sda$')" 1

printf '%s\n' 'chip 2711' 'rom_index 3' 'get boot.sig' 'get boot.sig' 'get boot.img' 'done' >"$T/signed.board"
bench "$T/signed.board" -- -d "$T/gadget"
is 'boot.sig again: status' "$status" 0
says 'boot.sig again' wants-signed-image
{ printf '%s\n' 'chip 2711' 'rom_index 3'; yes 'get config.txt' | head -n 12; echo 'done'; } >"$T/again.board"
bench "$T/again.board" -- -d "$T/gadget"
is 'a file again and again: status' "$status" 0
says 'a file again and again' asked-again

tap_end
