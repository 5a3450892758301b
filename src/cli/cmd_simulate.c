/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/print.h"
#include "core/file.h"
#include "core/inputguard.h"
#include "core/number.h"
#include "core/section.h"
#include "core/settings.h"
#include "data/simulate/simulate.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *out;
    int compress; /* 0: gzip */
} SimulateFlags;

static const Option rows[] = {
    {"o", OPTION_TEXT, offsetof(SimulateFlags, out), NULL, 0, 0, NULL, "OUT.h5",
     "dataset to write; OUT.truth.tsv.gz is written beside it"},
    {"compress", OPTION_CHOICE, offsetof(SimulateFlags, compress), "gzip", 0, 0, "gzip none", "",
     "compression of the dataset; none: larger, and faster to read"},
    {0},
};

typedef struct {
    uint64_t seed;
    SimulateOptions simulate;
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
    {"counts", "simulate.counts", NULL},
    {0},
};

/* ---- settings ---- */

static Status configure_simulation(SimulateConfig *out, Settings *s, const Cli *cli)
{
    if (cli->n_word) TRY(settings_file(s, cli->word[0]));
    for (int i = 0; i < cli->n_setting; i++) {
        char shown[128];
        (void)snprintf(shown, sizeof shown, "--%s", cli->setting[i]);
        TRY(settings_flag(s, section_long_name(short_names, cli->setting[i]), cli->setting_value[i], shown));
    }
    TRY(section_bind(sections, out, s));
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

static json_t *carrier_object(const SimulateResult *r, const SimulateFiles *files, uint64_t seed)
{
    return json_pack("{s:s, s:s, s:o, s:i, s:i, s:i, s:I, s:I, s:{s:f, s:f}}", "path", files->path, "truth",
                     files->truth, "seed", seed_value(seed), "n_bag", r->n_bag, "n_positive", r->n_positive,
                     "n_carrier", r->n_carrier, "n_seq", (json_int_t)r->n_seq, "memory", (json_int_t)r->memory,
                     "accidental", "-", r->accidental[0], "+", r->accidental[1]);
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

static void print_carriers(const SimulateResult *r, const SimulateFiles *files, bool dry_run)
{
    print_size(r, files, dry_run);
    printf(", with %d carrier%s each\n", r->n_carrier, number_plural(r->n_carrier));
    if (dry_run) {
        printf("truth: %s; memory: %.1f MB\n", files->truth, (double)r->memory / 1e6);
        return;
    }
    printf("truth: %s; a motif stands by chance in %.2g %% of the sequences of negative bags, %.2g %% of positive\n",
           files->truth, 100 * r->accidental[0], 100 * r->accidental[1]);
}

static Status simulate(const Cli *cli, const SimulateConfig *config, SimulateFiles *files)
{
    SimulateResult result;
    if (cli->dry_run)
        TRY(simulate_plan(&result, &config->simulate, config->seed));
    else
        TRY(simulate_run(&result, &config->simulate, config->seed, files));
    const bool shifted = config->simulate.signal == SIGNAL_DENSE;
    if (cli->json) return print_json((shifted ? shift_object : carrier_object)(&result, files, config->seed));
    (shifted ? print_shift : print_carriers)(&result, files, cli->dry_run);
    return OK;
}

static Status check_output(const char *path, const char *truth, const Cli *cli)
{
    if (!truth) return fail(ERR_MEMORY, "no memory for a file name");
    if (cli->n_word == 0) return OK;
    TRY(file_check_apart(path, cli->word[0]));
    return file_check_apart(truth, cli->word[0]);
}

static Status run(Cli *cli)
{
    SimulateConfig config = {0};
    const SimulateFlags *flags = cli->flags;
    SimulateFiles files = {.path = flags->out, .compress = flags->compress == 0, .force = cli->force};
    Settings *s = NULL;
    Status status;
    inputguard_begin();
    char *truth = simulate_truth_path(files.path);
    files.truth = truth;
    TRY_DONE(check_output(files.path, truth, cli));
    TRY_DONE(settings_new(&s));
    TRY_DONE(configure_simulation(&config, s, cli));
    cli->seed = config.seed;
    TRY_DONE(simulate(cli, &config, &files));
done:
    settings_free(s);
    free(truth);
    return status;
}

const Command command_simulate = {
    .name = "simulate",
    .line = "write a simulated dataset with a known signal",
    .usage = "[CONFIG] [--simulate.KEY=VALUE ...] -o OUT.h5",
    .example = "hopsack simulate -o cohort.h5 --motif=SFZEN --rho=0.01",
    .about = "Simulates repertoires of background sequences. In positive repertoires, randomly chosen sequences "
             "carry a motif. In a motif the letter Z keeps the residue that is there. The truth file lists every "
             "carrier, with its sequence before and after. With --simulate.signal=dense there are no carriers: "
             "all prefixes or residue pairs of positive repertoires are slightly more or less frequent, and the "
             "truth file lists both probabilities of each. Settings and seed determine every byte, for any "
             "number of threads.",
    .common = "o motif rho simulate.n_bag simulate.n_seq simulate.signal compress seed force",
    .groups = {{.rows = rows}},
    .size = sizeof(SimulateFlags),
    .max_words = 1,
    .table = sections,
    .short_names = short_names,
    .run = run,
};
