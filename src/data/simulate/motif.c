/* SPDX-License-Identifier: MIT */
#include "data/simulate/motif.h"
#include "core/number.h"
#include "data/bagfile/alphabet.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { WILD = -1, N_LETTER = 20 };

/* ---- from text ---- */

/* A motif under way: `at` is what has not been read. */
typedef struct {
    Motif *motif;
    const char *whole, *at;
} MotifReader;

static int letter_code(char c)
{
    const char *letter = c ? strchr(ALPHABET_AMINO, c) : NULL;
    return letter ? (int)(letter - ALPHABET_AMINO) : -1;
}

/* The digits ahead, "0.3", as a number from 0 to `most`; `standard` where there are none. */
static Status read_number(double *out, MotifReader *r, double standard, double most)
{
    char digits[16];
    size_t n = strspn(r->at, "0123456789.");
    *out = standard;
    if (n == 0) return OK;
    if (n >= sizeof digits) n = sizeof digits - 1;
    memcpy(digits, r->at, n);
    digits[n] = '\0';
    r->at += n;
    if (!number_read(out, digits) || *out < 0 || *out > most)
        return fail(ERR_CONFIG, "motif '%s': '%s' is no number from 0 to %g", r->whole, digits, most);
    return OK;
}

static Status read_class(MotifElement *out, MotifReader *r)
{
    for (r->at++; *r->at != ']'; r->at++) {
        const int code = letter_code(*r->at);
        if (code < 0)
            return fail(ERR_CONFIG, "motif '%s': a class [ ] holds residues alone, and ends with ]", r->whole);
        out->allowed |= 1u << code;
    }
    r->at++;
    if (out->allowed == 0) return fail(ERR_CONFIG, "motif '%s': the class [] is empty", r->whole);
    return OK;
}

static Status read_gap(MotifElement *out, MotifReader *r)
{
    char *end;
    const char *inside = r->at + 1;
    long least = isdigit((unsigned char)*inside) ? strtol(inside, &end, 10) : -1, most = least;
    if (least >= 0 && (*end == ',' || *end == '-') && isdigit((unsigned char)end[1]))
        most = strtol(end + 1, &end, 10);
    if (least < 0 || *end != '}' || most < least || most > MOTIF_MOST)
        return fail(ERR_CONFIG, "motif '%s': a gap is written {1,3} or {1-3}, with at most %d residues", r->whole,
                    MOTIF_MOST);
    out->gap_min = (int)least;
    out->gap_max = (int)most;
    r->at = end + 1;
    return OK;
}

static Status read_position(MotifElement *out, MotifReader *r)
{
    const int code = letter_code(*r->at);
    *out = (MotifElement){.gap_min = 1, .gap_max = 1};
    if (*r->at == '[') return read_class(out, r);
    if (*r->at == '{') return read_gap(out, r);
    if (code < 0 && !strchr("Z-", *r->at))
        return fail(ERR_CONFIG, "motif '%s': '%c' is neither one of %s nor Z, which stands for any", r->whole, *r->at,
                    ALPHABET_AMINO);
    if (code >= 0) out->allowed = 1u << code;
    r->at++;
    return OK;
}

static Status read_element(MotifElement *out, MotifReader *r)
{
    TRY(read_position(out, r));
    while (*r->at == 'd' || *r->at == 'r') {
        const bool deletes = *r->at++ == 'd';
        if (!deletes && out->allowed == 0)
            return fail(ERR_CONFIG, "motif '%s': r stands behind a residue or a class", r->whole);
        TRY(read_number(deletes ? &out->deleted : &out->other, r, 0.5, 1));
    }
    return OK;
}

static Status read_weight(MotifReader *r)
{
    r->motif->weight = 1;
    if (*r->at != '*') return OK;
    r->at++;
    TRY(read_number(&r->motif->weight, r, 0, 1e6));
    if (*r->at || r->motif->weight == 0)
        return fail(ERR_CONFIG, "motif '%s': a weight above 0 stands behind *, at the end", r->whole);
    return OK;
}

Status motif_parse(Motif *out, const char *text)
{
    MotifReader r = {out, text, text};
    const size_t len = strlen(text);
    bool fixed = false;
    *out = (Motif){0};
    if (len == 0 || len > MOTIF_TEXT)
        return fail(ERR_CONFIG, "motif '%s' has %zu letters; write 1 to %d", text, len, MOTIF_TEXT);
    memcpy(out->text, text, len + 1);
    while (*r.at && *r.at != '*') {
        MotifElement e;
        TRY(read_element(&e, &r));
        out->len_max += e.gap_max;
        if (out->len_max > MOTIF_MOST || out->n == MOTIF_MOST)
            return fail(ERR_CONFIG, "motif '%s' has more than %d residues", text, MOTIF_MOST);
        fixed |= e.allowed && e.deleted < 1;
        out->element[out->n++] = e;
    }
    if (!fixed) return fail(ERR_CONFIG, "motif '%s' changes nothing: it has no residue but Z", text);
    return read_weight(&r);
}

Status motif_place_parse(Place *out, const char *text)
{
    static const char *const word[] = {[PLACE_MIDDLE] = "middle", "anywhere", "centre"};
    int64_t offset;
    for (int k = 0; k < PLACE_FIXED; k++)
        if (strcmp(text, word[k]) == 0) {
            *out = (Place){.kind = (PlaceKind)k};
            return OK;
        }
    if (!number_read_int(&offset, text) || offset < 0 || offset > 1000)
        return fail(ERR_CONFIG, "position '%s' is neither middle nor anywhere nor centre nor an offset from 0", text);
    *out = (Place){.kind = PLACE_FIXED, .offset = (int)offset};
    return OK;
}

/* ---- into sequences ---- */

static int draw_residue(uint32_t allowed, Rng *rng)
{
    int code = __builtin_ctz(allowed);
    if ((allowed & (allowed - 1)) == 0) return code;
    for (int k = (int)rng_below(rng, (uint64_t)__builtin_popcount(allowed)); k > 0; k--) {
        allowed &= allowed - 1;
        code = __builtin_ctz(allowed);
    }
    return code;
}

void motif_form(MotifForm *out, const Motif *m, Rng *rng)
{
    do { /* deletions may leave nothing */
        out->len = 0;
        for (int k = 0; k < m->n; k++) {
            const MotifElement *e = &m->element[k];
            int n = e->gap_min;
            if (e->deleted > 0 && rng_uniform(rng) < e->deleted) continue;
            if (e->gap_max > n) n += (int)rng_below(rng, (uint64_t)(e->gap_max - n + 1));
            const bool other = e->other > 0 && rng_uniform(rng) < e->other;
            const int code = !e->allowed ? WILD
                             : other     ? (int)rng_below(rng, N_LETTER)
                                         : draw_residue(e->allowed, rng);
            while (n-- > 0) out->code[out->len++] = (int8_t)code;
        }
    } while (out->len == 0);
}

int motif_offset(int n, const Place *place, int len, Rng *rng)
{
    const int margin = place->kind == PLACE_MIDDLE ? PLACE_MARGIN : 0;
    const int choices = len - n - 2 * margin + 1;
    if (place->kind == PLACE_FIXED) return place->offset < choices ? place->offset : -1;
    if (place->kind == PLACE_CENTRE) return choices > 0 ? (len - n) / 2 : -1;
    return choices > 0 ? margin + (int)rng_below(rng, (uint64_t)choices) : -1;
}

void motif_implant(int8_t *codes, const MotifForm *form, int offset)
{
    for (int k = 0; k < form->len; k++)
        if (form->code[k] != WILD) codes[offset + k] = form->code[k];
}
