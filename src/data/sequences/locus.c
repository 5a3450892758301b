/* SPDX-License-Identifier: MIT */
#include "data/sequences/locus.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *const locus_name[N_LOCUS] = {"TRA", "TRB", "TRG", "TRD", "IGH", "IGK", "IGL"};

/* The chains' names begin with the letters of their loci. */
static Locus by_letter(const char *letters, Locus first, char letter)
{
    const char *at = letter ? strchr(letters, letter | 32) : NULL;
    return at ? first + (Locus)(at - letters) : N_LOCUS;
}

static Locus at_start(const char *text)
{
    static const char *const chains[] = {"alpha", "beta", "gamma", "delta", "heavy", "kappa", "lambda"};
    const char *receptor = NULL;
    if (strncasecmp(text, "TCR", 3) == 0 || strncasecmp(text, "BCR", 3) == 0)
        receptor = text + 3;
    else if (strncasecmp(text, "TR", 2) == 0 || strncasecmp(text, "IG", 2) == 0)
        receptor = text + 2;
    for (int k = 0; !receptor && k < N_LOCUS; k++)
        if (strncasecmp(text, chains[k], strlen(chains[k])) == 0) return (Locus)k;
    if (!receptor) return N_LOCUS;
    receptor += strspn(receptor, "_- ");
    return (*text | 32) == 't' ? by_letter("abgd", LOCUS_TRA, *receptor) : by_letter("hkl", LOCUS_IGH, *receptor);
}

Locus locus_of(const char *text)
{
    const Locus locus = at_start(text);
    if (locus != N_LOCUS) return locus;
    const char *blank = strchr(text, ' '); /* behind a species */
    return blank ? at_start(blank + 1) : N_LOCUS;
}

Status locus_set(unsigned *out, const char *list)
{
    *out = 0;
    for (const char *at = list; at; at = strchr(at, ',')) {
        char name[40];
        at += *at == ',';
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at, ","), at);
        const Locus locus = locus_of(name);
        if (locus == N_LOCUS)
            return fail(ERR_USAGE, "--locus: '%s' is not TRA, TRB, TRG, TRD, IGH, IGK or IGL", name);
        *out |= 1u << locus;
    }
    return OK;
}

const char *locus_counts(char *text, size_t room, const int64_t *n)
{
    size_t at = 0;
    *text = '\0';
    for (int k = 0; k < N_LOCUS && at < room; k++)
        if (n[k] > 0)
            at += (size_t)snprintf(text + at, room - at, "%s%s %lld", at ? ", " : "", locus_name[k], (long long)n[k]);
    return text;
}
