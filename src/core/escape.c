/* SPDX-License-Identifier: MIT */
#include "core/escape.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the UTF-8 character that `text` begins with; 0 if it is none: overlong, a surrogate, beyond U+10FFFF, cut. */
static size_t character(uint32_t *code, const unsigned char *text)
{
    static const uint32_t first[] = {0, 0, 0x80, 0x800, 0x10000}; /* by bytes */
    const size_t n = text[0] < 0x80                      ? 1
                     : text[0] >= 0xc2 && text[0] < 0xe0 ? 2
                     : text[0] >= 0xe0 && text[0] < 0xf0 ? 3
                     : text[0] >= 0xf0 && text[0] < 0xf5 ? 4
                                                         : 0;
    *code = n < 2 ? text[0] : text[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
        *code = *code << 6 | (text[i] & 0x3fu);
    }
    return n == 0 || *code < first[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000) ? 0 : n;
}

/* With which a terminal can be made to do things, or to show text in another order than it stands. */
static int is_control(uint32_t code)
{
    static const uint32_t range[][2] = {{0, 0x1f},        {0x7f, 0x9f},     {0x61c, 0x61c},
                                        {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}};
    for (size_t i = 0; i < sizeof range / sizeof *range; i++)
        if (code >= range[i][0] && code <= range[i][1]) return 1;
    return 0;
}

const char *escape_word(char *out, size_t room, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=+:,@%";
    size_t n = 0;
    if (*text && text[strspn(text, plain)] == '\0') {
        snprintf(out, room, "%s", text);
        return out;
    }
    out[n++] = '\'';
    for (; *text && n + 6 < room; text++)
        if (*text == '\'')
            n += (size_t)sprintf(out + n, "'\\''");
        else
            out[n++] = *text;
    out[n++] = '\'';
    out[n] = '\0';
    return out;
}

bool escape_is_control(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        uint32_t code;
        const size_t n = character(&code, at);
        if (n > 0 ? is_control(code) : *at < 0xa0) return true;
        at += n ? n : 1;
    }
    return false;
}

static size_t escape_byte(char out[8], unsigned char byte)
{
    static const char letters[][2] = {{'\n', 'n'}, {'\t', 't'}, {'\r', 'r'}};
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (byte == (unsigned char)letters[i][0]) return (size_t)snprintf(out, 8, "\\%c", letters[i][1]);
    return (size_t)snprintf(out, 8, "\\x%02x", byte);
}

#define CUT "…"

const char *escape_text(char *out, size_t room, const char *text)
{
    const unsigned char *from = (const unsigned char *)text;
    size_t at = 0, cut = 0; /* cut: the last end of a character with room for the mark behind it */
    while (*from) {
        char piece[20];
        uint32_t code;
        size_t n = 0;
        const size_t bytes = character(&code, from);
        if (bytes > 0 && !is_control(code))
            memcpy(piece, from, n = bytes);
        else
            for (size_t i = 0; i < (bytes ? bytes : 1); i++) n += escape_byte(piece + n, from[i]);
        if (at + n >= room) {
            out[cut] = 0;
            return room >= sizeof CUT ? strcat(out, CUT) : out;
        }
        memcpy(out + at, piece, n);
        at += n;
        if (at + sizeof CUT <= room) cut = at;
        from += bytes ? bytes : 1;
    }
    out[at] = 0;
    return out;
}

/* ---- streams and JSON ---- */

/* Bytes of the character that begins with that byte. */
static size_t length_of(unsigned char first)
{
    return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static bool stays_in_stream(const unsigned char *at, size_t n, uint32_t code)
{
    if (n == 0) return *at >= 0xa0;
    return !is_control(code) || code == '\n' || code == '\t';
}

size_t escape_stream(char *out, size_t *n_out, const char *bytes, size_t n)
{
    const unsigned char *from = (const unsigned char *)bytes;
    size_t at = 0;
    *n_out = 0;
    while (at < n) {
        uint32_t code;
        const size_t length = character(&code, from + at), step = length ? length : 1;
        if (length == 0 && n - at < 4 && at + length_of(from[at]) > n) break;
        if (stays_in_stream(from + at, length, code))
            for (size_t i = 0; i < step; i++) out[(*n_out)++] = bytes[at + i];
        else
            for (size_t i = 0; i < step; i++) {
                char piece[8];
                const size_t wide = escape_byte(piece, from[at + i]);
                memcpy(out + *n_out, piece, wide);
                *n_out += wide;
            }
        at += step;
    }
    return at;
}

/* Ends of lines that set JSON out are the only control characters of most texts. */
static bool is_suspect(const char *json)
{
    for (const unsigned char *at = (const unsigned char *)json; *at;) {
        uint32_t code;
        const size_t n = character(&code, at);
        if (n > 0 && code >= 0x7f && is_control(code)) return true;
        at += n ? n : 1;
    }
    return false;
}

char *escape_json(const char *json)
{
    const unsigned char *from = (const unsigned char *)json;
    if (!is_suspect(json)) return strdup(json);
    char *out = malloc(6 * strlen(json) + 1), *to = out;
    while (out && *from) {
        uint32_t code;
        const size_t n = character(&code, from), step = n ? n : 1;
        if (n > 0 && code >= 0x7f && is_control(code))
            to += snprintf(to, 7, "\\u%04x", code);
        else
            to = (char *)memcpy(to, from, step) + step;
        from += step;
    }
    if (out) *to = 0;
    return out;
}

/* Takes away the beginning of a character whose end was cut off. */
static void trim(char *text, size_t length)
{
    size_t n = 0;
    uint32_t code;
    while (n < 3 && n < length && ((unsigned char)text[length - 1 - n] & 0xc0) == 0x80) n++;
    if (n < length && (unsigned char)text[length - 1 - n] >= 0xc0 &&
        character(&code, (unsigned char *)text + length - 1 - n) == 0)
        text[length - 1 - n] = 0;
}

const char *escape_print(char *out, size_t room, const char *format, va_list args)
{
    char text[ESCAPE_MOST];
    const int n = vsnprintf(text, sizeof text, format, args);
    if (n < 0) text[0] = 0;
    if (n >= (int)sizeof text) {
        text[sizeof text - sizeof CUT] = 0;
        trim(text, sizeof text - sizeof CUT);
        strcat(text, CUT);
    }
    return escape_text(out, room, text);
}
