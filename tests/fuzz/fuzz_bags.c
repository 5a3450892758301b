/* SPDX-License-Identifier: MIT
 *
 * fuzz_bags.c: datasets, ours and those of others: every bag, decoded and as text, with its hash.
 */
#include "data/bagfile/bagfile.h"
#include "fuzz.h"

#include <string.h>

static void mix_columns(uint64_t *digest, const Table *table)
{
    for (int c = 0; table && c < table->n_column; c++) {
        fuzz_mix_text(digest, table->column[c]);
        for (int r = 0; r < table->n_row; r++) fuzz_mix_text(digest, table_cell(table, r, c));
    }
}

static void mix_text(uint64_t *digest, const BagText *text)
{
    for (int i = 0; i < text->n; i++) {
        fuzz_mix_text(digest, text->sequence + (size_t)i * text->stride);
        fuzz_mix(digest, &text->count[i], sizeof text->count[i]);
        if (text->v_call) fuzz_mix_text(digest, text->v_call[i]);
        if (text->j_call) fuzz_mix_text(digest, text->j_call[i]);
    }
}

/* The decoded bag, which takes another way into memory than the text. */
static Status mix_bag(uint64_t *digest, BagFile *file, int bag)
{
    Arena arena = {0};
    Bag content;
    Status status = OK;
    bagfile_read_room(&arena, file, bag, COUNTS_LOG);
    TRY_DONE(arena_reserve(&arena, "a bag"));
    TRY_DONE(bagfile_read(&content, &arena, file, bag, COUNTS_LOG));
    fuzz_mix(digest, &content.n, sizeof content.n);
    if (content.x)
        fuzz_mix(digest, content.x, (size_t)content.n * (size_t)bagfile_spec(file)->n_feat * sizeof *content.x);
    for (int i = 0; content.sparse && i < content.n; i++) {
        const SparseRow *row = &content.sparse[i];
        fuzz_mix(digest, row->feature, (size_t)row->n * sizeof *row->feature);
        fuzz_mix(digest, row->value, (size_t)row->n * sizeof *row->value);
    }
done:
    arena_free(&arena);
    return status;
}

static Status mix_bags(uint64_t *digest, BagFile *file)
{
    for (int b = 0; b < bagfile_n_bag(file); b++) {
        BagText text;
        uint64_t hash;
        fuzz_mix_text(digest, bagfile_key(file, b));
        TRY(mix_bag(digest, file, b));
        TRY(bagfile_hash(&hash, file, b));
        fuzz_mix(digest, &hash, sizeof hash);
        if (bagfile_spec(file)->kind != BAG_SEQUENCES) continue;
        TRY(bagfile_read_text(&text, file, b));
        mix_text(digest, &text);
        bagtext_free(&text);
    }
    return OK;
}

static Status read_bags(uint64_t *digest, const char *path, const char *sound)
{
    (void)sound;
    BagFile *file;
    TRY(bagfile_open(&file, path));
    const BagSpec *spec = bagfile_spec(file);
    fuzz_mix_text(digest, spec->alphabet);
    fuzz_mix_text(digest, spec->region);
    fuzz_mix(digest, &spec->max_len, sizeof spec->max_len);
    fuzz_mix(digest, &spec->n_feat, sizeof spec->n_feat);
    const char *const *feature = bagfile_feature_names(file);
    for (int f = 0; feature && f < spec->n_feat; f++) fuzz_mix_text(digest, feature[f]);
    fuzz_mix_text(digest, bagfile_provenance(file));
    mix_columns(digest, bagfile_columns(file));
    const Status status = mix_bags(digest, file);
    bagfile_close(file);
    return status;
}

const FuzzSubject fuzz_dataset = {"dataset", true, false, read_bags};
const FuzzSubject fuzz_foreign = {"foreign", false, true, read_bags};
