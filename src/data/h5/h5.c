/* SPDX-License-Identifier: MIT
 *
 * What is refused before HDF5 sees a length or an offset: two of the library's crash sites lie behind sizes it takes
 * from the file on trust.
 */
#include "core/filetype.h"
#include "core/inputguard.h"
#include "core/spool.h"
#include "data/h5/h5base.h"
#include "core/number.h"
#include "data/h5/h5chunk.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFLATE_MOST 1040.0 /* deflate shrinks at most 1032 : 1 */

const char *h5_version(void)
{
    static char text[32];
    unsigned major, minor, release;
    h5base_start();
    H5get_libversion(&major, &minor, &release);
    snprintf(text, sizeof text, "%u.%u.%u", major, minor, release);
    return text;
}

bool h5_is_threadsafe(void)
{
    hbool_t is_safe = false;
    h5base_start();
    return H5is_library_threadsafe(&is_safe) >= 0 && is_safe;
}

/* ---- opening ---- */

/* Addresses are counted from the file's first byte and have eight bytes, as in all files but exotic ones: strings are
 * looked up by them. */
static Status check_base(hid_t file, const char *path)
{
    hsize_t block = 0;
    size_t address = 0, length = 0;
    const hid_t list = H5Fget_create_plist(file);
    const bool known = list >= 0 && H5Pget_userblock(list, &block) >= 0 && H5Pget_sizes(list, &address, &length) >= 0;
    if (list >= 0) H5Pclose(list);
    if (known && block == 0 && address == 8 && length == 8) return OK;
    return fail(ERR_FORMAT, "%s: has a user block or addresses of odd size; copy it with h5repack", path);
}

/* HDF5 itself would be told of neither: its locks are off (h5base_access). */
static Status check_readable(int fd, const char *path)
{
    struct stat info;
    char byte;
    if (fstat(fd, &info) != 0) return fail(ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode)) return fail(ERR_FORMAT, "%s: is not a file; a dataset is one HDF5 file", path);
    TRY(inputguard_note(&info));
    if (pread(fd, &byte, 1, 0) < 0) return fail(ERR_IO, "%s: cannot read: %s", path, strerror(errno));
    if (flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) return OK;
    return fail(ERR_IO, "%s: another program has it open for writing; close it there, then try again", path);
}

/* What can be said before the library looks at it. */
static Status look(const char *path)
{
    if (strcmp(path, "-") == 0 || spool_is_pipe(path))
        return fail(ERR_FORMAT, "%s: a dataset is one HDF5 file and is not read from a pipe; save it as a file first",
                    path);
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* not to wait for a pipe's writer */
    if (fd < 0) return fail(ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    const Status status = check_readable(fd, path);
    close(fd);
    return status;
}

static Status open_fail(const char *path)
{
    if (!h5base_says("already open for"))
        return h5base_fail(ERR_FORMAT, path, "",
                           "open this HDF5 file (truncated or damaged? copy or import it again)");
    h5base_forget();
    return fail(
        ERR_IO,
        "%s: is marked as open for writing: another program has it open, or ended without closing it; close it "
        "there, or take the mark away with h5clear -s",
        path);
}

/* Asking failed, or the answer is no. */
static Status not_hdf5(const char *path, bool asked)
{
    const Status status = asked ? ERR_FORMAT : h5base_fail(ERR_FORMAT, path, "", "open this file");
    h5base_forget();
    if (status != ERR_FORMAT) return status;
    const char *type = filetype_of_file(path);
    if (type) return fail(ERR_FORMAT, "%s: is not an HDF5 file, which a dataset is: it %s", path, type);
    return fail(ERR_FORMAT, "%s: is not an HDF5 file; `hopsack import` makes one from text", path);
}

Status h5_open(H5Id *file, const char *path)
{
    *file = -1;
    h5base_start();
    TRY(look(path));
    const htri_t known = H5Fis_hdf5(path);
    if (known <= 0) return not_hdf5(path, known == 0);
    const hid_t list = h5base_access();
    *file = H5Fopen(path, H5F_ACC_RDONLY, list);
    const Status status = *file < 0 ? open_fail(path) : OK; /* before the next call of HDF5 forgets why */
    H5Pclose(list);
    return status == OK ? check_base(*file, path) : status;
}

Status h5_flush(char place[H5_PLACE], H5Id file, const char *path)
{
    void *handle;
    if (H5Fflush(file, H5F_SCOPE_LOCAL) < 0 || H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0)
        return h5base_fail(ERR_IO, path, "", "finish writing");
    snprintf(place, H5_PLACE, "/proc/self/fd/%d", *(const int *)handle);
    return OK;
}

Status h5_close(H5Id *file, const char *path)
{
    if (*file < 0) return OK;
    const herr_t result = H5Fclose(*file);
    *file = -1;
    return result < 0 ? h5base_fail(ERR_IO, path, "", "finish writing") : OK;
}

void h5_set_close(H5Set *set)
{
    if (set->id > 0) H5Dclose(set->id);
    set->id = -1;
    if (set->held) free(set->held->bytes);
    free(set->held);
    set->held = NULL;
}

/* ---- checks before a dataset is believed ---- */

/* Every link on the way must be hard: soft and external ones can lead out of the file. *there: it exists. */
static Status links_hard(bool *there, hid_t file, const char *path, const char *name)
{
    char part[64];
    *there = false;
    for (const char *end = name; end;) {
        end = strchr(end + 1, '/');
        const size_t length = end ? (size_t)(end - name) : strlen(name);
        assert(length < sizeof part);
        memcpy(part, name, length);
        part[length] = '\0';
        const htri_t exists = H5Lexists(file, part, H5P_DEFAULT);
        if (exists < 0) return h5base_fail(ERR_FORMAT, path, part, "look up");
        if (exists == 0) return OK;
        H5L_info_t info;
        if (H5Lget_info(file, part, &info, H5P_DEFAULT) < 0) return h5base_fail(ERR_FORMAT, path, part, "look up");
        if (info.type != H5L_TYPE_HARD)
            return fail(ERR_FORMAT, "%s: %s is a link to another place, which is not followed", path, part);
    }
    *there = true;
    return OK;
}

static Status read_filters(H5Set *set, hid_t list)
{
    const int n = H5Pget_nfilters(list);
    if (n < 0 || n > H5_FILTERS) return fail(ERR_FORMAT, "%s: %s has %d filters", set->path, set->name, n);
    for (int i = 0; i < n; i++) {
        unsigned flags, config;
        size_t n_value = 0;
        const H5Z_filter_t id = H5Pget_filter2(list, (unsigned)i, &flags, &n_value, NULL, 0, NULL, &config);
        if (id != H5Z_FILTER_DEFLATE && id != H5Z_FILTER_SHUFFLE && id != H5Z_FILTER_FLETCHER32)
            return fail(ERR_FORMAT,
                        "%s: %s is stored with filter %d; only gzip, shuffle and fletcher32 are read. Write the file "
                        "again with one of these",
                        set->path, set->name, (int)id);
        set->filter[i] = id == H5Z_FILTER_DEFLATE   ? H5FILTER_DEFLATE
                         : id == H5Z_FILTER_SHUFFLE ? H5FILTER_SHUFFLE
                                                    : H5FILTER_FLETCHER;
    }
    set->n_filter = n;
    return OK;
}

/* Storage: inside the file, chunks of bearable size, known filters. */
static Status check_storage(H5Set *set, hid_t list)
{
    const H5D_layout_t layout = H5Pget_layout(list);
    if (layout != H5D_CHUNKED && layout != H5D_CONTIGUOUS && layout != H5D_COMPACT)
        return fail(ERR_FORMAT, "%s: %s is a virtual dataset, whose numbers lie in other files", set->path,
                    set->name);
    if (H5Pget_external_count(list) != 0)
        return fail(ERR_FORMAT, "%s: %s is stored in another file, which is not followed", set->path, set->name);
    if (layout != H5D_CHUNKED) return OK;

    hsize_t all[3] = {1, 1, 1};
    unsigned unusual = 0; /* chunks at the edge that are not filtered */
    if (H5Pget_chunk(list, 3, all) != set->rank + set->lead || H5Pget_chunk_opts(list, &unusual) < 0 || unusual)
        return fail(ERR_FORMAT, "%s: %s has odd chunks", set->path, set->name);
    const hsize_t *chunk = all + set->lead;
    if (chunk[0] > H5_CHUNK_MOST || chunk[1] > H5_CHUNK_MOST ||
        (double)chunk[0] * (double)chunk[1] * (double)set->element > H5_CHUNK_MOST || chunk[0] * chunk[1] == 0)
        return fail(ERR_FORMAT, "%s: %s has chunks of more than 64 MB", set->path, set->name);
    set->chunk = (int64_t)chunk[0];
    set->chunk_width = (int64_t)chunk[1];
    return read_filters(set, list);
}

/* No array may claim more elements than its file can hold. */
static Status check_claim(const H5Set *set, hid_t file)
{
    hsize_t size = 0;
    if (H5Fget_filesize(file, &size) < 0) return h5base_read_fail(set);
    const double claim = (double)set->n * (double)set->width * (double)set->element;
    const double reach = (double)size * (set->chunk > 0 ? DEFLATE_MOST : 1);
    if (claim > reach)
        return fail(ERR_FORMAT, "%s: %s claims %.3g bytes, more than a file of %.3g can hold; it is damaged",
                    set->path, set->name, claim, (double)size);
    return OK;
}

static Status check_shape(H5Set *set, int rank)
{
    hsize_t dim[H5S_MAX_RANK] = {0};
    const hid_t space = H5Dget_space(set->id);
    const int found = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    const bool simple = found == 0 || (found > 0 && H5Sget_simple_extent_dims(space, dim, NULL) == found);
    const bool null = space >= 0 && H5Sget_simple_extent_type(space) == H5S_NULL;
    if (space >= 0) H5Sclose(space);
    set->lead = rank == 3 && found == 3 && dim[0] == 1;
    if (rank == 3) rank = 2;
    if (!simple || null || found != rank + set->lead)
        return fail(ERR_FORMAT, "%s: %s has %d dimension%s, %d expected", set->path, set->name, found,
                    number_plural(found), rank);
    const hsize_t *size = dim + set->lead;
    for (int i = 0; i < rank; i++)
        if (size[i] > INT64_MAX / 16) return fail(ERR_FORMAT, "%s: %s has an impossible size", set->path, set->name);
    set->rank = rank;
    set->n = rank > 0 ? (int64_t)size[0] : 1;
    set->width = rank > 1 ? (int64_t)size[1] : 1;
    return OK;
}

static Status check_type(H5Set *set, H5Class class)
{
    static const char *const words[] = {"integers", "floating-point numbers", "strings"};
    const hid_t type = H5Dget_type(set->id);
    const H5T_class_t found = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    const size_t size = type < 0 ? 0 : H5Tget_size(type);
    set->type = -1;
    for (int k = H5_INT8; type >= 0 && k <= H5_FLOAT64; k++)
        if (H5Tequal(type, h5base_file_type((H5Type)k)) > 0) set->type = k;
    if (type >= 0) H5Tclose(type);
    const H5T_class_t wanted = class == H5_WHOLE ? H5T_INTEGER : class == H5_REAL ? H5T_FLOAT : H5T_STRING;
    const size_t most = class == H5_TEXT ? 1 << 20 : 8;
    if (found != wanted || size == 0 || size > most)
        return fail(ERR_FORMAT, "%s: %s does not hold %s", set->path, set->name, words[class]);
    set->element = size;
    return OK;
}

static Status check_set(H5Set *set, hid_t file, H5Class class, int rank)
{
    TRY(check_type(set, class));
    TRY(check_shape(set, rank));
    const hid_t list = H5Dget_create_plist(set->id);
    if (list < 0) return h5base_read_fail(set);
    const Status status = check_storage(set, list);
    H5Pclose(list);
    TRY(status);
    TRY(check_claim(set, file));
    if (set->lead == 0 && set->type >= 0 && set->chunk > 0 && set->chunk_width == set->width && set->n_filter > 0)
        set->held = calloc(1, sizeof *set->held);
    return OK;
}

/* Opened again with a cache that holds the chunks side by side in two rows of chunks, or the library would inflate a
 * chunk once for each piece read of it. */
static hid_t open_set(hid_t file, const char *name, const H5Set *known)
{
    const hid_t list = H5Pcreate(H5P_DATASET_ACCESS);
    int64_t bytes = 4ll << 20;
    if (known && known->chunk > 0 && 2 * known->chunk * known->width * 8 > bytes)
        bytes = 2 * known->chunk * known->width * 8 < 2 * H5_CHUNK_MOST ? 2 * known->chunk * known->width * 8
                                                                        : 2 * H5_CHUNK_MOST;
    H5Pset_chunk_cache(list, 521, (size_t)bytes, 1.0);
    const hid_t id = H5Dopen2(file, name, list);
    H5Pclose(list);
    return id;
}

bool h5_has(H5Id file, const char *path, const char *name)
{
    bool there;
    h5base_start();
    return links_hard(&there, file, path, name) == OK && there;
}

Status h5_find(H5Set *out, H5Id file, const char *path, const char *name, H5Class class, int rank)
{
    bool there;
    H5O_info_t info;
    h5base_start();
    *out = (H5Set){.id = -1, .path = path};
    snprintf(out->name, sizeof out->name, "%s", name);
    TRY(links_hard(&there, file, path, name));
    if (!there) return OK;
    if (H5Oget_info_by_name(file, name, &info, H5P_DEFAULT) < 0) return h5base_read_fail(out);
    if (info.type != H5O_TYPE_DATASET) return fail(ERR_FORMAT, "%s: %s is not a dataset", path, name);
    if ((out->id = open_set(file, name, NULL)) < 0) return h5base_read_fail(out);
    Status status = check_set(out, file, class, rank);
    if (status == OK && out->chunk > 0) {
        H5Dclose(out->id);
        if ((out->id = open_set(file, name, out)) < 0) status = h5base_read_fail(out);
    }
    if (status != OK) h5_set_close(out);
    return status;
}

Status h5_need(H5Set *out, H5Id file, const char *path, const char *name, H5Class class, int rank)
{
    TRY(h5_find(out, file, path, name, class, rank));
    if (out->id < 0)
        return fail(ERR_FORMAT, "%s: has no dataset %s; this is not a file of repertoires or bags", path, name);
    return OK;
}

/* ---- reading ---- */

/* Selects rows first … first+n-1 in the file, and a memory space of that shape. */
static bool select_rows(hid_t *file_space, hid_t *memory, const H5Set *set, int64_t first, int64_t n)
{
    const hsize_t at[3] = {0, (hsize_t)first, 0}, count[3] = {1, (hsize_t)n, (hsize_t)set->width};
    const int skip = 1 - set->lead;
    *file_space = H5Dget_space(set->id);
    *memory = set->rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(set->rank + set->lead, count + skip, NULL);
    if (*file_space < 0 || *memory < 0) return false;
    return set->rank == 0 ||
           H5Sselect_hyperslab(*file_space, H5S_SELECT_SET, at + skip, NULL, count + skip, NULL) >= 0;
}

static Status read_library(void *out, const H5Set *set, H5Type type, int64_t first, int64_t n)
{
    hid_t space = -1, memory = -1;
    const bool done = select_rows(&space, &memory, set, first, n) &&
                      H5Dread(set->id, h5base_memory_type(type), memory, space, H5P_DEFAULT, out) >= 0;
    if (space >= 0) H5Sclose(space);
    if (memory >= 0) H5Sclose(memory);
    return done ? OK : h5base_read_fail(set);
}

Status h5_read(void *out, const H5Set *set, H5Type type, int64_t first, int64_t n)
{
    h5base_start();
    assert(set->id > 0 && first >= 0 && n >= 0);
    if (first > set->n - n)
        return fail(ERR_FORMAT, "%s: %s has %lld rows, rows up to %lld are wanted", set->path, set->name,
                    (long long)set->n, (long long)(first + n));
    if (n == 0 || set->width == 0) return OK;
    bool there = false;
    if (set->held && set->type == (int)type) TRY(h5chunk_rows(out, &there, set, first, n));
    return there ? OK : read_library(out, set, type, first, n);
}

/* ---- visiting ---- */

static Status visit_chunks(const H5Set *set)
{
    for (int64_t row = 0; row < set->n; row += set->chunk)
        for (int64_t column = 0; column < set->width; column += set->chunk_width) {
            const hsize_t at[2] = {(hsize_t)row, (hsize_t)column};
            hsize_t size = 0;
            if (H5Dget_chunk_storage_size(set->id, at, &size) < 0) return h5base_read_fail(set);
        }
    return OK;
}

#define VISIT_BYTES (8ll << 20) /* at a time */

static Status visit_rows(const H5Set *set, H5Type type)
{
    const int64_t rows = 1 + VISIT_BYTES / (8 * set->width);
    void *bytes = set->n > 0 ? malloc((size_t)(rows * set->width) * 8) : NULL;
    Status status = bytes || set->n == 0 ? OK : h5base_no_memory(set);
    for (int64_t first = 0; first < set->n && status == OK; first += rows)
        status = read_library(bytes, set, type, first, set->n - first < rows ? set->n - first : rows);
    free(bytes);
    return status;
}

Status h5_visit(const H5Set *set, H5Type type)
{
    h5base_start();
    if (set->n == 0 || set->width == 0) return OK;
    if (set->held && set->type == (int)type) return visit_chunks(set);
    return set->chunk > 0 ? visit_rows(set, type) : OK;
}
