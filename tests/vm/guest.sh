# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2154 # tap.sh and this file's own functions set them
# For the tests that run a virtual machine: starting it, running commands in it, plugging boards and disks into it.
# It is talked to over pipes: commands on its second serial port (tests/vm/init), QEMU's monitor for plugs.

vm=$BUILD/vm boards=$SRC/tests/virtual/boards
guest_n=0 plugged=

# why_not: prints why there is no machine here, nothing if there can be one
why_not() {
	if ! [ -x "$BUILD/tests/virtual-redir" ]; then
		echo 'libusbredirparser is not installed (Debian: libusbredirparser-dev)'
	elif [ -f "$vm/why" ]; then
		cat "$vm/why"
	elif ! [ -f "$vm/base.cpio" ]; then
		echo 'the machine is not there (make check-vm makes it)'
	fi
}

# within SECONDS COMMAND...: until the command succeeds
within() {
	tries=$(($1 * 20))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

answered() { grep -q "$1" "$T/answers" || ! kill -0 "$qemu" 2>/dev/null; }

# guest_start [QEMU-ARGUMENT...]: starts the machine, with what lies in $T/root on top of its initramfs
guest_start() {
	(cd "$T/root" && find . | cpio -o -H newc -R 0:0 --quiet) | cat "$vm/base.cpio" - >"$T/initrd"
	mkfifo "$T/monitor.in" "$T/monitor.out" "$T/serial.in" "$T/serial.out"
	# KVM is never tried: where it is there, it may not work.
	# The clock is the HPET: measuring a processor's own counters goes wrong on a busy machine, time runs too fast then. For the same
	# reason the kernel does not test its timer, which ends in a panic.
	timeout -k 5 "${TEST_LIMIT:-280}" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -M q35 -m 512 -smp 1 \
		-nodefaults -no-user-config -display none -no-reboot -nic none -kernel "$vm/vmlinux" -initrd "$T/initrd" \
		-append 'console=ttyS0 panic=-1 quiet loglevel=4 clocksource=hpet tsc=unstable nolapic_timer no_timer_check mitigations=off' \
		-chardev "pipe,id=monitor,path=$T/monitor" -mon chardev=monitor,mode=control \
		-serial "file:$T/console" -chardev "pipe,id=serial,path=$T/serial" -serial chardev:serial \
		-device qemu-xhci,id=usb,p2=4,p3=0 "$@" >"$T/qemu.log" 2>&1 </dev/null &
	qemu=$!
	trap guest_stop EXIT
	exec 3<>"$T/monitor.in" 4<>"$T/serial.in"
	: >"$T/answers"
	cat "$T/monitor.out" >"$T/monitor.log" &
	cat "$T/serial.out" >>"$T/answers" &
	echo '{"execute": "qmp_capabilities"}' >&3
	within 120 answered '^ready'
	grep -q '^ready' "$T/answers" || guest_trouble 'the machine does not start'
}

guest_stop() {
	kill "$qemu" 2>/dev/null
	wait "$qemu" 2>/dev/null
}

# monitor COMMAND: of QEMU
monitor() { echo "{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\": \"$*\"}}" >&3; }

# guest_trouble WHAT: nothing more can be tested
guest_trouble() {
	for log in qemu.log console monitor.log; do
		tail -n 30 "$T/$log" | sed "s/^/# $log: /"
	done
	echo "Bail out! $1"
	exit 1
}

# send SECONDS COMMAND: starts a command in the machine; answer waits for its end
send() {
	guest_n=$((guest_n + 1)) guest_limit=$1
	shift
	echo "$guest_n $guest_limit $*" >&4
}

# answer: leaves $status, $out and $err of the command in the machine
# shellcheck disable=SC2034 # for the tests
answer() {
	within $((guest_limit + 60)) answered "^$guest_n status"
	status=$(sed -n "s/^$guest_n status //p" "$T/answers")
	[ -n "$status" ] || guest_trouble "no end of a command in the machine"
	out=$(sed -n "s/^$guest_n out //p" "$T/answers")
	err=$(sed -n "s/^$guest_n err //p" "$T/answers")
}

# guest SECONDS COMMAND: both
guest() {
	send "$@"
	answer
}

# plug_in FOLDER BOARD...: plays boards, the first in the machine's first USB port
plug_in() {
	folder=$1 port=0
	shift
	rm -rf "$T/play" && mkdir "$T/play" && mkfifo "$T/play/end"
	: >"$T/play/states"
	for board; do
		port=$((port + 1))
		set -- "$@" "$boards/$board;path 1-$port"
		shift
	done
	"$BUILD/tests/virtual-redir" --quiet --limit 150 --folder "$T/root/$folder" "$T/play" "$@" \
		<"$T/play/end" >"$T/play/states" 2>"$T/play/judgement" &
	player=$!
	exec 5<>"$T/play/end"
	within 30 grep -q listening "$T/play/states" || guest_trouble "$(cat "$T/play/judgement")"
	while [ $port -gt 0 ]; do
		guest_plugs=$((${guest_plugs:-0} + 1))
		monitor "chardev-add socket,id=chardev$guest_plugs,path=$T/play/$port"
		monitor "device_add usb-redir,id=board$guest_plugs,chardev=chardev$guest_plugs,bus=usb.0,port=$port"
		plugged="$plugged board$guest_plugs"
		port=$((port - 1))
	done
}

# told TEXT: a board has come to that place (a whole line of virtual-redir)
told() { grep -qx "$1" "$T/play/states" || ! kill -0 "$player" 2>/dev/null; }

# judge: after answer: lets the boards judge. $status is 99 if they are not content, $judgement says why
judge() {
	echo "$status" >&5
	wait "$player"
	status=$?
	exec 5>&-
	judgement=$(cat "$T/play/judgement")
}

# unplug: takes all boards out
unplug() {
	for id in $plugged; do
		monitor "device_del $id"
	done
	plugged=
}

# become_disk DRIVE SERIAL: the first port gets a USB disk instead, a -drive of guest_start
become_disk() {
	unplug
	monitor "device_add usb-storage,id=disk0,drive=$1,bus=usb.0,port=1,serial=$2"
	plugged=disk0
}

# finish STATUS NAME: judges what rpiboot, which was sent, has done. Leaves $out and $err.
finish() {
	answer
	judge
	is "$2" "$status" "$1"
	[ "$status" = "$1" ] || printf '%s\n' "$out" "$err" "$judgement" | sed 's/^/# /'
	said=$out complained=$err
	unplug
	guest 60 nothing_there
	[ "$status" -eq 0 ] || guest_trouble 'a board does not leave the machine'
	out=$said err=$complained
}

# ends STATUS NAME FOLDER BOARD [OPTION...]: rpiboot serves a board out of a folder
ends() {
	wanted=$1 name=$2 folder=$3 board=$4
	shift 4
	plug_in "$folder" "$board"
	send 100 "exec rpiboot -d /$folder $*"
	finish "$wanted" "$name"
}

# has NAME TEXT: a line of $out or $err
has() {
	ok "$1" grep -qF -- "$2" <<END
$out
$err
END
}

# --- a board that is a disk already: the gadget on the same kernel, with a loop-back controller

# guest_start_gadget SIZE [MODULE...]: starts a machine with the gadget ($T/root/gadget) and the MODULEs that it needs beside its
# usual ones; leaves the board's USB path in $port. Its disks are two of QEMU's, $T/disk1 and $T/disk2, with copies of what they
# begin with in $T/disk1.before and $T/disk2.before. $T/root/os.img is an image of SIZE bytes, up to 12 MiB, with a partition table,
# in three parts: data, a hole, data.
guest_start_gadget() {
	openssl rand -out "$T/random" 3000000
	truncate -s 12M "$T/root/os.img"
	dd if="$T/random" of="$T/root/os.img" conv=notrunc status=none
	dd if="$T/random" of="$T/root/os.img" bs=1M seek=9 conv=notrunc status=none
	printf '\125\252' | dd of="$T/root/os.img" bs=1 seek=510 conv=notrunc status=none
	truncate -s "$1" "$T/root/os.img"
	shift
	for disk in disk1 disk2; do
		openssl rand -out "$T/$disk" 33554432
		cp "$T/$disk" "$T/$disk.before"
	done
	guest_start -drive "if=none,id=d1,format=raw,file=$T/disk1" -device nvme,drive=d1,serial=1 \
		-drive "if=none,id=d2,format=raw,file=$T/disk2" -device nvme,drive=d2,serial=2
	guest 60 'cp /70-rpiboot.rules /etc/udev/rules.d/ && udevadm control --reload'
	guest 60 "modprobe -a nvme configfs libcomposite usb_f_mass_storage usb_f_acm $* cdc-acm && modprobe dummy_hcd is_high_speed=1"
	is 'a loop-back controller' "$status$err" 0
	guest 60 'until_ok test -b /dev/nvme1n1; /gadget >/dev/null 2>&1 & until_ok test -b /dev/sda -a -b /dev/sdb -a -b /dev/sdc; udevadm settle'
	# shellcheck disable=SC2016 # the shell in the machine expands it
	guest 10 'cd /sys/bus/usb/devices; for d in *-*; do [ ! -f $d/idProduct ] || [ $(cat $d/idProduct) != 0104 ] || echo $d; done'
	port=$out
}

# as_ann OPTION...: rpiboot of an ordinary user, a member of plugdev, for that board
as_ann() {
	guest 200 "su ann -c 'exec rpiboot -d /boot -t 20 --json -q -p $port $*'"
}

# ended NAME: well
ended() {
	is "$1" "$status" 0
	[ "$status" = 0 ] || printf '%s\n' "$out" "$err" | sed 's/^/# /'
}

# code: the code of what failed
code() { printf '%s\n' "$out" | sed -n 's/.*"event":"failed".*"code":"\([a-z-]*\)".*/\1/p'; }
