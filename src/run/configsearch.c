/* SPDX-License-Identifier: MIT */
#include "run/configsearch.h"

#include <string.h>

#define AT(field) offsetof(Config, search.field)

#define TRIALS_STANDARD 30
#define INNER_STANDARD  5

/* In the order of SearchKind. */
const Option configsearch_rows[] = {
    {"kind", OPTION_CHOICE, AT(kind), "none", 0, 0, "none grid random list", "",
     "hyperparameter search inside each fold: grid (every combination of search.space), random (search.trials "
     "draws of it), list (search.list), none. crossval only"},
    {"trials", OPTION_INT, AT(trials), "30", 1, 10000, NULL, "trials", "number of random trials, all different"},
    {"inner_folds", OPTION_INT, AT(inner_folds), "5", 2, 1000, NULL, "folds",
     "number of inner folds into which each fold's training and validation bags are divided; a trial is trained "
     "once for each"},
    {"halving", OPTION_INT, AT(halving), "0", 0, 100, NULL, "trials",
     "successive halving: all trials are trained for a part of their length, the best one of N goes on to a length N "
     "times as large, and so on to the whole length; 0: all trials are trained for the whole length"},
    {"throughout", OPTION_BOOL, AT(throughout), "false", 0, 0, NULL, "",
     "train and test every trial in every outer fold too, for a table of what each would have scored throughout; it "
     "has no influence on the choice"},
    {"space", OPTION_TEXTS, AT(space), "[]", 0, 0, NULL, "KEY=VALUE|VALUE",
     "values of the settings that the search varies: keys of model and train, each with a list of values, or with "
     "min, max and log for a random draw between two numbers"},
    {"list", OPTION_TEXTS, AT(list), "[]", 0, 0, NULL, "KEY=VALUE; KEY=VALUE",
     "trials of kind list: one block of settings for each; an empty block is the config as it is"},
    {0},
};

bool configsearch_is_on(const Config *c)
{
    return c->search.kind != SEARCH_NONE;
}

void configsearch_clear(Config *c)
{
    c->search = (SearchOptions){.kind = SEARCH_NONE, .trials = TRIALS_STANDARD, .inner_folds = INNER_STANDARD};
}

int configsearch_inner(const Config *c)
{
    return configsearch_is_on(c) ? c->search.inner_folds : c->crossval.inner;
}

static Status check_given(const Config *c, const char *kind)
{
    const bool list = c->search.kind == SEARCH_LIST;
    const int n = list ? c->search.list.n : c->search.space.n, other = list ? c->search.space.n : c->search.list.n;
    if (n == 0)
        return settings_fail(c->settings, "search.kind", "%s needs %s", kind,
                             list ? "search.list: a list of blocks of settings"
                                  : "search.space: for each key to vary a list of values, such as "
                                    "train.lr: [0.001, 0.0001]");
    if (other == 0) return OK;
    return settings_fail(c->settings, list ? "search.space" : "search.list",
                         "search.kind %s does not use it; leave it out", kind);
}

static Status check_none(Config *c)
{
    const SearchOptions *o = &c->search;
    if ((o->space.n || o->list.n) && !settings_given(c->settings, "search.kind"))
        return settings_fail(c->settings, o->space.n ? "search.space" : "search.list",
                             "search.kind is missing; set it to %s", o->space.n ? "grid or random" : "list");
    configsearch_clear(c);
    return OK;
}

Status configsearch_check(Config *c)
{
    static const char *const word[] = {"none", "grid", "random", "list"};
    const SearchOptions *o = &c->search;
    if (!configsearch_is_on(c)) return check_none(c);
    TRY(check_given(c, word[o->kind]));
    if (o->kind != SEARCH_RANDOM && settings_given(c->settings, "search.trials") && o->trials != TRIALS_STANDARD)
        return settings_fail(c->settings, "search.trials", "only search.kind random draws trials; leave it out");
    if (o->halving == 1)
        return settings_fail(c->settings, "search.halving", "1 would keep all trials; take 2 or more, or 0 for none");
    if (c->crossval.inner)
        return settings_fail(
            c->settings, "crossval.inner",
            "a search has inner folds of its own (search.inner_folds) and writes inner.tsv from them; "
            "leave one of the two out");
    return OK;
}
