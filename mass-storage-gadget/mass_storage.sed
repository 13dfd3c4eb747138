# SPDX-License-Identifier: Apache-2.0
# What the gadget's kernel has different in f_mass_storage.c and storage_common.c (drivers/usb/gadget/function). `build`
# stops when one of the lines is not found.

# START STOP UNIT with LoEj writes the disk's data back before it lets go of the disk, and fails if that fails: a host's
# eject ends when everything is on the medium.
/^static int do_start_stop(/,/^}/s/^\tup_read(&common->filesem);$/\tif (fsg_lun_fsync_sub(curlun)) {\n\t\tcurlun->sense_data = SS_WRITE_ERROR;\n\t\treturn -EINVAL;\n\t}\n&/

# The kernel reports lost data once for each open file. Hosts repeat a SYNCHRONIZE CACHE that failed (Linux does after a
# medium or hardware error), the second one succeeds, and nobody is informed; what fails at PREVENT ALLOW MEDIUM REMOVAL is
# not reported at all. So lost data are reported again at each flush, until the LUN gets a disk again.
/^int fsg_lun_fsync_sub(/,/^}/s/^\treturn vfs_fsync(filp, 1);$/\tif (!vfs_fsync(filp, 1))\n\t\treturn 0;\n\tfilp->f_wb_err = 0;\n\treturn -EIO;/
