/* SPDX-License-Identifier: MIT */
#include "core/status.h"
#include "core/escape.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char sentence[1024];

/* Bytes of a damaged file that get into a sentence must neither end its line nor reach a terminal. */
Status fail(Status status, const char *format, ...)
{
    char text[sizeof sentence]; /* apart: an argument may be the sentence itself */
    va_list args;
    va_start(args, format);
    escape_print(text, sizeof text, format, args);
    va_end(args);
    memcpy(sentence, text, sizeof sentence);
    return status;
}

Status fail_at(Status status, const char *format, ...)
{
    char where[512], text[sizeof sentence];
    va_list args;
    va_start(args, format);
    escape_print(where, sizeof where, format, args);
    va_end(args);
    memcpy(text, sentence, sizeof text);
    const int n = snprintf(sentence, sizeof sentence, "%s: ", where);
    escape_text(sentence + n, sizeof sentence - (size_t)n, text);
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
