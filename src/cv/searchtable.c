/* SPDX-License-Identifier: MIT */
#include "cv/searchtable.h"
#include "core/jsontext.h"
#include "core/memtext.h"
#include "core/number.h"
#include "core/textout.h"
#include "run/remarks.h"
#include "run/runfolder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- keys ---- */

/* Keys of all trials in the order of their first use. */
typedef struct {
    char **key; /* [n] */
    int n;
} Keys;

static void free_keys(Keys *k)
{
    for (int i = 0; i < k->n; i++) free(k->key[i]);
    free(k->key);
}

static Status add_key(Keys *k, const char *key)
{
    for (int i = 0; i < k->n; i++)
        if (strcmp(k->key[i], key) == 0) return OK;
    char **grown = realloc(k->key, ((size_t)k->n + 1) * sizeof *grown), *copy = strdup(key);
    if (grown) k->key = grown;
    if (grown && copy) {
        k->key[k->n++] = copy;
        return OK;
    }
    free(copy);
    return fail(ERR_MEMORY, "no memory for the trials");
}

static Status list_keys(Keys *k, const Trials *t)
{
    char key[SETTINGS_KEY_ROOM];
    for (int i = 0; i < t->n; i++)
        for (const char *at = t->trial[i].text; trials_next(key, &at);) TRY(add_key(k, key));
    return OK;
}

/* ---- trials.tsv ---- */

static void write_number(TextOut *out, double value)
{
    char room[NUMBER_ROOM];
    textout_printf(out, "\t%s", number_text(room, value));
}

static void write_head(TextOut *out, const FoldSearch *s, const Keys *k)
{
    textout_printf(out, "repeat\tfold\ttrial");
    for (int i = 0; i < s->config->search.inner_folds; i++) textout_printf(out, "\tinner%02d", i);
    textout_printf(out, "\tmean%s\tchosen%s", s->rungs.n > 1 ? "\trung" : "", s->test ? "\ttest" : "");
    for (int i = 0; i < k->n; i++) textout_printf(out, "\t%s", k->key[i]);
    textout_write(out, "\n", 1);
}

static void write_row(TextOut *out, const FoldSearch *s, const Keys *k, int fold, int trial)
{
    textout_printf(out, "%d\t%d\t%d", fold / s->n_fold, fold % s->n_fold, trial);
    for (int i = 0; i < s->config->search.inner_folds; i++) write_number(out, search_score(s, fold, trial, i));
    write_number(out, search_mean(s, fold, trial));
    if (s->rungs.n > 1) textout_printf(out, "\t%d", s->reached[fold * s->trials.n + trial]);
    textout_printf(out, "\t%d", s->chosen[fold] == trial);
    if (s->test) write_number(out, s->test[fold * s->trials.n + trial]);
    for (int i = 0; i < k->n; i++) {
        int n = 0;
        const char *value = trials_value(&n, s->trials.trial[trial].text, k->key[i]);
        textout_printf(out, "\t%.*s", n, value ? value : "");
    }
    textout_write(out, "\n", 1);
}

Status searchtable_write(const FoldSearch *s, const char *run)
{
    char path[PATH_ROOM];
    Keys keys = {0};
    TextOut *out = NULL;
    Status status;
    TRY_DONE(list_keys(&keys, &s->trials));
    TRY_DONE(runfolder_path(path, run, "trials.tsv"));
    TRY_DONE(textout_open(&out, path, true));
    write_head(out, s, &keys);
    for (int f = 0; f < s->n_all; f++)
        for (int t = 0; t < s->trials.n; t++) write_row(out, s, &keys, f, t);
    status = textout_commit(out);
done:
    free_keys(&keys);
    return status;
}

/* ---- the summary ---- */

static int times_chosen(const FoldSearch *s, int trial)
{
    int n = 0;
    for (int f = 0; f < s->n_all; f++) n += s->chosen[f] == trial;
    return n;
}

static const char *settings_of(const FoldSearch *s, int trial)
{
    const char *text = s->trials.trial[trial].text;
    return *text ? text : "the config as it is";
}

/* The trial that most folds chose, the earlier where equal. */
static int most_chosen(const FoldSearch *s)
{
    int found = 0;
    for (int t = 1; t < s->trials.n; t++)
        if (times_chosen(s, t) > times_chosen(s, found)) found = t;
    return found;
}

/* ", by successive halving: 30 at 1/27 of the length, 10 at 1/9, 4 at 1/3, 2 at the whole length"; "" without. */
static Status say_halving(char **out, const FoldSearch *s)
{
    size_t n;
    FILE *text = open_memstream(out, &n);
    const Rungs *r = &s->rungs;
    if (!text) return fail(ERR_MEMORY, "no memory for the summary");
    for (int k = 0; k + 1 < r->n; k++)
        fprintf(text, "%s%d at 1/%lld%s", k ? ", " : ", by successive halving: ", r->width[k], (long long)r->part[k],
                k ? "" : " of the length");
    if (r->n > 1) fprintf(text, ", %d at the whole length", r->width[r->n - 1]);
    return memtext_close(text, out) ? OK : fail(ERR_MEMORY, "no memory for the summary");
}

static Status add_remark(json_t *remarks, const FoldSearch *s)
{
    const int most = most_chosen(s), n = times_chosen(s, most);
    char *halving = NULL;
    const Status status = say_halving(&halving, s);
    if (status == OK)
        remarks_append(
            remarks,
            "each fold chose among %d trials by %d inner folds of its training bags%s; trial %d (%s) was chosen in "
            "%d of %d folds, and trials.tsv lists all",
            s->trials.n, s->config->search.inner_folds, halving, most, settings_of(s, most), n, s->n_all);
    free(halving);
    return status;
}

/* [{"trials", "length"}] of each rung; length: part of the whole. */
static json_t *halving_json(const FoldSearch *s)
{
    json_t *list = json_array();
    for (int k = 0; k < s->rungs.n; k++)
        json_array_append_new(
            list, json_pack("{s:i, s:f}", "trials", s->rungs.width[k], "length", 1 / (double)s->rungs.part[k]));
    return list;
}

/* Mean over the folds of each repetition where it is defined, then over repetitions, as that of the run; none of a trial that
 * diverged: the folds where it did not would flatter it. */
static double mean_test(const FoldSearch *s, int trial)
{
    double sum = 0;
    int n = 0;
    if (s->lost[trial]) return NAN;
    for (int first = 0; first < s->n_all; first += s->n_fold) {
        double own = 0;
        int n_own = 0;
        for (int f = first; f < first + s->n_fold; f++) {
            const double score = s->test[f * s->trials.n + trial];
            if (isnan(score)) continue;
            own += score;
            n_own++;
        }
        if (n_own == 0) continue;
        sum += own / n_own;
        n++;
    }
    return n ? sum / n : (double)NAN;
}

/* [{"trial", "settings", "folds", "mean"}] */
static json_t *throughout_json(const FoldSearch *s)
{
    json_t *list = json_array();
    for (int t = 0; t < s->trials.n; t++)
        json_array_append_new(list, json_pack("{s:i, s:s, s:i, s:o}", "trial", t, "settings", settings_of(s, t),
                                              "folds", times_chosen(s, t), "mean", jsontext_real(mean_test(s, t))));
    return list;
}

Status searchtable_add(json_t *summary, const FoldSearch *s)
{
    static const char *const kind[] = {"none", "grid", "random", "list"};
    json_t *chosen = json_array();
    for (int t = 0; t < s->trials.n; t++) {
        const int n = times_chosen(s, t);
        if (n)
            json_array_append_new(
                chosen, json_pack("{s:i, s:i, s:s}", "trial", t, "folds", n, "settings", s->trials.trial[t].text));
    }
    json_t *search = json_pack("{s:s, s:i, s:i, s:o}", "kind", kind[s->config->search.kind], "trials", s->trials.n,
                               "inner_folds", s->config->search.inner_folds, "chosen", chosen);
    if (search && s->rungs.n > 1) json_object_set_new(search, "halving", halving_json(s));
    if (search && s->test) json_object_set_new(search, "throughout", throughout_json(s));
    if (!search || json_object_set_new(summary, "search", search) != 0)
        return fail(ERR_MEMORY, "no memory for the summary");
    return add_remark(json_object_get(summary, "remarks"), s);
}
