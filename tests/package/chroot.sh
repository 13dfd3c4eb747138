# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# For tests in a Debian system of their own: . this file after tap.sh, then chroot_start, chroot_install, inside. SUITE is
# the Debian release (bookworm); debootstrap makes its tree once in build/package/SUITE, or CHROOT=DIR is a tree to use, to
# which packages may be added. What cannot be had here ends the test as skipped.
: "${SUITE:=bookworm}"
: "${CHROOT:=$SRC/build/package/$SUITE}"

chroot_give_up() {
	skip_all "Debian $SUITE in a chroot" "$1"
}

# inside [OPTION-OF-UNSHARE...] -- COMMAND: in the chroot, with mounts that go when it ends; with --net there is the loop-back
# interface only
# shellcheck disable=SC2016 # the inner shell expands it
inside() {
	options=
	while [ "$1" != -- ]; do
		options="$options $1"
		shift
	done
	shift
	# shellcheck disable=SC2086 # words
	unshare --mount --pid --fork --kill-child $options sh -c 'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" &&
		mount -t sysfs sysfs "$1/sys" && ip link set lo up && exec chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive sh -c "$2"' - "$CHROOT" "$1"
}

# chroot_mirror: the one of this system's apt
chroot_mirror() {
	# shellcheck disable=SC2016 # apt fills these in
	apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 2>/dev/null | sed -n 's/^Debian Debian //p' | head -n 1
}

chroot_make() {
	command -v debootstrap >/dev/null || chroot_give_up 'debootstrap is missing'
	: "${MIRROR:=$(chroot_mirror)}"
	[ -n "$MIRROR" ] || chroot_give_up 'no Debian mirror in the apt configuration (run apt-get update, or give MIRROR=)'
	mkdir -p "$(dirname "$CHROOT")"
	rm -rf "$CHROOT.new"
	debootstrap --variant=minbase "$SUITE" "$CHROOT.new" "$MIRROR" >"$T/log" 2>&1 || chroot_give_up "debootstrap: $(tail -n 1 "$T/log")"
	cp /etc/apt/apt.conf.d/* "$CHROOT.new/etc/apt/apt.conf.d/" 2>/dev/null
	mkdir -p "$CHROOT.new/etc/dpkg/dpkg.cfg.d"
	echo force-unsafe-io >"$CHROOT.new/etc/dpkg/dpkg.cfg.d/test" # nothing in this tree has to survive a loss of power
	mv "$CHROOT.new" "$CHROOT"
}

chroot_start() {
	[ "$(id -u)" = 0 ] || chroot_give_up 'not root: no chroot'
	command -v ip >/dev/null || chroot_give_up 'ip is missing (Debian: iproute2)'
	unshare --mount --pid --fork true 2>/dev/null || chroot_give_up 'no right to make name spaces'
	[ -f "$CHROOT/etc/debian_version" ] || chroot_make
	cp /etc/resolv.conf "$CHROOT/etc/" 2>/dev/null
}

# chroot_query PACKAGES: a command for the shell in the chroot: whether they are installed
chroot_query() {
	# shellcheck disable=SC2016 # dpkg-query expands it
	printf "{ dpkg-query -W -f '%s' %s >/tmp/status 2>&1 && ! grep -qv '^ii' /tmp/status; }\n" '${db:Status-Abbrev}\n' "$1"
}

# chroot_install PACKAGES
chroot_install() {
	inside -- "$(chroot_query "$1") || { apt-get -q update && apt-get -q install -y --no-install-recommends $1; }" >"$T/log" 2>&1 ||
		chroot_give_up "packages cannot be had: $(tail -n 1 "$T/log")"
}

# chroot_sources PATH: the files as they lie here
chroot_sources() {
	mkdir -p "$CHROOT$1"
	git ls-files -z -co --exclude-standard | tar -c --null --ignore-failed-read -T - | tar -x --no-same-owner -C "$CHROOT$1"
}
