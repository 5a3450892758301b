/* SPDX-License-Identifier: MIT */
#include "cli/print.h"
#include "core/cost.h"
#include "core/escape.h"
#include "core/jsontext.h"
#include "core/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Status print_json(json_t *value)
{
    char *text = NULL;
    TRY(jsontext(&text, value, JSONTEXT_PAGES));
    puts(text);
    free(text);
    return OK;
}

/* ---- text from files ---- */

#define PIECE 4096 /* bytes of a text that are shown */

static json_t *escaped(const json_t *value);

static json_t *unless_lost(json_t *out, bool lost)
{
    if (!lost) return out;
    json_decref(out);
    return NULL;
}

static json_t *escaped_object(const json_t *value)
{
    json_t *out = json_object(), *item;
    const char *key;
    char name[PIECE];
    bool lost = false;
    json_object_foreach((json_t *)(size_t)value, key, item)
    {
        lost |= json_object_set_new(out, escape_text(name, sizeof name, key), escaped(item)) != 0;
    }
    return unless_lost(out, lost);
}

static json_t *escaped_array(const json_t *value)
{
    json_t *out = json_array(), *item;
    size_t i;
    bool lost = false;
    json_array_foreach(value, i, item) lost |= json_array_append_new(out, escaped(item)) != 0;
    return unless_lost(out, lost);
}

static json_t *escaped(const json_t *value)
{
    char text[PIECE];
    if (json_is_object(value)) return escaped_object(value);
    if (json_is_array(value)) return escaped_array(value);
    if (!json_is_string(value)) return json_deep_copy(value);
    return json_string(escape_text(text, sizeof text, json_string_value(value)));
}

Status print_escaped(json_t **out, const json_t *value)
{
    *out = escaped(value);
    return *out ? OK : fail(ERR_MEMORY, "no memory for the result");
}

void print_lines(FILE *out, const char *text)
{
    char line[PIECE], shown[PIECE];
    for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
        snprintf(line, sizeof line, "%.*s", (int)strcspn(text, "\n"), text);
        fprintf(out, "%s\n", escape_text(shown, sizeof shown, line));
    }
}

void print_refit(FILE *out, const json_t *plan)
{
    const long long n = (long long)json_integer_value(json_object_get(plan, "refit_bags"));
    if (n > 0)
        fprintf(
            out,
            "then anew on the %lld bags of training and validation, for at most as many passes (train.refit); the "
            "memory is that of both\n",
            n);
}

void print_cost(FILE *out, const Cost *cost)
{
    char text[COST_ROOM];
    if (cost->high != 0) fprintf(out, "estimate: %s\n", cost_text(text, cost));
}

Status print_plan_json(json_t *plan, const Cost *cost)
{
    if (!plan) return fail(ERR_MEMORY, "no memory for the plan");
    const Status status = cost_tell(plan, cost);
    if (status == OK) return print_json(plan);
    json_decref(plan);
    return status;
}

void print_estimate(const Cost *cost)
{
    char text[COST_ROOM];
    if (cost->high != 0) log_info("estimate: %s", cost_text(text, cost));
}

/* ---- equal bags ---- */

#define LISTED 10 /* groups, and names of each */

static void print_group(const json_t *group)
{
    size_t i;
    json_t *name;
    const size_t n = json_array_size(group);
    printf("equal bags    ");
    json_array_foreach(group, i, name)
    {
        if (i == LISTED) break;
        printf("%s%s", i ? " = " : "", json_string_value(name));
    }
    if (n > LISTED) printf(" and %zu more (--json)", n - LISTED);
    printf("\n");
}

void print_equal_bags(const json_t *groups)
{
    size_t i;
    json_t *group;
    const size_t n = json_array_size(groups);
    json_array_foreach(groups, i, group)
    {
        if (i == LISTED) break;
        print_group(group);
    }
    if (n > LISTED) printf("              and %zu more groups (--json)\n", n - LISTED);
}
