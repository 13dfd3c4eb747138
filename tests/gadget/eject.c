/* SPDX-License-Identifier: Apache-2.0 */
// For the test guest, whose busybox has no eject: unlocks a disk and ejects its medium, as a host's desktop does.
#include <fcntl.h>
#include <linux/cdrom.h>
#include <scsi/scsi_ioctl.h>
#include <stdio.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_NONBLOCK) : -1;
	if (fd < 0 || ioctl(fd, SCSI_IOCTL_DOORUNLOCK) != 0 || ioctl(fd, CDROMEJECT) != 0) {
		perror("eject");
		return 1;
	}
	return 0;
}
