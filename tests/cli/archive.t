#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A source archive without git, unpacked below somebody else's checkout: no commit of that one in the version, and lint
# finds its files.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"

if ! command -v git >/dev/null; then
	skip_all 'a source archive' 'git is missing'
fi
export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x
git init -q "$T/outer" && git -C "$T/outer" commit -q --allow-empty -m x
mkdir "$T/outer/rpiboot"
tar --exclude=./build --exclude=./.git -cf - . | tar -xf - -C "$T/outer/rpiboot"
# shellcheck disable=SC2016 # make's own variables
run make -s --no-print-directory -C "$T/outer/rpiboot" BUILD=build --eval='print: ; @echo "$(GIT_VERSION)"; printf "%s\n" $(C_FILES) $(SH_FILES)' print
is 'no commit' "$status $(printf '%s\n' "$out" | head -n 1)" '0 unknown'
for file in main.c src/cli/options.c tests/tap.h tests/tap.sh tools/rpi-fetch-firmware; do
	ok "lint finds $file" sh -c "printf '%s\n' '$out' | grep -q -x '$file'"
done
tap_end
