/* SPDX-License-Identifier: MIT */
#include "study/figure.h"
#include "core/escape.h"
#include "core/file.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a list ---- */

static bool is_taken(const FigureList *list, const char *name)
{
    for (int k = 0; k < list->n; k++)
        if (strcmp(list->figure[k].name, name) == 0) return true;
    return false;
}

static void name_figure(char name[FIGURE_NAME], const FigureList *list, const char *stem, const char *task)
{
    char plain[FIGURE_NAME - 16];
    int n = snprintf(plain, sizeof plain, *task ? "%s-%s" : "%s", stem, task);
    if (n >= (int)sizeof plain) n = (int)sizeof plain - 1;
    for (int k = 0; k < n; k++)
        if (!isalnum((unsigned char)plain[k]) && plain[k] != '-') plain[k] = '_';
    snprintf(name, FIGURE_NAME, "%s", plain);
    for (int k = 2; is_taken(list, name); k++) snprintf(name, FIGURE_NAME, "%s-%d", plain, k);
}

Status figure_add(Figure **out, FigureList *list, const char *stem, const char *task)
{
    Figure *grown = realloc(list->figure, ((size_t)list->n + 1) * sizeof *grown);
    if (!grown) return fail(ERR_MEMORY, "no memory for %d figures", list->n + 1);
    list->figure = grown;
    grown[list->n] = (Figure){.svg = NULL};
    name_figure(grown[list->n].name, list, stem, task);
    *out = &grown[list->n++];
    return OK;
}

void figure_free(FigureList *list)
{
    for (int k = 0; k < list->n; k++) {
        free(list->figure[k].caption);
        free(list->figure[k].svg);
        free(list->figure[k].table);
    }
    free(list->figure);
    *list = (FigureList){.n = 0};
}

/* ---- one figure ---- */

Status figure_caption(Figure *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vasprintf(&f->caption, format, args);
    va_end(args);
    if (n >= 0) return OK;
    f->caption = NULL;
    return fail(ERR_MEMORY, "no memory for the caption of a figure");
}

void figure_number(Markup *table, double value, char after)
{
    char text[NUMBER_ROOM];
    markup_printf(table, "%s%c", number_text(text, value), after);
}

void figure_text(Markup *table, const char *text, char after)
{
    char shown[1024];
    escape_text(shown, sizeof shown, text);
    if (!strchr(shown, '"')) {
        markup_printf(table, "%s%c", shown, after);
        return;
    }
    markup_raw(table, "\"");
    for (const char *at = shown; *at; at++) markup_printf(table, *at == '"' ? "\"%c" : "%c", *at);
    markup_printf(table, "\"%c", after);
}

Status figure_finish(Figure *f, Chart *chart, Markup *table)
{
    const Status drawn = chart_close(&f->svg, chart);
    const Status listed = markup_close(&f->table, table);
    return drawn == OK ? listed : drawn;
}

/* ---- files ---- */

static Status place(char path[PATH_ROOM], const char *folder, const Figure *f, const char *ending)
{
    char name[FIGURE_NAME + 8];
    snprintf(name, sizeof name, "%s.%s", f->name, ending);
    return path_join(path, folder, name) ? OK : fail(ERR_USAGE, "%.60s…: the path is too long", folder);
}

static Status check_one(const char *folder, const Figure *f, const char *ending, bool force)
{
    char path[PATH_ROOM];
    TRY(place(path, folder, f, ending));
    TRY(file_check_own(path, false));
    if (!force && file_exists(path)) return fail(ERR_IO, "%s exists; --force overwrites it", path);
    return OK;
}

Status figure_check(const FigureList *list, const char *folder, bool force)
{
    if (file_exists(folder) && !file_is_folder(folder)) return fail(ERR_IO, "%s is no folder", folder);
    for (int k = 0; k < list->n; k++) {
        TRY(check_one(folder, &list->figure[k], "svg", force));
        TRY(check_one(folder, &list->figure[k], "tsv", force));
    }
    return OK;
}

static Status write_one(const char *folder, const Figure *f, const char *ending, const char *text, bool force)
{
    char path[PATH_ROOM];
    TRY(place(path, folder, f, ending));
    return file_write_whole(path, text, strlen(text), force);
}

Status figure_write(const FigureList *list, const char *folder, bool force)
{
    TRY(figure_check(list, folder, force));
    TRY(file_make_folder(folder));
    for (int k = 0; k < list->n; k++) {
        TRY(write_one(folder, &list->figure[k], "svg", list->figure[k].svg, force));
        TRY(write_one(folder, &list->figure[k], "tsv", list->figure[k].table, force));
    }
    return OK;
}
