/* SPDX-License-Identifier: MIT
 *
 * The user's own sequences, each drawn as likely as any other, with its genes. All are in memory once, for all repertoires.
 */
#include "core/log.h"
#include "data/simulate/background.h"
#include "data/simulate/seqlist.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const SeqList *list;
    int first, n; /* rows that are drawn from */
} FileState;

static void close_file(void *source)
{
    if (source) seqlist_free(source);
    free(source);
}

static Status open_file(void **source, const char *path)
{
    SeqList *list = calloc(1, sizeof *list);
    *source = list;
    if (!list) return fail(ERR_MEMORY, "simulate.background: out of memory");
    TRY(seqlist_read(list, path));
    if (list->n_dropped)
        log_warn("%s: %lld rows without a sequence of 1 to %d amino acids are left out", path,
                 (long long)list->n_dropped, BACKGROUND_LEN_MOST);
    return OK;
}

static int longest(const void *source)
{
    return ((const SeqList *)source)->longest;
}

static void init(void *state, const void *source, const double *prefix_tilt, const double *transition_tilt)
{
    (void)prefix_tilt, (void)transition_tilt;
    FileState *s = state;
    s->list = source;
    s->first = 0;
    s->n = s->list->n;
}

static void focus(void *state, uint64_t u)
{
    FileState *s = state;
    const int part = (int)(u % (uint64_t)s->list->n_part);
    s->first = s->list->part[part];
    s->n = s->list->part[part + 1] - s->first;
}

static int draw(int8_t *codes, int16_t gene[2], const void *state, Rng *rng)
{
    const FileState *s = state;
    const SeqList *list = s->list;
    const int i = s->first + (int)rng_below(rng, (uint64_t)s->n), len = seqlist_len(list, i);
    memcpy(codes, seqlist_codes(list, i), (size_t)len);
    for (int g = 0; gene && g < 2; g++) gene[g] = list->gene[2 * (size_t)i + (size_t)g];
    return len;
}

static BackgroundGenes gene_names(const void *source)
{
    const SeqList *list = source;
    return (BackgroundGenes){.n_v = list->v.n,
                             .n_j = list->j.n,
                             .v = (const char *const *)list->v.text,
                             .j = (const char *const *)list->j.text};
}

const BackgroundType background_file = {
    .name = "file",
    .max_len = BACKGROUND_LEN_MOST,
    .size = sizeof(FileState),
    .open = open_file,
    .close = close_file,
    .longest = longest,
    .init = init,
    .draw = draw,
    .focus = focus,
    .gene_names = gene_names,
};
