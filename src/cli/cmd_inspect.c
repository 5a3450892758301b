/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/inspect_data.h"
#include "cli/inspect_dynamics.h"
#include "cli/inspect_model.h"
#include "cli/inspect_runs.h"
#include "core/spool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
    bool dynamics;
} InspectFlags;

static const Option rows[] = {
    {"dynamics", OPTION_BOOL, offsetof(InspectFlags, dynamics), "false", 0, 0, NULL, "",
     "report the operating mode of each head of MODEL on the bags of DATASET: averaging, or selection of a few "
     "instances"},
    {0},
};

static const unsigned char hdf5_mark[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

static Status read_beginning(unsigned char mark[9], const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) return fail(ERR_IO, "%s: %s", path, strerror(errno));
    memset(mark, 0, 9);
    const size_t n = fread(mark, 1, 9, file);
    const bool bad = ferror(file);
    fclose(file);
    if (bad) return fail(ERR_IO, "%s: cannot be read", path);
    return n > 0 ? OK : fail(ERR_FORMAT, "%s is empty", path);
}

static Status run(Cli *cli)
{
    const InspectFlags *flags = cli->flags;
    const char *path = cli->word[0];
    struct stat s;
    unsigned char mark[9];
    if (flags->dynamics) {
        if (cli->n_word != 2) return fail(ERR_USAGE, "inspect --dynamics takes a model and a dataset");
        return inspect_dynamics(path, cli->word[1], cli->json);
    }
    if (cli->n_word > 1) return inspect_runs(cli->word, cli->n_word, cli->json);
    if (spool_is_pipe(path))
        return fail(ERR_FORMAT, "%s: inspect reads files and folders, not pipes; save it as a file first", path);
    if (stat(path, &s) != 0) return fail(ERR_IO, "%s: %s", path, strerror(errno));
    if (S_ISDIR(s.st_mode)) return inspect_model_run(path, cli->json);
    TRY(read_beginning(mark, path));
    if (memcmp(mark, hdf5_mark, sizeof hdf5_mark) == 0) return inspect_data(path, cli->json);
    if (mark[8] == '{') return inspect_model(path, cli->json);
    return fail(ERR_FORMAT, "%s is neither a dataset (HDF5) nor a model (safetensors) nor the folder of a run", path);
}

const Command command_inspect = {
    .name = "inspect",
    .line = "describe a dataset, a model or a run; compare runs",
    .usage = "DATASET | MODEL | RUN | RUN RUN... | --dynamics MODEL DATASET",
    .example = "hopsack inspect cohort.h5\nhopsack inspect runs/cv runs/stack runs/rivals\n"
               "hopsack inspect --dynamics runs/a cohort.h5",
    .about =
        "DATASET: bags, lengths or features, labels, and their origin, with the rows dropped by reason.\n"
        "MODEL (model.safetensors): tasks, scores, tensors, settings. RUN (of train or crossval): scores, "
        "files. RUN of baseline, or a method inside, and of stack: what was chosen in each fold, the features "
        "with the largest weights, and whether models hold residues of the training bags.\n"
        "RUN RUN...: finished runs side by side. The folder of baseline stands for all of its methods. For the "
        "AUC of runs on the same bags and folds it prints the difference to the first run, with a 95 % interval: "
        "the same bags are drawn for both runs, with replacement within the test folds.\n"
        "--dynamics: for each query and head of the pooling, how many instances hold 90 % of the softmax "
        "weight, the class (I to IV of Ramsauer et al. 2020) that follows from it, entropy and largest "
        "weight.",
    .common = "dynamics json",
    .groups = {{.rows = rows}},
    .size = sizeof(InspectFlags),
    .min_words = 1,
    .max_words = -1,
    .run = run,
};
