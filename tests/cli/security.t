#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every test that docs/security.md names exists.
# shellcheck disable=SC1091 # tap.sh is found at run time
set -u
. "$(dirname "$0")/../tap.sh"

# exists FILE[:TEXT]: the file is there; a C test is run, another text stands in the file
exists() {
	file=${1%%:*} name=${1#*:}
	[ -f "$file" ] || { echo "$file is not there"; return 1; }
	[ "$name" != "$1" ] || return 0
	case $file in
	*/test_*.c) grep -qF "RUN($name)" "$file" ;;
	*) grep -qF -- "$name" "$file" ;;
	esac || { echo "$file has no '$name'"; return 1; }
}

# shellcheck disable=SC2016 # backticks are what is looked for
grep -o '`tests/[^`]*`' docs/security.md | tr -d '`' | sort -u >"$T/names"
ok 'tests are named' [ "$(wc -l <"$T/names")" -gt 30 ]
while IFS= read -r name; do
	ok "$name" exists "$name"
done <"$T/names"
is 'a test that is not there is noticed' "$(exists tests/unit/formats/test_tar.c:no_such_test)" "tests/unit/formats/test_tar.c has no 'no_such_test'"
is 'a file that is not there is noticed' "$(exists tests/unit/none.c)" 'tests/unit/none.c is not there'
tap_end
