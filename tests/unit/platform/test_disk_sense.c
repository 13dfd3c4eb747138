/* SPDX-License-Identifier: Apache-2.0 */
/* Sense data of SPC-4, 4.5. */
#include "platform/plat_disk.h"

#include "tap.h"

#include <string.h>

static int fixed(uint8_t key, uint8_t code, uint8_t qualifier)
{
	const uint8_t sense[18] = {
		[0] = 0x70, [2] = key, [7] = 10, [12] = code, [13] = qualifier
	};
	return plat_disk_sense_error(sense, sizeof sense);
}

static int described(uint8_t key, uint8_t code, uint8_t qualifier)
{
	const uint8_t sense[18] = { [0] = 0x72, [1] = key, [2] = code, [3] = qualifier };
	return plat_disk_sense_error(sense, sizeof sense);
}

static void an_unknown_command(void)
{
	CHECK_INT(fixed(0x05, 0x20, 0), EOPNOTSUPP);
	CHECK_INT(described(0x05, 0x20, 0), EOPNOTSUPP);
}

static void everything_else_is_an_error(void)
{
	CHECK_INT(fixed(0x03, 0x0c, 0), EIO);     /* MEDIUM ERROR, WRITE ERROR */
	CHECK_INT(fixed(0x05, 0x24, 0), EIO);     /* INVALID FIELD IN CDB */
	CHECK_INT(fixed(0x02, 0x20, 0), EIO);     /* NOT READY */
	CHECK_INT(described(0x04, 0x44, 0), EIO); /* HARDWARE ERROR, INTERNAL TARGET FAILURE */
}

static void no_sense_data(void)
{
	static const uint8_t zeros[18], vendor[18] = { [0] = 0x7f, [1] = 5, [2] = 0x20 };
	CHECK_INT(plat_disk_sense_error(zeros, sizeof zeros), EIO);
	CHECK_INT(plat_disk_sense_error(vendor, sizeof vendor), EIO);
	CHECK_INT(plat_disk_sense_error(zeros, 0), EIO);
	static const uint8_t cut[8] = { [0] = 0x72, [1] = 5, [2] = 0x20 };
	CHECK_INT(plat_disk_sense_error(cut, sizeof cut), EOPNOTSUPP);
}

int main(void)
{
	RUN(an_unknown_command);
	RUN(everything_else_is_an_error);
	RUN(no_sense_data);
	return tap_end();
}
