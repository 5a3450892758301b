/* SPDX-License-Identifier: MIT
 *
 * embedder_genes.h: an embedder of sequences with the V and J gene of each sequence joined (model.embedder.genes). With N
 * numbers a gene,
 *
 *     h = [h of the embedder; v; j]            v, j [N]: learned vectors of the two genes
 *
 * A sequence whose gene is missing has a vector of its own, row 0. All vectors start at 0 and are learned from there. So a
 * gene without a sequence in the training bags keeps 0, and a gene that the model does not know has 0 too: both mean that
 * nothing is known of it.
 */
#ifndef HOPSACK_EMBEDDER_GENES_H
#define HOPSACK_EMBEDDER_GENES_H

#include "model/embedder.h"
#include "model/mil.h"

#define EMBEDDER_ROOM 8192 /* bytes of the embedder's struct at most */

/* The options of its init. All is borrowed while the embedder is in use. */
typedef struct {
    const EmbedderType *type; /* of the sequence's residues */
    const void *options;      /* its own */
    int size;                 /* N > 0 */
    const GeneRows *rows;
} GenesChosen;

extern const EmbedderType embedder_genes; /* not in the table of kinds */

#endif
