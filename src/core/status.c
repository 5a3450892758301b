/* SPDX-License-Identifier: MIT */
#include "core/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char sentence[1024];

/* Bytes of a damaged file that get into a sentence must neither end its line nor reach a terminal. */
static void keep_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f) *text = '?';
}

Status fail(Status status, const char *format, ...)
{
    char text[sizeof sentence]; /* apart: an argument may be the sentence itself */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    keep_one_line(text);
    memcpy(sentence, text, sizeof sentence);
    return status;
}

Status fail_at(Status status, const char *format, ...)
{
    char where[512], text[sizeof sentence];
    va_list args;
    va_start(args, format);
    vsnprintf(where, sizeof where, format, args);
    va_end(args);
    keep_one_line(where);
    memcpy(text, sentence, sizeof text);
    snprintf(sentence, sizeof sentence, "%s: %.*s", where, (int)(sizeof text - sizeof where - 3), text);
    return status;
}

const char *status_sentence(void)
{
    return sentence;
}

const char *status_words(Status status)
{
    switch (status) {
#define X(name, code, words)                                                                                         \
    case name:                                                                                                       \
        return words;
        STATUS_MAP(X)
#undef X
    }
    return "unknown status";
}

int status_exit_code(Status status)
{
    switch (status) {
#define X(name, code, words)                                                                                         \
    case name:                                                                                                       \
        return code;
        STATUS_MAP(X)
#undef X
    }
    return 1;
}
