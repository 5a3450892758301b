/* SPDX-License-Identifier: MIT
 *
 * What is refused before HDF5 sees a length or an offset: two of the library's crash sites lie behind sizes it takes
 * from the file on trust. H5dont_atexit: after a full disk the library's own exit handler would crash.
 */
#include "data/h5.h"
#include "data/h5filter.h"
#include "data/h5heap.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_MOST   (64ll << 20)
#define DEFLATE_MOST 1040.0 /* deflate shrinks at most 1032 : 1 */
#define GZIP_LEVEL   4
#define FILTERS_MOST 8
#define WHY_MOST     400

static pthread_once_t started = PTHREAD_ONCE_INIT;

static void start_once(void)
{
    H5dont_atexit();
    H5open();
    H5PLset_loading_state(0);
    signal(SIGXFSZ, SIG_IGN);
}

static void start(void)
{
    static _Thread_local bool quiet;
    pthread_once(&started, start_once);
    if (!quiet) H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    quiet = true;
}

const char *h5_version(void)
{
    static char text[32];
    unsigned major, minor, release;
    start();
    H5get_libversion(&major, &minor, &release);
    snprintf(text, sizeof text, "%u.%u.%u", major, minor, release);
    return text;
}

/* The innermost message on HDF5's error stack, which says what really happened. */
static herr_t innermost(unsigned n, const H5E_error2_t *error, void *context)
{
    if (n == 0 && error->desc) snprintf(context, WHY_MOST, "%s", error->desc);
    return 0;
}

/* Of the library's own words only the reason: "… errno = 28, error message = 'No space left on device', buf = …". */
static void shorten(char *why)
{
    static const char before[] = "error message = '";
    char *reason = strstr(why, before), *quote = reason ? strchr(reason + strlen(before), '\'') : NULL;
    if (quote) {
        *quote = '\0';
        memmove(why, reason + strlen(before), strlen(reason + strlen(before)) + 1);
    }
    for (char *p = why; *p; p++)
        if (*p == '\n') *p = ' ';
}

static Status h5_fail(Status status, const char *path, const char *name, const char *doing)
{
    char why[WHY_MOST] = "no reason given";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, why);
    H5Eclear2(H5E_DEFAULT);
    shorten(why);
    return fail(status, "%s: cannot %s%s%s: %s", path, doing, *name ? " " : "", name, why);
}

/* A read that fails is the disk's fault or, far more often, a damaged file's. */
static Status read_fail(const H5Set *set)
{
    return h5_fail(ERR_FORMAT, set->path, set->name, "read");
}

/* ---- opening ---- */

static hid_t access_list(void)
{
    const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(list, H5F_LIBVER_V110, H5F_LIBVER_V110);
    H5Pset_fclose_degree(list, H5F_CLOSE_STRONG);
#if H5_VERSION_GE(1, 10, 7)
    H5Pset_file_locking(list, false, true); /* locks fail on many network disks, and whole files never change */
#endif
    return list;
}

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

Status h5_open(H5Id *file, const char *path)
{
    struct stat info;
    *file = -1;
    start();
    if (stat(path, &info) != 0) return fail(ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode)) return fail(ERR_FORMAT, "%s: is not a file; a dataset is one HDF5 file", path);
    FILE *probe = fopen(path, "rb");
    if (!probe) return fail(ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    fclose(probe);
    if (H5Fis_hdf5(path) <= 0) {
        H5Eclear2(H5E_DEFAULT);
        return fail(ERR_FORMAT, "%s: is not an HDF5 file; `hopsack import` makes one from text", path);
    }
    const hid_t list = access_list();
    *file = H5Fopen(path, H5F_ACC_RDONLY, list);
    H5Pclose(list);
    if (*file < 0) return h5_fail(ERR_FORMAT, path, "", "open this HDF5 file (truncated or damaged?)");
    return check_base(*file, path);
}

Status h5_close(H5Id *file, const char *path)
{
    if (*file < 0) return OK;
    const herr_t result = H5Fclose(*file);
    *file = -1;
    return result < 0 ? h5_fail(ERR_IO, path, "", "finish writing") : OK;
}

void h5_set_close(H5Set *set)
{
    if (set->id > 0) H5Dclose(set->id);
    set->id = -1;
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
        if (exists < 0) return h5_fail(ERR_FORMAT, path, part, "look up");
        if (exists == 0) return OK;
        H5L_info_t info;
        if (H5Lget_info(file, part, &info, H5P_DEFAULT) < 0) return h5_fail(ERR_FORMAT, path, part, "look up");
        if (info.type != H5L_TYPE_HARD)
            return fail(ERR_FORMAT, "%s: %s is a link to another place, which is not followed", path, part);
    }
    *there = true;
    return OK;
}

static Status check_filters(hid_t list, const H5Set *set)
{
    const int n = H5Pget_nfilters(list);
    if (n < 0 || n > FILTERS_MOST) return fail(ERR_FORMAT, "%s: %s has %d filters", set->path, set->name, n);
    for (int i = 0; i < n; i++) {
        unsigned flags, config;
        size_t n_value = 0;
        const H5Z_filter_t id = H5Pget_filter2(list, (unsigned)i, &flags, &n_value, NULL, 0, NULL, &config);
        if (id != H5Z_FILTER_DEFLATE && id != H5Z_FILTER_SHUFFLE && id != H5Z_FILTER_FLETCHER32)
            return fail(ERR_FORMAT,
                        "%s: %s is stored with filter %d; only gzip, shuffle and fletcher32 are read. Write the file "
                        "again with one of these",
                        set->path, set->name, (int)id);
    }
    return OK;
}

/* Storage: inside the file, chunks of bearable size, known filters. */
static Status check_storage(H5Set *set, hid_t list, size_t element)
{
    const H5D_layout_t layout = H5Pget_layout(list);
    if (layout != H5D_CHUNKED && layout != H5D_CONTIGUOUS && layout != H5D_COMPACT)
        return fail(ERR_FORMAT, "%s: %s is a virtual dataset, whose numbers lie in other files", set->path,
                    set->name);
    if (H5Pget_external_count(list) != 0)
        return fail(ERR_FORMAT, "%s: %s is stored in another file, which is not followed", set->path, set->name);
    if (layout != H5D_CHUNKED) return OK;

    hsize_t chunk[2] = {1, 1};
    if (H5Pget_chunk(list, 2, chunk) != set->rank)
        return fail(ERR_FORMAT, "%s: %s has odd chunks", set->path, set->name);
    if (chunk[0] > CHUNK_MOST || chunk[1] > CHUNK_MOST ||
        (double)chunk[0] * (double)chunk[1] * (double)element > CHUNK_MOST || chunk[0] * chunk[1] == 0)
        return fail(ERR_FORMAT, "%s: %s has chunks of more than 64 MB", set->path, set->name);
    set->chunk = (int64_t)chunk[0];
    return check_filters(list, set);
}

/* No array may claim more elements than its file can hold. */
static Status check_claim(const H5Set *set, hid_t file, size_t element)
{
    hsize_t size = 0;
    if (H5Fget_filesize(file, &size) < 0) return read_fail(set);
    const double claim = (double)set->n * (double)set->width * (double)element;
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
    if (!simple || null || found != rank)
        return fail(ERR_FORMAT, "%s: %s has %d dimensions, %d are expected", set->path, set->name, found, rank);
    for (int i = 0; i < rank; i++)
        if (dim[i] > INT64_MAX / 16) return fail(ERR_FORMAT, "%s: %s has an impossible size", set->path, set->name);
    set->rank = rank;
    set->n = rank > 0 ? (int64_t)dim[0] : 1;
    set->width = rank > 1 ? (int64_t)dim[1] : 1;
    return OK;
}

static Status check_type(const H5Set *set, H5Class class, size_t *element)
{
    static const char *const words[] = {"integers", "floating-point numbers", "strings"};
    const hid_t type = H5Dget_type(set->id);
    const H5T_class_t found = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    const size_t size = type < 0 ? 0 : H5Tget_size(type);
    if (type >= 0) H5Tclose(type);
    const H5T_class_t wanted = class == H5_WHOLE ? H5T_INTEGER : class == H5_REAL ? H5T_FLOAT : H5T_STRING;
    const size_t most = class == H5_TEXT ? 1 << 20 : 8;
    if (found != wanted || size == 0 || size > most)
        return fail(ERR_FORMAT, "%s: %s does not hold %s", set->path, set->name, words[class]);
    *element = size;
    return OK;
}

static Status check_set(H5Set *set, hid_t file, H5Class class, int rank)
{
    size_t element = 0;
    TRY(check_type(set, class, &element));
    TRY(check_shape(set, rank));
    const hid_t list = H5Dget_create_plist(set->id);
    if (list < 0) return read_fail(set);
    const Status status = check_storage(set, list, element);
    H5Pclose(list);
    TRY(status);
    return check_claim(set, file, element);
}

/* Opened again with a cache that holds the chunks side by side in two rows of chunks, or the library would inflate a
 * chunk once for each piece read of it. */
static hid_t open_set(hid_t file, const char *name, const H5Set *known)
{
    const hid_t list = H5Pcreate(H5P_DATASET_ACCESS);
    int64_t bytes = 4ll << 20;
    if (known && known->chunk > 0 && 2 * known->chunk * known->width * 8 > bytes)
        bytes = 2 * known->chunk * known->width * 8 < 2 * CHUNK_MOST ? 2 * known->chunk * known->width * 8
                                                                     : 2 * CHUNK_MOST;
    H5Pset_chunk_cache(list, 521, (size_t)bytes, 1.0);
    const hid_t id = H5Dopen2(file, name, list);
    H5Pclose(list);
    return id;
}

Status h5_find(H5Set *out, H5Id file, const char *path, const char *name, H5Class class, int rank)
{
    bool there;
    H5O_info_t info;
    start();
    *out = (H5Set){.id = -1, .path = path};
    snprintf(out->name, sizeof out->name, "%s", name);
    TRY(links_hard(&there, file, path, name));
    if (!there) return OK;
    if (H5Oget_info_by_name(file, name, &info, H5P_DEFAULT) < 0) return read_fail(out);
    if (info.type != H5O_TYPE_DATASET) return fail(ERR_FORMAT, "%s: %s is not a dataset", path, name);
    if ((out->id = open_set(file, name, NULL)) < 0) return read_fail(out);
    Status status = check_set(out, file, class, rank);
    if (status == OK && out->chunk > 0) {
        H5Dclose(out->id);
        if ((out->id = open_set(file, name, out)) < 0) status = read_fail(out);
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

static hid_t memory_type(H5Type type)
{
    switch (type) {
    case H5_INT8:
        return H5T_NATIVE_INT8;
    case H5_UINT8:
        return H5T_NATIVE_UINT8;
    case H5_INT16:
        return H5T_NATIVE_INT16;
    case H5_INT64:
        return H5T_NATIVE_INT64;
    case H5_UINT64:
        return H5T_NATIVE_UINT64;
    case H5_FLOAT32:
        return H5T_NATIVE_FLOAT;
    case H5_FLOAT64:
        return H5T_NATIVE_DOUBLE;
    }
    return -1;
}

/* Selects rows first … first+n-1 in the file, and a memory space of that shape. */
static bool select_rows(hid_t *file_space, hid_t *memory, const H5Set *set, int64_t first, int64_t n)
{
    const hsize_t at[2] = {(hsize_t)first, 0}, count[2] = {(hsize_t)n, (hsize_t)set->width};
    *file_space = H5Dget_space(set->id);
    *memory = set->rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(set->rank, count, NULL);
    if (*file_space < 0 || *memory < 0) return false;
    return set->rank == 0 || H5Sselect_hyperslab(*file_space, H5S_SELECT_SET, at, NULL, count, NULL) >= 0;
}

Status h5_read(void *out, const H5Set *set, H5Type type, int64_t first, int64_t n)
{
    hid_t space = -1, memory = -1;
    start();
    assert(set->id > 0 && first >= 0 && n >= 0);
    if (first > set->n - n)
        return fail(ERR_FORMAT, "%s: %s has %lld rows, rows up to %lld are wanted", set->path, set->name,
                    (long long)set->n, (long long)(first + n));
    if (n == 0 || set->width == 0) return OK;
    const bool done = select_rows(&space, &memory, set, first, n) &&
                      H5Dread(set->id, memory_type(type), memory, space, H5P_DEFAULT, out) >= 0;
    if (space >= 0) H5Sclose(space);
    if (memory >= 0) H5Sclose(memory);
    return done ? OK : read_fail(set);
}

static Status no_memory(const H5Set *set)
{
    return fail(ERR_MEMORY, "%s: no memory for %s", set->path, set->name);
}

/* Strings of one fixed size, NUL-ended or filling it. */
static Status unpack_fixed(H5Texts *out, const char *fixed, size_t size)
{
    char *to = out->store = malloc((size_t)out->n * (size + 1) + 1);
    if (!to) return ERR_MEMORY;
    for (int64_t i = 0; i < out->n; i++) {
        const size_t length = strnlen(fixed + (size_t)i * size, size);
        out->text[i] = to;
        memcpy(to, fixed + (size_t)i * size, length);
        to[length] = '\0';
        to += length + 1;
    }
    return OK;
}

static Status read_fixed(H5Texts *out, const H5Set *set, hid_t type)
{
    Status status = OK;
    const size_t size = H5Tget_size(type);
    char *text = (double)out->n * (double)size > H5HEAP_MOST ? NULL : calloc((size_t)out->n + 1, size);
    if (!text)
        status = no_memory(set);
    else if (H5Dread(set->id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) < 0)
        status = read_fail(set);
    else if (unpack_fixed(out, text, size) != OK)
        status = no_memory(set);
    free(text);
    return status;
}

/* ---- references to strings of variable length, as stored ---- */

static Status damaged(const H5Set *set)
{
    return fail(ERR_FORMAT, "%s: %s cannot be read: it is damaged", set->path, set->name);
}

static Status read_contiguous(uint8_t *to, const H5Set *set)
{
    const haddr_t address = H5Dget_offset(set->id);
    const size_t n = (size_t)(set->n * set->width) * H5HEAP_REFERENCE;
    if (address == HADDR_UNDEF) {
        H5Eclear2(H5E_DEFAULT);
        return OK; /* never written: all empty */
    }
    const int fd = open(set->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail(ERR_IO, "%s: cannot open: %s", set->path, strerror(errno));
    const ssize_t got = pread(fd, to, n, (off_t)address);
    close(fd);
    return got == (ssize_t)n ? OK : damaged(set);
}

/* The chunk whose first cell is (row, column), unpacked into `cells` [chunk]. */
static Status read_chunk(uint8_t *cells, size_t n, const H5Set *set, const hsize_t *at, const H5Filter *filter,
                         int n_filter)
{
    hsize_t size = 0;
    uint32_t mask = 0;
    memset(cells, 0, n);
    if (H5Dget_chunk_storage_size(set->id, at, &size) < 0) return read_fail(set);
    if (size == 0) return OK;
    uint8_t *stored = size > CHUNK_MOST ? NULL : malloc((size_t)size);
    if (!stored) return no_memory(set);
    Status status = OK;
    if (H5Dread_chunk(set->id, H5P_DEFAULT, at, &mask, stored) < 0)
        status = read_fail(set);
    else if (!h5filter_unpack(cells, n, H5HEAP_REFERENCE, stored, (size_t)size, filter, n_filter, mask))
        status = damaged(set);
    free(stored);
    return status;
}

static int list_filters(H5Filter *filter, hid_t list)
{
    const int n = H5Pget_nfilters(list);
    for (int i = 0; i < n; i++) {
        unsigned flags, config;
        size_t n_value = 0;
        const H5Z_filter_t id = H5Pget_filter2(list, (unsigned)i, &flags, &n_value, NULL, 0, NULL, &config);
        filter[i] = id == H5Z_FILTER_SHUFFLE   ? H5FILTER_SHUFFLE
                    : id == H5Z_FILTER_DEFLATE ? H5FILTER_DEFLATE
                                               : H5FILTER_FLETCHER;
    }
    return n;
}

static Status read_chunked(uint8_t *to, const H5Set *set, hid_t list)
{
    H5Filter filter[FILTERS_MOST];
    hsize_t chunk[2] = {1, 1}, at[2];
    const int n_filter = list_filters(filter, list);
    H5Pget_chunk(list, 2, chunk);
    const int64_t rows = (int64_t)chunk[0], columns = (int64_t)chunk[1];
    const size_t n = (size_t)(rows * columns) * H5HEAP_REFERENCE;
    uint8_t *cells = malloc(n);
    Status status = cells ? OK : no_memory(set);
    for (at[0] = 0; at[0] < (hsize_t)set->n && status == OK; at[0] += chunk[0])
        for (at[1] = 0; at[1] < (hsize_t)set->width && status == OK; at[1] += chunk[1]) {
            status = read_chunk(cells, n, set, at, filter, n_filter);
            const int64_t width = set->width - (int64_t)at[1] < columns ? set->width - (int64_t)at[1] : columns;
            for (int64_t r = 0; r < rows && (int64_t)at[0] + r < set->n && status == OK; r++)
                memcpy(to + (((int64_t)at[0] + r) * set->width + (int64_t)at[1]) * H5HEAP_REFERENCE,
                       cells + r * columns * H5HEAP_REFERENCE, (size_t)width * H5HEAP_REFERENCE);
        }
    free(cells);
    return status;
}

/* References as they lie in the file: HDF5 would follow them itself. */
static Status read_references(uint8_t *to, const H5Set *set)
{
    const hid_t list = H5Dget_create_plist(set->id);
    const H5D_layout_t layout = list < 0 ? H5D_LAYOUT_ERROR : H5Pget_layout(list);
    Status status;
    if (layout == H5D_CONTIGUOUS)
        status = read_contiguous(to, set);
    else if (layout == H5D_CHUNKED)
        status = read_chunked(to, set, list);
    else
        status = fail(ERR_FORMAT, "%s: %s is stored in a way not read here (compact strings)", set->path, set->name);
    if (list >= 0) H5Pclose(list);
    return status;
}

static Status read_variable(H5Texts *out, const H5Set *set)
{
    char where[400];
    uint8_t *reference = calloc((size_t)out->n + 1, H5HEAP_REFERENCE);
    if (!reference) return no_memory(set);
    snprintf(where, sizeof where, "%s: %s", set->path, set->name);
    Status status = read_references(reference, set);
    if (status == OK) status = h5heap_read(&out->store, out->text, reference, out->n, set->path, where);
    free(reference);
    return status;
}

Status h5_read_texts(H5Texts *out, const H5Set *set)
{
    start();
    *out = (H5Texts){.n = set->n * set->width};
    if ((double)set->n * (double)set->width > H5HEAP_MOST / H5HEAP_REFERENCE)
        return fail(ERR_FORMAT, "%s: %s claims too many strings", set->path, set->name);
    out->text = calloc((size_t)out->n + 1, sizeof *out->text);
    const hid_t type = H5Dget_type(set->id);
    if (type < 0) return read_fail(set);
    Status status = out->text ? OK : no_memory(set);
    if (status == OK) status = H5Tis_variable_str(type) > 0 ? read_variable(out, set) : read_fixed(out, set, type);
    H5Tclose(type);
    if (status != OK) h5_texts_free(out);
    return status;
}

void h5_texts_free(H5Texts *texts)
{
    free(texts->text);
    free(texts->store);
    *texts = (H5Texts){0};
}

/* ---- writing ---- */

Status h5_create(H5Id *file, const char *path)
{
    start();
    const hid_t access = access_list();
    const hid_t group = H5Pcreate(H5P_GROUP_CREATE), plain = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_obj_track_times(group, false);
    H5Pset_obj_track_times(plain, false);
    *file = H5Fcreate(path, H5F_ACC_TRUNC, plain, access);
    bool done = *file >= 0;
    for (int i = 0; done && i < 2; i++) {
        const hid_t made = H5Gcreate2(*file, i ? "/metadata" : "/sampledata", H5P_DEFAULT, group, H5P_DEFAULT);
        done = made >= 0 && H5Gclose(made) >= 0;
    }
    H5Pclose(access);
    H5Pclose(group);
    H5Pclose(plain);
    return done ? OK : h5_fail(ERR_IO, path, "", "create");
}

static hid_t file_type(H5Type type)
{
    switch (type) {
    case H5_INT8:
        return H5T_STD_I8LE;
    case H5_UINT8:
        return H5T_STD_U8LE;
    case H5_INT16:
        return H5T_STD_I16LE;
    case H5_INT64:
        return H5T_STD_I64LE;
    case H5_UINT64:
        return H5T_STD_U64LE;
    case H5_FLOAT32:
        return H5T_IEEE_F32LE;
    case H5_FLOAT64:
        return H5T_IEEE_F64LE;
    }
    return -1;
}

Status h5_make(H5Set *out, H5Id file, const char *path, const char *name, H5Type type, int rank, int64_t n,
               int64_t width, int64_t chunk, bool compress)
{
    *out = (H5Set){.id = -1,
                   .path = path,
                   .rank = rank,
                   .n = n,
                   .width = width,
                   .chunk = chunk,
                   .element = H5Tget_size(file_type(type)),
                   .level = compress ? GZIP_LEVEL : 0};
    snprintf(out->name, sizeof out->name, "%s", name);
    const hsize_t dim[2] = {(hsize_t)n, (hsize_t)width};
    const hsize_t block[2] = {(hsize_t)chunk, (hsize_t)(width > 0 ? width : 1)};
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(rank, dim, NULL);
    H5Pset_obj_track_times(list, false);
    H5Pset_fill_time(list, H5D_FILL_TIME_NEVER);
    H5Pset_chunk(list, rank, block);
    if (compress && H5Tget_size(file_type(type)) > 1) H5Pset_shuffle(list);
    if (compress) H5Pset_deflate(list, GZIP_LEVEL);
    H5Pset_fletcher32(list); /* last, so that a damaged chunk never reaches inflate */
    out->id = H5Dcreate2(file, name, file_type(type), space, H5P_DEFAULT, list, H5P_DEFAULT);
    H5Pclose(list);
    H5Sclose(space);
    return out->id < 0 ? h5_fail(ERR_IO, path, name, "create") : OK;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "packed chunks hold numbers as the machine does");

bool h5_pack(H5Packed *out, const H5Set *set, const void *rows)
{
    const size_t n = (size_t)(set->chunk * set->width) * set->element;
    uint8_t *scratch = malloc(n + 1);
    *out = (H5Packed){.bytes = malloc(h5filter_room(n))};
    if (scratch && out->bytes)
        out->n = h5filter_pack(out->bytes, &out->raw, scratch, rows, n, set->element, set->level);
    free(scratch);
    if (out->n == 0) h5_packed_free(out);
    return out->n > 0;
}

void h5_packed_free(H5Packed *packed)
{
    free(packed->bytes);
    *packed = (H5Packed){0};
}

Status h5_write_packed(const H5Set *set, const H5Packed *packed, int64_t first)
{
    const hsize_t at[2] = {(hsize_t)first, 0};
    const uint32_t without_deflate = set->level == 0 ? 0 : set->element > 1 ? 2 : 1; /* its place in the pipeline */
    if (H5Dwrite_chunk(set->id, H5P_DEFAULT, packed->raw ? without_deflate : 0, at, packed->n, packed->bytes) < 0)
        return h5_fail(ERR_IO, set->path, set->name, "write");
    return OK;
}

static Status write_rows(const H5Set *set, const void *rows)
{
    const size_t row = (size_t)set->width * set->element;
    uint8_t *chunk = malloc((size_t)set->chunk * row + 1);
    Status status = chunk ? OK : no_memory(set);
    for (int64_t first = 0; first < set->n && status == OK; first += set->chunk) {
        const int64_t n = set->n - first < set->chunk ? set->n - first : set->chunk;
        H5Packed packed;
        memset(chunk, 0, (size_t)set->chunk * row);
        memcpy(chunk, (const uint8_t *)rows + (size_t)first * row, (size_t)n * row);
        status = h5_pack(&packed, set, chunk) ? h5_write_packed(set, &packed, first) : no_memory(set);
        h5_packed_free(&packed);
    }
    free(chunk);
    return status;
}

Status h5_write_array(H5Id file, const char *path, const char *name, H5Type type, int rank, int64_t n, int64_t width,
                      const void *rows, bool compress)
{
    H5Set set;
    const int64_t most = (1ll << 20) / ((int64_t)H5Tget_size(file_type(type)) * width);
    const int64_t chunk = n < most ? n : most;
    TRY(h5_make(&set, file, path, name, type, rank, n, width, chunk > 0 ? chunk : 1, compress));
    const Status status = write_rows(&set, rows);
    h5_set_close(&set);
    return status;
}

/* Strings and scalars cannot carry fletcher32, so they lie contiguous; their checksums are the caller's to keep. */
static Status write_plain(H5Id file, const char *path, const char *name, hid_t stored, hid_t memory, int rank,
                          const hsize_t *dim, const void *data)
{
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    const hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, dim, NULL);
    H5Pset_obj_track_times(list, false);
    const hid_t id = H5Dcreate2(file, name, stored, space, H5P_DEFAULT, list, H5P_DEFAULT);
    bool done = id >= 0 && H5Dwrite(id, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0;
    done = (id < 0 || H5Dclose(id) >= 0) && done;
    H5Pclose(list);
    H5Sclose(space);
    return done ? OK : h5_fail(ERR_IO, path, name, "write");
}

Status h5_write_scalar(H5Id file, const char *path, const char *name, int64_t value)
{
    return write_plain(file, path, name, H5T_STD_I64LE, H5T_NATIVE_INT64, 0, NULL, &value);
}

Status h5_write_texts(H5Id file, const char *path, const char *name, int rank, int64_t n, int64_t width,
                      const char *const *text)
{
    const hsize_t dim[2] = {(hsize_t)n, (hsize_t)width};
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    const Status status = write_plain(file, path, name, type, type, rank, dim, text);
    H5Tclose(type);
    return status;
}
