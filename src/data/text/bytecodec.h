/* SPDX-License-Identifier: MIT
 *
 * bytecodec.h: the family of encodings that a text file may come in: compressions and UTF-16. An encoding is told by a
 * file's first bytes. A new one is one file, bytecodec_NAME.c, and one row in the table of bytecodec.c.
 */
#ifndef HOPSACK_BYTECODEC_H
#define HOPSACK_BYTECODEC_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* What a step came to. */
typedef enum {
    BYTECODEC_MORE,   /* it needs more input, or room */
    BYTECODEC_END,    /* a member has ended; another may follow */
    BYTECODEC_BAD,    /* the input is damaged */
    BYTECODEC_MEMORY, /* no memory */
} ByteCodecResult;

/* Bytes not read yet, room not written yet. */
typedef struct {
    const unsigned char *in;
    unsigned char *out;
    size_t n_in, n_out;
} ByteCodecStep;

typedef struct {
    const char *name;   /* "bzip2" */
    const char *unpack; /* the command that unpacks FILE: "bzip2 -d" */
    const char *needs;  /* Debian's package to build with; NULL: always there */
    bool (*is_mine)(const unsigned char *bytes, size_t n);
    void *(*start)(void); /* NULL as a hook: this program is built without it. NULL as a result: no memory */
    ByteCodecResult (*step)(void *state, ByteCodecStep *s);
    ByteCodecResult (*finish)(
        void *state); /* no more input: END, or BAD if some is missing; NULL: a member must END */
    void (*end)(void *state);
    const char *(*version)(void); /* of the library; NULL: none */
} ByteCodec;

/* What fits the counters of zlib and bzip2. */
static inline unsigned bytecodec_part(size_t n)
{
    return n < UINT_MAX ? (unsigned)n : UINT_MAX;
}

extern const ByteCodec *const bytecodec_types[]; /* ends with NULL */

#define BYTECODEC_PEEK 16 /* first bytes by which all are told */

const ByteCodec *bytecodec_find(const unsigned char *bytes, size_t n); /* NULL: none of them */
const char *bytecodec_libraries(char *text, size_t room); /* "zlib 1.3, bzip2 1.0.8, …, no libzstd" for --version */

#endif
