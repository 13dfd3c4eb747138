#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Bad boot folders, bad boards: one clear line, a documented status, nothing half-written.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"

vb=$BUILD/tests/virtual-board boards=$SRC/tests/virtual/boards rpiboot=$OUT/rpiboot

# --- without a board
# says NAME STATUS TEXT ARGUMENT...: rpiboot ends with STATUS and one line on stderr that has TEXT
says() {
	name=$1 want=$2 text=$3
	shift 3
	run "$rpiboot" "$@"
	is "$name: status" "$status" "$want"
	is "$name: one line" "$(grep -c . "$T/run.err")" 1
	case $err in
	*"$text"*) is "$name: what it says" yes yes ;;
	*) is "$name: what it says" "$err" "$text" ;;
	esac
}

mkdir -p "$T/nothing" "$T/corrupt" "$T/cut" "$T/sig" "$T/meta"
: >"$T/file"
says 'missing folder' 1 "$T/none: No such file or directory" -d "$T/none"
says 'a file for a folder' 1 "$T/file: Not a directory" -d "$T/file"
says 'folder without boot files' 1 "No 'bootcode' files found in '$T/nothing'" -d "$T/nothing"
head -c 2000 /dev/urandom >"$T/corrupt/bootfiles.bin"
says 'archive of noise' 1 'bootfiles.bin: not a tar header at byte 0' -d "$T/corrupt"
tests/virtual/mkfolder.sh gadget "$T/gadget"
head -c 200000 "$T/gadget/bootfiles.bin" >"$T/cut/bootfiles.bin"
says 'cut archive' 1 'runs past the end at byte' -d "$T/cut"
echo x >"$T/sig/bootcode.bin"
says 'signed without a signature' 1 "Unable to open 'bootcode.sig'" -s -d "$T/sig"
echo short >"$T/sig/bootcode.sig"
says 'signature too short' 1 "Unable to open 'bootcode.sig'" -s -d "$T/sig"
says 'unknown option' 255 "unknown option '--frob'" --frob
says 'nobody comes' 5 'no board appeared in time' -d "$T/gadget" -t 1 -q

if ! [ -x "$vb" ]; then
	skip_all 'bad boards' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi

# --- with a board
# board NAME STATUS TEXT FOLDER BOARD [OPTION...]: the same with a virtual board; other lines may follow
board() {
	name=$1 want=$2 text=$3 folder=$4 spec=$5
	shift 5
	run "$vb" --quiet --limit 600 "$boards/$spec" -- "$rpiboot" -d "$T/$folder" "$@"
	is "$name: status" "$status" "$want"
	case $err in
	*"$text"*) is "$name: what it says" yes yes ;;
	*) is "$name: what it says" "$err" "$text" ;;
	esac
}

tests/virtual/mkfolder.sh recovery "$T/recovery"
board 'no second stage for this chip' 1 'Failed to open second stage bootloader (bootcode5.bin)' recovery cm5-gadget.board
cp -r "$T/gadget" "$T/odd"
mkdir "$T/odd/2711"
: >"$T/odd/2711/bootcode4.bin"
board 'empty second stage' 1 'bootcode4.bin: the file is empty' odd cm4-gadget.board
rm "$T/odd/2711/bootcode4.bin"

script() { printf 'chip 2711\nrom_index 3\nserial 10000000b29d2da0\n' >"$T/script.board" && printf '%s\n' "$@" >>"$T/script.board"; }
boards=$T
mkdir "$T/odd/folder"
mkfifo "$T/odd/fifo"
script 'get folder' 'get fifo' 'get config.txt' 'done'
board 'folder and FIFO' 0 'odd/fifo is not a regular file' odd script.board
truncate -s 3G "$T/odd/huge.bin"
script 'get config.txt' 'get huge.bin' 'done'
board 'a file over 2 GiB' 1 'larger than 2147483647 bytes' odd script.board
script 'get ../../../etc/passwd' 'get /etc/passwd' 'get config.txt' 'done'
board 'names that leave the folder' 0 'Denying request for ../../../etc/passwd' odd script.board
is 'and are not served' "$(grep -c '^File read: .*passwd' "$T/run.out")" 0
script nonul 'get config.txt' 'done'
board 'a name without end' 0 '' odd script.board
script 'metadata EVIL "}\x' 'get config.txt' 'done'
board 'metadata that would break JSON' 0 '' odd script.board -j "$T/meta"
ok 'is valid JSON' jq -e '.EVIL == "\"}\\x"' "$T/meta/b29d2da0.json"
script 'get config.txt' 'metadata A B' 'done'
board 'unwritable metadata directory' 1 '/proc/none: ' odd 'script.board;bystander' -j /proc/none
board 'missing metadata directory' 0 '' odd script.board -j "$T/made"
ok 'is made' [ -f "$T/made/b29d2da0.json" ]
board 'only one level of it' 1 "$T/a/b: " odd 'script.board;bystander' -j "$T/a/b"
script 'metadata A B' 'get config.txt' 'fault disconnect at data'
rm -f "$T/meta"/*
board 'a board that is pulled out' 3 'Failed to write complete file to USB device: config.txt' odd script.board -j "$T/meta"
is 'leaves no metadata' "$(ls -A "$T/meta")" ''
script 'metadata A B' 'get config.txt' 'done'
sed -i 's|^serial .*|serial ../../x|' "$T/script.board"
board 'a serial that climbs' 0 '' odd script.board -j "$T/meta"
is 'stays in the folder' "$(ls -A "$T/meta")" '1-1.json'

# the file is cut as soon as its first bytes go out: the board's signal has the program's parent do that
cat >"$T/cutter" <<END
#!/bin/sh
trap ': >"$T/odd/shrinks.bin"' TERM
"$rpiboot" -q -d "$T/odd" &
wait \$!
[ -s "$T/odd/shrinks.bin" ] || wait \$!
END
chmod +x "$T/cutter"
truncate -s 500M "$T/odd/shrinks.bin"
script 'get shrinks.bin' 'done' 'speed 4000000'
run "$vb" --quiet --limit 600 --signal TERM@data:shrinks.bin "$T/script.board" -- "$T/cutter"
is 'a file that shrinks: status' "$status" 2
is 'a file that shrinks: what it says' "$(printf '%s\n' "$err" | grep -c 'the file shrank or vanished while it was sent')" 1
script 'get config.txt' 'done' 'open-refused-for 60000'
board 'no permission' 255 'Permission to access USB device denied' odd script.board
script 'get config.txt' 'done' 'open-refused-for 60000' 'open-busy'
board 'busy' 2 'cannot use the device' odd script.board
script 'get config.txt' 'done' 'fault disconnect at secondstage offset 30000'
board 'pulled out during the second stage' 3 'the board was lost' odd script.board --next-timeout 1
tap_end
