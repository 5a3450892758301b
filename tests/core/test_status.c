/* SPDX-License-Identifier: MIT */
#include "core/status.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

static Status forward(Status status, int *reached)
{
    TRY(status);
    *reached = 1;
    return OK;
}

static Status release(Status first, int *released)
{
    Status status = OK;
    TRY_DONE(first);
    *released = 10;
done:
    ++*released;
    return status;
}

Test(core_status, the_sentence_is_kept)
{
    cr_assert_str_eq(status_sentence(), "");
    cr_assert_eq(fail(ERR_FORMAT, "%s:%d: letter '%c'", "a.tsv", 12, 'B'), ERR_FORMAT);
    cr_assert_str_eq(status_sentence(), "a.tsv:12: letter 'B'");
    fail(ERR_IO, "again: %s", status_sentence());
    cr_assert_str_eq(status_sentence(), "again: a.tsv:12: letter 'B'");
    cr_assert_eq(fail_at(ERR_IO, "folder %d", 3), ERR_IO);
    cr_assert_str_eq(status_sentence(), "folder 3: again: a.tsv:12: letter 'B'");
}

Test(core_status, long_sentences_are_cut)
{
    char text[5000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    fail(ERR_IO, "%s", text);
    cr_assert_eq(strlen(status_sentence()), 1023);
    fail_at(ERR_IO, "%s", text);
    cr_assert_leq(strlen(status_sentence()), 1023);
    cr_assert(strstr(status_sentence(), "xxx…: xxx"));
    cr_assert_str_eq(status_sentence() + strlen(status_sentence()) - strlen("x…"), "x…");
}

Test(core_status, a_sentence_is_one_line)
{
    fail(ERR_MODEL, "%s: '%s' is no name", "x", "a\nb\x1b[2Jc\x7f\xc3\xbc");
    cr_assert_str_eq(status_sentence(), "x: 'a\\nb\\x1b[2Jc\\x7f\xc3\xbc' is no name");
    fail_at(ERR_MODEL, "%s", "y\tz");
    cr_assert_str_eq(status_sentence(), "y\\tz: x: 'a\\nb\\x1b[2Jc\\x7f\xc3\xbc' is no name");
}

Test(core_status, exit_codes_are_the_contract)
{
    static const struct {
        Status status;
        int code;
    } row[] = {{OK, 0},           {ERR_BUG, 1}, {ERR_USAGE, 2},  {ERR_CONFIG, 2},   {ERR_FORMAT, 3},   {ERR_MODEL, 4},
               {ERR_DIVERGED, 5}, {ERR_IO, 6},  {ERR_MEMORY, 6}, {ERR_SIGINT, 130}, {ERR_SIGTERM, 143}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        cr_assert_eq(status_exit_code(row[i].status), row[i].code);
        cr_assert_gt(strlen(status_words(row[i].status)), 0);
    }
    cr_assert_eq(status_exit_code((Status)99), 1);
}

Test(core_status, try_forwards_and_releases)
{
    int reached = 0, released = 0;
    cr_assert_eq(forward(ERR_IO, &reached), ERR_IO);
    cr_assert_eq(reached, 0);
    cr_assert_eq(forward(OK, &reached), OK);
    cr_assert_eq(reached, 1);
    cr_assert_eq(release(ERR_IO, &released), ERR_IO);
    cr_assert_eq(released, 1);
    cr_assert_eq(release(OK, &released), OK);
    cr_assert_eq(released, 11);
}

static void *fail_elsewhere(void *unused)
{
    fail(ERR_IO, "elsewhere");
    return unused;
}

Test(core_status, each_thread_has_its_own)
{
    pthread_t thread;
    fail(ERR_IO, "here");
    cr_assert_eq(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
    pthread_join(thread, NULL);
    cr_assert_str_eq(status_sentence(), "here");
}
