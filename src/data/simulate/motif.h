/* SPDX-License-Identifier: MIT
 *
 * motif.h: what is implanted in a carrier. Residues are written over those of the sequence, so lengths stay; a Z leaves
 * the residue that the background put there, so it is any residue as the background has them.
 */
#ifndef HOPSACK_MOTIF_H
#define HOPSACK_MOTIF_H

#include "core/rng.h"
#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

#define MOTIF_MOST 32

typedef struct {
    int len;
    int8_t code[MOTIF_MOST]; /* [len] -1: Z */
    char text[MOTIF_MOST + 1];
} Motif;

/* Where a motif may begin: anywhere it fits; in the middle, leaving the first and last four residues as they are, which
 * lie outside the part of a junction that touches antigen; or at one offset from 0. */
typedef enum { PLACE_MIDDLE, PLACE_ANYWHERE, PLACE_FIXED } PlaceKind;
typedef struct {
    PlaceKind kind;
    int offset; /* PLACE_FIXED */
} Place;
#define PLACE_MARGIN 4

Status motif_parse(Motif *out, const char *text);       /* ERR_CONFIG: empty, too long, other letters, Z alone */
Status motif_place_parse(Place *out, const char *text); /* "middle", "anywhere" or a number; else ERR_CONFIG */

/* A random offset, each allowed one as likely as the other; -1 if the motif does not fit into `len` residues so. */
int motif_offset(const Motif *m, const Place *place, int len, Rng *rng);
void motif_implant(int8_t *codes, const Motif *m, int offset);
bool motif_occurs(const Motif *m, const int8_t *codes, int len);

#endif
