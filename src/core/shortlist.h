/* SPDX-License-Identifier: MIT
 *
 * shortlist.h: the first of several things, for a sentence: "'a', 'b', 'c', …".
 *
 *     Shortlist lost = {.most = 5};
 *     for (…) shortlist_add(&lost, "'%.60s'", id);
 *     if (lost.n > 0) log_warn("%d IDs: %s", lost.n, lost.text);
 */
#ifndef HOPSACK_SHORTLIST_H
#define HOPSACK_SHORTLIST_H

#include <stdbool.h>
#include <stddef.h>

#define SHORTLIST_ROOM 640 /* bytes of the text */

typedef struct {
    int most; /* things shown; 0: as many as fit */
    int n;    /* things added */
    bool cut; /* "…" stands for those behind */
    size_t used;
    char text[SHORTLIST_ROOM];
} Shortlist; /* starts as {0} or with `most` alone */

void shortlist_add(Shortlist *list, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
