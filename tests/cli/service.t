#!/bin/sh
# The station service: systemd accepts the unit, and it stays as closed as it is.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
if ! command -v systemd-analyze >/dev/null; then
	skip 'the service' 'systemd-analyze is missing (Debian: systemd)'
	tap_end
	exit
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
