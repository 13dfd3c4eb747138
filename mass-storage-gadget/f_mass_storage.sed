# SPDX-License-Identifier: Apache-2.0
# What the gadget's kernel has different in drivers/usb/gadget/function/f_mass_storage.c. `build` stops when a line does
# not fit.

# START STOP UNIT with LoEj writes the disk's data back before it lets go of the disk, and fails if that fails: a host's
# eject ends when everything is on the medium.
/^static int do_start_stop(/,/^}/s/^\tup_read(&common->filesem);$/\tif (fsg_lun_fsync_sub(curlun)) {\n\t\tcurlun->sense_data = 0x040300;\n\t\treturn -EINVAL;\n\t}\n&/

# A failed SYNCHRONIZE CACHE is a hardware error (4/03/00, write fault), not a medium error (3/0c/02). Linux hosts repeat
# the command after the latter; the kernel says only once that data were lost, so the second one succeeds, and nobody
# is informed.
/^static int do_synchronize_cache(/,/^}/s/SS_WRITE_ERROR/0x040300/
