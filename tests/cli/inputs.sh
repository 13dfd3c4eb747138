# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What the tests of the shell tools share: checks, and inputs over the samples that mksample prints.
# shellcheck disable=SC2034 # the tests use it
sample="$BUILD/tests/mksample"

# usage_case NAME COMMAND...: wrong arguments
# shellcheck disable=SC2154 # run sets them
usage_case() {
	usage_name=$1
	shift
	run "$@"
	is "$usage_name: status 2, one line on stderr only" "$status$out$(printf '%s\n' "$err" | wc -l)" 21
}

# sum FILE: its sha256
sum() {
	sha256sum <"$1" | cut -d ' ' -f 1
}

# state FOLDER: names and contents of all files in it
state() {
	find "$1" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
}

# other_key FILE: a private key that is not the test key
other_key() {
	openssl genrsa -out "$1" 2048 2>/dev/null
}

# hsm FILE KEY: a signing program that speaks the wrapper protocol
hsm() {
	cat >"$1" <<END
#!/bin/sh
[ "\$1 \$2 \$#" = "-a rsa2048-sha256 3" ] || exit 9
openssl dgst -sha256 -sign '$2' "\$3" | od -An -v -tx1 | tr -d ' \n'
END
	chmod +x "$1"
}

# build_time FILE SECONDS: changes the marker in an "s2m" image that tells when it was built
build_time() {
	printf '\0BUILD_TIMESTAMP=%s\0' "$2" | dd of="$1" bs=$((0x100)) seek=$((0x113)) conv=notrunc 2>/dev/null
}
