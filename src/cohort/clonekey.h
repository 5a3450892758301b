/* SPDX-License-Identifier: MIT
 *
 * clonekey.h: a sequence as a key that is compared in words: 12 residues a word of 64 bits, 5 bits each, the first residue
 * on top. A residue is its code + 1, so that what is shorter ends with zeros and equal words mean equal sequences. A
 * pattern has one residue that matches any. A key of sequence and genes has one word more, a hash of the genes' names.
 */
#ifndef HOPSACK_CLONEKEY_H
#define HOPSACK_CLONEKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLONEKEY_PER_WORD 12
#define CLONEKEY_LETTERS  30  /* most letters of an alphabet */
#define CLONEKEY_ANY      31  /* the residue that matches any */
#define CLONEKEY_LONGEST  240 /* residues; longer sequences have no patterns */

/* Words of a sequence of `len` residues. */
static inline int clonekey_words(int len)
{
    return (len + CLONEKEY_PER_WORD - 1) / CLONEKEY_PER_WORD;
}

static inline int clonekey_shift(int t)
{
    return 5 * (CLONEKEY_PER_WORD - 1 - t % CLONEKEY_PER_WORD);
}

/* 0 behind the end, code + 1, or CLONEKEY_ANY. */
static inline int clonekey_at(const uint64_t *key, int t)
{
    return (int)(key[t / CLONEKEY_PER_WORD] >> clonekey_shift(t) & 31);
}

/* Makes the residue at t match any. */
static inline void clonekey_open(uint64_t *key, int t)
{
    key[t / CLONEKEY_PER_WORD] |= (uint64_t)CLONEKEY_ANY << clonekey_shift(t);
}

static inline void clonekey_copy(uint64_t *to, const uint64_t *from, int n_word)
{
    for (int k = 0; k < n_word; k++) to[k] = from[k];
}

static inline uint64_t clonekey_mix(uint64_t h)
{
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    return h ^ h >> 32;
}

static inline uint64_t clonekey_hash(const uint64_t *key, int n_word)
{
    uint64_t h = 0x9e3779b97f4a7c15u;
    for (int k = 0; k < n_word; k++) h = clonekey_mix(h ^ key[k]) + 0x9e3779b97f4a7c15u;
    return h;
}

/* key [clonekey_words(len)] of codes [len] < CLONEKEY_LETTERS. */
void clonekey_pack(uint64_t *key, const uint8_t *codes, int len);

int clonekey_len(const uint64_t *key, int n_word); /* residues, of a key without a word of genes */

/* The letters, '.' for any; no NUL. Returns how many: text [12 n_word]. */
int clonekey_text(char *text, const uint64_t *key, int n_word, const char *alphabet);

/* The key of a text of `len` letters: key [clonekey_words(len)]. False: a letter that is not in the alphabet. */
bool clonekey_parse(uint64_t *key, const char *text, int len, const char *alphabet);

/* The word of genes: a hash of both names, "" where unknown. */
uint64_t clonekey_genes(const char *v, const char *j);

#endif
