/* SPDX-License-Identifier: MIT */
#include "data/text/bytecodec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* "BZh", a digit, and the first block's mark (or that of an end without blocks). */
static bool is_mine(const unsigned char *bytes, size_t n)
{
    return n >= 10 && memcmp(bytes, "BZh", 3) == 0 && bytes[3] >= '1' && bytes[3] <= '9' &&
           (memcmp(bytes + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0 ||
            memcmp(bytes + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0);
}

#ifdef HOPSACK_BZIP2
#include <bzlib.h>

static void *start(void)
{
    bz_stream *z = calloc(1, sizeof *z);
    if (z && BZ2_bzDecompressInit(z, 0, 0) == BZ_OK) return z;
    free(z);
    return NULL;
}

static ByteCodecResult step(void *state, ByteCodecStep *s)
{
    bz_stream *z = state;
    const unsigned n_in = bytecodec_part(s->n_in), n_out = bytecodec_part(s->n_out);
    z->next_in = (char *)(uintptr_t)s->in; /* the library writes none of it */
    z->avail_in = n_in;
    z->next_out = (char *)s->out;
    z->avail_out = n_out;
    const int result = BZ2_bzDecompress(z);
    s->in += n_in - z->avail_in;
    s->n_in -= n_in - z->avail_in;
    s->out += n_out - z->avail_out;
    s->n_out -= n_out - z->avail_out;
    if (result == BZ_STREAM_END) return BYTECODEC_END;
    if (result == BZ_OK) return BYTECODEC_MORE;
    return result == BZ_MEM_ERROR ? BYTECODEC_MEMORY : BYTECODEC_BAD;
}

static void end(void *state)
{
    BZ2_bzDecompressEnd(state);
    free(state);
}

static const char *version(void)
{
    static char text[32];
    memcpy(text, BZ2_bzlibVersion(), strcspn(BZ2_bzlibVersion(), ",")); /* "1.0.8, 13-Jul-2019" */
    return text;
}

#define HOOKS .start = start, .step = step, .end = end, .version = version
#else
#define HOOKS .start = NULL
#endif

const ByteCodec bytecodec_bzip2 = {
    .name = "bzip2", .unpack = "bzip2 -d", .needs = "libbz2-dev", .is_mine = is_mine, HOOKS};
