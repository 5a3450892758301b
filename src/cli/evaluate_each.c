/* SPDX-License-Identifier: MIT */
#include "cli/evaluate_each.h"
#include "cli/import_raw.h"
#include "cli/print.h"
#include "core/escape.h"
#include "core/file.h"
#include "core/number.h"
#include "core/textout.h"
#include "study/scoretable.h"

#include <string.h>

/* ---- words ---- */

/* Models come first; the first dataset ends them. */
static Status split_words(int *n_model, const Cli *cli)
{
    int n = 0;
    while (n < cli->n_word && !import_raw_is_dataset(cli->word[n])) n++;
    if (n == 0)
        return fail(ERR_USAGE, "--each needs a model before the datasets: hopsack evaluate --each MODEL… DATA.h5…");
    const int last = cli->n_word - 1;
    for (int i = n < last ? n : last; i <= last; i++)
        if (!import_raw_is_dataset(cli->word[i]))
            return fail(
                ERR_USAGE,
                "%s: is not a dataset; --each takes models, then datasets, which hopsack import makes of raw tables",
                cli->word[i]);
    *n_model = n;
    return OK;
}

static Status check_out(const Cli *cli, const EvaluateEach *in)
{
    TRY(file_check_apart(in->out, in->metadata));
    for (int i = 0; i < cli->n_word; i++) TRY(file_check_apart(in->out, cli->word[i]));
    return OK;
}

/* ---- as text ---- */

#define COLUMNS   9
#define CELL_ROOM 128

static const char *const title[COLUMNS] = {"model", "dataset", "task",        "bags",       "AUC (95 % interval)",
                                           "ap",    "bacc",    "sensitivity", "specificity"};

typedef struct {
    char text[COLUMNS][CELL_ROOM];
} Cells;

/* "0.912", "0.912 (0.850 to 0.951)", or "-" */
static void fill_score(char cell[CELL_ROOM], const json_t *row, const char *key, bool with_interval)
{
    char name[64];
    const json_t *value = json_object_get(row, key);
    snprintf(name, sizeof name, "%s_ci95", key);
    const json_t *interval = json_object_get(row, name);
    if (!json_is_number(value))
        snprintf(cell, CELL_ROOM, "-");
    else if (with_interval && json_is_array(interval))
        snprintf(cell, CELL_ROOM, "%.3f (%.3f to %.3f)", json_number_value(value),
                 json_number_value(json_array_get(interval, 0)), json_number_value(json_array_get(interval, 1)));
    else
        snprintf(cell, CELL_ROOM, "%.3f", json_number_value(value));
}

static void fill_cells(Cells *cells, const json_t *row)
{
    static const char *const name[] = {"model", "dataset", "task"};
    const char *part = json_string_value(json_object_get(row, "part"));
    const bool new = strcmp(part, "new") == 0;
    for (int c = 0; c < 3; c++)
        escape_text(cells->text[c], CELL_ROOM, json_string_value(json_object_get(row, name[c])));
    snprintf(cells->text[3], CELL_ROOM, "%d%s%s", (int)json_integer_value(json_object_get(row, "n_bags")),
             new ? "" : " ", new ? "" : part);
    fill_score(cells->text[4], row, "auc", true);
    fill_score(cells->text[5], row, "ap", false);
    fill_score(cells->text[6], row, "bacc", false);
    fill_score(cells->text[7], row, "sensitivity", true);
    fill_score(cells->text[8], row, "specificity", true);
}

static void print_row(FILE *out, const int width[COLUMNS], const Cells *cells)
{
    for (int c = 0; c < COLUMNS - 1; c++) fprintf(out, "%-*s  ", width[c], cells->text[c]);
    fprintf(out, "%s\n", cells->text[COLUMNS - 1]);
}

static void print_table(FILE *out, const json_t *rows)
{
    int width[COLUMNS];
    Cells cells, head;
    size_t i;
    const json_t *row;
    for (int c = 0; c < COLUMNS; c++) width[c] = snprintf(head.text[c], CELL_ROOM, "%s", title[c]);
    json_array_foreach(rows, i, row)
    {
        fill_cells(&cells, row);
        for (int c = 0; c < COLUMNS; c++)
            if ((int)strlen(cells.text[c]) > width[c]) width[c] = (int)strlen(cells.text[c]);
    }
    print_row(out, width, &head);
    json_array_foreach(rows, i, row)
    {
        fill_cells(&cells, row);
        print_row(out, width, &cells);
    }
}

/* ---- all of it ---- */

static Status plan(const Cli *cli, const ScoreTableSetup *setup)
{
    json_t *rows;
    TRY(scoretable_make(&rows, setup));
    json_decref(rows);
    if (cli->json)
        return print_plan_json(json_pack("{s:i, s:i}", "models", setup->n_model, "datasets", setup->n_data),
                               setup->cost);
    printf("would score %d model%s on %d dataset%s\n", setup->n_model, number_plural(setup->n_model), setup->n_data,
           number_plural(setup->n_data));
    print_cost(stdout, setup->cost);
    return OK;
}

static Status score(const Cli *cli, const EvaluateEach *in, const ScoreTableSetup *setup)
{
    json_t *rows;
    TextOut *out = NULL;
    const bool is_printed = in->out && textout_is_stdout(in->out);
    TRY(cli_one_output(cli, in->out));
    if (in->out) TRY(textout_open(&out, in->out, cli->force)); /* before the work */
    Status status = scoretable_make(&rows, setup);
    if (status != OK) {
        textout_drop(out);
        return status;
    }
    if (out) status = scoretable_write(rows, out);
    if (status == OK && cli->json) return print_json(json_pack("{s:o}", "rows", rows));
    if (status == OK && !is_printed) print_table(stdout, rows);
    json_decref(rows);
    return status;
}

Status evaluate_each(const Cli *cli, const EvaluateEach *in)
{
    Cost cost = {0};
    int n_model = 0;
    TRY(split_words(&n_model, cli));
    if (in->out) TRY(check_out(cli, in));
    const ScoreTableSetup setup = {.model = cli->word,
                                   .data = cli->word + n_model,
                                   .n_model = n_model,
                                   .n_data = cli->n_word - n_model,
                                   .metadata = in->metadata,
                                   .id_column = in->id_column,
                                   .all = in->all,
                                   .dry_run = cli->dry_run,
                                   .cost = &cost};
    return cli->dry_run ? plan(cli, &setup) : score(cli, in, &setup);
}
