/* SPDX-License-Identifier: MIT
 *
 * names.h: texts numbered in the order they are first met: gene names, repertoires of a file.
 */
#ifndef HOPSACK_NAMES_H
#define HOPSACK_NAMES_H

#include <stddef.h>

typedef struct {
    int n;
    char **text; /* [n] NUL-ended */
    int *slot;   /* [n_slot] number + 1 of the text that hashes there; 0: free */
    size_t room, n_slot;
} Names; /* starts as {0} */

/* The text's number; a new one is copied to the end. -1: no memory. */
int names_number(Names *names, const char *text, size_t length);
int names_find(const Names *names, const char *text, size_t length); /* -1: it is none of them */
void names_free(Names *names);

#endif
