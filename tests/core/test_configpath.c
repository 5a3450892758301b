/* SPDX-License-Identifier: MIT
 *
 * The configs that come with the program are in tests/cli/test_configpath.py and test_install.py: where they lie depends
 * on the program, so here there are none but those of HOPSACK_CONFIGS.
 */
#include "core/configpath.h"
#include "support/scratch.h"

#include <criterion/criterion.h>

static void enter(void)
{
    scratch_make();
    scratch_text("site/lab.yaml", "seed: 1\n");
    scratch_text("site/both.yaml", "seed: 2\n");
    scratch_text("work/both.yaml", "seed: 3\n");
    scratch_text("work/mine.yaml", "seed: 4\n");
    scratch_text("work/lab", "seed: 5\n");
    cr_assert_eq(chdir(in_scratch("work")), 0);
    cr_assert_eq(setenv("HOPSACK_CONFIGS", in_scratch("site"), 1), 0);
}

TestSuite(core_configpath, .init = enter, .fini = scratch_remove);

static void finds(const char *path, size_t n_folder, const char *expected)
{
    char out[PATH_ROOM];
    cr_assert_eq(configpath_find(out, path, n_folder), OK, "%s", status_sentence());
    cr_assert_str_eq(out, expected);
}

static void fails(Status status, const char *path, const char *words)
{
    char out[PATH_ROOM];
    cr_assert_eq(configpath_find(out, path, 0), status, "%s", path);
    cr_assert(strstr(status_sentence(), words), "%s: not: %s", status_sentence(), words);
}

Test(core_configpath, what_a_name_is)
{
    cr_assert(configpath_is_name("deeprc-hopfield") && configpath_is_name("my_2nd"));
    const char *const others[] = {"", "a.yaml", "a/b", "./a", "a b", "\xc3\xa4", "*"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) cr_assert_not(configpath_is_name(others[i]));
}

Test(core_configpath, a_path_that_exists_comes_first)
{
    finds("mine.yaml", 0, "mine.yaml");
    finds("lab", 0, "lab");
}

Test(core_configpath, a_name_of_the_folder_in_the_environment)
{
    cr_assert_eq(unlink("lab"), 0);
    char expected[PATH_ROOM];
    snprintf(expected, sizeof expected, "%s/lab.yaml", in_scratch("site"));
    finds("lab", 0, expected);
    cr_assert_eq(mkdir("lab", 0777), 0); /* a folder is no config */
    finds("lab", 0, expected);
    finds("else/where/lab", 11, expected); /* base: lab in else/where/x.yaml */
    cr_assert_eq(unsetenv("HOPSACK_CONFIGS"), 0);
    fails(ERR_CONFIG, "lab", "lab: neither a file nor the name of a config");
}

Test(core_configpath, a_name_of_the_folder_it_is_used_in)
{
    finds("mine", 0, "mine.yaml");
    cr_assert_eq(chdir(scratch), 0);
    finds("work/mine", 5, "work/mine.yaml");
    fails(ERR_CONFIG, "mine", "mine: neither a file nor the name of a config");
}

Test(core_configpath, two_of_one_name_are_not_chosen_between)
{
    fails(ERR_CONFIG, "both", "both: can be both.yaml or ");
    fails(ERR_CONFIG, "both", "site/both.yaml; give the path of one");
    cr_assert_eq(unlink("both.yaml"), 0);
    cr_assert_eq(link("../site/both.yaml", "both.yaml"), 0); /* the same file twice is one */
    char expected[PATH_ROOM];
    snprintf(expected, sizeof expected, "%s/both.yaml", in_scratch("site"));
    finds("both", 0, expected);
}

Test(core_configpath, sentences)
{
    fails(ERR_CONFIG, "botj", "botj: neither a file nor the name of a config in ");
    fails(ERR_CONFIG, "botj", "site (HOPSACK_CONFIGS) or ");
    fails(ERR_CONFIG, "botj", "; did you mean both?");
    fails(ERR_IO, "configs/lab.yaml",
          "configs/lab.yaml: cannot read: No such file or directory; the config that comes with hopsack has the bare "
          "name lab");
    finds("configs/none.yaml", 0, "configs/none.yaml"); /* its reader says that it is missing */
}

Test(core_configpath, names_too_long)
{
    char path[PATH_ROOM + 9];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = 0;
    fails(ERR_IO, path, "name is longer than 4095 bytes");
    path[PATH_ROOM - 1] = 0;
    cr_assert_not(configpath_is_name(path));
    finds(path, 0, path);
    memcpy(path + PATH_ROOM - 6, ".yaml", 6);
    finds(path, 0, path);
}
