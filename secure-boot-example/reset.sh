#!/bin/sh
# Takes the signatures off this folder again.
exec "$(dirname "$(readlink -f "$0")")/sign.sh" --reset "$@"
