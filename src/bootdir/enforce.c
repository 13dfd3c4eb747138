#include "bootdir/enforce.h"

#include "platform/plat.h"
#include "bootdir/findings.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* Something that was told. */
struct told {
	char *what;
	struct told *next;
};

struct gate {
	const struct bootfiles_places *places;
	bool sign;
	struct report *report;
	struct plat_monitor *monitor; /* for: */
	struct told *told;
};

struct gate *gate_new(const struct bootfiles_places *places, bool sign, struct report *report)
{
	struct gate *gate = calloc(1, sizeof *gate);
	if (!gate)
		return NULL;
	*gate = (struct gate){ .places = places, .sign = sign, .report = report };
	gate->monitor = plat_monitor_new();
	if (!gate->monitor) {
		free(gate);
		return NULL;
	}
	return gate;
}

void gate_free(struct gate *gate)
{
	if (!gate)
		return;
	while (gate->told) {
		struct told *t = gate->told;
		gate->told = t->next;
		free(t->what);
		free(t);
	}
	plat_monitor_free(gate->monitor);
	free(gate);
}

/* Whether WHERE: TEXT was not told yet; from now on it is. */
static bool is_new(struct gate *gate, const char *where, const char *text)
{
	struct told *t = malloc(sizeof *t);
	char *what = text_new("%s: %s", where, text);
	bool found = false;
	if (!t || !what) { /* then it is told twice */
		free(t);
		free(what);
		return true;
	}
	plat_enter(gate->monitor);
	for (const struct told *old = gate->told; old && !found; old = old->next)
		found = strcmp(old->what, what) == 0;
	if (!found) {
		*t = (struct told){ what, gate->told };
		gate->told = t;
	}
	plat_leave(gate->monitor);
	if (found) {
		free(t);
		free(what);
	}
	return !found;
}

/* The file of a finding with its folder, to be freed. */
static char *place(const struct gate *gate, const struct preflight *p,
                   const struct preflight_finding *f)
{
	const char *folder = gate->places->folder;
	for (size_t i = 0; i < chip_count; i++)
		if ((f->chips >> i & 1) && p->chips[i].folder)
			folder = p->chips[i].folder;
	char *file = folder && *f->file != '/' ? text_new("%s/%s", folder, f->file)
	                                       : text_new("%s", f->file);
	if (file && f->line) {
		char *line = text_new("%s:%u", file, f->line);
		free(file);
		return line;
	}
	return file;
}

static void warn(struct gate *gate, const struct preflight *p, const struct preflight_finding *f,
                 const struct board_facts *board)
{
	char *where = place(gate, p, f);
	if (!where || !is_new(gate, where, f->text)) {
		free(where);
		return;
	}
	if (strcmp(f->code, PREFLIGHT_IRREVERSIBLE) != 0) {
		report_warning(gate->report, board, f->code, "%s: %s", where, f->text);
		free(where);
		return;
	}
	char chips[80] = "";
	for (size_t i = 0, at = 0; i < chip_count; i++)
		if (f->chips >> i & 1)
			at += (size_t)snprintf(chips + at, sizeof chips - at, "%s%s",
			                       at ? ", " : "", chip_table[i].name);
	report_warning(gate->report, board, f->code,
	               "IRREVERSIBLE: %s\n%s.\n"
	               "Concerns every %s that is served from now on.\n"
	               "Not intended? Press Ctrl-C now.",
	               where, f->text, chips);
	free(where);
}

/* Reports a finding that ends the run or the board. */
static enum err refuse(struct gate *gate, const struct preflight *p,
                       const struct preflight_finding *f, const struct board_facts *board)
{
	char *where = place(gate, p, f);
	if (f->err == ERR_UNFIT)
		report_error(gate->report, board, f->err, "%s: %s", where ? where : f->file,
		             f->text);
	else
		report_error(gate->report, board, f->err, "%s", where ? where : f->file);
	free(where);
	return f->err;
}

/* What is worth telling before a run: errors, and what cannot be undone. */
static bool is_told(const struct preflight_finding *f)
{
	if (f->err == ERR_NO_SECOND_STAGE) /* told when such a board comes */
		return false;
	return f->severity == PREFLIGHT_ERROR || strcmp(f->code, PREFLIGHT_IRREVERSIBLE) == 0;
}

/* Tells all that P found. REFUSING: what is certain is an error, the first of which is returned. */
static enum err tell(struct gate *gate, const struct preflight *p, bool refusing,
                     const struct board_facts *board)
{
	enum err err = OK;
	for (size_t i = 0; i < p->count; i++) {
		const struct preflight_finding *f = &p->findings[i];
		if (!is_told(f))
			continue;
		if (!refusing || !f->err)
			warn(gate, p, f, board);
		else {
			enum err refused = refuse(gate, p, f, board);
			err = err ? err : refused;
		}
	}
	return err;
}

/* The chips that cannot be served. */
static unsigned refused_chips(const struct preflight *p)
{
	unsigned chips = 0;
	for (size_t i = 0; i < p->count; i++)
		if (p->findings[i].err)
			chips |= p->findings[i].chips;
	return chips;
}

/* --- before the run */

/* Adds the findings for one chip. Reports what no run can begin with. */
static enum err look(struct gate *gate, const struct chip *chip, struct preflight *p)
{
	struct bootfiles files;
	uint8_t signature[WIRE_SIGNATURE];
	enum err err = bootfiles_open(&files, gate->places, chip, NULL);
	if (err) {
		report_error(gate->report, NULL, err, "%s",
		             files.problem ? files.problem : gate->places->folder);
	} else {
		preflight_files(p, &files,
		                gate->places->overlay ? PREFLIGHT_START : PREFLIGHT_QUICK);
		bool has_stage = p->chips && p->chips[chip - chip_table].kind != PREFLIGHT_NOTHING;
		if (has_stage && gate->sign && chip->signed_message) {
			err = bootfiles_signature(&files, signature);
			if (err)
				report_error(gate->report, NULL, err,
				             "Unable to open 'bootcode.sig' from %s", files.folder);
		}
	}
	bootfiles_close(&files);
	return err;
}

enum err gate_folder(struct gate *gate)
{
	struct preflight p;
	enum err err = OK;
	unsigned staged = 0;
	if (!gate->places->folder)
		return OK;
	preflight_init(&p);
	for (size_t i = 0; i < chip_count && !err; i++) {
		err = look(gate, &chip_table[i], &p);
		if (p.chips && p.chips[i].kind != PREFLIGHT_NOTHING)
			staged |= 1u << i;
	}
	if (!err && p.out_of_memory)
		err = report_error(gate->report, NULL, ERR_MEMORY, "%s", gate->places->folder);
	else if (!err && !staged)
		err = report_error(gate->report, NULL, ERR_NO_SECOND_STAGE,
		                   "No 'bootcode' files found in '%s'", gate->places->folder);
	else if (!err)
		err = tell(gate, &p, (staged & ~refused_chips(&p)) == 0, NULL);
	preflight_free(&p);
	return err;
}

/* --- before a board */

enum err gate_board(struct gate *gate, const struct bootfiles *files,
                    const struct board_facts *board)
{
	struct preflight p;
	if (!gate)
		return OK;
	preflight_init(&p);
	preflight_files(&p, files, PREFLIGHT_QUICK);
	enum err err = p.out_of_memory ? report_error(gate->report, board, ERR_MEMORY, "boot files")
	                               : tell(gate, &p, board->stage != STAGE_SERVER, board);
	preflight_free(&p);
	return err;
}
