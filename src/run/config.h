/* SPDX-License-Identifier: MIT
 *
 * config.h: all settings of a run, composed of the option structs of those that use them. Where a setting was not given
 * its default stands; how files, base files and flags take precedence is told in core/settings.h.
 *
 *     Config config;
 *     TRY(config_read(&config, "cohort.yaml", flag, n_flag));     flag[0] = "train.lr=1e-3"
 *     … config.train.lr …
 *     TRY(config_write(&config, "run/config.yaml"));              complete: it alone repeats the run
 *     config_free(&config);
 */
#ifndef HOPSACK_CONFIG_H
#define HOPSACK_CONFIG_H

#include "cohort/inputcolumns.h"
#include "cohort/split.h"
#include "cohort/task.h"
#include "core/section.h"
#include "core/settings.h"
#include "data/bagfile/bagfile.h"
#include "data/simulate/simulate.h"
#include "model/mil.h"
#include "train/train_options.h"

/* The keys data.*; compat and clip also stand in ModelOptions. */
typedef struct {
    const char *path;        /* dataset, as the run's config has it; config_dataset says where it lies now */
    const char *metadata;    /* label table; NULL: the columns inside the dataset */
    const char *id_column;   /* of the label table; "auto": see table_id_column */
    int counts;              /* CountScale */
    int compat;              /* Compat */
    int64_t cache;           /* bytes of decoded bags held in memory; -1: all */
    int scale;               /* ScaleKind, of vectors */
    double clip;             /* scaled vectors are cut to ±clip; NaN or 0: not */
    int n_features;          /* of the vectors, as expected; 0: any */
    const char *rarefy;      /* "none", "min" or a number: what is drawn of each larger bag (rarefy.h) */
    int rarefy_by;           /* RarefyBy */
    const char *rarefy_seed; /* NULL: the run's seed */
} DataOptions;

/* Where the files of a run lie now, if that is elsewhere than its config says (run/place.h); NULL: there. */
typedef struct {
    char *dataset, *metadata, *splits; /* owned by the Config, like all here */
    char *kept[3];                     /* paths of the config itself, where others were given */
    char *lost;                        /* sentence on a file that is not found; NULL: none */
    char *run;                         /* folder of the run that is resumed; NULL: none is */
} DataPlaces;

/* The keys crossval.* */
typedef struct {
    int ensemble;        /* models a fold, with seeds seed + 0, 1, …, whose outputs are averaged */
    OptionTexts members; /* settings of a model each, model m has block m mod n: "train.lr=0.1"; as search.list */
    int inner;           /* inner folds of each fold, whose bags are predicted by inner trainings; 0: none */
    int permute;         /* further cross-validations on permuted labels */
    bool without;        /* and one without model.bag_inputs, if they are on */
    bool batches;        /* and with whole batches left out, and on labels permuted over batches */
} CrossvalOptions;

typedef enum { SEARCH_NONE, SEARCH_GRID, SEARCH_RANDOM, SEARCH_LIST } SearchKind;

/* The keys search.* (run/trials.h) */
typedef struct {
    int kind;          /* SearchKind */
    int trials;        /* of SEARCH_RANDOM */
    int halving;       /* rungs keep one of so many trials (cv/rungs.h); 0: all are trained for the whole length */
    bool throughout;   /* each trial is trained and tested in every outer fold too */
    int inner_folds;   /* of each outer fold's training and validation bags */
    OptionTexts space; /* "train.lr=0.1|0.01", or "train.lr.min=1e-5" and so on */
    OptionTexts list;  /* a trial each: "train.lr=0.1; model.pooling.beta=10"; "": the settings as they are */
} SearchOptions;

typedef struct {
    uint64_t seed;
    DataOptions data;
    int n_task;        /* ≥ 1 */
    TaskOptions *task; /* [n_task] */
    SplitOptions splits;
    ModelOptions model;
    InputOptions inputs; /* the keys model.bag_inputs.*, but for dropout */
    TrainOptions train;
    CrossvalOptions crossval;
    SearchOptions search;
    SimulateOptions simulate; /* the simulator's: checked, but no part of a run, and not in config_text */
    DataPlaces place;         /* no part of config_text: a run that moved keeps its config, bit for bit */
    Settings *settings;       /* owns every text and list above */
} Config;

/* `yaml` (may be NULL) below `flag` [n_flag], each "section.key=value" or one of config_short_names
 * ("target=COLUMN"). ERR_CONFIG says file and line, or flag, and key. On failure nothing is left to free. */
Status config_read(Config *out, const char *yaml, const char *const *flag, int n_flag);

/* The same above one more file, `saved` (may be NULL). */
Status config_read_over(Config *out, const char *saved, const char *yaml, const char *const *flag, int n_flag);

/* The same from a text, such as the config kept in a model; `name` stands for the file in messages. */
Status config_from_text(Config *out, const char *yaml_text, const char *name);
/* The same with flags above it, as for config_read, and no warning of settings that a flag's kind took out. */
Status config_vary(Config *out, const char *yaml_text, const char *name, const char *const *flag, int n_flag);

/* The complete config as YAML, the caller's to free. Read again it gives the same config, and the same text. */
Status config_text(char **out, const Config *config);
/* The same of a complete text of this or an older version, whose missing keys have their defaults: those a new key has
 * are what older versions did. */
Status config_complete(char **out, const char *text, const char *name);
bool config_same(const char *saved,
                 const char *now); /* are two complete texts, one perhaps older, of equal settings? */
Status config_write(const Config *config, const char *path); /* replaces the file */
void config_free(Config *config);                            /* accepts NULL and {0} */

const char *config_dataset(const Config *config);  /* path to open; NULL: not given */
const char *config_metadata(const Config *config); /* NULL: the columns inside the dataset */
const char *config_splits(const Config *config);   /* NULL: no file of splits */

/* How bags are decoded. */
static inline CountScale config_counts(const Config *config)
{
    return bagfile_with_genes(bagfile_counts(config->data.counts, mil_count_weight(&config->model)),
                              config->model.gene_size > 0);
}

extern const Section config_sections[];  /* every key of a run */
extern const Section config_simulator[]; /* and those of the simulator */
extern const ShortName config_short_names[];

#endif
