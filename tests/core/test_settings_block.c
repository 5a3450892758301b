/* SPDX-License-Identifier: MIT */
#include "core/section.h"
#include "core/settings.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    OptionTexts free, list;
} Free;

static const Option rows[] = {
    {"free", OPTION_TEXTS, offsetof(Free, free), "[]", 0, 0, NULL, "", "free keys"},
    {"list", OPTION_TEXTS, offsetof(Free, list), "[]", 0, 0, NULL, "", "blocks of free keys"},
    {0},
};
static const Section table[] = {{.path = "a", .rows = rows, .omits = true}, {0}};

typedef struct {
    Settings *s;
    Free free;
} Read;

static void open_layers(Read *r, const char *const *yaml, const char *flag, const char *value)
{
    *r = (Read){0};
    cr_assert_eq(settings_new(&r->s), OK);
    for (; *yaml; yaml++) cr_assert_eq(settings_yaml(r->s, *yaml, strlen(*yaml), "y"), OK, "%s", status_sentence());
    if (flag) cr_assert_eq(settings_flag(r->s, flag, value, "--flag"), OK);
}

static void must_read(Read *r, const char *const *yaml, const char *flag, const char *value)
{
    open_layers(r, yaml, flag, value);
    cr_assert_eq(settings_texts(r->s, "a.free", false), OK);
    cr_assert_eq(settings_texts(r->s, "a.list", true), OK);
    cr_assert_eq(section_bind(table, &r->free, r->s), OK, "%s", status_sentence());
    cr_assert_eq(settings_finish(r->s), OK, "%s", status_sentence());
}

static void must_be(const OptionTexts *texts, int n, const char *const *text)
{
    cr_assert_eq(texts->n, n);
    for (int i = 0; i < n; i++) cr_expect_str_eq(texts->text[i], text[i]);
}

#define YAML(...) ((const char *const[]){__VA_ARGS__, NULL})
#define TEXT(...) ((const char *const[]){__VA_ARGS__})

Test(core_settings_block, free_keys)
{
    Read r;
    must_read(&r, YAML("a:\n  free:\n    x.y: [1, b c, 'null']\n    z: {min: 1e-3, max: 2}\n    w: ~\n"), NULL, NULL);
    must_be(&r.free.free, 4, TEXT("x.y=1|b c|null", "z.min=1e-3", "z.max=2", "w=null"));
    must_be(&r.free.list, 0, NULL);
    settings_free(r.s);
}

Test(core_settings_block, blocks)
{
    Read r;
    must_read(&r, YAML("a: {list: [{}, {x: 1, y: {z: [2, 3]}}, {w: q}]}"), NULL, NULL);
    must_be(&r.free.list, 3, TEXT("", "x=1; y.z=2,3", "w=q"));
    settings_free(r.s);
}

Test(core_settings_block, the_last_layer_counts)
{
    Read r;
    const char *block = "a: {free: {x: [1, 2], y: 3}}", *texts = "a: {free: [x=4|5]}";
    must_read(&r, YAML(block, texts), NULL, NULL);
    must_be(&r.free.free, 1, TEXT("x=4|5"));
    settings_free(r.s);
    must_read(&r, YAML(texts, block), NULL, NULL);
    must_be(&r.free.free, 2, TEXT("x=1|2", "y=3"));
    settings_free(r.s);
    must_read(&r, YAML(block), "a.free.q", "7,8");
    must_be(&r.free.free, 1, TEXT("q=7|8"));
    settings_free(r.s);
    must_read(&r, YAML(block), "a.free", "x=7|8,y=9");
    must_be(&r.free.free, 2, TEXT("x=7|8", "y=9"));
    settings_free(r.s);
}

Test(core_settings_block, written_and_read_again)
{
    Read r, again;
    char *text, *same;
    must_read(&r, YAML("a: {free: {x: [1, 2]}, list: [{}, {y: 3, z: 4}]}"), NULL, NULL);
    cr_assert_eq(section_write(&text, table, &r.free), OK);
    must_read(&again, YAML(text), NULL, NULL);
    cr_assert_eq(section_write(&same, table, &again.free), OK);
    cr_expect_str_eq(text, same);
    must_be(&again.free.list, 2, TEXT("", "y=3; z=4"));
    free(text), free(same);
    settings_free(r.s), settings_free(again.s);
}

Test(core_settings_block, a_section_at_its_defaults_is_not_written)
{
    Read r;
    char *text;
    must_read(&r, YAML("a: {}"), NULL, NULL);
    cr_assert_eq(section_write(&text, table, &r.free), OK);
    cr_expect_null(strstr(text, "a:"));
    free(text);
    settings_free(r.s);
}
