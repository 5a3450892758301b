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

#define CLONEMODEL_NONE UINT32_MAX

/* The sequences of one or more models. */
typedef struct {
    uint32_t n;           /* sequences */
    uint32_t room;        /* of at and seen, less 1 */
    uint64_t *word;       /* [at[n]] keys one behind the other */
    size_t n_word;        /* room of word */
    size_t *at;           /* [n + 1] where the words of each begin */
    uint64_t *slot;       /* [mask + 1] upper half of the hash, number + 1; 0: free */
    uint64_t mask;        /* 0: no slots yet */
    uint32_t *seen, turn; /* [n] number of the bag in which it was met last; number of the bag at hand */
} CloneTable;

/* Adds the sequences of a model to those of others. *number [*n] is the caller's to free: of each sequence of the model its
 * number in the table, CLONEMODEL_NONE where no sequence of a file with this alphabet can equal it. */
Status clonemodel_join(CloneTable *t, uint32_t **number, int64_t *n, const RivalModel *model, const char *alphabet,
                       bool genes);
void clonemodel_close(CloneTable *t); /* accepts {0} */
void clonemodel_turn(CloneTable *t);  /* another bag begins: nothing is seen */

/* Its number; CLONEMODEL_NONE: no model has it. */
uint32_t clonemodel_find(const CloneTable *t, const uint64_t *key, int n_word);
/* The same; CLONEMODEL_NONE also where it was met before in this bag. */
uint32_t clonemodel_meet(CloneTable *t, const uint64_t *key, int n_word);

#endif
