/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/configure.h"
#include "cli/print.h"
#include "cohort/genetable.h"
#include "cohort/task.h"
#include "core/log.h"
#include "core/number.h"
#include "run/manifest.h"
#include "train/loop.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    int repeats, most;
} BenchFlags;

static const Option rows[] = {
    {"repeats", OPTION_INT, offsetof(BenchFlags, repeats), "20", 3, 1000000, NULL, "",
     "number of timed runs of each stage"},
    {"most", OPTION_INT, offsetof(BenchFlags, most), "1000000", 1, INT32_MAX, NULL, "instances",
     "size of the pass: it takes the first bags that together hold so many instances"},
    {0},
};

typedef struct {
    Config config;
    BagFile *file;
    Cache *cache;
    GeneTable genes;
    Target *target;
    Labels labels;
    Part *part; /* [n] all training */
    int *bag;   /* [n] */
    Loop *loop;
    int n, n_pass, repeats;
    int64_t instances; /* of the n_pass bags of a pass */
    double read_seconds;
    double *seconds[4]; /* [repeats] pass, update's load, learn, step */
    double *whole;      /* [repeats] update */
} Bench;

/* ---- made-up labels: the time does not depend on them ---- */

static Status make_labels(Bench *b)
{
    const size_t n = (size_t)b->n;
    b->labels = (Labels){.n = b->n,
                         .n_out = b->target[0].n_out,
                         .n_target = 1,
                         .target = calloc(n * (size_t)b->target[0].n_out + 1, sizeof(real)),
                         .mask = calloc(n + 1, sizeof(real))};
    b->part = calloc(n + 1, sizeof *b->part);
    b->bag = calloc(n + 1, sizeof *b->bag);
    b->whole = calloc((size_t)b->repeats, sizeof(double));
    for (int k = 0; k < 4; k++) b->seconds[k] = calloc((size_t)b->repeats, sizeof(double));
    if (!b->labels.target || !b->labels.mask || !b->part || !b->bag || !b->whole || !b->seconds[0] ||
        !b->seconds[1] || !b->seconds[2] || !b->seconds[3])
        return fail(ERR_MEMORY, "no memory for %d bags", b->n);
    for (int i = 0; i < b->n; i++) {
        b->bag[i] = i;
        b->part[i] = PART_TRAIN;
        b->labels.target[i] = (real)(i % 2);
        b->labels.mask[i] = 1;
    }
    return OK;
}

static Status find_genes(Bench *b)
{
    json_t *list;
    if (b->config.model.gene_size == 0) return OK;
    TRY(genetable_list(&list, b->file));
    const Status status = genetable_open(&b->genes, list, b->file, "this run");
    json_decref(list);
    b->config.model.genes = b->genes.rows;
    return status;
}

static Status open_all(Bench *b, const char *path, int64_t most)
{
    const Config *c = &b->config;
    TRY(bagfile_open(&b->file, path));
    b->n = bagfile_n_bag(b->file);
    while (b->n_pass < b->n && b->instances < most) b->instances += bagfile_n(b->file, b->n_pass++);
    TRY(task_targets(&b->target, c->task, c->n_task));
    for (int k = 0; k < c->n_task; k++)
        if (b->target[k].n_out == 0)
            return fail(ERR_CONFIG, "tasks.%d.classes is auto, and bench reads no labels; list the classes", k);
    TRY(make_labels(b));
    TRY(find_genes(b));
    const double started = log_seconds();
    TRY(cache_open(&b->cache, b->file, config_counts(c), c->data.cache));
    b->read_seconds = log_seconds() - started;
    const LoopSetup setup = {.options = &c->train,
                             .seed = c->seed,
                             .model = &c->model,
                             .spec = bagfile_spec(b->file),
                             .target = b->target,
                             .n_target = 1,
                             .cache = b->cache,
                             .n = b->n,
                             .n_max = bagfile_n_max(b->file),
                             .n_count = bagfile_n_count(config_counts(c)),
                             .bag = b->bag,
                             .part = b->part,
                             .labels = &b->labels};
    return loop_new(&b->loop, &setup);
}

/* ---- timing ---- */

/* One untimed run of each first: pages, tables and clock settle. Stages alternate, so that all meet the same machine. */
static Status time_stages(Bench *b)
{
    real *output = calloc((size_t)b->n * (size_t)b->target[0].n_out + 1, sizeof *output);
    if (!output) return fail(ERR_MEMORY, "no memory for outputs");
    Status status = OK;
    for (int k = -1; k < b->repeats && status == OK; k++) {
        const double started = log_seconds();
        const LoopTimes before = loop_times(b->loop);
        status = loop_update(b->loop);
        const double updated = log_seconds();
        const LoopTimes after = loop_times(b->loop);
        if (status == OK) status = loop_pass(b->loop, b->n_pass, output);
        if (k < 0) continue;
        b->whole[k] = updated - started;
        b->seconds[0][k] = log_seconds() - updated;
        b->seconds[1][k] = after.load - before.load;
        b->seconds[2][k] = after.learn - before.learn;
        b->seconds[3][k] = after.step - before.step;
    }
    free(output);
    return status;
}

static double median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, number_ascending);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

/* ---- result ---- */

static json_t *result_json(Bench *b)
{
    const bool sequences = bagfile_spec(b->file)->kind == BAG_SEQUENCES;
    const double pass = median(b->seconds[0], b->repeats), update = median(b->whole, b->repeats);
    const double n = (double)b->instances;
    const char *rate = sequences ? "sequences_per_s" : "instances_per_s";
    const char *best = sequences ? "sequences_per_s_best" : "instances_per_s_best";
    json_t *passes = json_pack("{s:f, s:f, s:f, s:f, s:I, s:i, s:i}", rate, n / pass, best, n / b->seconds[0][0],
                               "seconds", pass, "seconds_min", b->seconds[0][0], "instances",
                               (json_int_t)b->instances, "bags", b->n_pass, "repeats", b->repeats);
    json_t *updates =
        json_pack("{s:f, s:f, s:f, s:f, s:f, s:i, s:i, s:i}", "seconds", update, "seconds_min", b->whole[0],
                  "load_seconds", median(b->seconds[1], b->repeats), "learn_seconds",
                  median(b->seconds[2], b->repeats), "step_seconds", median(b->seconds[3], b->repeats), "batch",
                  b->config.train.batch, "draws", b->config.train.draws, "repeats", b->repeats);
    json_t *read =
        json_pack("{s:f, s:f}", "seconds", b->read_seconds, rate, (double)bagfile_n_total(b->file) / b->read_seconds);
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "data", bagfile_path(b->file), "compat",
                     b->config.data.compat == COMPAT_DEEPRC ? "deeprc" : "none", "pass", passes, "update", updates,
                     "read", read, "machine", manifest_machine());
}

static void print_result(const json_t *result)
{
    const json_t *pass = json_object_get(result, "pass"), *update = json_object_get(result, "update");
    const json_t *machine = json_object_get(result, "machine"), *rate = json_object_get(pass, "sequences_per_s");
    const json_t *best = json_object_get(pass, "sequences_per_s_best");
#define NUMBER(object, key) json_number_value(json_object_get(object, key))
    printf("pass    %.2f million instances/s (best %.2f), %lld instances in %.4f s\n",
           (rate ? json_number_value(rate) : NUMBER(pass, "instances_per_s")) / 1e6,
           (best ? json_number_value(best) : NUMBER(pass, "instances_per_s_best")) / 1e6,
           (long long)json_integer_value(json_object_get(pass, "instances")), NUMBER(pass, "seconds"));
    printf("update  %.2f ms (best %.2f): load and draw %.2f, learn %.2f, optimizer %.2f\n",
           NUMBER(update, "seconds") * 1e3, NUMBER(update, "seconds_min") * 1e3, NUMBER(update, "load_seconds") * 1e3,
           NUMBER(update, "learn_seconds") * 1e3, NUMBER(update, "step_seconds") * 1e3);
    printf("read    %.3f s for the whole dataset\n", NUMBER(json_object_get(result, "read"), "seconds"));
    printf("%lld threads, kernels %s, BLAS kernel %s, load average %.2f, compat %s\n",
           (long long)json_integer_value(json_object_get(machine, "threads")),
           json_string_value(json_object_get(machine, "kernels")),
           json_string_value(json_object_get(machine, "blas_kernel")), NUMBER(machine, "load_average"),
           json_string_value(json_object_get(result, "compat")));
#undef NUMBER
}

static void close_all(Bench *b)
{
    loop_free(b->loop);
    cache_close(b->cache);
    genetable_close(&b->genes);
    label_free(&b->labels);
    bagfile_close(b->file);
    for (int k = 0; k < 4; k++) free(b->seconds[k]);
    free(b->whole);
    free(b->part);
    free(b->bag);
    task_free(b->target, b->config.n_task);
    config_free(&b->config);
}

static Status bench(Bench *b, Cli *cli, const char *path)
{
    const BenchFlags *flags = cli->flags;
    b->repeats = flags->repeats;
    TRY(open_all(b, path, flags->most));
    TRY(time_stages(b));
    json_t *result = result_json(b);
    if (cli->json) return print_json(result);
    print_result(result);
    json_decref(result);
    return OK;
}

/* What a config must have and a bench has no use for. */
static void fill_in(Cli *cli)
{
    bool target = false;
    for (int i = 0; i < cli->n_setting; i++) target |= strcmp(cli->setting[i], "target") == 0;
    if (target) return;
    cli->setting[cli->n_setting] = "target";
    cli->setting_value[cli->n_setting++] = "bench";
}

static Status run(Cli *cli)
{
    Bench b = {0};
    const char *yaml;
    TRY(configure_words(&yaml, cli, true));
    fill_in(cli);
    TRY(configure(&b.config, cli, yaml));
    const Status status = bench(&b, cli, b.config.data.path);
    close_all(&b);
    return status;
}

const Command command_bench = {
    .name = "bench",
    .line = "time a training update and a pass over a dataset",
    .usage = "DATA [CONFIG] [--SECTION.KEY=VALUE ...]",
    .example = "hopsack bench cohort.h5 --json",
    .about = "pass: embedding, attention and selection of every instance, without gradients. update: sampling, "
             "network, gradients and optimizer of one minibatch, as configured. Times are medians; best is the "
             "minimum.",
    .common = "repeats most threads json",
    .groups = {{.rows = rows}},
    .size = sizeof(BenchFlags),
    .min_words = 1,
    .max_words = 2,
    .table = config_sections,
    .short_names = config_short_names,
    .run = run,
};
