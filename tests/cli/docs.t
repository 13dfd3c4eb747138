#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The commands in README.md and docs/: each has its line in tests/commands.list, and those marked there are run, page by
# page, with the installed tree of stand-ins, a file as disk, and virtual boards.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/cli/tree.sh
. tests/cli/tree.sh

LC_ALL=C awk -f tests/commands.awk README.md docs/*.md >"$T/found"
grep -v '^#' tests/commands.list >"$T/list"
# without the first word, and the number of boards
sed -E 's/^boards [0-9]+ //; t; s/^[^ ]+ //' "$T/list" >"$T/listed"
is 'every command is in the list, and nothing else' "$(LC_ALL=C sort "$T/listed")" "$(LC_ALL=C sort "$T/found")"
while read -r how rest; do
	case $how in
	run | boards | ci | hand) ;;
	*) ok "$how is there: $rest" test -x "$how" ;;
	esac
done <"$T/list"

# the places in the table of docs/guides.md
sed -n 's/^| .* | \(.*\) |$/\1/p' docs/guides.md | sed 1d | tr -d ' ' | tr ',' '\n' | sort -u >"$T/places"
while read -r place; do
	case $place in
	*'('?')') file=$(echo "$place" | sed 's|\(.*\)(\(.\))|docs/man/\1.\2|') ;;
	*/* | README.md) file=$place ;;
	*) file=docs/$place ;;
	esac
	[ -f "$file" ] || echo "$place"
done <"$T/places" >"$T/nowhere"
ok 'guides.md names places' test -s "$T/places"
is 'guides.md names places that are there' "$(cat "$T/nowhere")" ''

# links between the pages, with their headings
for page in README.md CONTRIBUTING.md docs/*.md [a-z]*/README.md; do
	grep -o '](\([^):]*\))' "$page" | sed 's/^](//; s/)$//' | while read -r link; do
		file=${link%%#*}
		to=${file:+$(dirname "$page")/}${file:-$page}
		heading=
		[ "$link" = "$file" ] || heading=${link#*#}
		if [ ! -e "$to" ]; then
			echo "$page: $link"
		elif [ -n "$heading" ] && ! grep '^#' "$to" | tr '[:upper:]' '[:lower:]' | sed 's/^#* //; s/[^a-z0-9 -]//g; s/ /-/g' | grep -q -x -e "$heading"; then
			echo "$page: $link: no such heading"
		fi
	done
done >"$T/dead"
is 'links lead somewhere' "$(cat "$T/dead")" ''

missing=$(filled_tree_needs)
for program in jq xz openssl; do
	command -v $program >/dev/null || missing="$program is missing"
done
[ -x "$BUILD/tests/virtual-board" ] || missing='umockdev is not installed (Debian: umockdev libumockdev-dev)'
if [ -n "$missing" ]; then
	skip_all 'running the commands' "$missing"
fi
filled_tree "$T/usr" || exit 1
data=$T/usr/share/rpiboot
mkdir "$T/srv" "$T/etc" "$T/bin"
head -c 3000000 /dev/urandom >"$T/os.img"
head -c 4000000 /dev/zero >"$T/sdX"
board() { echo "$SRC/tests/virtual/boards/cm4-gadget.board;path 1-1.$1;serial 1000000$1"; }
"$BUILD/tests/virtual-board" --quiet --limit 600 --folder "$data/mass-storage-gadget" "$(board 2)" "$(board 3)" -- \
	"$OUT/rpiboot" --json -q -n 2 -d "$data/mass-storage-gadget" >"$T/journal"
printf '#!/bin/sh\nexec "$@"\n' >"$T/bin/sudo"
printf '#!/bin/sh\ncat "%s"\n' "$T/journal" >"$T/bin/journalctl"
chmod +x "$T/bin/"*
PATH=$T/bin:$T/usr/bin:$data/tools:$PATH:/usr/sbin:/sbin

# session PAGE: its commands, one after the other in one shell; a line "STATUS COMMAND" for each
session() {
	page=$1
	cp -R "$data" "$T/$page"
	cp -R "$T/usr/fat" "$T/$page/bootfs"
	xz -zc "$T/os.img" >"$T/$page/os.img.xz"
	cd "$T/$page" || exit 1
	while read -r how rest; do
		boards=
		[ "$how" != boards ] || { boards=${rest%% *} rest=${rest#* }; }
		case $how:$rest in
		run:"docs/$page: "* | boards:"docs/$page: "*) ;;
		*) continue ;;
		esac
		command=$(printf '%s\n' "${rest#*: }" | sed "s|/usr/share/rpiboot|$data|g; s|/srv/|$T/srv/|g; s|/etc/|$T/etc/|g; s|/dev/sdX|$T/sdX|g")
		if [ -n "$boards" ]; then
			set --
			for n in 2 3 4 5 6 7 8 9; do
				[ $((n - 2)) -ge "$boards" ] || set -- "$@" "$(board $n)"
			done
			"$BUILD/tests/virtual-board" --quiet --limit 600 --folder mass-storage-gadget "$@" -- sh -c "$command"
		else
			eval "$command"
		fi </dev/null >"$T/said" 2>&1
		echo "$? ${rest#*: }" >>"$T/log.$page"
		sed 's/^/    /' "$T/said" >>"$T/log.$page"
	done <"$T/list"
}
for page in events.md factory.md flash-emmc.md secure-boot.md; do
	(session $page)
	while read -r command; do
		ok "$page: $command" grep -q -x -F "0 $command" "$T/log.$page"
	done <<-END2
		$(sed -n -E "s|^run docs/$page: ||p; s|^boards [0-9]+ docs/$page: ||p" "$T/list")
	END2
	grep -q '^[1-9]' "$T/log.$page" && sed 's/^/# /' "$T/log.$page"
done
is 'events.md shows what comes out' "$(grep '^    ' "$T/log.events.md" | tr -d ' ' | sort | tr '\n' ' ')" '1-1.2ok 1-1.3ok '
is 'factory.md: one line a board' "$(grep -c '1-1\.[23]	1000000[23]	ok' "$T/log.factory.md")" 2
is 'factory.md: the count' "$(grep -c '"ok": 2' "$T/log.factory.md")" 1
is 'flash-emmc.md: written and compared' "$(grep -c '^    same$' "$T/log.flash-emmc.md")" 1
is 'secure-boot.md: both verifications, the trailer' "$(grep -c -e '^    Verified OK' -e 'customer key 16.*OK' "$T/log.secure-boot.md")" 3
tap_end
