/* SPDX-License-Identifier: MIT
 *
 * page.h: one HTML file that needs nothing else: its style is inside, it has no script, and a content security policy lets a
 * browser load nothing. Dark text on white, or the reverse where the reader's system asks for it; it prints on white.
 */
#ifndef HOPSACK_PAGE_H
#define HOPSACK_PAGE_H

#include "study/figure.h"

void page_open(Markup *m, const char *title);
void page_close(Markup *m);

void page_section(Markup *m, const char *id,
                  const char *heading);         /* begins one, and ends the one before; our own words */
void page_heading(Markup *m, const char *text); /* one level below; escaped */

/* Paragraphs of one text, escaped. */
void page_sentence(Markup *m, const char *text);
void page_alarm(Markup *m, const char *text);                        /* in red */
void page_missing(Markup *m, const char *text, const char *command); /* what is not there, and how to have it */
void page_command(Markup *m, const char *command);
void page_lines(Markup *m, char *text); /* of a file, line by line; the text is cut up */

/* Tables: head [n], escaped; then cells, row by row. `numbers`: so many columns at the end hold numbers. */
void page_table(Markup *m, const char *caption, const char *const *head, int n, int numbers);
void page_row(Markup *m); /* begins one */
void page_row_end(Markup *m);
void page_cell(Markup *m, const char *text);             /* escaped */
void page_read(Markup *m, const char *text, bool round); /* of a file; round: a number to four digits */
void page_head_cell(Markup *m, const char *text);        /* names the row */
void page_number(Markup *m, double value, int digits);   /* behind the point; NaN: – */
void page_signed(Markup *m, double value);               /* "+0.123" */
void page_interval(Markup *m, const double interval[2], bool sign);
void page_table_end(Markup *m);

void page_figures(Markup *m, const FigureList *list,
                  int from); /* those from number `from`, side by side where they fit */

#endif
