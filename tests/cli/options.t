#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rpiboot's options are the same everywhere: --help, the manual page, both completions. And the completions complete.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

# words: one option a line, sorted; ports as numbers stand for one option
words() { grep -v -x -e '-[0-9]*' | LC_ALL=C sort -u; }

"$OUT/rpiboot" --help | sed -n -E 's/^ {2,6}-/-/p' | sed 's/  .*//' | grep -o -e '--*[a-zA-Z][a-z-]*' | words >"$T/help"
ok 'options were found in --help' test "$(wc -l <"$T/help")" -gt 30
grep '^\.It Fl' docs/man/rpiboot.1 | grep -o 'Fl -*[a-zA-Z0-9][a-z-]*' | sed 's/Fl /-/' | words >"$T/page"
is 'the manual page' "$(cat "$T/page")" "$(cat "$T/help")"
for shell in bash:rpiboot.bash zsh:_rpiboot; do
	ok "completions/${shell#*:} is what \`make completions\` writes" sh -c "'$BUILD/tests/completions' ${shell%:*} | cmp - 'completions/${shell#*:}'"
done
for status in $("$OUT/rpiboot" --help | sed -n '/^Exit status/,$p' | tr '\n' ' ' | grep -o -E '(status:|,) [0-9]+' | grep -o '[0-9]*'); do
	ok "the manual page tells of status $status" grep -q "^\.It $status\$" docs/man/rpiboot.1
done
grep -h -o -e 'getenv("[A-Z_]*' -e '"RPIBOOT_[A-Z]*[="]' src/*/*.c main.c | sed 's/.*"\([A-Z_]\)/\1/; s/[="]$//' | sort -u >"$T/variables"
ok 'variables were found in the sources' test "$(wc -l <"$T/variables")" -gt 10
while read -r name; do
	ok "the manual page tells of the variable $name" grep -q "^\.\(It \)*Ev $name\( [.,]\)*$" docs/man/rpiboot.1
done <"$T/variables"
sed -n '/^\.Ss Lines/,/^\.Pp/p' docs/man/rpiboot.1 | sed -n '/^\.Bd/,/^\.Ed/p' | sed '/^\./d; s/DIR.*//; s/[A-Z]*$//; s/ YYYY.*//' >"$T/lines"
while read -r line; do
	ok "the program knows the line: $line" grep -q -r -F "$line" src main.c
done <"$T/lines"

if command -v bash >/dev/null; then
	mkdir -p "$T/w/folder one" "$T/w/other"
	: >"$T/w/file"
	# complete WORD...: what is offered for the last word
	cat >"$T/complete" <<'END2'
cd "$1" && . "$2" || exit 1
shift 2
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_rpiboot rpiboot "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
END2
	offers() {
		name=$1 want=$2
		shift 2
		is "bash: $name" "$(bash "$T/complete" "$T/w" "$SRC/completions/rpiboot.bash" rpiboot "$@" | tr '\n' ';')" "$want"
	}
	offers 'a long option' '--next-timeout;' --ne
	offers 'all that begins with --s' '--serial;--signed;--spool;' --s
	offers 'folders only' 'folder one;other;' -d ''
	offers 'a folder after =' 'other;' --directory = o
	offers 'folders right after =' 'folder one;other;' --directory =
	offers 'folders for metadata' 'folder one;other;' -j ''
	offers 'metadata without a folder, another option' '--loop;' -j --lo
	offers 'chips' '2711;2712;' --chip 271
	offers 'words' 'always;' --progress al
	offers 'no paths, no serials' ';' -p ''
	offers 'nothing where nothing fits' ';' --nosuch

	# the tools, also as somebody in a clone types them
	cat >"$T/complete-tool" <<'END2'
. "$1" && [[ $(complete -p "${2##*/}") == *" -F _rpiboot_tool "* ]] || exit 1
_rpiboot_tool "$2" "$3" "$2"
printf '%s\n' "${COMPREPLY[@]}"
END2
	tool_offers() { # NAME WANT TOOL WORD
		is "bash: $1" "$(bash "$T/complete-tool" "$SRC/completions/tools.bash" "$3" "$4" | tr '\n' ';')" "$2"
	}
	tool_offers 'an option of a script' '--verify;' tools/rpi-fetch-firmware --ver
	tool_offers 'an option of a program' '--hmac;' "$OUT/tools/rpi-sign-bootcode" --hm
	tool_offers 'files for a tool' ';' tools/rpi-make-boot-image bootf
else
	skip "bash's completion at work" 'bash is missing'
fi

# all tools: scripts, and programs of one source file each
for file in tools/*; do
	case $file in
	*.c) basename "$file" .c ;;
	*) [ "$(head -c 2 "$file" 2>/dev/null)" != '#!' ] || basename "$file" ;;
	esac
done | LC_ALL=C sort >"$T/tools"
is 'bash: completes all tools' "$(sed -n '/-F _rpiboot_tool/,$p' completions/tools.bash | sed 's/.*_rpiboot_tool //; s/[\]$//' |
	tr -s '\t ' '\n' | grep . | LC_ALL=C sort)" "$(cat "$T/tools")"
is 'zsh: completes all tools' "$(sed -n '1s/^#compdef //p' completions/_rpiboot_tools | tr ' ' '\n' | LC_ALL=C sort)" "$(cat "$T/tools")"

if command -v zsh >/dev/null; then
	cat >"$T/look" <<'END2'
_arguments() { print -l -- "$@" }
compdef() { }
. "$1"
END2
	run zsh -f "$T/look" "$SRC/completions/_rpiboot"
	is "zsh: every description is one word with its option" "$status$err $(printf '%s\n' "$out" | grep -c -v -E '^\*?-[-a-zA-Z0-9]+(=-?)?\[[^]]*\]')" '0 0'
else
	skip "zsh's completion" 'zsh is missing'
fi

# A text that is lost is no success.
if [ -w /dev/full ]; then
	for option in --version --help --udev; do
		"$OUT/rpiboot" $option >/dev/full 2>"$T/err"
		is "$option onto a full device" "$? $(cat "$T/err")" '255 rpiboot: standard output: No space left on device'
	done
	mkdir -p "$T/os"
	head -c 5000 /dev/zero | tr '\0' x >"$T/os/bootcode.bin"
	cp "$T/os/bootcode.bin" "$T/os/start.elf"
	"$OUT/rpiboot" --check -d "$T/os" --chip 2763 >/dev/null
	is "--check: fit" $? 0
	for option in --json --verbose; do
		"$OUT/rpiboot" --check -d "$T/os" --chip 2763 $option >/dev/full 2>"$T/err"
		is "--check $option onto a full device" "$? $(cat "$T/err")" '255 rpiboot: standard output: No space left on device'
	done
fi
tap_end
