/* SPDX-License-Identifier: MIT */
#include "study/stackcarrier.h"
#include "core/number.h"
#include "core/shortlist.h"

#include <stdio.h>

static double share_of(const json_t *column)
{
    const json_t *n = json_object_get(column, "n_chosen");
    return json_number_value(n ? n : json_object_get(column, "weight_mean"));
}

/* The columns with as much as the first of the best. */
static Shortlist list_best(const json_t *columns, double most)
{
    Shortlist best = {.most = 5};
    const char *name;
    json_t *column;
    json_object_foreach((json_t *)(size_t)columns, name, column)
    {
        if (share_of(column) >= most) shortlist_add(&best, "%.100s", name);
    }
    return best;
}

void stackcarrier_sentence(char *text, size_t room, const json_t *task)
{
    const json_t *columns = json_object_get(task, "columns");
    const char *first = json_string_value(json_object_get(task, "carried_by"));
    const int n_fold = (int)json_array_size(json_object_get(task, "chosen"));
    const double most = share_of(json_object_get(columns, first));
    const Shortlist best = list_best(columns, most);
    if (!json_object_get(json_object_get(columns, first), "n_chosen")) {
        if (most > 0)
            snprintf(text, room, "%s carries it: it has the largest mean weight, %.3g", first, most);
        else
            snprintf(text, room, "No column carries it: all weights are 0");
    } else if (best.n == 1)
        snprintf(text, room, "%s carries it: it is chosen in %.0f of %d outer fold%s", first, most, n_fold,
                 number_plural(n_fold));
    else
        snprintf(text, room, "No column carries it alone: %s are chosen in %.0f of %d outer fold%s each", best.text,
                 most, n_fold, number_plural(n_fold));
}
