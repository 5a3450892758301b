/* SPDX-License-Identifier: MIT
 *
 * A bag comes sorted by length, so that keys of equally many words are neighbours. Those of a section are found again in
 * a hash table of their own.
 */
#include "cohort/clonebag.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    CloneBag *out;
    const Bag *bag;
    const BagText *text; /* NULL: no genes */
    uint32_t *slot;      /* [mask + 1] number of a key + 1 */
    uint32_t mask;
} Reading;

static Status no_memory(int n)
{
    return fail(ERR_MEMORY, "no memory for the distinct sequences of a bag of %d", n);
}

static size_t count_words(const Bag *bag)
{
    size_t n = 0;
    for (int l = 1; l <= bag->max_len; l++)
        n += (size_t)(bag->first[l + 1] - bag->first[l]) * (size_t)clonekey_words(l);
    return n;
}

static int count_sections(const Bag *bag)
{
    int n = 0, last = 0;
    for (int l = 1; l <= bag->max_len; l++) {
        if (bag->first[l + 1] == bag->first[l] || clonekey_words(l) == last) continue;
        last = clonekey_words(l);
        n++;
    }
    return n;
}

static Status reserve(Reading *r)
{
    CloneBag *out = r->out;
    const size_t n = (size_t)r->bag->n;
    r->mask = 15;
    while (r->mask < 2 * n) r->mask = 2 * r->mask + 1;
    r->slot = malloc(((size_t)r->mask + 1) * sizeof *r->slot);
    out->word = malloc((count_words(r->bag) + (r->text ? n : 0) + 1) * sizeof *out->word);
    out->section = malloc(((size_t)count_sections(r->bag) + 1) * sizeof *out->section);
    out->len = malloc((n + 1) * sizeof *out->len);
    out->key = malloc((n + 1) * sizeof *out->key);
    out->n_row = r->bag->n;
    return r->slot && out->word && out->section && out->len && out->key ? OK : no_memory(r->bag->n);
}

static void begin_section(Reading *r, int n_word)
{
    CloneBag *out = r->out;
    out->section[out->n_section++] = (CloneSection){.n_word = n_word, .first = out->n, .at = out->n_word};
    memset(r->slot, 0, ((size_t)r->mask + 1) * sizeof *r->slot);
}

/* The number of the key that has just been put behind the others, or that of the same key before it. */
static int find_or_add(Reading *r, CloneSection *s, const uint64_t *fresh, int len)
{
    CloneBag *out = r->out;
    const size_t bytes = (size_t)s->n_word * sizeof *fresh;
    uint32_t at = (uint32_t)clonekey_hash(fresh, s->n_word) & r->mask;
    for (; r->slot[at]; at = (at + 1) & r->mask) {
        const int number = (int)r->slot[at] - 1;
        if (memcmp(clonebag_key(out, s, number - s->first), fresh, bytes) == 0) return number;
    }
    r->slot[at] = (uint32_t)out->n + 1;
    out->len[out->n] = len;
    out->n_word += (size_t)s->n_word;
    s->n++;
    return out->n++;
}

static void add_sequence(Reading *r, int i, int len)
{
    CloneBag *out = r->out;
    CloneSection *s = &out->section[out->n_section - 1];
    uint64_t *fresh = out->word + out->n_word;
    const int row = r->bag->row[i];
    clonekey_pack(fresh, bag_codes(r->bag, i, len), len);
    if (r->text)
        fresh[s->n_word - 1] =
            clonekey_genes(r->text->v_call ? r->text->v_call[row] : "", r->text->j_call ? r->text->j_call[row] : "");
    out->key[row] = find_or_add(r, s, fresh, len);
}

static void add_all(Reading *r)
{
    const Bag *bag = r->bag;
    int last = 0;
    for (int row = 0; row < bag->n; row++) r->out->key[row] = -1;
    for (int l = 1; l <= bag->max_len; l++) {
        if (bag->first[l + 1] == bag->first[l]) continue;
        if (clonekey_words(l) != last) begin_section(r, clonekey_words(l) + (r->text != NULL));
        last = clonekey_words(l);
        for (int i = bag->first[l]; i < bag->first[l + 1]; i++) add_sequence(r, i, l);
    }
}

static Status check_alphabet(const BagFile *file)
{
    const int n = bagfile_spec(file)->n_feat;
    if (n <= CLONEKEY_LETTERS) return OK;
    return fail(ERR_FORMAT, "%s: an alphabet of %d letters; sequences are counted in alphabets of up to %d",
                bagfile_path(file), n, CLONEKEY_LETTERS);
}

Status clonebag_read(CloneBag *out, BagFile *file, int bag, bool genes)
{
    Arena arena = {0};
    Bag read;
    BagText text = {0};
    Reading r = {.out = out, .bag = &read, .text = genes ? &text : NULL};
    Status status;
    *out = (CloneBag){0};
    TRY_DONE(check_alphabet(file));
    TRY_DONE(bagfile_read_alone(&read, &arena, file, bag, COUNTS_NONE));
    if (genes) TRY_DONE(bagfile_read_text(&text, file, bag));
    TRY_DONE(reserve(&r));
    add_all(&r);
done:
    if (status != OK) clonebag_free(out);
    free(r.slot);
    bagtext_free(&text);
    arena_free(&arena);
    return status;
}

void clonebag_free(CloneBag *bag)
{
    free(bag->word);
    free(bag->section);
    free(bag->len);
    free(bag->key);
    *bag = (CloneBag){0};
}
