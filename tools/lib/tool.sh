# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# What every shell tool here needs besides its subject: messages in one form, the programs it calls, a scratch
# directory that never stays behind, an output that is written whole or not at all. Use:
#	here=$(dirname "$(readlink -f "$0")")
#	. "$here/lib/tool.sh"
set -eu
: "${here:=.}"
program=$(basename "$0")

# usage_error TEXT: wrong arguments, status 2
usage_error() {
	printf '%s: %s (try --help)\n' "$program" "$1" >&2
	exit 2
}

# die TEXT: bad input or a failed step, status 1
die() {
	printf 'ERROR: %s\n' "$1" >&2
	exit 1
}

warn() {
	printf 'WARNING: %s\n' "$1" >&2
}

# need PROGRAM PACKAGE: a program of the system that must be there. Some live in /sbin, which users' PATH may lack.
need() {
	PATH=$PATH:/usr/sbin:/sbin
	command -v "$1" >/dev/null || die "$1 was not found: install it (Debian: apt install $2)"
}

# tool NAME: prints the path of one of our own tools: beside this script first, then in PATH
tool() {
	if [ -x "$here/$1" ] && [ ! -d "$here/$1" ]; then
		printf '%s\n' "$here/$1"
	else
		command -v "$1" || die "$1 was found neither in $here nor in PATH (run make)"
	fi
}

# not_option PATH: prints it so that no program takes it for an option
not_option() {
	case $1 in
	-*) printf './%s\n' "$1" ;;
	*) printf '%s\n' "$1" ;;
	esac
}

# absolute PATH: prints it so that it holds after cd
absolute() {
	case $1 in
	/*) printf '%s\n' "$1" ;;
	*) printf '%s/%s\n' "$PWD" "$1" ;;
	esac
}

# same_file A B: both name one file (also through links; a missing file equals its own name only)
same_file() {
	[ "$(readlink -f "$1" || echo "$1")" = "$(readlink -f "$2" || echo "$2")" ]
}

# check_epoch: a SOURCE_DATE_EPOCH that is set must be a plain decimal number; an empty one counts as unset
check_epoch() {
	case ${SOURCE_DATE_EPOCH-} in
	'') unset SOURCE_DATE_EPOCH ;;
	*[!0-9]* | ???????????*) die "SOURCE_DATE_EPOCH is not a time in seconds: $SOURCE_DATE_EPOCH" ;;
	esac
}

# make_scratch DIR: makes the directory $scratch inside DIR, so that what is finished there can be renamed into DIR. It
# is removed at the end, however the script ends. The shell runs a trap only after the running command: keep those short.
scratch=
make_scratch() {
	[ -d "$1" ] || die "$1 is not a directory"
	trap clean_scratch EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	scratch=$(mktemp -d "$1/.$program.XXXXXX") || {
		[ "$(id -u)" = 0 ] || die "cannot write in $1: run $program with sudo, or as a user who may write there"
		die "cannot write in $1"
	}
}

# What a killed program's own children still write may come between: try again.
clean_scratch() {
	rm -rf "$scratch" 2>/dev/null || { sleep 1 && rm -rf "$scratch"; } || :
}

# not_interrupted: from here on the script finishes what it publishes
not_interrupted() {
	trap '' HUP INT TERM
}

# open_output FILE: makes $scratch beside the file that is to be written, and sets $target to that file. A symbolic link
# is followed, also one whose file does not exist yet. What is there and no regular file (a FIFO, a device, a descriptor
# like /dev/stdout) is a stream: it gets the bytes.
open_output() {
	target=$1 stream=
	case $1 in
	/dev/std* | /dev/fd/* | /proc/*/fd/*) stream=yes ;;
	esac
	[ -f "$1" ] || [ ! -e "$1" ] || stream=yes
	if [ -n "$stream" ]; then
		make_scratch "${TMPDIR:-/tmp}"
		return
	fi
	[ ! -L "$1" ] || target=$(readlink -f "$1") || die "$1 is a link into a directory that does not exist"
	make_scratch "$(dirname "$target")"
	target=$(absolute "$target")
}

# publish_output FILE: the finished FILE becomes the output that open_output was called with
publish_output() {
	if [ -n "$stream" ]; then
		cat "$1" >"$target"
	else
		not_interrupted
		mv -f "$1" "$target"
	fi
}

# report FORMAT ARGUMENT...: a message about the finished output; not on the standard output if a stream got it
report() {
	# shellcheck disable=SC2059 # the caller's format
	if [ -n "$stream" ]; then printf "$@" >&2; else printf "$@"; fi
}
