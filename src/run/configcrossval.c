/* SPDX-License-Identifier: MIT */
#include "run/configcrossval.h"
#include "cohort/innerparts.h"
#include "cohort/permute.h"

#define AT(field) offsetof(Config, crossval.field)

const Option configcrossval_rows[] = {
    {"ensemble", OPTION_INT, AT(ensemble), "1", 1, 1000, NULL, "models",
     "number of models for each fold, with the random seeds seed + 0, 1, …; their outputs are averaged before the "
     "sigmoid. crossval only"},
    {0},
};

const Option configcrossval_more_rows[] = {
    {"members", OPTION_TEXTS, AT(members), "[]", 0, 0, NULL, "KEY=VALUE; KEY=VALUE",
     "settings by which the models of an ensemble differ beside their seeds: a block for each of the first models, "
     "and "
     "from the start again for the others; an empty block is the config as it is. Keys of model and train"},
    {"inner", OPTION_INT, AT(inner), "0", 0, 1000, NULL, "folds",
     "number of inner folds (2 or more) into which each fold's training and validation bags are divided; inner "
     "trainings predict them for a choice among methods (inner.tsv); 0: none. crossval only"},
    {"permute", OPTION_INT, AT(permute), "0", 0, 99999, NULL, "permutations",
     "number of further cross-validations on permuted labels, which give a p value. crossval only"},
    {"without", OPTION_BOOL, AT(without), "true", 0, 0, NULL, "",
     "a further cross-validation on the same folds without model.bag_inputs, if any is on, so that the summary shows "
     "both. crossval only"},
    {"batches", OPTION_BOOL, AT(batches), "false", 0, 0, NULL, "",
     "further cross-validations about the batches of splits.batch: one that leaves whole batches out, and six on "
     "labels "
     "permuted over batches. crossval only"},
    {0},
};

static Status check_members(const Config *c)
{
    const int n = c->crossval.members.n;
    if (n > c->crossval.ensemble)
        return settings_fail(c->settings, "crossval.members",
                             "%d blocks are given for %d model%s; set crossval.ensemble to %d or more", n,
                             c->crossval.ensemble, c->crossval.ensemble == 1 ? "" : "s", n);
    if (n > 0 && c->search.kind != SEARCH_NONE)
        return settings_fail(
            c->settings, "crossval.members",
            "a search chooses one block of settings for all models of a fold; leave one of the two out");
    return OK;
}

/* Which training of many, and on which labels. */
Status configcrossval_check(const Config *c)
{
    InnerPlace place;
    int kind, number;
    const SplitOptions *o = &c->splits;
    if (!innerparts_parse(&place, o->inner))
        return settings_fail(c->settings, "splits.inner", "'%.60s' is not I/K with K from 2 and I from 0 to K - 1",
                             o->inner);
    if (!folds_parse_permute(&kind, &number, o->permute))
        return settings_fail(c->settings, "splits.permute",
                             "'%.60s' is not none, labels:N or batches:N with N from 0 to 99999", o->permute);
    if (kind == PERMUTE_BATCHES && !o->batch)
        return settings_fail(c->settings, "splits.permute",
                             "batches needs the column of the batches: set splits.batch (--batch-column=COLUMN)");
    TRY(check_members(c));
    if (c->crossval.inner == 1)
        return settings_fail(c->settings, "crossval.inner",
                             "one inner fold leaves nothing to train on; take 2 or more");
    if (!c->crossval.batches) return OK;
    if (!o->file && o->kind == SPLIT_BATCH)
        return settings_fail(c->settings, "crossval.batches",
                             "with splits.kind batch the folds are batches already; leave one of the two out");
    if (o->batch) return OK;
    return settings_fail(c->settings, "crossval.batches",
                         "the column of the batches is missing: set splits.batch (--batch-column=COLUMN)");
}
