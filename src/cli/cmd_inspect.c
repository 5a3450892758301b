/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/inspect_data.h"
#include "cli/inspect_dynamics.h"
#include "cli/inspect_heads.h"
#include "cli/inspect_model.h"
#include "cli/inspect_runs.h"
#include "core/spool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
    bool dynamics, causal;
    const char *heads, *mask, *plot;
    double beta;
} InspectFlags;

#define AT(field) offsetof(InspectFlags, field)

static const Option rows[] = {
    {"dynamics", OPTION_BOOL, AT(dynamics), "false", 0, 0, NULL, "",
     "report the operating mode of each head of MODEL on the bags of DATASET: averaging, or selection of a few "
     "instances"},
    {"heads", OPTION_TEXT, AT(heads), "null", 0, 0, NULL, "FILE",
     "report the heads of any transformer from its attention (npy, npz, safetensors, HDF5): arrays NAME [samples, "
     "head, query, key], or NAME.q and NAME.k"},
    {0},
};

static const Option head_rows[] = {
    {"plot", OPTION_TEXT, AT(plot), "null", 0, 0, NULL, "FILE", "SVG: a row for each layer, a cell for each head"},
    {"causal", OPTION_BOOL, AT(causal), "false", 0, 0, NULL, "",
     "a query sees no later key; classes by the visible ones"},
    {"mask", OPTION_TEXT, AT(mask), "null", 0, 0, NULL, "NAME",
     "array of the file that broadcasts to the weights: 1 for a visible key, else 0"},
    {"beta", OPTION_NUMBER, AT(beta), "0", 0, 1e9, NULL, "",
     "inverse temperature of the softmax of NAME.q and NAME.k; 0: 1/sqrt(d)"},
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

static Status run_heads(const Cli *cli)
{
    const InspectFlags *flags = cli->flags;
    const HeadOptions o = {.path = flags->heads, .mask = flags->mask, .causal = flags->causal, .beta = flags->beta};
    if (cli->n_word > 0 || flags->dynamics) return fail(ERR_USAGE, "inspect --heads takes no other files");
    return inspect_heads(&o, flags->plot, cli->force, cli->json);
}

static Status run(Cli *cli)
{
    const InspectFlags *flags = cli->flags;
    const char *path = cli->word[0];
    struct stat s;
    unsigned char mark[9];
    if (flags->heads) return run_heads(cli);
    TRY(cli_none(cli, head_rows, "is for --heads"));
    if (cli->n_word == 0) return fail(ERR_USAGE, "inspect takes a dataset, a model or a run; or --heads=FILE");
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
    .usage = "DATASET | MODEL | RUN | RUN RUN... | --dynamics MODEL DATASET | --heads=FILE",
    .example = "hopsack inspect cohort.h5\nhopsack inspect runs/cv runs/stack runs/rivals\n"
               "hopsack inspect --dynamics runs/a cohort.h5\n"
               "hopsack inspect --heads=heads.safetensors --plot=heads.svg",
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
        "weight.\n"
        "--heads: the same for the heads of another program's transformer, from a file of its attention. Rows of "
        "NAME sum to 1; of NAME.q and NAME.k the softmax is taken. Also the Gaussian of key minus query that fits a "
        "head best, and how far the head's mean attention is from it.",
    .common = "dynamics heads plot json",
    .groups = {{.rows = rows}, {"Heads of other programs", head_rows}},
    .size = sizeof(InspectFlags),
    .min_words = 0,
    .max_words = -1,
    .run = run,
};
