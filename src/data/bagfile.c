/* SPDX-License-Identifier: MIT
 *
 * Reading. The table of bags is read and checked at once; sequences stay in the file until a bag is asked for, and
 * then come as one range of rows, so that each chunk is inflated once or twice. Scratch is made at the first read, as
 * large as the largest bag, and kept.
 */
#include "data/bagfile.h"
#include "data/alphabet.h"
#include "data/baghash.h"
#include "data/bagprobe.h"
#include "data/h5.h"
#include "data/join.h"

#include <assert.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct BagFile {
    char *path;
    H5Id file;
    BagSpec spec;
    Alphabet alphabet;
    int n_bag, n_max;
    int64_t n_total;
    int64_t *range;                   /* [n_bag, 2] half-open rows */
    uint64_t *hash;                   /* [n_bag] NULL: the file has none */
    H5Set codes, len, count, v, j, x; /* id -1: absent */
    H5Texts keys, v_name, j_name;
    Table columns;
    bool has_columns;
    char *provenance; /* NULL: none */
    json_t *facts;    /* the same, parsed; NULL: none */

    int8_t *scratch_codes;  /* [n_max, width] */
    int64_t *scratch_len;   /* [n_max] */
    int64_t *scratch_count; /* [n_max] */
    real *scratch_factor;   /* [n_max] */
};

const char *bagfile_path(const BagFile *file)
{
    return file->path;
}
const BagSpec *bagfile_spec(const BagFile *file)
{
    return &file->spec;
}
int bagfile_n_bag(const BagFile *file)
{
    return file->n_bag;
}
const char *bagfile_key(const BagFile *file, int bag)
{
    return file->keys.text[bag];
}
int bagfile_n_max(const BagFile *file)
{
    return file->n_max;
}
int64_t bagfile_n_total(const BagFile *file)
{
    return file->n_total;
}
const Table *bagfile_columns(const BagFile *file)
{
    return file->has_columns ? &file->columns : NULL;
}
const char *bagfile_provenance(const BagFile *file)
{
    return file->provenance;
}
bool bagfile_has_genes(const BagFile *file)
{
    return file->v.id > 0 && file->j.id > 0;
}

static int64_t first_row(const BagFile *file, int bag)
{
    return file->range[2 * bag];
}

int bagfile_n(const BagFile *file, int bag)
{
    return (int)(file->range[2 * bag + 1] - file->range[2 * bag]);
}

/* ---- opening ---- */

/* The first that is there of several names: ours, then those of DeepRC's older files. */
static Status need_first(H5Set *out, const BagFile *file, const char *const *names, H5Class class, int rank)
{
    for (int i = 0; names[i]; i++) {
        TRY(h5_find(out, file->file, file->path, names[i], class, rank));
        if (out->id > 0) return OK;
    }
    return h5_need(out, file->file, file->path, names[0], class, rank);
}

/* Strings and scalars have no checksum in HDF5; the provenance of our files keeps theirs. */
static Status check_crc(const BagFile *file, const char *name, const void *bytes, size_t n)
{
    const char *expected = json_string_value(json_object_get(json_object_get(file->facts, "crc32"), name));
    char found[16];
    if (!expected) return OK;
    snprintf(found, sizeof found, "%08lx", crc32_z(0, bytes, n));
    if (strcmp(found, expected) == 0) return OK;
    return fail(ERR_FORMAT, "%s: %s does not match its checksum; the file is damaged, import it again", file->path,
                name);
}

static Status check_texts(const BagFile *file, const char *name, const H5Texts *texts)
{
    size_t bytes = 0;
    for (int64_t i = 0; i < texts->n; i++) bytes += strlen(texts->text[i]) + 1;
    return check_crc(file, name, texts->store, bytes);
}

static Status read_provenance(BagFile *file)
{
    H5Set set;
    TRY(h5_find(&set, file->file, file->path, "/metadata/provenance", H5_WHOLE, 1));
    if (set.id < 0) return OK;
    Status status = OK;
    if (set.n > 64 << 20 || !(file->provenance = calloc((size_t)set.n + 1, 1)))
        status = fail(ERR_FORMAT, "%s: %s is too large", file->path, set.name);
    else
        status = h5_read(file->provenance, &set, H5_UINT8, 0, set.n);
    if (status == OK) {
        json_error_t error;
        file->facts = json_loads(file->provenance, 0, &error);
        if (!json_is_object(file->facts))
            status = fail(ERR_FORMAT, "%s: %s is not a JSON object: %s", file->path, set.name, error.text);
    }
    h5_set_close(&set);
    return status;
}

static Status read_texts(H5Texts *out, const BagFile *file, const char *name, int rank, bool needed, int64_t *width)
{
    H5Set set;
    *out = (H5Texts){.n = -1};
    if (needed)
        TRY(h5_need(&set, file->file, file->path, name, H5_TEXT, rank));
    else
        TRY(h5_find(&set, file->file, file->path, name, H5_TEXT, rank));
    if (set.id < 0) return OK;
    if (width) *width = set.width;
    Status status = h5_read_texts(out, &set);
    h5_set_close(&set);
    if (status == OK) status = check_texts(file, name, out);
    if (status != OK) h5_texts_free(out);
    return status;
}

static Status read_n_bag(BagFile *file)
{
    H5Set set;
    int64_t n = 0;
    TRY(h5_need(&set, file->file, file->path, "/metadata/n_samples", H5_WHOLE, 0));
    const Status status = h5_read(&n, &set, H5_INT64, 0, 1);
    h5_set_close(&set);
    TRY(status);
    TRY(check_crc(file, "/metadata/n_samples", &n, sizeof n));
    if (n < 1 || n > INT_MAX / 4)
        return fail(ERR_FORMAT, "%s: /metadata/n_samples is %lld; at least one bag is needed", file->path,
                    (long long)n);
    file->n_bag = (int)n;
    return OK;
}

static Status read_alphabet(BagFile *file)
{
    H5Texts letters;
    TRY(read_texts(&letters, file, "/metadata/aas", 0, true, NULL));
    Status status = alphabet_init(&file->alphabet, letters.text[0]);
    if (status != OK) status = fail_at(status, "%s: /metadata/aas", file->path);
    h5_texts_free(&letters);
    memcpy(file->spec.alphabet, file->alphabet.letter, sizeof file->spec.alphabet);
    return status;
}

static Status read_keys(BagFile *file)
{
    TRY(read_texts(&file->keys, file, "/metadata/sample_keys", 1, true, NULL));
    if (file->keys.n == file->n_bag) return OK;
    return fail(ERR_FORMAT, "%s: /metadata/sample_keys has %lld names, /metadata/n_samples says %d", file->path,
                (long long)file->keys.n, file->n_bag);
}

static Status check_ranges(BagFile *file)
{
    for (int b = 0; b < file->n_bag; b++) {
        const int64_t first = file->range[2 * b], end = file->range[2 * b + 1];
        if (first < 0 || end < first || end > file->n_total || end - first > INT_MAX / 2)
            return fail(
                ERR_FORMAT,
                "%s: /sampledata/sample_sequences_start_end row %d ('%s') is %lld … %lld, but there are %lld rows",
                file->path, b, file->keys.text[b], (long long)first, (long long)end, (long long)file->n_total);
        if (first == end)
            return fail(ERR_FORMAT, "%s: bag '%s' is empty; leave it out of the file", file->path,
                        file->keys.text[b]);
        if (end - first > file->n_max) file->n_max = (int)(end - first);
    }
    return OK;
}

static Status read_ranges(BagFile *file)
{
    H5Set set;
    const char *name = "/sampledata/sample_sequences_start_end";
    TRY(h5_need(&set, file->file, file->path, name, H5_WHOLE, 2));
    Status status = OK;
    if (set.n != file->n_bag || set.width != 2)
        status = fail(ERR_FORMAT, "%s: %s is %lld × %lld, expected are %d × 2", file->path, name, (long long)set.n,
                      (long long)set.width, file->n_bag);
    else if (!(file->range = calloc((size_t)set.n * 2, sizeof *file->range)))
        status = fail(ERR_MEMORY, "%s: no memory for %d bags", file->path, file->n_bag);
    else
        status = h5_read(file->range, &set, H5_INT64, 0, set.n);
    h5_set_close(&set);
    TRY(status);
    return check_ranges(file);
}

static Status open_column(H5Set *out, const BagFile *file, const char *const *names)
{
    TRY(need_first(out, file, names, H5_WHOLE, 1));
    if (out->n == file->n_total) return OK;
    return fail(ERR_FORMAT, "%s: %s has %lld rows, %s has %lld", file->path, out->name, (long long)out->n,
                file->codes.name, (long long)file->n_total);
}

static Status open_sequences(BagFile *file)
{
    static const char *const codes[] = {"/sampledata/sequences", "/sampledata/amino_acid_sequences", NULL};
    static const char *const counts[] = {"/sampledata/sequence_counts", "/sampledata/duplicates_per_sequence",
                                         "/sampledata/counts_per_sequence", NULL};
    static const char *const lens[] = {"/sampledata/seq_lens", NULL};
    TRY(need_first(&file->codes, file, codes, H5_WHOLE, 2));
    file->n_total = file->codes.n;
    if (file->codes.width > 1 << 20)
        return fail(ERR_FORMAT, "%s: sequences of %lld residues are too long", file->path,
                    (long long)file->codes.width);
    TRY(open_column(&file->len, file, lens));
    TRY(open_column(&file->count, file, counts));
    TRY(read_alphabet(file));
    file->spec.kind = BAG_SEQUENCES;
    file->spec.n_feat = file->alphabet.n;
    file->spec.max_len = (int)file->codes.width;
    const char *region = json_string_value(json_object_get(file->facts, "region"));
    snprintf(file->spec.region, sizeof file->spec.region, "%s", region ? region : "");
    return OK;
}

static Status open_vectors(BagFile *file)
{
    if (file->x.width < 1 || file->x.width > 1 << 24)
        return fail(ERR_FORMAT, "%s: /sampledata/features has %lld features", file->path, (long long)file->x.width);
    file->n_total = file->x.n;
    file->spec = (BagSpec){.kind = BAG_VECTORS, .n_feat = (int)file->x.width};
    return OK;
}

static Status open_genes(BagFile *file)
{
    TRY(h5_find(&file->v, file->file, file->path, "/sampledata/v_call", H5_WHOLE, 1));
    TRY(h5_find(&file->j, file->file, file->path, "/sampledata/j_call", H5_WHOLE, 1));
    if (!bagfile_has_genes(file)) return OK;
    if (file->v.n != file->n_total || file->j.n != file->n_total)
        return fail(ERR_FORMAT, "%s: /sampledata/v_call or j_call has another number of rows than the sequences",
                    file->path);
    TRY(read_texts(&file->v_name, file, "/metadata/v_call_names", 1, true, NULL));
    return read_texts(&file->j_name, file, "/metadata/j_call_names", 1, true, NULL);
}

static Status read_columns(BagFile *file)
{
    H5Texts names, cells = {.n = -1};
    int64_t width = 0;
    TRY(read_texts(&names, file, "/metadata/column_names", 1, false, NULL));
    if (names.n < 0) return OK;
    Status status = read_texts(&cells, file, "/metadata/columns", 2, true, &width);
    if (status == OK && (width != names.n || cells.n != names.n * file->n_bag))
        status = fail(ERR_FORMAT, "%s: /metadata/columns does not have %d rows of %lld columns", file->path,
                      file->n_bag, (long long)names.n);
    if (status == OK) status = table_new(&file->columns, file->n_bag, (int)names.n, names.text, cells.text);
    file->has_columns = status == OK;
    file->columns.path = file->path;
    h5_texts_free(&names);
    if (cells.n >= 0) h5_texts_free(&cells);
    return status;
}

static Status read_hashes(BagFile *file)
{
    H5Set set;
    TRY(h5_find(&set, file->file, file->path, "/metadata/bag_hash", H5_WHOLE, 1));
    if (set.id < 0) return OK;
    Status status = OK;
    if (set.n != file->n_bag)
        status = fail(ERR_FORMAT, "%s: %s has %lld entries for %d bags", file->path, set.name, (long long)set.n,
                      file->n_bag);
    else if (!(file->hash = calloc((size_t)file->n_bag, sizeof *file->hash)))
        status = fail(ERR_MEMORY, "%s: no memory for %d bags", file->path, file->n_bag);
    else
        status = h5_read(file->hash, &set, H5_UINT64, 0, file->n_bag);
    h5_set_close(&set);
    return status;
}

static Status open_parts(BagFile *file)
{
    TRY(bagprobe_check(file->path));
    TRY(h5_open(&file->file, file->path));
    TRY(read_provenance(file));
    TRY(h5_find(&file->x, file->file, file->path, "/sampledata/features", H5_REAL, 2));
    if (file->x.id > 0)
        TRY(open_vectors(file));
    else
        TRY(open_sequences(file));
    TRY(read_n_bag(file));
    TRY(read_keys(file));
    TRY(read_ranges(file));
    if (file->spec.kind == BAG_SEQUENCES) TRY(open_genes(file));
    TRY(read_columns(file));
    return read_hashes(file);
}

Status bagfile_open(BagFile **out, const char *path)
{
    *out = NULL;
    BagFile *file = calloc(1, sizeof *file);
    if (file) file->path = strdup(path);
    if (!file || !file->path) {
        free(file);
        return fail(ERR_MEMORY, "%s: no memory to open it", path);
    }
    file->file = file->codes.id = file->len.id = file->count.id = file->v.id = file->j.id = file->x.id = -1;
    const Status status = open_parts(file);
    if (status != OK)
        bagfile_close(file);
    else
        *out = file;
    return status;
}

Status bagfile_visit(const BagFile *file)
{
    const struct {
        const H5Set *set;
        H5Type type;
    } part[] = {{&file->codes, H5_INT8}, {&file->len, H5_INT64}, {&file->count, H5_INT64},
                {&file->v, H5_INT16},    {&file->j, H5_INT16},   {&file->x, H5_FLOAT32}};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        if (part[i].set->id > 0) TRY(h5_visit(part[i].set, part[i].type));
    return OK;
}

void bagfile_close(BagFile *file)
{
    if (!file) return;
    H5Set *const set[] = {&file->codes, &file->len, &file->count, &file->v, &file->j, &file->x};
    for (size_t i = 0; i < sizeof set / sizeof *set; i++) h5_set_close(set[i]);
    (void)h5_close(&file->file, file->path);
    h5_texts_free(&file->keys);
    h5_texts_free(&file->v_name);
    h5_texts_free(&file->j_name);
    table_free(&file->columns);
    json_decref(file->facts);
    free(file->provenance);
    free(file->range);
    free(file->hash);
    free(file->scratch_codes);
    free(file->scratch_len);
    free(file->scratch_count);
    free(file->scratch_factor);
    free(file->path);
    free(file);
}

/* ---- reading a bag ---- */

static Status make_scratch(BagFile *file)
{
    if (file->scratch_factor) return OK;
    const size_t n = (size_t)file->n_max, width = (size_t)file->codes.width;
    if (!file->scratch_codes) file->scratch_codes = malloc(n * width + 1);
    if (!file->scratch_len) file->scratch_len = malloc(n * sizeof *file->scratch_len);
    if (!file->scratch_count) file->scratch_count = malloc(n * sizeof *file->scratch_count);
    if (file->scratch_codes && file->scratch_len && file->scratch_count)
        file->scratch_factor = malloc(n * sizeof *file->scratch_factor);
    if (file->scratch_factor) return OK;
    return fail(ERR_MEMORY, "%s: no memory for a bag of %d sequences", file->path, file->n_max);
}

static Status read_len(BagFile *file, int bag)
{
    const int n = bagfile_n(file, bag);
    TRY(make_scratch(file));
    TRY(h5_read(file->scratch_len, &file->len, H5_INT64, first_row(file, bag), n));
    for (int i = 0; i < n; i++)
        if (file->scratch_len[i] < 0 || file->scratch_len[i] > file->codes.width)
            return fail(ERR_FORMAT, "%s: %s row %lld is %lld, but there is room for %lld residues", file->path,
                        file->len.name, (long long)(first_row(file, bag) + i), (long long)file->scratch_len[i],
                        (long long)file->codes.width);
    return OK;
}

static Status read_codes(BagFile *file, int bag)
{
    const int n = bagfile_n(file, bag);
    const int64_t width = file->codes.width;
    TRY(read_len(file, bag));
    TRY(h5_read(file->scratch_codes, &file->codes, H5_INT8, first_row(file, bag), n));
    const uint8_t n_letter = (uint8_t)file->alphabet.n;
    for (int i = 0; i < n; i++) {
        const uint8_t *codes = (const uint8_t *)file->scratch_codes + i * width;
        unsigned bad = 0;
        for (int64_t t = 0; t < file->scratch_len[i]; t++) bad |= codes[t] >= n_letter;
        if (bad)
            return fail(ERR_FORMAT, "%s: %s row %lld holds a code outside 0 … %d within its length", file->path,
                        file->codes.name, (long long)(first_row(file, bag) + i), n_letter - 1);
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

static Status read_sequences(Bag *out, Arena *arena, BagFile *file, int bag, CountScale counts)
{
    const int n = bagfile_n(file, bag);
    TRY(read_codes(file, bag));
    if (counts != COUNTS_NONE) {
        TRY(h5_read(file->scratch_count, &file->count, H5_INT64, first_row(file, bag), n));
        for (int i = 0; i < n; i++) file->scratch_factor[i] = scaled(file->scratch_count[i], counts);
    }
    bag_pack(out, arena, file->scratch_codes, (size_t)file->codes.width, file->scratch_len,
             counts == COUNTS_NONE ? NULL : file->scratch_factor, n);
    return OK;
}

static Status read_vectors(Bag *out, Arena *arena, BagFile *file, int bag)
{
    const int n = bagfile_n(file, bag);
    const size_t n_feat = (size_t)file->spec.n_feat;
    int *row = ARENA_TAKE(arena, int, (size_t)n);
    float *x = ARENA_TAKE(arena, float, (size_t)n *n_feat);
    TRY(h5_read(x, &file->x, H5_FLOAT32, first_row(file, bag), n));
    for (size_t i = 0; i < (size_t)n * n_feat; i++)
        if (!isfinite(x[i]))
            return fail(ERR_FORMAT, "%s: /sampledata/features row %lld feature %zu is not a finite number",
                        file->path, (long long)first_row(file, bag) + (long long)(i / n_feat), i % n_feat);
    for (int i = 0; i < n; i++) row[i] = i;
    *out = (Bag){.n = n, .row = row, .x = x, .inv_std = 1};
    return OK;
}

Status bagfile_read(Bag *out, Arena *arena, BagFile *file, int bag, CountScale counts)
{
    assert(bag >= 0 && bag < file->n_bag && arena->base);
    if (file->spec.kind == BAG_VECTORS) return read_vectors(out, arena, file, bag);
    return read_sequences(out, arena, file, bag, counts);
}

/* The scratch behind `file` is written although the file is not: callers see no difference. Lengths that cannot be
 * read count nothing here, and bagfile_read says why before it takes anything. */
void bagfile_read_room(Arena *arena, const BagFile *file, int bag, CountScale counts)
{
    const int n = bagfile_n(file, bag);
    Bag unused;
    if (file->spec.kind == BAG_VECTORS) {
        (void)ARENA_TAKE(arena, int, (size_t)n);
        (void)ARENA_TAKE(arena, float, (size_t)n *(size_t)file->spec.n_feat);
        return;
    }
    BagFile *own;
    memcpy(&own, &file, sizeof own);
    if (read_len(own, bag) != OK) return;
    Arena counter = {0};
    bag_pack(&unused, &counter, NULL, (size_t)file->codes.width, own->scratch_len,
             counts == COUNTS_NONE ? NULL : own->scratch_factor, n);
    (void)arena_take(arena, counter.used, 1);
}

Status bagfile_read_sizes(int64_t *len, int64_t *count, BagFile *file, int bag)
{
    const int n = bagfile_n(file, bag);
    assert(file->spec.kind == BAG_SEQUENCES);
    TRY(read_len(file, bag));
    memcpy(len, file->scratch_len, (size_t)n * sizeof *len);
    return h5_read(count, &file->count, H5_INT64, first_row(file, bag), n);
}

/* ---- text, hash, join ---- */

static Status read_genes(BagText *out, const BagFile *file, int bag)
{
    int16_t *index = malloc((size_t)out->n * sizeof *index + 1);
    Status status = OK;
    out->v_call = calloc((size_t)out->n + 1, sizeof *out->v_call);
    out->j_call = calloc((size_t)out->n + 1, sizeof *out->j_call);
    if (!index || !out->v_call || !out->j_call)
        TRY_DONE(fail(ERR_MEMORY, "%s: no memory for gene names", file->path));
    for (int k = 0; k < 2; k++) {
        const H5Texts *names = k ? &file->j_name : &file->v_name;
        TRY_DONE(h5_read(index, k ? &file->j : &file->v, H5_INT16, first_row(file, bag), out->n));
        for (int i = 0; i < out->n; i++)
            (k ? out->j_call : out->v_call)[i] = index[i] >= 0 && index[i] < names->n ? names->text[index[i]] : "";
    }
done:
    free(index);
    return status;
}

Status bagfile_read_text(BagText *out, BagFile *file, int bag)
{
    *out = (BagText){.n = bagfile_n(file, bag), .stride = (size_t)file->codes.width + 1};
    if (file->spec.kind != BAG_SEQUENCES) return fail(ERR_FORMAT, "%s: holds vectors, not sequences", file->path);
    TRY(read_codes(file, bag));
    Status status = OK;
    out->sequence = calloc((size_t)out->n, out->stride);
    out->count = calloc((size_t)out->n, sizeof *out->count);
    if (!out->sequence || !out->count)
        TRY_DONE(fail(ERR_MEMORY, "%s: no memory for a bag of %d sequences", file->path, out->n));
    for (int i = 0; i < out->n; i++)
        for (int64_t t = 0; t < file->scratch_len[i]; t++)
            out->sequence[(size_t)i * out->stride + (size_t)t] =
                file->alphabet.letter[file->scratch_codes[i * file->codes.width + t]];
    TRY_DONE(h5_read(out->count, &file->count, H5_INT64, first_row(file, bag), out->n));
    if (bagfile_has_genes(file)) TRY_DONE(read_genes(out, file, bag));
done:
    if (status != OK) bagtext_free(out);
    return status;
}

void bagtext_free(BagText *text)
{
    free(text->sequence);
    free(text->count);
    free(text->v_call);
    free(text->j_call);
    *text = (BagText){0};
}

static Status hash_vectors(uint64_t *out, BagFile *file, int bag)
{
    Bag content;
    Arena arena = {0};
    Status status = OK;
    bagfile_read_room(&arena, file, bag, COUNTS_NONE);
    TRY_DONE(arena_reserve(&arena, "a bag"));
    TRY_DONE(read_vectors(&content, &arena, file, bag));
    uint64_t sum = 0;
    for (int i = 0; i < content.n; i++)
        sum += baghash_vector(content.x + (size_t)i * (size_t)file->spec.n_feat, file->spec.n_feat);
    *out = baghash_bag(sum, content.n);
done:
    arena_free(&arena);
    return status;
}

Status bagfile_hash(uint64_t *out, BagFile *file, int bag)
{
    if (file->hash) {
        *out = file->hash[bag];
        return OK;
    }
    if (file->spec.kind == BAG_VECTORS) return hash_vectors(out, file, bag);
    const int n = bagfile_n(file, bag);
    uint64_t sum = 0;
    TRY(read_codes(file, bag));
    TRY(h5_read(file->scratch_count, &file->count, H5_INT64, first_row(file, bag), n));
    for (int i = 0; i < n; i++)
        sum += baghash_sequence(file->scratch_codes + i * file->codes.width, file->scratch_len[i],
                                file->scratch_count[i]);
    *out = baghash_bag(sum, n);
    return OK;
}

Status bagfile_join(int *row_of_bag, const BagFile *file, const Table *table, const char *id_column)
{
    int column;
    TRY(table_id_column(&column, table, id_column));
    return join_ids(row_of_bag, file->keys.text, file->n_bag, file->path, table, column);
}
