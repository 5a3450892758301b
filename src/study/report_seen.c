/* SPDX-License-Identifier: MIT */
#include "core/file.h"
#include "data/text/table.h"
#include "study/memefile.h"
#include "study/report_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_SHOWN  20
#define LOGOS_SHOWN 12

/* ---- tables ---- */

/* The first rows of a table of hopsack explain, if it is there. Columns keep their names. */
static Status write_table(Report *r, const char *file, const char *caption)
{
    char path[PATH_ROOM], text[200];
    Table t;
    if (!file_exists_in(path, r->in->explain, file)) return OK;
    TRY(table_read(&t, path));
    const int shown = t.n_row < ROWS_SHOWN ? t.n_row : ROWS_SHOWN;
    snprintf(text, sizeof text, "%s (%d of %d rows of %s)", caption, shown, t.n_row, file);
    page_table(&r->page, text, t.column, t.n_column, 0);
    for (int k = 0; k < shown; k++) {
        page_row(&r->page);
        for (int c = 0; c < t.n_column; c++) page_cell(&r->page, table_cell(&t, k, c));
        page_row_end(&r->page);
    }
    page_table_end(&r->page);
    table_free(&t);
    return OK;
}

/* ---- logos ---- */

/* The numbers of a logo, as its file beside the drawing has them. */
static void list_logo(Markup *table, const FigureLogo *logo)
{
    static const char letters[] = "ACDEFGHIKLMNPQRSTVWY";
    markup_raw(table, "position\tresidue\tprobability\tbits\n");
    for (int t = 0; t < logo->n; t++) {
        const double *p = logo->probability + t * FIGURE_LOGO_LETTERS;
        for (int a = 0; a < FIGURE_LOGO_LETTERS; a++) {
            if (p[a] <= 0) continue;
            markup_printf(table, "%d\t%c\t", logo->first + t, letters[a]);
            figure_number(table, p[a], '\t');
            figure_number(table, p[a] * figure_logo_bits(p, logo->background), '\n');
        }
    }
}

static Status add_logo(Report *r, const MemeFile *file, int k)
{
    Figure *f;
    Markup table;
    const MemeMotif *motif = &file->motif[k];
    char title[MEMEFILE_NAME + 16];
    snprintf(title, sizeof title, "Motif %s", motif->name);
    const FigureLogo logo = {.title = title,
                             .probability = motif->probability,
                             .n = motif->n,
                             .background = file->has_background ? file->background : NULL,
                             .first = 1};
    if (motif->n == 0) return OK;
    TRY(figure_add(&f, &r->figures, "logo", motif->name));
    snprintf(f->title, sizeof f->title, "%s", title);
    TRY(figure_logo_svg(&f->svg, &logo));
    markup_open(&table);
    list_logo(&table, &logo);
    return markup_close(&f->table, &table);
}

static Status write_logos(Report *r)
{
    char path[PATH_ROOM];
    MemeFile file;
    Status status = OK;
    const int from = r->figures.n;
    if (!file_exists_in(path, r->in->explain, "motifs.meme")) return OK;
    TRY(memefile_read(&file, path));
    for (int k = 0; k < file.n && k < LOGOS_SHOWN; k++) TRY_DONE(add_logo(r, &file, k));
    if (file.n == 0) page_sentence(&r->page, "No motif was found.");
    page_figures(&r->page, &r->figures, from);
done:
    if (status != OK) fail_at(status, "%s", path);
    memefile_free(&file);
    return status;
}

Status report_seen(Report *r)
{
    char run[REPORT_WORD], data[REPORT_WORD];
    page_section(&r->page, "seen", "What was seen");
    if (!r->in->explain) {
        const char *path = r->has_config && r->config.data.path ? r->config.data.path : "DATA";
        report_lack(r, "Which instances the outputs rest on, and which motif, is not shown here:",
                    "hopsack explain %s %s -o seen", report_word(run, r->in->run), report_word(data, path));
        return OK;
    }
    if (!file_is_folder(r->in->explain)) return fail(ERR_USAGE, "--explain=%s is no folder", r->in->explain);
    page_sentence(
        &r->page,
        "Each bag is explained by models that have not learned from it. Attention and contribution are no proof: "
        "compare with the enrichment between classes.");
    TRY(write_logos(r));
    TRY(write_table(r, "motifs.tsv", "Motifs"));
    TRY(write_table(r, "sequences.tsv", "Sequences with the largest contributions"));
    TRY(write_table(r, "instances.tsv", "Instances with the largest contributions"));
    TRY(write_table(r, "features.tsv", "Features by mean absolute attribution"));
    TRY(write_table(r, "kernels.tsv", "Convolution kernels"));
    return write_table(r, "heads.tsv", "Heads of the pooling");
}
