/* SPDX-License-Identifier: MIT */
#include "core/nearest.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *const known[] = {
    "threads",     "train.lr", "train.batch", "model.embedder.n_unit", "data.scale", "model.pooling.n_unit",
    "splits.fold", NULL};

static const char *meant(const char *name)
{
    static char text[NEAREST_MOST * NEAREST_ROOM];
    Nearest near;
    nearest_start(&near, name, nearest_limit(name));
    for (const char *const *k = known; *k; k++) {
        nearest_offer(&near, *k, *k);
        nearest_offer(&near, *k, *k); /* twice is once */
    }
    return nearest_text(text, sizeof text, &near);
}

Test(core_nearest, distances)
{
    cr_assert_eq(nearest_distance("", ""), 0);
    cr_assert_eq(nearest_distance("abc", ""), 3);
    cr_assert_eq(nearest_distance("kitten", "sitting"), 3);
}

Test(core_nearest, misspelt_and_misplaced_names)
{
    cr_assert_str_eq(meant("thread"), "threads");
    cr_assert_str_eq(meant("lr"), "train.lr");
    cr_assert_str_eq(meant("model.lr"), "train.lr");
    cr_assert_str_eq(meant("batsh"), "train.batch");
    cr_assert_str_eq(meant("train.batsh"), "train.batch");
    cr_assert_str_eq(meant("n_unit"), "model.embedder.n_unit or model.pooling.n_unit");
    cr_assert_str_eq(meant("nonsense"), "");
}

Test(core_nearest, lists_have_commas)
{
    char text[64];
    Nearest near;
    nearest_start(&near, "x", 1);
    nearest_offer(&near, "a.x", "--a.x");
    nearest_offer(&near, "b.x", "--b.x");
    nearest_offer(&near, "c.x", "--c.x");
    cr_assert_str_eq(nearest_text(text, sizeof text, &near), "--a.x, --b.x or --c.x");
    for (int i = 0; i < 3 * NEAREST_MOST; i++) {
        char name[8];
        snprintf(name, sizeof name, "n%d.x", i);
        nearest_offer(&near, name, name);
    }
    cr_assert_eq(near.n, NEAREST_MOST);
    cr_assert_lt(strlen(nearest_text(text, sizeof text, &near)), sizeof text);
}

Test(core_nearest, names)
{
    static const char *const names[] = {"import", "train", "predict", NULL};
    cr_assert_str_eq(nearest_name("trian", names), "train");
    cr_assert_null(nearest_name("zzzz", names));
}
