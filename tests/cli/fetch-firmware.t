#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rpi-fetch-firmware against repositories made here: every way in, and that nothing short of everything changes a directory.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/cli/inputs.sh
. tests/cli/inputs.sh
tool=$SRC/tools/rpi-fetch-firmware
leftovers() { find "$1" -name '.*fetch*'; }

run "$tool" --help
is "help: status" "$status" 0
ok "help: the licence" grep -q "their owners' licences" "$T/run.out"
usage_case "unknown option" "$tool" -x
usage_case "--dest without argument" "$tool" --dest
for option in --from --only --dest --manifest --set; do usage_case "$option ''" "$tool" $option ''; done
usage_case "unknown set" "$tool" --set none
is "help: at most 80 columns" "$("$tool" --help | grep -v '(default: ' | awk 'length($0) > 80')" ''
usage_case "--dest absent" "$tool" --dest "$T/none"
usage_case "--from absent" "$tool" --from "$T/none"
usage_case "--manifest absent" "$tool" --manifest "$T/none"

# --- the real table
run "$tool" --list --newer --boot-img
is "list: status" "$status" 0
is "list: files" "$(printf '%s\n' "$out" | grep -c '^[^	]')" 10
bad=5434ba443e90029ecd0aefef63ff7c65478f95c134198111409a58abce2533ef
is "list: what is reported of bootfiles.bin" "$(printf '%s\n' "$out" | sed -n "/^	sha256:$bad/,/^[^	]/p" | grep -c '^	note: a BCM2712 that is locked')" 1
run "$tool" --list --set bootfiles-2026-01
is "list --set: the other bootfiles.bin for all its places" "$status $(printf '%s\n' "$out" | grep -c -e "$bad" -e 'sha256:dd606ab0, - bytes')" '0 1'
is "secure-boot-example gets the archive that is not counter-signed yet" \
	"$(printf '%s\n' "$out" | grep '^	to .*secure-boot-example/bootfiles.bin' | tr ' ' '\n' | grep -c mass-storage-gadget/bootfiles.bin)" 1
# shellcheck disable=SC2016 # awk's fields
ok "the table: 64 hexadecimal digits of sha256 or 40 of git, sizes, places, remarks on files that are in it" awk '
	$1 == "file" && ($4 !~ /^(sha256:[0-9a-f]+|git:[0-9a-f]+)$/ || $5 !~ /^([0-9]+|-)$/ || NF < 7) { exit 1 }
	$1 == "file" && length($4) != ($4 ~ /^git/ ? 44 : 71) && $2 != "bootfiles-2026-01" { exit 1 }
	$1 == "repository" && length($3) != 40 && $2 != "usbboot-2026-01" { exit 1 }
	$1 == "remark" { remarks[$2] = 1 }
	$1 == "file" { files[$4] = 1 }
	END { for (i in remarks) if (!(i in files)) exit 1 }' "$SRC/tools/firmware.manifest"
awk '$1 == "file" { for (i = 7; i <= NF; i++) print $i }' "$SRC/tools/firmware.manifest" | sed 's|/.*||' | sort -u >"$T/directories"
while read -r directory; do
	ok "the table: $directory is a boot directory" test -d "$SRC/$directory"
done <"$T/directories"
is "the table: nothing of Debian's goes into msd/" "$(grep -c '^file package.* msd/' "$SRC/tools/firmware.manifest")" 0

if ! command -v git >/dev/null; then
	skip_all "fetching" "git is missing"
fi

# --- two repositories, the second with two releases
cd "$T" || exit 1
export HOME="$T" GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@t GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@t
unset MIRROR
git init -q -b main "up one"
mkdir -p "up one/firmware" "up one/msd"
head -c 50000 /dev/urandom >"up one/firmware/bootfiles.bin"
printf 'text\n' >"up one/msd/bootcode.bin"
head -c 3000 /dev/urandom >"up one/boot.img"
echo 'msd/*.bin text eol=crlf' >"up one/.gitattributes"
git -C "up one" add . 2>/dev/null && git -C "up one" commit -q -m 1
one=$(git -C "up one" rev-parse HEAD)
git init -q -b main two
git -C two config uploadpack.allowFilter true # one server can leave files out, the other cannot
mkdir two/latest
head -c 4000 /dev/urandom >two/latest/recovery.bin
cp two/latest/recovery.bin old-recovery
git -C two add . && git -C two commit -q -m 1
two=$(git -C two rev-parse HEAD)
head -c 5000 /dev/urandom >two/latest/recovery.bin
git -C two commit -q -a -m 2
newer=$(git -C two rev-parse HEAD)
head -c 6000 /dev/urandom >two/latest/recovery.bin
git -C two commit -q -a -m 3
git -C two show "$newer:latest/recovery.bin" >new-recovery

# table BASE-URL: writes ./table
table() {
	cat >table <<END
repository one $one $1/up%20one$2
repository two $two $1/two$2
repository two-newer $newer $1/two$2
package pkg sid main
file always one sha256:$(sum "up one/firmware/bootfiles.bin") 50000 firmware/bootfiles.bin gadget/bootfiles.bin imager/bootfiles.bin
file always one sha256:$(sum "up one/msd/bootcode.bin") 5 msd/bootcode.bin msd/bootcode.bin gadget/2710/bootcode.bin
file boot-img one git:$(git -C "up one" rev-parse HEAD:boot.img) - boot.img gadget/boot.img
file current two sha256:$(sum old-recovery) 4000 latest/recovery.bin recovery/bootcode4.bin
file newer two-newer sha256:$(sum new-recovery) 5000 latest/recovery.bin recovery/bootcode4.bin
remark sha256:$(sum old-recovery) is slow
need gadget/boot.img build one
need recovery/pieeprom.bin run something
need elsewhere/boot.img never shown
file other two-newer sha256:$(sum new-recovery | cut -c 1-8) - latest/recovery.bin recovery/bootcode4.bin
file package pkg sha256:$(sum "up one/msd/bootcode.bin") 5 usr/lib/bootcode.bin gadget/2710/bootcode.bin
END
}
table "file://$T"
sed -i "s|up%20one|up one|" table
# a blank in a file:// address ends the field: so a link without one is used
ln -s "up one" upone
sed -i "s|up one|upone|" table
fetch() { run "$tool" --manifest "$T/table" --dest "$T/dest dir" "$@"; }
fresh() { rm -rf "$T/dest dir" && mkdir "$T/dest dir"; }
all="./firmware.sha256 ./gadget/2710/bootcode.bin ./gadget/boot.img ./gadget/bootfiles.bin ./imager/bootfiles.bin ./msd/bootcode.bin \
./recovery/bootcode4.bin "
check_all() {
	is "$1: status" "$status" 0
	ok "$1: bootfiles.bin, both places" cmp "dest dir/gadget/bootfiles.bin" "dest dir/imager/bootfiles.bin"
	ok "$1: bootfiles.bin" cmp "dest dir/gadget/bootfiles.bin" "up one/firmware/bootfiles.bin"
	ok "$1: bytes are not converted" cmp "dest dir/msd/bootcode.bin" "up one/msd/bootcode.bin"
	ok "$1: recovery" cmp "dest dir/recovery/bootcode4.bin" "$2"
	is "$1: nothing else" "$(cd "dest dir" && find . -type f | LC_ALL=C sort | tr '\n' ' ')" "$all"
	# shellcheck disable=SC2016 # the inner shell expands it
	ok "$1: sha256sum agrees with the record" sh -c 'cd "$1" && sha256sum -c --quiet firmware.sha256' - "dest dir"
}

fresh
run "$tool" --verify --dest "$T/dest dir"
is "verify before: status 1" "$status" 1
fetch
check_all "file://" old-recovery
is "the remark is shown" "$(grep -c '^Note: latest/recovery.bin: is slow$' run.out)" 1
is "what is still missing is said, with what to do" "$(sed -n '/^Still missing/,$p' run.out | tail -n +2 | tr -s ' \n' ' ')" \
	' recovery/pieeprom.bin run something '
ok "the licence is shown" grep -q "their owners' licences" run.out
is "the record names commit and path" "$(grep -B 1 ' recovery/' "dest dir/firmware.sha256" | head -n 1)" "# file://$T/two at $two: latest/recovery.bin"
before=$(state "dest dir")
fetch
is "again: the same" "$status/$(state "dest dir")" "0/$before"
fetch --newer
check_all "--newer" new-recovery
fresh
fetch --set newer
check_all "--set newer" new-recovery
fresh
fetch --set other
check_all "--set with the first digits of a checksum" new-recovery
sed -i "s/^\(repository two-newer\) .\{40\}/\1 $(echo "$newer" | cut -c 1-7)/" table
fresh
fetch --newer
check_all "the first digits of a commit" new-recovery
table "file://$T"
sed -i "s|up%20one|upone|" table
is "the record has each place once" "$(grep -c '  recovery/bootcode4.bin' "dest dir/firmware.sha256")" 1
fetch --only gadget
ok "--only" cmp "dest dir/gadget/boot.img" "up one/boot.img"
is "--only: no word about other directories" "$(grep -c recovery run.out)" 0
echo built >"dest dir/gadget/boot.img"
fetch --only gadget
is "a boot.img that came earlier and was changed is brought again" "$(sum "dest dir/gadget/boot.img")" "$(sum "up one/boot.img")"
ok "--only leaves the others" cmp "dest dir/recovery/bootcode4.bin" new-recovery
is "the record grows" "$(grep -c '^[0-9a-f]' "dest dir/firmware.sha256")" 6
run "$tool" --verify --dest "dest dir"
is "verify: good" "$status $out" "0 6 good, 0 bad"
cp "dest dir/gadget/bootfiles.bin" "dest dir/gadget/bootfiles.original.bin"
echo signed >>"dest dir/gadget/bootfiles.bin"
run "$tool" --verify --dest "dest dir"
is "verify: signed since" "$status" 0
rm "dest dir/gadget/bootfiles.original.bin"
run "$tool" --verify --dest "dest dir"
is "verify: changed" "$status $out" "1 gadget/bootfiles.bin: changed
5 good, 1 bad"
rm "dest dir/gadget/bootfiles.bin"
run "$tool" --verify --dest "dest dir"
is "verify: missing" "$status ${out%%
*}" "1 gadget/bootfiles.bin: missing"
is "nothing stays behind" "$(leftovers "dest dir")" ""
fresh
mkdir "dest dir/gadget"
echo built >"dest dir/gadget/boot.img"
fetch
is "a boot.img that was built here is kept, and this is said" "$status $(cat "dest dir/gadget/boot.img") $(grep '^Kept' run.out)" \
	'0 built Kept as it was built here (--boot-img replaces it): gadget/boot.img'
is "and not recorded" "$(grep -c 'gadget/boot.img' "dest dir/firmware.sha256")" 0
fetch --boot-img
is "--boot-img replaces it" "$status $(sum "dest dir/gadget/boot.img")" "0 $(sum "up one/boot.img")"
fresh
fetch --no-boot-img
is "--no-boot-img: none, and how to get one" "$status $(test -e "dest dir/gadget/boot.img" && echo there) $(grep -A 1 'gadget/boot.img' run.out | tr -s ' \n' ' ')" \
	'0   gadget/boot.img build one '
fresh
fetch --only nothing-known
is "--only with an unknown directory: status 1" "$status" 1

# --- local sources
fresh
fetch --from "up one" --from two
check_all "--from clones" old-recovery
git clone -q --bare two two.git
fresh
fetch --newer --from "up one" --from two.git
check_all "--from a bare clone" new-recovery
mkdir -p "unpacked/up one-1/some where" unpacked/other
cp "up one/firmware/bootfiles.bin" "unpacked/up one-1/some where"
cp "up one/msd/bootcode.bin" "up one/boot.img" unpacked/other
head -c 4000 /dev/urandom >unpacked/other/same-size
cp old-recovery unpacked/other/usr-lib-recovery.bin
fresh
fetch --from unpacked
check_all "--from an unpacked archive or package" old-recovery
# a clone without the file in its working tree, of another user
git clone -q two foreign
git -C foreign rm -q -r -f .
if chown -R nobody foreign 2>/dev/null; then
	fresh
	fetch --from "up one" --from foreign
	check_all "--from another user's clone" old-recovery
	chown -R "$(id -u)" foreign
else
	skip "--from another user's clone" "not root"
fi
fresh
POSIXLY_CORRECT=1 fetch --from unpacked
check_all "POSIXLY_CORRECT" old-recovery
rm -rf foreign/.git/objects/??
find foreign/.git/objects -name '*.pack' -exec rm -f {} +
fetch --from "up one" --from foreign
is "--from a damaged clone: what git says is shown" "$status $(grep -c "^$T/foreign: fatal: " run.err)" '1 1'

# --- what fails leaves the directories as they were
fresh
fetch
before=$(state "dest dir")
fails() {
	name=$1
	shift
	fetch "$@"
	is "$name: status 1, says why" "$status${err:+ error}" "1 error"
	is "$name: directories as they were" "$(state "dest dir")$(leftovers "dest dir")" "$before"
}
rm unpacked/other/usr-lib-recovery.bin
fails "--from lacks a file" --from unpacked
head -c 3999 old-recovery >unpacked/other/recovery.bin
fails "--from has a truncated file" --from unpacked
fails "--from has only the older release" --newer --from unpacked
cp table good-table
sed "s/^\(file current .*sha256:\).\{8\}/\100000000/" good-table >table
fails "wrong checksum"
sed "s/^\(file current .*\) 4000 /\1 4001 /" good-table >table
fails "wrong size"
sed "s/$two/0123456789012345678901234567890123456789/" good-table >table
fails "unknown commit"
sed "s|latest/recovery.bin|latest/none.bin|" good-table >table
fails "unknown file"
sed "s|file://$T/two|file://$T/nowhere|" good-table >table
fails "no such repository"
sed "s|file://$T/two|https://rpiboot.invalid/two|" good-table >table
fails "no network"
sed "s|recovery/bootcode4.bin|../outside.bin|" good-table >table
fails "a place outside"
ok "nothing outside" test ! -e outside.bin
cp -r two broken
find broken/.git/objects -type f -size -3k -exec chmod u+w {} + -exec truncate -s 20 {} +
sed "s|file://$T/two|file://$T/broken|" good-table >table
fails "truncated objects"
cp good-table table
# the last place cannot be written: what was moved before goes back
sed "s|recovery/bootcode4.bin|recovery/bootcode4.bin gadget/bootfiles.bin/x|" good-table >table
fails "a place below a file" --newer
cp good-table table
mkdir "dest dir/blocked"
sed "s|recovery/bootcode4.bin|recovery/bootcode4.bin blocked|" good-table >table
fails "a place is a directory" --newer
cp good-table table
rmdir "dest dir/blocked"

# root writes everywhere, unless it gives up the right to
unprivileged='' can_drop=yes
if [ "$(id -u)" = 0 ]; then
	unprivileged='setpriv --bounding-set=-dac_override,-dac_read_search'
	$unprivileged true 2>/dev/null || can_drop=
fi
if [ -n "$can_drop" ]; then
	chmod a-w "dest dir"
	# shellcheck disable=SC2086 # a command's words
	run $unprivileged "$tool" --manifest table --dest "dest dir" --from unpacked
	is "read-only destination: status 1, says why" "$status $(printf '%s\n' "$err" | tail -n 1)" "1 ERROR: cannot write in $T/dest dir"
	chmod u+w "dest dir"
	chmod a-w "dest dir/recovery"
	# shellcheck disable=SC2086 # a command's words
	run $unprivileged "$tool" --manifest table --dest "dest dir" --newer
	is "one directory read-only: status 1, directories as they were" "$status $(state "dest dir")" "1 $before"
	chmod u+w "dest dir/recovery"
else
	skip "read-only destination" "root without setpriv"
fi

# --- a signal at any moment: everything old or everything new
fetch --newer
after=$(state "dest dir")
for delay in 0 0.02 0.05 0.1 0.15 0.2 0.3 0.5; do
	fetch
	"$tool" --manifest "$T/table" --dest "$T/dest dir" --newer >/dev/null 2>&1 &
	pid=$!
	sleep $delay
	kill -TERM $pid 2>/dev/null
	wait $pid
	rc=$?
	now=$(state "dest dir")
	if { [ "$now" = "$before" ] && [ $rc -ne 0 ]; } || { [ "$now" = "$after" ] && [ $rc -eq 0 ]; }; then whole=yes; else whole=no; fi
	is "SIGTERM after $delay s: all or nothing, and said so" "$whole$(leftovers "dest dir")" yes
done
# a server that never answers
if command -v python3 >/dev/null; then
	python3 -c '
import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(5)
print(s.getsockname()[1], flush=True)
time.sleep(60)' >port &
	mute=$!
	while [ ! -s port ]; do sleep 0.1; done
	sed "s|file://$T/two|http://127.0.0.1:$(cat port)/two|" good-table >table
	fetch --only msd
	before=$(state "dest dir")
	"$tool" --manifest "$T/table" --dest "$T/dest dir" >/dev/null 2>&1 &
	pid=$!
	sleep 1
	kill -TERM $pid
	wait $pid
	is "SIGTERM while a server does not answer: status, directories" "$? $(state "dest dir")$(leftovers "dest dir")" "143 $before"
	kill $mute
	wait $mute 2>/dev/null
	cp good-table table
else
	skip "a server that never answers" "python3 is missing"
fi

# --- a plain web server (git's dumb protocol)
git clone -q --bare "up one" web/upone.git 2>/dev/null
git clone -q --bare two web/two.git
for repository in web/upone.git web/two.git; do git -C $repository update-server-info; done
port=
if command -v python3 >/dev/null; then
	python3 -u -m http.server --bind 127.0.0.1 --directory web 0 >server.log 2>&1 &
	server=$!
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' server.log)
		[ -z "$port" ] || break
		sleep 0.25
	done
fi
if [ -n "$port" ]; then
	fresh
	sed "s,file://$T/\(upone\|two\),http://127.0.0.1:$port/\1.git," good-table >table
	http_proxy='' no_proxy='*' fetch
	check_all "http, dumb protocol" old-recovery
	before=$(state "dest dir")
	rm -rf web/two.git/objects/pack web/two.git/objects/??
	http_proxy='' no_proxy='*' fails "http, objects missing" --newer
	kill "$server"
	wait "$server" 2>/dev/null
	http_proxy='' no_proxy='*' fails "http, server gone" --newer
	cp good-table table
else
	skip "http" "python3 is missing"
fi

# --- Debian's package, with a fake apt-get that delivers a package made here
if command -v dpkg-deb >/dev/null; then
	mkdir -p deb/DEBIAN deb/usr/lib bin
	printf 'Package: pkg\nVersion: 1\nArchitecture: all\nMaintainer: t\nDescription: t\n' >deb/DEBIAN/control
	cp "up one/msd/bootcode.bin" deb/usr/lib
	dpkg-deb -b deb pkg_1_all.deb >/dev/null
	cat >bin/apt-get <<END
#!/bin/sh
case "\$*" in
*indextargets*) printf 'Other Debian http://other.invalid\nDebian Debian http://mirror.invalid/debian\n' ;;
*update*) cat "\$(printf '%s\n' "\$@" | sed -n 's/^Dir::Etc::SourceList=//p')" >'$T/sources' ;;
*"download pkg"*) cp '$T/pkg_1_all.deb' . ;;
*) exit 1 ;;
esac
END
	chmod +x bin/apt-get
	fresh
	PATH=$T/bin:$PATH fetch --debian
	is "--debian: status" "$status" 0
	is "--debian: one file, for the gadget" "$(cd "dest dir" && find . -type f | LC_ALL=C sort | tr '\n' ' ')" "./firmware.sha256 ./gadget/2710/bootcode.bin "
	is "--debian: the system's mirror" "$(sed 's/ \[.*\]//' sources)" "deb http://mirror.invalid/debian sid main"
	MIRROR=http://mine.invalid PATH=$T/bin:$PATH fetch --debian
	is "--debian: MIRROR=" "$(sed 's/ \[.*\]//' sources)" "deb http://mine.invalid sid main"
	before=$(state "dest dir")
	echo other >deb/usr/lib/bootcode.bin
	dpkg-deb -b deb pkg_1_all.deb >/dev/null
	PATH=$T/bin:$PATH fails "--debian: another version" --debian
	truncate -s 300 pkg_1_all.deb
	PATH=$T/bin:$PATH fails "--debian: truncated package" --debian
else
	skip "--debian" "dpkg-deb is missing"
fi
if command -v apt-get >/dev/null; then
	mkdir -p unsigned/dists/sid/main/binary-all
	: >unsigned/dists/sid/main/binary-all/Packages
	printf 'Suite: sid\nComponents: main\nArchitectures: all\n' >unsigned/dists/sid/Release
	before=$(state "dest dir")
	MIRROR=file://$T/unsigned fails "--debian: an unsigned mirror" --debian
	MIRROR=http://127.0.0.1:9/debian fails "--debian: no network" --debian
else
	skip "--debian with the real apt-get" "apt-get is missing"
fi
tap_end
