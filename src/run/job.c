/* SPDX-License-Identifier: MIT */
#include "run/resume.h"
#include "cohort/kmertable.h"
#include "cohort/task.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "core/log.h"
#include "core/number.h"
#include "run/evaluation.h"
#include "run/fitwatch.h"
#include "run/job.h"
#include "run/kmershare.h"
#include "run/manifest.h"
#include "run/modelfile.h"
#include "run/record.h"
#include "run/refit.h"
#include "run/remarks.h"
#include "run/run.h"
#include "run/runlock.h"
#include "run/splitskept.h"
#include "train/kmerstart.h"
#include "train/loop.h"
#include "train/schedule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const JobSetup *in;
    const Config *config;
    Dataset *dataset;
    const Cohort *cohort;  /* of the dataset */
    Evaluation evaluation; /* labels, parts, and in the end outputs */
    KmerStarts kmers;      /* of this fold; as chosen, or as kmers.tsv has them where a checkpoint is taken up */
    Loop *loop;
    Refit refit; /* refit.loop NULL: the loop's model is the run's */
    char refit_path[PATH_ROOM];
    Run run;
    json_t *data;                  /* what the run learns from (manifest.h) */
    char *config_text, *data_text; /* what a checkpoint must agree with */
    char *metrics;                 /* of the checkpoint; NULL: there is none */
    double started;
    ModelOptions model; /* the config's, with what bags have (dataset_model) */
} Training;

/* ---- getting ready ---- */

static Status open_job(Training *j, const JobSetup *in, Dataset *dataset)
{
    *j = (Training){
        .in = in, .config = in->config, .dataset = dataset, .cohort = &dataset->cohort, .started = log_seconds()};
    j->model = dataset_model(dataset, in->config);
    j->data = json_deep_copy(dataset->data); /* counting references to the dataset's would be shared writing */
    return evaluation_open(&j->evaluation, in->config, dataset);
}

/* ---- checkpoints ---- */

static bool same_data(const char *before, void *context)
{
    return manifest_same_files(before, ((Training *)context)->data);
}

static CheckpointFacts checkpoint_facts(Training *j)
{
    return (CheckpointFacts){.config = j->config_text,
                             .compare = resume_agrees,
                             .data = j->data_text,
                             .same_data = same_data,
                             .context = j,
                             .metrics = j->run.metrics};
}

#define LARGEST_Z "kmers_largest_z" /* kmers.tsv does not hold it, and rounds the threshold */
#define THRESHOLD "kmers_threshold"

#define BATCH_SECONDS 2 /* files of a longer training are no part of a batch any more (file.h) */

static Status save_checkpoint(void *context)
{
    Training *j = context;
    const bool is_long = log_seconds() - j->started > BATCH_SECONDS;
    if (j->in->brief && !is_long) return OK;
    if (is_long) TRY(file_batch_end());
    const CheckpointFacts facts = checkpoint_facts(j);
    return loop_save(j->loop, run_path(&j->run, "checkpoint.safetensors"), &facts);
}

static LoopSetup loop_setup(const Training *j)
{
    const Config *c = j->config;
    return (LoopSetup){.options = &c->train,
                       .seed = c->seed,
                       .model = &j->model,
                       .spec = bagfile_spec(j->cohort->file),
                       .target = j->evaluation.target,
                       .n_target = c->n_task,
                       .cache = j->dataset->cache,
                       .n = j->cohort->n,
                       .n_max = bagfile_n_max(j->cohort->file),
                       .n_count = bagfile_n_count(dataset_counts(j->dataset)),
                       .scale = c->data.scale,
                       .bag = j->cohort->bag,
                       .part = j->evaluation.partition.part,
                       .labels = &j->evaluation.labels,
                       .start = j->kmers.start,
                       .n_start = j->kmers.choice.n,
                       .stop = j->in->stop,
                       .updated = j->in->updated,
                       .save = save_checkpoint};
}

static Status choose_kmers(Training *j)
{
    KmerChoice choice;
    j->kmers = (KmerStarts){0};
    if (!kmerstart_is_on(NULL, &j->config->model)) return OK;
    TRY(kmershare_choose(&choice, j->dataset, j->config, j->in->stop));
    kmerstart_set(&j->kmers, &choice, &j->evaluation.target[0]);
    kmerstart_report(&j->kmers, bagfile_spec(j->cohort->file));
    return OK;
}

static Status new_loop(Training *j)
{
    TRY(choose_kmers(j));
    const LoopSetup setup = loop_setup(j);
    return loop_new(&j->loop, &setup);
}

static Status begin_anew(Training *j)
{
    log_warn("%s; this training begins anew", status_sentence());
    loop_free(j->loop);
    j->loop = NULL;
    return new_loop(j);
}

/* The state of the run in the folder, if it has one: *path [room]. */
static bool has_checkpoint(char *path, size_t room, const Training *j)
{
    snprintf(path, room, "%s/checkpoint.safetensors", j->in->folder);
    return j->in->resume && file_exists(path);
}

/* What the run in the folder started from, which the loop draws by too; it is not counted again. A run of an older version
 * has none. */
static Status read_kmers(Training *j)
{
    KmerChoice choice;
    char path[sizeof j->run.path];
    snprintf(path, sizeof path, "%s/kmers.tsv", j->in->folder);
    if (!kmerstart_is_on(NULL, &j->config->model) || !file_exists(path)) return OK;
    TRY(kmertable_read(&choice, path, &j->evaluation.target[0], bagfile_spec(j->cohort->file)->alphabet));
    choice.largest_z = manifest_number(j->in->folder, LARGEST_Z);
    const double threshold = manifest_number(j->in->folder, THRESHOLD);
    if (!isnan(threshold)) choice.min_z = threshold;
    kmerstart_set(&j->kmers, &choice, &j->evaluation.target[0]);
    return OK;
}

static Status load_checkpoint(Training *j)
{
    char path[sizeof j->run.path];
    if (!has_checkpoint(path, sizeof path, j)) return OK;
    const CheckpointFacts facts = checkpoint_facts(j);
    const Status status = loop_load(j->loop, path, &facts, &j->metrics);
    if (status == ERR_MODEL && j->in->anew) return begin_anew(j);
    if (status != OK) return status;
    if (!j->in->evaluated) log_info("%s: resumes after update %d", j->in->folder, loop_done(j->loop));
    return OK;
}

static void log_plan(const Training *j)
{
    const int *count = j->evaluation.partition.count;
    log_info("%d training bag%s, %d validation, %d test; %zu parameters, %d update%s", count[PART_TRAIN],
             number_plural(count[PART_TRAIN]), count[PART_VALIDATION], count[PART_TEST],
             param_learned(mil_params(loop_mil(j->loop))), loop_updates(j->loop),
             number_plural(loop_updates(j->loop)));
}

static Status open_loop(Training *j)
{
    char path[sizeof j->run.path];
    TRY(config_text(&j->config_text, j->config));
    if (!j->data) return fail(ERR_MEMORY, "no memory for the manifest");
    TRY(manifest_data_text(&j->data_text, j->data));
    if (!has_checkpoint(path, sizeof path, j)) return new_loop(j);
    TRY(read_kmers(j));
    const LoopSetup setup = loop_setup(j);
    return loop_new(&j->loop, &setup);
}

static void close_job(Training *j)
{
    run_end(&j->run);
    refit_free(&j->refit);
    loop_free(j->loop);
    evaluation_free(&j->evaluation);
    json_decref(j->data);
    free(j->config_text);
    free(j->data_text);
    free(j->metrics);
}

/* ---- files ---- */

static Status write_manifest(Training *j)
{
    json_t *first = NULL, *now = NULL;
    if (j->in->resume) TRY(jsontext_load(&first, run_path(&j->run, "manifest.json"), NULL));
    const Status status = manifest_new(&now, j->data, j->run.folder, j->in->argc, j->in->argv);
    if (status != OK) json_decref(first);
    TRY(status);
    if (!first && kmerstart_is_on(NULL, &j->config->model)) {
        json_object_set_new(now, LARGEST_Z, jsontext_real(j->kmers.choice.largest_z));
        json_object_set_new(now, THRESHOLD, jsontext_real(j->kmers.choice.min_z));
    }
    return run_write_json(&j->run, "manifest.json", manifest_join(first, now));
}

static Status write_bags(Training *j)
{
    const ContentSource source = dataset_source(j->dataset);
    return content_write(run_path(&j->run, "bags.tsv"), &source);
}

/* The config comes first: from then on the folder can be resumed. */
static Status write_beginning(Training *j, RunLock *lock)
{
    if (lock) TRY(runlock_begin(lock, j->in->folder, j->in->force));
    if (j->in->resume) TRY(splitskept_check_parts(j->in->folder, j->cohort, &j->evaluation.partition));
    TRY(j->in->resume ? run_resume(&j->run, j->in->folder, j->metrics ? j->metrics : "")
                      : run_begin(&j->run, j->in->folder, j->in->force));
    TRY(config_write(j->config, run_path(&j->run, "config.yaml")));
    if (lock) TRY(write_bags(j));
    if (!j->in->brief || j->kmers.choice.n) TRY(write_manifest(j));
    if (kmerstart_is_on(NULL, &j->config->model))
        TRY(kmertable_write(&j->kmers.choice, run_path(&j->run, "kmers.tsv"), &j->evaluation.target[0],
                            bagfile_spec(j->cohort->file)->alphabet));
    return run_write_splits(&j->run, j->cohort, &j->evaluation.partition);
}

static void log_record(const Training *j, const LoopRecord *r)
{
    const double auc = r->score[0][1];
    log_info("update %d %s: loss %.5g, %s %.4f (%d bag%s)", r->update, part_name[r->part], r->loss,
             metric_of(&j->evaluation.target[0])->name[1], auc, r->n_bag, number_plural(r->n_bag));
}

static Status evaluated(void *context, const LoopRecord *record)
{
    Training *j = context;
    if (j->in->evaluated)
        j->in->evaluated(j->in->context, record);
    else
        log_record(j, record);
    return run_add_metrics(&j->run, record_json(record, j->evaluation.target, j->config->n_task));
}

/* The training whose model is the run's, and the parts as it knew them. */
static Loop *final_loop(const Training *j)
{
    return j->refit.loop ? j->refit.loop : j->loop;
}
static const Part *final_parts(const Training *j)
{
    return j->refit.loop ? j->refit.part : j->evaluation.partition.part;
}

static Status write_model(Training *j, json_t *metrics)
{
    Loop *loop = final_loop(j);
    char number[NUMBER_ROOM], seed[NUMBER_ROOM];
    Config config = *j->config;
    dataset_resolve(&config, j->dataset, number, seed);
    const ModelFacts facts = {.config = &config,
                              .spec = bagfile_spec(j->cohort->file),
                              .target = j->evaluation.target,
                              .n_target = j->config->n_task,
                              .update = loop_kept(loop).update,
                              .hash = j->evaluation.partition.hash,
                              .id = j->cohort->id,
                              .provenance = bagfile_provenance(j->cohort->file),
                              .part = final_parts(j),
                              .n = j->evaluation.partition.n,
                              .metrics = metrics,
                              .feature = bagfile_feature_names(j->cohort->file),
                              .genes = j->model.gene_size > 0 ? j->dataset->gene_list : NULL,
                              .inputs = j->model.n_input > 0 ? j->dataset->input_list : NULL};
    return modelfile_write(run_path(&j->run, "model.safetensors"), &facts, mil_params(loop_mil(loop)),
                           loop_theta(loop), true);
}

/* ---- the end ---- */

static json_t *summary_json(const Training *j, json_t *parts)
{
    const double seconds = round((log_seconds() - j->started + loop_seconds(j->loop)) * 1e3) / 1e3;
    json_t *summary =
        json_pack("{s:s, s:I, s:i, s:i, s:i, s:i, s:I, s:O, s:f, s:I}", "version", HOPSACK_VERSION, "seed",
                  (json_int_t)j->config->seed, "repeat", j->config->splits.repeat, "fold", j->config->splits.fold,
                  "updates", loop_done(j->loop), "kept_update", loop_kept(j->loop).update, "parameters",
                  (json_int_t)param_learned(mil_params(loop_mil(j->loop))), "parts", parts, "seconds", seconds,
                  "peak_memory", (json_int_t)log_peak_memory());
    if (summary && j->refit.loop)
        json_object_set_new(summary, "refit",
                            json_pack("{s:i, s:i}", "bags", j->refit.n_bag, "updates", loop_done(j->refit.loop)));
    if (summary) remarks_add(summary, parts, j->dataset->check, j->model.n_input);
    if (summary && kmerstart_is_on(NULL, &j->config->model))
        json_object_set_new(summary, "start", kmerstart_json(&j->kmers, bagfile_spec(j->cohort->file)->alphabet));
    return summary;
}

/* The outputs of the validation part are of the model that it chose, which has not learned from it. */
static Status refit(Training *j)
{
    const LoopSetup setup = loop_setup(j);
    int chosen;
    TRY(refit_length(&chosen, setup.options, j->run.metrics ? j->run.metrics : "", loop_done(j->loop)));
    if (chosen == 0) return OK;
    TRY(loop_part(j->loop, PART_TRAIN, j->evaluation.output));
    TRY(loop_part(j->loop, PART_VALIDATION, j->evaluation.output));
    snprintf(j->refit_path, sizeof j->refit_path, "%s", run_path(&j->run, "refit.safetensors"));
    TRY(refit_run(&j->refit, &setup, chosen, j->refit_path, j->config_text, j->data_text));
    if (!j->in->evaluated)
        log_info("refitted on %d training and validation bags for %d updates", j->refit.n_bag,
                 loop_done(j->refit.loop));
    return OK;
}

static Status predict_all(Training *j)
{
    if (j->refit.loop) return refit_outputs(&j->refit, &j->evaluation);
    for (Part part = PART_TRAIN; part <= PART_TEST; part++) TRY(loop_part(j->loop, part, j->evaluation.output));
    return OK;
}

/* Test scores are computed here and nowhere else: once, by the parameters kept. */
static Status finish(Training *j, json_t **summary)
{
    TRY(predict_all(j));
    TRY(evaluation_settle(&j->evaluation));
    json_t *parts = evaluation_scores(&j->evaluation);
    Status status = OK;
    if (!parts) TRY_DONE(fail(ERR_MEMORY, "no memory for the scores"));
    if (!j->in->brief) fitwatch_warn(&j->evaluation, parts, j->in->folder);
    if (!j->in->brief) TRY_DONE(write_model(j, parts));
    TRY_DONE(evaluation_write(&j->evaluation, run_path(&j->run, "predictions.tsv")));
    TRY_DONE(file_batch_end()); /* what comes now says that the rest is whole */
    *summary = summary_json(j, parts);
    if (!*summary) status = fail(ERR_MEMORY, "no memory for the summary");
    if (status == OK) status = run_write_json(&j->run, "summary.json", json_incref(*summary));
    if (status == OK && j->refit.loop) (void)remove(j->refit_path); /* of no more use */
    if (status == OK && j->in->brief) (void)remove(run_path(&j->run, "checkpoint.safetensors"));
done:
    json_decref(parts);
    return status;
}

/* After a signal or divergence: the model kept so far, if there is one, and the sentence again with where it is. */
static Status save_kept(Training *j, Status why)
{
    char sentence[900];
    json_t *none = json_object();
    snprintf(sentence, sizeof sentence, "%s", status_sentence());
    Status status = why;
    refit_free(&j->refit); /* the model chosen is whole, the refitted one is not */
    const char *again = why == ERR_DIVERGED ? "" : ", --resume goes on from here";
    if (loop_kept(j->loop).update == 0)
        fail(why, "%s; no evaluation came before, so there is no model%s", sentence, again);
    else if (write_model(j, none) == OK)
        fail(why, "%s; %s holds the model of update %d%s", sentence, j->run.path, loop_kept(j->loop).update, again);
    else
        fail(why, "%s; and the model could not be saved", sentence);
    json_decref(none);
    return status;
}

Status job_run_on(json_t **summary, const JobSetup *setup, Dataset *dataset, RunLock *lock)
{
    Training j;
    Status status;
    *summary = NULL;
    TRY_DONE(open_job(&j, setup, dataset));
    TRY_DONE(open_loop(&j));
    if (!setup->evaluated) log_plan(&j);
    TRY_DONE(load_checkpoint(&j));
    if (setup->begin) setup->begin();
    TRY_DONE(write_beginning(&j, lock));
    status = loop_run(j.loop, evaluated, &j);
    if (status == OK) status = refit(&j);
    if (status == OK) status = finish(&j, summary);
    if (!setup->brief && (status == ERR_DIVERGED || stop_is_cause(status))) status = save_kept(&j, status);
done:
    if (status != OK && *summary) {
        json_decref(*summary);
        *summary = NULL;
    }
    close_job(&j);
    return status;
}

/* ---- dry run ---- */

static Status plan(Training *j, json_t **out)
{
    size_t bytes, params, decoded, largest;
    const LoopSetup setup = loop_setup(j);
    const int *count = j->evaluation.partition.count, refitted = refit_bags(setup.options, count);
    TRY(loop_memory(&setup, &bytes, &params));
    bytes *= refitted ? 2 : 1; /* the first training is kept meanwhile */
    TRY(cache_room(&decoded, &largest, j->cohort->file, dataset_counts(j->dataset), j->config->data.cache));
    if (largest > 0) bytes += loop_stream_memory(&setup, largest);
    const int64_t updates = schedule_updates(&j->config->train, &j->config->model, count[PART_TRAIN]);
    *out = json_pack("{s:{s:i, s:i, s:i}, s:i, s:I, s:I, s:I, s:I}", "bags", "train", count[PART_TRAIN], "validation",
                     count[PART_VALIDATION], "test", count[PART_TEST], "refit_bags", refitted, "updates",
                     (json_int_t)updates, "parameters", (json_int_t)params, "memory_bags", (json_int_t)decoded,
                     "memory_workspace", (json_int_t)bytes);
    return *out ? OK : fail(ERR_MEMORY, "no memory for the plan");
}

Status job_check_on(const JobSetup *setup, Dataset *dataset)
{
    Training j;
    Status status = open_job(&j, setup, dataset);
    const LoopSetup loop = loop_setup(&j);
    if (status == OK) status = loop_new(&j.loop, &loop);
    close_job(&j);
    return status;
}

Status job_plan_on(json_t **out, const JobSetup *setup, Dataset *dataset)
{
    Training j;
    *out = NULL;
    Status status = open_job(&j, setup, dataset);
    if (status == OK) status = plan(&j, out);
    close_job(&j);
    return status;
}
