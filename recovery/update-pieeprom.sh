#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs tools/update-pieeprom.sh, also from a copy of this directory elsewhere. It works in the current directory.
set -eu
here=$(dirname "$(readlink -f "$0")")
for tools in "$here/../tools" /usr/share/rpiboot/tools; do
	[ ! -x "$tools/update-pieeprom.sh" ] || exec "$tools/update-pieeprom.sh" "$@"
done
exec update-pieeprom.sh "$@"
