/* SPDX-License-Identifier: MIT */
#include "data/arrays/arrayreader.h"
#include "data/arrays/arrayformat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 1024 /* numbers converted at a time */

static double half(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double size = exponent == 0    ? fraction * 0x1p-24
                        : exponent == 31 ? (fraction ? NAN : INFINITY)
                                         : ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 ? -size : size;
}

static double brain(uint16_t bits)
{
    const uint32_t wide = (uint32_t)bits << 16;
    float x;
    memcpy(&x, &wide, sizeof x);
    return (double)x;
}

#define CONVERT(type, expression)                                                                                    \
    for (int64_t i = 0; i < n; i++) {                                                                                \
        type v;                                                                                                      \
        memcpy(&v, bytes + (size_t)i * sizeof v, sizeof v);                                                          \
        to[i] = (double)(expression);                                                                                \
    }                                                                                                                \
    return

static void convert(double *to, const unsigned char *bytes, ArrayType type, int64_t n)
{
    switch (type) {
    case ARRAY_F16:
        CONVERT(uint16_t, half(v));
    case ARRAY_BF16:
        CONVERT(uint16_t, brain(v));
    case ARRAY_F32:
        CONVERT(float, v);
    case ARRAY_F64:
        CONVERT(double, v);
    case ARRAY_BOOL:
        CONVERT(uint8_t, v != 0);
    case ARRAY_I8:
        CONVERT(int8_t, v);
    case ARRAY_U8:
        CONVERT(uint8_t, v);
    case ARRAY_I16:
        CONVERT(int16_t, v);
    case ARRAY_U16:
        CONVERT(uint16_t, v);
    case ARRAY_I32:
        CONVERT(int32_t, v);
    case ARRAY_U32:
        CONVERT(uint32_t, v);
    case ARRAY_I64:
        CONVERT(int64_t, v);
    case ARRAY_U64:
        CONVERT(uint64_t, v);
    }
}

struct ArrayReader {
    const ArrayFormat *format;
    ArrayType type;
    void *inside;
    unsigned char bytes[PIECE * 8];
};

Status arrayreader_open(ArrayReader **out, const ArrayFile *file, const Array *a)
{
    ArrayReader *r = *out = malloc(sizeof *r);
    if (!r) return fail(ERR_MEMORY, "%s: no memory to read it", file->path);
    r->format = file->format;
    r->type = a->type;
    const Status status = r->format->open(&r->inside, file, a);
    if (status == OK) return OK;
    free(r);
    *out = NULL;
    return status;
}

Status arrayreader_next(double *to, ArrayReader *r, int64_t n)
{
    for (int64_t at = 0; at < n; at += PIECE) {
        const int64_t now = n - at < PIECE ? n - at : PIECE;
        TRY(r->format->read(r->inside, r->bytes, (size_t)now * arrayformat_width(r->type)));
        convert(to + at, r->bytes, r->type, now);
    }
    return OK;
}

Status arrayreader_finish(ArrayReader *r)
{
    return r->format->finish ? r->format->finish(r->inside) : OK;
}

void arrayreader_close(ArrayReader *r)
{
    if (!r) return;
    r->format->close(r->inside);
    free(r);
}
