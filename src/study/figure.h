/* SPDX-License-Identifier: MIT
 *
 * figure.h: drawings with the numbers they show, each an SVG beside a tab-separated table.
 */
#ifndef HOPSACK_FIGURE_H
#define HOPSACK_FIGURE_H

#include "core/status.h"
#include "study/chart.h"

#include <stdbool.h>

#define FIGURE_NAME 96

typedef struct {
    char name[FIGURE_NAME]; /* of its files, without ending: letters, digits, - and _ */
    char *caption;          /* sentences below it */
    char *svg, *table;
} Figure;

typedef struct {
    Figure *figure; /* [n] */
    int n;
} FigureList;

/* A new figure at the end of the list, its name from `stem` and the name of a task, of which other characters become _; where
 * the list has the name already, a number follows. ERR_MEMORY. Borrowed until the next call. */
Status figure_add(Figure **out, FigureList *list, const char *stem, const char *task);
void figure_free(FigureList *list); /* accepts {0} */

Status figure_caption(Figure *f, const char *format, ...) __attribute__((format(printf, 2, 3))); /* ERR_MEMORY */

/* Cells of its table: numbers with the fewest digits, NaN empty; texts quoted where a quote or tab stands in them. */
void figure_number(Markup *table, double value, char after);
void figure_text(Markup *table, const char *text, char after);

/* Ends drawing and table of a figure; both are closed also where it fails. */
Status figure_finish(Figure *f, Chart *chart, Markup *table);

/* Writes all into a folder, which is made: NAME.svg and NAME.tsv. ERR_IO: a file is there, and `force` is false; then none is
 * written. */
Status figure_check(const FigureList *list, const char *folder, bool force);
Status figure_write(const FigureList *list, const char *folder, bool force);

#endif
