/* SPDX-License-Identifier: Apache-2.0 */
/* The tools as functions: each is the main of the program of its name, and several can be linked into one program. They
 * return the exit status. The arguments are plat_begin's; the function leaves nothing behind that a second call would see. */
#ifndef TOOLS_H
#define TOOLS_H

int tool_rpi_bootloader_key_convert_main(int argc, char **argv);
int tool_rpi_eeprom_config_main(int argc, char **argv);
int tool_rpi_eeprom_digest_main(int argc, char **argv);
int tool_rpi_sign_bootcode_main(int argc, char **argv);
int tool_update_pieeprom_main(int argc, char **argv);

#endif
