/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/print.h"
#include "core/section.h"
#include "core/settings.h"
#include "data/simulate/simulate.h"

#include <stdlib.h>
#include <string.h>

static const Flag flags[] = {
    {.name = "o", .value = "OUT.h5", .help = "the dataset; OUT.truth.tsv.gz is written beside it", .needed = true},
    {.name = "motif", .value = "MOTIF", .help = "simulate.motifs", .repeat = true},
    {.name = "rho", .value = "SHARE", .help = "simulate.rate"},
    {.name = "rho-mode", .value = "MODE", .help = "simulate.rate_mode"},
    {.name = "counts", .value = "KIND", .help = "simulate.counts"},
    {.name = "compress", .value = "KIND", .standard = "gzip", .help = "gzip, or none: larger, and faster to read"},
    {0},
};

typedef struct {
    uint64_t seed;
    SimulateOptions simulate;
} SimulateConfig;

static const Option top[] = {
    {"seed", OPTION_SEED, offsetof(SimulateConfig, seed), "0", 0, 0, NULL, "", "names all random streams"},
    {0},
};
static const Section sections[] = {
    {.path = "", .rows = top},
    {.path = "simulate", .rows = simulate_options, .at = offsetof(SimulateConfig, simulate)},
    {0},
};

static void help_settings(FILE *out)
{
    fprintf(out, "Keys of a config file, each also a flag: --simulate.n_bag=50. After a key its default.\n\n");
    section_help(out, sections);
}

/* ---- settings ---- */

static Status set(Settings *s, const char *path, const char *value, const char *flag)
{
    char shown[128];
    (void)snprintf(shown, sizeof shown, "--%s", flag);
    return settings_flag(s, path, value, shown);
}

/* All --motif of the command line as one list. */
static Status take_motifs(Settings *s, const Cli *cli)
{
    char list[4096] = "";
    size_t n = 0;
    int at = 0;
    for (const char *motif; (motif = cli_next(cli, "motif", &at));) {
        const int more = snprintf(list + n, sizeof list - n, "%s%s", n ? "," : "", motif);
        if (more < 0 || (n += (size_t)more) >= sizeof list) return fail(ERR_USAGE, "--motif: too many, or too long");
    }
    return n ? set(s, "simulate.motifs", list, "motif") : OK;
}

static Status take_short(Settings *s, const Cli *cli)
{
    static const char *const pair[][2] = {
        {"rho", "simulate.rate"}, {"rho-mode", "simulate.rate_mode"}, {"counts", "simulate.counts"}};
    for (size_t i = 0; i < sizeof pair / sizeof *pair; i++)
        if (cli_has(cli, pair[i][0])) TRY(set(s, pair[i][1], cli_text(cli, pair[i][0]), pair[i][0]));
    return take_motifs(s, cli);
}

static Status configure_simulation(SimulateConfig *out, Settings *s, const Cli *cli)
{
    if (cli->n_word) TRY(settings_file(s, cli->word[0]));
    for (int i = 0; i < cli->n_setting; i++) TRY(set(s, cli->setting[i], cli->setting_value[i], cli->setting[i]));
    TRY(take_short(s, cli));
    TRY(section_bind(sections, out, s));
    return settings_finish(s);
}

static Status choose_compression(bool *compress, const Cli *cli)
{
    const char *kind = cli_text(cli, "compress");
    *compress = strcmp(kind, "gzip") == 0;
    if (!*compress && strcmp(kind, "none") != 0) return fail(ERR_USAGE, "--compress=%s: gzip or none", kind);
    return OK;
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

static void print_shift(const SimulateResult *r, const SimulateFiles *files, bool dry_run)
{
    printf("%s %s: %d bags, %lld sequences; %d bags are positive, with %d shifted probabilities\n",
           dry_run ? "would write" : "wrote", files->path, r->n_bag, (long long)r->n_seq, r->n_positive,
           r->n_shifted);
    printf("truth: %s; memory: %.1f MB\n", files->truth, (double)r->memory / 1e6);
}

static void print_carriers(const SimulateResult *r, const SimulateFiles *files, bool dry_run)
{
    printf("%s %s: %d bags, %lld sequences; %d bags are positive, with %d carriers each\n",
           dry_run ? "would write" : "wrote", files->path, r->n_bag, (long long)r->n_seq, r->n_positive,
           r->n_carrier);
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
    TRY(choose_compression(&files->compress, cli));
    if (cli->dry_run)
        TRY(simulate_plan(&result, &config->simulate, config->seed));
    else
        TRY(simulate_run(&result, &config->simulate, config->seed, files));
    const bool shifted = config->simulate.signal == SIGNAL_DENSE;
    if (cli->json) return print_json((shifted ? shift_object : carrier_object)(&result, files, config->seed));
    (shifted ? print_shift : print_carriers)(&result, files, cli->dry_run);
    return OK;
}

static Status run(Cli *cli)
{
    SimulateConfig config = {0};
    SimulateFiles files = {.path = cli_text(cli, "o"), .force = cli->force};
    Settings *s = NULL;
    Status status;
    char *truth = simulate_truth_path(files.path);
    files.truth = truth;
    if (!truth) TRY_DONE(fail(ERR_MEMORY, "no memory for a file name"));
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
    .line = "writes a simulated dataset with a known signal, and its truth file",
    .usage = "[CONFIG.yaml] [--simulate.key=value ...] -o OUT.h5",
    .about =
        "Repertoires of background sequences, of which the positive ones hold carriers of a motif at random rows.\n"
        "In a motif Z leaves the residue that is there. The truth file names every carrier, with its sequence\n"
        "before and after. With --simulate.signal=dense no sequence is a carrier: all prefixes or residue pairs\n"
        "of positive bags are a little more or less frequent, and the truth file lists both probabilities of each.\n"
        "The same settings and seed give the same bytes, whatever the number of threads.",
    .flags = flags,
    .most = 1,
    .settings = true,
    .more = help_settings,
    .run = run,
};
