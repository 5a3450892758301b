/* SPDX-License-Identifier: MIT */
#include "study/modelset.h"
#include "core/file.h"
#include "study/predictor_parts.h"

#include <stdlib.h>
#include <string.h>

static Status add_file(ModelSet *set, const char *path)
{
    ModelDigest *grown = realloc(set->file, ((size_t)set->n + 1) * sizeof *grown);
    if (!grown) return fail(ERR_MEMORY, "no memory for %d models", set->n + 1);
    set->file = grown;
    TRY(digest_sha256(grown[set->n].sha256, path));
    set->n++;
    return OK;
}

static Status add_networks(ModelSet *set, const char *word)
{
    ApplyPaths list = {0};
    Status status = apply_list(&list, word);
    for (int k = 0; k < list.n && status == OK; k++) status = add_file(set, list.path[k]);
    apply_list_free(&list);
    return status;
}

Status modelset_add(ModelSet *set, const char *word)
{
    PredictorTree *tree = NULL;
    if (!predictor_tree_is_stack(word) && !predictor_tree_is_method(word)) return add_networks(set, word);
    Status status = predictor_tree_find(&tree, &word, 1);
    for (int k = 0; status == OK && k < tree->n_path; k++) status = add_file(set, tree->path[k]);
    predictor_tree_free(tree);
    return status;
}

bool modelset_holds(const ModelSet *set, const char *sha256)
{
    for (int k = 0; k < set->n; k++)
        if (strcmp(set->file[k].sha256, sha256) == 0) return true;
    return false;
}

void modelset_free(ModelSet *set)
{
    free(set->file);
    *set = (ModelSet){0};
}

const char *modelset_kind(const char *word)
{
    char path[PATH_ROOM];
    if (!file_is_folder(word)) return "model";
    if (predictor_tree_is_stack(word)) return "stack";
    if (predictor_tree_is_method(word)) return "method";
    return file_exists_in(path, word, "rep00") ? "crossval" : "run";
}
