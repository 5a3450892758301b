/* SPDX-License-Identifier: MIT
 *
 * Sequences stay in the file until a bag is asked for, and then come as one range of rows, so that each chunk is inflated
 * once or twice. Scratch is made at the first read, as large as the largest bag, and kept.
 */
#include "core/rng.h"
#include "data/bagfile/baghash.h"
#include "data/bagfile/bagparts.h"
#include "data/bagfile/rarefy.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The first that is there of several names: ours, then those of DeepRC's older files. */
static Status need_first(H5Set *out, const BagFile *file, const char *const *names, H5Class class, int rank)
{
    for (int i = 0; names[i]; i++) {
        TRY(h5_find(out, file->file, file->path, names[i], class, rank));
        if (out->id > 0) return OK;
    }
    return h5_need(out, file->file, file->path, names[0], class, rank);
}

static Status read_alphabet(BagFile *file)
{
    H5Texts letters;
    TRY(bagparts_texts(&letters, file, "/metadata/aas", 0, true, NULL));
    Status status = alphabet_init(&file->alphabet, letters.text[0]);
    if (status != OK) status = fail_at(status, "%s: /metadata/aas", file->path);
    h5_texts_free(&letters);
    memcpy(file->spec.alphabet, file->alphabet.letter, sizeof file->spec.alphabet);
    return status;
}

static Status open_column(H5Set *out, const BagFile *file, const char *const *names)
{
    TRY(need_first(out, file, names, H5_WHOLE, 1));
    if (out->n == file->n_total) return OK;
    return fail(ERR_FORMAT, "%s: %s has %lld rows, %s has %lld", file->path, out->name, (long long)out->n,
                file->part[PART_CODES].name, (long long)file->n_total);
}

static Status open_sequences(BagFile *file)
{
    static const char *const codes[] = {"/sampledata/sequences", "/sampledata/amino_acid_sequences", NULL};
    static const char *const counts[] = {"/sampledata/sequence_counts", "/sampledata/duplicates_per_sequence",
                                         "/sampledata/counts_per_sequence", NULL};
    static const char *const lens[] = {"/sampledata/seq_lens", NULL};
    TRY(need_first(&file->part[PART_CODES], file, codes, H5_WHOLE, 2));
    file->n_total = file->part[PART_CODES].n;
    if (file->part[PART_CODES].width > 1 << 20)
        return fail(ERR_FORMAT, "%s: sequences of %lld residues are too long", file->path,
                    (long long)file->part[PART_CODES].width);
    TRY(open_column(&file->part[PART_LEN], file, lens));
    TRY(open_column(&file->part[PART_COUNT], file, counts));
    TRY(read_alphabet(file));
    file->spec.kind = BAG_SEQUENCES;
    file->spec.n_feat = file->alphabet.n;
    file->spec.max_len = (int)file->part[PART_CODES].width;
    const char *region = json_string_value(json_object_get(file->facts, "region"));
    snprintf(file->spec.region, sizeof file->spec.region, "%s", region ? region : "");
    return OK;
}

static Status open_genes(BagFile *file)
{
    TRY(h5_find(&file->part[PART_V], file->file, file->path, "/sampledata/v_call", H5_WHOLE, 1));
    TRY(h5_find(&file->part[PART_J], file->file, file->path, "/sampledata/j_call", H5_WHOLE, 1));
    if (!bagfile_has_genes(file)) return OK;
    if (file->part[PART_V].n != file->n_total || file->part[PART_J].n != file->n_total)
        return fail(ERR_FORMAT, "%s: /sampledata/v_call or j_call has another number of rows than the sequences",
                    file->path);
    TRY(bagparts_texts(&file->v_name, file, "/metadata/v_call_names", 1, true, NULL));
    return bagparts_texts(&file->j_name, file, "/metadata/j_call_names", 1, true, NULL);
}

/* ---- reading a bag ---- */

static Status make_scratch(BagFile *file)
{
    if (file->scratch_factor) return OK;
    const size_t n = (size_t)file->n_max, width = (size_t)file->part[PART_CODES].width;
    if (!file->scratch_codes) file->scratch_codes = malloc(n * width + 1);
    if (!file->scratch_len) file->scratch_len = malloc(n * sizeof *file->scratch_len);
    if (!file->scratch_count) file->scratch_count = malloc(n * sizeof *file->scratch_count);
    if (!file->scratch_keep) file->scratch_keep = malloc(n * sizeof *file->scratch_keep);
    if (file->scratch_codes && file->scratch_len && file->scratch_count && file->scratch_keep)
        file->scratch_factor = malloc(n * sizeof *file->scratch_factor);
    if (file->scratch_factor) return OK;
    return fail(ERR_MEMORY, "%s: no memory for a bag of %d sequences", file->path, file->n_max);
}

static Status read_len(BagFile *file, int bag)
{
    const int n = bagparts_n(file, bag);
    TRY(make_scratch(file));
    TRY(h5_read(file->scratch_len, &file->part[PART_LEN], H5_INT64, bagparts_first(file, bag), n));
    for (int i = 0; i < n; i++)
        if (file->scratch_len[i] < 0 || file->scratch_len[i] > file->part[PART_CODES].width)
            return fail(ERR_FORMAT, "%s: %s row %lld is %lld, but there is room for %lld residues", file->path,
                        file->part[PART_LEN].name, (long long)(bagparts_first(file, bag) + i),
                        (long long)file->scratch_len[i], (long long)file->part[PART_CODES].width);
    return OK;
}

/* Is a code n_letter ≤ 128 or more? Eight at a time; the last eight overlap those before. */
static bool has_code_from(const uint8_t *code, int64_t len, unsigned n_letter)
{
    const uint64_t ones = 0x0101010101010101, top = 0x80 * ones, add = (0x80 - n_letter) * ones;
    uint64_t bad = 0, eight;
    if (len < 8) {
        for (int64_t t = 0; t < len; t++) bad |= code[t] >= n_letter;
        return bad;
    }
    for (int64_t t = 0; t < len; t += 8) {
        memcpy(&eight, code + (t + 8 <= len ? t : len - 8), sizeof eight);
        bad |= eight | ((eight & ~top) + add);
    }
    return bad & top;
}

static Status read_codes(BagFile *file, int bag)
{
    const int n = bagparts_n(file, bag);
    const int64_t width = file->part[PART_CODES].width;
    TRY(read_len(file, bag));
    TRY(h5_read(file->scratch_codes, &file->part[PART_CODES], H5_INT8, bagparts_first(file, bag), n));
    const uint8_t n_letter = (uint8_t)file->alphabet.n;
    for (int i = 0; i < n; i++) {
        const uint8_t *codes = (const uint8_t *)file->scratch_codes + i * width;
        if (has_code_from(codes, file->scratch_len[i], n_letter))
            return fail(ERR_FORMAT, "%s: %s row %lld holds a code outside 0 … %d within its length", file->path,
                        file->part[PART_CODES].name, (long long)(bagparts_first(file, bag) + i), n_letter - 1);
    }
    return OK;
}

/* Single precision before the logarithm, as DeepRC has them in memory. */
static real scaled(int64_t count, CountScale scale)
{
    const float c = (float)count;
    switch (scale) {
    case COUNTS_LOG:
        return (real)(float)log(c > 1 ? (double)c : 1);
    case COUNTS_LOG1P:
        return (real)(float)log1p(c > 0 ? (double)c : 0);
    case COUNTS_RAW:
        return (real)(c > 0 ? c : 0);
    case COUNTS_NONE:
        break;
    }
    return 1;
}

/* Where a file does not know a count it is 0 or less: the sequence was seen at least once. */
static real log_weight(int64_t count, CountWeight weight)
{
    const double c = count > 1 ? (double)count : 1;
    return (real)log(weight == WEIGHT_RAW ? c : log1p(c));
}

static Status read_counts(int64_t *count, BagFile *file, int bag)
{
    return h5_read(count, &file->part[PART_COUNT], H5_INT64, bagparts_first(file, bag), bagparts_n(file, bag));
}

/* Of the whole bag, which lies in scratch. */
static void note_hash(BagFile *file, int bag)
{
    const int n = bagparts_n(file, bag);
    uint64_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += baghash_sequence(file->scratch_codes + i * file->part[PART_CODES].width, file->scratch_len[i],
                                file->scratch_count[i]);
    bagparts_hash(file, bag, baghash_bag(sum, n));
}

/* Leaves the part that rarefy.h draws in the scratch: lengths, codes where they are wanted, counts where they are known. */
static Status draw_part(BagFile *file, int bag, bool codes, bool counts)
{
    if (!file->rare) return OK;
    const size_t width = (size_t)file->part[PART_CODES].width;
    if (!counts && rarefy_by_counts(file)) {
        TRY(read_counts(file->scratch_count, file, bag));
        counts = true;
    }
    const int n = rarefy_choose(file->scratch_keep, counts ? file->scratch_count : NULL, file, bag);
    for (int i = 0; i < n; i++) {
        const size_t from = (size_t)file->scratch_keep[i];
        file->scratch_len[i] = file->scratch_len[from];
        if (codes) memmove(file->scratch_codes + (size_t)i * width, file->scratch_codes + from * width, width);
    }
    return OK;
}

/* index [n] of the part that draw_part left in scratch. */
static Status read_part_genes(int16_t *index, int16_t *whole, const BagFile *file, int bag, int gene)
{
    const int n_name = (int)(gene ? &file->j_name : &file->v_name)->n;
    TRY(h5_read(whole, &file->part[gene ? PART_J : PART_V], H5_INT16, bagparts_first(file, bag),
                bagparts_n(file, bag)));
    for (int i = 0; i < bagfile_n(file, bag); i++) {
        const int16_t own = whole[file->rare ? file->scratch_keep[i] : i];
        index[i] = own >= 0 && own < n_name ? own : -1;
    }
    return OK;
}

static bool has_wanted_genes(const BagFile *file, CountScale counts)
{
    return bagfile_wants_genes(counts) && bagfile_has_genes(file);
}

/* Leaves V and J of the part that draw_part left in scratch in scratch_gene. */
static Status read_wanted_genes(BagFile *file, int bag, CountScale counts)
{
    const size_t n_max = (size_t)file->n_max;
    if (!has_wanted_genes(file, counts)) return OK;
    if (!file->scratch_gene) file->scratch_gene = malloc(3 * n_max * sizeof *file->scratch_gene + 1);
    if (!file->scratch_gene) return fail(ERR_MEMORY, "%s: no memory for the genes of a bag", file->path);
    for (int gene = 0; gene < 2; gene++)
        TRY(read_part_genes(file->scratch_gene + (size_t)gene * n_max, file->scratch_gene + 2 * n_max, file, bag,
                            gene));
    return OK;
}

static void pack_genes(Bag *out, Arena *arena, const BagFile *file, int n)
{
    const int16_t *v = file->scratch_gene, *j = v ? v + file->n_max : NULL;
    BagGene *to = ARENA_TAKE(arena, BagGene, (size_t)n);
    for (int i = 0; to && i < n; i++) to[i] = (BagGene){.v = v[out->row[i]], .j = j[out->row[i]]};
    out->gene = to;
}

/* What is in scratch as a bag; `arena` may be counting. */
static void pack(Bag *out, Arena *arena, const BagFile *file, int n, CountScale counts)
{
    const CountScale scale = bagfile_scale(counts);
    const CountWeight weight = bagfile_weight(counts);
    for (int i = 0; i < n && scale != COUNTS_NONE && arena->base; i++)
        file->scratch_factor[i] = scaled(file->scratch_count[i], scale);
    bag_pack(out, arena, file->scratch_codes, (size_t)file->part[PART_CODES].width, file->scratch_len,
             scale == COUNTS_NONE ? NULL : file->scratch_factor, n);
    if (has_wanted_genes(file, counts)) pack_genes(out, arena, file, n);
    if (weight == WEIGHT_NONE) return;
    real *to = ARENA_TAKE(arena, real, (size_t)n);
    for (int i = 0; to && i < n; i++) to[i] = log_weight(file->scratch_count[out->row[i]], weight);
    out->log_weight = to;
}

static Status read_sequences(Bag *out, Arena *arena, BagFile *file, int bag, CountScale counts)
{
    const int n = bagfile_n(file, bag);
    TRY(read_codes(file, bag));
    const bool whole = !file->hashed[bag], counted = counts != COUNTS_NONE || whole;
    if (counted) TRY(read_counts(file->scratch_count, file, bag));
    if (whole) note_hash(file, bag);
    TRY(draw_part(file, bag, true, counted));
    TRY(read_wanted_genes(file, bag, counts));
    pack(out, arena, file, n, counts);
    return OK;
}

/* Lengths that cannot be read count nothing here, and `read` says why before it takes anything. */
static Status room(Arena *arena, BagFile *file, int bag, CountScale counts)
{
    Bag unused;
    Arena counter = {0};
    TRY(read_len(file, bag));
    TRY(draw_part(file, bag, false, false));
    pack(&unused, &counter, file, bagfile_n(file, bag), counts);
    (void)arena_take(arena, counter.used, 1);
    return OK;
}

static Status read_sizes(int64_t *len, int64_t *count, BagFile *file, int bag)
{
    const int n = bagfile_n(file, bag);
    TRY(read_len(file, bag));
    TRY(read_counts(file->scratch_count, file, bag));
    TRY(draw_part(file, bag, false, true));
    memcpy(len, file->scratch_len, (size_t)n * sizeof *len);
    memcpy(count, file->scratch_count, (size_t)n * sizeof *count);
    return OK;
}

Status bagfile_read_sizes(int64_t *len, int64_t *count, BagFile *file, int bag)
{
    assert(file->spec.kind == BAG_SEQUENCES);
    bagparts_lock(file);
    const Status status = read_sizes(len, count, file, bag);
    bagparts_unlock(file);
    return status;
}

static Status hash(BagFile *file, int bag)
{
    TRY(read_codes(file, bag));
    TRY(read_counts(file->scratch_count, file, bag));
    note_hash(file, bag);
    return OK;
}

/* ---- text ---- */

static Status read_genes(BagText *out, const BagFile *file, int bag)
{
    int16_t *index = malloc((size_t)bagparts_n(file, bag) * sizeof *index + 1);
    Status status = OK;
    out->v_call = calloc((size_t)out->n + 1, sizeof *out->v_call);
    out->j_call = calloc((size_t)out->n + 1, sizeof *out->j_call);
    if (!index || !out->v_call || !out->j_call)
        TRY_DONE(fail(ERR_MEMORY, "%s: no memory for gene names", file->path));
    for (int k = 0; k < 2; k++) {
        const H5Texts *names = k ? &file->j_name : &file->v_name;
        TRY_DONE(h5_read(index, k ? &file->part[PART_J] : &file->part[PART_V], H5_INT16, bagparts_first(file, bag),
                         bagparts_n(file, bag)));
        for (int i = 0; i < out->n; i++) {
            const int16_t name = index[file->rare ? file->scratch_keep[i] : i];
            (k ? out->j_call : out->v_call)[i] = name >= 0 && name < names->n ? names->text[name] : "";
        }
    }
done:
    free(index);
    return status;
}

static Status read_text(BagText *out, BagFile *file, int bag)
{
    TRY(read_codes(file, bag));
    TRY(read_counts(file->scratch_count, file, bag));
    TRY(draw_part(file, bag, true, true));
    Status status = OK;
    out->sequence = calloc((size_t)out->n, out->stride);
    out->count = calloc((size_t)out->n, sizeof *out->count);
    if (!out->sequence || !out->count)
        TRY_DONE(fail(ERR_MEMORY, "%s: no memory for a bag of %d sequences", file->path, out->n));
    for (int i = 0; i < out->n; i++)
        for (int64_t t = 0; t < file->scratch_len[i]; t++)
            out->sequence[(size_t)i * out->stride + (size_t)t] =
                file->alphabet.letter[file->scratch_codes[i * file->part[PART_CODES].width + t]];
    memcpy(out->count, file->scratch_count, (size_t)out->n * sizeof *out->count);
    if (bagfile_has_genes(file)) TRY_DONE(read_genes(out, file, bag));
done:
    return status;
}

Status bagfile_read_text(BagText *out, BagFile *file, int bag)
{
    *out = (BagText){.n = bagfile_n(file, bag), .stride = (size_t)file->part[PART_CODES].width + 1};
    if (file->spec.kind != BAG_SEQUENCES) return fail(ERR_FORMAT, "%s: holds vectors, not sequences", file->path);
    bagparts_lock(file);
    const Status status = read_text(out, file, bag);
    bagparts_unlock(file);
    if (status != OK) bagtext_free(out);
    return status;
}

Status bagfile_read_rows(BagWriterRows *out, int16_t *gene, BagFile *file, int bag)
{
    const int n = bagparts_n(file, bag);
    const int64_t first = bagparts_first(file, bag);
    TRY(read_codes(file, bag));
    TRY(read_counts(file->scratch_count, file, bag));
    if (!file->hashed[bag]) note_hash(file, bag);
    *out = (BagWriterRows){.codes = file->scratch_codes,
                           .stride = (size_t)file->part[PART_CODES].width,
                           .len = file->scratch_len,
                           .count = file->scratch_count,
                           .n = n};
    if (!gene) return OK;
    out->v = gene;
    out->j = gene + n;
    for (int k = 0; k < 2; k++) {
        const H5Texts *names = k ? &file->j_name : &file->v_name;
        int16_t *to = gene + k * n;
        for (int i = 0; i < n; i++) to[i] = -1;
        if (!bagfile_has_genes(file)) continue;
        TRY(h5_read(to, &file->part[k ? PART_J : PART_V], H5_INT16, first, n));
        for (int i = 0; i < n; i++)
            if (to[i] >= names->n) to[i] = -1;
    }
    return OK;
}

Status bagfile_read_genes(int16_t *v, int16_t *j, BagFile *file, int bag)
{
    assert(bagfile_has_genes(file));
    int16_t *whole = malloc((size_t)bagparts_n(file, bag) * sizeof *whole + 1);
    bagparts_lock(file);
    Status status = whole ? OK : fail(ERR_MEMORY, "%s: no memory for the genes of a bag", file->path);
    if (status == OK) status = read_len(file, bag);
    if (status == OK) status = draw_part(file, bag, false, false);
    if (status == OK) status = read_part_genes(v, whole, file, bag, 0);
    if (status == OK) status = read_part_genes(j, whole, file, bag, 1);
    bagparts_unlock(file);
    free(whole);
    return status;
}

const char *const *bagfile_gene_names(const BagFile *file, bool j)
{
    return j ? file->j_name.text : file->v_name.text;
}

static uint64_t hash_text(uint64_t h, const char *text)
{
    for (; text && *text; text++) h = rng_mix(h ^ (uint64_t)(unsigned char)*text);
    return rng_mix(h ^ 0xff);
}

uint64_t bagtext_hash(const BagText *text, int i)
{
    const uint64_t h = hash_text(0, text->sequence + (size_t)i * text->stride);
    return hash_text(hash_text(h, text->v_call ? text->v_call[i] : NULL), text->j_call ? text->j_call[i] : NULL);
}

void bagtext_free(BagText *text)
{
    free(text->sequence);
    free(text->count);
    free(text->v_call);
    free(text->j_call);
    *text = (BagText){0};
}

const BagLayout bagsequences_layout = {
    .open = open_sequences, .check = open_genes, .read = read_sequences, .room = room, .hash = hash};
