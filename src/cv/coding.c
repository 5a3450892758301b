/* SPDX-License-Identifier: MIT */
#include "cv/coding.h"
#include "cohort/cellvalues.h"
#include "cohort/task.h"
#include "core/shortlist.h"

#include <stdio.h>

#define SHOWN 8 /* classes in a message */

static void list_classes(Shortlist *list, const Target *t)
{
    *list = (Shortlist){.most = SHOWN};
    if (!task_of(t)->output_name)
        shortlist_add(list, "numbers");
    else if (t->positive)
        shortlist_add(list, t->negative ? "'%.40s' and '%.40s'" : "'%.40s'", t->positive, t->negative);
    else
        for (int k = 0; k < t->n_class; k++) shortlist_add(list, "'%.40s'", t->classes[k]);
}

static bool reads_any(const Labels *labels, int index)
{
    for (int i = 0; i < labels->n; i++)
        if (labels->mask[(size_t)i * (size_t)labels->n_target + (size_t)index] != 0) return true;
    return false;
}

const char *coding_foreign(char text[CODING_ROOM], const Cohort *cohort, const Target *target, int n_target)
{
    Shortlist values, classes;
    CellValues held;
    for (int k = 0; k < n_target; k++) {
        const int column = table_column(cohort->table, target[k].column);
        if (column < 0 || reads_any(&cohort->labels, k)) continue;
        cellvalues_collect(&held, cohort->table, column, cohort->row, cohort->n);
        if (held.n == 0) continue;
        list_classes(&classes, &target[k]);
        snprintf(text, CODING_ROOM, "column '%.60s' holds %s, and the model learned %s", target[k].column,
                 cellvalues_text(&values, &held), classes.text);
        return text;
    }
    return NULL;
}
