# SPDX-License-Identifier: Apache-2.0
# drivers.awk STRINGS TREE.dts: STRINGS are the kernel's compatible strings, a line each, TREE.dts is dtc's text of a
# device tree. Prints the path and the compatible strings of each node that a disk, the USB device controller, the LED or
# the console needs, directly or through others, and that no driver knows.

FNR == NR { known[$0] = 1; next }

# --- the tree: property[path, name] as dtc prints it
/\{$/ {
	name = $1
	path = depth == 0 ? "" : path "/" name
	stack[++depth] = path
	nodes[++count] = path
	next
}
/^[ \t]*\};/ { path = stack[--depth]; next }
/;$/ && depth > 0 {
	line = $0
	sub(/^[ \t]*/, "", line)
	sub(/;$/, "", line)
	value = ""
	name = line
	if (i = index(line, " = ")) {
		name = substr(line, 1, i - 1)
		value = substr(line, i + 3)
	}
	property[path, name] = value
	names[path] = names[path] " " name
}

function number(text,    i, digit, n) {
	text = tolower(text)
	sub(/^0x/, "", text)
	for (i = 1; i <= length(text); i++)
		n = n * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
	return n + 0
}

function cells(path, name,    text) {
	text = property[path, name]
	gsub(/[<>]/, "", text)
	return text
}

function enabled(path) {
	for (; path != ""; sub(/\/[^\/]*$/, "", path))
		if (property[path, "status"] == "\"disabled\"")
			return 0
	return 1
}

# need NODE: it, what it is in, and what it refers to
function need(path,    list, i, n, parent) {
	if (path in needed || !(enabled(path)))
		return
	needed[path] = 1
	parent = path
	if (sub(/\/[^\/]*$/, "", parent) && parent != "")
		need(parent)
	for (parent = path; parent != ""; sub(/\/[^\/]*$/, "", parent))
		if ((parent, "interrupt-parent") in property)
			break
	if ((path, "interrupts") in property && (parent, "interrupt-parent") in property)
		need_phandle(number(cells(parent, "interrupt-parent")))
	n = split(names[path], list, " ")
	for (i = 1; i <= n; i++)
		refer(path, list[i])
}

function need_phandle(n) {
	if (n in by_phandle)
		need(by_phandle[n])
	return n in by_phandle ? by_phandle[n] : ""
}

# refer PATH NAME: follows phandles, each with as many cells behind it as its target says
function refer(path, name,    list, i, n, target, kind) {
	kind = ""
	if (name ~ /^(clocks|resets|power-domains|dmas|phys|mboxes)$/) {
		kind = name
		sub(/^mboxes$/, "mbox", kind)
		sub(/s$/, "", kind)
		kind = "#" kind "-cells"
	} else if (name ~ /^gpios?$|-gpios?$/ && !((path, "gpio-hog") in property))
		kind = "#gpio-cells"
	else if (name == "interrupts-extended" || name == "msi-ranges")
		kind = "#interrupt-cells"
	else if (name !~ /^pinctrl-[0-9]+$|-supply$|^(msi-parent|mmc-pwrseq|firmware|i2c-parent)$/)
		return
	n = split(cells(path, name), list, " ")
	for (i = 1; i <= n; i++) {
		target = need_phandle(number(list[i]))
		if (kind != "" && target != "")
			i += number(cells(target, kind))
		if (name == "msi-ranges")
			i++
	}
}

function compatible(path,    text) {
	text = property[path, "compatible"]
	gsub(/"/, "", text)
	gsub(/, |\\0/, " ", text)
	return text
}

function has_driver(path,    list, i, n) {
	n = split(compatible(path), list, " ")
	for (i = 1; i <= n; i++)
		if (list[i] in known)
			return 1
	# a PCI device is found by its ids
	return n == 0 || list[1] ~ /^pci[0-9a-f]+,/
}

END {
	for (i = 1; i <= count; i++)
		if ((nodes[i], "phandle") in property)
			by_phandle[number(cells(nodes[i], "phandle"))] = nodes[i]
	for (i = 1; i <= count; i++)
		if (nodes[i] ~ /\/(mmc|usb)@[^\/]*$/ || compatible(nodes[i]) ~ /pcie|gpio-leds|pl011|aux-uart/)
			need(nodes[i])
	for (i = 1; i <= count; i++) {
		if (!(nodes[i] in needed) || nodes[i] == "")
			continue
		total++
		if (!has_driver(nodes[i]))
			print nodes[i] ": " compatible(nodes[i])
	}
	print total " nodes"
}
