# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# bash completion for the tools that come with rpiboot: the options that a tool's own --help lists, else files.
# shellcheck disable=SC2207 # words are split at line ends only; bash 3.2 has no mapfile
_rpiboot_tool()
{
	local IFS=$'\n'
	COMPREPLY=()
	[[ $2 == -* ]] || return 0
	COMPREPLY=($(compgen -W "$("$1" --help 2>/dev/null | sed -n 's/^ \{1,\}-/-/p' | sed 's/  .*//' |
		grep -o -e '--*[a-zA-Z][a-z-]*')" -- "$2"))
}
complete -o bashdefault -o default -F _rpiboot_tool rpi-fetch-firmware rpi-make-boot-image make-boot-image rpi-sign-boot-folder \
	make-pi4-rpiboot-gpio-sd update-pieeprom update-pieeprom.sh rpi-eeprom-config rpi-eeprom-digest rpi-sign-bootcode \
	rpi-bootloader-key-convert
