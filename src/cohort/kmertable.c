/* SPDX-License-Identifier: MIT */
#include "cohort/kmertable.h"
#include "cohort/task.h"
#include "core/number.h"
#include "core/textout.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- writing ---- */

enum { KMER, CLASS, SIGN, Z, Z_ALONE, THRESHOLD, COUNT_IN, COUNT_OUT, BAGS_IN, BAGS_OUT, COLUMNS };
static const char *const column[COLUMNS] = {"kmer",      "class",    "sign",      "z",       "z_alone",
                                            "threshold", "count_in", "count_out", "bags_in", "bags_out"};

#define HEADER_SIZE 256
static const char *header(char line[HEADER_SIZE])
{
    size_t n = 0;
    for (int c = 0; c < COLUMNS; c++)
        n += (size_t)snprintf(line + n, HEADER_SIZE - n, "%s%s", column[c], c + 1 < COLUMNS ? "\t" : "\n");
    return line;
}

static const char *class_name(const Target *target, int class)
{
    return task_output_name(target, target->n_out > 1 ? class : 0);
}

Status kmertable_write(const KmerChoice *choice, const char *path, const Target *target, const char *alphabet)
{
    TextOut *out;
    char text[KMER_SPAN + 1], line[HEADER_SIZE];
    TRY(textout_open(&out, path, true));
    textout_printf(out, "%s", header(line));
    for (int k = 0; k < choice->n; k++) {
        const KmerFound *f = &choice->found[k];
        textout_printf(out, "%s\t", kmer_text(text, &f->kmer, alphabet));
        textout_cell(out, class_name(target, f->target_class));
        textout_printf(out, "\t%d\t%.4f\t%.4f\t%.4f", f->sign, f->z, f->z_alone, f->min_z);
        textout_printf(out, "\t%.4f\t%.4f\t%d\t%d\n", f->mean[0], f->mean[1], f->n_bag_with[0], f->n_bag_with[1]);
    }
    return textout_commit(out);
}

/* ---- reading ---- */

/* Letters at their places, '.' between; the first and the last are letters. */
static bool read_kmer(Kmer *kmer, const char *text, const char *alphabet)
{
    const size_t span = strlen(text);
    *kmer = (Kmer){.span = (int)span};
    if (span == 0 || span > KMER_SPAN || text[0] == '.' || text[span - 1] == '.') return false;
    for (size_t p = 0; p < span; p++) {
        const char *letter = strchr(alphabet, text[p]);
        if (text[p] == '.') continue;
        if (!letter || kmer->n_fixed == KMER_FIXED) return false;
        kmer->offset[kmer->n_fixed] = (int8_t)p;
        kmer->code[kmer->n_fixed++] = (int8_t)(letter - alphabet);
    }
    return true;
}

/* Of two classes only the second is tested (kmerbags.c); without classes there is one test, of no name. */
static bool read_class(int *class, const char *text, const Target *target)
{
    const int n = task_n_class(target);
    *class = n == 2;
    while (*class < n && strcmp(class_name(target, *class), text) != 0) ++*class;
    return n > 0 ? *class < n : strcmp(class_name(target, 0), text) == 0;
}

static bool read_count(int *out, const char *text)
{
    int64_t number;
    if (!number_read_int(&number, text) || number < 0 || number > INT_MAX) return false;
    *out = (int)number;
    return true;
}

static bool read_row(KmerFound *f, const char *const *cell, const Target *target, const char *alphabet)
{
    int64_t sign;
    if (!read_kmer(&f->kmer, cell[KMER], alphabet) || !read_class(&f->target_class, cell[CLASS], target))
        return false;
    if (!number_read_int(&sign, cell[SIGN]) || (sign != 1 && sign != -1)) return false;
    f->sign = (int)sign;
    return number_read(&f->z, cell[Z]) && number_read(&f->z_alone, cell[Z_ALONE]) &&
           number_read(&f->min_z, cell[THRESHOLD]) && number_read(&f->mean[0], cell[COUNT_IN]) &&
           number_read(&f->mean[1], cell[COUNT_OUT]) && read_count(&f->n_bag_with[0], cell[BAGS_IN]) &&
           read_count(&f->n_bag_with[1], cell[BAGS_OUT]);
}

static Status read_table(KmerChoice *out, const Table *table, const Target *target, const char *alphabet)
{
    bool right = table->n_column == COLUMNS;
    for (int c = 0; right && c < COLUMNS; c++) right = strcmp(table->column[c], column[c]) == 0;
    if (!right) return fail(ERR_FORMAT, "%s: its columns are not those of a kmers.tsv", table->path);
    if (table->n_row > KMERS_MAX)
        return fail(ERR_FORMAT, "%s: has %d k-mers, more than %d", table->path, table->n_row, KMERS_MAX);
    for (int row = 0; row < table->n_row; row++) {
        const char *const *cell = (const char *const *)table->cell + (size_t)row * COLUMNS;
        if (!read_row(&out->found[row], cell, target, alphabet))
            return fail(ERR_FORMAT, "%s:%d: a cell is not as kmers.tsv has it", table->path, table->line[row]);
    }
    out->n = table->n_row;
    if (out->n > 0) out->min_z = out->found[0].min_z;
    return OK;
}

/* table_read takes a table without rows for a mistake. */
static bool is_header_alone(const char *path)
{
    char line[HEADER_SIZE], have[HEADER_SIZE];
    FILE *file = fopen(path, "re");
    const size_t n = file ? fread(have, 1, sizeof have, file) : 0;
    if (file) fclose(file);
    header(line);
    return n == strlen(line) && memcmp(have, line, n) == 0;
}

Status kmertable_read(KmerChoice *out, const char *path, const Target *target, const char *alphabet)
{
    Table table;
    *out = (KmerChoice){.min_z = NAN, .largest_z = NAN, .aside_z = NAN};
    if (is_header_alone(path)) return OK;
    TRY(table_read(&table, path));
    const Status status = read_table(out, &table, target, alphabet);
    table_free(&table);
    return status;
}
