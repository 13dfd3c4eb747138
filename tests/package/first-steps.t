#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What README.md and docs/flash-emmc.md say to type, in a bare Debian tree, up to the line that names the disk: their
# commands as they stand, with dummy firmware and a virtual Compute Module 4. The tree is made by debootstrap once in
# build/package (or BARE=DIR), and copied.
# shellcheck disable=SC2016 # the shell in the chroot expands the commands
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/cli/tree.sh
. tests/cli/tree.sh
CHROOT=${BARE:-$SRC/build/package/bare} # not the tree to which packages were added
# shellcheck source=tests/package/chroot.sh
. tests/package/chroot.sh
missing=$(filled_tree_needs)
[ -z "$missing" ] || chroot_give_up "$missing"
chroot_start

# --- a user's system, which has sudo, and a clone
copy=$SRC/build/package/first-steps
trap 'rm -rf "$copy"' EXIT
rm -rf "$copy"
cp -a "$CHROOT" "$copy"
CHROOT=$copy
inside -- 'apt-get -q update' >"$T/log" 2>&1 || chroot_give_up "apt-get update: $(tail -n 1 "$T/log")"
printf 'APT::Get::Assume-Yes "true";\nAPT::Install-Recommends "false";\n' >"$CHROOT/etc/apt/apt.conf.d/zz-test"
printf '#!/bin/sh\nexec "$@"\n' >"$CHROOT/usr/bin/sudo"
chmod +x "$CHROOT/usr/bin/sudo"
mkdir "$CHROOT/root/rpiboot"
git ls-files -z -co --exclude-standard | tar -c --null -T - | tar -x --no-same-owner -C "$CHROOT/root/rpiboot"
filled_tree "$T/usr" || exit 1
mv "$T/usr/up" "$T/usr/manifest" "$CHROOT/root/"

# typed PAGE PATTERN: the first command of that page that matches; it is there
typed() {
	command=$(LC_ALL=C awk -f tests/commands.awk "$1" | sed -n "s|^$1: ||p" | grep -m 1 -e "$2")
	[ -n "$command" ] || command='false # the page has no such command'
}
# types COMMAND...: in the clone
types() {
	run inside -- "export PATH=/usr/local/bin:\$PATH && cd /root/rpiboot && $*"
	is "$*" "$status$([ "$status" = 0 ] || tail -n 20 "$T/run.out" "$T/run.err")" 0
}
# boots COMMAND: the same with a board in USB boot mode on the bus, whose disk has 64 MiB
board='tests/virtual/boards/cm4-gadget.board'
boots() {
	run inside -- "export PATH=/usr/local/bin:\$PATH && cd /root/rpiboot && build/tests/virtual-board --quiet --limit 600 --folder $2 '$board' -- sh -c '$1'"
	is "$1" "$status $err" '0 '
	is "$1: names the disk" "$(printf '%s\n' "$out" | grep -A 3 'server done' | sed 's/^Served .*/Served/')" "Second stage boot server done
Waiting for disks...
1-1 10000000b29d2da0 /dev/sda 67108864 -
Served"
}

# --- README.md, "From a board to a disk"
typed README.md '^sudo apt-get install'
types "$command"
typed README.md '^make$'
types "$command"
typed README.md '^tools/rpi-fetch-firmware$'
types "$command --manifest /root/manifest --from /root/up"
ok 'the firmware is there' test -s "$CHROOT/root/rpiboot/mass-storage-gadget/boot.img"
# what simulates the board is no part of the steps
types 'sudo apt-get install umockdev libumockdev-dev && make virtual'
typed README.md '^sudo ./rpiboot --wait-disk'
boots "$command" mass-storage-gadget

# --- installed, then docs/flash-emmc.md
typed README.md '^sudo make install'
types "$command"
run inside -- 'export PATH=/usr/local/bin:$PATH && cd / && rpi-fetch-firmware --manifest /root/manifest --from /root/up && rpi-fetch-firmware --manifest /root/manifest --verify'
is 'rpi-fetch-firmware, --verify: in the search path' "$status$([ "$status" = 0 ] || printf '%s\n' "$err")" 0
inside -- 'rm -r /root/rpiboot/mass-storage-gadget /root/rpiboot/msd' # only what is installed is left
typed docs/flash-emmc.md '^rpiboot --check'
types "$command"
typed docs/flash-emmc.md '^rpiboot --wait-disk'
boots "$command" /usr/local/share/rpiboot/mass-storage-gadget
tap_end
