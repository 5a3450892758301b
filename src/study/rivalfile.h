/* SPDX-License-Identifier: MIT
 *
 * rivalfile.h: a model of a rival, one outer fold and one task: a model file (run/modelfile.h) whose tensors are the rival's,
 * with one more key, "rival":
 *
 *     {"calibration": [a, b] or null, "choice": {…}, "cutoff": y, "facts": {…}, "method": "kmer-3", "task": 0}
 *
 * A probability is 1 / (1 + exp(-(a · output + b))), of several classes softmax(a · output), and a bag is called positive at the
 * operating point where its output is above `cutoff`, which may be absent. Both were fitted to the outputs of the inner fits
 * (cohort/settle.h).
 */
#ifndef HOPSACK_RIVALFILE_H
#define HOPSACK_RIVALFILE_H

#include "rival/rival.h"
#include "run/modelfile.h"

typedef struct {
    int task;       /* number of the task in the config */
    json_t *choice; /* object; borrowed */
    bool is_calibrated;
    double calibration[2];
    bool has_cutoff;
    double cutoff; /* of outputs before calibration */
} RivalRecord;

/* `facts` as a network's, without `rival`. Writes whole or not at all. */
Status rivalfile_write(const char *path, const ModelFacts *facts, const RivalModel *model, const RivalRecord *record);

/* What a model file, which must stay where it is, holds of a rival. */
Status rivalfile_of(RivalModel *model, RivalRecord *record, ModelFile *file);

typedef struct {
    ModelFile file;
    RivalModel model; /* borrows from the file; not to be freed */
    RivalRecord record;
} RivalFile;

/* ERR_MODEL: it is no model of a rival, or of one that this hopsack does not know. */
Status rivalfile_read(RivalFile *out, const char *path);
void rivalfile_free(RivalFile *r); /* accepts half-built ones */

/* "rep00_fold03_task0.safetensors" */
#define RIVALFILE_NAME 64
void rivalfile_name(char name[RIVALFILE_NAME], int repeat, int fold, int task);

#endif
