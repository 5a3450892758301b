/* SPDX-License-Identifier: MIT */
#include "data/text/bytecodec.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

static bool is_mine(const unsigned char *bytes, size_t n)
{
    return n >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

static void *start(void)
{
    z_stream *z = calloc(1, sizeof *z);
    if (z && inflateInit2(z, MAX_WBITS + 16) == Z_OK) return z;
    free(z);
    return NULL;
}

static ByteCodecResult step(void *state, ByteCodecStep *s)
{
    z_stream *z = state;
    const uInt n_in = bytecodec_part(s->n_in), n_out = bytecodec_part(s->n_out);
    z->next_in = (Bytef *)(uintptr_t)s->in; /* zlib writes none of it */
    z->avail_in = n_in;
    z->next_out = s->out;
    z->avail_out = n_out;
    const int result = inflate(z, Z_NO_FLUSH);
    s->in += n_in - z->avail_in;
    s->n_in -= n_in - z->avail_in;
    s->out += n_out - z->avail_out;
    s->n_out -= n_out - z->avail_out;
    if (result == Z_STREAM_END) return BYTECODEC_END;
    if (result == Z_OK || result == Z_BUF_ERROR) return BYTECODEC_MORE;
    return result == Z_MEM_ERROR ? BYTECODEC_MEMORY : BYTECODEC_BAD;
}

static void end(void *state)
{
    inflateEnd(state);
    free(state);
}

const ByteCodec bytecodec_gzip = {
    .name = "gzip", .unpack = "gzip -d", .is_mine = is_mine, .start = start, .step = step, .end = end};
