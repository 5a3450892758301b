/* SPDX-License-Identifier: MIT */
#include "data/arrays/npystream.h"
#include "core/inputguard.h"
#include "data/arrays/arrayformat.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HEADER_MOST 65536 /* bytes; NumPy writes 118 */

/* ---- bytes ---- */

static Status open_plain(NpyStream *s)
{
    struct stat info;
    s->file = fopen(s->path, "rb");
    if (!s->file || fstat(fileno(s->file), &info) != 0) return fail(ERR_IO, "%s: %s", s->path, strerror(errno));
    s->n_left = info.st_size;
    return inputguard_note(&info);
}

Status npystream_open(NpyStream *s, const char *path, size_t n_archive, int64_t n_byte)
{
    *s = (NpyStream){.path = strdup(path), .n_left = n_byte};
    if (!s->path) return fail(ERR_MEMORY, "%s: no memory to read it", path);
    return n_archive ? ziparchive_open(&s->member, path, n_archive) : open_plain(s);
}

void npystream_close(NpyStream *s)
{
    if (s->file) fclose(s->file);
    ziparchive_close(s->member);
    free(s->path);
    *s = (NpyStream){0};
}

/* As many bytes as there are, up to n. */
static Status read_some(size_t *got, NpyStream *s, char *to, size_t n)
{
    *got = 0;
    if (s->file) {
        *got = fread(to, 1, n, s->file);
        return ferror(s->file) ? fail(ERR_IO, "%s: cannot read: %s", s->path, strerror(errno)) : OK;
    }
    for (size_t now = 1; now > 0 && *got < n; *got += now) TRY(ziparchive_read(&now, s->member, to + *got, n - *got));
    return OK;
}

static Status cut(const NpyStream *s)
{
    return fail(ERR_FORMAT, "%s: is cut short; save it again", s->path);
}

Status npystream_read(NpyStream *s, void *to, size_t n)
{
    size_t got;
    TRY(read_some(&got, s, to, n));
    s->n_left -= (int64_t)got;
    return got == n ? OK : cut(s);
}

Status npystream_end(NpyStream *s)
{
    size_t got;
    char byte;
    TRY(read_some(&got, s, &byte, 1));
    return got == 0 ? OK : fail(ERR_FORMAT, "%s: bytes follow behind its array; it is damaged", s->path);
}

/* ---- the header ---- */

typedef struct {
    const char *at;   /* NUL-ended */
    const char *path; /* for messages */
    char descr[16];   /* "<f4"; "": records */
    int fortran;      /* -1: not said */
    int n_dim;        /* -1: not said */
    int64_t *shape;   /* [ARRAY_DIMS] */
} Literal;

static Status no_header(const char *path)
{
    return fail(ERR_FORMAT, "%s: its header is not that of a NumPy array; it is damaged", path);
}

static bool take(Literal *l, char c)
{
    while (isspace((unsigned char)*l->at)) l->at++;
    if (*l->at != c) return false;
    l->at++;
    return true;
}

/* 'word' or "word" */
static bool take_word(char *out, size_t room, Literal *l)
{
    const char quote = take(l, '\'') ? '\'' : take(l, '"') ? '"' : '\0';
    const char *end = quote ? strchr(l->at, quote) : NULL;
    if (!end || (size_t)(end - l->at) >= room) return false;
    memcpy(out, l->at, (size_t)(end - l->at));
    out[end - l->at] = '\0';
    l->at = end + 1;
    return true;
}

static bool take_name(Literal *l, const char *name)
{
    while (isspace((unsigned char)*l->at)) l->at++;
    const size_t n = strlen(name);
    if (strncmp(l->at, name, n) != 0) return false;
    l->at += n;
    return true;
}

static bool take_size(int64_t *out, Literal *l)
{
    char *end;
    while (isspace((unsigned char)*l->at)) l->at++;
    if (!isdigit((unsigned char)*l->at)) return false;
    errno = 0;
    *out = strtoll(l->at, &end, 10);
    l->at = end;
    take(l, 'L'); /* of Python 2 */
    return errno == 0;
}

/* (2, 3), (2,) or () */
static bool take_shape(Literal *l)
{
    if (!take(l, '(')) return false;
    for (l->n_dim = 0; !take(l, ')'); l->n_dim++) {
        if (l->n_dim == ARRAY_DIMS || !take_size(&l->shape[l->n_dim], l)) return false;
        if (take(l, ',')) continue;
        l->n_dim++;
        return take(l, ')');
    }
    return true;
}

static bool take_value(Literal *l, const char *key)
{
    if (strcmp(key, "descr") == 0) return take_word(l->descr, sizeof l->descr, l);
    if (strcmp(key, "shape") == 0) return take_shape(l);
    if (strcmp(key, "fortran_order") != 0) return false;
    l->fortran = take_name(l, "True") ? 1 : take_name(l, "False") ? 0 : -1;
    return l->fortran >= 0;
}

static bool take_all(Literal *l)
{
    char key[16];
    if (!take(l, '{')) return false;
    while (!take(l, '}')) {
        if (!take_word(key, sizeof key, l) || !take(l, ':') || !take_value(l, key)) return false;
        if (!take(l, ',') && *l->at != '}') return false;
    }
    while (isspace((unsigned char)*l->at)) l->at++;
    return !*l->at && l->descr[0] && l->fortran >= 0 && l->n_dim >= 0;
}

static Status read_type(Array *out, const Literal *l)
{
    static const struct {
        const char *descr;
        ArrayType type;
    } known[] = {{"f2", ARRAY_F16}, {"f4", ARRAY_F32}, {"f8", ARRAY_F64}, {"b1", ARRAY_BOOL},
                 {"i1", ARRAY_I8},  {"u1", ARRAY_U8},  {"i2", ARRAY_I16}, {"u2", ARRAY_U16},
                 {"i4", ARRAY_I32}, {"u4", ARRAY_U32}, {"i8", ARRAY_I64}, {"u8", ARRAY_U64}};
    const char order = l->descr[0];
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        if (strcmp(l->descr + 1, known[k].descr) != 0) continue;
        out->type = known[k].type;
        if (order == '<' || order == '=' || (order == '|' && arrayformat_width(out->type) == 1)) return OK;
        if (order == '>')
            return fail(ERR_FORMAT, "%s: its numbers are big-endian ('%s'); save it as '<%s'", l->path, l->descr,
                        known[k].descr);
    }
    return fail(ERR_FORMAT, "%s: dtype '%s' is not read; save it as float32", l->path, l->descr);
}

static Status read_literal(Array *out, char *text, const NpyStream *s)
{
    Literal l = {.at = text, .path = s->path, .fortran = -1, .n_dim = -1, .shape = out->shape};
    if (strstr(text, "'descr': ["))
        return fail(ERR_FORMAT, "%s: holds records, not an array of numbers; save each field by itself", s->path);
    if (!take_all(&l)) return no_header(s->path);
    TRY(read_type(out, &l));
    out->n_dim = l.n_dim;
    if (l.fortran && l.n_dim > 1)
        return fail(ERR_FORMAT, "%s: is in Fortran order; save numpy.ascontiguousarray(x)", s->path);
    return OK;
}

/* The shape against the bytes that are there. */
static Status check_bytes(const Array *a, const NpyStream *s)
{
    int64_t n;
    if (!arrayformat_count(&n, a->shape, a->n_dim))
        return fail(ERR_FORMAT, "%s: its shape is too large; it is damaged", s->path);
    const int64_t wanted = n * (int64_t)arrayformat_width(a->type);
    if (wanted > s->n_left)
        return fail(ERR_FORMAT, "%s: is cut short: its shape takes %lld bytes, %lld are there; save it again",
                    s->path, (long long)wanted, (long long)s->n_left);
    if (wanted < s->n_left)
        return fail(ERR_FORMAT, "%s: %lld bytes follow behind its array; it is damaged", s->path,
                    (long long)(s->n_left - wanted));
    return OK;
}

static Status read_length(size_t *out, NpyStream *s)
{
    unsigned char head[8], length[4] = {0};
    TRY(npystream_read(s, head, sizeof head));
    if (memcmp(head, "\x93NUMPY", 6) != 0) return no_header(s->path);
    if (head[6] < 1 || head[6] > 3)
        return fail(ERR_FORMAT, "%s: version %d of NumPy's format is not read", s->path, head[6]);
    TRY(npystream_read(s, length, head[6] == 1 ? 2 : 4));
    *out = (size_t)length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16 | (size_t)length[3] << 24;
    return *out <= HEADER_MOST ? OK : no_header(s->path);
}

Status npystream_header(Array *out, NpyStream *s)
{
    size_t n = 0;
    *out = (Array){0};
    TRY(read_length(&n, s));
    char *text = calloc(n + 1, 1);
    Status status = text ? npystream_read(s, text, n) : fail(ERR_MEMORY, "%s: no memory for its header", s->path);
    if (status == OK) status = strlen(text) == n ? read_literal(out, text, s) : no_header(s->path);
    free(text);
    return status == OK ? check_bytes(out, s) : status;
}
