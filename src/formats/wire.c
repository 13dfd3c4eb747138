/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/wire.h"

#include "base/bytes.h"

#include <stdbool.h>
#include <string.h>

void wire_boot_message(uint8_t to[WIRE_BOOT_MESSAGE], uint32_t length,
                       const uint8_t signature[WIRE_SIGNATURE])
{
	put_le32(to, length);
	if (signature)
		memcpy(to + 4, signature, WIRE_SIGNATURE);
	else
		memset(to + 4, 0, WIRE_SIGNATURE);
}

enum wire_result wire_request(const uint8_t *bytes, size_t n, struct wire_request *out)
{
	if (n != WIRE_REQUEST)
		return WIRE_WRONG_LENGTH;
	uint32_t command = get_le32(bytes);
	if (command > WIRE_DONE)
		return WIRE_UNKNOWN_COMMAND;
	out->command = (enum wire_command)command;
	memcpy(out->name, bytes + 4, WIRE_NAME);
	out->name[WIRE_NAME - 1] = 0;
	bool metadata = *out->name == '*'; /* its values are any text, also not ASCII */
	for (const char *c = out->name; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f ||
		    (!metadata && (unsigned char)*c > 0x7e))
			return WIRE_BAD_NAME;
	if (!*out->name)
		return WIRE_EMPTY_NAME;
	return WIRE_OK;
}

const char *wire_command_name(enum wire_command command)
{
	static const char *const names[] = { "GetFileSize", "ReadFile", "Done" };
	return names[command];
}

uint16_t wire_low(uint32_t length)
{
	return (uint16_t)(length & 0xffff);
}

uint16_t wire_high(uint32_t length)
{
	return (uint16_t)(length >> 16);
}
