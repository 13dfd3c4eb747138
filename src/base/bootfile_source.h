/* SPDX-License-Identifier: Apache-2.0 */
/* Where a boot file was found (bootdir/bootfiles.h). */
#ifndef BOOTFILE_SOURCE_H
#define BOOTFILE_SOURCE_H

enum bootfile_source {
	SOURCE_DIRECTORY,
	SOURCE_OVERLAY,
	SOURCE_ARCHIVE_OVERLAY,
	SOURCE_ARCHIVE,
	SOURCE_EMBEDDED
};

#endif
