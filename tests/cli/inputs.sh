# shellcheck shell=sh
# Stand-in inputs for the EEPROM and signing tests: made-up EEPROM images and a throw-away key.

# test_key FILE: a private key made for tests, which protects nothing
test_key() {
	{
		echo "-----BEGIN RSA PRIVATE"" KEY-----"
		cat <<'END'
MIIEogIBAAKCAQEAs9ahZJMRPl+xGPefS0YvAIKmCAmS+BO9xJClvFm9YWcqRz0j
B1dCT18meD6hmmSGyjnAfnPk0EZs8VGpmU7ClCghFpCRe9VwTAb2ciw4HPjOOm8R
Ddg32rYd8+X758NLK5c/S3BohEP8wj0j9I1pHfB69j6noX10EQKZGQSmTPRkBArI
WNQw7fGZx1/w5EapjRBYx57PQdGzxlk/pmVJvrTfx/+fhRal/oTyTdjf7VdPMcSj
bkJVDIAhVsoxK1JbZF5/owBSwh80jd/dy8wLuNB7rr8RBqu7t1WNAcisfamJ5jGp
ygzx9/iMeiYR/sGEdyyrS6/sy+OfHvNOkOlvFwIDAQABAoIBAAbWWoJ+uOwcf+40
E+wCZMJp3910XRBuJ7aJIqlQ5staPG2YRx79/qO9OV2Jprk+UzBDFoIi7oh19P8O
chqbDPjMYchVghfUMJXOD0vzScWINscFS/+xFcaMoAI9ieCbjd3AEq76khldQFyI
2IzGskAU0Yf6hS21nau74+LjSLNU6E6C/xqdajhEYH4k5ULUaWc62U/W5TgS/9Ml
uHefwkMZ9rJmOYDE/PqrSuI9w1Q2vxipgd4SZJFMQ0g+wxnCKtddPg4b6HKfA1nL
X5lK9EfPYDdQVrwmzeCCP1Z6V1v/OS79Q33t9X2Z8JFAcjN7anQpk2KAIOgTtoSX
LPutKAECgYEA6FzCTbKrbZjK7Hr+vsEsUU+qVmBOVzlLhIYFx3lAZRHbjX1/7vvD
ssbP81mq2YbvfVFg4EuuJQGPeQjYzlLeiIH/Cz6hbL3QuuQtskvDTqDD1b7MmpKZ
O+wv/tabKJlpR92UWkxa+u0z3LX9XYtLVcOAtiNhjPQN7/3zG40hyxcCgYEAxiIH
e4uQabSSYDAergncpBnBU3cUxP2Tp3qpeGFzd/zuO69DUkDxXtvCQuoc8gZvsvpA
xoAU/srYn+VYtaL/sojF2IemP1Bs9VmwG+IhcNCTcZINTsdXTKoEP5CMkZcQ10Mq
f2rqXJjIXjQLTuoiYqoUUnCViHlIP9PfZlUr/AECgYAmrKm6fO6Dg1bjHWWhIk3a
CsRzM/xWEDc9i4ESvl+1cs90MVtFz6m269hYzKffJNJfrVfOfUoy5puWrZ5IWQqo
9doZaQc9Liq7sJbagjmzsJZn0SYE5DmU+67RX67bhw065Op4TRUnhquHJNNS6ohT
cgLOTf1ClKxtMXtxLoBdaQKBgHi5K03/z9JYkAfDyi3JHINwnfc5S5Jr35fgiXos
BqtJle8P7zkjEO73f/o9o71kZpLrIKTSTfihqDRlDhQ+aQZjiAlTPdy+KGWmbEPR
GQcgT3aXwzwJAgxYW5ZPgRcEsOI4rqBMiNg6z3t2wp0m1CTB9Pf2WWZ6X6dkdW5o
3xABAoGAC7SqP4Vf47zg1dllHKu0lC0gvG1IvYKBR+fGutcMYmka3ZWIOw0ubFjw
yH64UcrvijGIY533AbxJqKI9qJUVcH9e54ZZ8wxuRj4aXKDw/N+2sJZIBvrwPJAA
nJLkARF98ezHnDfMFm6AlHjOzfArT+GnlIEpVf5dsXPJ8+nE1NE=
END
		echo "-----END RSA PRIVATE"" KEY-----"
	} >"$1"
}

# other_key FILE: another private key, new each time
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

# be32 NUMBER, big-endian
be32() {
	# shellcheck disable=SC2059 # the format is the text
	printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255)))"
}

# pattern COUNT FACTOR START: COUNT bytes, the k-th is k*FACTOR+START modulo 256; one period of 256 bytes is repeated
pattern() {
	pattern_k=0 pattern_text=''
	while [ $pattern_k -lt 256 ]; do
		pattern_text=$pattern_text$(printf '\\%03o' $(((pattern_k * $2 + $3) % 256)))
		pattern_k=$((pattern_k + 1))
	done
	pattern_k=0
	while [ $pattern_k -lt "$1" ]; do
		# shellcheck disable=SC2059 # the format is the text
		printf "$pattern_text"
		pattern_k=$((pattern_k + 256))
	done | head -c "$1"
}

fill() {
	head -c "$1" /dev/zero | tr '\000' "\\$2"
}

# put FILE OFFSET: standard input into the file
put() {
	dd of="$1" bs=4096 seek="$2" oflag=seek_bytes conv=notrunc 2>/dev/null
}

# section FILE OFFSET MAGIC LENGTH: header, then standard input
section() {
	{ be32 "$3" && be32 "$4" && cat; } | put "$1" "$2"
}

# pad FILE FROM TO
pad() {
	section "$1" "$2" $((0x55aafeef)) $(($3 - $2 - 8)) </dev/null
}

# file FILE OFFSET NAME LENGTH: a modifiable file of the image with standard input as its LENGTH bytes
file() {
	{ printf '%s' "$3" && head -c $((16 - ${#3})) /dev/zero && cat; } | section "$1" "$2" $((0x55aaf11f)) $(($4 + 16))
}

# eeprom_2711 FILE: a 512 KiB image with the usual files
eeprom_2711() {
	fill 524288 377 >"$1"
	pattern 4096 7 3 | section "$1" 0 $((0x55aaf00f)) 4096
	pad "$1" $((0x1008)) $((0x20000))
	pattern 4097 5 1 | section "$1" $((0x20000)) $((0x55aaf33f)) 4097
	pad "$1" $((0x21010)) $((0x22000))
	fill 512 000 | file "$1" $((0x22000)) pubkey.bin 512
	pad "$1" $((0x22218)) $((0x22300))
	fill 2048 000 | file "$1" $((0x22300)) cacert.der 2048
	pad "$1" $((0x22b18)) $((0x22c00))
	fill 1024 000 | file "$1" $((0x22c00)) bootconf.sig 1024
	pad "$1" $((0x23018)) $((0x23100))
	printf '[all]\nBOOT_UART=0\n' | file "$1" $((0x23100)) bootconf.txt 18
}

# eeprom_2712 FILE: a 2 MiB image with two halves
eeprom_2712() {
	fill 2097152 377 >"$1"
	pattern $((0x6580)) 3 5 | section "$1" 0 $((0x55aaf00f)) $((0x6580))
	pad "$1" $((0x6588)) $((0x679c))
	printf '\0\0\0\0\377\377\377\377' | file "$1" $((0x67a0)) updatetime 8
	pad "$1" $((0x67c0)) $((0x10000))
	pattern 4096 9 2 | file "$1" $((0x10000)) bootsys 4096
	section "$1" $((0x11018)) $((0x55aafeef)) $((0x210)) </dev/null
	pattern $((0x7fd)) 11 4 | section "$1" $((0x11230)) $((0x55aaf44f)) $((0x7fd))
	section "$1" $((0x11a38)) $((0x55aafeef)) $((0x5c0)) </dev/null
	printf '\0\0\0\0\377\377\377\377' | file "$1" $((0x12000)) updatetime 8
	pad "$1" $((0x12020)) $((0x12100))
	fill 512 000 | file "$1" $((0x12100)) pubkey.bin 512
	pad "$1" $((0x12318)) $((0x12400))
	fill 2048 000 | file "$1" $((0x12400)) cacert.der 2048
	pad "$1" $((0x12c18)) $((0x12d00))
	fill 1024 000 | file "$1" $((0x12d00)) bootconf.sig 1024
	pad "$1" $((0x13118)) $((0x14000))
	printf '[all]\nBOOT_UART=1\nPOWER_OFF_ON_HALT=0\n' | file "$1" $((0x14000)) bootconf.txt 38
	pad "$1" $((0x14040)) $((0x107000))
	pad "$1" $((0x107000)) $((0x1fe000))
}

# build_time FILE SECONDS: the marker that tells when an eeprom_2712 was built
build_time() {
	printf '\0BUILD_TIMESTAMP=%s\0' "$2" | put "$1" $((0x11300))
}
