# shellcheck shell=bash
# bash completion for rpiboot. Paths and serials of boards are not looked up: that would open every board.
# shellcheck disable=SC2207 # words are split at line ends only; macOS' bash has no mapfile
_rpiboot()
{
	local word=$2 before=$3 IFS=$'\n'
	# "--name=value" comes as three words, unless = is no word break
	[[ $word != '=' ]] || word=
	[[ $before != '=' || $COMP_CWORD -lt 2 ]] || before=${COMP_WORDS[COMP_CWORD - 2]}
	[[ ${COMP_WORDS[COMP_CWORD]} != '=' ]] || before=${COMP_WORDS[COMP_CWORD - 1]}
	COMPREPLY=()
	case $before in
	-d | --directory | -j | --metadata)
		compopt -o filenames 2>/dev/null
		COMPREPLY=($(compgen -d -- "$word"))
		[[ $before != -j && $before != --metadata || $word != -* ]] || before=
		;;
	--exec)
		compopt -o filenames 2>/dev/null
		COMPREPLY=($(compgen -f -c -- "$word"))
		;;
	--chip)
		COMPREPLY=($(compgen -W $'2763\n2764\n2711\n2712' -- "$word"))
		;;
	--progress)
		COMPREPLY=($(compgen -W $'auto\nalways\nnever' -- "$word"))
		;;
	-n | --count | -p | --path | -i | --serial | --port | -t | --timeout | --next-timeout | -m | --poll)
		;;
	*)
		before=
		;;
	esac
	[[ -z $before ]] || return 0
	local options='
-d --directory
-l --loop
-n --count
-p --path
-i --serial
--port
-o --overlay
-j --metadata
-s --signed
-t --timeout
--next-timeout
--again
--wait-disk
--exec
--list
--json
--udev
--check
--chip
-m --poll
--progress
-q --quiet
-v --verbose
-vv
-V --version
-h --help'
	COMPREPLY+=($(compgen -W "${options// /$'\n'}" -- "$word"))
}
complete -F _rpiboot rpiboot
