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

/* ---- the table ---- */

static int words_at(const CloneTable *t, uint32_t i)
{
    return (int)(t->at[i + 1] - t->at[i]);
}

static bool same_words(const uint64_t *a, const uint64_t *b, int n)
{
    for (int k = 0; k < n; k++)
        if (a[k] != b[k]) return false;
    return true;
}

uint32_t clonemodel_find(const CloneTable *t, const uint64_t *key, int n_word)
{
    const uint64_t hash = clonekey_hash(key, n_word);
    if (t->mask == 0) return CLONEMODEL_NONE;
    for (uint64_t at = hash & t->mask; t->slot[at]; at = (at + 1) & t->mask) {
        const uint32_t i = (uint32_t)t->slot[at] - 1;
        if (t->slot[at] >> 32 == hash >> 32 && words_at(t, i) == n_word &&
            same_words(t->word + t->at[i], key, n_word))
            return i;
    }
    return CLONEMODEL_NONE;
}

uint32_t clonemodel_meet(CloneTable *t, const uint64_t *key, int n_word)
{
    const uint32_t i = clonemodel_find(t, key, n_word);
    if (i == CLONEMODEL_NONE || t->seen[i] == t->turn) return CLONEMODEL_NONE;
    t->seen[i] = t->turn;
    return i;
}

void clonemodel_turn(CloneTable *t)
{
    if (++t->turn) return;
    memset(t->seen, 0, (size_t)t->n * sizeof *t->seen);
    t->turn = 1;
}

static void enter(CloneTable *t, uint32_t i)
{
    const uint64_t hash = clonekey_hash(t->word + t->at[i], words_at(t, i));
    uint64_t at = hash & t->mask;
    while (t->slot[at]) at = (at + 1) & t->mask;
    t->slot[at] = hash >> 32 << 32 | (i + 1);
}

static bool grow_slots(CloneTable *t)
{
    const uint64_t mask = t->mask ? 2 * t->mask + 1 : 1023;
    uint64_t *slot = calloc(mask + 1, sizeof *slot);
    if (!slot) return false;
    free(t->slot);
    t->slot = slot;
    t->mask = mask;
    for (uint32_t i = 0; i < t->n; i++) enter(t, i);
    return true;
}

static bool grow_numbers(CloneTable *t)
{
    const uint32_t room = 2 * t->room + 512;
    size_t *at = realloc(t->at, ((size_t)room + 1) * sizeof *at);
    if (at) t->at = at;
    uint32_t *seen = realloc(t->seen, ((size_t)room + 1) * sizeof *seen);
    if (seen) t->seen = seen;
    if (!at || !seen) return false;
    if (t->room == 0) t->at[0] = 0;
    memset(t->seen + t->n, 0, ((size_t)room - t->n) * sizeof *t->seen);
    t->room = room;
    return true;
}

static bool grow_words(CloneTable *t, size_t n)
{
    const size_t room = 2 * (t->n_word + n);
    uint64_t *word = realloc(t->word, room * sizeof *word);
    if (!word) return false;
    t->word = word;
    t->n_word = room;
    return true;
}

/* Room for one more key of n words. */
static bool make_room(CloneTable *t, int n)
{
    if (t->n == t->room && !grow_numbers(t)) return false;
    if (2 * (uint64_t)t->n >= t->mask && !grow_slots(t)) return false;
    return t->at[t->n] + (size_t)n <= t->n_word || grow_words(t, (size_t)n);
}

void clonemodel_close(CloneTable *t)
{
    free(t->word);
    free(t->at);
    free(t->slot);
    free(t->seen);
    *t = (CloneTable){0};
}

/* ---- reading ---- */

static Status no_memory(const RivalModel *model)
{
    return fail(ERR_MEMORY, "no memory for the sequences of a model of %s", model->rival->name);
}

/* A line without letters, or with others than the cohort has, equals nothing. */
static Status add_line(CloneTable *t, uint32_t *number, const char *line, int64_t len, const char *alphabet,
                       const uint64_t *genes)
{
    const int n_word = clonekey_words((int)len) + (genes != NULL);
    *number = CLONEMODEL_NONE;
    if (len == 0 || len >= 1 << 20) return OK;
    if (!make_room(t, n_word)) return ERR_MEMORY;
    uint64_t *key = t->word + t->at[t->n];
    if (!clonekey_parse(key, line, (int)len, alphabet)) return OK;
    if (genes) key[n_word - 1] = *genes;
    *number = clonemodel_find(t, key, n_word);
    if (*number != CLONEMODEL_NONE) return OK;
    *number = t->n++;
    t->at[t->n] = t->at[t->n - 1] + (size_t)n_word;
    enter(t, *number);
    return OK;
}

static int64_t count_lines(const Tensor *t)
{
    const char *text = t->data;
    int64_t n = 0;
    for (int64_t i = 0; i < t->shape[0]; i++) n += text[i] == '\n';
    return n;
}

/* Lines are looked for by strchr. */
static Status check_text(const RivalModel *model, const Tensor *t)
{
    const char *text = t->data;
    const int64_t n = t->shape[0];
    if (n == 0 || (text[n - 1] == '\n' && !memchr(text, '\0', (size_t)n))) return OK;
    return fail(ERR_MODEL, "a model of %s holds sequences that cannot be read", model->rival->name);
}

Status clonemodel_join(CloneTable *t, uint32_t **number, int64_t *n, const RivalModel *model, const char *alphabet,
                       bool genes)
{
    const Tensor *text, *of_genes = NULL;
    const int64_t any = -1;
    *number = NULL;
    TRY(rival_model_tensor(&text, model, "sequences", TENSOR_U8, 1, &any));
    TRY(check_text(model, text));
    *n = count_lines(text);
    if (*n + t->n >= UINT32_MAX / 4)
        return fail(ERR_MODEL, "models of %s hold more sequences than can be looked up", model->rival->name);
    if (genes) TRY(rival_model_tensor(&of_genes, model, "genes", TENSOR_U64, 1, n));
    *number = malloc(((size_t)*n + 1) * sizeof **number);
    if (!*number) return no_memory(model);
    const char *line = text->data;
    for (int64_t i = 0; i < *n; i++) {
        const char *end = strchr(line, '\n');
        const uint64_t *of_line = of_genes ? (const uint64_t *)of_genes->data + i : NULL;
        if (add_line(t, &(*number)[i], line, end - line, alphabet, of_line) != OK) return no_memory(model);
        line = end + 1;
    }
    return OK;
}
