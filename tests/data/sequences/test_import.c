/* SPDX-License-Identifier: MIT */
#include "data/bagfile/bagfile.h"
#include "data/sequences/import_sequences.h"
#include "support/imported.h"

#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

TestSuite(data_import, .init = scratch_make, .fini = scratch_remove);

/* Awkward files in the manner of what DeepRC's converter was tried on. */
static const char *write_awkward(void)
{
    scratch_text("in/a.tsv",
                 "amino_acid\tframe\ttemplates\textra\n"
                 "CASSF\tIn\t2\tx\nCAS*F\tIn\t3\tx\nCASXF\tIn\t4\tx\ncassf\tIn\t5\tx\n"
                 "\tIn\t6\tx\nNA\tIn\t7\tx\nCA SF\tIn\t8\tx\nC\tIn\t9\tx\nBZJUO\tIn\t9\tx\nCA_F\tIn\t1\tx\n");
    scratch_text("in/b.tsv",
                 "amino_acid\tframe\ttemplates\textra\r\nCASSF\tIn\t4\tx\r\nCAWF\tOut\t5\tq"); /* no end */
    scratch_text("in/deep/er/c.tsv", "extra\ttemplates\tamino_acid\tframe\n"
                                     "x\tnull\tCASSF\tIn\ny\t-1\tCAYF\tIn\nz\t0\tCAAF\tIn\nz\t3.9\tCACF\tIn\n");
    scratch_text("in/.hidden.tsv", "no table at all");
    scratch_text("in/.deep/d.tsv", "no table at all");
    scratch_text("in/other.txt", "no table at all");
    return in_scratch("in");
}

static void assert_import(const ImportSequencesOptions *options, const char *wanted)
{
    ImportSequencesReport report;
    cr_assert_eq(import_sequences_run(&report, options), OK, "%s", status_sentence());
    cr_assert_str_eq(imported(false), wanted, "%s", imported(false));
    free(report.import.json);
}

static void assert_refused(const ImportSequencesOptions *options, Status wanted, const char *says)
{
    ImportSequencesReport report;
    const Status status = import_sequences_run(&report, options);
    cr_assert_eq(status, wanted, "%d instead of %d for '%s': %s", status, wanted, says, status_sentence());
    cr_assert(strstr(status_sentence(), says), "'%s' is not in: %s", says, status_sentence());
    cr_assert_null(report.import.json);
    cr_assert(access(in_scratch("out.h5"), F_OK) != 0, "nothing may be left: %s", says);
}

/* ---- DeepRC's converter ---- */

Test(data_import, converter_rules)
{
    const char *path[] = {write_awkward()};
    ImportSequencesOptions options = some_options(path, 1, "deeprc");
    assert_import(&options, "a.tsv: CASSF 2,  6, NA 7, C 9; b.tsv: CASSF 4, CAWF 5; "
                            "c.tsv: CASSF 0, CAYF 1, CAAF 0, CACF 3");
    options.rules.wish.count = "none";
    assert_import(&options, "a.tsv: CASSF 1,  1, NA 1, C 1; b.tsv: CASSF 1, CAWF 1; "
                            "c.tsv: CASSF 1, CAYF 1, CAAF 1, CACF 1");
}

Test(data_import, converter_filters_compare_text)
{
    const char *path[] = {write_awkward()};
    const RowRule include[] = {{"frame", "In"}, {"frame", "Out"}}, exclude[] = {{"extra", "z"}, {"templates", "4"}};
    ImportSequencesOptions options = some_options(path, 1, "deeprc");
    options.rules.rows.include = include;
    options.rules.rows.n_include = 1;
    options.rules.rows.exclude = exclude;
    options.rules.rows.n_exclude = 1;
    assert_import(&options, "a.tsv: CASSF 2,  6, NA 7, C 9; b.tsv: CASSF 4; c.tsv: CASSF 0, CAYF 1");
    options.rules.rows.n_include = options.rules.rows.n_exclude = 2; /* one of a column is enough */
    assert_import(&options, "a.tsv: CASSF 2,  6, NA 7, C 9; b.tsv: CAWF 5; c.tsv: CASSF 0, CAYF 1");
}

Test(data_import, bad_counts_in_dropped_rows_do_no_harm)
{
    const char *path[] = {scratch_text("x.tsv", "amino_acid\ttemplates\nCASSF\t1\nCAS*\tmany\n")};
    ImportSequencesOptions options = some_options(path, 1, "deeprc");
    assert_import(&options, "x.tsv: CASSF 1");
    scratch_text("x.tsv", "amino_acid\ttemplates\nCASSF\t1\nCASS\tmany\n");
    unlink(in_scratch("out.h5"));
    assert_refused(&options, ERR_FORMAT, "x.tsv:3: count 'many' in column 'templates'");
}

/* ---- the pipeline ---- */

Test(data_import, pipeline_rules)
{
    const char *path[] = {write_awkward()};
    ImportSequencesOptions options = some_options(path, 1, NULL);
    ImportSequencesReport report;
    assert_import(&options, "a.tsv: CASSF 2, C 9; b.tsv: CASSF 4, CAWF 5; c.tsv: CASSF 1, CAYF 1, CAAF 1, CACF 4");
    cr_assert_eq(import_sequences_run(&report, &options), OK);
    const RowTally *t = &report.total;
    cr_assert_eq(t->read, 16);
    cr_assert_eq(t->kept, 8);
    cr_assert_eq(t->dropped[DROP_EMPTY], 2); /* NA and nothing */
    cr_assert_eq(t->dropped[DROP_STOP], 1);
    cr_assert_eq(t->dropped[DROP_FRAME], 1);
    cr_assert_eq(t->dropped[DROP_LETTER], 4);
    cr_assert_eq(t->count_one, 3);
    cr_assert_eq(t->count_fraction, 1);
    cr_assert_eq(t->count_sum, 27);
    free(report.import.json);
}

Test(data_import, equal_sequences_merge)
{
    const char *path[] = {
        scratch_text("m.tsv", "amino_acid\ttemplates\nCASSF\t1\nCAYF\t2\nCASSF\t3\nCASSF\t\nCASS\t1\n")};
    ImportSequencesOptions options = some_options(path, 1, NULL);
    assert_import(&options, "m.tsv: CASSF 5, CAYF 2, CASS 1");
    options.rules.merge = false;
    assert_import(&options, "m.tsv: CASSF 1, CAYF 2, CASSF 3, CASSF 1, CASS 1");
}

/* 20 000 rows of 5 000 sequences: the table that finds equals grows several times. */
Test(data_import, many_sequences_merge)
{
    char *text = malloc(1 << 20);
    int at = sprintf(text, "amino_acid\ttemplates\n");
    for (int i = 0; i < 20000; i++) {
        char sequence[5] = "";
        for (int t = 0, k = i % 5000; t < 4; t++, k /= 20) sequence[t] = ALPHABET_AMINO[k % 20];
        at += sprintf(text + at, "C%sF\t2\n", sequence);
    }
    const char *path[] = {scratch_text("big.tsv", text)};
    ImportSequencesOptions options = some_options(path, 1, NULL);
    ImportSequencesReport report;
    cr_assert_eq(import_sequences_run(&report, &options), OK, "%s", status_sentence());
    cr_assert_eq(report.total.kept, 5000);
    cr_assert_eq(report.total.merged, 15000);
    cr_assert_eq(report.total.count_sum, 40000);
    cr_assert_eq(report.total.count_min, 8);
    free(report.import.json);
    free(text);
}

Test(data_import, region_and_length)
{
    char text[400];
    const char *sixty = "CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAF";
    snprintf(text, sizeof text, "amino_acid\ttemplates\n%s\t1\n%sF\t1\nCF\t1\nCAF\t1\n", sixty, sixty);
    const char *path[] = {scratch_text("l.tsv", text)};
    ImportSequencesOptions options = some_options(path, 1, NULL);
    ImportSequencesReport report;
    cr_assert_eq(import_sequences_run(&report, &options), OK);
    cr_assert_eq(report.total.dropped[DROP_LONG], 1);
    cr_assert_eq(report.total.kept, 3);
    free(report.import.json);
    options.rules.wish.cdr3 = true;
    cr_assert_eq(import_sequences_run(&report, &options), OK);
    cr_assert_eq(report.total.dropped[DROP_SHORT], 1);
    cr_assert_eq(report.total.kept, 3); /* 58, 59 and 1 residues */
    cr_assert_str_eq(report.region, "CDR3");
    free(report.import.json);
    cr_assert(strstr(imported(false), ", A 1"), "%s", imported(false));
}

Test(data_import, other_tables_by_name)
{
    const char *path[] = {
        scratch_text("n.csv", "# made by a tool\n#clone,\"cdr3, aa\",reads\n1,CASSF,95.0\n2,\"CAYF\",1.2E+3\n")};
    ImportSequencesOptions options = some_options(path, 1, NULL);
    assert_refused(&options, ERR_FORMAT, "--sequence-column");
    options.rules.wish = (FormatWish){.sequence = "CDR3, AA", .count = "reads"};
    assert_import(&options, "n.csv: CASSF 95, CAYF 1200");
    options.rules.wish.count = NULL;
    assert_import(&options, "n.csv: CASSF 1, CAYF 1");
}

/* ---- files, labels, provenance ---- */

Test(data_import, gzip_and_labels)
{
    const char *path[] = {in_scratch("in")};
    scratch_text("in/b.tsv", "amino_acid\ttemplates\nCAYF\t2\n");
    gzFile gz = gzopen(in_scratch("in/a.tsv.gz"), "wb");
    gzputs(gz, "amino_acid\ttemplates\nCASSF\t1\n");
    gzclose(gz);
    ImportSequencesOptions options = some_options(path, 1, NULL);
    options.import.metadata = scratch_text("in/labels.tsv", "name\tID\tstatus\nx\tb\t+\n"); /* lies among the files */
    ImportSequencesReport report;
    BagFile *file;
    cr_assert_eq(import_sequences_run(&report, &options), OK, "%s", status_sentence());
    cr_assert_eq(report.import.n_unlabelled, 1);
    free(report.import.json);
    cr_assert_str_eq(imported(false), "a.tsv: CASSF 1; b.tsv: CAYF 2");
    cr_assert_eq(bagfile_open(&file, in_scratch("out.h5")), OK);
    const Table *t = bagfile_columns(file);
    cr_assert_str_eq(table_cell(t, 0, 1), "a.tsv", "a bag without a row has its key as ID");
    cr_assert_str_eq(table_cell(t, 0, 2), "");
    cr_assert_str_eq(table_cell(t, 1, 2), "+");
    cr_assert(strstr(bagfile_provenance(file), "\"region\":\"junction\""));
    cr_assert(strstr(bagfile_provenance(file), "\"sha256\""));
    bagfile_close(file);
}

static uint64_t crc_of(const char *path)
{
    unsigned char bytes[4096];
    uint64_t crc = 0;
    FILE *file = fopen(path, "rb");
    cr_assert(file);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, file)) > 0;) crc = crc32_z((uLong)crc, bytes, n);
    fclose(file);
    return crc;
}

Test(data_import, twice_gives_the_same_bytes)
{
    const char *path[] = {write_awkward()};
    ImportSequencesOptions options = some_options(path, 1, "deeprc");
    ImportSequencesReport report;
    cr_assert_eq(import_sequences_run(&report, &options), OK);
    free(report.import.json);
    const uint64_t first = crc_of(options.import.output);
    sleep(1);
    cr_assert_eq(import_sequences_run(&report, &options), OK);
    free(report.import.json);
    cr_assert_eq(first, crc_of(options.import.output));
}

Test(data_import, dry_run_writes_nothing)
{
    const char *path[] = {write_awkward()};
    ImportSequencesOptions options = some_options(path, 1, "deeprc");
    ImportSequencesReport report;
    options.import.dry_run = true;
    cr_assert_eq(import_sequences_run(&report, &options), OK);
    cr_assert_eq(report.import.n_bag, 3);
    cr_assert(access(options.import.output, F_OK) != 0);
    free(report.import.json);
}

/* ---- what is refused ---- */

Test(data_import, bad_files)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "bad.tsv: is empty"},
        {"amino_acid\ttemplates\n", "bad.tsv: has a header line but no rows"},
        {"amino_acid\ttemplates\nCAS*\t1\nx\t2\n", "bad.tsv: no row is left of 2 (stop_codon 1, other_letter 1)"},
        {"sequence\tcount\nCASSF\t1\n", "bad.tsv:1: has no column 'amino_acid'; its columns are sequence, count"},
        {"amino_acid\tcount\nCASSF\t1\n", "bad.tsv:1: has no column 'templates'"},
        {"amino_acid\ttemplates\nCASSF\t1\nCASSF\n", "bad.tsv:3: has 1 cell, but column 'templates' is number 2"},
        {"amino_acid\ttemplates\nCASSF\t1\nCASSF\tone\n", "bad.tsv:3: count 'one'"},
        {"amino_acid\ttemplates\nCASSF\t\n", "bad.tsv:2: count ''"},
        {"amino_acid\ttemplates\nCASSF\tinf\n", "bad.tsv:2: count 'inf'"},
        {"amino_acid\ttemplates\nCASSF\t1e300\n", "bad.tsv:2: count '1e300'"},
        {"amino_acid\ttemplates\n\"CASSF\t1\n", "bad.tsv:2: a double quote is not closed"},
        {"\x7f\x45LF\x01\x02\x03", "bad.tsv: is a program; a text table is expected"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path[] = {in_scratch("in")};
        ImportSequencesOptions options = some_options(path, 1, "deeprc");
        scratch_text("in/a.tsv", "amino_acid\ttemplates\nCASSF\t1\n");
        scratch_text("in/bad.tsv", cases[i].text);
        assert_refused(&options, ERR_FORMAT, cases[i].says);
    }
}

Test(data_import, bad_places)
{
    const char *path[] = {in_scratch("in"), in_scratch("in2")};
    ImportSequencesOptions options = some_options(path, 1, "deeprc");
    assert_refused(&options, ERR_IO, "in: cannot read");
    mkdir(in_scratch("in"), 0777);
    assert_refused(&options, ERR_FORMAT, "no file below it ends in .tsv or .tsv.gz");
    scratch_text("in/a.tsv", "amino_acid\ttemplates\nCASSF\t1\n");
    const char *twice = scratch_text("in/a.tsv.gz", "amino_acid\ttemplates\nCASSF\t1\n");
    assert_refused(&options, ERR_FORMAT, "are both named 'a.tsv'");
    cr_assert_eq(remove(twice), 0);
    scratch_text("in2/a.tsv", "amino_acid\ttemplates\nCASSF\t1\n");
    options.import.n_path = 2;
    assert_import(&options, "in: CASSF 1; in2: CASSF 1");
    cr_assert_eq(remove(in_scratch("out.h5")), 0);
    options.import.n_path = 1;
    options.import.output = "/proc/no/such/folder/out.h5";
    assert_refused(&options, ERR_IO, "/proc/no/such/folder");
    options.import.output = scratch_text("there.h5", "precious");
    options.import.force = false;
    assert_refused(&options, ERR_IO, "--force");
    options = some_options(path, 1, "deeprc");
    options.import.metadata = scratch_text("labels.tsv", "ID\tstatus\na\t+\nzz\t-\n");
    assert_refused(&options, ERR_FORMAT, "labels.tsv:3: 1 ID of column 'ID' is not in the files found: 'zz'");
    options.import.metadata = scratch_text("labels.tsv", "who\tstatus\nq\t+\n");
    assert_refused(&options, ERR_FORMAT, "no ID column; its columns are who, status");
}

/* ---- hooks of formats ---- */

static Status bind_two(FormatColumns *out, const Header *header, const FormatWish *wish)
{
    *out = format_no_columns;
    out->at[COLUMN_SEQUENCE] = header_find(header, "aa");
    out->at[COLUMN_COUNT] = header_find(header, "templates");
    out->at[COLUMN_COUNT_TOO] = wish->count ? -1 : header_find(header, "reads");
    out->at[COLUMN_V] = header_find(header, "v");
    return OK;
}

static bool no_templates(const CountsSeen *count, const CountsSeen *too)
{
    return count->n_positive == 0 && too->n_positive > 0;
}

static size_t without_score(char *name, size_t length)
{
    const size_t n = strcspn(name, "(");
    if (n < length && n > 0) name[0] = 'T';
    return n < length ? n : length;
}

static const FormatType two_counts = {.name = "two", .bind = bind_two, .finish = no_templates, .gene = without_score};

/* Both columns are summed where equal sequences merge, and the gene is that of the row with the largest count. */
Test(data_import, two_columns_of_counts_are_settled_at_the_end)
{
    static const struct {
        const char *rows, *wanted, *column;
        int n_one;
    } cases[] = {{"CASSF\tnull\t2\tV1(9)\nCAYF\t-1\t5\tV2\nCASSF\t0\t3\tV3(1)\n", "a.tsv: CASSF 5 T3 -, CAYF 5 V2 -",
                  "reads", 0},
                 {"CASSF\tnull\t2\tV1(9)\nCAYF\t-1\t5\tV2\nCASSF\t0\tna\tV3(1)\n", "a.tsv: CASSF 3 T1 -, CAYF 5 V2 -",
                  "reads", 1},
                 {"CASSF\t7\t2\tV1(9)\nCAYF\t-1\t5\t(9)\nCASSF\t0\t3\tV3(1)\n", "a.tsv: CASSF 8 T1 -, CAYF 1 - -",
                  "templates", 2},
                 {"CASSF\tnull\t0\tV1\n", "a.tsv: CASSF 1 V1 -", "templates", 1}};
    const char *path[] = {in_scratch("in")};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char text[300], column[60];
        ImportSequencesReport report;
        ImportSequencesOptions options = some_options(path, 1, NULL);
        snprintf(text, sizeof text, "aa\ttemplates\treads\tv\n%s", cases[k].rows);
        scratch_text("in/a.tsv", text);
        options.rules.format = &two_counts;
        cr_assert_eq(import_sequences_run(&report, &options), OK, "%s", status_sentence());
        cr_assert_str_eq(imported(true), cases[k].wanted, "%zu: %s", k, imported(true));
        cr_assert_eq(report.total.count_one, cases[k].n_one, "%zu: %d", k, (int)report.total.count_one);
        snprintf(column, sizeof column, "\"count_column\":\"%s\"", cases[k].column);
        cr_assert(strstr(report.import.json, column), "%zu: %s", k, report.import.json);
        free(report.import.json);
        options.rules.wish.count = "templates"; /* named by the user: nothing to settle */
        cr_assert_eq(import_sequences_run(&report, &options), OK, "%s", status_sentence());
        cr_assert(strstr(report.import.json, "\"count_column\":\"templates\""));
        free(report.import.json);
    }
}

/* More files than are kept open, with comments before their headers. */
Test(data_import, many_files_wait_closed_behind_their_headers)
{
    const char *path[] = {in_scratch("in")};
    char wanted[2000] = "";
    for (int f = 10; f < 31; f++) {
        char name[32], text[100];
        snprintf(name, sizeof name, "in/%d.tsv", f);
        snprintf(text, sizeof text, "# comment\n\n#amino_acid\ttemplates\r\nCASSF\t%d\r\nCAYF\t1\r\n", f);
        scratch_text(name, text);
        snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), "%s%d.tsv: CASSF %d, CAYF 1",
                 f > 10 ? "; " : "", f, f);
    }
    const ImportSequencesOptions options = some_options(path, 1, NULL);
    assert_import(&options, wanted);
}

/* A file that was looked at before stays open; its lines are read from the first on. */
Test(data_import, an_open_file_is_read_on)
{
    const char *path[] = {scratch_text("in/b.tsv", "amino_acid\ttemplates\nCASSF\t2\n"),
                          scratch_text("in/a.tsv", "amino_acid\ttemplates\nCAYF\t1\n")};
    ImportSequencesOptions options = some_options(path, 2, NULL);
    char *line;
    size_t length;
    cr_assert_eq(textin_open(&options.first, path[0]), OK);
    cr_assert_eq(textin_line(options.first, &line, &length), OK);
    assert_import(&options, "a.tsv: CAYF 1; b.tsv: CASSF 2");
    cr_assert_eq(textin_open(&options.first, path[0]), OK); /* closed after an error too */
    options.import.metadata = scratch_text("labels.tsv", "name\nx\n");
    ImportSequencesReport report;
    cr_assert_eq(import_sequences_run(&report, &options), ERR_FORMAT);
    cr_assert_eq(textin_open(&options.first, path[0]), OK);
    options.import.n_path = 0;
    cr_assert_eq(import_sequences_run(&report, &options), ERR_USAGE);
}
