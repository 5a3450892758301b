/* SPDX-License-Identifier: MIT
 *
 * One HDF5 file of features a slide (slidefile.h), in the folders that TRIDENT and CLAM make. A bag is named after its file,
 * without .h5. Labels come from a label table by slide: --metadata, or one that lies in the folder.
 */
#include "core/log.h"
#include "data/text/walk.h"
#include "data/vectors/bagfolder.h"
#include "data/vectors/slidefile.h"
#include "data/vectors/vectorformat.h"

#include <stdio.h>
#include <string.h>

#define ENDING ".h5"

/* Is there a table besides that of the labels? */
static bool has_tables(const char *folder)
{
    static const char *const ending[] = {".tsv", ".csv", ".txt"};
    char path[PATH_ROOM], labels[PATH_ROOM] = "";
    const VectorPeek peek = {.path = folder, .folder = true};
    (void)bagfolder_labels(labels, &peek);
    for (int i = 0; i < 3; i++)
        if (bagfolder_first(path, folder, ending[i]) && strcmp(path, labels) != 0) return true;
    return false;
}

/* Do files of features lie in the folder? HDF5 files that are none are so too, to be named, but not beside tables: Cell
 * Ranger writes its matrices beside contig tables. */
static bool has_slides(const char *folder)
{
    char path[PATH_ROOM];
    SlideKind kind;
    if (!bagfolder_first(path, folder, ENDING)) return false;
    const bool read = slidefile_peek(&kind, path) == OK;
    if (read && kind != SLIDE_OTHER) return kind == SLIDE_FEATURES;
    return !has_tables(folder);
}

/* Where the files of features lie: the folder, or h5_files in it; "" if none do. */
static const char *find_slides(char out[PATH_ROOM], const char *folder)
{
    static const char *const below[] = {"", "/h5_files", NULL};
    for (int i = 0; below[i]; i++)
        if (snprintf(out, PATH_ROOM, "%s%s", folder, below[i]) < PATH_ROOM && has_slides(out)) return out;
    *out = '\0';
    return out;
}

static bool is_clam(const char *folder)
{
    return bagfolder_has(folder, "h5_files") || bagfolder_has(folder, "pt_files");
}

static bool recognise_trident(const VectorPeek *peek, const VectorRules *rules)
{
    (void)rules;
    return peek->folder ? !is_clam(peek->path) && has_slides(peek->path) : peek->hdf5;
}

static bool recognise_clam(const VectorPeek *peek, const VectorRules *rules)
{
    (void)rules;
    return peek->folder && is_clam(peek->path);
}

static Status read_slide(VectorIntake *in, const char *path, const char *name)
{
    char key[1024];
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    const size_t n = strlen(base), end = strlen(ENDING);
    const bool ends = n > end && strcmp(base + n - end, ENDING) == 0;
    snprintf(key, sizeof key, "%.*s", (int)(ends ? n - end : n), base);
    return slidefile_read(in, path, key);
}

static Status read_slides(VectorIntake *in, const char *folder)
{
    Walk walk;
    Progress progress;
    TRY(walk_files(&walk, &folder, 1, ENDING, in->rules->metadata));
    Status status = OK;
    progress_start(&progress, "importing", "slides", walk.n);
    for (int i = 0; i < walk.n && status == OK; i++) {
        status = read_slide(in, walk.file[i].path, walk.file[i].name);
        progress_update(&progress, i + 1, "");
    }
    if (status == OK) progress_end(&progress, "");
    walk_free(&walk);
    return status;
}

static Status read_file(VectorIntake *in, const VectorPeek *peek)
{
    char folder[PATH_ROOM];
    TRY(vectorintake_no_columns(in));
    if (!peek->folder) return read_slide(in, peek->path, peek->path);
    if (*find_slides(folder, peek->path)) return read_slides(in, folder);
    if (bagfolder_has(peek->path, "pt_files"))
        return fail(
            ERR_FORMAT,
            "%s: holds features in pt_files alone, which only PyTorch reads; keep CLAM's h5_files beside them",
            peek->path);
    return fail(ERR_FORMAT, "%s: no HDF5 file of features (%s) lies in it", peek->path, ENDING);
}

const VectorFormat vectorformat_trident = {.name = "trident",
                                           .line = "an HDF5 file of features a slide, or a folder of them (TRIDENT)",
                                           .recognise = recognise_trident,
                                           .read = read_file,
                                           .labels = bagfolder_labels};
const VectorFormat vectorformat_clam = {.name = "clam",
                                        .line = "a folder of CLAM: HDF5 files of features in h5_files, dataset.csv",
                                        .recognise = recognise_clam,
                                        .read = read_file,
                                        .labels = bagfolder_labels};
