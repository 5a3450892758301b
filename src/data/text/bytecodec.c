/* SPDX-License-Identifier: MIT */
#include "data/text/bytecodec.h"

#include <stdio.h>

extern const ByteCodec bytecodec_bzip2, bytecodec_gzip, bytecodec_utf16be, bytecodec_utf16le, bytecodec_xz,
    bytecodec_zstd;

const ByteCodec *const bytecodec_types[] = {&bytecodec_gzip,    &bytecodec_bzip2,   &bytecodec_xz, &bytecodec_zstd,
                                            &bytecodec_utf16le, &bytecodec_utf16be, NULL};

const ByteCodec *bytecodec_find(const unsigned char *bytes, size_t n)
{
    for (int i = 0; bytecodec_types[i]; i++)
        if (bytecodec_types[i]->is_mine(bytes, n)) return bytecodec_types[i];
    return NULL;
}

const char *bytecodec_libraries(char *text, size_t room)
{
    size_t at = 0;
    text[0] = '\0';
    for (int i = 0; bytecodec_types[i]; i++) {
        const ByteCodec *c = bytecodec_types[i];
        if (c->start && !c->version) continue;
        const int n = c->start ? snprintf(text + at, room - at, "%s%s %s", at ? ", " : "", c->name, c->version())
                               : snprintf(text + at, room - at, "%sno %s", at ? ", " : "", c->name);
        if (n < 0 || at + (size_t)n >= room) break;
        at += (size_t)n;
    }
    return text;
}
