/* SPDX-License-Identifier: MIT
 *
 * background.h: where a simulated repertoire's sequences come from. A background is a descriptor in the table of
 * background.c; codes are those of data/alphabet.h.
 *
 *   trb       human TRB junctions: ends and middle as counted in blood (datasets/trb)
 *   uniform   every residue as likely as any other, as in DeepRC's simulated datasets; length normal, mean 14.5,
 *             standard deviation 1.8, rounded, 8 to 24
 *   file      sequences of a dataset or table of the user
 *   olga      the recombination model in a folder of OLGA's or IGoR's files
 *
 * The last two have a source, which is read once and shared by all states. A background with transition_p may be tilted: its
 * probabilities p of prefixes and transitions become proportional to p · exp(tilt). Transition 20 a + b leads from residue
 * a, or from the start where a is 20, to residue b.
 */
#ifndef HOPSACK_BACKGROUND_H
#define HOPSACK_BACKGROUND_H

#include "core/rng.h"
#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

#define BACKGROUND_N_LETTER     20
#define BACKGROUND_START        BACKGROUND_N_LETTER
#define BACKGROUND_N_TRANSITION ((BACKGROUND_N_LETTER + 1) * BACKGROUND_N_LETTER)
#define BACKGROUND_LEN_MOST     60 /* residues of any background's sequences */

typedef struct {
    int n_v, n_j;
    const char *const *v, *const *j; /* names */
} BackgroundGenes;

/* Entries may be NULL where a background has nothing of the kind. */
typedef struct {
    const char *name;
    int max_len;  /* of what it draws; of a background with a source, ask background_max_len */
    size_t size;  /* bytes of its state */
    int n_prefix; /* prefixes that sequences begin with; 0: none */

    Status (*open)(void **source, const char *path); /* source: what init gets; ERR_CONFIG, ERR_FORMAT, ERR_IO */
    void (*close)(void *source);                     /* accepts NULL */
    int (*longest)(const void *source);

    /* prefix_tilt [n_prefix], transition_tilt [BACKGROUND_N_TRANSITION]; NULL: no tilt, the same bits as zeros. */
    void (*init)(void *state, const void *source, const double *prefix_tilt, const double *transition_tilt);
    /* codes [max_len]; returns the length. gene: V and J as numbers of gene_names, -1 unknown; set only by backgrounds
     * without `genes`; may be NULL. */
    int (*draw)(int8_t *codes, int16_t gene[2], const void *state, Rng *rng);

    void (*focus)(void *state, uint64_t u); /* draws from one repertoire of the source from now on, which u chooses */
    BackgroundGenes (*gene_names)(const void *source);                      /* NULL: it knows no genes */
    void (*genes)(int16_t gene[2], const int8_t *codes, int len, Rng *rng); /* drawn given the sequence */

    const int8_t *(*prefix)(int k); /* its four residues; NULL where there are none */
    double (*prefix_p)(int k);      /* without tilt; the sum over k may differ from 1 */
    double (*transition_p)(int k);
} BackgroundType;

extern const BackgroundType background_trb, background_uniform, background_file, background_olga;
extern const BackgroundType *const background_types[]; /* ends with NULL */

int background_max_len(const BackgroundType *type, const void *source);

#endif
