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
		{ "cm0", "BCM2837" },
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

/* The chips whose boards pass this filter in config.txt, each with a blank behind it. "!": all boards with the chip do. */
static const char *passing(const char *filter)
{
	static char chips[64];
	*chips = 0;
	for (size_t i = 0; i < chip_count; i++)
		for (const struct chip_model *m = chip_table[i].models; m->filter; m++)
			if (strcmp(m->filter, filter) == 0)
				strcat(strcat(chips, chip_table[i].name), m->all ? "! " : " ");
	return chips;
}

/* Raspberry Pi's documentation, config.txt, "Model filters". Zero 2 W sees [pi0w] and [pi0] as well, CM0 what Zero 2 W sees. */
static void model_filters(void)
{
	static const struct {
		const char *filter, *chips;
	} table[] = {
		{ "pi1", "BCM2835 " },          { "pi2", "BCM2837 " },
		{ "pi3", "BCM2837 " },          { "pi3+", "BCM2837 " },
		{ "pi4", "BCM2711! " },         { "pi5", "BCM2712! " },
		{ "pi400", "BCM2711 " },        { "pi500", "BCM2712 " },
		{ "cm0", "BCM2837 " },          { "cm1", "BCM2835 " },
		{ "cm3", "BCM2837 " },          { "cm3+", "BCM2837 " },
		{ "cm4", "BCM2711 " },          { "cm4s", "BCM2711 " },
		{ "cm5", "BCM2712 " },          { "pi0", "BCM2835 BCM2837 " },
		{ "pi0w", "BCM2835 BCM2837 " }, { "pi02", "BCM2837 " },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		CHECK_STR(passing(table[i].filter), table[i].chips);
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
	RUN(model_filters);
	RUN(second_stages_without_case);
	return tap_end();
}
