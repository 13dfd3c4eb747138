/* What the boards saw, for people (a few lines a board) and for scripts (JSON). Knows the model's accounts only. */
#ifndef VREPORT_H
#define VREPORT_H

#include <stdio.h>
#include "vboard.h"

/* Both print one board; violations come with it. */
void vreport_text(FILE *out, const struct vboard *b);
void vreport_json(FILE *out, const struct vboard *b);

#endif
