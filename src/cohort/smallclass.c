/* SPDX-License-Identifier: MIT */
#include "cohort/smallclass.h"
#include "cohort/task.h"
#include "core/log.h"
#include "core/number.h"

/* "positive", or the value of a class of several. */
static const char *class_name(const Cohort *c, const Target *t, int class)
{
    if (c->labels.n_class == 2) return class == 1 ? "positive" : "negative";
    return task_output_name(t, class);
}

/* The smallest class that occurs, and its number of bags. */
static int smallest_class(int *n, const Cohort *c)
{
    int count[TARGET_CLASSES] = {0}, least = -1;
    for (int i = 0; i < c->n_row; i++)
        if (c->labels.class[i] >= 0 && cohort_labelled(c, i)) count[c->labels.class[i]]++;
    for (int k = 0; k < c->labels.n_class; k++)
        if (count[k] > 0 && (least < 0 || count[k] < count[least])) least = k;
    *n = least < 0 ? 0 : count[least];
    return least;
}

void smallclass_report(const Cohort *c, const Target *first, int n_fold, bool validates)
{
    int n;
    if (!c->labels.class || c->labels.n_class > TARGET_CLASSES) return;
    const int class = smallest_class(&n, c);
    if (class < 0 || n >= n_fold) return;
    log_warn("%s: only %d bag%s of column '%s' %s %s, fewer than the %d folds: at least %d test set%s no AUC; "
             "take fewer folds (splits.n_fold),%s or name the folds by --splits=FILE",
             bagfile_path(c->file), n, number_plural(n), first->column, n == 1 ? "is" : "are",
             class_name(c, first, class), n_fold, n_fold - n, n_fold - n == 1 ? " has" : "s have",
             validates ? " splits.validation=none," : "");
}
