#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rpi-bootloader-key-convert: every form of a key gives the same raw bytes; refusals; passphrases on the terminal.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"
tool=$OUT/tools/rpi-bootloader-key-convert
[ -x "$tool" ] || { skip "${tool##*/}" "built without libcrypto"; tap_end; exit; }
command -v openssl >/dev/null || { skip "${tool##*/}" "no openssl program to make the forms"; tap_end; exit; }
cd "$T" || exit 1
"$BUILD/tests/mksample" key >T.pem
raw_hash=66c15c5d0a96d4f23df6d6d998520ed698f2585c78d3fd7a565756c979c2c6a6
hash() { sha256sum "$1" | cut -d' ' -f1; }

openssl pkcs8 -topk8 -nocrypt -in T.pem -out pkcs8.pem 2>/dev/null
openssl rsa -in T.pem -pubout -out spki.pem 2>/dev/null
openssl rsa -in T.pem -RSAPublicKey_out -out pkcs1pub.pem 2>/dev/null
openssl req -new -x509 -key T.pem -subj /CN=test -out cert.pem 2>/dev/null
openssl rsa -in T.pem -outform DER -out pkcs1.der 2>/dev/null
openssl pkcs8 -topk8 -nocrypt -in T.pem -outform DER -out pkcs8.der 2>/dev/null
openssl rsa -in T.pem -pubout -outform DER -out spki.der 2>/dev/null
openssl rsa -in T.pem -RSAPublicKey_out -outform DER -out pkcs1pub.der 2>/dev/null
openssl x509 -in cert.pem -outform DER -out cert.der
{ echo "Some words before the key"; echo; cat spki.pem; } >text.pem
openssl x509 -in cert.pem -text -out certtext.pem
for form in T.pem pkcs8.pem spki.pem pkcs1pub.pem cert.pem pkcs1.der pkcs8.der spki.der pkcs1pub.der cert.der text.pem \
	certtext.pem; do
	: >raw
	"$tool" $form --output raw 2>err
	is "form $form" "$(wc -c <raw) $(hash raw)$(cat err)" "264 $raw_hash"
done
# the OpenSSH line is put together here, so that the test does not need ssh-keygen
if command -v perl >/dev/null; then
	n_hex=$(openssl rsa -in T.pem -noout -modulus | cut -d= -f2)
	printf 'ssh-rsa %s test@example\n' "$(printf '000000077373682d727361000000030100010000010100%s' "$n_hex" |
		perl -ne 'print pack "H*", $_' | base64 | tr -d '\n')" >ssh.pub
	"$tool" ssh.pub >raw
	is "form ssh-rsa" "$(hash raw)" $raw_hash
else
	skip "form ssh-rsa" "no perl"
fi
run "$tool" --hash T.pem
is "--hash" "$status $out" "0 $raw_hash"

"$tool" T.pem >raw; "$tool" --inform bin raw --output back.pem
is "raw to PEM" "$(wc -c <back.pem)" 450
printf '\n' >>back.pem
ok "it is what openssl writes, without the last newline" cmp back.pem spki.pem
"$tool" --inform bin --newline raw >back2.pem
ok "--newline" cmp back2.pem spki.pem
run "$tool" --inform bin --hash raw
is "--hash of a raw key" "$status $out" "0 $raw_hash"
# shellcheck disable=SC2002 # the pipe is what is tested
cat T.pem | "$tool" /dev/stdin >piped
ok "from a pipe" cmp piped raw
mkfifo fifo
"$tool" fifo --output got.fifo 2>fifo.err &
pid=$!
: >fifo
wait $pid
is "a FIFO whose writer writes nothing" "$?$(cat fifo.err)" "1ERROR: fifo: no key in it that could be read"

refuse() { # NAME STATUS MESSAGE ARGUMENTS...
	name=$1 want_status=$2 want=$3; shift 3
	echo old >out
	run "$tool" "$@" --output out
	case $err in *"$want"*) matched=yes ;; *) matched="no: $err" ;; esac
	is "refused: $name" "$status $matched $(cat out) $(ls out*)" "$want_status yes old out"
}
openssl genrsa -out k2047.pem 2047 2>/dev/null
openssl genrsa -out k3072.pem 3072 2>/dev/null
openssl ecparam -name prime256v1 -genkey -noout -out ec.pem
refuse "2047 bits" 1 "RSA key size must be 2048" k2047.pem
refuse "3072 bits" 1 "RSA key size must be 2048" k3072.pem
refuse "an EC key" 1 "not an RSA key" ec.pem
echo hello >hello
refuse "text" 1 "hello: no key in it" hello
head -c 263 raw >short
refuse "a short raw key" 1 "a raw key has 264 bytes, this has 263" --inform bin short
head -c 264 /dev/zero >zeros
refuse "a raw key of zeros" 1 "RSA key size must be 2048" --inform bin zeros
refuse "another format" 1 "Unknown format der" --inform der T.pem
refuse "no input" 2 "no INPUT given"
refuse "two inputs" 2 "unexpected argument T.pem" T.pem T.pem
refuse "a folder" 1 "cannot be read: Is a directory" .
OPENSSL_ENGINES=$T refuse "a pkcs11: URI without provider and engine" 1 "HSM wrapper" "pkcs11:object=none"

# encrypted keys
openssl pkcs8 -topk8 -passout pass:secret -in T.pem -out enc.pem 2>/dev/null
openssl rsa -aes256 -passout pass:secret -in T.pem -traditional -out enc1.pem 2>/dev/null
openssl pkcs8 -topk8 -passout pass:secret -in T.pem -outform DER -out enc.der 2>/dev/null
if command -v setsid >/dev/null; then
	run setsid -w "$tool" enc.pem
	is "encrypted, no terminal" "$status $err" \
		"1 ERROR: enc.pem: the key is encrypted and there is no terminal to ask for its passphrase"
else
	skip "encrypted, no terminal" "no setsid"
fi
for form in enc.pem enc1.pem enc.der; do
	"$BUILD/tests/ptyrun" secret "$tool" $form --output raw.$form >typed
	is "the passphrase of $form is asked on the terminal" "$? $(hash raw.$form)" "0 $raw_hash"
	ok "and not shown" sh -c 'grep -q Passphrase typed && ! grep -q secret typed'
done
"$BUILD/tests/ptyrun" wrong "$tool" enc.pem --output raw.wrong >typed
is "a wrong passphrase" "$? $(grep -c 'wrong passphrase?' typed)" "1 1"
ok "no output then" test ! -e raw.wrong
"$tool" --help >/dev/full 2>err
is "lost output is an error" "$? $(cat err)" "1 ERROR: cannot write to standard output: No space left on device"
run "$tool" --help
is "--help" "$status $(printf '%s\n' "$out" | head -n 1)" "0 Usage: rpi-bootloader-key-convert [OPTION]... INPUT"
is "help: at most 80 columns" "$(printf '%s\n' "$out" | awk 'length($0) > 80')" ''
tap_end
