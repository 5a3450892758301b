/* SPDX-License-Identifier: MIT */
#include "cohort/confoundtext.h"
#include "cohort/task.h"
#include "core/jsontext.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALSO 4 /* other traits that a sentence names */

static int by_p(const void *a, const void *b)
{
    const ConfoundRow *x = a, *y = b;
    if (x->constant != y->constant) return x->constant ? 1 : -1;
    if (x->p != y->p && !x->constant) return x->p < y->p ? -1 : 1;
    if (x->strength != y->strength && !x->constant) return x->strength > y->strength ? -1 : 1;
    return (x->trait > y->trait) - (x->trait < y->trait);
}

void confoundtext_sort(ConfoundRow *row, int n)
{
    qsort(row, (size_t)n, sizeof *row, by_p);
}

int confoundtext_found(const ConfoundRow *row, int n, double level)
{
    int found = 0;
    while (found < n && !row[found].constant && row[found].p <= level) found++;
    return found;
}

/* The class that a row is about; "" for numbers. */
static const char *class_of(const ConfoundRow *row, const Target *t)
{
    if (task_n_class(t) == 0) return "";
    return task_output_name(t, t->n_out > 1 ? row->class : 0);
}

static const char *strength_name(const Target *t)
{
    return task_n_class(t) ? "auc" : "correlation";
}

json_t *confoundtext_json(const ConfoundRow *row, const Target *t)
{
    static const char *const source[] = {[TRAIT_BAG] = "bag", [TRAIT_GENE] = "gene", [TRAIT_COLUMN] = "column"};
    json_t *out = json_pack("{s:s, s:s, s:s}", "name", row->trait->name, "words", row->trait->words, "source",
                            source[row->trait->source]);
    if (!out) return NULL;
    if (row->constant) {
        json_object_set_new(out, "constant", json_true());
        return out;
    }
    json_object_set_new(out, strength_name(t), jsontext_real(row->strength));
    json_object_set_new(out, "interval",
                        isnan(row->interval[0]) ? json_null()
                                                : json_pack("[f, f]", row->interval[0], row->interval[1]));
    if (task_n_class(t) && row->trait->n_class <= 2)
        json_object_set_new(out, row->lower ? "lower_in" : "higher_in", json_string(class_of(row, t)));
    else if (task_n_class(t) > 2)
        json_object_set_new(out, "class", json_string(class_of(row, t)));
    if (row->settles) json_object_set_new(out, "settles", json_true());
    json_object_set_new(out, "p", jsontext_real(row->p));
    return out;
}

/* ---- the sentence ---- */

typedef struct {
    char *out;
    size_t used;
} Sentence;

static void add(Sentence *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(Sentence *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(s->out + s->used, CONFOUNDTEXT_ROOM - s->used, format, args);
    va_end(args);
    s->used += n > 0 ? (size_t)n : 0;
    if (s->used >= CONFOUNDTEXT_ROOM) s->used = CONFOUNDTEXT_ROOM - 1;
}

static void add_strength(Sentence *s, const ConfoundRow *row, const Target *t)
{
    add(s, "%s %.3f", task_n_class(t) ? "AUC" : "rank correlation", row->strength);
}

static void add_direction(Sentence *s, const ConfoundRow *row, const Target *t)
{
    if (row->settles)
        add(s, "; each of its values goes with one label only");
    else if (task_n_class(t) == 0)
        add(s, "; %s", row->trait->n_class > 2 ? "by its values" : row->lower ? "falling" : "rising");
    else if (row->trait->n_class <= 2)
        add(s, "; %s in '%.40s'", row->lower ? "lower" : "higher", class_of(row, t));
    else if (task_n_class(t) > 2)
        add(s, "; '%.40s' against the others", class_of(row, t));
}

void confoundtext_sentence(char out[CONFOUNDTEXT_ROOM], const ConfoundRow *row, int n, const Target *t)
{
    Sentence s = {out, 0};
    out[0] = 0;
    add(&s, "%.160s alone predicts '%.60s' with ", row->trait->words, t->name);
    add_strength(&s, row, t);
    add(&s, " (95 %% interval %.3f to %.3f", row->interval[0], row->interval[1]);
    add_direction(&s, row, t);
    add(&s, ")");
    for (int k = 1; k < n && k <= ALSO; k++) {
        add(&s, "%s%.160s ", k == 1 ? "; so do " : ", ", row[k].trait->words);
        add(&s, "(%.3f)", row[k].strength);
    }
    if (n > ALSO + 1) add(&s, " and %d more", n - ALSO - 1);
}
