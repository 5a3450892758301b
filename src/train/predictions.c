/* SPDX-License-Identifier: MIT */
#include "train/predictions.h"
#include "core/number.h"

#include <assert.h>
#include <string.h>

void predictions_header(TextOut *out)
{
    textout_printf(out, "bag\ttask\tclass\ttarget\toutput\tprobability\tpart\trepeat\tfold\n");
}

void predictions_cell(TextOut *out, const char *text)
{
    if (!text[strcspn(text, "\t\"\r\n")]) {
        textout_printf(out, "%s", text);
        return;
    }
    textout_printf(out, "\"");
    for (; *text; text++) textout_printf(out, *text == '"' ? "\"\"" : "%c", *text);
    textout_printf(out, "\"");
}

/* ---- how a kind of target fills class, target, output, probability ---- */

static void binary_cells(TextOut *out, const Target *t, const real *y, const real *label)
{
    char buffer[NUMBER_ROOM];
    double p;
    t->type->predict(&p, t, y);
    predictions_cell(out, t->positive);
    textout_printf(out, "\t%s", !label ? "" : *label > (real)0.5 ? "1" : "0");
    textout_printf(out, "\t%s", number_text_float(buffer, (float)*y));
    textout_printf(out, "\t%s", number_text_float(buffer, (float)p));
}

static const struct {
    const char *target;
    void (*cells)(TextOut *out, const Target *t, const real *y, const real *label);
} kinds[] = {{"binary", binary_cells}};

static void cells_of(TextOut *out, const Target *t, const real *y, const real *label)
{
    const size_t n = sizeof kinds / sizeof *kinds;
    size_t k = 0;
    while (k < n && strcmp(kinds[k].target, t->type->name) != 0) k++;
    assert(k < n);
    kinds[k].cells(out, t, y, label);
}

static void place_cell(TextOut *out, int number)
{
    if (number >= 0)
        textout_printf(out, "\t%d", number);
    else
        textout_printf(out, "\t");
}

void predictions_write(TextOut *out, const Prediction *p)
{
    for (int k = 0; k < p->n_target; k++) {
        const Target *t = &p->target[k];
        const bool known = p->mask && p->mask[k] != 0;
        predictions_cell(out, p->bag);
        textout_printf(out, "\t");
        predictions_cell(out, t->name);
        textout_printf(out, "\t");
        cells_of(out, t, p->output + t->at, known ? p->label + t->at : NULL);
        textout_printf(out, "\t%s", p->part);
        place_cell(out, p->repeat);
        place_cell(out, p->fold);
        textout_printf(out, "\n");
    }
}
