/* SPDX-License-Identifier: MIT
 *
 * Writing. How many sequences come and how long the longest is shows only at the end, and HDF5 arrays that grow in two
 * directions are slow and fragile; so bags are first spooled, dense, into two nameless files beside the target, and
 * `bagwriter_finish` lays them out in arrays of their final size, one chunk at a time. Vectors wait in a spool of their own.
 */
#include "core/escape.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "core/number.h"
#include "data/bagfile/alphabet.h"
#include "data/bagfile/bagcolumns.h"
#include "data/bagfile/bagfile.h"
#include "data/bagfile/baghash.h"
#include "data/bagfile/bagparts.h"
#include "data/bagfile/spoolfile.h"
#include "data/bagfile/vectorcolumns.h"
#include "data/h5/h5.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* What is known of each bag. */
typedef struct {
    int64_t start, end, min_len, max_len;
    double avg_len;
    uint64_t hash;
    char *key;
} BagRow;

struct BagWriter {
    BagWriterOptions options;
    Alphabet alphabet;
    FileDraft draft;
    char *name_shown;    /* of a dataset without a name; NULL */
    FILE *rows, *codes;  /* sequences */
    VectorSpool vectors; /* vectors */
    int64_t n_seq, max_len, min_len;
    double sum_len;
    BagRow *bag; /* [n_bag] */
    int n_bag, room;
    bool genes;
    char **name; /* [n_v + n_j] */
    int n_v, n_j;
    H5Id file;
    json_t *crc; /* name → checksum */
};

/* ---- opening ---- */

static Status write_fail(const BagWriter *w)
{
    if (w->options.opened)
        return fail(ERR_IO, "%s: cannot write a temporary file: %s; TMPDIR names the folder for it",
                    w->options.scratch, strerror(errno));
    return fail(ERR_IO, "%s: cannot write: %s", w->draft.path, strerror(errno));
}

static Status open_spools(BagWriter *w)
{
    const char *beside = w->options.opened ? w->options.scratch : w->draft.temporary;
    const char *path = w->options.opened ? beside : w->draft.path;
    if (w->options.spec.kind == BAG_VECTORS) return vectorspool_open(&w->vectors, path, beside);
    TRY(alphabet_init(&w->alphabet, *w->options.spec.alphabet ? w->options.spec.alphabet : ALPHABET_AMINO));
    w->rows = spoolfile_open(beside);
    w->codes = spoolfile_open(beside);
    return w->rows && w->codes ? OK : write_fail(w);
}

static Status begin(BagWriter *w, const char *path)
{
    if (!w->options.opened) return file_begin(&w->draft, path, w->options.force);
    snprintf(w->draft.path, sizeof w->draft.path, "%s", path);
    w->name_shown = strdup(path);
    return w->name_shown ? OK : fail(ERR_MEMORY, "%s: no memory to import it", path);
}

Status bagwriter_open(BagWriter **out, const char *path, const BagWriterOptions *options)
{
    *out = NULL;
    BagWriter *w = calloc(1, sizeof *w);
    if (!w) return fail(ERR_MEMORY, "%s: no memory to write it", path);
    Status status = OK;
    w->options = *options;
    w->file = -1;
    w->min_len = INT64_MAX;
    TRY_DONE(begin(w, path));
    TRY_DONE(open_spools(w));
    w->crc = json_object();
    if (!w->crc) status = fail(ERR_MEMORY, "%s: no memory to write it", path);
done:
    if (status != OK)
        bagwriter_drop(w);
    else
        *out = w;
    return status;
}

void bagwriter_drop(BagWriter *w)
{
    if (!w) return;
    (void)h5_close(&w->file, w->draft.path);
    if (w->rows) fclose(w->rows);
    if (w->codes) fclose(w->codes);
    vectorspool_free(&w->vectors);
    file_drop(&w->draft);
    for (int i = 0; i < w->n_bag; i++) free(w->bag[i].key);
    for (int i = 0; w->name && i < w->n_v + w->n_j; i++) free(w->name[i]);
    free(w->name);
    free(w->name_shown);
    free(w->bag);
    json_decref(w->crc);
    free(w);
}

/* ---- adding ---- */

static Status add_bag(BagWriter *w, const char *key, BagRow **out)
{
    if (escape_is_control(key))
        return fail(ERR_FORMAT, "%s: the name of bag '%s' holds control characters; rename it", w->draft.path, key);
    if (w->n_bag == w->room) {
        const int room = w->room ? 2 * w->room : 64;
        BagRow *grown = realloc(w->bag, (size_t)room * sizeof *grown);
        if (!grown) return fail(ERR_MEMORY, "%s: no memory for %d bags", w->draft.path, room);
        w->bag = grown;
        w->room = room;
    }
    char *copy = strdup(key);
    if (!copy) return fail(ERR_MEMORY, "%s: no memory for %d bags", w->draft.path, w->n_bag);
    *out = &w->bag[w->n_bag++];
    **out = (BagRow){.start = w->n_seq, .end = w->n_seq, .min_len = INT64_MAX, .key = copy};
    return OK;
}

typedef struct {
    double len_count, count;
    uint64_t hash;
} BagSums;

static void add_row(BagWriter *w, BagRow *bag, BagSums *sums, const int8_t *codes, const SpoolRow *row)
{
    fwrite_unlocked(row, sizeof *row, 1, w->rows); /* this file is one thread's */
    fwrite_unlocked(codes, 1, (size_t)row->len, w->codes);
    if (row->len < bag->min_len) bag->min_len = row->len;
    if (row->len > bag->max_len) bag->max_len = row->len;
    sums->len_count += (double)row->len * (double)row->count;
    sums->count += (double)row->count;
    sums->hash += baghash_sequence(codes, row->len, row->count);
    w->sum_len += row->len;
}

static Status close_bag(BagWriter *w, BagRow *bag, const BagSums *sums, int n)
{
    bag->end = bag->start + n;
    bag->avg_len = sums->count == 0 ? NAN : sums->len_count / sums->count;
    bag->hash = baghash_bag(sums->hash, n);
    w->n_seq += n;
    if (bag->min_len < w->min_len) w->min_len = bag->min_len;
    if (bag->max_len > w->max_len) w->max_len = bag->max_len;
    return ferror(w->rows) || ferror(w->codes) ? write_fail(w) : OK;
}

Status bagwriter_add(BagWriter *w, const char *key, const BagWriterRows *in)
{
    BagRow *bag = NULL;
    BagSums sums = {0};
    const int8_t *codes = in->codes;
    assert(in->n > 0);
    TRY(add_bag(w, key, &bag));
    for (int i = 0; i < in->n; i++) {
        const int64_t len = in->len[i];
        assert(len >= 0 && (in->stride == 0 || (size_t)len <= in->stride));
        const SpoolRow row = {
            .count = in->count[i], .len = (int32_t)len, .v = in->v ? in->v[i] : -1, .j = in->j ? in->j[i] : -1};
        add_row(w, bag, &sums, codes, &row);
        codes += in->stride > 0 ? (int64_t)in->stride : len;
    }
    if (in->v || in->j) w->genes = true;
    return close_bag(w, bag, &sums, in->n);
}

Status bagwriter_genes(BagWriter *w, const char *const *v_name, int n_v, const char *const *j_name, int n_j)
{
    assert(!w->name && n_v <= INT16_MAX && n_j <= INT16_MAX);
    w->name = calloc((size_t)n_v + (size_t)n_j + 1, sizeof *w->name);
    if (!w->name) return fail(ERR_MEMORY, "%s: no memory for gene names", w->draft.path);
    w->n_v = n_v;
    w->n_j = n_j;
    w->genes = true;
    for (int i = 0; i < n_v + n_j; i++)
        if (!(w->name[i] = strdup(i < n_v ? v_name[i] : j_name[i - n_v])))
            return fail(ERR_MEMORY, "%s: no memory for gene names", w->draft.path);
    return OK;
}

VectorSpool *bagwriter_vectors(BagWriter *w)
{
    assert(w->options.spec.kind == BAG_VECTORS);
    return &w->vectors;
}

/* The table of bags, once all vectors are there. */
static Status list_vectors(BagWriter *w)
{
    VectorSpool *s = &w->vectors;
    if (!s->order) TRY(vectorspool_sort(s));
    if (!s->hash) TRY(vectorspool_walk(s, NULL, NULL)); /* the import has walked to look at them */
    for (int b = 0; b < s->keys.n; b++) {
        BagRow *bag = NULL;
        TRY(add_bag(w, s->keys.text[b], &bag));
        bag->start = s->first[b];
        bag->end = s->first[b + 1];
        bag->hash = s->hash[b];
    }
    return OK;
}

static Status write_sequences(BagWriter *w)
{
    const Spool spool = {.rows = w->rows,
                         .codes = w->codes,
                         .n_seq = w->n_seq,
                         .max_len = w->max_len,
                         .genes = w->genes,
                         .compress = w->options.compress};
    if (fflush(w->rows) != 0 || fflush(w->codes) != 0) return write_fail(w);
    rewind(w->rows);
    rewind(w->codes);
    return bagcolumns_write(w->file, w->draft.path, &spool);
}

/* ---- finishing: the table of bags, strings, provenance ---- */

enum { COLUMN_RANGE, COLUMN_N, COLUMN_MIN, COLUMN_MAX };

static Status write_column(BagWriter *w, const char *name, int which)
{
    const int width = which == COLUMN_RANGE ? 2 : 1;
    int64_t *cell = malloc((size_t)w->n_bag * (size_t)width * sizeof *cell);
    if (!cell) return fail(ERR_MEMORY, "%s: no memory for %d bags", w->draft.path, w->n_bag);
    for (int b = 0; b < w->n_bag; b++) {
        const BagRow *bag = &w->bag[b];
        if (which == COLUMN_RANGE) {
            cell[2 * b] = bag->start;
            cell[2 * b + 1] = bag->end;
        } else
            cell[b] = which == COLUMN_N ? bag->end - bag->start : which == COLUMN_MIN ? bag->min_len : bag->max_len;
    }
    const H5Array array = {name, H5_INT64, width, w->n_bag, width};
    const Status status = h5_write_array(w->file, w->draft.path, &array, cell, w->options.compress);
    free(cell);
    return status;
}

static Status write_means(BagWriter *w)
{
    double *mean = malloc((size_t)w->n_bag * sizeof *mean);
    if (!mean) return fail(ERR_MEMORY, "%s: no memory for %d bags", w->draft.path, w->n_bag);
    for (int b = 0; b < w->n_bag; b++) mean[b] = w->bag[b].avg_len;
    const H5Array array = {"/sampledata/sample_avg_seq_len", H5_FLOAT64, 1, w->n_bag, 1};
    const Status status = h5_write_array(w->file, w->draft.path, &array, mean, w->options.compress);
    free(mean);
    return status;
}

static Status write_hashes(BagWriter *w)
{
    uint64_t *hash = malloc((size_t)w->n_bag * sizeof *hash);
    if (!hash) return fail(ERR_MEMORY, "%s: no memory for %d bags", w->draft.path, w->n_bag);
    for (int b = 0; b < w->n_bag; b++) hash[b] = w->bag[b].hash;
    const H5Array array = {"/metadata/bag_hash", H5_UINT64, 1, w->n_bag, 1};
    const Status status = h5_write_array(w->file, w->draft.path, &array, hash, w->options.compress);
    free(hash);
    return status;
}

static Status note_crc(BagWriter *w, const char *name, unsigned long crc)
{
    char text[16];
    snprintf(text, sizeof text, "%08lx", crc);
    if (json_object_set_new(w->crc, name, json_string(text)) == 0) return OK;
    return fail(ERR_MEMORY, "%s: no memory for its checksums", w->draft.path);
}

static Status write_texts(BagWriter *w, const char *name, int rank, int64_t n, int64_t width, const char *const *text)
{
    unsigned long crc = crc32_z(0, NULL, 0);
    for (int64_t i = 0; i < n * width; i++) crc = crc32_z(crc, (const Bytef *)text[i], strlen(text[i]) + 1);
    TRY(note_crc(w, name, crc));
    return h5_write_texts(w->file, w->draft.path, name, rank, n, width, text);
}

static Status write_keys(BagWriter *w)
{
    const char **key = malloc((size_t)w->n_bag * sizeof *key);
    if (!key) return fail(ERR_MEMORY, "%s: no memory for %d bags", w->draft.path, w->n_bag);
    for (int b = 0; b < w->n_bag; b++) key[b] = w->bag[b].key;
    const Status status = write_texts(w, "/metadata/sample_keys", 1, w->n_bag, 1, key);
    free((void *)key);
    return status;
}

/* DeepRC's free text, in Python's words. */
static Status write_stats(BagWriter *w)
{
    char text[2048], mean[NUMBER_ROOM];
    const char *shown = number_text(mean, w->sum_len / (double)w->n_seq);
    int at =
        snprintf(text, sizeof text,
                 "n_samples=%d\nmax_seq_len=%lld\navg_seq_len=%s%s\nmin_seq_len=%lld\naa_ind_dict=OrderedDict([",
                 w->n_bag, (long long)w->max_len, shown, strpbrk(shown, ".en") ? "" : ".0", (long long)w->min_len);
    for (int i = 0; i < w->alphabet.n; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%s('%c', %d)", i ? ", " : "", w->alphabet.letter[i], i);
    snprintf(text + at, sizeof text - (size_t)at, "])");
    return write_texts(w, "/metadata/stats", 0, 1, 1, (const char *const[]){text});
}

static Status write_number(BagWriter *w, const char *name, int64_t n)
{
    TRY(note_crc(w, name, crc32_z(0, (const Bytef *)&n, sizeof n)));
    return h5_write_scalar(w->file, w->draft.path, name, n);
}

static Status write_bags(BagWriter *w)
{
    TRY(write_column(w, "/sampledata/sample_sequences_start_end", COLUMN_RANGE));
    TRY(write_column(w, "/sampledata/n_sequences_per_sample", COLUMN_N));
    TRY(write_hashes(w));
    TRY(write_keys(w));
    return write_number(w, "/metadata/n_samples", w->n_bag);
}

/* The arrays of instances, and what only their kind has. */
static Status write_instances(BagWriter *w)
{
    const char *const *feature = (const char *const *)w->vectors.feature.text;
    if (w->options.spec.kind == BAG_VECTORS) {
        TRY(vectorcolumns_write(w->file, &w->vectors, w->options.compress));
        if (w->vectors.sparse) TRY(write_number(w, "/metadata/n_features", w->vectors.n_feat));
        if (!feature) return OK;
        return write_texts(w, "/metadata/feature_names", 1, w->vectors.n_feat, 1, feature);
    }
    TRY(write_sequences(w));
    TRY(write_column(w, "/sampledata/sample_min_seq_len", COLUMN_MIN));
    TRY(write_column(w, "/sampledata/sample_max_seq_len", COLUMN_MAX));
    TRY(write_means(w));
    TRY(write_texts(w, "/metadata/aas", 0, 1, 1, (const char *const[]){w->alphabet.letter}));
    return write_stats(w);
}

static Status write_labels(BagWriter *w, const Table *columns)
{
    if (w->genes) {
        const char *const *name = (const char *const *)w->name;
        TRY(write_texts(w, "/metadata/v_call_names", 1, w->n_v, 1, name));
        TRY(write_texts(w, "/metadata/j_call_names", 1, w->n_j, 1, name + w->n_v));
    }
    if (!columns) return OK;
    assert(columns->n_row == w->n_bag);
    TRY(write_texts(w, "/metadata/column_names", 1, columns->n_column, 1, columns->column));
    return write_texts(w, "/metadata/columns", 2, columns->n_row, columns->n_column, columns->cell);
}

/* Keys sorted and nothing of time or place, so that equal input gives equal bytes. */
static Status write_provenance(BagWriter *w, const char *provenance)
{
    json_t *facts = provenance ? json_loads(provenance, 0, NULL) : json_object();
    assert(json_is_object(facts));
    if (!json_object_get(facts, "region") && *w->options.spec.region)
        json_object_set_new(facts, "region", json_string(w->options.spec.region));
    json_object_set_new(facts, "version", json_string(HOPSACK_VERSION));
    json_object_set(facts, "crc32", w->crc);
    char *text = jsontext_dump(facts, JSON_SORT_KEYS | JSON_COMPACT);
    const H5Array array = {"/metadata/provenance", H5_UINT8, 1, text ? (int64_t)strlen(text) : 0, 1};
    const Status status = text ? h5_write_array(w->file, w->draft.path, &array, text, w->options.compress)
                               : fail(ERR_MEMORY, "%s: no memory for its provenance", w->draft.path);
    free(text);
    json_decref(facts);
    return status;
}

/* A dataset without a name loses it as soon as it is there: a kill leaves nothing. */
static Status create(BagWriter *w)
{
    char place[FILE_PLACE];
    if (w->options.opened) TRY(file_begin(&w->draft, w->options.scratch, true));
    TRY(h5_create(&w->file, file_place(place, &w->draft), w->draft.fd, w->draft.path));
    if (w->options.opened) file_drop(&w->draft);
    return OK;
}

static Status publish(BagWriter *w)
{
    char place[H5_PLACE];
    if (w->options.opened) {
        const H5Id id = w->file;
        TRY(h5_flush(place, id, w->draft.path));
        w->file = -1;
        return bagfile_adopt(w->options.opened, id, place, w->name_shown);
    }
    TRY(h5_close(&w->file, w->draft.path));
    return file_commit(&w->draft);
}

Status bagwriter_finish(BagWriter *w, const Table *columns, const char *provenance)
{
    Status status = OK;
    if (w->vectors.n > 0) TRY_DONE(list_vectors(w));
    if (w->n_bag == 0) TRY_DONE(fail(ERR_FORMAT, "%s: there are no bags to write", w->draft.path));
    TRY_DONE(create(w));
    TRY_DONE(write_instances(w));
    TRY_DONE(write_bags(w));
    TRY_DONE(write_labels(w, columns));
    TRY_DONE(write_provenance(w, provenance));
    status = publish(w);
done:
    bagwriter_drop(w);
    return status;
}
