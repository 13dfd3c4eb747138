/* SPDX-License-Identifier: Apache-2.0 */
#include "base/chip.h"

#include "tap.h"

#include <string.h>

static const char *name_of(const char *spelling)
{
	const struct chip *chip = chip_by_name(spelling);
	return chip ? chip->name : "none";
}

static void spellings(void)
{
	static const struct {
		const char *spelling, *name;
	} table[] = {
		{ "2763", "BCM2835" },    { "2708", "BCM2835" }, { "bcm2837", "BCM2837" },
		{ "0x2711", "BCM2711" },  { "cm4", "BCM2711" },  { "CM4S", "BCM2711" },
		{ "pi5", "BCM2712" },     { "cm5", "BCM2712" },  { "zero2w", "BCM2837" },
		{ "BCM2712", "BCM2712" }, { "cm1", "BCM2835" },  { "2713", "none" },
		{ "", "none" },           { "pi", "none" },      { "cm44", "none" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		CHECK_STR(name_of(table[i].spelling), table[i].name);
}

/* What must hold in every row, so that a new one cannot be half filled in. */
static void rows_are_complete(void)
{
	for (size_t i = 0; i < chip_count; i++) {
		const struct chip *chip = &chip_table[i];
		CHECK(chip_by_product(chip->product) == chip);
		CHECK(chip_is_second_stage(chip->second_stage));
		CHECK(chip->models[0].filter);
		CHECK(!chip->msd_start || chip->start_file);
		CHECK(!chip->eeprom_size ||
		      (chip->recovery && chip->recovery_signed && chip->parts[0]));
	}
}

/* File systems of Windows and macOS ignore case: BOOTCODE4.BIN opens bootcode4.bin there. */
static void second_stages_without_case(void)
{
	CHECK(chip_is_second_stage("BOOTCODE4.BIN"));
	CHECK(chip_is_second_stage("Bootcode.bin"));
	CHECK(!chip_is_second_stage("bootcode4.bin.sig"));
	CHECK(!chip_is_second_stage("bootcode3.bin"));
}

int main(void)
{
	RUN(spellings);
	RUN(rows_are_complete);
	RUN(second_stages_without_case);
	return tap_end();
}
