/* SPDX-License-Identifier: MIT
 *
 * explain_files.c: the tables of a folder appear together, before explain.json, which says that they are there. So an end
 * before that leaves nothing behind, and a second run over the first leaves nothing of it.
 */
#include "core/file.h"
#include "run/runfolder.h"
#include "study/explain_parts.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {"sequences.tsv",
                                    "instances.tsv",
                                    "important_sequences.tsv",
                                    "bags.tsv",
                                    "rearrangements.tsv",
                                    "residues.tsv.gz",
                                    "features.tsv.gz",
                                    "features.tsv",
                                    "kernels.tsv",
                                    "motifs.meme",
                                    "motifs.tsv",
                                    "heads.tsv",
                                    "kernels.meme",
                                    NULL};

Status explain_files_path(char *path, const Explain *e, const char *name)
{
    return runfolder_path(path, e->in->folder, name);
}

Status explain_files_check(const Explain *e)
{
    char path[PATH_ROOM];
    bool found = file_exists_in(path, e->in->folder, "explain.json");
    for (const char *const *name = names; *name && !found; name++) found = file_exists_in(path, e->in->folder, *name);
    if (!found || e->in->force) return OK;
    return fail(ERR_IO, "%s holds results of hopsack explain; --force overwrites them", e->in->folder);
}

Status explain_files_open(TextOut **out, const Explain *e, const char *name)
{
    char path[PATH_ROOM];
    ExplainFiles *f = e->files;
    TRY(explain_files_path(path, e, name));
    TRY(textout_open(out, path, e->in->force));
    f->out[f->n] = *out;
    f->name[f->n++] = name;
    return OK;
}

static bool is_written(const ExplainFiles *f, const char *name)
{
    for (int k = 0; k < f->n; k++)
        if (strcmp(f->name[k], name) == 0) return true;
    return false;
}

/* Logos KIND_NN from number `first` on. */
static Status remove_logos(const Explain *e, const char *kind, int first, int most)
{
    static const char *const ending[] = {"svg", "tsv"};
    char path[PATH_ROOM], name[32];
    for (int k = 2 * first; k < 2 * (most + 1); k++) {
        snprintf(name, sizeof name, "logos/%s_%02d.%s", kind, k / 2, ending[k % 2]);
        TRY(explain_files_path(path, e, name));
        unlink(path);
    }
    return OK;
}

static Status remove_older(const Explain *e)
{
    char path[PATH_ROOM];
    TRY(explain_files_path(path, e, "explain.json"));
    unlink(path);
    for (const char *const *name = names; *name; name++) {
        TRY(explain_files_path(path, e, *name));
        if (!is_written(e->files, *name)) unlink(path);
    }
    TRY(remove_logos(e, "motif", e->files->n_logo + 1, EXPLAIN_MOST_LOGOS));
    return remove_logos(e, "kernel", e->files->n_kernel_logo + 1, EXPLAIN_MOST_KERNELS);
}

Status explain_files_commit(const Explain *e)
{
    ExplainFiles *f = e->files;
    if (e->in->force) TRY(remove_older(e));
    for (int k = 0; k < f->n; k++) {
        TextOut *out = f->out[k];
        f->out[k] = NULL;
        TRY(textout_commit(out));
    }
    return OK;
}

void explain_files_drop(ExplainFiles *files)
{
    for (int k = 0; k < files->n; k++) textout_drop(files->out[k]);
    files->n = 0;
}
