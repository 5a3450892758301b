/* SPDX-License-Identifier: MIT */
#include "study/markup.h"
#include "core/escape.h"
#include "core/memtext.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void markup_open(Markup *m)
{
    *m = (Markup){0};
    m->out = open_memstream(&m->text, &m->n);
    m->n_failed = m->out ? 0 : 1;
}

void markup_raw(Markup *m, const char *tags)
{
    if (m->out && fputs(tags, m->out) < 0) m->n_failed++;
}

void markup_printf(Markup *m, const char *format, ...)
{
    va_list args;
    if (!m->out) return;
    va_start(args, format);
    if (vfprintf(m->out, format, args) < 0) m->n_failed++;
    va_end(args);
}

/* XML has no place for U+FFFE and U+FFFF, which are well-formed UTF-8. */
static size_t is_no_character(const char *at)
{
    return strncmp(at, "\xEF\xBF\xBE", 3) == 0 || strncmp(at, "\xEF\xBF\xBF", 3) == 0;
}

static void write_characters(Markup *m, const char *text)
{
    static const char special[] = "&<>\"'\xEF";
    while (*text) {
        const size_t n = strcspn(text, special);
        if (n && fwrite(text, 1, n, m->out) != n) m->n_failed++;
        text += n;
        if (!*text) return;
        switch (*text) {
        case '&':
            markup_raw(m, "&amp;");
            break;
        case '<':
            markup_raw(m, "&lt;");
            break;
        case '>':
            markup_raw(m, "&gt;");
            break;
        case '"':
            markup_raw(m, "&quot;");
            break;
        case '\'':
            markup_raw(m, "&#39;");
            break;
        default:
            if (is_no_character(text)) {
                markup_raw(m, "\xEF\xBF\xBD");
                text += 2;
            } else if (fputc(*text, m->out) == EOF)
                m->n_failed++;
        }
        text++;
    }
}

void markup_text(Markup *m, const char *text)
{
    if (!m->out || !text) return;
    const size_t room = 4 * strlen(text) + 1;
    char *shown = malloc(room);
    if (shown)
        write_characters(m, escape_text(shown, room, text));
    else
        m->n_failed++;
    free(shown);
}

void markup_length(Markup *m, double value)
{
    char digits[64];
    double rounded = isfinite(value) ? round(value * 100) / 100 : 0;
    if (rounded == 0) rounded = 0; /* not -0 */
    size_t n = (size_t)snprintf(digits, sizeof digits, "%.2f", fabs(rounded) < 1e9 ? rounded : 0);
    while (digits[n - 1] == '0') n--;
    if (digits[n - 1] == '.') n--;
    digits[n] = 0;
    markup_raw(m, digits);
}

Status markup_close(char **text, Markup *m)
{
    *text = NULL;
    if (!memtext_close(m->out, &m->text)) m->n_failed++;
    m->out = NULL;
    if (m->n_failed) {
        markup_drop(m);
        return fail(ERR_MEMORY, "no memory for the text of a page or figure");
    }
    *text = m->text;
    m->text = NULL;
    return OK;
}

void markup_drop(Markup *m)
{
    if (m->out) fclose(m->out);
    free(m->text);
    *m = (Markup){0};
}
