/* SPDX-License-Identifier: MIT
 *
 * genetable.h: the V and J genes that a network has vectors for (model.embedder.genes), by their plain names (genename.h).
 *
 * A list of them is JSON, as a model keeps it: {"V": [names, sorted], "J": [names, sorted]}.
 */
#ifndef HOPSACK_GENETABLE_H
#define HOPSACK_GENETABLE_H

#include "data/bagfile/bagfile.h"
#include "model/mil.h"

#include <jansson.h>

/* The genes of a dataset, the caller's to decref. ERR_CONFIG: it has none. */
Status genetable_list(json_t **list, const BagFile *file);

/* Where the genes of a dataset stand in a list. */
typedef struct {
    GeneRows rows;
    int16_t *row[2]; /* owned: rows.row */
} GeneTable;

/* Warns of genes that the list does not have, and of a dataset without genes; `of` names the model in warnings. ERR_MODEL:
 * `list` is no such list. */
Status genetable_open(GeneTable *out, const json_t *list, const BagFile *file, const char *of);
void genetable_close(GeneTable *t); /* accepts {0} and half-built ones */

#endif
