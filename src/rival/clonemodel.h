/* SPDX-License-Identifier: MIT
 *
 * clonemodel.h: sequences as tensors of a model, and finding those of a bag among them.
 *
 *     sequences  U8 [bytes]  a line of letters each, '.' for any residue
 *     genes      U64 [n]     hash of the names of V and J (clonekey_genes), where genes count
 *
 * A model that has been read may hold anything: lines that no sequence of the cohort can equal are passed over.
 */
#ifndef HOPSACK_CLONEMODEL_H
#define HOPSACK_CLONEMODEL_H

#include "cohort/clonebag.h"
#include "cohort/clonelist.h"
#include "rival/rival.h"

/* ---- writing ---- */

typedef struct {
    char *text;
    uint64_t *genes; /* NULL: without */
    size_t n_text;
    int64_t n;
} CloneTensors;

/* Adds the tensors for n sequences of n_text bytes, lines' ends included. */
Status clonemodel_add(CloneTensors *out, RivalModel *model, int64_t n, size_t n_text, bool genes);
size_t clonemodel_bytes(const CloneReader *r, int i,
                        bool genes); /* of sequence i of a batch, its line's end included */
void clonemodel_put(CloneTensors *t, const CloneReader *r, int i, const char *alphabet); /* the next sequence */

/* Facts that the sequences depend on, and their check against another cohort: ERR_MODEL. */
Status clonemodel_describe(RivalModel *model, const BagSpec *spec);
Status clonemodel_check(const RivalModel *model, const BagFile *file);

/* ---- finding ---- */

typedef struct {
    int64_t n;      /* sequences of the model */
    uint64_t *word; /* keys one behind the other */
    size_t *at;     /* [n + 1] words of each; none: it equals nothing */
    uint64_t *slot; /* [mask + 1] upper half of the hash, number + 1; 0: free */
    uint64_t mask;
    uint32_t *seen; /* [n] number of the bag in which it was met last */
    uint32_t turn;  /* number of the bag at hand */
} CloneTable;

Status clonemodel_open(CloneTable *out, const RivalModel *model, const char *alphabet, bool genes);
void clonemodel_close(CloneTable *t); /* accepts {0} */
void clonemodel_turn(CloneTable *t);  /* another bag begins: nothing is seen */

/* Its number; -1: the model does not have it. */
int64_t clonemodel_find(const CloneTable *t, const uint64_t *key, int n_word);
/* The same; -1 also where it was met before in this bag. */
int64_t clonemodel_meet(CloneTable *t, const uint64_t *key, int n_word);

#endif
