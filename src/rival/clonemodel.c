/* SPDX-License-Identifier: MIT */
#include "rival/clonemodel.h"

#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

Status clonemodel_add(CloneTensors *out, RivalModel *model, int64_t n, size_t n_text, bool genes)
{
    void *data;
    *out = (CloneTensors){0};
    TRY(rival_model_add(model, &data, "sequences", TENSOR_U8, 1, (const int64_t[]){(int64_t)n_text}));
    out->text = data;
    if (!genes) return OK;
    TRY(rival_model_add(model, &data, "genes", TENSOR_U64, 1, &n));
    out->genes = data;
    return OK;
}

size_t clonemodel_bytes(const CloneReader *r, int i, bool genes)
{
    return (size_t)clonekey_len(clonelist_key(r, i), clonelist_words(r, i) - genes) + 1;
}

void clonemodel_put(CloneTensors *t, const CloneReader *r, int i, const char *alphabet)
{
    const uint64_t *key = clonelist_key(r, i);
    const int n_word = clonelist_words(r, i) - (t->genes != NULL);
    if (t->genes) t->genes[t->n] = key[n_word];
    t->n_text += (size_t)clonekey_text(t->text + t->n_text, key, n_word, alphabet);
    t->text[t->n_text++] = '\n';
    t->n++;
}

Status clonemodel_describe(RivalModel *model, const BagSpec *spec)
{
    if (json_object_set_new(model->facts, "region", json_string(spec->region)) == 0) return OK;
    return fail(ERR_MEMORY, "no memory for a model of %s", model->rival->name);
}

Status clonemodel_check(const RivalModel *model, const BagFile *file)
{
    const char *region = json_string_value(json_object_get(model->facts, "region"));
    const BagSpec *spec = bagfile_spec(file);
    if (spec->kind != BAG_SEQUENCES)
        return fail(ERR_MODEL, "%s holds vectors; a model of %s is for sequences", bagfile_path(file),
                    model->rival->name);
    if (!region || !*region || !*spec->region || strcmp(region, spec->region) == 0) return OK;
    return fail(ERR_MODEL, "%s holds sequences of the region %s, the model of %s knows those of %s; import again",
                bagfile_path(file), spec->region, model->rival->name, region);
}

/* ---- finding ---- */

static Status no_memory(const RivalModel *model)
{
    return fail(ERR_MEMORY, "no memory for the sequences of a model of %s", model->rival->name);
}

static int64_t count_lines(const Tensor *t)
{
    const char *text = t->data;
    int64_t n = 0;
    for (int64_t i = 0; i < t->shape[0]; i++) n += text[i] == '\n';
    return n;
}

static Status reserve(CloneTable *t, const RivalModel *model, int64_t n_text)
{
    t->mask = 15;
    while (t->mask < 2 * (uint64_t)t->n) t->mask = 2 * t->mask + 1;
    /* a word for each 12 letters begun, and one of genes */
    t->word = malloc(((size_t)n_text / CLONEKEY_PER_WORD + 2 * (size_t)t->n + 1) * sizeof *t->word);
    t->at = malloc(((size_t)t->n + 1) * sizeof *t->at);
    t->slot = calloc((size_t)t->mask + 1, sizeof *t->slot);
    t->seen = calloc((size_t)t->n + 1, sizeof *t->seen);
    return t->word && t->at && t->slot && t->seen ? OK : no_memory(model);
}

static int words_at(const CloneTable *t, int64_t i)
{
    return (int)(t->at[i + 1] - t->at[i]);
}

static uint64_t slot_for(uint64_t hash, int64_t i)
{
    return (hash >> 32) << 32 | (uint64_t)(i + 1);
}

static void enter(CloneTable *t, int64_t i)
{
    const uint64_t hash = clonekey_hash(t->word + t->at[i], words_at(t, i));
    uint64_t at = hash & t->mask;
    while (t->slot[at]) at = (at + 1) & t->mask;
    t->slot[at] = slot_for(hash, i);
}

/* A line without letters, or with others than the cohort has, gets no words. */
static void read_line(CloneTable *t, int64_t i, const char *line, int64_t len, const char *alphabet)
{
    const size_t at = t->at[i];
    t->at[i + 1] = at;
    if (len > 0 && len < 1 << 20 && clonekey_parse(t->word + at, line, (int)len, alphabet))
        t->at[i + 1] = at + (size_t)clonekey_words((int)len);
}

static void read_lines(CloneTable *t, const char *text, const char *alphabet, const uint64_t *genes)
{
    t->at[0] = 0;
    for (int64_t i = 0; i < t->n; i++) {
        const char *end = strchr(text, '\n'); /* there is one: lines were counted */
        read_line(t, i, text, end - text, alphabet);
        text = end + 1;
        if (words_at(t, i) == 0) continue;
        if (genes) t->word[t->at[i + 1]++] = genes[i];
        if (clonemodel_find(t, t->word + t->at[i], words_at(t, i)) < 0) enter(t, i);
    }
}

/* strchr needs text without a NUL. */
static Status check_text(const RivalModel *model, const Tensor *t)
{
    const char *text = t->data;
    const int64_t n = t->shape[0];
    if (n == 0 || (text[n - 1] == '\n' && !memchr(text, '\0', (size_t)n) && n < UINT32_MAX)) return OK;
    return fail(ERR_MODEL, "a model of %s holds sequences that cannot be read", model->rival->name);
}

Status clonemodel_open(CloneTable *out, const RivalModel *model, const char *alphabet, bool genes)
{
    const Tensor *text, *of_genes = NULL;
    const int64_t any = -1;
    *out = (CloneTable){0};
    TRY(rival_model_tensor(&text, model, "sequences", TENSOR_U8, 1, &any));
    TRY(check_text(model, text));
    out->n = count_lines(text);
    if (genes) TRY(rival_model_tensor(&of_genes, model, "genes", TENSOR_U64, 1, &out->n));
    const Status status = reserve(out, model, text->shape[0]);
    if (status == OK) read_lines(out, text->data, alphabet, of_genes ? of_genes->data : NULL);
    if (status != OK) clonemodel_close(out);
    return status;
}

void clonemodel_close(CloneTable *t)
{
    free(t->word);
    free(t->at);
    free(t->slot);
    free(t->seen);
    *t = (CloneTable){0};
}

void clonemodel_turn(CloneTable *t)
{
    if (++t->turn) return;
    memset(t->seen, 0, (size_t)t->n * sizeof *t->seen);
    t->turn = 1;
}

int64_t clonemodel_find(const CloneTable *t, const uint64_t *key, int n_word)
{
    const uint64_t hash = clonekey_hash(key, n_word);
    for (uint64_t at = hash & t->mask; t->slot[at]; at = (at + 1) & t->mask) {
        const int64_t i = (int64_t)(t->slot[at] & UINT32_MAX) - 1;
        if (t->slot[at] >> 32 == hash >> 32 && words_at(t, i) == n_word &&
            memcmp(t->word + t->at[i], key, (size_t)n_word * sizeof *key) == 0)
            return i;
    }
    return -1;
}

int64_t clonemodel_meet(CloneTable *t, const uint64_t *key, int n_word)
{
    const int64_t i = clonemodel_find(t, key, n_word);
    if (i < 0 || t->seen[i] == t->turn) return -1;
    t->seen[i] = t->turn;
    return i;
}
