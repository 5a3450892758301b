/* SPDX-License-Identifier: MIT
 *
 * test_settings_list.c: a block of which there may be several: one block, a list, and flags that make or change one.
 */
#include "core/section.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <unistd.h>

enum { MOST = 3 };

typedef struct {
    int kind, size;
} Piece;

typedef struct {
    int before, n, more;
    Piece piece[MOST];
} Whole;

static const Option before_rows[] = {
    {"before", OPTION_INT, offsetof(Whole, before), "1", 0, 9, NULL, "", "number of something"}, {0}};
static const Option more_rows[] = {{"more", OPTION_INT, offsetof(Whole, more), "3", 0, 9, NULL, "", "number of more"},
                                   {0}};
static const Option ball_rows[] = {{"size", OPTION_INT, sizeof(int), "5", 0, 99, NULL, "", "size of a ball"}, {0}};

static bool piece_member(Member *out, int place)
{
    static const Member members[] = {{"ball", ball_rows}, {"box", NULL}};
    if (place < 2) *out = members[place];
    return place < 2;
}

static const Family pieces = {.standard = "ball", .help = "type of piece", .member = piece_member};
static const Section sections[] = {
    {.path = "in", .rows = before_rows},
    {.path = "in.piece",
     .family = &pieces,
     .kind_at = offsetof(Whole, piece),
     .options_at = offsetof(Whole, piece),
     .entry_size = sizeof(Piece),
     .most = MOST,
     .count_at = offsetof(Whole, n)},
    {.path = "in.piece", .rows = more_rows, .omits = true},
    {0},
};

static Status bind(Whole *w, Settings **s, const char *file, const char *const *flag)
{
    Status status = OK;
    *w = (Whole){0};
    TRY(settings_new(s));
    if (file) TRY_DONE(settings_file(*s, file));
    for (; flag && flag[0]; flag += 2) {
        char shown[80];
        snprintf(shown, sizeof shown, "--%s", flag[0]);
        TRY_DONE(settings_flag(*s, flag[0], flag[1], shown));
    }
    TRY_DONE(section_bind(sections, w, *s));
    TRY_DONE(settings_finish(*s));
done:
    if (status != OK) settings_free(*s), *s = NULL;
    return status;
}

#define FLAGS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* kinds and sizes as "ball 5, box"; what is written reads the same again. */
static void is(const char *text, const char *file, const char *const *flag)
{
    Whole w, again;
    Settings *s, *t;
    char have[120] = "", *yaml, *second;
    cr_assert_eq(bind(&w, &s, file, flag), OK, "%s", status_sentence());
    for (int i = 0; i < w.n; i++) {
        const size_t n = strlen(have);
        snprintf(have + n, sizeof have - n, "%s%s", i ? ", " : "", w.piece[i].kind ? "box" : "ball");
        if (w.piece[i].kind == 0) snprintf(have + strlen(have), 20, " %d", w.piece[i].size);
    }
    cr_expect_str_eq(have, text);
    cr_assert_eq(section_write(&yaml, sections, &w), OK);
    cr_expect_eq(strstr(yaml, "\n  - kind") != NULL, w.n > 1, "%s", yaml);
    scratch_text("again.yaml", yaml);
    cr_assert_eq(bind(&again, &t, "again.yaml", NULL), OK, "%s: %s", status_sentence(), yaml);
    cr_assert_eq(section_write(&second, sections, &again), OK);
    cr_expect_str_eq(yaml, second);
    free(yaml), free(second);
    settings_free(s), settings_free(t);
}

static void fails(const char *sentence, const char *file, const char *const *flag)
{
    Whole w;
    Settings *s;
    cr_assert_eq(bind(&w, &s, file, flag), ERR_CONFIG);
    cr_expect(strstr(status_sentence(), sentence), "'%s' is not in '%s'", sentence, status_sentence());
}

static void files(void)
{
    scratch_text("one.yaml", "in: {piece: {size: 7}}\n");
    scratch_text("two.yaml", "in: {piece: [{size: 7}, {kind: box}]}\n");
    scratch_text("list_over_one.yaml", "base: one.yaml\nin: {piece: [{kind: box}, {size: 2}]}\n");
    scratch_text("one_over_list.yaml", "base: two.yaml\nin: {piece: {kind: box}}\n");
    scratch_text("one_over_one.yaml", "base: one.yaml\nin: {before: 2, piece: {kind: ball}}\n");
    scratch_text("single.yaml", "in: {piece: [{size: 7}]}\n");
    scratch_text("many.yaml", "in: {piece: [{}, {}, {kind: box}, {}]}\n");
    scratch_text("empty.yaml", "in: {piece: []}\n");
}

static void enter_scratch(void)
{
    scratch_make();
    cr_assert_eq(chdir(scratch), 0);
}

TestSuite(core_settings_list, .init = enter_scratch, .fini = scratch_remove);

Test(core_settings_list, one_block_or_a_list)
{
    files();
    is("ball 5", NULL, NULL);
    is("ball 7", "one.yaml", NULL);
    is("ball 7", "single.yaml", NULL);
    is("ball 7, box", "two.yaml", NULL);
}

Test(core_settings_list, a_later_file_takes_the_place_of_an_earlier)
{
    files();
    is("box, ball 2", "list_over_one.yaml", NULL);
    is("box", "one_over_list.yaml", NULL);
    is("ball 7", "one_over_one.yaml", NULL);
}

Test(core_settings_list, flags_change_and_add_entries)
{
    files();
    is("ball 7, box", "one.yaml", FLAGS("in.piece.1.kind", "box"));
    is("ball 8, box", "one.yaml", FLAGS("in.piece.1.kind", "box", "in.piece.size", "8"));
    is("ball 8", "one.yaml", FLAGS("in.piece.0.size", "8"));
    is("ball 9, box", "two.yaml", FLAGS("in.piece.0.size", "9"));
    is("ball 7, ball 5, ball 6", "two.yaml", FLAGS("in.piece.1.kind", "ball", "in.piece.2.size", "6"));
    is("ball 5, ball 4", NULL, FLAGS("in.piece.1.size", "4"));
}

Test(core_settings_list, more_rows_hold_for_one_block)
{
    files();
    is("ball 7", "one.yaml", FLAGS("in.piece.more", "4"));
    fails("--in.piece.more: in.piece is a list here", "two.yaml", FLAGS("in.piece.more", "4"));
}

Test(core_settings_list, says_what_is_wrong)
{
    files();
    fails("--in.piece.kind: in.piece is a list here; say which entry: --in.piece.0.kind=VALUE", "two.yaml",
          FLAGS("in.piece.kind", "box"));
    fails("--in.piece.size: 'in.piece.size' is the setting of --in.piece.0.size too; keep one", "one.yaml",
          FLAGS("in.piece.size", "1", "in.piece.0.size", "2", "in.piece.1.size", "3"));
    fails("--in.piece.3.size: 'in.piece' has 2 entries, numbered from 0", "two.yaml", FLAGS("in.piece.3.size", "1"));
    fails("4 entries are given; at most 3", "many.yaml", NULL);
    fails("size is a setting of kind ball", "two.yaml", FLAGS("in.piece.1.size", "1"));
    fails("in.piece", "empty.yaml", NULL);
}
