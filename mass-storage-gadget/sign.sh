#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Signs this directory: sign.sh KEY.pem, or sign.sh -H WRAPPER PUBLIC.pem (see rpi-sign-boot-folder --help)
set -eu
here=$(dirname "$(readlink -f "$0")")
for tools in "$here/../tools" /usr/share/rpiboot/tools; do
	[ ! -x "$tools/rpi-sign-boot-folder" ] || exec "$tools/rpi-sign-boot-folder" -d "$here" "$@"
done
exec rpi-sign-boot-folder -d "$here" "$@"
