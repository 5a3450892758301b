/* SPDX-License-Identifier: MIT
 *
 * olgamodel.h: a model of V(D)J recombination with a D gene, as OLGA and IGoR write it. A folder holds
 *
 *   model_params.txt          events and what they can be: `#GeneChoice;V_gene;…;v_choice`, then `%name;nucleotides;index`;
 *                             of deletions and insertions `%number;index`
 *   model_marginals.txt       probabilities: `@v_choice`, `$Dim[89]`, then rows `#…` and `%p,p,…`, of a table the last index
 *                             runs fastest
 *   V_gene_CDR3_anchors.csv   gene, place of the conserved residue's codon, function; only genes with F or (F) are drawn
 *   J_gene_CDR3_anchors.csv
 *
 * P = P(V) P(J) P(D|J) P(delV|V) P(delJ|J) P(del5|D) P(del3|D, del5) P(insVD) P(insDJ), and inserted bases are Markov chains.
 */
#ifndef HOPSACK_OLGAMODEL_H
#define HOPSACK_OLGAMODEL_H

#include "core/alias.h"
#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

#define OLGAMODEL_PALINDROME 4 /* bases that a negative deletion adds at an end */
#define OLGAMODEL_NO_NUMBER  (-1000)

enum { OLGA_V, OLGA_D, OLGA_J, OLGA_N_SEGMENT };
enum { OLGA_DEL_V, OLGA_DEL_5, OLGA_DEL_3, OLGA_DEL_J, OLGA_INS_VD, OLGA_INS_DJ, OLGA_N_NUMBER };

/* The genes of a segment. */
typedef struct {
    int n;
    char **name; /* [n] */
    int8_t **
        bases; /* [n] 0 … 3 for ACGT: V from the conserved codon on, J up to it, with palindromes at the ends that are
                       joined; n_bases 0: never drawn */
    int *n_bases;      /* [n] */
    AliasCell *choice; /* V, J [n]; D [n of J, n] */
} OlgaGenes;

/* A number that is drawn: deletions or insertions. */
typedef struct {
    int n, n_row;
    int *number;     /* [n] by index */
    AliasCell *cell; /* [n_row, n] a row for each gene, del3: for each gene and del5 */
} OlgaNumber;

typedef struct {
    OlgaGenes gene[OLGA_N_SEGMENT];
    OlgaNumber number[OLGA_N_NUMBER];
    AliasCell next[2][5][4]; /* VD, DJ: the next base, given the last; row 4: the first */
} OlgaModel;

Status olgamodel_read(OlgaModel **out,
                      const char *folder); /* ERR_IO, ERR_FORMAT: what is missing or wrong, and where */
void olgamodel_free(OlgaModel *model);     /* accepts NULL */

#endif
