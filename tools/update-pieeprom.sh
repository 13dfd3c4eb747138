#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the EEPROM image that recovery flashes: puts boot.conf into the original image, signs what is to be signed and
# writes the .sig beside it. Works in the current folder.
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tools/lib/tool.sh
. "$here/lib/tool.sh"

usage() {
	cat <<END
Usage: $program [OPTION...]
Puts a boot loader configuration into an EEPROM image; run it in a recovery folder.

  -c FILE     configuration (boot.conf)
  -i FILE     source image (pieeprom.original.bin)
  -o FILE     image to write (pieeprom.bin); its .sig is written beside it
  -k KEY      sign the configuration with this private RSA-2048 key (PEM file or pkcs11: URI)
  -p KEY      public key to put into the image (default: the public part of the -k file)
  -H WRAPPER  sign by calling "WRAPPER -a rsa2048-sha256 FILE"; needs -p
  -f          counter-sign the firmware inside the image (BCM2712 only; also SIGN_FIRMWARE=1):
              recovery.original.bin becomes bootcode5.bin, pieeprom.signed_boot.bin is left for inspection
  -r          with -f: counter-sign bootcode5.bin too (boards whose OTP already holds the key hash start no other)
  -h, --help  this text

SOURCE_DATE_EPOCH sets the time written to the .sig files.
Status: 0 written, 1 bad input or a failed step (no image is left), 2 wrong arguments.
END
}

config=boot.conf source=pieeprom.original.bin output=pieeprom.bin
key='' public='' wrapper='' sign_recovery=''
sign_firmware=$([ "${SIGN_FIRMWARE-}" = 1 ] && echo yes) || sign_firmware=

parse() {
	[ "${1-}" != --help ] || { usage; exit 0; }
	while getopts :c:i:o:k:p:H:frh option; do
		case $option in
		c) config=$OPTARG ;;
		i) source=$OPTARG ;;
		o) output=$OPTARG ;;
		k) key=$OPTARG ;;
		p) public=$OPTARG ;;
		H) wrapper=$OPTARG ;;
		f) sign_firmware=yes ;;
		r) sign_recovery=yes ;;
		h) usage; exit 0 ;;
		:) usage_error "option -$OPTARG needs an argument" ;;
		*) usage_error "unknown option -$OPTARG" ;;
		esac
	done
	shift $((OPTIND - 1))
	[ $# -eq 0 ] || usage_error "unexpected argument: $1"
	for file in "$config" "$source" "$output"; do
		[ -n "$file" ] || usage_error "a file name is empty"
	done
	[ -z "$sign_recovery" ] || [ -n "$sign_firmware" ] || usage_error "-r needs -f"
	config=$(not_option "$config") source=$(not_option "$source") output=$(not_option "$output")
	key=$(not_option "$key") public=$(not_option "$public")
}

# The names must be told apart before anything is removed: an input given as the output would be lost.
check_names() {
	case $output in
	*/) usage_error "$output is a folder" ;;
	esac
	signature=$(printf '%s\n' "$output" | sed 's|\.[^./]*$||').sig
	for file in "$source" "$config" "$key" "$public"; do
		for product in "$output" "$signature" ${sign_firmware:+bootcode5.bin pieeprom.signed_boot.bin}; do
			[ -z "$file" ] || ! same_file "$file" "$product" || usage_error "$file would be overwritten by the result"
		done
	done
	! same_file "$output" "$signature" || usage_error "the image cannot be named like its signature: $output"
}

check_inputs() {
	[ -f "$source" ] || die "source image $source not found"
	[ -f "$config" ] || die "configuration $config not found"
	if [ -n "$wrapper" ]; then
		command -v "$wrapper" >/dev/null || die "HSM wrapper $wrapper not found"
		[ -n "$public" ] || die "Public key (-p public.pem) must be specified in HSM mode"
	elif [ -n "$key" ]; then
		case $key in
		pkcs11:*) [ -n "$public" ] || die "a pkcs11 key needs its public key (-p public.pem)" ;;
		*) [ -f "$key" ] || die "key file $key not found" ;;
		esac
		: "${public:=$key}"
	elif [ -n "$public" ]; then
		die "a public key alone signs nothing: give -k or -H too"
	fi
	[ -z "$public" ] || [ -f "$public" ] || die "public key $public not found"
	[ -z "$sign_firmware" ] || [ -n "$key$wrapper" ] || die "-f needs a key: give -k, or -H with -p"
}

# counter_sign IN OUT: adds the customer's trailer (key number 16, version 0)
counter_sign() {
	if [ -n "$wrapper" ]; then
		set -- "$@" -H "$wrapper" -p "$public"
	else
		set -- "$@" -k "$key"
	fi
	counter_in=$1 counter_out=$2
	shift 2
	"$sign_tool" -c 2712 -n 16 -v 0 -i "$counter_in" -o "$counter_out" "$@" || die "cannot counter-sign $counter_in"
}

sign_recovery_image() {
	if [ -n "$sign_recovery" ] && [ ! -f recovery.original.bin ]; then
		warn "recovery.original.bin not found: bootcode5.bin was not signed"
	elif [ ! -f recovery.original.bin ]; then
		die "recovery.original.bin not found"
	elif [ -n "$sign_recovery" ]; then
		counter_sign recovery.original.bin "$scratch/bootcode5.bin"
	else
		cp recovery.original.bin "$scratch/bootcode5.bin"
	fi
}

# Counter-signs the boot code inside the image; the result becomes the source.
sign_image_firmware() {
	size=$(wc -c <"$source")
	[ "$size" -eq 2097152 ] || die "$source is not a BCM2712 image ($size bytes): only those can be counter-signed"
	mkdir "$scratch/parts"
	image=$(absolute "$source")
	(cd "$scratch/parts" && "$config_tool" -x "$image") || die "cannot unpack $source"
	counter_sign "$scratch/parts/bootcode.bin" "$scratch/bootcode.signed"
	set -- --bootcode "$scratch/bootcode.signed"
	if [ -f "$scratch/parts/bootsys" ]; then
		counter_sign "$scratch/parts/bootsys" "$scratch/bootsys.signed"
		set -- "$@" --bootsys "$scratch/bootsys.signed"
	fi
	"$config_tool" "$@" --out "$scratch/pieeprom.signed_boot.bin" "$image" || die "cannot put the signed firmware into $source"
	source=$scratch/pieeprom.signed_boot.bin
}

# Boot loaders from before this time ignore signatures.
oldest_with_secure_boot=1632136573

check_secure_boot() {
	built=$(LC_ALL=C grep -a -o 'BUILD_TIMESTAMP=[0-9]\{1,10\}' "$source" | head -n 1)
	built=${built#BUILD_TIMESTAMP=}
	[ -n "$built" ] || die "$shown_source carries no BUILD_TIMESTAMP: it cannot be told whether it supports secure-boot"
	[ "$built" -ge $oldest_with_secure_boot ] ||
		die "Source bootloader image $shown_source does not support secure-boot. Please use a newer version."
}

sign_config() {
	if [ -n "$wrapper" ]; then
		set -- -H "$wrapper" -k "$public"
	else
		set -- -k "$key"
	fi
	"$digest_tool" "$@" -i "$config" -o "$scratch/bootconf.sig" || die "cannot sign $config"
	"$digest_tool" -v "$scratch/bootconf.sig" -i "$config" -k "$public" >"$scratch/verified" ||
		die "the signature of $config does not fit the public key $public"
	cat "$scratch/bootconf.sig"
}

# The current folder may lie on another file system than the output: first into it, then to the name.
publish() {
	not_interrupted
	for file in bootcode5.bin pieeprom.signed_boot.bin; do
		[ -f "$scratch/$file" ] || continue
		if ! mv -f "$scratch/$file" "$file.new" || ! mv -f "$file.new" "$file"; then
			rm -f "$file.new"
			die "cannot write $file"
		fi
	done
	if ! mv -f "$scratch/out.sig" "$signature" || ! mv -f "$scratch/out.bin" "$output"; then
		rm -f "$signature"
		die "cannot write $output"
	fi
}

parse "$@"
check_names
# A pair from an earlier run must never be flashed by mistake, so it goes before anything can fail.
rm -f "$output" "$signature" ${sign_firmware:+pieeprom.signed_boot.bin} || die "cannot remove the old $output"
check_epoch
check_inputs
config_tool=$(tool rpi-eeprom-config)
digest_tool=$(tool rpi-eeprom-digest)
sign_tool=$(tool rpi-sign-bootcode)
make_scratch "$(dirname "$output")"
shown_source=$source

if [ -n "$sign_firmware" ]; then
	sign_recovery_image
	sign_image_firmware
fi
set --
if [ -n "$key$wrapper" ]; then
	check_secure_boot
	sign_config
	set -- -d "$scratch/bootconf.sig" -p "$public"
fi
"$config_tool" --config "$config" "$@" --out "$scratch/out.bin" "$source" || die "cannot put $config into $shown_source"
"$digest_tool" -i "$scratch/out.bin" -o "$scratch/out.sig" || die "cannot write $signature"
publish
printf 'new-image: %s\nsource-image: %s\nconfig: %s\n' "$output" "$shown_source" "$config"
