/* SPDX-License-Identifier: MIT
 *
 * safetensors.c: the header is parsed by jansson, then every number in it is checked against the file before use.
 */
#include "core/safetensors.h"
#include "core/file.h"
#include "core/filetype.h"
#include "core/jsontext.h"
#include "core/number.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are copied as they lie in the file");

#define HEADER_MOST ((uint64_t)100 << 20) /* bytes, as the format's own library */
#define FILE_MOST   ((size_t)1 << 36)
#define DIM_MOST    8
#define DATA_ALIGN  64
#define CRC_ZERO    "00000000"

static const struct {
    const char *name;
    size_t width; /* bytes an element */
} types[] = {
    [TENSOR_F32] = {"F32", 4}, [TENSOR_F64] = {"F64", 8}, [TENSOR_I64] = {"I64", 8},   [TENSOR_U64] = {"U64", 8},
    [TENSOR_U8] = {"U8", 1},   [TENSOR_F16] = {"F16", 2}, [TENSOR_BF16] = {"BF16", 2}, [TENSOR_BOOL] = {"BOOL", 1},
    [TENSOR_I8] = {"I8", 1},   [TENSOR_I16] = {"I16", 2}, [TENSOR_U16] = {"U16", 2},   [TENSOR_I32] = {"I32", 4},
    [TENSOR_U32] = {"U32", 4}};
#define N_TYPE (int)(sizeof types / sizeof *types)
#define N_OWN  TENSOR_F16 /* types of our own files come first */

static size_t tensor_bytes(const Tensor *t)
{
    size_t n = types[t->type].width;
    for (int d = 0; d < t->n_dim; d++) n *= (size_t)t->shape[d];
    return n;
}

/* ---- checksum ---- */

/* Where the eight digits of "crc32":"…" stand in the header; NULL if there are none. Inside a string value the quotes
 * would be escaped, so only a key can match. */
static char *crc_digits(char *header, size_t n)
{
    static const char key[] = "\"crc32\"";
    char *const end = header + n;
    for (char *p = header; (p = memmem(p, (size_t)(end - p), key, sizeof key - 1)); p++) {
        char *digits = p + sizeof key - 1;
        while (digits < end && strchr(" :", *digits)) digits++;
        if (end - digits > 9 && digits[0] == '"' && digits[9] == '"') return digits + 1;
    }
    return NULL;
}

static Status check_crc(const char *path, char *bytes, size_t size, size_t n_header, const char *stated)
{
    char *digits = crc_digits(bytes + 8, n_header), actual[9];
    if (!digits || strlen(stated) != 8 || memcmp(digits, stated, 8) != 0)
        return fail(ERR_MODEL, "%s: its checksum 'crc32' is not eight hex digits", path);
    memcpy(digits, CRC_ZERO, 8);
    snprintf(actual, sizeof actual, "%08lx", crc32_z(0, (const unsigned char *)bytes, size));
    memcpy(digits, stated, 8);
    if (strcmp(actual, stated) != 0)
        return fail(ERR_MODEL, "%s: damaged or changed: checksum is %s, the file states %s; use another copy", path,
                    actual, stated);
    return OK;
}

/* ---- reading ---- */

typedef struct {
    const char *path;
    char *bytes; /* [size] the whole file */
    size_t size;
    size_t n_header;     /* bytes of JSON, from byte 8 */
    size_t data, n_data; /* where the tensors begin, and their bytes */
    int n_type;          /* N_OWN or N_TYPE: types that are read */
    const char *what;    /* such a file is, for messages */
} Raw;

/* Named for what it is, if that is known and no model with a damaged length. */
static Status no_model(const Raw *raw, uint64_t n_header)
{
    const bool has_header = raw->size > 8 && raw->bytes[8] == '{';
    const char *type = has_header ? NULL : filetype_of((const unsigned char *)raw->bytes, raw->size);
    if (type) return fail(ERR_MODEL, "%s: is no %s, but %s", raw->path, raw->what, type);
    return fail(ERR_MODEL, "%s: is no %s (a header of %" PRIu64 " bytes is beyond 100 MB)", raw->path, raw->what,
                n_header);
}

static Status check_length(Raw *raw)
{
    uint64_t n;
    if (raw->size < 8)
        return fail(ERR_MODEL, "%s: too small for a %s (%zu byte%s)", raw->path, raw->what, raw->size,
                    number_plural((int64_t)raw->size));
    memcpy(&n, raw->bytes, 8);
    if (n > HEADER_MOST) return no_model(raw, n);
    if (n > raw->size - 8)
        return fail(ERR_MODEL, "%s: is cut short or no %s: header should have %" PRIu64 " bytes, %zu are there",
                    raw->path, raw->what, n, raw->size - 8);
    raw->n_header = n;
    raw->data = 8 + n;
    raw->n_data = raw->size - raw->data;
    return OK;
}

static Status parse_header(json_t **root, const Raw *raw)
{
    json_error_t error;
    if (raw->n_header == 0 || raw->bytes[8] != '{')
        return fail(ERR_MODEL, "%s: is no %s: its header does not begin with '{'", raw->path, raw->what);
    *root = json_loadb(raw->bytes + 8, raw->n_header, JSON_REJECT_DUPLICATES, &error);
    if (!*root)
        return fail(ERR_MODEL, "%s: its header is not sound JSON: %s at byte %d", raw->path, error.text,
                    error.position + 8);
    return OK;
}

static Status read_metadata(TensorFile *out, const Raw *raw, json_t *metadata)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata)) return fail(ERR_MODEL, "%s: '__metadata__' is not an object", raw->path);
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value)) return fail(ERR_MODEL, "%s: metadata '%.60s' is not a string", raw->path, key);
    }
    out->hopsack = json_string_value(json_object_get(metadata, "hopsack"));
    const char *crc = json_string_value(json_object_get(metadata, "crc32"));
    if (out->hopsack && !crc)
        return fail(ERR_MODEL, "%s: damaged or changed: its checksum 'crc32' is missing; use another copy",
                    raw->path);
    return crc ? check_crc(raw->path, raw->bytes, raw->size, raw->n_header, crc) : OK;
}

static Status read_type(Tensor *t, const Raw *raw, const json_t *dtype)
{
    static const char foreign[] = "BOOL I8 I16 U16 F16 BF16 I32 U32 F8_E4M3 F8_E5M2 C64";
    const char *path = raw->path;
    if (!json_is_string(dtype)) return fail(ERR_MODEL, "%s: tensor '%.60s' has no 'dtype'", path, t->name);
    const char *name = json_string_value(dtype);
    for (int i = 0; i < raw->n_type; i++) {
        if (strcmp(types[i].name, name) != 0) continue;
        t->type = (TensorType)i;
        return OK;
    }
    const char *at = *name ? strstr(foreign, name) : NULL;
    const size_t n = strlen(name);
    if (at && (at == foreign || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
        return fail(ERR_MODEL, "%s: tensor '%.60s': dtype %s is not supported; convert it to F32", path, t->name,
                    name);
    return fail(ERR_MODEL, "%s: tensor '%.60s': dtype '%.20s' is unknown", path, t->name, name);
}

/* Sets the shape and the bytes it takes. */
static Status read_shape(Tensor *t, size_t *bytes, const char *path, const json_t *shape)
{
    if (!json_is_array(shape)) return fail(ERR_MODEL, "%s: tensor '%.60s' has no 'shape'", path, t->name);
    if (json_array_size(shape) > DIM_MOST)
        return fail(ERR_MODEL, "%s: tensor '%.60s' has %zu dimensions; at most %d are supported", path, t->name,
                    json_array_size(shape), DIM_MOST);
    bool too_large = false;
    *bytes = types[t->type].width;
    t->n_dim = (int)json_array_size(shape);
    for (int d = 0; d < t->n_dim; d++) {
        const json_t *number = json_array_get(shape, (size_t)d);
        t->shape[d] = json_integer_value(number);
        if (!json_is_integer(number) || t->shape[d] < 0)
            return fail(ERR_MODEL, "%s: tensor '%.60s': its shape is not of whole numbers from 0", path, t->name);
        if (__builtin_mul_overflow(*bytes, (size_t)t->shape[d], bytes)) too_large = true;
    }
    if (too_large) return fail(ERR_MODEL, "%s: tensor '%.60s': its shape is too large", path, t->name);
    return OK;
}

static Status read_offsets(Tensor *t, size_t *begin, size_t bytes, const Raw *raw, const json_t *offsets)
{
    const json_t *from = json_array_get(offsets, 0), *to = json_array_get(offsets, 1);
    if (!json_is_array(offsets) || json_array_size(offsets) != 2 || !json_is_integer(from) || !json_is_integer(to))
        return fail(ERR_MODEL, "%s: tensor '%.60s': its 'data_offsets' are not two whole numbers", raw->path,
                    t->name);
    const json_int_t a = json_integer_value(from), b = json_integer_value(to);
    if (a < 0 || b < a)
        return fail(ERR_MODEL, "%s: tensor '%.60s': its offsets %lld and %lld are not in order", raw->path, t->name,
                    (long long)a, (long long)b);
    if ((uint64_t)b > raw->n_data)
        return fail(ERR_MODEL, "%s: tensor '%.60s' ends at byte %lld of its data, the file at %zu", raw->path,
                    t->name, (long long)b, raw->n_data);
    if ((uint64_t)(b - a) != bytes)
        return fail(ERR_MODEL, "%s: tensor '%.60s': %lld bytes stand for a shape of %zu", raw->path, t->name,
                    (long long)(b - a), bytes);
    *begin = (size_t)a;
    return OK;
}

static Status read_tensor(Tensor *t, const Raw *raw, const char *name, const json_t *entry)
{
    size_t bytes = 0, begin = 0;
    *t = (Tensor){.name = name};
    if (!json_is_object(entry)) return fail(ERR_MODEL, "%s: tensor '%.60s' is not an object", raw->path, name);
    TRY(read_type(t, raw, json_object_get(entry, "dtype")));
    TRY(read_shape(t, &bytes, raw->path, json_object_get(entry, "shape")));
    TRY(read_offsets(t, &begin, bytes, raw, json_object_get(entry, "data_offsets")));
    t->data = raw->bytes + raw->data + begin;
    return OK;
}

static int by_place(const void *a, const void *b)
{
    const Tensor *x = a, *y = b;
    if (x->data != y->data) return (const char *)x->data < (const char *)y->data ? -1 : 1;
    const size_t nx = tensor_bytes(x), ny = tensor_bytes(y); /* those without elements come first */
    return nx != ny ? (nx < ny ? -1 : 1) : strcmp(x->name, y->name);
}

/* The tensors fill the data part: none lies in another, nothing between them or behind. */
static Status check_places(const TensorFile *file, const Raw *raw)
{
    const char *end = raw->bytes + raw->data;
    for (int i = 0; i < file->n; i++) {
        const Tensor *t = &file->tensor[i];
        const char *data = t->data;
        if (data < end) return fail(ERR_MODEL, "%s: tensor '%.60s' overlaps another", raw->path, t->name);
        if (data > end)
            return fail(ERR_MODEL, "%s: %td bytes before tensor '%.60s' belong to none", raw->path, data - end,
                        t->name);
        end = data + tensor_bytes(t);
    }
    if (end != raw->bytes + raw->size)
        return fail(ERR_MODEL, "%s: %td bytes behind the last tensor belong to none", raw->path,
                    raw->bytes + raw->size - end);
    return OK;
}

static Status read_tensors(TensorFile *out, const Raw *raw, json_t *root)
{
    const char *name;
    json_t *entry;
    out->tensor = calloc(json_object_size(root) + 1, sizeof *out->tensor);
    if (!out->tensor) return fail(ERR_MEMORY, "%s: no memory for its list of tensors", raw->path);
    json_object_foreach(root, name, entry)
    {
        if (strcmp(name, "__metadata__") == 0)
            TRY(read_metadata(out, raw, entry));
        else
            TRY(read_tensor(&out->tensor[out->n++], raw, name, entry));
    }
    qsort(out->tensor, (size_t)out->n, sizeof *out->tensor, by_place);
    return check_places(out, raw);
}

/* Moves the tensors to places of their own, which are aligned whatever the file's header length was. */
static Status align_tensors(TensorFile *file, const char *path)
{
    size_t n = DATA_ALIGN, at = 0;
    for (int i = 0; i < file->n; i++) n += (tensor_bytes(&file->tensor[i]) / DATA_ALIGN + 1) * DATA_ALIGN;
    file->bytes = aligned_alloc(DATA_ALIGN, n);
    if (!file->bytes) return fail(ERR_MEMORY, "%s: no memory for its %zu bytes", path, n);
    for (int i = 0; i < file->n; i++) {
        Tensor *t = &file->tensor[i];
        const size_t bytes = tensor_bytes(t);
        memcpy(file->bytes + at, t->data, bytes);
        t->data = file->bytes + at;
        at += (bytes / DATA_ALIGN + 1) * DATA_ALIGN;
    }
    return OK;
}

static Status read_file(TensorFile *out, const char *path, int n_type)
{
    Status status = OK;
    Raw raw = {.path = path, .n_type = n_type, .what = n_type == N_OWN ? "model file" : "safetensors file"};
    json_t *root = NULL;
    *out = (TensorFile){0};
    TRY(file_read_whole(&raw.bytes, &raw.size, path, FILE_MOST));
    TRY_DONE(check_length(&raw));
    TRY_DONE(parse_header(&root, &raw));
    out->names = root;
    TRY_DONE(read_tensors(out, &raw, root));
    TRY_DONE(align_tensors(out, path));
done:
    free(raw.bytes);
    if (status != OK) safetensors_free(out);
    return status;
}

Status safetensors_read(TensorFile *out, const char *path)
{
    return read_file(out, path, N_OWN);
}

Status safetensors_read_foreign(TensorFile *out, const char *path)
{
    const Status status = read_file(out, path, N_TYPE);
    return status == ERR_MODEL ? ERR_FORMAT : status;
}

const Tensor *safetensors_find(const TensorFile *file, const char *name)
{
    for (int i = 0; i < file->n; i++)
        if (strcmp(file->tensor[i].name, name) == 0) return &file->tensor[i];
    return NULL;
}

void safetensors_free(TensorFile *file)
{
    if (!file) return;
    json_decref(file->names);
    free(file->tensor);
    free(file->bytes);
    *file = (TensorFile){0};
}

/* ---- writing ---- */

/* Places the tensors by falling width, so that each is aligned. order [n] */
static void choose_order(int *order, const Tensor *tensor, int n)
{
    int at = 0;
    for (size_t width = 8; width > 0; width /= 2)
        for (int i = 0; i < n; i++)
            if (types[tensor[i].type].width == width) order[at++] = i;
    assert(at == n);
}

static json_t *describe(const Tensor *t, size_t *at)
{
    json_t *shape = json_array();
    for (int d = 0; d < t->n_dim; d++) json_array_append_new(shape, json_integer(t->shape[d]));
    const size_t begin = *at;
    *at += tensor_bytes(t);
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", types[t->type].name, "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)*at);
}

/* The header's JSON, padded with blanks to a multiple of 8. */
static char *make_header(const Tensor *tensor, const int *order, int n, const char *hopsack)
{
    size_t at = 0;
    json_t *root = json_object();
    if (hopsack)
        json_object_set_new(root, "__metadata__", json_pack("{s:s, s:s}", "crc32", CRC_ZERO, "hopsack", hopsack));
    for (int i = 0; i < n; i++) {
        const Tensor *t = &tensor[order[i]];
        assert(!json_object_get(root, t->name));
        if (json_object_set_new(root, t->name, describe(t, &at)) != 0) {
            json_decref(root);
            return NULL;
        }
    }
    char *text = jsontext_dump(root, JSON_COMPACT), *padded = NULL;
    json_decref(root);
    const size_t length = text ? strlen(text) : 0, room = (length + 7) / 8 * 8;
    if (text && asprintf(&padded, "%-*s", (int)room, text) < 0) padded = NULL;
    free(text);
    return padded;
}

static uLong crc_of(const char *header, uint64_t n_header, const Tensor *tensor, const int *order, int n)
{
    uLong crc = crc32_z(0, (const unsigned char *)&n_header, 8);
    crc = crc32_z(crc, (const unsigned char *)header, n_header);
    for (int i = 0; i < n; i++) {
        const Tensor *t = &tensor[order[i]];
        if (tensor_bytes(t)) crc = crc32_z(crc, t->data, tensor_bytes(t)); /* of NULL it would begin afresh */
    }
    return crc;
}

static bool write_all(FILE *out, const char *header, uint64_t n_header, const Tensor *tensor, const int *order, int n)
{
    bool good = fwrite(&n_header, 8, 1, out) == 1 && fwrite(header, 1, n_header, out) == n_header;
    for (int i = 0; good && i < n; i++) {
        const size_t bytes = tensor_bytes(&tensor[order[i]]);
        good = bytes == 0 || fwrite(tensor[order[i]].data, 1, bytes, out) == bytes;
    }
    return fclose(out) == 0 && good;
}

Status safetensors_write(const char *path, const Tensor *tensor, int n, const char *hopsack, bool force)
{
    Status status = OK;
    FileDraft draft = {.open = false};
    char *header = NULL;
    int *order = calloc((size_t)n + 1, sizeof *order);
    TRY_DONE(file_begin(&draft, path, force));
    if (order) {
        choose_order(order, tensor, n);
        header = make_header(tensor, order, n, hopsack);
    }
    if (!header) TRY_DONE(fail(ERR_MEMORY, "%s: no memory for its header", path));
    const uint64_t n_header = strlen(header);
    if (hopsack) {
        char digits[9];
        snprintf(digits, sizeof digits, "%08lx", crc_of(header, n_header, tensor, order, n));
        memcpy(crc_digits(header, n_header), digits, 8);
    }
    FILE *out = file_stream(&draft);
    if (!out || !write_all(out, header, n_header, tensor, order, n))
        TRY_DONE(fail(ERR_IO, "%s: cannot write: %s", path, strerror(errno)));
    TRY_DONE(file_commit(&draft));
done:
    file_drop(&draft);
    free(header);
    free(order);
    return status;
}
