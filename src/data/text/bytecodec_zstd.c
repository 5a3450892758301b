/* SPDX-License-Identifier: MIT */
#include "data/text/bytecodec.h"

#include <stdlib.h>
#include <string.h>

/* A frame, or a skippable one, which pzstd puts in front. */
static bool is_mine(const unsigned char *bytes, size_t n)
{
    return n >= 4 && (memcmp(bytes, "\x28\xb5\x2f\xfd", 4) == 0 ||
                      ((bytes[0] & 0xf0) == 0x50 && memcmp(bytes + 1, "\x2a\x4d\x18", 3) == 0));
}

#ifdef HOPSACK_ZSTD
#include <zstd.h>

#define WINDOW_MOST 27 /* 128 MB, what zstd -d reads without --long */

static void *start(void)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    if (!z) return NULL;
    ZSTD_initDStream(z);
    ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, WINDOW_MOST);
    return z;
}

static ByteCodecResult step(void *state, ByteCodecStep *s)
{
    ZSTD_inBuffer in = {s->in, s->n_in, 0};
    ZSTD_outBuffer out = {s->out, s->n_out, 0};
    const size_t result = ZSTD_decompressStream(state, &out, &in);
    s->in += in.pos;
    s->n_in -= in.pos;
    s->out += out.pos;
    s->n_out -= out.pos;
    if (ZSTD_isError(result)) return BYTECODEC_BAD;
    return result == 0 ? BYTECODEC_END : BYTECODEC_MORE;
}

static void end(void *state)
{
    ZSTD_freeDStream(state);
}

#define HOOKS .start = start, .step = step, .end = end, .version = ZSTD_versionString
#else
#define HOOKS .start = NULL
#endif

const ByteCodec bytecodec_zstd = {
    .name = "zstd", .unpack = "zstd -d", .needs = "libzstd-dev", .is_mine = is_mine, HOOKS};
