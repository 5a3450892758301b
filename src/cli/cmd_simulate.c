/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/print.h"
#include "core/file.h"
#include "core/inputguard.h"
#include "core/number.h"
#include "core/path.h"
#include "core/section.h"
#include "core/settings.h"
#include "data/bagfile/bagfile.h"
#include "data/simulate/simulate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEQUENCE_SECONDS 0.6e-6 /* on the reference machine (core/cost.h) */
#define WRITING_BYTES    12e6   /* of the dataset being written */

typedef struct {
    const char *out, *airr;
    int compress; /* see bagfile_compress */
} SimulateFlags;

static const Option rows[] = {
    {"o", OPTION_TEXT, offsetof(SimulateFlags, out), NULL, 0, 0, NULL, "OUT.h5",
     "dataset to write; OUT.truth.tsv.gz is written beside it"},
    {"airr", OPTION_TEXT, offsetof(SimulateFlags, airr), "null", 0, 0, NULL, "FOLDER",
     "folder for one AIRR table per repertoire and metadata.csv, beside the dataset"},
    {"compress", OPTION_CHOICE, offsetof(SimulateFlags, compress), "gzip", 0, 0, BAGFILE_COMPRESS, "",
     "compression of the dataset; 1 to 9: levels of gzip, which is 4 by itself; 9 takes three times as long to "
     "write, "
     "for a tenth less; none: larger, and faster to read"},
    {0},
};

typedef struct {
    uint64_t seed;
    SimulateOptions simulate;
    SimulateOptions test; /* of the test cohort: simulate, and what simulate.test changes */
    bool has_test;
} SimulateConfig;

static const Option top[] = {
    {"seed", OPTION_SEED, offsetof(SimulateConfig, seed), "0", 0, 0, NULL, "", "random seed"},
    {0},
};
static const Section sections[] = {
    {.path = "", .rows = top},
    {.path = "simulate", .rows = simulate_options, .at = offsetof(SimulateConfig, simulate)},
    {0},
};

static const ShortName short_names[] = {
    {"motif", "simulate.motifs", "motif of the carriers; repeatable"},
    {"rho", "simulate.rate", NULL},
    {"rho-mode", "simulate.rate_mode", NULL},
    {"rho-negative", "simulate.rate_negative", NULL},
    {"purge", "simulate.purge", NULL},
    {"spike", "simulate.spike", NULL},
    {"counts", "simulate.counts", NULL},
    {0},
};

/* ---- settings ---- */

/* Keys below simulate.test: those of the test cohort that differ. *given: are there any? */
static Status configure_test(SimulateOptions *test, bool *given, const SimulateConfig *config, Settings *s)
{
    *test = config->simulate;
    *given = false;
    for (const Option *row = simulate_options; row->name; row++) {
        char path[SETTINGS_KEY_ROOM];
        const OptionValue *value;
        void *owned;
        (void)snprintf(path, sizeof path, "simulate.test.%s", row->name);
        TRY(settings_apply(&value, s, path, NULL));
        if (!value) continue;
        const Status status = option_set(test, row, value, &owned);
        if (status != OK) return settings_fail_at(status, s, path);
        TRY(settings_keep(s, owned));
        *given = true;
    }
    return OK;
}

static Status configure_simulation(SimulateConfig *out, Settings *s, const Cli *cli)
{
    if (cli->n_word) TRY(settings_file(s, cli->word[0]));
    for (int i = 0; i < cli->n_setting; i++) {
        char shown[128];
        (void)snprintf(shown, sizeof shown, "--%s", cli->setting[i]);
        TRY(settings_flag(s, section_long_name(short_names, cli->setting[i]), cli->setting_value[i], shown));
    }
    TRY(section_bind(sections, out, s));
    TRY(configure_test(&out->test, &out->has_test, out, s));
    return settings_finish(s);
}

/* ---- results ---- */

/* A seed that JSON's integers cannot hold is text. */
static json_t *seed_value(uint64_t seed)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    return seed <= INT64_MAX ? json_integer((json_int_t)seed) : json_string(text);
}

static json_t *shift_object(const SimulateResult *r, const SimulateFiles *files, uint64_t seed)
{
    return json_pack("{s:s, s:s, s:o, s:i, s:i, s:i, s:I, s:I}", "path", files->path, "truth", files->truth, "seed",
                     seed_value(seed), "n_bag", r->n_bag, "n_positive", r->n_positive, "n_shifted", r->n_shifted,
                     "n_seq", (json_int_t)r->n_seq, "memory", (json_int_t)r->memory);
}

static json_t *number_or_null(double value)
{
    return isnan(value) ? json_null() : json_real(value);
}

static json_t *carrier_object(const SimulateResult *r, const SimulateFiles *files, uint64_t seed)
{
    return json_pack("{s:s, s:s, s:o, s:i, s:i, s:i, s:i, s:i, s:I, s:I, s:{s:f, s:f}, s:{s:o, s:o}}", "path",
                     files->path, "truth", files->truth, "seed", seed_value(seed), "n_bag", r->n_bag, "n_positive",
                     r->n_positive, "n_carrier", r->n_carrier, "n_carrier_min", r->n_carrier_min,
                     "n_carrier_negative", r->n_carrier_negative, "n_seq", (json_int_t)r->n_seq, "memory",
                     (json_int_t)r->memory, "accidental", "-", r->accidental[0], "+", r->accidental[1], "known_motif",
                     "auc_presence", number_or_null(r->known[0]), "auc_share", number_or_null(r->known[1]));
}

/* "wrote a.h5: 10 bags, 2000 sequences; 5 bags are positive" */
static void print_size(const SimulateResult *r, const SimulateFiles *files, bool dry_run)
{
    printf("%s %s: %d bag%s, %lld sequence%s; %d bag%s positive", dry_run ? "would write" : "wrote", files->path,
           r->n_bag, number_plural(r->n_bag), (long long)r->n_seq, number_plural(r->n_seq), r->n_positive,
           r->n_positive == 1 ? " is" : "s are");
}

static void print_shift(const SimulateResult *r, const SimulateFiles *files, bool dry_run)
{
    print_size(r, files, dry_run);
    printf(", with %d shifted probabilities\n", r->n_shifted);
    printf("truth: %s; memory: %.1f MB\n", files->truth, (double)r->memory / 1e6);
}

static void print_numbers(const SimulateResult *r)
{
    if (r->n_carrier_min < r->n_carrier)
        printf(", with %d to %d carriers each", r->n_carrier_min, r->n_carrier);
    else
        printf(", with %d carrier%s each", r->n_carrier, number_plural(r->n_carrier));
    if (r->n_carrier_negative > 0) printf("; negative bags have up to %d", r->n_carrier_negative);
    printf("\n");
}

static void print_carriers(const SimulateResult *r, const SimulateFiles *files, bool dry_run)
{
    print_size(r, files, dry_run);
    print_numbers(r);
    if (dry_run) {
        printf("truth: %s; memory: %.1f MB\n", files->truth, (double)r->memory / 1e6);
        return;
    }
    printf("truth: %s; a motif stands by chance in %.2g %% of the sequences of negative bags, %.2g %% of positive\n",
           files->truth, 100 * r->accidental[0], 100 * r->accidental[1]);
    if (isnan(r->known[0])) return;
    printf("known motif: AUC %.3f by presence, %.3f by the fraction of sequences that hold one\n", r->known[0],
           r->known[1]);
}

/* ---- cohorts ---- */

/* A cohort and its files; the test cohort's names have .test in them. */
typedef struct {
    const SimulateOptions *options;
    SimulateFiles files;
    SimulateResult result;
    char *path, *truth, *airr;
} CohortJob;

/* "out/" is "out": the test cohort's folder is out.test, not out/.test. */
static Status name_folder(CohortJob *job, const SimulateFlags *flags)
{
    if (!flags->airr) return OK;
    size_t n = strlen(flags->airr);
    while (n > 1 && flags->airr[n - 1] == '/') n--;
    if (asprintf(&job->airr, "%.*s%s", (int)n, flags->airr, job->files.test ? ".test" : "") < 0) job->airr = NULL;
    return job->airr ? OK : fail(ERR_MEMORY, "no memory for a file name");
}

static Status check_folders(const CohortJob job[2])
{
    for (int i = 0; job[0].airr && i < 4; i++) {
        const char *airr = job[i / 2].airr;
        if (strcmp(airr, job[i % 2].path) == 0 || strcmp(airr, job[i % 2].truth) == 0)
            return fail(ERR_USAGE, "--airr=%s: this is the name of a file that is written; name another folder",
                        airr);
    }
    return OK;
}

static Status name_files(CohortJob *job, const SimulateFlags *flags, const Cli *cli)
{
    const bool test = job->files.test;
    job->path = test ? simulate_beside(flags->out, ".test.h5") : strdup(flags->out);
    job->truth = job->path ? simulate_truth_path(job->path) : NULL;
    if (!job->truth) return fail(ERR_MEMORY, "no memory for a file name");
    TRY(name_folder(job, flags));
    job->files.path = job->path;
    job->files.truth = job->truth;
    job->files.airr = job->airr;
    job->files.compress = bagfile_compress(flags->compress);
    job->files.force = cli->force;
    if (cli->n_word == 0) return OK;
    TRY(file_check_apart(job->path, cli->word[0]));
    return file_check_apart(job->truth, cli->word[0]);
}

static void free_names(CohortJob *job)
{
    free(job->path);
    free(job->truth);
    free(job->airr);
}

/* What would stop the second cohort must be known before the first is written. */
static Status check_job(CohortJob *job, uint64_t seed)
{
    char metadata[PATH_ROOM];
    const bool folder = job->airr && path_join(metadata, job->airr, "metadata.csv");
    const char *path[] = {job->path, job->truth, metadata};
    for (int i = 0; i < 2 + folder && !job->files.force; i++)
        if (file_exists(path[i])) return fail(ERR_IO, "%s: exists; --force overwrites it", path[i]);
    return simulate_plan(&job->result, job->options, seed);
}

/* Writing takes most of it. */
static Cost cost_of_jobs(const CohortJob *job, int n)
{
    Cost sum = {0};
    for (int i = 0; i < n; i++) {
        const double n_seq = (double)job[i].result.n_seq, again = job[i].airr ? 2 : 1;
        const Cost one = cost_of((0.03 + again * SEQUENCE_SECONDS * n_seq) * cost_pace(),
                                 WRITING_BYTES + COST_PROCESS + (double)job[i].result.memory);
        cost_then(&sum, &one);
    }
    return sum;
}

static json_t *job_object(const CohortJob *job, uint64_t seed)
{
    return (job->options->signal == SIGNAL_DENSE ? shift_object : carrier_object)(&job->result, &job->files, seed);
}

static Status report(const CohortJob job[2], int n, const Cli *cli, uint64_t seed)
{
    const Cost cost = cli->dry_run ? cost_of_jobs(job, n) : (Cost){0};
    if (cli->json) {
        json_t *object = job_object(&job[0], seed);
        if (n > 1 && json_object_set_new(object, "test", job_object(&job[1], seed)) != 0)
            return fail(ERR_MEMORY, "no memory for the result");
        if (cli->dry_run) TRY(cost_tell(object, &cost));
        return print_json(object);
    }
    for (int i = 0; i < n; i++)
        (job[i].options->signal == SIGNAL_DENSE ? print_shift : print_carriers)(&job[i].result, &job[i].files,
                                                                                cli->dry_run);
    print_cost(stdout, &cost);
    return OK;
}

static Status simulate(CohortJob job[2], const SimulateConfig *config, const Cli *cli)
{
    const int n = config->has_test ? 2 : 1;
    job[0].options = &config->simulate;
    job[1].options = &config->test;
    for (int i = 0; i < n && (n > 1 || cli->dry_run); i++) TRY(check_job(&job[i], config->seed));
    for (int i = 0; i < n && !cli->dry_run; i++)
        TRY(simulate_run(&job[i].result, job[i].options, config->seed, &job[i].files));
    return report(job, n, cli, config->seed);
}

static Status run(Cli *cli)
{
    SimulateConfig config = {0};
    CohortJob job[2] = {{.files = {.test = false}}, {.files = {.test = true}}};
    Settings *s = NULL;
    Status status;
    inputguard_begin();
    for (int i = 0; i < 2; i++) TRY_DONE(name_files(&job[i], cli->flags, cli));
    TRY_DONE(check_folders(job));
    TRY_DONE(settings_new(&s));
    TRY_DONE(configure_simulation(&config, s, cli));
    cli->seed = config.seed;
    TRY_DONE(simulate(job, &config, cli));
done:
    settings_free(s);
    for (int i = 0; i < 2; i++) free_names(&job[i]);
    return status;
}

const Command command_simulate = {
    .name = "simulate",
    .line = "write a simulated dataset with a known signal",
    .usage = "[CONFIG] [--simulate.KEY=VALUE ...] -o OUT.h5",
    .example = "hopsack simulate -o cohort.h5 --motif=SFZEN --rho=0.01",
    .about =
        "Simulates repertoires of background sequences. In positive repertoires, randomly chosen sequences "
        "carry a motif. In a motif the letter Z keeps the residue that is there. The truth file lists every "
        "carrier, with its sequence before and after. With --simulate.signal=dense there are no carriers: "
        "all prefixes or residue pairs of positive repertoires are slightly more or less frequent, and the "
        "truth file lists both probabilities of each. With --simulate.signal=public, carriers are sequences of a "
        "list. Keys below simulate.test, such as --simulate.test.n_bag=100, add a test cohort OUT.test.h5, which "
        "has the other settings of the first. Settings and seed determine every byte, for any "
        "number of threads.",
    .common = "o motif rho simulate.n_bag simulate.n_seq simulate.signal compress seed force",
    .groups = {{.rows = rows}},
    .size = sizeof(SimulateFlags),
    .max_words = 1,
    .table = sections,
    .short_names = short_names,
    .run = run,
};
