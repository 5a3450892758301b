/* SPDX-License-Identifier: MIT
 *
 * clonebag.h: the distinct sequences of a bag as keys (clonekey.h). Sequences without residues take no part.
 */
#ifndef HOPSACK_CLONEBAG_H
#define HOPSACK_CLONEBAG_H

#include "cohort/clonekey.h"
#include "data/bagfile/bagfile.h"

/* Neighbouring keys with the same number of words. */
typedef struct {
    int n_word; /* with the word of genes */
    int n;      /* keys */
    int first;  /* number of the first of them */
    size_t at;  /* where its words begin */
} CloneSection;

typedef struct {
    int n;          /* distinct sequences, or sequences with genes */
    uint64_t *word; /* all keys, one behind the other; sections with more words come later */
    size_t n_word;
    CloneSection *section; /* [n_section] */
    int n_section;
    int *len;  /* [n] residues */
    int n_row; /* instances of the bag */
    int *key;  /* [n_row] number of each instance's key; -1: no residues */
} CloneBag;

/* `genes`: the same sequence with other V or J genes is another. ERR_FORMAT: the alphabet has too many letters. */
Status clonebag_read(CloneBag *out, BagFile *file, int bag, bool genes);
void clonebag_free(CloneBag *bag); /* accepts half-built ones */

static inline const uint64_t *clonebag_key(const CloneBag *bag, const CloneSection *s, int i)
{
    return bag->word + s->at + (size_t)i * (size_t)s->n_word;
}

#endif
