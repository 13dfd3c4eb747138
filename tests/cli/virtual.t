#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The virtual board on its mocked usbfs, tried out with the plain host of tests/virtual/client.c: it boots, fails where
# it is told to, and its judge sees what a host does wrong.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"

vb=$BUILD/tests/virtual-board client=$BUILD/tests/virtual-client boards=tests/virtual/boards
if ! [ -x "$vb" ]; then
	skip_all 'the virtual board' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi

for kind in msd gadget gadget-2710 recovery recovery5; do
	tests/virtual/mkfolder.sh $kind "$T/$kind"
done
mkdir "$T/plain" # the client reads no archive
cp "$T/gadget/"* "$T/plain"
tar -xf "$T/gadget/bootfiles.bin" -C "$T/plain"

# board FOLDER BOARD [ARGUMENT...]: the client boots one board; $status, $out (its lines), $err (the board's)
board() {
	folder=$1 line=$2
	shift 2
	serve=$folder
	[ "$folder" != gadget ] || serve=plain
	run "$vb" --limit 600 --folder "$T/$folder" "$boards/$line" -- "$client" "$@" "$T/$serve"
}

# last: the client's last line
last() {
	printf '%s\n' "$out" | tail -n 1
}

# blamed TEXT: the judge has found this
blamed() {
	printf '%s\n' "$err" | grep -q "^VIOLATION .*$1"
}

for pair in cm1-msd:msd zero-msd:msd cm3-msd:msd cm4-msd:msd cm3-gadget:gadget-2710 zero2w-gadget:gadget-2710 \
	cm4-gadget:gadget cm5-gadget:gadget cm4-recovery:recovery cm5-recovery:recovery5; do
	board "${pair#*:}" "${pair%:*}.board"
	is "${pair%:*} boots" "$status $(last)" '0 1-1 done'
done

data='fault %s at data start4.elf offset 100000'
# shellcheck disable=SC2059 # the format is ours
fault() {
	board msd "cm4-msd.board;$(printf "$data" "$1")$2" -t 2000
}
fault stall ''
is 'a stall' "$status $(last)" '1 1-1 bulk at 100000 of 300000: LIBUSB_ERROR_PIPE'
fault nak ''
is 'a NAK without end' "$status $(last)" '1 1-1 bulk at 100000 of 300000: LIBUSB_ERROR_TIMEOUT'
fault nak ' for 100'
is 'a NAK for a while' "$status $(last)" '0 1-1 done'
fault 'short 1000' ''
is 'a short bulk transfer' "$status $(last)" '0 1-1 done'
fault disconnect ''
is 'a pulled cable' "$status $(last)" '1 1-1 bulk at 100000 of 300000: LIBUSB_ERROR_NO_DEVICE'
board msd 'cm4-msd.board;fault disconnect at request start4.elf'
is 'a pulled cable while a request is awaited' "$status $(last)" '1 1-1 read 260: LIBUSB_ERROR_NO_DEVICE -4'
board msd 'cm4-msd.board;fault stall at announce'
is 'a stalled announcement' "$status $(last)" '1 1-1 announce 24: LIBUSB_ERROR_PIPE'
board msd 'cm4-msd.board;fault short 2 at status'
is 'a short status' "$status $(last)" '1 1-1 read 4: only 2'
board msd 'cm4-msd.board;fault short 100 at request'
is 'a short request' "$status $(last)" '1 1-1 read 260: only 100'
board msd 'cm4-msd.board;status-lost'
is 'a board that leaves before its status' "$status $(last)" '1 1-1 read 4: LIBUSB_ERROR_NO_DEVICE -4'
board msd 'cm4-msd.board;driver cdc_acm'
is "a kernel driver's interface" "$status $(last)" '1 1-1 claim: LIBUSB_ERROR_BUSY'
board msd 'cm4-msd.board;open-refused-for 200;arrive 200'
is 'a board that comes late and cannot be opened at once' "$status $(last)" '0 1-1 done'

slow='speed 3000000;urb-time 100'
board gadget "cm4-gadget.board;$slow" -q 4
is 'queued transfers' "$status $(last)" '0 1-1 done'
ok 'are under way at once' grep -q ', 4 at once,' "$T/run.err"
board gadget "cm4-gadget.board;$slow;fault stall at data boot.img offset 20000" -q 4
is 'queued transfers after a stall' "$status $(last)" '1 1-1 queued bulk: status 4, 3616 of 16384 bytes'
board gadget "cm4-gadget.board;$slow;fault nak at data boot.img offset 20000" -q 4 -t 2000
is 'queued transfers that time out' "$status $(last)" '1 1-1 queued bulk: status 2, 3616 of 16384 bytes'
board gadget "cm4-gadget.board;$slow;fault disconnect at data boot.img offset 20000" -q 4
# whether the oldest transfer or the next submission tells first is a matter of luck
is 'queued transfers and a pulled cable' "$status $(last | sed 's/LIBUSB_ERROR_NO_DEVICE/status 5, 3616 of 16384 bytes/')" \
	'1 1-1 queued bulk: status 5, 3616 of 16384 bytes'
tests/virtual/mkfolder.sh msd "$T/big" 17000000
board big cm4-msd.board -s 17000000
is 'the limit of 16 MiB' "$status $(last)" '1 1-1 bulk at 0 of 17000000: LIBUSB_ERROR_NO_MEM'
board big cm4-msd.board -s 1048576
is '1 MiB at a time' "$status $(last)" '0 1-1 done'

# the judge
run "$vb" --folder "$T/msd" "$boards/cm4-msd.board" -- "$client" "$T/big"
is 'other bytes than expected: status' "$status" 99
ok 'other bytes than expected: the file is named' blamed "'start4.elf' is announced with 17000000 bytes, it has 300000"
board msd 'cm4-msd.board;bystander'
ok 'a board that was not meant' blamed 'a request to a board that was not meant'
printf '%s\n' 'chip 2711' skips-rom garbage 'get config.txt' 'done' >"$T/noise.board"
run "$vb" "$T/noise.board" -- "$client" "$T/msd"
is 'garbage is no request' "$status" 99
ok 'garbage must not be answered' blamed 'a message that is none is answered'
run "$vb" "$boards/cm4-msd.board" -- true
is 'a host that lies about its success' "$status" 99
ok 'is found out' blamed 'ended with success, but the board is not done'
run "$vb" "$boards/cm4-msd.board" -- sh -c 'exit 7'
is "the program's status" "$status" 7

# the program's surroundings
run "$vb" --limit 1 "$boards/cm4-msd.board" -- sh -c 'sleep 100 & wait'
is 'the time limit' "$status" 98
run "$vb" --signal INT@200 "$boards/cm4-msd.board" -- sleep 100
is 'a signal by time' "$status" 130
run "$vb" --limit 600 --signal TERM@data:start4.elf "$boards/cm4-msd.board;speed 1000000" -- "$client" "$T/msd"
is 'a signal by place' "$status $(last)" '143 1-1 file 300000 start4.elf'
run "$vb" "$boards/cm4-msd.board;colour red" -- true
is 'a mistake in a description' "$status $err" "97 virtual-board: argument:1: unknown word 'colour'"
run "$vb" --quiet --report "$T/report" --folder "$T/msd" "$boards/cm4-msd.board" -- "$client" "$T/msd"
ok 'the report' grep -q '"path": "1-1", "done": true, .*"start4.elf", "size": 300000, "sha256": "[0-9a-f]*"' "$T/report"
# shellcheck disable=SC2016 # the inner shell expands it
run "$vb" "$boards/cm4-msd.board;path 2-1.4" -- sh -c 'cd /sys/bus/usb/devices/2-1.4 && cat idVendor busnum serial devpath'
is 'attributes in sysfs' "$out" "$(printf '0a5c\n2\n10000000b29d2da0\n1.4')"

# many: one after the other, as umockdev has room for some fifty open handles in a program
set --
paths='' n=0
for hub in 1 2 3 4 5; do
	for port in 1 2 3 4 5 6 7 8; do
		n=$((n + 40))
		set -- "$@" "$boards/cm4-gadget.board;path 1-$hub.$port;serial 1000$hub$port;arrive $n"
		paths="$paths 1-$hub.$port"
	done
done
# shellcheck disable=SC2086 # paths are words
run "$vb" --limit 600 --folder "$T/gadget" "$@" -- "$client" "$T/plain" $paths
if [ "$status" -eq 134 ] && grep -q 'fd_map_add' "$T/run.err"; then
	skip '40 boards, one program' 'too many handles at once for umockdev, on a machine this busy'
else
	is '40 boards, one program' "$status $(printf '%s\n' "$out" | grep -c ' done$')" '0 40'
fi
shift 34
# shellcheck disable=SC2016 # the inner shell expands it
run "$vb" --limit 600 --folder "$T/gadget" "$@" -- sh -c 'client=$0 folder=$1
	for p in 3 4 5 6 7 8; do "$client" "$folder" 1-5.$p & done; wait' "$client" "$T/plain"
is 'six boards, six programs' "$status $(printf '%s\n' "$out" | grep -c ' done$')" '0 6'

tap_end
