# SPDX-License-Identifier: Apache-2.0
# Prints the commands of Markdown files as "FILE: COMMAND": the lines of ```sh blocks, and lines after a prompt ("$ " or
# "# ") in other blocks, without what follows two blanks and a #.
FNR == 1 { inside = 0 }
/^[ \t]*```/ {
	inside = !inside
	shell = inside && $0 ~ /```sh$/
	next
}
{
	line = $0
	sub(/^[ \t]+/, "", line)
	if (shell && line != "" && line !~ /^#/)
		;
	else if (!shell && (inside || /^    /) && line ~ /^[$#] /)
		line = substr(line, 3)
	else
		next
	sub(/  +#.*/, "", line)
	print FILENAME ": " line
}
