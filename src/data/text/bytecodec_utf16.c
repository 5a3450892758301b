/* SPDX-License-Identifier: MIT
 *
 * UTF-16 with a byte-order mark, as Excel's "Unicode text" has it, to UTF-8; without the mark.
 */
#include "data/text/bytecodec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int high;      /* which byte of a unit is the high one: 0 or 1 */
    uint32_t lead; /* a high surrogate that waits for its partner; 0: none */
    unsigned char odd;
    bool has_odd;          /* half a unit waits */
    unsigned char text[4]; /* a character that found no room */
    size_t at, n;
    bool begun;
} Utf16;

static bool is_little(const unsigned char *bytes, size_t n)
{
    return n >= 2 && bytes[0] == 0xff && bytes[1] == 0xfe;
}

static bool is_big(const unsigned char *bytes, size_t n)
{
    return n >= 2 && bytes[0] == 0xfe && bytes[1] == 0xff;
}

static void *start_at(int high)
{
    Utf16 *u = calloc(1, sizeof *u);
    if (u) u->high = high;
    return u;
}

static void *start_little(void)
{
    return start_at(1);
}

static void *start_big(void)
{
    return start_at(0);
}

static void encode(Utf16 *u, uint32_t c)
{
    u->at = 0;
    u->n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = u->n; i-- > 1; c >>= 6) u->text[i] = (unsigned char)(0x80 | (c & 0x3f));
    u->text[0] = (unsigned char)(u->n == 1 ? c : (0xf00u >> u->n & 0xff) | c);
}

/* A unit; false: it cannot stand here. */
static bool take(Utf16 *u, uint32_t unit)
{
    const bool lead = (unit & 0xfc00) == 0xd800, trail = (unit & 0xfc00) == 0xdc00;
    if (trail != (u->lead != 0)) return false;
    if (lead)
        u->lead = unit;
    else if (trail) {
        encode(u, 0x10000 + ((u->lead & 0x3ff) << 10) + (unit & 0x3ff));
        u->lead = 0;
    } else if (u->begun || unit != 0xfeff)
        encode(u, unit);
    u->begun = true;
    return true;
}

static ByteCodecResult step(void *state, ByteCodecStep *s)
{
    Utf16 *u = state;
    for (;;) {
        for (; u->at < u->n && s->n_out > 0; s->n_out--) *s->out++ = u->text[u->at++];
        if (u->at < u->n || s->n_in == 0) return BYTECODEC_MORE;
        const unsigned char byte = *s->in++;
        s->n_in--;
        u->has_odd = !u->has_odd;
        if (u->has_odd)
            u->odd = byte;
        else if (!take(u, u->high == 0 ? (uint32_t)(u->odd << 8 | byte) : (uint32_t)(byte << 8 | u->odd)))
            return BYTECODEC_BAD;
    }
}

static ByteCodecResult finish(void *state)
{
    const Utf16 *u = state;
    return u->has_odd || u->lead ? BYTECODEC_BAD : BYTECODEC_END;
}

#define UNPACK "iconv -f UTF-16 -t UTF-8"
const ByteCodec bytecodec_utf16le = {.name = "UTF-16",
                                     .unpack = UNPACK,
                                     .is_mine = is_little,
                                     .start = start_little,
                                     .step = step,
                                     .finish = finish,
                                     .end = free};
const ByteCodec bytecodec_utf16be = {.name = "UTF-16",
                                     .unpack = UNPACK,
                                     .is_mine = is_big,
                                     .start = start_big,
                                     .step = step,
                                     .finish = finish,
                                     .end = free};
