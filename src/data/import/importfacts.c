/* SPDX-License-Identifier: MIT */
#include "data/import/importfacts.h"
#include "data/text/bytes.h"

#include <string.h>

static json_t *rules_json(const RowRule *rule, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++) json_array_append_new(list, json_pack("[ss]", rule[i].column, rule[i].value));
    return list;
}

json_t *importfacts_options(const char *format, char separator, const RowRules *rows, bool compress)
{
    const char text[2] = {separator, '\0'};
    return json_pack("{ss ss so so sb}", "format", format ? format : "auto", "separator", separator ? text : "auto",
                     "include", rules_json(rows->include, rows->n_include), "exclude",
                     rules_json(rows->exclude, rows->n_exclude), "compress", compress);
}

json_t *importfacts_names(char *const *name, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++) json_array_append_new(list, json_string(name[i]));
    return list;
}

const char *importfacts_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

Status importfacts_labels(json_t **out, const char *path, int n_unlabelled)
{
    char hex[65];
    TRY(bytes_sha256(hex, path));
    *out = json_pack("{ss ss si}", "file", importfacts_base(path), "sha256", hex, "bags_without_row", n_unlabelled);
    return OK;
}

json_t *importfacts_join(json_t *a, json_t *b)
{
    const bool joined = a && b && json_object_update(a, b) == 0;
    json_decref(b);
    if (joined) return a;
    json_decref(a);
    return NULL;
}
