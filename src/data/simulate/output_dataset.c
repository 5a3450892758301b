/* SPDX-License-Identifier: MIT */
#include "data/bagfile/alphabet.h"
#include "data/simulate/simulate_parts.h"

#include <string.h>

static Status open_dataset(void **out, const Simulator *s)
{
    BagWriterOptions options = {.compress = s->files->compress, .force = s->files->force};
    BagWriter *writer;
    options.spec = (BagSpec){.kind = BAG_SEQUENCES,
                             .n_feat = (int)strlen(ALPHABET_AMINO),
                             .max_len = s->recipe.stride,
                             .alphabet = ALPHABET_AMINO,
                             .region = "junction"};
    TRY(bagwriter_open(&writer, s->files->path, &options));
    *out = writer;
    if (!s->recipe.genes) return OK;
    return bagwriter_genes(writer, (const char *const *)s->v.text, s->v.n, (const char *const *)s->j.text, s->j.n);
}

static Status add(void *out, const Simulator *s, int bag, const Repertoire *r)
{
    char key[SIMULATE_KEY];
    simulate_key(key, s, bag);
    return bagwriter_add(out, key,
                         &(BagWriterRows){.codes = r->codes,
                                          .stride = (size_t)r->stride,
                                          .len = r->len,
                                          .count = r->count,
                                          .v = r->v,
                                          .j = r->j,
                                          .n = r->n});
}

static Status finish(void *out, const Simulator *s, const Table *labels, const char *facts)
{
    (void)s;
    return bagwriter_finish(out, labels, facts);
}

static void drop(void *out)
{
    bagwriter_drop(out);
}

const OutputType output_dataset = {.open = open_dataset, .add = add, .finish = finish, .drop = drop};
