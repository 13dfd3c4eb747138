# shellcheck shell=sh
# What the tests of the signing scripts share, over the samples that mksample prints.
# shellcheck disable=SC2034 # the tests use it
sample="$BUILD/tests/mksample"

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
