#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rpi-eeprom-digest: published .sig files, checking, HSM wrappers that behave and that do not.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"
tool=$OUT/tools/rpi-eeprom-digest
[ -x "$tool" ] || { skip "${tool##*/}" "built without libcrypto"; tap_end; exit; }
command -v openssl >/dev/null || { skip "${tool##*/}" "no openssl program for the test wrapper"; tap_end; exit; }
cd "$T" || exit 1
"$BUILD/tests/mksample" key >T.pem
openssl rsa -in T.pem -pubout -out T.pub 2>/dev/null
openssl genrsa -out other.pem 2048 2>/dev/null
openssl genrsa -out k3072.pem 3072 2>/dev/null
printf abc >abc
: >none0
export SOURCE_DATE_EPOCH=1700000000
hash() { sha256sum "$1" | cut -d' ' -f1; }
abc_hash=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
signed=2c27669ce084084f0d5309209a22dac06d073707697a82294a9f4a8bcd74c1c7

"$tool" -i abc -o sig
is "plain" "$(cat sig; echo .)" "$abc_hash
ts: 1700000000
."
"$tool" -i abc -o sig -k T.pem
is "signed" "$(wc -c <sig) $(hash sig)" "602 $signed"
"$tool" -k T.pem -c 2712 -i abc -o sig.soc
is "with target-soc" "$(wc -c <sig.soc) $(hash sig.soc)" \
	"619 836843783130e616e9c5202ab58643ef2293f10bf978fc03168e106c0414fab5"
"$tool" -iabc -osig.short -kT.pem
ok "arguments glued to letters" cmp sig sig.short
SOURCE_DATE_EPOCH=0 "$tool" -i none0 -o sig0
is "an empty file at time 0" "$(cat sig0)" "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
ts: 0"
before=$(date +%s)
SOURCE_DATE_EPOCH='' "$tool" -i abc -o now
after=$(date +%s)
stamp=$(sed -n 's/^ts: //p' now)
ok "without SOURCE_DATE_EPOCH: now" test "$before" -le "$stamp" -a "$stamp" -le "$after"
cp abc 'a\b'
"$tool" -i 'a\b' -o backslash
is "a backslash in the name" "$(head -n 1 backslash)" $abc_hash
head -c 300000 /dev/zero >zeros
"$tool" -i zeros -o zeros.sig
is "a file of several pieces" "$(head -n 1 zeros.sig)" "$(hash zeros)"

# checking
for key in T.pub T.pem; do
	run "$tool" -v sig -i abc -k $key
	is "verified with $key" "$status $out $err" "0 Verified OK "
done
run "$tool" -v sig.soc -i abc -k T.pub
is "verified with target-soc" "$status $out" "0 Verified OK"
run "$tool" -v sig -i zeros -k T.pub
is "another file" "$status $out $err" "1 Verification failure ERROR: zeros not verified"
run "$tool" -v sig -i abc -k other.pem
is "another key" "$status $out $err" "1 Verification failure ERROR: abc not verified"
sed '1s/^b/c/' sig >badhash
run "$tool" -v badhash -i abc -k T.pub
is "a wrong hash line" "$status $out $err" \
	"1 Verification failure ERROR: abc not verified: the hash line of badhash is another file's"
{ cat sig; tail -n 1 sig; } >twice

# wrappers
cat >hsm-good <<'WRAPPER'
#!/bin/sh
[ "$#" -eq 3 ] && [ "$1" = -a ] && [ "$2" = rsa2048-sha256 ] && [ -f "$3" ] || exit 7
[ -z "$(cat)" ] || exit 8
openssl dgst -sha256 -sign T.pem "$3" | od -An -v -tx1 | tr a-f A-F
WRAPPER
wrapper() { printf '#!/bin/sh\n%s\n' "$2" >"$1"; chmod +x "$1"; }
chmod +x hsm-good
# shellcheck disable=SC2016 # the wrappers expand them
{
	wrapper hsm-fail 'echo token gone >&2; exit 5'
	wrapper hsm-zz 'echo zz'
	wrapper hsm-empty ':'
	wrapper hsm-endless 'while :; do echo 00; done'
	wrapper hsm-quiet-child 'sleep 60 & openssl dgst -sha256 -sign T.pem "$3" | od -An -v -tx1'
	wrapper hsm-killed 'kill -9 $$'
	wrapper hsm-other 'openssl dgst -sha256 -sign other.pem "$3" | od -An -v -tx1'
}
run "$tool" -i abc -o sigh -H ./hsm-good
is "a wrapper: same file" "$status $err $(hash sigh)" "0  $signed"
"$tool" -i abc -o sigh -H ./hsm-good -k T.pub
is "a wrapper, checked by -k" "$(hash sigh)" $signed
PATH=$PWD:$PATH "$tool" -i abc -o sigh -H hsm-good
is "a wrapper found in PATH" "$(hash sigh)" $signed
cp abc ./-abc
"$tool" -i -abc -o sigh -H ./hsm-good
is "a file whose name begins with a dash" "$(hash sigh)" $signed
# its child holds the pipe for a minute; the wrapper itself has ended
start=$(date +%s)
"$tool" -i abc -o sigh -H ./hsm-quiet-child
is "a wrapper that leaves a child behind" "$(hash sigh)" $signed
ok "is not waited for" test $(($(date +%s) - start)) -lt 50

refuse() { # NAME STATUS MESSAGE ARGUMENTS...
	name=$1 want_status=$2 want=$3; shift 3
	echo old >out
	run "$tool" "$@"
	case $err in *"$want"*) matched=yes ;; *) matched="no: $err" ;; esac
	is "refused: $name" "$status $matched $(cat out) $(ls out*)" "$want_status yes old out"
}
refuse "a wrapper that fails" 1 "HSM wrapper failed with exit code 5" -i abc -o out -H ./hsm-fail
case $err in *"token gone"*) seen=yes ;; *) seen=no ;; esac
is "its own words are shown" $seen yes
refuse "a wrapper that prints no digits" 1 "did not print 512" -i abc -o out -H ./hsm-zz
refuse "a wrapper that prints nothing" 1 "did not print 512" -i abc -o out -H ./hsm-empty
refuse "a wrapper that never stops" 1 "printed too much" -i abc -o out -H ./hsm-endless
refuse "a wrapper that is killed" 1 "ended by signal 9" -i abc -o out -H ./hsm-killed
refuse "no such wrapper" 1 "cannot be run" -i abc -o out -H ./hsm-none
refuse "a wrapper with another key" 1 "does not match T.pub" -i abc -o out -H ./hsm-other -k T.pub
refuse "no input file" 1 'Source image "none" not found' -i none -o out
refuse "a directory" 1 "Is a directory" -i . -o out
refuse "no key" 1 'RSA key "none" not found' -i abc -o out -k none
refuse "a public key" 1 "no private key in it" -i abc -o out -k T.pub
refuse "a 3072-bit key" 1 "RSA key size must be 2048" -i abc -o out -k k3072.pem
OPENSSL_ENGINES=$T refuse "a pkcs11: URI without provider and engine" 1 "HSM wrapper" -i abc -o out -k pkcs11:object=none
refuse "a target of two lines" 1 "not one short word" -i abc -o out -c '2712
x'
refuse "output onto the input" 1 "would replace the input" -i abc -o ./abc
refuse "check without a key" 1 "Option -v also requires passing public key via -k" -v sig -i abc
refuse "check without a .sig" 1 "Signature file none not found" -v none -i abc -k T.pub
refuse "check an unsigned .sig" 1 "No RSA signature in sig0" -v sig0 -i abc -k T.pub
refuse "check two signatures" 1 "more than one rsa2048 line" -v twice -i abc -k T.pub
refuse "check without input" 2 "no input file (-i)" -v sig -k T.pub
refuse "no output" 2 "no output file (-o)" -i abc
refuse "unknown option" 2 "unknown option -z" -z
refuse "stray word" 2 "unexpected argument b" -i abc -o out b
SOURCE_DATE_EPOCH=soon
refuse "an odd SOURCE_DATE_EPOCH" 1 'SOURCE_DATE_EPOCH="soon"' -i abc -o out
SOURCE_DATE_EPOCH=1700000000
is "nothing was left behind" "$(find . -name '*.??????' ! -name 'hsm*')" ""
"$tool" -h >/dev/full 2>err
is "lost output is an error" "$? $(cat err)" "1 ERROR: cannot write to standard output: No space left on device"
run "$tool" -h
is "-h" "$status $(printf '%s\n' "$out" | head -n 1 | cut -c 1-24) $err" "0 Usage: rpi-eeprom-digest "
is "help: at most 80 columns" "$(printf '%s\n' "$out" | awk 'length($0) > 80')" ''

# an interrupted run ends the wrapper and itself
# shellcheck disable=SC2016 # the wrapper expands it
wrapper hsm-slow 'echo $$ >slow.pid; exec sleep 100'
sh -c 'exec "$@"' sh "$tool" -i abc -o out -H ./hsm-slow 2>slow.err &
pid=$!
tries=300
while [ ! -s slow.pid ] && [ $tries -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
kill -TERM $pid
wait $pid
is "SIGTERM ends the tool" "$?" 143
is "and the wrapper" "$(kill -0 "$(cat slow.pid)" 2>/dev/null && echo runs)" ""
is "and leaves the output" "$(cat out)" old
tap_end
