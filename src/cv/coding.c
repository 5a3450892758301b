/* SPDX-License-Identifier: MIT */
#include "cv/coding.h"
#include "cohort/cellvalues.h"
#include "cohort/task.h"

#include <stdio.h>

#define SHOWN 8 /* classes in a message */

static void list_classes(char *text, size_t room, const Target *t)
{
    size_t n = 0;
    text[0] = 0;
    if (!task_of(t)->output_name) {
        snprintf(text, room, "numbers");
        return;
    }
    if (t->positive) {
        snprintf(text, room, t->negative ? "'%.40s' and '%.40s'" : "'%.40s'", t->positive, t->negative);
        return;
    }
    for (int k = 0; k < t->n_class && k < SHOWN && n < room; k++)
        n += (size_t)snprintf(text + n, room - n, "%s'%.40s'", k ? ", " : "", t->classes[k]);
    if (t->n_class > SHOWN && n < room) snprintf(text + n, room - n, ", …");
}

static bool reads_any(const Labels *labels, int index)
{
    for (int i = 0; i < labels->n; i++)
        if (labels->mask[(size_t)i * (size_t)labels->n_target + (size_t)index] != 0) return true;
    return false;
}

const char *coding_foreign(char text[CODING_ROOM], const Cohort *cohort, const Target *target, int n_target)
{
    char values[CELLVALUES_ROOM], classes[SHOWN * 48];
    CellValues held;
    for (int k = 0; k < n_target; k++) {
        const int column = table_column(cohort->table, target[k].column);
        if (column < 0 || reads_any(&cohort->labels, k)) continue;
        cellvalues_collect(&held, cohort->table, column, cohort->row, cohort->n);
        if (held.n == 0) continue;
        list_classes(classes, sizeof classes, &target[k]);
        snprintf(text, CODING_ROOM, "column '%.60s' holds %s, and the model learned %s", target[k].column,
                 cellvalues_text(values, &held), classes);
        return text;
    }
    return NULL;
}
