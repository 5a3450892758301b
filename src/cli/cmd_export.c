/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/print.h"
#include "core/inputguard.h"
#include "core/log.h"
#include "core/number.h"
#include "data/bagfile/bagexport.h"
#include "run/run.h"

#include <string.h>

#define CELL_SECONDS 1e-6 /* a row of a sequence, or eight numbers, on the reference machine (core/cost.h) */

typedef struct {
    const char *folder, *bags;
    int format; /* ExportFormat */
    int gzip;   /* 1: gzip */
} ExportFlags;

#define AT(field) offsetof(ExportFlags, field)
static const Option rows[] = {
    {"o", OPTION_TEXT, AT(folder), NULL, 0, 0, NULL, "FOLDER", "folder for the files, which must be new or empty"},
    {"format", OPTION_CHOICE, AT(format), "auto", 0, 0, "auto airr deeprc csv", "",
     "format of the files; auto: airr for repertoires, csv for vectors. deeprc keeps rows that an import of airr "
     "would drop or merge"},
    {"bags", OPTION_TEXT, AT(bags), "null", 0, 0, NULL, "FILE",
     "list of the bags to export, one ID a line or a table with an ID column"},
    {"compress", OPTION_CHOICE, AT(gzip), "none", 0, 0, "none gzip", "", "compression of the files"},
    {0},
};

static const char *const format_name[] = {"auto", "airr", "deeprc", "csv"};

/* How the same bags are imported again. */
static void print_way_back(const BagExportReport *r, const BagFile *file, const char *folder, bool gzip)
{
    const bool cdr3 = strcmp(bagfile_spec(file)->region, "CDR3") == 0;
    int n = (int)strlen(folder);
    while (n > 1 && folder[n - 1] == '/') n--;
    if (r->format == EXPORT_CSV)
        log_info("to import it: hopsack import --bag=bag_id --label=none --metadata=%.*s/metadata.tsv -o NEW.h5 "
                 "%.*s/bags.csv%s",
                 n, folder, n, folder, gzip ? ".gz" : "");
    else
        log_info("to import it: hopsack import --format=%s%s --metadata=%.*s/metadata.tsv -o NEW.h5 %.*s",
                 format_name[r->format], cdr3 ? " --region=cdr3" : "", n, folder, n, folder);
}

static Status print_report(const Cli *cli, const BagExportReport *r, const BagFile *file)
{
    const ExportFlags *flags = cli->flags;
    if (cli->json)
        return print_json(json_pack("{s:s, s:s, s:i, s:I, s:i, s:I}", "folder", flags->folder, "format",
                                    format_name[r->format], "bags", r->n_bag, "instances", (json_int_t)r->n,
                                    "renamed", r->n_renamed, "not_importable", (json_int_t)r->n_lost));
    log_info("%s: %d bag%s, %lld row%s (%s)", flags->folder, r->n_bag, number_plural(r->n_bag), (long long)r->n,
             number_plural(r->n), format_name[r->format]);
    if (r->n_renamed > 0)
        log_info("bags in files of another name: %d (column filename of metadata.tsv)", r->n_renamed);
    print_way_back(r, file, flags->folder, flags->gzip == 1);
    return OK;
}

static Status print_plan(const Cli *cli, const BagFile *file, const char *folder)
{
    const BagSpec *spec = bagfile_spec(file);
    const int n = bagfile_n_bag(file);
    const double width = spec->kind == BAG_VECTORS ? spec->n_feat / 8.0 : 1,
                 cells = width * (double)bagfile_n_total(file);
    const Cost cost =
        cost_of((0.03 + CELL_SECONDS * cells) * cost_pace(), COST_PROCESS + 40.0 * width * bagfile_n_max(file));
    if (cli->json) return print_plan_json(json_pack("{s:s, s:i}", "folder", folder, "bags", n), &cost);
    printf("would export up to %d bag%s into %s\n", n, number_plural(n), folder);
    print_cost(stdout, &cost);
    return OK;
}

static Status export(const Cli *cli, BagFile *file, BagList *bags)
{
    const ExportFlags *flags = cli->flags;
    const BagExportOptions options = {.folder = flags->folder,
                                      .format = (ExportFormat)flags->format,
                                      .gzip = flags->gzip == 1,
                                      .force = cli->force,
                                      .bags = bags};
    BagExportReport report;
    if (cli->dry_run) return print_plan(cli, file, flags->folder);
    TRY(bagexport_run(&report, file, &options));
    if (report.n_lost > 0)
        log_warn(
            "%s: an import drops or merges %lld of these rows (no residue or more than 60, a count below 1, or a "
            "sequence that stands twice); --format=deeprc keeps them",
            bagfile_path(file), (long long)report.n_lost);
    return print_report(cli, &report, file);
}

static Status run(Cli *cli)
{
    const ExportFlags *flags = cli->flags;
    BagFile *file;
    BagList bags;
    inputguard_begin();
    TRY(run_check_folder(flags->folder, cli->force));
    TRY(baglist_read(&bags, flags->bags));
    Status status = bagfile_open(&file, cli->word[0]);
    if (status == OK) {
        status = export(cli, file, &bags);
        bagfile_close(file);
    }
    baglist_free(&bags);
    return status;
}

const Command command_export = {
    .name = "export",
    .line = "write a dataset as text: repertoires, or a table of vectors",
    .usage = "DATA -o FOLDER [--format=NAME] [--bags=FILE]",
    .example = "hopsack export cohort.h5 -o folder\n"
               "hopsack export cohort.h5 -o zipped --format=deeprc --compress=gzip",
    .about = "Repertoires: one file for each bag with sequence, count, and V and J calls. Vectors: one file bags.csv "
             "with a row for each instance. metadata.tsv holds the label columns of DATA. A bag whose name is no "
             "name of a file is written under another, which metadata.tsv lists in its column filename. Importing "
             "the files again gives bags of equal content.",
    .common = "o format bags compress force json",
    .groups = {{.rows = rows}},
    .size = sizeof(ExportFlags),
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
