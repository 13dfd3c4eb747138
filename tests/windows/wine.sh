# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Wine for tests: . this file, then `wine_start PREFIX` and `wine PROGRAM ARGUMENT...`. Nothing of it needs a display.
export WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe='
unset DISPLAY

# Where Debian keeps it; prints nothing when there is no 64-bit Wine.
wine_find() {
	for candidate in /usr/lib/wine/wine64 "$(command -v wine64 || :)" "$(command -v wine || :)"; do
		if [ -x "$candidate" ]; then
			echo "$candidate"
			return
		fi
	done
}

wine() {
	"$WINE" "$@"
}

# Makes PREFIX if it is not there; it takes some 10 s and 700 MB, so one serves all tests.
wine_start() {
	WINEPREFIX=$1
	WINE=$(wine_find)
	WINEARCH=win64
	export WINEPREFIX WINE WINEARCH
	[ ! -f "$WINEPREFIX/complete" ] || return 0
	rm -rf "$WINEPREFIX"
	mkdir -p "$WINEPREFIX"
	wine wineboot --init >"$WINEPREFIX.log" 2>&1 && wine_server -w && touch "$WINEPREFIX/complete"
}

wine_server() {
	server=$(dirname "$WINE")/wineserver64
	[ -x "$server" ] || server=wineserver
	"$server" "$@"
}

# Keeps a process in the prefix, one that reads a pipe to which nobody writes: without it Wine starts again, with all its
# services, for every command. Until wine_end.
wine_hold() {
	rm -f "$WINEPREFIX/hold"
	mkfifo "$WINEPREFIX/hold"
	exec 9<>"$WINEPREFIX/hold"
	wine cmd /c pause <&9 >/dev/null 2>&1 &
}

# Ends every Windows process of the prefix. Status 0 also when there was none.
wine_end() {
	wine_server -k || :
}
