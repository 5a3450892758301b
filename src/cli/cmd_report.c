/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/print.h"
#include "core/inputguard.h"
#include "core/log.h"
#include "core/path.h"
#include "study/report.h"

typedef struct {
    const char *page, *rivals, *stack, *explain, *check, *figures;
} ReportFlags;

#define AT(field) offsetof(ReportFlags, field)
static const Option rows[] = {
    {"o", OPTION_TEXT, AT(page), NULL, 0, 0, NULL, "FILE", "page to write, such as report.html; also --output"},
    {"rivals", OPTION_TEXT, AT(rivals), "null", 0, 0, NULL, "RUN",
     "folder of hopsack baseline on the same folds, or of one of its methods"},
    {"stack", OPTION_TEXT, AT(stack), "null", 0, 0, NULL, "RUN", "folder of hopsack stack on the same folds"},
    {"explain", OPTION_TEXT, AT(explain), "null", 0, 0, NULL, "RUN",
     "folder of hopsack explain: sequences, motifs and logos"},
    {"check", OPTION_TEXT, AT(check), "null", 0, 0, NULL, "FILE", "output of hopsack check --json on the same data"},
    {"figures", OPTION_TEXT, AT(figures), "null", 0, 0, NULL, "OUT",
     "folder for the figures, each as SVG and its numbers as a table (.tsv); it may exist"},
    {0},
};

static void print_list(const char *before, const json_t *list)
{
    size_t k;
    json_t *sentence;
    json_array_foreach(list, k, sentence)
    {
        printf("%s", before);
        print_lines(stdout, json_string_value(sentence));
    }
}

static Status print_result(const Cli *cli, json_t *result)
{
    const json_t *figures = json_object_get(result, "figures");
    const ReportFlags *flags = cli->flags;
    if (cli->json) return print_json(result);
    print_list("", json_object_get(result, "answers"));
    print_list("caution: ", json_object_get(result, "alarms"));
    print_list("missing: ", json_object_get(result, "missing"));
    printf(cli->dry_run ? "would write: " : "page: ");
    print_lines(stdout, flags->page);
    if (cli->dry_run) {
        const Cost cost = cost_told(result);
        print_cost(stdout, &cost);
    }
    if (flags->figures) {
        printf("%zu figures in ", json_array_size(figures));
        print_lines(stdout, flags->figures);
    }
    json_decref(result);
    return OK;
}

static Status run(Cli *cli)
{
    json_t *result;
    const ReportFlags *flags = cli->flags;
    const ReportSetup setup = {.run = cli->word[0],
                               .rivals = flags->rivals,
                               .stack = flags->stack,
                               .explain = flags->explain,
                               .check = flags->check,
                               .page = flags->page,
                               .figures = flags->figures,
                               .force = cli->force,
                               .dry_run = cli->dry_run};
    inputguard_begin();
    if (!path_ends(flags->page, ".html") && !path_ends(flags->page, ".htm"))
        return fail(ERR_USAGE, "-o %s: the name of a page ends in .html, such as report.html", flags->page);
    const double begun = log_cpu_seconds();
    TRY(report_write(&result, &setup));
    if (!cli->dry_run) return print_result(cli, result);
    const Cost cost =
        cost_of(log_cpu_seconds() - begun, (double)log_peak_memory()); /* all was done but the writing */
    TRY(cost_tell(result, &cost));
    return print_result(cli, result);
}

const Command command_report = {
    .name = "report",
    .line = "write a page about a run, with figures",
    .usage = "RUN [--rivals=RUN] [--stack=RUN] [--explain=RUN] [--check=FILE] [--figures=OUT] -o FILE",
    .example = "hopsack report runs/cv -o report.html\n"
               "hopsack report runs/cv --rivals=runs/rivals --figures=figures -o all.html",
    .about =
        "RUN is the folder of hopsack train, crossval or stack, or of one method of hopsack baseline; it may still "
        "be "
        "running. FILE is one HTML file that opens anywhere, without a network and without scripts.\n\n"
        "The page begins with the answer: the score with its interval, what other methods and trivial numbers reach "
        "on "
        "the same bags, permuted labels and batches. Then come all scores, the paired differences to other methods, "
        "curves, training, data, what was seen, a paragraph for the paper, settings, commands and limits. It holds "
        "what "
        "the folders hold. For a part that is missing it gives the command that makes it.\n\n"
        "A difference is the mean AUC over the test folds minus that of the other, with a 95 % interval: the same "
        "bags "
        "are drawn for both, with replacement within the test folds. A result that numbers such as size or depth "
        "reach "
        "is marked in red.",
    .common = "o rivals stack explain check figures force json",
    .groups = {{.rows = rows}},
    .size = sizeof(ReportFlags),
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
