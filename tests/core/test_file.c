/* SPDX-License-Identifier: MIT */
#include "core/file.h"
#include "core/rng.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static void enter_scratch(void)
{
    scratch_make();
    cr_assert_eq(chdir(scratch), 0);
}

TestSuite(core_file, .init = enter_scratch, .fini = scratch_remove);

static void assert_content(const char *path, const char *text)
{
    char *bytes;
    size_t n;
    cr_assert_eq(file_read_whole(&bytes, &n, path, 1 << 20), OK, "%s", status_sentence());
    cr_assert_str_eq(bytes, text);
    cr_assert_eq(n, strlen(text));
    free(bytes);
}

static void assert_sentence(const char *part)
{
    cr_assert(strstr(status_sentence(), part), "'%s' does not say '%s'", status_sentence(), part);
}

static int n_entries(void)
{
    FILE *list = popen("ls -A | wc -l", "r");
    int n = -1;
    cr_assert_eq(fscanf(list, "%d", &n), 1);
    pclose(list);
    return n;
}

static int n_sync, sync_error;

/* Counted in place of the system's. */
int fsync(int fd)
{
    (void)fd;
    n_sync++;
    errno = sync_error;
    return sync_error ? -1 : 0;
}

/* A file and its folder each time; in a batch each once in the end. */
Test(core_file, a_batch_is_synced_once)
{
    cr_assert_eq(file_make_folder("f"), OK);
    cr_assert_eq(file_write_whole("f/a", "1", 1, true), OK);
    cr_assert_eq(n_sync, 2);
    file_batch_begin();
    for (int k = 0; k < 3; k++) {
        cr_assert_eq(file_write_whole("f/a", "2", 1, true), OK);
        cr_assert_eq(file_write_whole("f/b", "3", 1, true), OK);
        cr_assert_eq(file_write_whole("c", "4", 1, true), OK);
    }
    cr_assert_eq(unlink("f/b"), 0);
    assert_content("f/a", "2");
    assert_content("c", "4");
    cr_assert_eq(n_sync, 2);
    cr_assert_eq(file_batch_end(), OK, "%s", status_sentence());
    cr_assert(n_sync >= 2 + 2 + 2 && n_sync <= 2 + 2 * 2 + 2 * 2, "%d", n_sync); /* new files have two names */
    n_sync = 0;
    cr_assert_eq(file_batch_end(), OK);
    cr_assert_eq(n_sync, 0);
    cr_assert_eq(file_write_whole("c", "5", 1, true), OK);
    cr_assert_eq(n_sync, 2);
    file_batch_begin();
    cr_assert_eq(file_write_whole("c", "6", 1, true), OK);
    sync_error = EIO;
    cr_assert_eq(file_batch_end(), ERR_IO);
    assert_sentence("c: cannot write: Input/output error");
    cr_assert_eq(file_batch_end(), OK, "the batch has ended");
}

Test(core_file, written_whole_and_read_back)
{
    cr_assert_eq(file_write_whole("a.txt", "hello\n", 6, false), OK, "%s", status_sentence());
    assert_content("a.txt", "hello\n");
    cr_assert_eq(n_entries(), 1);
}

Test(core_file, an_existing_file_needs_force)
{
    cr_assert_eq(file_write_whole("a.txt", "old", 3, false), OK);
    cr_assert_eq(file_write_whole("a.txt", "new", 3, false), ERR_IO);
    assert_sentence("a.txt: exists; --force");
    assert_content("a.txt", "old");
    cr_assert_eq(file_write_whole("a.txt", "new", 3, true), OK);
    assert_content("a.txt", "new");
}

Test(core_file, a_draft_dropped_leaves_the_old_file)
{
    FileDraft draft;
    cr_assert_eq(file_write_whole("a.txt", "old", 3, false), OK);
    cr_assert_eq(file_begin(&draft, "a.txt", true), OK);
    FILE *out = file_stream(&draft);
    fputs("half", out);
    fclose(out);
    cr_assert_eq(n_entries(), 2);
    file_drop(&draft);
    file_drop(&draft);
    file_drop(NULL);
    assert_content("a.txt", "old");
    cr_assert_eq(n_entries(), 1);
}

Test(core_file, a_draft_taken_away_fails)
{
    FileDraft draft;
    cr_assert_eq(file_begin(&draft, "a.txt", false), OK);
    cr_assert_eq(unlink(draft.temporary), 0);
    cr_assert_eq(symlink("elsewhere", draft.temporary), 0);
    cr_assert_eq(file_commit(&draft), ERR_IO);
    assert_sentence("a.txt: cannot write: its temporary file was taken away");
    cr_assert_not(draft.open);
    cr_assert_eq(n_entries(), 1, "the link, which is not ours, stays");
}

/* Of two that write one new file the first to end wins. */
Test(core_file, the_second_of_two_fails)
{
    FileDraft one, two;
    cr_assert_eq(file_begin(&one, "a.txt", false), OK);
    cr_assert_eq(file_begin(&two, "a.txt", false), OK);
    cr_assert_str_neq(one.temporary, two.temporary);
    cr_assert_eq(write(two.fd, "two", 3), 3);
    cr_assert_eq(file_commit(&two), OK, "%s", status_sentence());
    cr_assert_eq(file_commit(&one), ERR_IO);
    assert_sentence("a.txt: another process has made it meanwhile");
    assert_content("a.txt", "two");
    cr_assert_eq(n_entries(), 1);
}

/* A leftover has no lock; a draft under way has one. */
Test(core_file, leftovers_are_removed)
{
    FileDraft other, own;
    const char *const left = "./.a.txt.hopsack-tmp-0123456789abcdef", *const foreign = ".a.txt.hopsack-tmp-note";
    cr_assert_eq(file_begin(&other, "a.txt", false), OK);
    cr_assert_eq(file_write_whole(foreign, "x", 1, false), OK);
    FILE *out = fopen(left, "w");
    fclose(out);
    cr_assert_eq(symlink(foreign, ".a.txt.hopsack-tmp-1123456789abcdef"), 0);
    cr_assert_eq(file_begin(&own, "a.txt", false), OK);
    cr_assert_not(file_exists(left));
    cr_assert(file_exists(other.temporary) && file_exists(foreign));
    cr_assert(file_exists(".a.txt.hopsack-tmp-1123456789abcdef"), "a link is none of ours");
    file_drop(&own);
    file_drop(&other);
}

Test(core_file, folders_inside_are_no_links)
{
    mkdir("root", 0777);
    mkdir("elsewhere", 0777);
    cr_assert_eq(symlink("root", "way"), 0);
    cr_assert_eq(file_make_inside("way", "a/b"), OK, "%s", status_sentence());
    cr_assert_eq(file_make_inside("root", "a/b"), OK);
    cr_assert_eq(symlink("../elsewhere", "root/c"), 0);
    cr_assert_eq(file_make_inside("root", "c/d"), ERR_IO);
    assert_sentence("root/c: is a symbolic link to ../elsewhere");
    cr_assert_not(file_exists("elsewhere/d"));
}

Test(core_file, places_that_cannot_be_written)
{
    char long_name[400];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    mkdir("sub", 0777);
    cr_assert_eq(symlink("/dev/null", "null"), 0);
    const char *const path[] = {"none/a.txt", "sub", "none/", "null", long_name};
    const char *const says[] = {"folder none does not exist", "is a folder", "names no file",
                                "symbolic link to /dev/null", "name is longer than 223"};
    for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
        cr_assert_eq(file_write_whole(path[i], "x", 1, true), ERR_IO, "%s was written", path[i]);
        assert_sentence(says[i]);
    }
}

Test(core_file, a_link_is_not_followed)
{
    cr_assert_eq(file_write_whole("a.txt", "old", 3, false), OK);
    cr_assert_eq(symlink("a.txt", "link"), 0);
    cr_assert_eq(symlink("none", "dangling"), 0);
    for (int force = 0; force < 2; force++) {
        cr_assert_eq(file_write_whole("link", "new", 3, force), ERR_IO);
        assert_sentence("link: is a symbolic link to a.txt, which is not followed");
        cr_assert_eq(file_write_whole("dangling", "new", 3, force), ERR_IO);
    }
    assert_content("a.txt", "old");
    cr_assert_eq(n_entries(), 3);
}

Test(core_file, a_full_disk_is_said_and_nothing_stays)
{
    const char *const full = "/dev/full";
    if (access(full, W_OK) != 0) cr_skip_test("no /dev/full here");
    TextOut *out;
    cr_assert_eq(textout_open(&out, full, false), OK);
    for (int i = 0; i < 100000; i++) textout_printf(out, "%d\n", i);
    cr_assert_eq(textout_commit(out), ERR_IO);
    assert_sentence("/dev/full: cannot write: No space left");
}

Test(core_file, reading_says_why_not)
{
    char *bytes;
    size_t n;
    cr_assert_eq(file_read_whole(&bytes, &n, "none", 10), ERR_IO);
    assert_sentence("none: cannot read: No such file");
    cr_assert_eq(file_read_whole(&bytes, &n, ".", 10), ERR_IO);
    assert_sentence(".: cannot read: Is a directory");
    cr_assert_eq(file_write_whole("eleven", "12345678901", 11, false), OK);
    cr_assert_eq(file_read_whole(&bytes, &n, "eleven", 10), ERR_FORMAT);
    assert_sentence("eleven: larger than 10 bytes");
    cr_assert_null(bytes);
}

Test(core_file, reads_across_its_pieces)
{
    enum { N = 300001 };
    char *text = malloc(N), *bytes;
    size_t n;
    for (int i = 0; i < N; i++) text[i] = (char)(i % 251);
    cr_assert_eq(file_write_whole("big", text, N, false), OK);
    cr_assert_eq(file_read_whole(&bytes, &n, "big", N), OK);
    cr_assert_eq(n, (size_t)N);
    cr_assert_eq(memcmp(bytes, text, N), 0);
    cr_assert_eq(bytes[N], 0);
    free(bytes);
    free(text);
}

Test(core_file, folders_with_their_parents)
{
    cr_assert_eq(file_make_folder("a/b//c/"), OK, "%s", status_sentence());
    cr_assert_eq(file_make_folder("a/b/c"), OK);
    cr_assert(file_exists("a/b/c"));
    cr_assert_eq(file_write_whole("file", "", 0, false), OK);
    cr_assert_eq(file_make_folder("file/x"), ERR_IO);
    assert_sentence("file: cannot make folder: Not a directory");
    cr_assert_eq(file_make_folder(""), ERR_IO);
}

Test(core_file, text_out_plain_and_gz_hold_the_same)
{
    static const char *const name[] = {"t.tsv", "t.tsv.gz"};
    char longest[5000], line[6000];
    memset(longest, 'y', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    for (int i = 0; i < 2; i++) {
        TextOut *out;
        cr_assert_eq(textout_open(&out, name[i], false), OK);
        textout_printf(out, "%s\t%d\n", "bag", 7);
        textout_printf(out, "%s\n", longest);
        textout_write(out, "end", 3);
        cr_assert_not(file_exists(name[i]));
        cr_assert_eq(textout_commit(out), OK, "%s", status_sentence());
    }
    for (int i = 0; i < 2; i++) {
        gzFile in = gzopen(name[i], "r");
        cr_assert_eq(gzdirect(in), i == 0);
        cr_assert_str_eq(gzgets(in, line, sizeof line), "bag\t7\n");
        cr_assert_str_eq(strtok(gzgets(in, line, sizeof line), "\n"), longest);
        cr_assert_str_eq(gzgets(in, line, sizeof line), "end");
        gzclose(in);
    }
}

Test(core_file, text_out_dropped_leaves_nothing)
{
    TextOut *out;
    cr_assert_eq(textout_open(&out, "t.tsv.gz", false), OK);
    textout_printf(out, "x\n");
    textout_drop(out);
    textout_drop(NULL);
    cr_assert_eq(n_entries(), 0);
}

Test(core_file, sha256_of_known_texts)
{
    char hex[65];
    cr_assert_eq(file_write_whole("abc", "abc", 3, false), OK);
    cr_assert_eq(digest_sha256(hex, "abc"), OK);
    cr_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    cr_assert_eq(file_write_whole("empty", "", 0, false), OK);
    cr_assert_eq(digest_sha256(hex, "empty"), OK);
    cr_assert_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    cr_assert_eq(digest_sha256(hex, "none"), ERR_IO);
    cr_assert_eq(digest_sha256(hex, "."), ERR_IO);
}

Test(core_file, numbers_have_the_fewest_digits)
{
    static const struct {
        double value;
        const char *text;
    } row[] = {{0, "0"},
               {-0.0, "-0"},
               {0.1, "0.1"},
               {1e-4, "0.0001"},
               {1e-5, "1e-05"},
               {1e15, "1e+15"},
               {5e-324, "5e-324"},
               {1. / 3, "0.3333333333333333"},
               {100000, "100000"},
               {0.1 + 0.2, "0.30000000000000004"},
               {DBL_MAX, "1.7976931348623157e+308"},
               {NAN, ""},
               {INFINITY, ""}};
    char buffer[NUMBER_ROOM];
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        cr_assert_str_eq(number_text(buffer, row[i].value), row[i].text);
    cr_assert_str_eq(number_text_float(buffer, 0.1f), "0.1");
    cr_assert_str_eq(number_text_float(buffer, 16777216), "16777216");
    cr_assert_str_eq(number_text_float(buffer, FLT_TRUE_MIN), "1e-45");
}

Test(core_file, numbers_read_back)
{
    Rng rng = rng_stream(5, "numbers", 0);
    char buffer[NUMBER_ROOM];
    for (int i = 0; i < 20000; i++) {
        const uint64_t bits = rng_u64(&rng);
        const uint32_t low = (uint32_t)bits;
        double d, back;
        float f;
        memcpy(&d, &bits, sizeof d);
        memcpy(&f, &low, sizeof f);
        if (isfinite(d)) cr_assert(number_read(&back, number_text(buffer, d)) && back == d, "%s (seed 5)", buffer);
        if (isfinite(f)) cr_assert_eq(strtof(number_text_float(buffer, f), NULL), f, "%s (seed 5)", buffer);
    }
}

Test(core_file, only_decimal_numbers_are_read)
{
    double d;
    int64_t n;
    uint64_t u;
    static const char *const no_number[] = {"",      " 1",    "1 ",  "0x10", "inf", "nan",
                                            "1e999", "1.2.3", "--1", "e5",   "1,5"};
    for (size_t i = 0; i < sizeof no_number / sizeof *no_number; i++)
        cr_assert_not(number_read(&d, no_number[i]), "'%s' was read", no_number[i]);
    cr_assert(number_read(&d, "1e-400") && d == 0);
    cr_assert(number_read_int(&n, "-9223372036854775808") && n == INT64_MIN);
    cr_assert_not(number_read_int(&n, "9223372036854775808"));
    cr_assert_not(number_read_int(&n, "1.0"));
    cr_assert(number_read_u64(&u, "18446744073709551615") && u == UINT64_MAX);
    cr_assert_not(number_read_u64(&u, "18446744073709551616"));
    cr_assert_not(number_read_u64(&u, "-1"));
}
