/* SPDX-License-Identifier: MIT */
#include "core/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MOST 8     /* blocks and lists inside each other */
#define PATH_MOST  512   /* bytes of a path */
#define TEXT_MOST  65536 /* bytes of a value */
#define ENTRY_MOST 10000

/* ---- reading ---- */

typedef struct {
    yaml_parser_t parser;
    yaml_event_t event; /* the one looked at */
    const char *text, *name;
    YamlTake *take;
    void *context;
    char path[PATH_MOST];
    int depth, n_entry;
} YamlReader;

static int line_of(const YamlReader *r)
{
    return (int)r->event.start_mark.line + 1;
}

static int line_of_byte(const char *text, size_t byte)
{
    int line = 1;
    for (size_t i = 0; i < byte && text[i]; i++) line += text[i] == '\n';
    return line;
}

/* Is a tab among the blanks with which a line (from 0) begins? */
static bool tab_indents(const char *text, size_t line)
{
    for (; line > 0; line--) {
        text = strchr(text, '\n');
        if (!text) return false; /* libyaml counts the line behind the last */
        text++;
    }
    return memchr(text, '\t', strspn(text, " \t"));
}

/* What is usually behind a sentence of libyaml. */
static const char *hint(const char *problem)
{
    static const char *const hints[][2] = {
        {"mapping values", "; is a blank missing behind a ':', or a line indented otherwise than the one above?"},
        {"could not find expected ':'", "; is a blank missing behind the ':'?"},
        {"escape", "; in double quotes \\ begins an escape: use single quotes"},
        {"hexdecimal", "; in double quotes \\ begins an escape: use single quotes"}};
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (strstr(problem, hints[i][0])) return hints[i][1];
    return "";
}

static Status parser_failed(const YamlReader *r)
{
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR) return fail(ERR_MEMORY, "%s: no memory to read it", r->name);
    if (p->error == YAML_READER_ERROR)
        return fail(ERR_CONFIG, "%s:%d: byte %zu of the file: %s; the file must be UTF-8 text", r->name,
                    line_of_byte(r->text, p->problem_offset), p->problem_offset + 1, p->problem);
    if (tab_indents(r->text, p->problem_mark.line))
        return fail(ERR_CONFIG, "%s:%zu: not YAML: a tab indents this line; indent with blanks", r->name,
                    p->problem_mark.line + 1);
    return fail(ERR_CONFIG, "%s:%zu: not YAML: %s%s%s%s", r->name, p->problem_mark.line + 1, p->problem,
                p->context ? " " : "", p->context ? p->context : "", hint(p->problem));
}

/* Moves to the next event. */
static Status next(YamlReader *r)
{
    yaml_event_delete(&r->event);
    return yaml_parser_parse(&r->parser, &r->event) ? OK : parser_failed(r);
}

/* Whatever makes a file mean more than it shows is refused. */
static Status check_plain(const YamlReader *r)
{
    const yaml_event_t *e = &r->event;
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (e->type == YAML_ALIAS_EVENT)
        return fail(ERR_CONFIG, "%s:%d: aliases (*%s) are not supported; write the value out", r->name, line_of(r),
                    (const char *)e->data.alias.anchor);
    if (e->type == YAML_SCALAR_EVENT) anchor = e->data.scalar.anchor, tag = e->data.scalar.tag;
    if (e->type == YAML_SEQUENCE_START_EVENT)
        anchor = e->data.sequence_start.anchor, tag = e->data.sequence_start.tag;
    if (e->type == YAML_MAPPING_START_EVENT) anchor = e->data.mapping_start.anchor, tag = e->data.mapping_start.tag;
    if (anchor)
        return fail(ERR_CONFIG, "%s:%d: anchors (&%s) are not supported; write the value out", r->name, line_of(r),
                    (const char *)anchor);
    if (tag)
        return fail(ERR_CONFIG, "%s:%d: tags (%s) are not supported; leave it out", r->name, line_of(r),
                    (const char *)tag);
    if (e->type != YAML_SCALAR_EVENT) return OK;
    if (e->data.scalar.length > TEXT_MOST)
        return fail(ERR_CONFIG, "%s:%d: a value of %zu bytes is longer than %d", r->name, line_of(r),
                    e->data.scalar.length, TEXT_MOST);
    if (memchr(e->data.scalar.value, 0, e->data.scalar.length))
        return fail(ERR_CONFIG, "%s:%d: a value holds a NUL byte", r->name, line_of(r));
    return OK;
}

static const char *scalar_text(const YamlReader *r)
{
    return (const char *)r->event.data.scalar.value;
}

static bool scalar_is_null(const YamlReader *r)
{
    return r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE && yaml_is_null(scalar_text(r));
}

static Status hand_out(YamlReader *r, int line, YamlForm form, const OptionValue *value)
{
    if (++r->n_entry > ENTRY_MOST) return fail(ERR_CONFIG, "%s:%d: more than %d settings", r->name, line, ENTRY_MOST);
    return r->take(r->context, r->path, line, form, value);
}

/* path ← path.key; what it was before is the caller's to restore by cutting it at the length returned in *before. */
static Status step_into(YamlReader *r, const char *key, size_t *before)
{
    *before = strlen(r->path);
    const size_t room = sizeof r->path - *before;
    const int n = snprintf(r->path + *before, room, "%s%s", *before ? "." : "", key);
    if (n < (int)room) return OK;
    r->path[*before] = 0;
    return fail(ERR_CONFIG, "%s:%d: the key %.40s… is longer than %d bytes", r->name, line_of(r), key, PATH_MOST - 1);
}

static Status read_node(YamlReader *r);

static Status read_block(YamlReader *r)
{
    TRY(next(r));
    while (r->event.type != YAML_MAPPING_END_EVENT) {
        size_t before;
        TRY(check_plain(r));
        if (r->event.type != YAML_SCALAR_EVENT || !*scalar_text(r))
            return fail(ERR_CONFIG, "%s:%d: a key must be one word", r->name, line_of(r));
        if (strstr(scalar_text(r), "\xc2\xa0"))
            return fail(ERR_CONFIG, "%s:%d: the key '%.60s' holds a no-break space; type a plain blank", r->name,
                        line_of(r), scalar_text(r));
        TRY(step_into(r, scalar_text(r), &before));
        TRY(next(r));
        TRY(read_node(r));
        r->path[before] = 0;
        TRY(next(r));
    }
    return OK;
}

static Status read_blocks(YamlReader *r)
{
    TRY(hand_out(r, line_of(r), YAML_BLOCKS, NULL));
    for (int i = 0; r->event.type != YAML_SEQUENCE_END_EVENT; i++) {
        char number[16];
        size_t before;
        if (r->event.type != YAML_MAPPING_START_EVENT)
            return fail(ERR_CONFIG, "%s:%d: entry %d of the list '%s' is not a block of keys like those before",
                        r->name, line_of(r), i, r->path);
        snprintf(number, sizeof number, "%d", i);
        TRY(step_into(r, number, &before));
        TRY(read_node(r));
        r->path[before] = 0;
        TRY(next(r));
    }
    return OK;
}

/* Copies the values until the list ends; *text [*n] is the caller's, also on failure. */
static Status collect(YamlReader *r, char ***text, int *n)
{
    while (r->event.type != YAML_SEQUENCE_END_EVENT) {
        TRY(check_plain(r));
        if (r->event.type != YAML_SCALAR_EVENT || scalar_is_null(r))
            return fail(ERR_CONFIG, "%s:%d: entry %d of the list '%s' is not one value", r->name, line_of(r), *n,
                        r->path);
        char **grown = realloc(*text, ((size_t)*n + 1) * sizeof **text);
        if (grown) *text = grown;
        if (!grown || !(grown[*n] = strdup(scalar_text(r))))
            return fail(ERR_MEMORY, "%s: no memory to read it", r->name);
        ++*n;
        TRY(next(r));
    }
    return OK;
}

static Status read_values(YamlReader *r)
{
    char **text = NULL;
    int n = 0;
    const int line = line_of(r);
    Status status = collect(r, &text, &n);
    if (status == OK) {
        const OptionValue value = {.list = true, .n = n, .text = (const char *const *)text};
        status = hand_out(r, line, YAML_VALUE, &value);
    }
    for (int i = 0; i < n; i++) free(text[i]);
    free(text);
    return status;
}

static Status read_value(YamlReader *r)
{
    const char *text = scalar_text(r);
    const OptionValue value = {.null = scalar_is_null(r), .n = 1, .text = &text};
    return hand_out(r, line_of(r), YAML_VALUE, &value);
}

/* Reads the node that begins with the event looked at, up to its last event. */
static Status read_node(YamlReader *r)
{
    Status status = OK;
    TRY(check_plain(r));
    if (r->event.type == YAML_SCALAR_EVENT) return read_value(r);
    if (++r->depth > DEPTH_MOST)
        return fail(ERR_CONFIG, "%s:%d: '%s' is nested deeper than %d levels", r->name, line_of(r), r->path,
                    DEPTH_MOST);
    if (r->event.type == YAML_MAPPING_START_EVENT) {
        if (*r->path) TRY(hand_out(r, line_of(r), YAML_BLOCK, NULL));
        status = read_block(r);
    } else {
        TRY(next(r));
        status = r->event.type == YAML_MAPPING_START_EVENT ? read_blocks(r) : read_values(r);
    }
    r->depth--;
    return status;
}

static Status read_document(YamlReader *r)
{
    TRY(next(r)); /* stream start */
    TRY(next(r));
    if (r->event.type == YAML_STREAM_END_EVENT) return OK; /* empty, or comments only */
    TRY(next(r));
    if (r->event.type == YAML_SCALAR_EVENT && scalar_is_null(r)) {
        TRY(next(r));
    } else {
        if (r->event.type != YAML_MAPPING_START_EVENT)
            return fail(ERR_CONFIG, "%s:%d: should hold 'key: value' lines", r->name, line_of(r));
        TRY(read_node(r));
        TRY(next(r));
    }
    TRY(next(r)); /* behind the document's end */
    if (r->event.type != YAML_STREAM_END_EVENT)
        return fail(ERR_CONFIG, "%s:%d: a second document begins; one file holds one config", r->name, line_of(r));
    return OK;
}

/* Editors on Windows write the mark of UTF-8, and some of them UTF-16. */
static Status check_encoding(size_t *mark, const char *text, size_t n, const char *name)
{
    *mark = n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    const bool marked = n >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0);
    if (!marked && (n < 2 || (text[0] && text[1]))) return OK;
    return fail(ERR_CONFIG, "%s: is UTF-16 text; save it as UTF-8", name);
}

/* A no-break space looks like an indent, but is a letter of the key. */
static Status check_indents(const char *text, const char *name)
{
    for (int line = 1; text; line++) {
        text += strspn(text, " ");
        if (strncmp(text, "\xc2\xa0", 2) == 0)
            return fail(ERR_CONFIG, "%s:%d: a no-break space indents this line; YAML is indented with plain blanks",
                        name, line);
        text = strchr(text, '\n');
        if (text) text++;
    }
    return OK;
}

Status yaml_read(const char *text, size_t n, const char *name, YamlTake *take, void *context)
{
    size_t mark;
    TRY(check_encoding(&mark, text, n, name));
    text += mark;
    n -= mark;
    TRY(check_indents(text, name));
    YamlReader r = {.text = text, .name = name, .take = take, .context = context};
    if (!yaml_parser_initialize(&r.parser)) return fail(ERR_MEMORY, "%s: no memory to read it", name);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n);
    const Status status = read_document(&r);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    return status;
}

bool yaml_is_null(const char *text)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0) return true;
    return false;
}

/* libyaml checks the texts it is given; that it has no memory to do so is no fault of the text. */
bool yaml_is_utf8(const char *text)
{
    yaml_event_t event;
    errno = 0;
    if (!yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1,
                                      YAML_ANY_SCALAR_STYLE))
        return errno == ENOMEM;
    yaml_event_delete(&event);
    return true;
}
