/* SPDX-License-Identifier: MIT */
#include "data/text/bytecodec.h"

#include <stdlib.h>
#include <string.h>

static bool is_mine(const unsigned char *bytes, size_t n)
{
    return n >= 6 && memcmp(bytes,
                            "\xfd"
                            "7zXZ\0",
                            6) == 0;
}

#ifdef HOPSACK_XZ
#include <lzma.h>

#define MEMORY_MOST (256ull << 20) /* xz -9 takes 65 MB; a damaged header may ask for 4 GB */

static void *start(void)
{
    lzma_stream *z = malloc(sizeof *z);
    if (!z) return NULL;
    *z = (lzma_stream)LZMA_STREAM_INIT;
    if (lzma_stream_decoder(z, MEMORY_MOST, 0) == LZMA_OK) return z;
    free(z);
    return NULL;
}

static ByteCodecResult step(void *state, ByteCodecStep *s)
{
    lzma_stream *z = state;
    z->next_in = s->in;
    z->avail_in = s->n_in;
    z->next_out = s->out;
    z->avail_out = s->n_out;
    const lzma_ret result = lzma_code(z, LZMA_RUN);
    s->in = z->next_in;
    s->n_in = z->avail_in;
    s->out = z->next_out;
    s->n_out = z->avail_out;
    if (result == LZMA_STREAM_END) return BYTECODEC_END;
    if (result == LZMA_OK || result == LZMA_BUF_ERROR) return BYTECODEC_MORE;
    return result == LZMA_MEM_ERROR || result == LZMA_MEMLIMIT_ERROR ? BYTECODEC_MEMORY : BYTECODEC_BAD;
}

static void end(void *state)
{
    lzma_end(state);
    free(state);
}

#define HOOKS .start = start, .step = step, .end = end, .version = lzma_version_string
#else
#define HOOKS .start = NULL
#endif

const ByteCodec bytecodec_xz = {.name = "xz", .unpack = "xz -d", .needs = "liblzma-dev", .is_mine = is_mine, HOOKS};
