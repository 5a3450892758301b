/* SPDX-License-Identifier: MIT
 *
 * settings_block.c: blocks of free keys, which no row describes. They become lists of texts, which a row describes and a
 * saved config holds.
 */
#include "core/memtext.h"
#include "core/settings_parts.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct {
    Settings *s;
    const char *path;
    int layer;         /* the last that has anything there */
    const char **text; /* [n], of the settings */
    int n;
} BlockTexts;

static bool is_there(const BlockTexts *g, const Entry *e)
{
    return !e->hidden && settings_inside(e->path, g->path);
}

static bool is_of_layer(const BlockTexts *g, const Entry *e)
{
    return is_there(g, e) && e->layer == g->layer;
}

/* The last layer; false: nothing is inside the block there. */
static bool find_layer(BlockTexts *g)
{
    bool inside = false;
    g->layer = -1;
    for (int i = 0; i < g->s->n_entry; i++)
        if (is_there(g, &g->s->entry[i]) && g->s->entry[i].layer > g->layer) g->layer = g->s->entry[i].layer;
    for (int i = 0; i < g->s->n_entry; i++)
        inside |= is_of_layer(g, &g->s->entry[i]) && strcmp(g->s->entry[i].path, g->path) != 0;
    return inside;
}

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for the settings");
}

/* ---- texts ---- */

static void write_value(FILE *out, const char *key, const OptionValue *value, char between)
{
    fprintf(out, "%s=%s", key, value->null ? "null" : "");
    for (int i = 0; i < value->n && !value->null; i++) {
        if (i) fputc(between, out);
        for (const char *c = value->text[i]; *c; c++) /* a flag has commas, as for any list */
            fputc(value->flag && *c == ',' ? between : *c, out);
    }
}

static Status add_text(BlockTexts *g, char *text)
{
    if (!text) return no_memory();
    TRY(settings_keep(g->s, text));
    g->text[g->n++] = text;
    return OK;
}

/* "KEY=VALUE|VALUE" of one entry. */
static Status add_entry(BlockTexts *g, const Entry *e)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out) return no_memory();
    write_value(out, e->path + strlen(g->path) + 1, &e->value, '|');
    return memtext_close(out, &text) ? add_text(g, text) : no_memory();
}

static Status add_entries(BlockTexts *g)
{
    for (int i = 0; i < g->s->n_entry; i++) {
        const Entry *e = &g->s->entry[i];
        if (is_of_layer(g, e) && e->form == YAML_VALUE && strcmp(e->path, g->path) != 0) TRY(add_entry(g, e));
    }
    return OK;
}

/* All of block `place` in one text; *there: is there such a block? */
static void write_block(FILE *out, bool *there, const BlockTexts *g, int place)
{
    char block[SETTINGS_KEY_ROOM];
    bool begun = false;
    snprintf(block, sizeof block, "%s.%d", g->path, place);
    for (int i = 0; i < g->s->n_entry; i++) {
        const Entry *e = &g->s->entry[i];
        if (!is_of_layer(g, e) || !settings_inside(e->path, block)) continue;
        *there = true;
        if (e->form != YAML_VALUE || strcmp(e->path, block) == 0) continue;
        if (begun) fputs("; ", out);
        write_value(out, e->path + strlen(block) + 1, &e->value, ',');
        begun = true;
    }
}

static Status add_block(BlockTexts *g, bool *there)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out) return no_memory();
    *there = false;
    write_block(out, there, g, g->n);
    if (!memtext_close(out, &text)) return no_memory();
    if (*there) return add_text(g, text);
    free(text);
    return OK;
}

static Status add_blocks(BlockTexts *g)
{
    for (bool there = true; there;) TRY(add_block(g, &there));
    return OK;
}

/* ---- in the block's place ---- */

static Status replace(BlockTexts *g)
{
    Entry e = {.path = NULL, .layer = g->layer, .form = YAML_VALUE};
    for (int i = 0; i < g->s->n_entry; i++) {
        Entry *old = &g->s->entry[i];
        if (!is_there(g, old)) continue;
        if (!e.origin && old->layer == g->layer) e.origin = old->origin;
        old->hidden = true;
    }
    char *path = strdup(g->path);
    if (!path) return no_memory();
    e.path = path;
    e.value = (OptionValue){.list = true, .n = g->n, .text = g->text};
    TRY(settings_keep(g->s, path));
    return settings_push(g->s, &e);
}

/* A later layer's texts replace the block. */
static void hide_before(BlockTexts *g)
{
    for (int i = 0; i < g->s->n_entry; i++)
        if (is_there(g, &g->s->entry[i]) && g->s->entry[i].layer < g->layer) g->s->entry[i].hidden = true;
}

Status settings_texts(Settings *s, const char *path, bool blocks)
{
    BlockTexts g = {.s = s, .path = path};
    if (!find_layer(&g)) {
        hide_before(&g);
        return OK;
    }
    g.text = calloc((size_t)s->n_entry + 1, sizeof *g.text);
    if (!g.text) return no_memory();
    TRY(settings_keep(s, (void *)g.text));
    TRY(blocks ? add_blocks(&g) : add_entries(&g));
    return replace(&g);
}

void settings_quiet(Settings *s)
{
    s->quiet = true;
}
