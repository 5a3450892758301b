/* SPDX-License-Identifier: MIT */
#include "cohort/clonekey.h"

#include <stdbool.h>
#include <string.h>

static void put(uint64_t *key, int t, int residue)
{
    key[t / CLONEKEY_PER_WORD] |= (uint64_t)residue << clonekey_shift(t);
}

void clonekey_pack(uint64_t *key, const uint8_t *codes, int len)
{
    for (int from = 0; from < len; from += CLONEKEY_PER_WORD) {
        const int n = len - from < CLONEKEY_PER_WORD ? len - from : CLONEKEY_PER_WORD;
        uint64_t word = 0;
        for (int t = 0; t < n; t++) word = word << 5 | (uint64_t)(codes[from + t] + 1);
        *key++ = word << 5 * (CLONEKEY_PER_WORD - n);
    }
}

int clonekey_len(const uint64_t *key, int n_word)
{
    int len = n_word * CLONEKEY_PER_WORD;
    while (len > 0 && clonekey_at(key, len - 1) == 0) len--;
    return len;
}

int clonekey_text(char *text, const uint64_t *key, int n_word, const char *alphabet)
{
    const int len = clonekey_len(key, n_word);
    for (int t = 0; t < len; t++) {
        const int residue = clonekey_at(key, t);
        text[t] = residue == CLONEKEY_ANY ? '.' : alphabet[residue - 1];
    }
    return len;
}

bool clonekey_parse(uint64_t *key, const char *text, int len, const char *alphabet)
{
    memset(key, 0, (size_t)clonekey_words(len) * sizeof *key);
    for (int t = 0; t < len; t++) {
        const char *at = text[t] == '\0' ? NULL : strchr(alphabet, text[t]);
        if (!at && text[t] != '.') return false;
        put(key, t, at ? (int)(at - alphabet) + 1 : CLONEKEY_ANY);
    }
    return true;
}

static uint64_t add_text(uint64_t h, const char *text)
{
    for (; *text; text++) h = clonekey_mix(h ^ (uint8_t)*text);
    return clonekey_mix(h ^ 256);
}

uint64_t clonekey_genes(const char *v, const char *j)
{
    return add_text(add_text(1, v), j);
}
