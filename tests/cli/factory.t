#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What docs/factory.md says of labels, MQTT and Grafana, as it stands there, with events of virtual boards; and the playbook
# of docs/fleet.md as far as it can be checked without a station. docs.t runs the lines for jq.
# shellcheck disable=SC1091,SC2154,SC2016 # tap.sh is found at run time; run sets status, out and err; awk, sed and sh expand
set -u
. "$(dirname "$0")/../tap.sh"
PATH=$PATH:/usr/sbin:/sbin
page=docs/factory.md

# --- labels, MQTT
vb=$BUILD/tests/virtual-board
# block WORDS: the first code block of the page behind a line with these words
block() {
	awk -v words="$1" 'index($0, words) { found = 1 } /^```/ && found { if (inside) exit; inside = 1; next } inside' "$page"
}

events() {
	tests/virtual/mkfolder.sh gadget "$T/boot"
	mkdir "$T/bin"
	printf '#!/bin/sh\necho "$*"\ncat\n' >"$T/bin/lp"
	block 'A label for each good board' >"$T/label"
	chmod +x "$T/bin/lp" "$T/label"
	printf '1-1.2 rack 1, socket 3\n' >"$T/names"
	run env PATH="$T/bin:$PATH" "$vb" --quiet --limit 600 --folder "$T/boot" "tests/virtual/boards/cm4-gadget.board;path 1-1.2" \
		"tests/virtual/boards/cm4-gadget.board;path 1-1.3;serial 10000000abcdef99;status 5" -- \
		"$OUT/rpiboot" --json -n 2 -d "$T/boot" --names "$T/names" --exec "$T/label"
	printf '%s\n' "$out" >"$T/events"
	printf '%s\n' "$err" >"$T/text"
}

broker() {
	port=$((20000 + $$ % 20000))
	printf '%s\n' "listener $port 127.0.0.1" 'allow_anonymous true' 'queue_qos0_messages true' 'max_queued_messages 0' >"$T/mosquitto.conf"
	mosquitto -c "$T/mosquitto.conf" >"$T/mosquitto.log" 2>&1 &
	broker=$!
	trap 'kill $broker' EXIT
	# subscribes, and leaves: the broker keeps what comes meanwhile
	until mosquitto_sub -p "$port" -i line -c -q 1 -E -t 'stations/+' 2>/dev/null; do
		kill -0 $broker 2>/dev/null || return 1
		sleep 0.2
	done
}

if [ -x "$vb" ]; then
	events
	is 'a label for the good board, none for the other' "$(grep -A 2 '^-d labels$' "$T/text")" '-d labels
10000000b29d2da0
rack 1, socket 3'
	publish=$(sed -n 's/^    \$ rpiboot .* | \(mosquitto_pub .*\)/\1/p' "$page")
	if ! command -v mosquitto >/dev/null || ! command -v mosquitto_pub >/dev/null; then
		skip 'events by MQTT' 'mosquitto is missing (Debian: mosquitto mosquitto-clients)'
	elif broker; then
		ok 'the line for MQTT' sh -c "hostname() { uname -n; }; $(printf %s "$publish" | sed "s/-h broker\.example\.org/-p $port/") <'$T/events'"
		mosquitto_sub -p "$port" -i line -c -q 1 -C "$(grep -c '' "$T/events")" -F '%t %p' -t 'stations/+' >"$T/received"
		is 'each event arrives, as a message' "$(cat "$T/received")" "$(sed "s|^|stations/$(uname -n) |" "$T/events")"
		kill $broker
		trap - EXIT
	else
		is 'a broker' "$(cat "$T/mosquitto.log")" ''
	fi
else
	skip 'labels and MQTT' 'umockdev is not installed (Debian: umockdev libumockdev-dev)'
fi

# --- Grafana's panels: 60 boards an hour, 30 s each
if command -v promtool >/dev/null; then
	boards=$(block 'A first panel for Grafana')
	seconds=$(sed -n 's/^`\(rate(rpiboot_board_seconds_total.*\)`\.$/\1/p' "$page")
	cat >"$T/panels.yml" <<END
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: 'rpiboot_boards_total{instance="station1:9100", folder="/srv/boot", code="ok"}'
        values: '0+1x120'
      - series: 'rpiboot_board_seconds_total{instance="station1:9100", folder="/srv/boot"}'
        values: '0+30x120'
    promql_expr_test:
      - expr: '$boards'
        eval_time: 2h
        exp_samples:
          - labels: '{instance="station1:9100", code="ok"}'
            value: 60
      - expr: '$seconds'
        eval_time: 2h
        exp_samples:
          - labels: '{instance="station1:9100", folder="/srv/boot"}'
            value: 30
END
	ok 'the panel: an expression each' test -n "$boards" -a -n "$seconds"
	ok 'the panel shows boards an hour, and seconds a board' promtool test rules "$T/panels.yml"
else
	skip 'the panel' 'promtool is missing (Debian: prometheus)'
fi

# --- the playbook
for program in ansible-playbook ansible-lint; do
	command -v $program >/dev/null || {
		skip "the playbook: $program" "it is missing (Debian: ansible-core ansible-lint)"
		continue
	}
	cp -r packaging/ansible "$T/$program"
	case $program in
	ansible-playbook) ok 'the playbook: its syntax' env HOME="$T" ansible-playbook -i "$T/$program/inventory.example.yml" --syntax-check "$T/$program/stations.yml" ;;
	*)
		run env HOME="$T" sh -c 'cd "$1" && ansible-lint --offline --nocolor stations.yml' sh "$T/$program"
		is 'the playbook: ansible-lint' "$status$([ "$status" = 0 ] || printf '%s\n' "$out" "$err")" 0
		;;
	esac
done
tap_end
