#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rpi-eeprom-config on synthetic images: every published result, every refusal, nothing half-written.
# shellcheck disable=SC1091,SC2154 # tap.sh is found at run time; run sets status, out and err
set -u
. "$(dirname "$0")/../tap.sh"
tool=$OUT/tools/rpi-eeprom-config
[ -x "$tool" ] || { skip "${tool##*/}" "built without libcrypto"; tap_end; exit; }
mk=$BUILD/tests/mksample
cd "$T" || exit 1

hash() { sha256sum "$1" | cut -d' ' -f1; }

"$mk" s1 >S1; "$mk" s2 >S2; "$mk" key >T.pem
printf '[all]\nBOOT_UART=1\n' >conf1
: >conf0
printf 'a=1\nb=2' >conf7
"$mk" repeat 200 A >conf200
for n in 4072 4073 4076 4077; do "$mk" repeat $n x >conf$n; done
"$mk" repeat 602 0 >sig602
for n in 100 2280 2281 2284 2285; do "$mk" repeat $n C >cert$n; done
for n in 2000 6794 678c; do "$mk" pattern 0x$n 13 6 >boot$n; done
for n in 1214 1218 1219 10; do "$mk" pattern 0x$n 17 8 >sys$n; done
is "S1 is the published image" "$(hash S1)" b1e0f25471e2e239140af7591d69194dd7e5cc80395a10188da5afd93d7fd376
is "S2 is the published image" "$(hash S2)" fd7999b849fcfcda3dabe226a31d2691640b492bd71499de9c8541b56b5ca553

# vector HASH IMAGE OPTIONS...: the result has HASH, through -o, through standard output and in place
vector() {
	want=$1 image=$2; shift 2
	rm -f out
	"$tool" "$@" "$image" -o out 2>err
	is "$image $*" "$(hash out)" "$want"
}
vector 70343e2ab4e39023a68b2304b6b44e6cd84596118d196dcf975c4727026445a8 S1 --config conf1
vector 843dfe2561afddc150b3411d7231577d7d379e7b231e83677566b805471f0cf3 S1 --config conf0
vector acd711b81223102e14b787d3a77a074530e1196f5617f814f6f7ce8888e1dcd0 S1 --config conf7
vector 030f9e75c39015a03834222df40346df953af56c80ddd4e875c8fc54097ba3d2 S1 --config conf200
vector e405596ba57c72cb77b88ef5ac476470454f8c3881d3855b77847ad4e161c910 S1 --config conf4072
is "4072 bytes: no warning" "$(cat err)" ""
vector 0cd36804decfe375dadc85cbfafa22acfcc02a30660dce0cf21126ed9d61f293 S1 --config conf4076
ok "4076 bytes: a warning" grep -q WARNING err
vector 9e36ccd7cb6189e3ce434d561f921a8606ea0f8da6ca0cb1eae67bd5d400c726 S1 --config conf1 --digest sig602 --pubkey T.pem
vector 7dd718993a929c9ae44fa3028eb5310a54d5fc75642d87a2297b2d279d47ebbc S1 --cacertder cert2280
vector 09ba008fbdf00d89f93c9a95e8838952c6a06880e091bb494f943bd7a0b8e535 S1 --cacertder cert100
vector 9f14f33f0d898e3dcecc28ef6e6d0b7d8cabaf0e08f9a0efda0600dbcace7806 S1 --bootcode boot2000
vector 9713c8b184e1827c2fe531fb76fd237080ce58a0792618db5b4faaff3bdd3f9c S1 --timestamp 1700000000
vector 9713c8b184e1827c2fe531fb76fd237080ce58a0792618db5b4faaff3bdd3f9c S1 -t ' +1_700_000_000 '
vector 1dc43c936e11fafa72198a844bfdc9e6f1abdd92f162d29b5c14f16a6ce8dd9f S2 --config conf1
vector 1f68429d1a8b89bdc8d9f2f43d6073b2c2335932c2b5dfea75479f47fc4249c0 S2 --config conf0
vector 11d911845e040d47a758d18881b4aa82d72051c07d3f0ec0d1ae6f90d41d354c S2 --config conf4076
vector d20f57e5cf91fe00ba71f62335e7c7ad5c604e81c1ac59d1f6e128a447c3f804 S2 --timestamp 1700000000
vector 9565398ceb5d60864abd7791155e7d1a80bb8732024f7181b3d8d0de7b36e44d S2 --bootcode boot6794
vector 39d6c4a1dded2eb9aafebe40c6de4f1369cf223539b55e43a7dee157eeb4776c S2 --bootcode boot678c
vector 91eff780db866e4b34bc1c0096b1a8c9960433edb71e15b095266c15e84286b2 S2 --bootcode boot2000
vector 15af27e8fd732e36cf7cb808759865dd235f2142998871e73cb9376a45e7ac7a S2 --config conf1 --bootsys sys1214
vector c98a3c2edcba2325aaf405ddc48d22d0edd96a445912eee1b4d7d703e43cb056 S2 --config conf1 --bootsys sys1218
vector fba0d274f9ed88f5b5d265b9facb3473faa3062b526838a64d2a3694293e1529 S2 --config conf1 --bootsys sys10
vector 1094b76fcdbb06fb4f93d6d999f2bb1406deb7f0ff708e0de1d835609f0670fb S2 -c conf1 -d sig602 -p T.pem \
	--cacert cert100 -b boot6794 -s sys1214 --time 1700000000

# the same through other ways in and out
openssl rsa -in T.pem -pubout -out T.pub 2>/dev/null
vector 9e36ccd7cb6189e3ce434d561f921a8606ea0f8da6ca0cb1eae67bd5d400c726 S1 -c conf1 -d sig602 -p T.pub
"$tool" S1 -cconf1 >out
is "an image on standard output" "$(hash out)" 70343e2ab4e39023a68b2304b6b44e6cd84596118d196dcf975c4727026445a8
cp S1 in; ln -sf in link
"$tool" link --config=conf1 --out=link
is "in place, through a link" "$(hash in) $(test -L link && echo link)" \
	"70343e2ab4e39023a68b2304b6b44e6cd84596118d196dcf975c4727026445a8 link"
ok "the output may be a device" "$tool" S1 -c conf1 -o /dev/null
ok "and it stays one" test -c /dev/null
"$tool" S1 -c conf1 -o S1b; "$tool" S1b -o S1conf
printf '[all]\nBOOT_UART=0\n' >conf_s1
"$tool" S1b -c conf_s1 -o S1c
ok "the old configuration restores the image" cmp S1 S1c
"$tool" S2 -s sys1214 >out
ok "bootsys alone is a change" cmp -s -n 4628 -i 65560:0 out sys1214
"$mk" pattern 0x6798 13 6 >boot6798
ok "bootcode that fills its slot" "$tool" S2 -b boot6798 -o out
ok "the section behind it is whole" cmp -s -i 26528 out S2

# reading
run "$tool" S1
is "the configuration of S1" "$status $out" "0 $(cat conf_s1)"
"$tool" S2 -o conf2
is "the configuration of S2, into a file" "$(hash conf2)" 98edb51ec871c21433ddf7797aba4123c6a1b0c2afcfd42243d28154084c4d1b
ok "what was written is read back" cmp S1conf conf1
mkdir x && cd x || exit 1
run "$tool" -x ../S2
is "extraction" "$status $err$(wc -c ./* | awk '{ sub("^./", "", $2); printf " %s %s", $2, $1 }')" \
	"0  bootcode.bin 25984 bootconf.sig 1024 bootconf.txt 38 bootsys 4096 cacert.der 2048 pubkey.bin 512 updatetime 8 total 33710"
is "extracted bootcode.bin" "$(hash bootcode.bin)" 31536c08a24592b7a84b6dfc27d1b8185c2d66a12b81b3f44b7bae29bf6dffde
is "extracted bootsys" "$(hash bootsys)" e8aa10a47b4b7415d21e574f268ead18c300601d836b85dc9805c9cc80424bdf
cd ..
run "$tool" --list S1
is "--list" "$status $(printf '%s\n' "$out" | sed -n '1p;$p')" \
	"0 offset    kind      name              used      room
0x023100  file      bootconf.txt        18      4076"
run "$tool" --list S2
is "--list: exact rooms" "$(printf '%s\n' "$out" | awk '$5 != "-" { print $3, $5 }' | tr '\n' ' ')" \
	"name room - 26520 bootsys 4632 updatetime 232 pubkey.bin 744 cacert.der 2280 bootconf.sig 4076 bootconf.txt 4076 "
if command -v python3 >/dev/null && python3 -c pass 2>/dev/null; then
	"$tool" --list --json S2 >layout.json
	is "--list --json" "$(python3 -c '
import json
d = json.load(open("layout.json"))
print(d["size"], d["ab"], len(d["sections"]), d["sections"][-3])')" \
		"2097152 True 19 {'offset': 81920, 'kind': 'file', 'name': 'bootconf.txt', 'used': 38, 'room': 4076}"
else
	skip "--list --json" "no python3"
fi
run "$tool" --debug S1 -c conf1 -o out
is "--debug shows both layouts" "$status $(printf '%s\n' "$err" | grep -c bootconf.txt)" "0 2"

# refusals: status, message; the output stays as it was, nothing is left behind
: >keep; "$mk" repeat 9 K >keep
files() { find . ! -name 'run.*' | sort; }
refuse() { # NAME STATUS MESSAGE ARGUMENTS...
	name=$1 want_status=$2 want=$3; shift 3
	cp keep out
	before=$(files)
	run "$tool" "$@"
	case $err in *"$want"*) matched=yes ;; *) matched="no: $err" ;; esac
	lines=$(printf '%s\n' "$err" | wc -l)
	is "refused: $name" "$status $matched $((lines)) $(cat out)" "$want_status yes 1 KKKKKKKKK"
	is "  nothing left behind" "$(files)" "$before"
}
patch() { # patch FILE OFFSET OCTAL...: overwrites bytes
	# shellcheck disable=SC2059 # the octal escapes are the format
	printf "$3" | dd of="$1" bs=1 seek=$(($2)) conv=notrunc 2>/dev/null
}
refuse "4077 bytes" 1 "too large (4077 bytes). The maximum size is 4076 bytes." S1 -c conf4077 -o out
refuse "a certificate one byte over its slot" 1 "larger than section size 2304" S1 --cacertder cert2281 -o out
refuse "a certificate over the next header" 1 "larger than section size" S1 --cacertder cert2284 -o out
refuse "a certificate far too large" 1 "larger than section size" S1 --cacertder cert2285 -o out
refuse "bootsys one byte over" 1 "larger than section size" S2 --bootsys sys1219 -o out
refuse "bootsys where there is none" 1 "Update target bootsys not found" S1 --bootsys sys10 -o out
"$mk" pattern 0x6799 1 1 >boot6799
refuse "bootcode over the next section" 1 "this BCM2712 image (2097152 bytes) has room for 26520" S2 --bootcode boot6799 -o out
"$OUT/tools/rpi-sign-bootcode" -c 2712 -n 16 -i boot2000 -k T.pem -o signed2712
refuse "boot code of a BCM2712 for a BCM2711 image" 1 "the image is a BCM2711's (524288 bytes)" S1 --bootcode signed2712 -o out
refuse "empty bootcode" 1 "would not start" S1 --bootcode conf0 -o out
cp S1 small; patch small 0x1008 '\125\252\361\037\0\0\0\020x\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\125\252\376\357\0\001\357\330'
ok "the prepared image is sound" "$tool" --list small
refuse "no 128K for bootcode" 1 "128K must be reserved for bootcode" small --bootcode boot2000 -o out
cp S1 nocert; patch nocert 0x22308 'CACERT.der'
refuse "unknown target" 1 "Update target cacert.der not found" nocert --cacertder cert100 -o out
cp S1 noconf; patch noconf 0x23108 'BOOTCONF'
refuse "no configuration to print" 1 "no bootconf.txt" noconf -o out
cp S1 bad; patch bad 0x22300 '\022\064\126\170'
refuse "corrupt chain" 1 "EEPROM is corrupted 12345678 12345008 55aaf00f" bad -c conf1 -o out
cp S1 long; patch long 0x23104 '\177\377\377\377'
refuse "a section longer than the image" 1 "runs past the end of the image" long -c conf1 -o out
cp S1 short; patch short 0x23104 '\0\0\0\017'
refuse "a file shorter than its name" 1 "too short for its name" short -c conf1 -o out
cp S1 empty; patch empty 0 '\377\377\377\377'
refuse "no first section" 1 "no section at its beginning" empty -o out
head -c 524287 S1 >cutoff
refuse "wrong size" 1 "cutoff: Expected sizes [524288, 2097152] bytes, got actual size 524287 bytes" cutoff -c conf1 -o out
cat S2 conf7 >big
refuse "too large" 1 "big: Expected sizes" big -o out
refuse "no image" 1 "Failed to read 'none'" none -c conf1 -o out
refuse "a folder as image" 1 "Failed to read 'x'" x -o out
refuse "no configuration file" 1 "config file 'none' not found" S1 -c none -o out
refuse "an unusable key" 1 "conf1: no key in it" S1 -c conf1 -p conf1 -o out
refuse "a missing key" 1 'RSA key "none" not found' S1 -c conf1 -p none -o out
for t in 4294967296 99999999999999999999 1x '' ' ' 0x10 1__0 _1 1_ '1 2'; do
	refuse "timestamp '$t'" 1 "timestamp '$t' is" S1 -t "$t" -o out
done
cp S2 notime; patch notime 0x12008 'U'
refuse "A/B without a second updatetime" 1 "updatetime not found" notime -t 1 -o out
refuse "output into a missing folder" 1 "cannot write none/out" S1 -c conf1 -o none/out
refuse "in place, too large" 1 "too large" S1 -c conf4077 -o S1
is "the input survives" "$(hash S1)" b1e0f25471e2e239140af7591d69194dd7e5cc80395a10188da5afd93d7fd376

# names from the image must not lead elsewhere
for name in '../evil' '/tmp/evil' '.hidden' 'a/b' '..' 'b\\c'; do
	cp S1 evil; patch evil 0x23108 '\0\0\0\0\0\0\0\0\0\0\0\0'; patch evil 0x23108 "$name"
	mkdir y; cd y || exit 1
	run "$tool" -x ../evil
	is "not extracted: $name" "$status $(ls -A) $(ls ../evil.* 2>/dev/null)" "1  "
	case $err in *"not safe"*"nothing was extracted"*) echo "# $err" ;; *) ok "its message: $err" false ;; esac
	cd ..; rm -r y
done

# usage
refuse "--digest alone" 2 "require --config" S1 -d sig602 -o out
refuse "--pubkey alone" 2 "require --config" S1 -p T.pem -o out
refuse "-c without an image" 2 "no IMAGE given" -c conf1 -o out
refuse "-x with a change" 2 "--extract excludes" -x S1 -c conf1
refuse "-x with -o" 2 "--extract excludes" -x S1 -o out
refuse "--list with a change" 2 "--list excludes" --list S1 -c conf1 -o out
refuse "--json alone" 2 "--json requires --list" --json S1
refuse "two images" 2 "unexpected argument S2" S1 S2
refuse "unknown option" 2 "unknown or ambiguous option --frobnicate" --frobnicate S1
refuse "ambiguous prefix" 2 "unknown or ambiguous option --boot" --boot boot2000 S1
refuse "missing argument" 2 "option --config requires an argument" S1 --config
refuse "unwanted argument" 2 "option --extract takes no argument" S1 --extract=1
refuse "unknown letter" 2 "unknown option -q" S1 -q
refuse "--edit" 1 "board's own" --edit
refuse "--apply" 1 "board's own" --apply conf1 S1
refuse "no arguments" 1 "can only be read on a board"
"$tool" --help >/dev/full 2>err
is "lost output is an error" "$? $(cat err)" "1 ERROR: cannot write to standard output: No space left on device"
run "$tool" --help
is "--help" "$status $(printf '%s\n' "$out" | head -n 1) $err" "0 Usage: rpi-eeprom-config [OPTION]... IMAGE "
is "help: at most 80 columns" "$(printf '%s\n' "$out" | awk 'length($0) > 80')" ''
tap_end
