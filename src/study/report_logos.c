/* SPDX-License-Identifier: MIT */
#include "core/file.h"
#include "core/number.h"
#include "data/text/table.h"
#include "study/memefile.h"
#include "study/report_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGOS_SHOWN 12

/* Adds the heights of the letters of a position, from a table beside a logo of hopsack explain: bits [n]. */
static Status sum_heights(double *bits, int n, const Table *t)
{
    const int position = table_column(t, "position"), height = table_column(t, "bits");
    for (int k = 0; k < t->n_row && position >= 0 && height >= 0; k++) {
        const int at = atoi(table_cell(t, k, position));
        double value;
        if (at < 1 || at > n || !number_read(&value, table_cell(t, k, height)))
            return fail(ERR_FORMAT, "line %d has no position of the motif with its bits", t->line[k]);
        bits[at - 1] += value;
    }
    return position >= 0 && height >= 0 ? OK : fail(ERR_FORMAT, "there are no columns 'position' and 'bits'");
}

/* bits [*n] of motif k, whose positions have backgrounds of their own, which the one of motifs.meme does not replace. *found:
 * there is such a table. */
static Status read_bits(bool *found, double *bits, int n, const Report *r, int k)
{
    char name[32], path[PATH_ROOM];
    Table t;
    snprintf(name, sizeof name, "logos/motif_%02d.tsv", k + 1);
    *found = file_exists_in(path, r->in->explain, name);
    if (!*found) return OK;
    memset(bits, 0, (size_t)n * sizeof *bits);
    TRY(table_read_any(&t, path));
    const Status status = sum_heights(bits, n, &t);
    table_free(&t);
    return status == OK ? OK : fail_at(status, "%s", path);
}

/* what: "Motif" or "Kernel". */
static Status add_logo(Report *r, const MemeFile *file, int k, const char *what)
{
    Figure *f;
    Markup table;
    const bool is_motif = strcmp(what, "Motif") == 0;
    double bits[FIGURE_LOGO_MOST];
    bool has_bits = false;
    const MemeMotif *motif = &file->motif[k];
    char title[MEMEFILE_NAME + 16];
    snprintf(title, sizeof title, "%s %s", what, motif->name);
    if (motif->n == 0) return OK;
    if (is_motif) TRY(read_bits(&has_bits, bits, motif->n, r, k));
    const FigureLogo logo = {.title = title,
                             .probability = motif->probability,
                             .n = motif->n,
                             .background = file->has_background ? file->background : NULL,
                             .bits = has_bits ? bits : NULL,
                             .first = 1};
    TRY(figure_add(&f, &r->figures, is_motif ? "logo" : "kernel", motif->name));
    TRY(figure_logo_svg(&f->svg, &logo));
    markup_open(&table);
    figure_logo_list(&table, &logo);
    return markup_close(&f->table, &table);
}

Status report_logos(Report *r, const char *name, const char *what, const char *none)
{
    char path[PATH_ROOM];
    MemeFile file;
    Status status = OK;
    const int from = r->figures.n;
    if (!file_exists_in(path, r->in->explain, name)) return OK;
    TRY(memefile_read(&file, path));
    for (int k = 0; k < file.n && k < LOGOS_SHOWN; k++) TRY_DONE(add_logo(r, &file, k, what));
    if (file.n == 0) page_sentence(&r->page, none);
    page_figures(&r->page, &r->figures, from);
done:
    if (status != OK) fail_at(status, "%s", path);
    memefile_free(&file);
    return status;
}
