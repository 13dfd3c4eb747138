/* Is this boot folder fit? Looked at before any board is touched. */
#ifndef PREFLIGHT_H
#define PREFLIGHT_H

#include "bootfiles.h"
#include "report.h"

/* Whether a run with these places can serve any chip: the folder is there, its archive is whole, there is a second stage
 * in it, and with SIGN a signature for the chips that take one. Reports what is wrong. Without a folder (-d): OK. */
enum err preflight_folder(const struct bootfiles_places *places, bool sign, struct report *report);

#endif
