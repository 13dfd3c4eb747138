#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The station service: systemd accepts the unit, and it stays as closed as it is.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

# What the service runs: it goes on after a board, until it is told to stop.
vb=$BUILD/tests/virtual-board
if [ -x "$vb" ]; then
	tests/virtual/mkfolder.sh recovery5 "$T/boot"
	mkdir "$T/state"
	cat >"$T/station" <<'END'
cd "$1"
: >events
"$2" -l --json -q -d boot -j state >>events &
pid=$!
until grep -q '"event":"result"' events; do
	sleep 0.2
done
kill -TERM $pid
wait $pid
END
	run "$vb" --quiet --limit 600 --folder "$T/boot" tests/virtual/boards/cm5-recovery.board -- sh "$T/station" "$T" "$OUT/rpiboot"
	is 'a station serves, goes on, and ends when it is told to: status' "$status $err" '130 '
	is 'the board did well' "$(grep -c '"event":"result",.*"success":true' "$T/events")" 1
	ok 'its metadata is there' grep -q '"EEPROM_UPDATE": "success"' "$T/state/4e5f6071.json"
	ok 'its status is none of a failure' grep -q '^SuccessExitStatus=130 SIGUSR1$' 'systemd/rpiboot@.service'

	# A drain while a board is being served and its program runs: both are finished. What the unit sends, and how it ends.
	signal=$(sed -n 's/^KillSignal=SIG//p' 'systemd/rpiboot@.service')
	# shellcheck disable=SC2016 # the program expands it
	printf '#!/bin/sh\nsleep 0.5\necho "$RPIBOOT_RESULT" >"%s/program"\n' "$T" >"$T/program.sh"
	chmod +x "$T/program.sh"
	run "$vb" --quiet --limit 600 --folder "$T/boot" --signal "$signal@data:pieeprom.bin" "tests/virtual/boards/cm5-recovery.board;speed 4000000" \
		"tests/virtual/boards/cm5-recovery.board;path 1-2;serial 8a1b2c3d4e5f6072;arrive 59000;bystander" -- \
		"$OUT/rpiboot" -l --json -q -d "$T/boot" -j "$T/state" --exec "$T/program.sh"
	printf '%s\n' "$out" >"$T/events"
	is 'drained: status' "$status$err" 0
	is 'drained: the board was finished' "$(grep -c '"event":"result",.*"success":true' "$T/events")" 1
	is 'drained: its program, too' "$(cat "$T/program")" ok
	is 'drained: is said' "$(grep -c '"text":"draining: no further board begins, 1 being served"' "$T/events")" 1
	ok 'a reload is a drain' grep -q "^ExecReload=.*kill -$signal " 'systemd/rpiboot@.service'
	ok 'programs of --exec do not get the signal' grep -q '^KillMode=mixed$' 'systemd/rpiboot@.service'
else
	skip 'a station' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi

if ! command -v systemd-analyze >/dev/null; then
	skip_all 'the service' 'systemd-analyze is missing (Debian: systemd)'
fi
mkdir "$T/units"
sed "s|^ExecStart=/usr/bin/rpiboot |ExecStart=$OUT/rpiboot |; /^Documentation=/d" 'systemd/rpiboot@.service' >"$T/units/rpiboot@.service"
ok 'it calls rpiboot' grep -q "^ExecStart=$OUT/rpiboot -l --json -q -d" "$T/units/rpiboot@.service"
run systemd-analyze verify "$T/units/rpiboot@.service"
is 'verify: status, no complaint' "$status $out$err" '0 '
# shellcheck disable=SC2046 # words
run "$OUT/rpiboot" $(sed -n 's/ [$]OPTIONS//; s/[$][{][A-Z_]*[}]/x/g; s/^ExecStart=[^ ]* //p' 'systemd/rpiboot@.service') --help
is 'its options exist' "$status" 0
run systemd-analyze security --offline=true --threshold=15 "$T/units/rpiboot@.service"
case $err in
*unrecognized* | *"Unknown"*) skip 'exposure' 'this systemd-analyze cannot tell it without a running systemd' ;;
*) is 'exposure is 1.5 at the most' "$status" 0 ;;
esac
tap_end
