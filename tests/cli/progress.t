#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The live view as a terminal shows it (tmux plays the terminal), and the plain lines where there is none.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"

rpiboot=$OUT/rpiboot vb=$BUILD/tests/virtual-board boards=$SRC/tests/virtual/boards
unset NO_COLOR

# --- options

run "$rpiboot" --progress sometimes
is 'an unknown word: status' "$status" 255
is 'an unknown word: message' "$err" \
	"rpiboot: --progress: expected one of auto, always, never, not 'sometimes' (try --help)"
run "$rpiboot" --help
is 'help fits 80 columns' "$(printf '%s\n' "$out" | awk 'length > 79')" ''

if ! [ -x "$vb" ]; then
	skip_all 'the live view' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi
tests/virtual/mkfolder.sh gadget "$T/gadget" 3000000
tests/virtual/mkfolder.sh recovery "$T/recovery"
gadget=$boards/cm4-gadget.board
esc=$(printf '\033')

# --- without a terminal: the plain lines, to the byte

serve() {
	"$vb" --quiet --limit 600 --folder "$T/gadget" "$gadget" -- "$rpiboot" -d "$T/gadget" "$@"
}
serve 2>"$T/err" | sed 's/, in [0-9.]* s$//' >"$T/plain"
{
	"$rpiboot" --version
	cat <<END

Please fit the EMMC_DISABLE / nRPIBOOT jumper, or hold the power button (Pi 5).
If the device fails to connect: power off and on, try another cable, no hub.

Waiting for BCM2835/6/7/2711/2712...

Sending bootcode.bin
Using $T/gadget/bootfiles.bin
Successful read 4 bytes 
Waiting for BCM2835/6/7/2711/2712...

Second stage boot server
END
	for name in mcb memsys00 memsys01 memsys02 memsys03 memsys04 memsys05 memsys06 memsys07 memsys08; do
		echo "File read: $name.bin"
	done
	cat <<END
File read: bootmain
Loading: $T/gadget/config.txt
File read: config.txt
Cannot open file boot.sig (optional)
Loading: $T/gadget/boot.img
File read: boot.img
Second stage boot server done
Served 13 files, 3076900 bytes
END
} >"$T/want"
ok 'into a pipe: plain lines' diff "$T/want" "$T/plain"
is 'into a pipe: nothing on stderr' "$(cat "$T/err")" ''
serve --progress auto 2>&1 | sed 's/, in [0-9.]* s$//' >"$T/plain"
ok 'into a pipe, --progress auto: plain lines' diff "$T/want" "$T/plain"

serve --progress always >"$T/live" 2>"$T/err"
is 'always: pictures, also into a pipe' "$(grep -c "^$esc\[J$esc\[?25h" "$T/live" | sed 's/[1-9][0-9]*/some/')" some
is 'always: the cursor is shown as often as it is hidden' \
	"$(grep -o "$esc\[?25h" "$T/live" | wc -l)" "$(grep -o "$esc\[?25l" "$T/live" | wc -l)"
is 'always: no colour without a terminal' "$(grep -c "$esc\[[0-9]*m" "$T/live")" 0
is 'always: no line of a pipe' "$(grep -c 'File read' "$T/live")" 0
serve --progress always -q >"$T/live" 2>"$T/err"
is 'always, quiet: nothing stays' "$(sed "s/$esc\[[?0-9]*[a-zA-Z]//g; s/\r//g" "$T/live" | grep -c 'RPIBOOT\|done')" 0
serve --progress always --json >"$T/events" 2>"$T/live"
is 'always, --json: the view goes to stderr' "$(grep -c "$esc" "$T/events"; grep -c "$esc\[?25h" "$T/live" | sed 's/[1-9][0-9]*/some/')" '0
some'

if ! command -v tmux >/dev/null; then
	skip_all 'on a terminal' 'tmux is not installed'
fi

# --- on a terminal

server=rpiboot-$$
trap 'tmux -L $server kill-server 2>/dev/null' EXIT

# terminal COLUMNS ROWS COMMAND: runs it on a new terminal; its exit status goes to $T/status
terminal() {
	tmux -L $server kill-server 2>/dev/null
	rm -f "$T/status"
	printf '%s\necho $? >"%s"\nsleep 100\n' "$3" "$T/status" >"$T/command"
	# a server that was just killed may still be in the way
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		tmux -L $server -f /dev/null new-session -d -x "$1" -y "$2" "sh '$T/command'" 2>/dev/null && break
		sleep 0.2
	done
	tmux -L $server set-option -g remain-on-exit on
}

screen() {
	tmux -L $server capture-pane -p "$@" | sed 's/ *$//' | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

# until_seen PATTERN: leaves the first screen that has it in $T/screen
until_seen() {
	over=
	while :; do
		screen >"$T/screen"
		! grep -q -- "$1" "$T/screen" || return 0
		[ -z "$over" ] || break # and this was the last screen
		[ ! -s "$T/status" ] || over=yes
		sleep 0.05
	done
	sed 's/^/screen: /' "$T/screen"
	return 1
}

until_over() {
	until [ -s "$T/status" ]; do sleep 0.05; done
	screen "$@" >"$T/screen"
}

# widest: columns of the widest line on the screen
widest() {
	awk '{ n = length > n ? length : n } END { print n + 0 }' "$T/screen"
}

# play OPTION... BOARD... -- OPTION...: the command for terminal; boots from the directory $from
from=$T/gadget
play() {
	printf "'%s' --quiet --limit 600 --folder '%s' " "$vb" "$from"
	while [ "$1" != -- ]; do
		printf "'%s' " "$1"
		shift
	done
	shift
	printf -- "-- '%s' -d '%s' %s" "$rpiboot" "$from" "$*"
}

terminal 80 24 "$(play "$gadget;arrive 1500;speed 1000000" --)"
ok 'one board: waiting' until_seen '^Waiting for BCM2835/6/7/2711/2712...$'
ok 'one board: in the midst' until_seen '^1-1 BCM2711 10000000b29d2da0 server boot.img .*\[=*> *\]  [1-9][0-9]% *[0-9.]* MB/s  [0-9]*:[0-9][0-9]$'
is 'one board: one live line' "$(grep -c '^1-1 ' "$T/screen") $(grep -c Waiting "$T/screen")" '1 0'
is 'one board: it fits' "$(widest)" 79
until_over
is 'one board: status' "$(cat "$T/status")" 0
is 'one board: the last screen' "$(sed '1d; s/[0-9.]* s, .*/TIME/' "$T/screen")" "
Please fit the EMMC_DISABLE / nRPIBOOT jumper, or hold the power button (Pi 5).
If the device fails to connect: power off and on, try another cable, no hub.

Second stage boot server
Second stage boot server done
1-1 BCM2711 10000000b29d2da0 done: 13 files, 3076900 bytes, TIME"
is 'one board: the cursor is visible' "$(tmux -L $server display-message -p '#{cursor_flag} #{cursor_x}')" '1 0'
ok 'one board: in colour' sh -c "tmux -L $server capture-pane -p -e | grep -q '$esc\[32mdone'"

terminal 40 24 "$(play "$gadget;speed 1000000" --)"
ok '40 columns: in the midst' until_seen '^1-1 boot.img .*\[=*> *\]  [1-9][0-9]%  [0-9]*:[0-9][0-9]$'
is '40 columns: it fits' "$(grep '^1-1' "$T/screen" | awk '{ print length }')" 39
terminal 16 10 "$(play "$gadget;speed 1000000" --)"
ok '16 columns: in the midst' until_seen '^1-1 boot.im~ *[1-9][0-9]%$\|^1-1 boot.*%$'
terminal 80 24 "NO_COLOR=1 $(play "$gadget" --)"
until_over
is 'NO_COLOR' "$(tmux -L $server capture-pane -p -e | grep -c "$esc\[[0-9]*m")" 0
terminal 80 40 "TERM=dumb $(play "$gadget" --)"
until_over
ok 'TERM=dumb: plain lines' grep -qx 'File read: boot.img' "$T/screen"
terminal 80 40 "$(play "$gadget" -- --progress never)"
until_over
ok '--progress never: plain lines' grep -qx 'File read: boot.img' "$T/screen"
terminal 80 40 "$(play "$gadget" -- -q)"
until_over
is 'quiet: nothing' "$(cat "$T/screen")" ''

# --- a window that becomes narrower, then wider, then SIGINT: with a large image the test need not hurry

from=$T/large
tests/virtual/mkfolder.sh gadget "$from" 100000000
printf '#!/bin/sh\necho $$ >"%s/pid"\nexec "%s" "$@"\n' "$T" "$rpiboot" >"$T/with-pid"
chmod +x "$T/with-pid"
terminal 80 24 "$(rpiboot=$T/with-pid && play "$gadget;speed 250000" "$gadget;path 1-2;serial 10000000b29d2da1;speed 250000" -- -n 2)"
from=$T/gadget
ok 'two boards: in the midst' until_seen '^1-2 .*boot.img.*[1-9]%'
tmux -L $server resize-window -x 40
ok 'narrower: drawn anew' until_seen '^1-2 boot.img .*[1-9]%  [0-9]*:[0-9][0-9]$'
tmux -L $server resize-window -x 100
ok 'wider: drawn anew' until_seen '^1-2 BCM2711 .* boot.img .*[1-9]%'
kill -INT "$(cat "$T/pid")"
until_over -S -100
is 'narrower, wider: status' "$(cat "$T/status")" 130
is 'narrower, wider: nothing is left behind' "$(sed '1d; s/ *[0-9.]*  *[0-9.]*$//' "$T/screen" | LC_ALL=C sort | grep .)" "0 succeeded, 2 failed
1-1   10000000b29d2da0 BCM2711 interrupted        12      76900
1-1 BCM2711 10000000b29d2da0 interrupted
1-2   10000000b29d2da1 BCM2711 interrupted        12      76900
1-2 BCM2711 10000000b29d2da1 interrupted
Board Serial           Chip    Result          Files      Bytes Seconds  MB/s
If the device fails to connect: power off and on, try another cable, no hub.
Please fit the EMMC_DISABLE / nRPIBOOT jumper, or hold the power button (Pi 5).
[1-1] Second stage boot server
[1-2] Second stage boot server"

# --- more boards than lines; the last fails when the picture was seen

set --
for i in 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16; do
	set -- "$@" "$gadget;path 1-1.${i#0};serial 10000000b29d2d$i;speed 300000"
done
terminal 80 12 "$(play "$@" "$gadget;path 1-9;serial 10000000b29d2d17;speed 300000;fault disconnect at data boot.img offset 2900000" -- -n 17)"
ok 'many boards: +N more' until_seen '^+7 more$'
is 'many boards: they fill the window' "$(grep -c '^1-' "$T/screen") $(tail -n 1 "$T/screen")" '10 +7 more'
until_over -S -100
is 'many boards: status' "$(cat "$T/status")" 3
is 'many boards: all results stay, once' "$(grep -c '^1-1\.[0-9]* * BCM2711 10000000b29d2d[01][0-9] done: 13 files, 3076900 bytes, ' "$T/screen")" 16
is 'many boards: no live line is left' "$(grep -c '%\|MB/s *0:\|more$\|waiting' "$T/screen")" 0
ok 'many boards: an error stays' grep -q '^\[1-9\] Failed to write complete file' "$T/screen"
is 'many boards: the table' "$(grep -c '^1-1\.[0-9]* *10000000b29d2d[01][0-9] BCM2711 done  *13    3076900 ' "$T/screen")" 16
is 'many boards: the end' "$(tail -n 1 "$T/screen")" '16 succeeded, 1 failed'

# --- Ctrl-C, once and twice

terminal 80 24 "$(play "$gadget;speed 300000" -- | sed 's/--quiet/--quiet --signal INT@data:boot.img/')"
until_over
is 'Ctrl-C: status' "$(cat "$T/status")" 130
is 'Ctrl-C: the last line' "$(tail -n 1 "$T/screen")" '1-1 BCM2711 10000000b29d2da0 interrupted'
is 'Ctrl-C: the cursor is visible' "$(tmux -L $server display-message -p '#{cursor_flag} #{cursor_x}')" '1 0'
terminal 80 24 "$(play "$gadget;speed 300000" -- | sed 's/--quiet/--quiet --signal KILL@data:boot.img/')"
until_over
is 'killed: status' "$(cat "$T/status")" 137
is 'killed: the cursor is visible' "$(tmux -L $server display-message -p '#{cursor_flag} #{cursor_x}')" '1 0'

# --- what boards say

{
	grep -v '^done' "$gadget"
	printf 'serial \033[31mred\n'
	printf 'metadata KEY \302\2332Jvalue\n'
	echo 'done'
} >"$T/hostile.board"
terminal 80 40 "$(play "$T/hostile.board" -- -v)"
until_over
is 'hostile: status' "$(cat "$T/status")" 0
ok 'hostile: escaped' grep -q 'KEY: .xc2.x9b2Jvalue' "$T/screen"
is 'hostile: no colour of theirs' "$(tmux -L $server capture-pane -p -e | grep -c "$esc\[31m")" 0

tap_end
