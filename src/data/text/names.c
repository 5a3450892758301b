/* SPDX-License-Identifier: MIT */
#include "data/text/names.h"
#include "core/rng.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static size_t hash(const char *text, size_t length)
{
    uint64_t h = length;
    for (size_t i = 0; i < length; i++) h = (h ^ (unsigned char)text[i]) * 0x100000001b3; /* FNV-1a */
    return (size_t)rng_mix(h);
}

static bool grow(Names *names)
{
    const size_t room = names->room ? 2 * names->room : 32, n_slot = 2 * room;
    if (room > INT_MAX / 2) return false;
    char **text = realloc(names->text, room * sizeof *text);
    if (text) names->text = text;
    int *slot = calloc(n_slot, sizeof *slot);
    if (!text || !slot) {
        free(slot);
        return false;
    }
    for (int k = 0; k < names->n; k++) {
        size_t at = hash(text[k], strlen(text[k])) & (n_slot - 1);
        while (slot[at]) at = (at + 1) & (n_slot - 1);
        slot[at] = k + 1;
    }
    free(names->slot);
    names->slot = slot;
    names->room = room;
    names->n_slot = n_slot;
    return true;
}

/* The slot of the text, or the free one where it belongs. */
static size_t find_slot(const Names *names, const char *text, size_t length)
{
    size_t at = hash(text, length) & (names->n_slot - 1);
    for (; names->slot[at]; at = (at + 1) & (names->n_slot - 1)) {
        const char *other = names->text[names->slot[at] - 1];
        if (strncmp(other, text, length) == 0 && other[length] == '\0') break;
    }
    return at;
}

int names_find(const Names *names, const char *text, size_t length)
{
    return names->n > 0 ? names->slot[find_slot(names, text, length)] - 1 : -1;
}

int names_number(Names *names, const char *text, size_t length)
{
    if ((size_t)names->n == names->room && !grow(names)) return -1;
    const size_t at = find_slot(names, text, length);
    if (names->slot[at]) return names->slot[at] - 1;
    char *copy = strndup(text, length);
    if (!copy) return -1;
    names->text[names->n++] = copy;
    names->slot[at] = names->n;
    return names->n - 1;
}

void names_free(Names *names)
{
    for (int k = 0; k < names->n; k++) free(names->text[k]);
    free(names->text);
    free(names->slot);
    *names = (Names){0};
}
