#include "preflight.h"

#include "secondstage.h"

/* One chip. *FIT: its second stage is there. */
static enum err look(const struct bootfiles_places *places, const struct chip *chip, bool sign,
                     struct report *report, bool *fit)
{
	struct bootfiles files;
	struct bootfile file;
	uint8_t signature[WIRE_SIGNATURE];
	*fit = false;
	enum err err = bootfiles_open(&files, places, chip, NULL);
	if (err) {
		report_error(report, NULL, err, "%s",
		             files.problem ? files.problem : places->folder);
		goto out;
	}
	enum bootfile_answer answer = bootfiles_find_own(&files, chip->second_stage, &file);
	*fit = answer == BOOTFILE_FOUND || answer == BOOTFILE_FAILED;
	bootfile_close(&file);
	if (*fit && sign && chip->signed_message) {
		err = secondstage_signature(&files, signature);
		if (err)
			report_error(report, NULL, err, "Unable to open 'bootcode.sig' from %s",
			             files.folder);
	}
out:
	bootfiles_close(&files);
	return err;
}

enum err preflight_folder(const struct bootfiles_places *places, bool sign, struct report *report)
{
	if (!places->folder)
		return OK;
	bool any = false;
	for (size_t i = 0; i < chip_count; i++) {
		bool fit;
		enum err err = look(places, &chip_table[i], sign, report, &fit);
		if (err)
			return err;
		any = any || fit;
	}
	if (any)
		return OK;
	return report_error(report, NULL, ERR_NO_SECOND_STAGE, "No 'bootcode' files found in '%s'",
	                    places->folder);
}
