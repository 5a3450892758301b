/* SPDX-License-Identifier: MIT
 *
 * alphabet.h: letters and codes. The 20 amino acids in alphabetical order of their letters have codes 0 … 19;
 * padding is -1. There is no code for "unknown".
 */
#ifndef HOPSACK_ALPHABET_H
#define HOPSACK_ALPHABET_H

#include "core/status.h"

#include <stdint.h>

#define ALPHABET_AMINO "ACDEFGHIKLMNPQRSTVWY"

typedef struct {
    int n;
    char letter[32];
    int8_t code[256]; /* -1: not in the alphabet. Case counts */
} Alphabet;

/* ERR_FORMAT if `letters` is empty, longer than 31, or repeats a letter. */
Status alphabet_init(Alphabet *out, const char *letters);

#endif
