/* SPDX-License-Identifier: MIT */
#include "run/configsearch.h"
#include "run/trials.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE                                                                                                         \
    "data: {path: d.h5}\ntasks: [{name: a, column: a, kind: binary}]\n"                                              \
    "model: {embedder: {kind: mlp}, pooling: {kind: hopfield, n_head: 3}, selection: {kind: all}}\n"

static void must_read(Config *c, const char *search)
{
    char text[2000];
    snprintf(text, sizeof text, BASE "search: %s\n", search);
    cr_assert_eq(config_from_text(c, text, "t"), OK, "%s", status_sentence());
}

static void must_open(Trials *t, Config *c, const char *search)
{
    must_read(c, search);
    cr_assert_eq(trials_new(t, c), OK, "%s", status_sentence());
}

static void close_both(Trials *t, Config *c)
{
    trials_free(t);
    config_free(c);
}

Test(run_trials, none)
{
    Trials t;
    Config c;
    must_open(&t, &c, "{kind: none, space: {train.lr: [1, 2]}}");
    cr_expect_eq(t.n, 0);
    cr_expect_eq(c.search.space.n, 0);
    cr_expect_not(configsearch_is_on(&c));
    close_both(&t, &c);
}

/* The first key varies slowest. */
Test(run_trials, grid)
{
    static const char *const wanted[] = {"train.lr=0.1; train.decay=0.9", "train.lr=0.1; train.decay=0.8",
                                         "train.lr=0.1; train.decay=0.7", "train.lr=0.2; train.decay=0.9",
                                         "train.lr=0.2; train.decay=0.8", "train.lr=0.2; train.decay=0.7"};
    Trials t;
    Config c;
    must_open(&t, &c, "{kind: grid, space: {train.lr: [0.1, 0.2], train.decay: [0.9, 0.8, 0.7]}}");
    cr_assert_eq(t.n, 6);
    for (int i = 0; i < 6; i++) {
        cr_expect_str_eq(t.trial[i].text, wanted[i]);
        cr_expect_eq(t.trial[i].config.train.step.lr, i < 3 ? 0.1 : 0.2);
        cr_expect_float_eq(t.trial[i].config.train.decay, 0.9 - 0.1 * (i % 3), 1e-12);
        cr_expect_str_eq(t.trial[i].config.data.path, "d.h5");
    }
    close_both(&t, &c);
}

Test(run_trials, random)
{
    const char *search =
        "{kind: random, trials: 200, space: {train.lr: {min: 1.0e-4, max: 1, log: true}, train.clip_norm: {min: 2, "
        "max: 3},\n"
        "  model.pooling.n_head: {min: 1, max: 4}, model.embedder.n_layer: {min: 1, max: 8, log: true}}}";
    Trials t, again;
    Config c, other;
    int low = 0, heads[5] = {0};
    must_open(&t, &c, search);
    must_open(&again, &other, search);
    cr_assert_eq(t.n, 200);
    for (int i = 0; i < 200; i++) {
        const Config *own = &t.trial[i].config;
        int n;
        cr_expect_str_eq(t.trial[i].text, again.trial[i].text);
        cr_expect(own->train.step.lr >= 1e-4 && own->train.step.lr <= 1);
        cr_expect(own->train.step.clip_norm >= 2 && own->train.step.clip_norm <= 3);
        low += own->train.step.lr < 1e-2;
        const char *text = trials_value(&n, t.trial[i].text, "model.pooling.n_head");
        cr_assert_not_null(text);
        heads[atoi(text)]++;
        for (int k = 0; k < i; k++) cr_assert_str_neq(t.trial[i].text, t.trial[k].text);
    }
    cr_expect(low > 70 && low < 130, "%d of 200 below the middle of a logarithmic scale", low);
    for (int k = 1; k < 5; k++) cr_expect(heads[k] > 25 && heads[k] < 80, "%d heads: %d of 200", k, heads[k]);
    close_both(&t, &c);
    close_both(&again, &other);
}

/* A key of that name is no range. */
Test(run_trials, min_is_a_key)
{
    Trials t;
    Config c;
    must_open(&t, &c, "{kind: grid, space: {model.selection.kind: [top], model.selection.min: [1, 2, 3]}}");
    cr_assert_eq(t.n, 3);
    cr_expect_eq(t.trial[2].config.model.select_min, 3);
    close_both(&t, &c);
}

/* Other words for the same settings, which are warned of. */
Test(run_trials, equal_ones)
{
    static const int wanted[] = {-1, 0, -1, -1, 3, -1};
    Trials t;
    Config c;
    must_open(&t, &c, "{kind: grid, space: {train.decay: [0.9, 0.8], train.lr: [0.1, 1.0e-1, 0.2]}}");
    cr_assert_eq(t.n, 6);
    for (int i = 0; i < 6; i++) cr_expect_eq(t.trial[i].same_as, wanted[i], "%d: %d", i, t.trial[i].same_as);
    close_both(&t, &c);
}

/* Another kind starts its block afresh. */
Test(run_trials, list)
{
    Trials t;
    Config c;
    char key[SETTINGS_KEY_ROOM];
    must_open(&t, &c,
              "{kind: list, list: [{}, {model.pooling.kind: max}, {model: {pooling: {head_beta: [1, 2, 3]}}, "
              "train.lr: 0.5}]}");
    cr_assert_eq(t.n, 3);
    cr_expect_str_eq(t.trial[0].text, "");
    cr_expect_eq(t.trial[0].config.model.pooling, c.model.pooling);
    cr_expect_neq(t.trial[1].config.model.pooling, c.model.pooling);
    cr_expect_eq(t.trial[2].config.train.step.lr, 0.5);
    const char *at = t.trial[2].text;
    cr_assert(trials_next(key, &at));
    cr_expect_str_eq(key, "model.pooling.head_beta");
    cr_assert(trials_next(key, &at));
    cr_expect_str_eq(key, "train.lr");
    cr_expect_not(trials_next(key, &at));
    close_both(&t, &c);
}

static const struct {
    const char *search, *sentence;
} faults[] = {
    {"{kind: grid, space: {data.scale: [none, standard]}}", "data.scale cannot vary"},
    {"{kind: grid, space: {tasks.0.weight: [1, 2]}}", "tasks.0.weight cannot vary"},
    {"{kind: grid, space: {splits.seed: [1, 2]}}", "splits.seed cannot vary"},
    {"{kind: grid, space: {search.trials: [1, 2]}}", "search.trials cannot vary"},
    {"{kind: grid, space: {train.lr: {min: 1, max: 2}}}", "a grid takes lists of values"},
    {"{kind: random, space: {train.lr: {min: 2, max: 1}}}", "two numbers with min below max"},
    {"{kind: random, space: {train.lr: {min: 0, max: 1, log: true}}}", "with log: true, above 0"},
    {"{kind: random, space: {train.lr: {min: 0, max: 1, log: maybe}}}", "two numbers with min below max"},
    {"{kind: random, trials: 5, space: {train.lr: [1, 2]}}", "5 different trials were not found"},
    {"{kind: list, list: [{train.lr: 1}, {train.lrs: 1}]}", "search: trial 1: --train.lrs: unknown setting"},
    {"{kind: grid, space: {model.embedder.start: [kmers]}}", "search: trial 0"},
};

Test(run_trials, faults)
{
    for (size_t k = 0; k < sizeof faults / sizeof *faults; k++) {
        Trials t;
        Config c;
        must_read(&c, faults[k].search);
        cr_expect_eq(trials_new(&t, &c), ERR_CONFIG, "%s", faults[k].search);
        cr_expect(strstr(status_sentence(), faults[k].sentence), "'%s' does not say '%s'", status_sentence(),
                  faults[k].sentence);
        close_both(&t, &c);
    }
}
