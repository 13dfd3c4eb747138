#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The name of update-pieeprom in scripts and directories: runs it from beside this file, else from PATH.
set -eu
here=$(dirname "$(readlink -f "$0")")
[ ! -x "$here/update-pieeprom" ] || exec "$here/update-pieeprom" "$@"
command -v update-pieeprom >/dev/null || {
	echo "ERROR: update-pieeprom was found neither in $here nor in PATH (run make)" >&2
	exit 1
}
exec update-pieeprom "$@"
