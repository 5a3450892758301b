/* SPDX-License-Identifier: MIT
 *
 * nearest.h: what somebody may have meant by a misspelt name.
 *
 *     Nearest near;
 *     nearest_start(&near, "lr", nearest_limit("lr"));
 *     nearest_offer(&near, "train.lr", "--train.lr"); …       every known name
 *     nearest_text(text, sizeof text, &near)                  "--train.lr"; "" where nothing is near
 */
#ifndef HOPSACK_NEAREST_H
#define HOPSACK_NEAREST_H

#include <stddef.h>

/* Letters to insert, drop or exchange to make b of a (Levenshtein); names longer than 127 bytes count as their start. */
int nearest_distance(const char *a, const char *b);

#define NEAREST_MOST 8   /* names that are shown together */
#define NEAREST_ROOM 128 /* bytes of each */

typedef struct {
    const char *name;                       /* as misspelt */
    int best;                               /* distance of those found; 0: the last name after a dot is the same */
    int n;                                  /* found */
    char found[NEAREST_MOST][NEAREST_ROOM]; /* [n] as shown */
} Nearest;

int nearest_limit(const char *name); /* more than a third of its letters: too far to be meant */
/* Only names nearer than `limit` are found. */
void nearest_start(Nearest *near, const char *name, int limit);
/* A known name and how it is shown. All names with the same last name are found, else the first of the nearest. A name
 * without a dot is also compared with the last names of others. */
void nearest_offer(Nearest *near, const char *known, const char *shown);
void nearest_add(Nearest *near, const char *shown);                    /* what is meant whatever the distance */
const char *nearest_text(char *out, size_t room, const Nearest *near); /* "a, b or c" */

/* The nearest of the names (NULL-ended) below its limit; NULL: none. */
const char *nearest_name(const char *name, const char *const *names);

#endif
