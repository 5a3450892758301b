/* SPDX-License-Identifier: MIT */
#include "data/simulate/motif.h"
#include "core/number.h"
#include "data/bagfile/alphabet.h"

#include <string.h>

enum { WILD = -1 };

Status motif_parse(Motif *out, const char *text)
{
    const size_t len = strlen(text);
    int n_fixed = 0;
    if (len == 0 || len > MOTIF_MOST)
        return fail(ERR_CONFIG, "motif '%s' has %zu residues; 1 to %d can be implanted", text, len, MOTIF_MOST);
    *out = (Motif){.len = (int)len};
    memcpy(out->text, text, len + 1);
    for (size_t k = 0; k < len; k++) {
        const char *letter = strchr(ALPHABET_AMINO, text[k]);
        if (!letter && text[k] != 'Z')
            return fail(ERR_CONFIG, "motif '%s': '%c' is neither one of %s nor Z, which stands for any", text,
                        text[k], ALPHABET_AMINO);
        out->code[k] = letter ? (int8_t)(letter - ALPHABET_AMINO) : WILD;
        n_fixed += letter != NULL;
    }
    if (n_fixed == 0) return fail(ERR_CONFIG, "motif '%s' changes nothing: it has no residue but Z", text);
    return OK;
}

Status motif_place_parse(Place *out, const char *text)
{
    int64_t offset;
    *out = (Place){.kind = PLACE_MIDDLE};
    if (strcmp(text, "middle") == 0) return OK;
    out->kind = strcmp(text, "anywhere") == 0 ? PLACE_ANYWHERE : PLACE_FIXED;
    if (out->kind == PLACE_ANYWHERE) return OK;
    if (!number_read_int(&offset, text) || offset < 0 || offset > 1000)
        return fail(ERR_CONFIG, "position '%s' is neither middle nor anywhere nor an offset from 0", text);
    out->offset = (int)offset;
    return OK;
}

int motif_offset(const Motif *m, const Place *place, int len, Rng *rng)
{
    const int margin = place->kind == PLACE_MIDDLE ? PLACE_MARGIN : 0;
    const int choices = len - m->len - 2 * margin + 1;
    if (place->kind == PLACE_FIXED) return place->offset < choices ? place->offset : -1;
    return choices > 0 ? margin + (int)rng_below(rng, (uint64_t)choices) : -1;
}

void motif_implant(int8_t *codes, const Motif *m, int offset)
{
    for (int k = 0; k < m->len; k++)
        if (m->code[k] != WILD) codes[offset + k] = m->code[k];
}

static bool matches(const Motif *m, const int8_t *codes)
{
    for (int k = 0; k < m->len; k++)
        if (m->code[k] != WILD && m->code[k] != codes[k]) return false;
    return true;
}

bool motif_occurs(const Motif *m, const int8_t *codes, int len)
{
    for (int offset = 0; offset + m->len <= len; offset++)
        if (matches(m, codes + offset)) return true;
    return false;
}
