#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Ansible playbook, run on a Debian system whose systemd is running: the first run rolls a station and its collector out,
# the second one changes nothing, a new boot directory changes what it has to and drains the station. One system, in name
# spaces and a chroot of its own (tests/package/chroot.sh), is station, collector and the computer that ansible-playbook is
# started on. PACKAGE=FILE is a package to use; else it is built. STATION=DIR is a tree to use.
# shellcheck disable=SC2016 # the inner shells expand their commands
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
: "${SUITE:=bookworm}"
CHROOT=${STATION:-$SRC/build/package/station-$SUITE}
# shellcheck source=tests/package/chroot.sh
. "$SRC/tests/package/chroot.sh"
needs='build-essential debhelper pkg-config libusb-1.0-0-dev libssl-dev libzstd-dev ansible-core systemd-sysv dbus systemd-journal-remote python3-apt jq'
groups=/sys/fs/cgroup/unified
[ -d "$groups" ] || groups=/sys/fs/cgroup
group=$groups/rpiboot-test.$$

station_end() {
	[ -z "${booted-}" ] || kill -KILL "$booted" 2>/dev/null
	wait
	[ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} +
}

# The system's first process is systemd, with /proc, /sys, /dev, /run and a control group of its own.
station_boot() {
	mkdir "$group" 2>/dev/null || chroot_give_up "no right to make a control group in $groups"
	trap station_end EXIT
	trap 'exit 1' HUP INT TERM
	sh -c 'echo $$ >"$1/cgroup.procs" && exec unshare --mount --uts --ipc --net --pid --cgroup --fork --kill-child sh -c "$2" sh "$3"' sh \
		"$group" 'mount --bind "$1" "$1" && cd "$1" && mount -t proc proc proc && mount -t sysfs sysfs sys && mount -t cgroup2 cgroup2 sys/fs/cgroup &&
		mount -t tmpfs -o mode=755 tmpfs dev && mkdir dev/pts dev/shm && mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts &&
		ln -s pts/ptmx dev/ptmx && mknod -m 666 dev/null c 1 3 && mknod -m 666 dev/zero c 1 5 && mknod -m 666 dev/full c 1 7 &&
		mknod -m 666 dev/random c 1 8 && mknod -m 666 dev/urandom c 1 9 && mknod -m 666 dev/tty c 5 0 && ln -s /proc/self/fd dev/fd &&
		mount -t tmpfs -o mode=755 tmpfs run && mkdir -p run/old && pivot_root . run/old && umount -l run/old &&
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=test /sbin/init' "$CHROOT" >"$T/boot" 2>&1 &
	booted=$!
	until first=$(pgrep -P "$booted") && [ "$(cat "/proc/$first/comm")" = systemd ]; do
		kill -0 "$booted" 2>/dev/null || chroot_give_up "systemd does not start: $(tail -n 1 "$T/boot")"
		sleep 0.1
	done
}

# on COMMAND: on that system
on() {
	nsenter -t "$first" --mount --uts --ipc --net --pid --cgroup env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 sh -c "$1"
}

# play NAME: runs the playbook; $recap is its last line about this host
play() {
	run on 'cd /root/ansible && ansible-playbook -i inventory.yml stations.yml'
	recap=$(printf '%s\n' "$out" | sed -n 's/^localhost *: *//p' | tr -s ' ')
	is "$1" "$status$([ "$status" = 0 ] || printf '%s\n' "$out" "$err")" 0
}

changed() { printf '%s\n' "$recap" | sed 's/.*changed=\([0-9]*\).*/\1/'; }

chroot_start
chroot_install "$needs"
version=$(sed -n '1s/.*(1:\(.*\)).*/\1/p' debian/changelog)
package=/root/rpiboot_${version}_$(inside -- 'dpkg --print-architecture').deb
if [ -n "${PACKAGE-}" ]; then
	cp "$PACKAGE" "$CHROOT$package"
else
	rm -rf "$CHROOT/root/station-test"
	chroot_sources "/root/station-test/rpiboot-$version"
	run inside --net -- "cd /root/station-test/rpiboot-$version && DEB_BUILD_OPTIONS=nocheck DEB_BUILD_PROFILES=nocheck dpkg-buildpackage -us -uc -b && mv ../rpiboot_*.deb /root/"
	is 'the package is built' "$status$([ "$status" = 0 ] || tail -n 20 "$T/run.out" "$T/run.err")" 0
	rm -rf "$CHROOT/root/station-test"
fi

# --- what the playbook takes from the computer that it runs on, and nothing of an earlier run on the station
inside -- 'dpkg -P rpiboot; rm -rf /etc/rpiboot /srv/rpiboot /var/log/journal /var/cache/rpiboot_* /etc/systemd/system/systemd-journal-remote.service.d
	mv -f /etc/systemd/journal-upload.conf.dpkg-dist /etc/systemd/journal-upload.conf
	systemctl disable systemd-journal-remote.socket systemd-journal-upload.service' >/dev/null 2>&1
for name in cm5-1 cm5-2; do
	mkdir -p "$CHROOT/root/boot/$name"
	yes x | head -c 50000 >"$CHROOT/root/boot/$name/bootcode.bin"
	echo x >"$CHROOT/root/boot/$name/start.elf"
done
rm -rf "$CHROOT/root/ansible"
cp -R packaging/ansible "$CHROOT/root/ansible"
inventory() { # BOOT-DIRECTORY
	cat >"$CHROOT/root/ansible/inventory.yml" <<-END
		all:
		  vars:
		    ansible_connection: local
		    ansible_python_interpreter: /usr/bin/python3
		    rpiboot_collector: http://127.0.0.1:19532
		    rpiboot_packages: [$package]
		  children:
		    collector:
		      hosts:
		        localhost:
		    stations:
		      vars:
		        rpiboot_instances:
		          - name: cm5
		            directory: /root/boot/$1
		            options: --again
		      hosts:
		        localhost:
	END
}

station_boot
until on 'test -S /run/systemd/private'; do sleep 0.2; done
run on 'systemctl is-system-running --wait'
ok "the system has started: $out" test "$out" = running -o "$out" = degraded

inventory cm5-1
play 'the playbook rolls a station out'
echo "# $recap"
is 'its service is running' "$(on 'until state=$(systemctl is-active rpiboot@cm5.service); [ "$state" != activating ]; do sleep 0.2; done; echo "$state"')" active
is 'the collector listens' "$(on 'systemctl is-active systemd-journal-remote.socket')" active
play 'the playbook again'
is 'changes nothing' "$(changed)$([ "$(changed)" = 0 ] || printf '%s\n' "$out")" 0
started=$(on 'systemctl show -P ExecMainStartTimestampMonotonic rpiboot@cm5.service')
play 'and once more'
is 'and leaves the station alone' "$(on 'systemctl show -P ExecMainStartTimestampMonotonic rpiboot@cm5.service')" "$started"

inventory cm5-2
play 'a new boot directory'
is 'is copied, configured, and taken over' "$(changed)$([ "$(changed)" = 3 ] || printf '%s\n' "$out")" 3
run on 'until journalctl -t rpiboot-cm5 -o cat | grep -q "\"event\":\"start\".*cm5-2"; do sleep 0.2; done'
is 'the station drained and serves it' "$status" 0
tap_end
