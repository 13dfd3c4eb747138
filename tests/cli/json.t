#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --json with virtual boards: every line is read by a JSON program, and says what docs/events.md describes.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"

rpiboot=$OUT/rpiboot vb=$BUILD/tests/virtual-board boards=$SRC/tests/virtual/boards

# --- the description names every word that programs may meet

undocumented() {
	while read -r word; do
		grep -q "\`$word\`" docs/events.md || echo "$word"
	done
}
is 'all events are described' \
	"$(sed -n 's/^	\[EV_[A-Z_]*\] = "\(.*\)",$/\1/p' src/report/report_json.c | undocumented)" ''
is 'all codes of errors are described' \
	"$(sed -n 's/.*\] = { "\([a-z-]*\)".*/\1/p' src/base/err.c | undocumented)" ''
# enforce.c's are preflight's: docs/check.md, test of its own
# shellcheck disable=SC2046 # file names of ours
is 'all codes of warnings are described' \
	"$(cat main.c $(find src -name '*.c' ! -name enforce.c) | tr '\n' ' ' | grep -o 'report_warning([^";{]*"[^"]*"' | sed 's/.*"\(.*\)"/\1/' | undocumented)" ''

if ! command -v jq >/dev/null; then
	skip_all 'events of virtual boards' 'jq is not installed'
fi
if ! [ -x "$vb" ]; then
	skip_all 'events of virtual boards' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi
tests/virtual/mkfolder.sh gadget "$T/gadget" 2500000
tests/virtual/mkfolder.sh recovery "$T/recovery"

# serve [-i SIGNAL] FOLDER BOARD [BOARD] -- [OPTION...]: leaves $status, the events in $T/events, the lines in $T/lines
serve() {
	signal=INT@900000
	[ "$1" != -i ] || { signal=$2; shift 2; }
	folder=$1 first=$2 second=
	shift 2
	[ "$1" = -- ] || { second=$1; shift; }
	shift
	set -- -- "$rpiboot" --json -d "$T/$folder" "$@"
	[ -z "$second" ] || set -- "$second" "$@"
	"$vb" --quiet --limit 600 --signal "$signal" --folder "$T/$folder" "$first" "$@" \
		>"$T/events" 2>"$T/lines" </dev/null
	status=$?
}

# Every line is one object with what every event has; times do not go back; start is first, summary last and alone.
# shellcheck disable=SC2016 # jq's variables
well_formed() {
	lines=$(wc -l <"$T/events")
	jq -es --argjson lines "$lines" '
		length == $lines and
		all(.[]; type == "object" and (.event | type) == "string" and (.time | type) == "number") and
		(map(.time) | . == sort) and
		.[0].event == "start" and .[0].time == 0 and
		(.[0].at | test("^20[0-9-]{8}T[0-9:]{8}[.][0-9]{6}Z$")) and
		.[-1].event == "summary" and (map(select(.event == "summary")) | length) == 1 and
		all(.[] | select(.event | IN("attached", "stage", "source", "file-begin", "file-end", "done", "result"));
			(.path | type) == "string" and (.chip | test("^BCM2"))) and
		(.[-1] as $s | map(select(.event == "result")) |
			length == ($s.boards | length) and
			($s.succeeded == (map(select(.success)) | length)) and
			($s.failed == (map(select(.success | not)) | length)))
		' "$T/events"
}

# get FILTER: of the array of all events, in one line
get() {
	jq -rsc "$1" "$T/events"
}

# --- a board that boots

serve gadget "$boards/cm4-gadget.board;path 3-1.4" --
is 'a good boot: status' "$status" 0
ok 'a good boot: events' well_formed
is 'a good boot: course' "$(get 'map(select(.event | test("^(file|source|debug)") | not) | .event) | join(" ")')" \
	'start waiting attached stage archive return-code waiting stage done result summary'
is 'a good boot: who' "$(get 'map(select(.path) | "\(.path) \(.chip) \(.serial)") | unique | join(",")')" \
	'3-1.4 BCM2711 10000000b29d2da0'
is 'a good boot: every file has two ends' "$(get '
	[map(select(.event == "file-begin") | .name), map(select(.event == "file-end") | .name)] |
	.[0] == .[1] and (.[0] | length) == 14')" true
is 'a good boot: where files come from' "$(get '
	map(select(.event == "file-end" and (.name | IN("bootcode4.bin", "boot.img"))) |
	"\(.name) \(.source) \(.size) \(.duration > 0) \(.file | sub(".*/"; ""))") | join(",")')" \
	'bootcode4.bin archive 105984 true bootfiles.bin,boot.img folder 2500000 true boot.img'
is 'a good boot: absent file' "$(get 'map(select(.event == "file-absent") | "\(.name) \(.optional)") | join(",")')" \
	'boot.sig true'
is 'a good boot: result' "$(get '.[-2] | "\(.success) \(.code) \(.files) \(.bytes) \(.duration > 0)"')" \
	'true ok 13 2576900 true'
is 'a good boot: summary' "$(get '.[-1] | "\(.succeeded) \(.failed) \(.status) \(.boards[0].code)"')" '1 0 0 ok'
ok 'a good boot: the text goes to stderr' grep -qx 'Second stage boot server done' "$T/lines"

serve gadget "$boards/cm4-gadget.board" -- -q
is 'quiet: no text' "$(cat "$T/lines")" ''
ok 'quiet: all events' well_formed

serve gadget "$boards/cm4-gadget.board" -- -v
ok 'verbose: events' well_formed
ok 'verbose: details too' jq -es 'any(.[]; .event == "debug" and .level == 1)' "$T/events"

# libusb's own messages take the same way: a reader that stops must not hold it up
export LIBUSB_DEBUG=4
serve gadget "$boards/cm4-gadget.board" -- -vv
unset LIBUSB_DEBUG
ok 'libusb: events' well_formed
ok 'libusb: its messages are events' jq -es 'any(.[]; .event == "debug" and .level == 2 and (.text | test("libusb: debug")))' "$T/events"
ok 'libusb: and lines' grep -q 'libusb: debug \[libusb_open\]' "$T/lines"

# --- recovery, with metadata

serve recovery "$boards/cm4-recovery.board" --
is 'recovery: status' "$status" 0
ok 'recovery: events' well_formed
is 'recovery: metadata' "$(get '[(map(select(.event == "metadata") | {(.name): .value}) | add),
	(.[] | select(.event == "metadata-all") | .values)] |
	"\(.[0] == .[1]) \(.[0] | length) \(.[0].EEPROM_UPDATE)"')" 'true 6 success'
is 'recovery: no file' "$(get 'map(select(.event == "metadata-all") | .file) | @json')" '[null]'
is 'recovery: no document among the lines' "$(grep -c '[{}]' "$T/lines")" 0
mkdir "$T/meta"
serve recovery "$boards/cm4-recovery.board" -- -j "$T/meta"
is 'recovery with -j: the file' "$(get '.[] | select(.event == "metadata-all") | .file')" "$T/meta/b29d2da0.json"
is 'recovery with -j: as the event says' "$(jq -c . "$T/meta/b29d2da0.json")" \
	"$(get '.[] | select(.event == "metadata-all") | .values')"

# --- what goes wrong

serve recovery "$boards/cm4-recovery.board;fault disconnect at data pieeprom.bin offset 100000" --
is 'a lost board: status' "$status" 3
ok 'a lost board: events' well_formed
is 'a lost board: why' "$(get 'map(select(.event == "failed")) | length > 0 and
	all(.[]; (.code | test("^[a-z-]+$")) and .reason and .text and .advice)')" true
is 'a lost board: begun, not ended' "$(get '[.[] | select(.name == "pieeprom.bin" and (.event | test("^file-(b|e)"))) | .event] |
	join(" ")')" file-begin
is 'a lost board: result' "$(get '.[-2] | "\(.event) \(.success) \(.code) \(.files)"')" 'result false board-lost 2'
is 'a lost board: summary' "$(get '.[-1] | "\(.succeeded) \(.failed) \(.status) \(.boards[0].code)"')" '0 1 3 board-lost'

serve recovery "$boards/cm4-recovery.board;fault stall at data pieeprom.bin offset 100000 times 9" --
is 'a failing board: status' "$status" 2
is 'a failing board: result' "$(get '.[-2] | "\(.success) \(.code)"')" 'false send'

run "$rpiboot" --json -d "$T/nowhere"
cp "$T/run.out" "$T/events"
is 'no folder: failed, summary' \
	"$(get 'map("\(.event) \(.code // "-") \(.status // "-")") | .[1:] | join(",")') $status" \
	'failed no-folder -,summary - 1 1'
ok 'no folder: events' well_formed

# --- two boards at once

serve gadget "$boards/cm4-gadget.board;path 1-1.2" "$boards/cm5-gadget.board;path 1-1.3;fault disconnect at data boot.img" -- -n 2
is 'two boards: status' "$status" 3
ok 'two boards: events' well_formed
is 'two boards: results' "$(get '.[-1].boards | sort_by(.path) | map("\(.path) \(.chip) \(.code)") | join(",")')" \
	'1-1.2 BCM2711 ok,1-1.3 BCM2712 board-lost'
is 'two boards: each in order' "$(get 'group_by(.path)[1:] | map([.[].event] |
	index("attached") < index("stage") and .[-1] == "result") | all and length == 2')" true
is 'two boards: the table is among the lines' "$(tail -n 4 "$T/lines" | sed 's/  *[0-9.]*  *[0-9.]*$//' | LC_ALL=C sort -r)" \
	"Board Serial           Chip    Result          Files      Bytes Seconds  MB/s
1-1.3 8a1b2c3d4e5f6071 BCM2712 board-lost          9      76636
1-1.2 10000000b29d2da0 BCM2711 done               13    2576900
1 succeeded, 1 failed"

# --- Ctrl-C

serve -i INT@data:boot.img gadget "$boards/cm4-gadget.board;speed 500000" --
is 'interrupted: status' "$status" 130
ok 'interrupted: events' well_formed
is 'interrupted: result' "$(get '.[-2] | "\(.success) \(.code)"')" 'false interrupted'
is 'interrupted: summary' "$(get '.[-1] | "\(.failed) \(.status)"')" '1 130'

# --- untrusted names; one with a byte above 0x7e is an unintelligible request

{
	grep -v '^done' "$boards/cm4-gadget.board"
	printf '%s\n' 'get "quoted\name"'
	printf 'get ../../etc/passwd\n'
	printf '%s\n' 'metadata KEY"\ a\b"c'
	echo 'done'
} >"$T/untrusted.board"
serve gadget "$T/untrusted.board" --
is 'untrusted names: status' "$status" 0
ok 'untrusted names: events' well_formed
is 'untrusted names: as they are' "$(get 'map(select(.event == "file-absent" and (.optional | not)) | .name) | @json')" \
	'["\"quoted\\name\"","../../etc/passwd"]'
is 'untrusted names: refused' "$(get 'map(select(.event == "warning") | .code) | unique | @json')" '["name-denied"]'
is 'untrusted names: metadata' "$(get 'map(select(.event == "metadata-all") | .values) | @json')" \
	'[{"KEY\"\\":"a\\b\"c"}]'
ok 'untrusted names: as they are among the lines' grep -q -F 'Cannot open file "quoted\name"' "$T/lines"

# --- an output that ends

# shellcheck disable=SC2016 # the inner shell's
"$vb" --quiet --limit 600 --folder "$T/gadget" "$boards/cm4-gadget.board" -- sh -c \
	'{ "$0" --json -q -d "$1"; echo $? >"$2"; } | head -n 2 >/dev/null' "$rpiboot" "$T/gadget" "$T/status" >"$T/out" 2>&1
is 'a reader that leaves: the board is served' "$(cat "$T/status")" 0

tap_end
