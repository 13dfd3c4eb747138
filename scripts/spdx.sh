#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints an SPDX 2.3 document: rpiboot and the libraries that its static programs contain.
#   scripts/spdx.sh
# Environment: SOURCE_DATE_EPOCH (the last commit's, else 2024-01-01)
set -eu
cd "$(dirname "$0")/.."
version=$(cut -d ' ' -f 1 VERSION)
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || echo 1704067200)}"

# package NAME VERSION LICENCE [SHA256]
package() {
	printf '    {\n      "SPDXID": "SPDXRef-Package-%s",\n      "name": "%s",\n      "versionInfo": "%s",\n' "$1" "$1" "$2"
	[ -z "${4-}" ] || printf '      "checksums": [ { "algorithm": "SHA256", "checksumValue": "%s" } ],\n' "$4"
	printf '      "downloadLocation": "NOASSERTION",\n      "filesAnalyzed": false,\n      "licenseConcluded": "%s",\n' "$3"
	printf '      "licenseDeclared": "%s",\n      "copyrightText": "NOASSERTION"\n    }' "$3"
}

# contains NAME
contains() {
	printf ',\n    {\n      "spdxElementId": "SPDXRef-Package-rpiboot",\n      "relationshipType": "STATIC_LINK",\n'
	printf '      "relatedSpdxElement": "SPDXRef-Package-%s"\n    }' "$1"
}

source_package() { # NAME LICENCE: as in packaging/sources
	# shellcheck disable=SC2046 # words
	package "$1" $(awk -v name="$1" -v licence="$2" '$1 == name { print $2, licence, $5 }' packaging/sources)
}

cat <<END
{
  "spdxVersion": "SPDX-2.3",
  "dataLicense": "CC0-1.0",
  "SPDXID": "SPDXRef-DOCUMENT",
  "name": "rpiboot-$version",
  "documentNamespace": "https://example.org/spdx/rpiboot-$version-$SOURCE_DATE_EPOCH",
  "creationInfo": {
    "created": "$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)",
    "creators": [ "Organization: rpiboot developers" ]
  },
  "packages": [
END
package rpiboot "$version" Apache-2.0
printf ',\n'
source_package libusb LGPL-2.1-or-later
printf ',\n'
source_package openssl Apache-2.0
printf ',\n'
source_package zstd BSD-3-Clause
printf ',\n'
source_package xz LicenseRef-public-domain
printf ',\n'
source_package zlib Zlib
printf ',\n'
source_package bzip2 bzip2-1.0.6
printf ',\n'
package musl "$(cat build/deps/x86_64-linux-musl/musl/version 2>/dev/null || echo NOASSERTION)" MIT
printf '\n  ],\n  "hasExtractedLicensingInfos": [\n    {\n      "licenseId": "LicenseRef-public-domain",\n'
printf '      "extractedText": "liblzma is in the public domain."\n    }\n  ],\n  "relationships": [\n'
printf '    {\n      "spdxElementId": "SPDXRef-DOCUMENT",\n      "relationshipType": "DESCRIBES",\n      "relatedSpdxElement": "SPDXRef-Package-rpiboot"\n    }'
for name in libusb openssl zstd xz zlib bzip2 musl; do
	contains $name
done
printf '\n  ]\n}\n'
