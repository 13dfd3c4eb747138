# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# TAP for shell tests: . "$(dirname "$0")/../tap.sh", then ok/is/run, and tap_end as the last line.
# $T is this test's scratch folder (made here when a test is run by hand), $OUT holds the programs.
tap_n=0 tap_bad=0 tap_unseen=
cd "$(dirname "$0")/../.." || exit 1
SRC=$PWD
: "${OUT:=$SRC}" "${BUILD:=$SRC/build}"
[ -n "${T-}" ] || { T=$(mktemp -d) && trap 'rm -rf "$T"' EXIT; }
export SRC OUT BUILD T

# What the last run wrote to stderr, once: it says why a test failed that nobody can repeat.
tap_stderr() {
	[ -z "$tap_unseen" ] || tail -n 60 "$T/run.err" | sed 's/^/# stderr: /'
	tap_unseen=
}

# ok NAME COMMAND...: passes when the command does
ok() {
	tap_name=$1; shift
	tap_n=$((tap_n + 1))
	tap_rc=0
	"$@" >"$T/tap.out" 2>&1 || tap_rc=$?
	if [ $tap_rc -eq 0 ]; then
		echo "ok $tap_n - $tap_name"
	else
		tap_bad=$((tap_bad + 1))
		echo "not ok $tap_n - $tap_name"
		echo "# $* (status $tap_rc)"
		sed 's/^/# /' "$T/tap.out"
		tap_stderr
	fi
}

# is NAME GOT WANT: passes when both texts are equal
is() {
	tap_n=$((tap_n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $tap_n - $1"
	else
		tap_bad=$((tap_bad + 1))
		echo "not ok $tap_n - $1"
		printf '%s\n' "$2" | sed 's/^/# got:  /'
		printf '%s\n' "$3" | sed 's/^/# want: /'
		tap_stderr
	fi
}

# skip NAME WHY
skip() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

# run COMMAND...: leaves $status, $out and $err (texts)
# shellcheck disable=SC2034 # for the tests
run() {
	"$@" >"$T/run.out" 2>"$T/run.err" </dev/null
	status=$? tap_unseen=yes
	out=$(cat "$T/run.out") err=$(cat "$T/run.err")
}

tap_end() {
	echo "1..$tap_n"
	[ "$tap_bad" -eq 0 ]
}

# skip_all NAME WHY: nothing of this test can run here, from where it stands on
skip_all() {
	skip "$1" "$2"
	tap_end
	exit
}
