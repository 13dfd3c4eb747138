#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Takes the signatures off this directory again.
exec "$(dirname "$(readlink -f "$0")")/sign.sh" --reset "$@"
