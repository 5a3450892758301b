/* SPDX-License-Identifier: MIT */
#include "data/bagfile/bagfile.h"
#include "data/sequences/import_sequences.h"
#include "support/golden.h"
#include "support/imported.h"

#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

TestSuite(data_import_airr, .init = scratch_make, .fini = scratch_remove);

#define HEAD "sequence_id\tproductive\tv_call\tj_call\tjunction_aa\tduplicate_count\n"

static RowTally assert_import(const ImportSequencesOptions *options, const char *wanted)
{
    ImportSequencesReport report;
    cr_assert_eq(import_sequences_run(&report, options), OK, "%s", status_sentence());
    cr_assert_str_eq(imported(true), wanted, "%s", imported(true));
    free(report.import.json);
    return report.total;
}

static void assert_refused(const ImportSequencesOptions *options, const char *says)
{
    ImportSequencesReport report;
    const Status status = import_sequences_run(&report, options);
    cr_assert_eq(status, ERR_FORMAT, "%d for '%s': %s", status, says, status_sentence());
    cr_assert(strstr(status_sentence(), says), "'%s' is not in: %s", says, status_sentence());
    cr_assert(access(in_scratch("out.h5"), F_OK) != 0, "nothing may be left: %s", says);
}

/* ---- rows ---- */

Test(data_import_airr, flags_decide_in_order)
{
    const char *path[] = {scratch_text("a.tsv", "productive\tvj_in_frame\tstop_codon\tsequence_id\tjunction_aa\n"
                                                "T\tF\tT\t1\tCAAF\n"  /* productive has the last word */
                                                "F\tT\tF\t2\tCACF\n"  /* not_productive */
                                                "true\t\t\t3\tCADF\n" /* kept */
                                                "FALSE\t\t\t4\tCAEF\n"
                                                "1\t\t\t5\tCAFF\n"
                                                "0\t\t\t6\tCAGF\n"
                                                "\tF\tT\t7\tCAHF\n"   /* out_of_frame */
                                                "\tT\tT\t8\tCAIF\n"   /* stop_codon */
                                                "NA\tT\tF\t9\tCAKF\n" /* kept */
                                                "\t\t\t10\tCALF\n"    /* kept */
                                                "\t\t\t11\tCA*F\n"    /* stop_codon */
                                                "\t\t\t12\tCA_F\n"    /* out_of_frame */
                                                "T\t\t\t13\tCAXF\n"   /* other_letter */
                                                "T\t\t\t14\t\n")};    /* no_sequence */
    const ImportSequencesOptions options = some_options(path, 1, NULL);
    const RowTally t = assert_import(&options, "a.tsv: CAAF 1 - -, CADF 1 - -, CAFF 1 - -, CAKF 1 - -, CALF 1 - -");
    cr_assert_eq(t.read, 14);
    cr_assert_eq(t.kept, 5);
    cr_assert_eq(t.dropped[DROP_FLAG], 3);
    cr_assert_eq(t.dropped[DROP_FRAME], 2);
    cr_assert_eq(t.dropped[DROP_STOP], 2);
    cr_assert_eq(t.dropped[DROP_LETTER], 1);
    cr_assert_eq(t.dropped[DROP_EMPTY], 1);
}

Test(data_import_airr, genes_of_the_largest_count)
{
    const char *path[] = {scratch_text("a.tsv", HEAD "1\tT\tV1*01,V9*02\tJ1\tCASSF\t2\n"
                                                     "2\tT\tV2\tJ2\tCASSF\t3\n"
                                                     "3\tT\tV3\tJ3\tCASSF\t3\n" /* as large, but later */
                                                     "4\tT\tV4\t\tCASSF\t1\n"
                                                     "5\tT\t\tNA\tCAYF\t1\n"
                                                     "6\tT\tV1*01\t,J5\tCAWF\t7\n"
                                                     "7\tF\tV8\tJ8\tCAWWF\t7\n")};
    ImportSequencesOptions options = some_options(path, 1, NULL);
    const RowTally t = assert_import(&options, "a.tsv: CASSF 9 V2 J2, CAYF 1 - -, CAWF 7 V1*01 -");
    cr_assert_eq(t.merged, 3);
    options.rules.merge = false;
    assert_import(&options, "a.tsv: CASSF 2 V1*01 J1, CASSF 3 V2 J2, CASSF 3 V3 J3, CASSF 1 V4 -, CAYF 1 - -, "
                            "CAWF 7 V1*01 -");
}

Test(data_import_airr, counts)
{
    static const struct {
        const char *columns, *cells, *wanted;
        int n_one;
    } cases[] = {
        {"consensus_count\tumi_count\tduplicate_count", "9\t5\t3", "a.tsv: CASSF 3 - -", 0},
        {"consensus_count\tumi_count", "9\t5", "a.tsv: CASSF 5 - -", 0},
        {"consensus_count", "9.0", "a.tsv: CASSF 9 - -", 0},
        {"reads", "9", "a.tsv: CASSF 1 - -", 0},
        {"duplicate_count\tumi_count", "\t5", "a.tsv: CASSF 1 - -", 1},
        {"duplicate_count", "-4", "a.tsv: CASSF 1 - -", 1},
        {"duplicate_count", "0", "a.tsv: CASSF 1 - -", 1},
        {"duplicate_count", "NA", "a.tsv: CASSF 1 - -", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        snprintf(text, sizeof text, "sequence_id\tjunction_aa\t%s\nx\tCASSF\t%s\n", cases[i].columns, cases[i].cells);
        const char *path[] = {scratch_text("a.tsv", text)};
        const ImportSequencesOptions options = some_options(path, 1, NULL);
        const RowTally t = assert_import(&options, cases[i].wanted);
        cr_assert_eq(t.count_one, cases[i].n_one, "%s", cases[i].columns);
    }
}

Test(data_import_airr, junction_or_cdr3)
{
    const char *path[] = {scratch_text("a.tsv", "sequence_id\tjunction_aa\tcdr3_aa\n"
                                                "1\tCASSF\tASS\n2\t\tAYY\n3\tCAWWF\t\n")};
    ImportSequencesOptions options = some_options(path, 1, NULL);
    const RowTally t = assert_import(&options, "a.tsv: CASSF 1 - -, CAWWF 1 - -");
    cr_assert_eq(t.cdr3_only, 1);
    options.rules.wish.cdr3 = true;
    assert_import(&options, "a.tsv: ASS 1 - -, AYY 1 - -, AWW 1 - -");
    scratch_text("a.tsv", "sequence_id\tcdr3_aa\n1\tASS\n");
    assert_import(&options, "a.tsv: ASS 1 - -");
    options.rules.wish.sequence = "CDR3_aa";
    assert_import(&options, "a.tsv: ASS 1 - -");
    options.rules.wish.cdr3 = false;
    unlink(in_scratch("out.h5"));
    assert_refused(&options, "a.tsv:1: has CDR3s (cdr3_aa) but no junctions (junction_aa)");
}

Test(data_import_airr, columns_wished_for)
{
    const char *path[] = {scratch_text("a.tsv", "v_call\tjunction_aa\tother_aa\treads\tlocus\n"
                                                "V1\tCASSF\tCAWF\t7\tTRB\nV2\tCAYF\tCAAF\t8\tTRA\n")};
    const RowRule include[] = {{"locus", "TRB"}};
    ImportSequencesOptions options = some_options(path, 1, NULL);
    options.rules.wish = (FormatWish){.sequence = "other_aa", .count = "reads"};
    assert_import(&options, "a.tsv: CAWF 7 V1 -, CAAF 8 V2 -");
    options.rules.wish = (FormatWish){.count = "none"};
    options.rules.rows.include = include;
    options.rules.rows.n_include = 1;
    cr_assert_eq(assert_import(&options, "a.tsv: CASSF 1 V1 -").dropped[DROP_FILTER], 1);
}

/* ---- repertoires ---- */

#define SEVERAL "repertoire_id\tsequence_id\tjunction_aa\tv_call\n"

Test(data_import_airr, several_in_one_file)
{
    const char *path[] = {scratch_text("in/a.tsv", SEVERAL "P2\t1\tCASSF\tV1\nP1\t2\tCASSF\tV2\nP2\t3\tCAYF\tV2\n"
                                                           "P2\t4\tCASSF\tV1\n"),
                          scratch_text("in/b.tsv", "sequence_id\tjunction_aa\tv_call\n1\tCAWF\tV2\n"),
                          scratch_text("in/c.tsv", SEVERAL "\t1\tCACF\tV3\n\t2\tCADF\t\n"),
                          scratch_text("in/d.tsv", "amino_acid\ttemplates\nCAEF\t4\n")};
    ImportSequencesOptions options = some_options(path, 4, NULL);
    ImportSequencesReport report;
    BagFile *file;
    assert_import(&options, "P2: CASSF 2 V1 -, CAYF 1 V2 -; P1: CASSF 1 V2 -; b.tsv: CAWF 1 V2 -; "
                            "c.tsv: CACF 1 V3 -, CADF 1 - -; d.tsv: CAEF 4 - -");
    options.import.metadata = scratch_text("labels.csv", "repertoire_id,x\nP1,1\nP2,2\nb,3\n");
    cr_assert_eq(import_sequences_run(&report, &options), OK, "%s", status_sentence());
    cr_assert_eq(report.import.n_bag, 5);
    cr_assert_eq(report.import.n_file, 4);
    cr_assert_eq(report.import.n_unlabelled, 2);
    cr_assert_str_eq(report.import.format, "several");
    free(report.import.json);
    cr_assert_eq(bagfile_open(&file, in_scratch("out.h5")), OK);
    const Table *t = bagfile_columns(file);
    cr_assert_eq(t->n_column, 2);
    cr_assert_str_eq(table_cell(t, 0, 1), "2");
    cr_assert_str_eq(table_cell(t, 1, 1), "1");
    cr_assert_str_eq(table_cell(t, 3, 0), "c.tsv");
    bagfile_close(file);
}

/* 3 000 interleaved repertoires; the table of names grows many times. */
Test(data_import_airr, thousands_in_one_file)
{
    char *text = malloc(1 << 20);
    int at = sprintf(text, SEVERAL);
    for (int i = 0; i < 9000; i++)
        at += sprintf(text + at, "P%d\t%d\tCA%cF\tV%d\n", i % 3000, i, "ACD"[i / 3000], i % 700);
    const char *path[] = {scratch_text("a.tsv", text)};
    ImportSequencesOptions options = some_options(path, 1, NULL);
    ImportSequencesReport report;
    BagFile *file;
    BagText bag;
    free(text);
    cr_assert_eq(import_sequences_run(&report, &options), OK, "%s", status_sentence());
    cr_assert_eq(report.import.n_bag, 3000);
    cr_assert_eq(report.n_seq, 9000);
    free(report.import.json);
    cr_assert_eq(bagfile_open(&file, in_scratch("out.h5")), OK);
    cr_assert_eq(bagfile_read_text(&bag, file, 2345), OK);
    cr_assert_str_eq(bagfile_key(file, 2345), "P2345");
    cr_assert_eq(bag.n, 3);
    cr_assert_str_eq(bag.sequence + 2 * bag.stride, "CADF");
    cr_assert_str_eq(bag.v_call[2], "V645"); /* row 8345 of the file */
    bagtext_free(&bag);
    bagfile_close(file);
}

Test(data_import_airr, empty_repertoires_are_left_out_if_asked)
{
    const char *path[] = {scratch_text("a.tsv", SEVERAL "P1\t1\tCASSF\tV1\nP2\t1\tCA*F\tV1\nP3\t1\tCAYF\tV1\n")};
    ImportSequencesOptions options = some_options(path, 1, NULL);
    assert_refused(&options, "a.tsv: repertoire 'P2': no row is left of 1 (stop_codon 1)");
    options.import.metadata = scratch_text("labels.tsv", "ID\tx\nP1\t1\nP2\t2\nP3\t3\n");
    options.rules.skip_empty = true;
    assert_import(&options, "P1: CASSF 1 V1 -; P3: CAYF 1 V1 -");
    scratch_text("a.tsv", SEVERAL "P1\t1\tCA*F\tV1\nP2\t1\tCA*F\tV1\nP3\t1\tCA*F\tV1\n");
    unlink(in_scratch("out.h5"));
    assert_refused(&options, "no repertoire is left");
}

/* ---- labels ---- */

Test(data_import_airr, labels_by_file_name)
{
    const char *path[] = {scratch_text("r/a.tsv", SEVERAL "P1\t1\tCASSF\tV1\n"),
                          scratch_text("r/b.tsv", "sequence_id\tjunction_aa\nx\tCAYF\n")};
    ImportSequencesOptions options = some_options(path, 2, NULL);
    BagFile *file;
    options.import.metadata =
        scratch_text("metadata.csv", "filename,subject_id,sick\nb.tsv,1,True\nr/a.tsv,2,False\n");
    assert_import(&options, "P1: CASSF 1 V1 -; b.tsv: CAYF 1 - -");
    cr_assert_eq(bagfile_open(&file, in_scratch("out.h5")), OK);
    const Table *t = bagfile_columns(file);
    int row[2];
    cr_assert_eq(t->n_column, 4, "a column ID of its own");
    cr_assert_str_eq(table_cell(t, 0, 0), "P1");
    cr_assert_str_eq(table_cell(t, 0, 3), "False");
    cr_assert_str_eq(table_cell(t, 1, 3), "True");
    cr_assert_eq(bagfile_join(row, file, t, "auto"), OK, "%s", status_sentence());
    cr_assert(row[0] == 0 && row[1] == 1);
    bagfile_close(file);
}

Test(data_import_airr, the_named_id_column_is_obeyed)
{
    const char *path[] = {scratch_text("1.tsv", SEVERAL "\t1\tCASSF\tV1\n"),
                          scratch_text("2.tsv", SEVERAL "\t1\tCAYF\tV1\n")};
    ImportSequencesOptions options = some_options(path, 2, NULL);
    BagFile *file;
    options.import.metadata = scratch_text("m.csv", "subject_id,twin,filename\n1,2,a.tsv\n2,1,b.tsv\n");
    options.import.id_column = "twin";
    assert_import(&options, "1.tsv: CASSF 1 V1 -; 2.tsv: CAYF 1 V1 -");
    cr_assert_eq(bagfile_open(&file, in_scratch("out.h5")), OK);
    cr_assert_str_eq(table_cell(bagfile_columns(file), 0, 3), "b.tsv");
    bagfile_close(file);
    options.import.id_column = "filename";
    unlink(in_scratch("out.h5"));
    assert_refused(&options, "m.csv:2: 2 IDs of column 'filename' are not in the files found: 'a.tsv'");
}

/* ---- what is refused ---- */

Test(data_import_airr, bad_files)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {HEAD, "bad.tsv: has a header line but no rows"},
        {SEVERAL, "bad.tsv: has a header line but no rows"},
        {"sequence_id\tjunction\nx\tTGT\n",
         "bad.tsv:1: is not in a known format; its columns are sequence_id, junction"},
        {HEAD "1\tyes\tV\tJ\tCASSF\t1\n", "bad.tsv:2: 'yes' in column 'productive' is neither T nor F"},
        {"sequence_id\tjunction_aa\tvj_in_frame\nx\tCASSF\tIn\n", "bad.tsv:2: 'In' in column 'vj_in_frame'"},
        {"sequence_id\tjunction_aa\tstop_codon\nx\tCASSF\tno\n", "bad.tsv:2: 'no' in column 'stop_codon'"},
        {HEAD "1\tT\tV\tJ\tCASSF\tmany\n", "bad.tsv:2: count 'many' in column 'duplicate_count'"},
        {HEAD "1\tT\tV\tJ\tCASSF\n", "bad.tsv:2: has 5 cells, but column 'duplicate_count' is number 6"},
        {HEAD "1\tT\t\"V\tJ\tCASSF\t1\n", "bad.tsv:2: a double quote is not closed"},
        {HEAD "1\tT\t\"V\tX\"\tJ\tCASSF\t1\n", "bad.tsv:2: the gene in column 'v_call'"},
        {HEAD "1\tT\tV\xff\tJ\tCASSF\t1\n", "bad.tsv:2: the gene in column 'v_call'"},
        {SEVERAL "P1\t1\tCASSF\tV\n\t2\tCASSF\tV\n", "bad.tsv:3: column 'repertoire_id' is empty here"},
        {SEVERAL "\t1\tCASSF\tV\nP1\t2\tCASSF\tV\n", "bad.tsv:2: column 'repertoire_id' is empty here"},
        {SEVERAL "P\xff\t1\tCASSF\tV\n", "bad.tsv: the name of the file or repertoire is not UTF-8"},
        {SEVERAL "a.tsv\t1\tCASSF\tV\n", "both hold repertoire 'a.tsv'"},
        {"sequence_id\tjunction_aa\tcdr3_aa\n1\t\tASS\n", "no row is left of 1 (no_sequence 1); it has CDR3s"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path[] = {in_scratch("in")};
        const ImportSequencesOptions options = some_options(path, 1, NULL);
        scratch_text("in/a.tsv", HEAD "1\tT\tV\tJ\tCASSF\t1\n");
        scratch_text("in/bad.tsv", cases[i].text);
        assert_refused(&options, cases[i].says);
    }
}

Test(data_import_airr, one_repertoire_in_two_files)
{
    const char *path[] = {in_scratch("in")};
    const ImportSequencesOptions options = some_options(path, 1, NULL);
    scratch_text("in/a.tsv", SEVERAL "P1\t1\tCASSF\tV\nP2\t1\tCASSF\tV\n");
    scratch_text("in/b.tsv", SEVERAL "P3\t1\tCASSF\tV\nP2\t1\tCASSF\tV\n");
    assert_refused(&options, "in/b.tsv both hold repertoire 'P2'; a repertoire's rows must be in one file");
}

/* ---- real files, read where they lie ---- */

static const char *shared(const char *name)
{
    static char path[4096];
    char relative[300];
    snprintf(relative, sizeof relative, "data/repertoire_formats/airr/%s", name);
    if (!golden_shared_file(path, relative)) cr_skip_test("skipped: there is no %s\n", relative);
    return path;
}

Test(data_import_airr, files_of_the_standard)
{
    const char *path[] = {shared("good_rearrangement.tsv")};
    ImportSequencesOptions options = some_options(path, 1, NULL);
    RowTally t = assert_import(&options, "good_rearrangement.tsv: CASGVAGTFDYW 4177 IGHV4-31*03 IGHJ4*02");
    cr_assert_eq(t.read, 9);
    cr_assert_eq(t.dropped[DROP_FLAG], 4);
    path[0] = shared("igh_example_quoted.tsv.gz");
    ImportSequencesReport report;
    cr_assert_eq(import_sequences_run(&report, &options), OK, "%s", status_sentence());
    cr_assert_eq(report.total.read, 101);
    cr_assert_eq(report.total.kept, 65);
    cr_assert_eq(report.total.merged, 14);
    cr_assert_eq(report.total.count_sum, 246);
    free(report.import.json);
    unlink(in_scratch("out.h5"));
    path[0] = shared("bad_rearrangement.tsv");
    assert_refused(&options, "bad_rearrangement.tsv:2: 'yes' in column 'productive'");
}

Test(data_import_airr, files_without_junctions)
{
    char metadata[4096];
    snprintf(metadata, sizeof metadata, "%s", shared("immuneml_quickstart/metadata.csv"));
    const char *path[] = {shared("immuneml_quickstart")};
    ImportSequencesOptions options = some_options(path, 1, NULL);
    options.import.metadata = metadata;
    assert_refused(&options, "--region=cdr3");
    options.rules.wish.cdr3 = true;
    ImportSequencesReport report;
    cr_assert_eq(import_sequences_run(&report, &options), OK, "%s", status_sentence());
    cr_assert_eq(report.import.n_bag, 12);
    cr_assert_eq(report.n_seq, 3600);
    cr_assert_eq(report.import.n_unlabelled, 0);
    cr_assert_eq(report.total.cdr3, 3600);
    free(report.import.json);
}
