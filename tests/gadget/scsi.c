/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the test guest's busybox has no program for:
 *   scsi inquiry DISK        prints vendor, product and revision as they came, in [ ]
 *   scsi eject DISK          unlocks the disk and ejects its medium, as a host's desktop does
 *   scsi write-eject DISK    unlocks it, writes 64 KiB of 'e' at its start with no flush whatever, ejects; then prints
 *                            "ejected"
 */
#include <fcntl.h>
#include <scsi/sg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define BLOCKS 128 /* of 512 bytes */

static unsigned char data[BLOCKS * 512];

/* Sends a command; DIRECTION is SG_DXFER_*. Nonzero: refused, or not sent. */
static int scsi_command(int fd, const unsigned char *command, size_t length, int direction,
                        size_t bytes)
{
	unsigned char sense[32], copy[16];
	memcpy(copy, command, length);
	struct sg_io_hdr io = {
		.interface_id = 'S',
		.dxfer_direction = direction,
		.cmd_len = (unsigned char)length,
		.mx_sb_len = sizeof sense,
		.dxfer_len = (unsigned)bytes,
		.dxferp = data,
		.cmdp = copy,
		.sbp = sense,
		.timeout = 120000,
	};
	if (ioctl(fd, SG_IO, &io) != 0) {
		perror("SG_IO");
		return 1;
	}
	return io.status || io.host_status || io.driver_status;
}

static int scsi_inquiry(int fd)
{
	static const unsigned char inquiry[] = { 0x12, 0, 0, 0, 36, 0 };
	if (scsi_command(fd, inquiry, sizeof inquiry, SG_DXFER_FROM_DEV, 36) != 0)
		return 1;
	printf("[%.28s]\n", data + 8);
	return 0;
}

static int scsi_allow_removal(int fd)
{
	static const unsigned char allow[] = { 0x1e, 0, 0, 0, 0, 0 };
	return scsi_command(fd, allow, sizeof allow, SG_DXFER_NONE, 0);
}

static int scsi_eject(int fd)
{
	static const unsigned char eject[] = { 0x1b, 0, 0, 0, 2, 0 };
	return scsi_command(fd, eject, sizeof eject, SG_DXFER_NONE, 0);
}

static int scsi_write_eject(int fd)
{
	static const unsigned char write[] = { 0x2a, 0, 0, 0, 0, 0, 0, 0, BLOCKS, 0 };
	memset(data, 'e', sizeof data);
	if (scsi_allow_removal(fd) != 0 ||
	    scsi_command(fd, write, sizeof write, SG_DXFER_TO_DEV, sizeof data) != 0 ||
	    scsi_eject(fd) != 0)
		return 1;
	puts("ejected");
	return 0;
}

int main(int argc, char **argv)
{
	int fd = argc == 3 ? open(argv[2], O_RDWR | O_NONBLOCK) : -1;
	if (fd < 0) {
		fprintf(stderr,
		        "usage: scsi inquiry|eject|write-eject DISK (or there is no DISK)\n");
		return 2;
	}
	if (strcmp(argv[1], "inquiry") == 0)
		return scsi_inquiry(fd);
	if (strcmp(argv[1], "eject") == 0)
		return scsi_allow_removal(fd) || scsi_eject(fd);
	if (strcmp(argv[1], "write-eject") == 0)
		return scsi_write_eject(fd);
	return 2;
}
