/* SPDX-License-Identifier: MIT */
#include "data/text/join.h"
#include "data/text/table.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(data_table, .init = scratch_make, .fini = scratch_remove);

static void assert_cell(const Table *t, int row, int column, const char *wanted)
{
    cr_assert_str_eq(table_cell(t, row, column), wanted);
}

Test(data_table, separators_quotes_and_line_ends)
{
    static const char *const texts[] = {
        "ID\tstatus\tnote\nP1\t+\tone\nP2\t\ttwo",
        "ID,status,note\r\nP1,+,one\r\n\r\nP2,,two\r\n",
        "\xef\xbb\xbfID;status;note\nP1;+;one\nP2;;two\n",
        "\"ID\",\"status\",\"note\"\n\"P1\",\"+\",\"one\"\n\"P2\",\"\",\"two\"\n",
        "ID\tstatus\tnote\rP1\t+\tone\rP2\t\ttwo\r",
        "#ID\tstatus\tnote\t\nP1\t+\tone\t\nP2\t\ttwo\t\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        Table t;
        cr_assert_eq(table_read(&t, scratch_text("t.txt", texts[i])), OK, "%zu: %s", i, status_sentence());
        cr_assert_eq(t.n_row, 2, "%zu", i);
        cr_assert_str_eq(t.column[0], "ID");
        cr_assert_eq(table_column(&t, "status"), 1);
        cr_assert_eq(table_column(&t, "Status"), -1);
        assert_cell(&t, 0, 0, "P1");
        assert_cell(&t, 0, 1, "+");
        assert_cell(&t, 1, 1, "");
        assert_cell(&t, 1, 2, "two");
        cr_assert_eq(t.line[0], 2);
        table_free(&t);
    }
}

Test(data_table, a_quoted_cell_may_hold_anything)
{
    Table t;
    cr_assert_eq(table_read(&t, scratch_text("q.csv", "ID,note\n\"a,\"\"b\"\"\nc\",2\nlast,3\n")), OK, "%s",
                 status_sentence());
    assert_cell(&t, 0, 0, "a,\"b\"\nc");
    assert_cell(&t, 1, 0, "last");
    cr_assert_eq(t.line[0], 2);
    cr_assert_eq(t.line[1], 4, "lines inside quotes count");
    table_free(&t);
}

Test(data_table, bad_tables_have_their_sentence)
{
    const struct {
        const char *text, *says;
    } cases[] = {
        {"", "is empty"},
        {"ID\tstatus\n", "no rows"},
        {"\nP1\n", "no rows"},
        {"ID\tstatus\nP1\n", ":2: has 1 cell, the header has 2"},
        {"ID\tstatus\nP1\t+\tmore\n", ":2: has more cells"},
        {"ID\tstatus\n\"P1\t+\n", ":2: a double quote is never closed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Table t;
        cr_assert_eq(table_read(&t, scratch_text("bad.tsv", cases[i].text)), ERR_FORMAT, "%zu", i);
        cr_assert(strstr(status_sentence(), cases[i].says), "%s", status_sentence());
        cr_assert(strstr(status_sentence(), "bad.tsv"), "%s", status_sentence());
    }
    Table t;
    cr_assert_eq(table_read(&t, scratch_text("latin.tsv", "ID\tname\nP1\tM\xc3\xbcller\nP2\tM\xfcller\n")),
                 ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "latin.tsv:3: is not UTF-8"), "%s", status_sentence());
    cr_assert_eq(table_read(&t, scratch_bytes("zero.tsv", "ID\nP\0\n", 6)), ERR_FORMAT);
    cr_assert_eq(table_read(&t, in_scratch("absent.tsv")), ERR_IO);
    table_free(&t);
}

Test(data_table, id_column)
{
    const char *const column[] = {"Sample", "repertoire_id", "x"}, *const cell[] = {"a", "b", "c"};
    Table t;
    int id;
    cr_assert_eq(table_new(&t, 1, 3, column, cell), OK);
    cr_assert_eq(table_id_column(&id, &t, "auto"), OK);
    cr_assert_eq(id, 1, "repertoire_id goes before Sample");
    cr_assert_eq(table_id_column(&id, &t, "x"), OK);
    cr_assert_eq(id, 2);
    cr_assert_eq(table_id_column(&id, &t, "y"), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "Sample, repertoire_id, x"), "%s", status_sentence());
    table_free(&t);
}

/* ---- join ---- */

enum { N_KEY = 4 };
static const char *const keys[N_KEY] = {"a.tsv", "b.tsv", "P1.2", "P1.3"};

static Status join(int row[N_KEY], int n, const char *const *id)
{
    const char *const column[] = {"ID"};
    Table t;
    cr_assert_eq(table_new(&t, n, 1, column, id), OK);
    const Status status = join_ids(row, keys, N_KEY, "the data", &t, 0);
    table_free(&t);
    return status;
}

Test(data_table, ids_meet_keys)
{
    int row[N_KEY];
    cr_assert_eq(join(row, 4, (const char *const[]){"P1.3", "b", "deep/folder/a.csv", "P1.2"}), OK, "%s",
                 status_sentence());
    cr_assert_eq(row[0], 2);
    cr_assert_eq(row[1], 1);
    cr_assert_eq(row[2], 3);
    cr_assert_eq(row[3], 0);
    cr_assert_eq(join(row, 1, (const char *const[]){"b.tsv.gz"}), OK, "%s", status_sentence());
    cr_assert_eq(row[0], -1);
    cr_assert_eq(row[1], 0);
}

Test(data_table, ids_that_do_not)
{
    int row[N_KEY];
    cr_assert_eq(join(row, 2, (const char *const[]){"a", "Q7"}), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "'Q7'"), "%s", status_sentence());
    cr_assert_eq(join(row, 2, (const char *const[]){"a", "a.tsv"}), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "'a' means the same"), "%s", status_sentence());
    cr_assert_eq(join(row, 1, (const char *const[]){"P1.4"}), ERR_FORMAT, "not P1.2 nor P1.3");
    cr_assert_eq(join(row, 1, (const char *const[]){""}), ERR_FORMAT);
    cr_assert_eq(join(row, 1, (const char *const[]){"A.tsv"}), ERR_FORMAT, "case counts");
}

Test(data_table, an_id_that_fits_two_keys)
{
    const char *const two[] = {"x.tsv", "x.csv"}, *const column[] = {"ID"}, *const id[] = {"x"};
    Table t;
    int row[2];
    cr_assert_eq(table_new(&t, 1, 1, column, id), OK);
    cr_assert_eq(join_ids(row, two, 2, "the data", &t, 0), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "several"), "%s", status_sentence());
    table_free(&t);
}
