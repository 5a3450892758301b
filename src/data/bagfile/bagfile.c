/* SPDX-License-Identifier: MIT
 *
 * Reading. The table of bags is read and checked at once; instances stay in the file until a bag is asked for. What
 * differs between sequences, dense and sparse vectors is in their layouts.
 */
#include "data/bagfile/bagparts.h"
#include "data/bagfile/rarefy.h"
#include "data/text/join.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *bagfile_path(const BagFile *file)
{
    return file->name ? file->name : file->path;
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
    return file->rare ? rarefy_n(file, -1) : file->n_max;
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
    return file->part[PART_V].id > 0 && file->part[PART_J].id > 0;
}

int bagfile_n(const BagFile *file, int bag)
{
    return file->rare ? rarefy_n(file, bag) : bagparts_n(file, bag);
}

const char *const *bagfile_feature_names(const BagFile *file)
{
    return file->feature_name.n > 0 ? file->feature_name.text : NULL;
}

int64_t bagfile_n_nonzero(const BagFile *file)
{
    return file->spec.sparse ? file->part[PART_VALUE].n : -1;
}

/* ---- opening ---- */

static Status read_provenance(BagFile *file)
{
    H5Set set;
    TRY(h5_find(&set, file->file, file->path, "/metadata/provenance", H5_WHOLE, 1));
    if (set.id < 0) return OK;
    Status status = OK;
    if (set.n > 64 << 20)
        status = fail(ERR_FORMAT, "%s: %s is too large", file->path, set.name);
    else if (!(file->provenance = calloc((size_t)set.n + 1, 1)))
        status = fail(ERR_MEMORY, "%s: no memory for %s", file->path, set.name);
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

static Status read_n_bag(BagFile *file)
{
    int64_t n = 0;
    TRY(bagparts_number(&n, file, "/metadata/n_samples"));
    if (n < 1 || n > INT_MAX / 4)
        return fail(ERR_FORMAT, "%s: /metadata/n_samples is %lld; at least one bag is needed", file->path,
                    (long long)n);
    file->n_bag = (int)n;
    return OK;
}

static Status read_keys(BagFile *file)
{
    TRY(bagparts_texts(&file->keys, file, "/metadata/sample_keys", 1, true, NULL));
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

static Status read_columns(BagFile *file)
{
    H5Texts names, cells = {.n = -1};
    int64_t width = 0;
    TRY(bagparts_texts(&names, file, "/metadata/column_names", 1, false, NULL));
    if (names.n < 0) return OK;
    Status status = bagparts_texts(&cells, file, "/metadata/columns", 2, true, &width);
    if (status == OK && (width != names.n || cells.n != names.n * file->n_bag))
        status = fail(ERR_FORMAT, "%s: /metadata/columns does not have %d rows of %lld columns", file->path,
                      file->n_bag, (long long)names.n);
    if (status == OK) status = table_new(&file->columns, file->n_bag, (int)names.n, names.text, cells.text);
    file->has_columns = status == OK;
    file->columns.path = bagfile_path(file);
    h5_texts_free(&names);
    if (cells.n >= 0) h5_texts_free(&cells);
    return status;
}

static Status read_hashes(BagFile *file)
{
    H5Set set;
    file->hash = calloc((size_t)file->n_bag, sizeof *file->hash);
    file->hashed = calloc((size_t)file->n_bag, sizeof *file->hashed);
    if (!file->hash || !file->hashed) return fail(ERR_MEMORY, "%s: no memory for %d bags", file->path, file->n_bag);
    TRY(h5_find(&set, file->file, file->path, "/metadata/bag_hash", H5_WHOLE, 1));
    if (set.id < 0) return OK;
    Status status = OK;
    if (set.n != file->n_bag)
        status = fail(ERR_FORMAT, "%s: %s has %lld entries for %d bags", file->path, set.name, (long long)set.n,
                      file->n_bag);
    else if (!(file->claimed = calloc((size_t)file->n_bag, sizeof *file->claimed)))
        status = fail(ERR_MEMORY, "%s: no memory for %d bags", file->path, file->n_bag);
    else
        status = h5_read(file->claimed, &set, H5_UINT64, 0, file->n_bag);
    h5_set_close(&set);
    return status;
}

/* The layout is the first whose array is there; a file without any is told what sequences would need. */
static Status find_layout(BagFile *file)
{
    static const struct {
        const char *name;
        H5Class class;
        int rank;
        const BagLayout *layout;
    } known[] = {{"/sampledata/features", H5_REAL, 2, &bagvectors_dense},
                 {"/sampledata/indptr", H5_WHOLE, 1, &bagvectors_sparse}};
    file->layout = &bagsequences_layout;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        H5Set set;
        TRY(h5_find(&set, file->file, file->path, known[i].name, known[i].class, known[i].rank));
        if (set.id < 0) continue;
        h5_set_close(&set);
        file->layout = known[i].layout;
        break;
    }
    return OK;
}

static Status open_parts(BagFile *file)
{
    TRY(read_provenance(file));
    TRY(find_layout(file));
    TRY(file->layout->open(file));
    TRY(read_n_bag(file));
    TRY(read_keys(file));
    TRY(read_ranges(file));
    if (file->layout->check) TRY(file->layout->check(file));
    TRY(read_columns(file));
    return read_hashes(file);
}

Status bagfile_open(BagFile **out, const char *path)
{
    *out = NULL;
    H5Id id;
    TRY(child_check(path));
    TRY(h5_open(&id, path));
    return bagfile_adopt(out, id, path, NULL);
}

Status bagfile_adopt(BagFile **out, H5Id id, const char *path, const char *name)
{
    *out = NULL;
    BagFile *file = calloc(1, sizeof *file);
    if (file) file->path = strdup(path);
    if (file && name) file->name = strdup(name);
    if (!file || !file->path || (name && !file->name)) {
        if (file) free(file->path);
        free(file);
        (void)h5_close(&id, path);
        return fail(ERR_MEMORY, "%s: no memory to open it", path);
    }
    pthread_mutex_init(&file->reading, NULL);
    file->file = id;
    for (int p = 0; p < N_PART; p++) file->part[p].id = -1;
    const Status status = open_parts(file);
    if (status != OK)
        bagfile_close(file);
    else
        *out = file;
    return status;
}

void bagfile_close(BagFile *file)
{
    if (!file) return;
    for (int p = 0; p < N_PART; p++) h5_set_close(&file->part[p]);
    (void)h5_close(&file->file, file->path);
    h5_texts_free(&file->keys);
    h5_texts_free(&file->v_name);
    h5_texts_free(&file->j_name);
    h5_texts_free(&file->feature_name);
    table_free(&file->columns);
    json_decref(file->facts);
    free(file->provenance);
    free(file->range);
    free(file->hash);
    free(file->hashed);
    free(file->claimed);
    free(file->indptr);
    free(file->place);
    free(file->scratch_codes);
    free(file->scratch_len);
    free(file->scratch_count);
    free(file->scratch_factor);
    free(file->scratch_keep);
    free(file->scratch_gene);
    rarefy_free(file);
    pthread_mutex_destroy(&file->reading);
    free(file->path);
    free(file->name);
    free(file);
}

/* Finds all that reading every bag would ask of HDF5. */
static Status visit_parts(const BagFile *file)
{
    static const H5Type type[N_PART] = {
        [PART_CODES] = H5_INT8, [PART_LEN] = H5_INT64, [PART_COUNT] = H5_INT64, [PART_V] = H5_INT16,
        [PART_J] = H5_INT16,    [PART_X] = H5_FLOAT32, [PART_INDEX] = H5_INT32, [PART_VALUE] = H5_FLOAT32};
    for (int p = 0; p < N_PART; p++)
        if (file->part[p].id > 0) TRY(h5_visit(&file->part[p], type[p]));
    return OK;
}

#define MARK_BYTES (1 << 20) /* the names of the first groups stand at the front of a file */

Status bagfile_recognise(bool *out, const char *path)
{
    static const char hdf5[] = "\x89HDF\r\n\x1a\n", group[] = "sampledata";
    struct stat s;
    *out = false;
    if (stat(path, &s) != 0 || !S_ISREG(s.st_mode)) return OK; /* not from a pipe */
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail(ERR_IO, "%s: cannot read: %s", path, strerror(errno));
    char *bytes = malloc(MARK_BYTES);
    const ssize_t n = bytes ? pread(fd, bytes, MARK_BYTES, 0) : 0;
    *out = n > (ssize_t)strlen(hdf5) && memcmp(bytes, hdf5, strlen(hdf5)) == 0 &&
           memmem(bytes, (size_t)n, group, strlen(group));
    const Status status = bytes ? OK : fail(ERR_MEMORY, "%s: no memory to read it", path);
    free(bytes);
    close(fd);
    return status;
}

static Status visit(const char *path)
{
    BagFile *file = NULL;
    Status status = bagfile_open(&file, path);
    if (status == OK) status = visit_parts(file);
    bagfile_close(file);
    return status;
}

const ChildVisitor bagfile_visitor = {.visit = visit, .file_times = 2}; /* a bag is read at a time */

/* ---- reading a bag ---- */

Status bagfile_read(Bag *out, Arena *arena, BagFile *file, int bag, CountScale counts)
{
    assert(bag >= 0 && bag < file->n_bag && arena->base);
    bagparts_lock(file);
    const Status status = file->layout->read(out, arena, file, bag, counts);
    bagparts_unlock(file);
    return status;
}

/* The scratch behind `file` is written although the file is not: callers see no difference. */
Status bagfile_read_room(Arena *arena, const BagFile *file, int bag, CountScale counts)
{
    BagFile *own;
    memcpy(&own, &file, sizeof own);
    bagparts_lock(own);
    const Status status = file->layout->room(arena, own, bag, counts);
    bagparts_unlock(own);
    return status;
}

Status bagfile_read_alone(Bag *out, Arena *arena, BagFile *file, int bag, CountScale counts)
{
    TRY(bagfile_read_room(arena, file, bag, counts));
    TRY(arena_reserve(arena, "a bag"));
    return bagfile_read(out, arena, file, bag, counts);
}

Status bagfile_hash(uint64_t *out, BagFile *file, int bag)
{
    if (!file->hashed[bag]) {
        bagparts_lock(file);
        const Status status = file->layout->hash(file, bag);
        bagparts_unlock(file);
        TRY(status);
    }
    *out = file->hash[bag];
    return OK;
}

Status bagfile_id_column(int *column, const BagFile *file, const Table *table, const char *id_column)
{
    int found;
    return join_column(column, &found, table, id_column, file->keys.text, file->n_bag);
}

Status bagfile_join(int *row_of_bag, const BagFile *file, const Table *table, const char *id_column)
{
    int column;
    TRY(bagfile_id_column(&column, file, table, id_column));
    return join_ids(row_of_bag, file->keys.text, file->n_bag, bagfile_path(file), table, column);
}
