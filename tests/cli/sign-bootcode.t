#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rpi-sign-bootcode: published trailers, dump, check, wrappers, limits.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"
tool=$OUT/tools/rpi-sign-bootcode
[ -x "$tool" ] || { skip "${tool##*/}" "built without libcrypto"; tap_end; exit; }
command -v openssl >/dev/null || { skip "${tool##*/}" "no openssl program for the test wrapper"; tap_end; exit; }
mk=$BUILD/tests/mksample
cd "$T" || exit 1
mkdir tmp
TMPDIR=$T/tmp
export TMPDIR
"$mk" key >T.pem
openssl rsa -in T.pem -pubout -out T.pub 2>/dev/null
openssl genrsa -out other.pem 2048 2>/dev/null
printf abc >abc
echo 000102030405060708090a0b0c0d0e0f10111213 >hmac
echo 000102030405060708090A0B0C0D0E0F10111213 >hmac.upper
echo 0102030405060708090a0b0c0d0e0f10111213 >hmac.short
cat >hsm <<'WRAPPER'
#!/bin/sh
[ "$#" -eq 3 ] && [ "$1" = -a ] && [ "$2" = rsa2048-sha256 ] || exit 7
[ "$(stat -c %a "$3")" = 600 ] || exit 8
openssl dgst -sha256 -sign T.pem "$3" | od -An -v -tx1
WRAPPER
chmod +x hsm

# vector NAME SIZE HASH ARGUMENTS...: result in NAME
vector() {
	name=$1 want="$2 $3"; shift 3
	run "$tool" "$@" -o "$name"
	is "$*" "$(wc -c <"$name") $(sha256sum "$name" | cut -d' ' -f1)$err" "$want"
}
vector x1 535 7a62b6810ff11669ef3841f7d35ade140a27b7a54646f6a3d8286c13dc2136d0 -c 2712 -i abc -k T.pem -n 16 -v 0
vector x2 1067 8b5cf02f5eac30324e9ae6bd4afba549fdf7153ce834d359a7a3df65ce46e023 -c 2712 -i x1 -k T.pem -n 16 -v 3
vector x3 535 e6d9cbb34d51126bef85bcd558a6216f63e23f8d53259c1226fa66f9252e6195 -c 2712 -i abc -k T.pem
vector x4 1067 28d65ba1be6c5e7fd77d1381ccf25aca31178f5aa8aa6e36bcfbeb82a15d355e --chip=2712 --input x3 \
	--private-key T.pem --private-keyn 16 --private-version 0
vector y1 287 978959b3fbc45112bfeb7b06a4bdce95c19cc31fc8d75e0a7df19eb0742ee574 -c 2711 -i abc -k T.pem -m hmac
vector y1 287 978959b3fbc45112bfeb7b06a4bdce95c19cc31fc8d75e0a7df19eb0742ee574 -c 2711 -i abc -k T.pem -m hmac.upper
vector y2 287 9b014b16e255e76a2cb70826374fcd06e0b5ffd225a315a97bf7a92933bfa907 -c 2711 -i abc -m hmac -H ./hsm
vector z1 535 7a62b6810ff11669ef3841f7d35ade140a27b7a54646f6a3d8286c13dc2136d0 -c 2712 -i abc -H ./hsm -p T.pub -n 16
vector z1 535 7a62b6810ff11669ef3841f7d35ade140a27b7a54646f6a3d8286c13dc2136d0 -c 2712 -i abc -H ./hsm -p T.pem -k none -n 16
is "no temporary file stays" "$(ls tmp)" ""
base64 abc | "$tool" -c 2712 -k T.pem >x3.b64
is "base64 on both sides" "$(base64 -d x3.b64 | sha256sum | cut -c 1-16) $(wc -l <x3.b64)" "e6d9cbb34d51126b 0"
cp x3 inplace
vector inplace 1067 28d65ba1be6c5e7fd77d1381ccf25aca31178f5aa8aa6e36bcfbeb82a15d355e -c 2712 -i inplace -k T.pem -n 16

# dump
is "dump of x4" "$("$tool" -c 2712 -e x4 | sha256sum | cut -d' ' -f1)" \
	9a9a27e6c355bf031a3e0d734d639c823766fcbd7dbb69c6990a92e0fefc996b
is "dump of x3" "$("$tool" -c 2712 -e x3 | sha256sum | cut -d' ' -f1)" \
	8e7771b8f56dccdffd92aead8c5cb3af6082fe3380c5b63a8f18e56e035bbe2f
run "$tool" -c 2711 -e y1
is "dump of a 2711 trailer" "$status $(printf '%s\n' "$out" | cut -c 1-23)" "0 length: 3
keynum: 0
rsa_sig: a56f64c6378056
hmac_sha1: 7bb41bb07bbb"
"$mk" pattern 2000 7 3 >plain
run "$tool" -c 2712 -e plain
is "dump of an unsigned file" "$status $out$err" "0 "
run "$tool" -c 2712 -e abc
is "dump of a short file" "$status $out$err" "1 ERROR: abc is shorter than a trailer"
{ printf x; cat x1; } >shifted
run "$tool" -c 2712 -e shifted
case $err in *"length 3 in the trailer, but 4 bytes precede it"*) told=yes ;; *) told="no: $err" ;; esac
is "dump of a shifted file: shown, but refused" "$status $told $(printf '%s\n' "$out" | head -n 1)" "1 yes sig_type: customer"

# check
run "$tool" -c 2712 --verify x4 -p T.pub
is "check two trailers and the key" "$status $out $err" "0 customer key 16, version 0, over 535 bytes: OK
rpi key 0, version 0, over 3 bytes: OK "
run "$tool" -c 2712 --verify x2
is "check without a key" "$status $out $err" "0 customer key 16, version 3, over 535 bytes: OK
customer key 16, version 0, over 3 bytes: OK "
run "$tool" -c 2711 --verify y1 -p T.pub -m hmac
is "check a 2711 trailer" "$status $out $err" "0 rpi key 0, version 0, over 3 bytes: OK "
run "$tool" -c 2711 --verify y2 -p T.pub
is "check a 2711 trailer with SHA-256" "$status $err" "0 "

refuse() { # NAME STATUS MESSAGE ARGUMENTS...
	name=$1 want_status=$2 want=$3; shift 3
	echo old >out
	run "$tool" "$@"
	case $err in *"$want"*) matched=yes ;; *) matched="no: $err" ;; esac
	is "refused: $name" "$status $matched $(cat out) $(ls out*) $(ls tmp)" "$want_status yes old out "
}
sed 's/abc/abd/' x4 >damaged
refuse "check a damaged image" 1 "trailer at 535: the signature does not match" -c 2712 --verify damaged
refuse "check another key" 1 "is not of the key other.pem" -c 2712 --verify x4 -p other.pem
refuse "check a shifted file" 1 "length 3 in the trailer" -c 2712 --verify shifted
refuse "check an unsigned file" 1 "no signed trailer" -c 2712 --verify plain
refuse "check a short file" 1 "no signed trailer" -c 2712 --verify abc
refuse "check 2711 without a key" 2 "--verify needs -p" -c 2711 --verify y1
refuse "check 2711 with another key" 1 "does not match" -c 2711 --verify y1 -p other.pem
echo 0000000000000000000000000000000000000000 >hmac.zero
refuse "check 2711 with another HMAC key" 1 "the HMAC does not match" -c 2711 --verify y1 -p T.pub -m hmac.zero

"$mk" repeat 112108 x >big
ok "the largest input is taken" "$tool" -c 2712 -i big -k T.pem -o big.signed
is "the largest input" "$(wc -c <big.signed)" 112640
printf x >>big
refuse "one byte too many" 1 "Signed binary size 112641 is too large. Max size 112640" -c 2712 -i big -k T.pem -o out
"$mk" repeat 112357 x >big
refuse "one byte too many for 2711" 1 "112641 is too large" -c 2711 -i big -k T.pem -m hmac -o out
: >nothing
refuse "empty input" 1 "the input is empty" -c 2712 -i nothing -k T.pem -o out
refuse "no input" 1 "none cannot be read" -c 2712 -i none -k T.pem -o out
refuse "no chip" 2 "no chip given" -i abc -k T.pem -o out
refuse "another chip" 2 "neither 2711 nor 2712" -c 2710 -i abc -k T.pem -o out
refuse "key number 5" 1 "Bad key number 5" -c 2712 -n 5 -i abc -k T.pem -o out
refuse "key number 17" 1 "Bad key number 17" -c 2712 -n 17 -i abc -k T.pem -o out
refuse "key number x" 1 "Bad key number x" -c 2712 -n x -i abc -k T.pem -o out
refuse "version 33" 1 "Bad version number 33 must be between 0-32" -c 2712 -v 33 -i abc -k T.pem -o out
refuse "version -1" 1 "Bad version number -1" -c 2712 -v -1 -i abc -k T.pem -o out
refuse "no key" 1 "no key" -c 2712 -i abc -o out
refuse "a public key" 1 "no private key in it" -c 2712 -i abc -k T.pub -o out
refuse "no HMAC key" 1 "HMAC key required for 2711" -c 2711 -i abc -k T.pem -o out
refuse "a short HMAC key" 1 "Bad key length 38 expected 40" -c 2711 -i abc -k T.pem -m hmac.short -o out
printf '%040d' 0 | tr 0 x >hmac.x
refuse "an HMAC key of other letters" 1 "not a hexadecimal key" -c 2711 -i abc -k T.pem -m hmac.x -o out
refuse "a wrapper without -p" 1 "needs the public key" -c 2712 -i abc -H ./hsm -o out
refuse "a wrapper with another key" 1 "does not match other.pem" -c 2712 -i abc -H ./hsm -p other.pem -o out
printf '#!/bin/sh\nexit 3\n' >hsm-fail; chmod +x hsm-fail
refuse "a wrapper that fails" 1 "HSM wrapper failed with exit code 3" -c 2712 -i abc -H ./hsm-fail -p T.pub -o out
TMPDIR=$T/none
refuse "no temporary directory" 1 "cannot write the temporary file" -c 2712 -i abc -H ./hsm -p T.pub -o out
TMPDIR=$T/tmp
refuse "-e with -o" 2 "exclude each other" -c 2712 -e x4 -o out
refuse "stray word" 2 "unexpected argument abc" -c 2712 abc
printf '!!!!' >notb64
echo old >out
"$tool" -c 2712 -k T.pem -o out <notb64 2>err
is "refused: standard input that is not base64" "$? $(cat err out)" "1 ERROR: standard input is not base64
old"

# an interrupted run removes the bytes to sign and ends the wrapper
printf '#!/bin/sh\necho $$ >slow.pid; exec sleep 100\n' >hsm-slow; chmod +x hsm-slow
sh -c 'exec "$@"' sh "$tool" -c 2712 -i abc -H ./hsm-slow -p T.pub -o out 2>slow.err &
pid=$!
tries=300
while [ ! -s slow.pid ] && [ $tries -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
is "while the wrapper runs: one file" "$(find tmp -type f | wc -l)" 1
kill -INT $pid 2>/dev/null
kill -HUP $pid
wait $pid
is "a signal ends the tool" "$?" 129
is "and the wrapper" "$(kill -0 "$(cat slow.pid)" 2>/dev/null && echo runs)" ""
is "and leaves nothing" "$(ls tmp; cat out)" old
"$tool" --help >/dev/full 2>err
is "lost output is an error" "$? $(cat err)" "1 ERROR: cannot write to standard output: No space left on device"
run "$tool" --help
is "--help" "$status $(printf '%s\n' "$out" | head -n 1 | cut -c 1-24)" "0 Usage: rpi-sign-bootcode"
is "help: at most 80 columns" "$(printf '%s\n' "$out" | awk 'length($0) > 80')" ''
tap_end
