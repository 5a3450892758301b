/* SPDX-License-Identifier: MIT
 *
 * Settings, options, YAML and sections together, on a small config of every kind of option.
 */
#include "core/log.h"
#include "core/rng.h"
#include "core/section.h"
#include "core/settings.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <math.h>

typedef struct {
    int size;
    double share;
} Round;

typedef struct {
    double angle;
} Square;

typedef struct {
    const char *name;
    int kind;
    double weight;
    OptionTexts words;
} Item;

typedef struct {
    int count, steps, mode, shape;
    uint64_t seed;
    double rate, mean;
    bool fast;
    const char *text, *word;
    int64_t memory;
    OptionTexts names;
    OptionNumbers numbers;
    union {
        Round round;
        Square square;
    } shape_options;
    int n_item;
    Item *item;
} Demo;

#define AT(field)   offsetof(Demo, field)
#define ITEM(field) offsetof(Item, field)

static const Option top[] = {{"seed", OPTION_SEED, AT(seed), "0", 0, 0, NULL, "", "of everything"}, {0}};

static const Option values[] = {
    {"kind", OPTION_CHOICE, AT(mode), "slow", 0, 0, "slow quick odd", "", "which way"},
    {"count", OPTION_INT, AT(count), "4", 1, 100, NULL, "bags", "how many"},
    {"steps", OPTION_INT, AT(steps), "null", 1, 9, "null", "steps", "how long"},
    {"rate", OPTION_NUMBER, AT(rate), "1e-3", 0, 1, NULL, "", "how fast"},
    {"mean", OPTION_NUMBER, AT(mean), "auto", 0, 0, "auto", "", "what is subtracted"},
    {"fast", OPTION_BOOL, AT(fast), "false", 0, 0, NULL, "", "whether"},
    {"text", OPTION_TEXT, AT(text), "null", 0, 0, NULL, "", "any text"},
    {"word", OPTION_TEXT, AT(word), "auto", 0, 0, NULL, "", "a text that is there"},
    {"memory", OPTION_BYTES, AT(memory), "all", 0, 1e15, NULL, "bytes", "how much"},
    {"names", OPTION_TEXTS, AT(names), "[]", 0, 0, NULL, "", "several"},
    {"numbers", OPTION_NUMBERS, AT(numbers), "1,2", -5, 5, NULL, "", "several"},
    {0},
};

static const Option round_rows[] = {
    {"size", OPTION_INT, offsetof(Round, size), "3", 1, 9, NULL, "", "of it"},
    {"share", OPTION_NUMBER, offsetof(Round, share), "0.5", 0, 1, NULL, "", "of it"},
    {0},
};
static const Option square_rows[] = {
    {"angle", OPTION_NUMBER, offsetof(Square, angle), "90", 0, 180, NULL, "degrees", "of it"},
    {0},
};

static bool shape_member(Member *out, int place)
{
    static const Member members[] = {{"round", round_rows}, {"square", square_rows}, {"none", NULL}};
    if (place < 3) *out = members[place];
    return place < 3;
}

static const Option item_rows[] = {
    {"name", OPTION_TEXT, ITEM(name), NULL, 0, 0, NULL, "", "of the item"},
    {"weight", OPTION_NUMBER, ITEM(weight), "1", 0, 10, NULL, "", "of the item"},
    {0},
};
static const Option wordy_rows[] = {{"words", OPTION_TEXTS, ITEM(words), "[]", 0, 0, NULL, "", "it says"}, {0}};

static bool item_member(Member *out, int place)
{
    static const Member members[] = {{"plain", NULL}, {"wordy", wordy_rows}};
    if (place < 2) *out = members[place];
    return place < 2;
}

static const Family shapes = {.standard = "round", .help = "how it looks", .member = shape_member};
static const Family items = {.standard = "plain", .help = "what it is", .member = item_member};

static const Section sections[] = {
    {.path = "", .rows = top},
    {.path = "values", .rows = values},
    {.path = "deep.shape", .family = &shapes, .kind_at = AT(shape), .options_at = AT(shape_options)},
    {.path = "items",
     .rows = item_rows,
     .family = &items,
     .kind_at = ITEM(kind),
     .entry_size = sizeof(Item),
     .count_at = AT(n_item),
     .list_at = AT(item)},
    {0},
};

static void enter_scratch(void)
{
    scratch_make();
    cr_assert_eq(chdir(scratch), 0);
}

TestSuite(core_settings, .init = enter_scratch, .fini = scratch_remove);

/* Reads a text, then flags "path=value" (NULL-ended), into `demo`; *s is the caller's to free in every case. */
static Status read_demo(Demo *demo, Settings **s, const char *yaml, size_t n, const char *const *flag)
{
    *demo = (Demo){0};
    cr_assert_eq(settings_new(s), OK);
    if (yaml) TRY(settings_yaml(*s, yaml, n, "a.yaml"));
    for (; flag && *flag; flag++) {
        char path[700], shown[800];
        const size_t length = strcspn(*flag, "=");
        snprintf(path, sizeof path, "%.*s", (int)length, *flag);
        snprintf(shown, sizeof shown, "--%s", path);
        TRY(settings_flag(*s, path, *flag + length + 1, shown));
    }
    TRY(section_bind(sections, demo, *s));
    return settings_finish(*s);
}

#define FLAGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void must_read(Demo *demo, Settings **s, const char *yaml, const char *const *flag)
{
    cr_assert_eq(read_demo(demo, s, yaml, yaml ? strlen(yaml) : 0, flag), OK, "%s", status_sentence());
}

static void must_fail(const char *yaml, size_t n, const char *const *flag, const char *sentence)
{
    Demo demo;
    Settings *s;
    const Status status = read_demo(&demo, &s, yaml, n, flag);
    cr_assert_eq(status, ERR_CONFIG, "'%.60s' gives %s, not: %s", yaml ? yaml : *flag, status_words(status),
                 sentence);
    cr_assert(strstr(status_sentence(), sentence), "'%.60s' says '%s', not '%s'", yaml ? yaml : *flag,
              status_sentence(), sentence);
    settings_free(s);
}

Test(core_settings, defaults)
{
    Demo d;
    Settings *s;
    must_read(&d, &s, NULL, NULL);
    cr_assert(d.seed == 0 && d.mode == 0 && d.count == 4 && d.steps == 0 && d.rate == 1e-3 && isnan(d.mean));
    cr_assert(!d.fast && !d.text && strcmp(d.word, "auto") == 0 && d.memory == -1 && d.names.n == 0);
    cr_assert(d.numbers.n == 2 && d.numbers.number[1] == 2 && d.shape == 0 && d.shape_options.round.size == 3);
    cr_assert(d.n_item == 0);
    settings_free(s);
    settings_free(NULL);
}

Test(core_settings, each_kind_from_a_file)
{
    Demo d;
    Settings *s;
    must_read(&d, &s,
              "# a comment\n"
              "seed: 18446744073709551615\n"
              "values:\n"
              "  kind: odd\n"
              "  count: +7\n"
              "  steps: 9\n"
              "  rate: 2.5e-1\n"
              "  mean: -3\n"
              "  fast: true\n"
              "  text: \"null\"   # quoted: a text\n"
              "  word: ''\n"
              "  memory: 1.5 GB\n"
              "  names: [a, \"null\", 'b, c']\n"
              "  numbers:\n"
              "    - -5\n"
              "    - 1e-2\n"
              "deep: {shape: {kind: square, angle: 45}}\n"
              "items: [{name: x}, {name: 'y', kind: wordy, words: [p, q], weight: 2}]\n",
              NULL);
    cr_assert(d.seed == UINT64_MAX && d.mode == 2 && d.count == 7 && d.steps == 9 && d.rate == 0.25 && d.mean == -3);
    cr_assert(d.fast && strcmp(d.text, "null") == 0 && *d.word == 0 && d.memory == 1500000000);
    cr_assert(d.names.n == 3 && strcmp(d.names.text[1], "null") == 0 && strcmp(d.names.text[2], "b, c") == 0);
    cr_assert(d.numbers.n == 2 && d.numbers.number[0] == -5 && d.numbers.number[1] == 0.01);
    cr_assert(d.shape == 1 && d.shape_options.square.angle == 45);
    cr_assert(d.n_item == 2 && strcmp(d.item[0].name, "x") == 0 && d.item[0].weight == 1 && d.item[0].kind == 0);
    cr_assert(d.item[1].kind == 1 && d.item[1].words.n == 2 && d.item[1].weight == 2);
    settings_free(s);
}

Test(core_settings, each_kind_from_flags)
{
    Demo d;
    Settings *s;
    must_read(&d, &s, NULL,
              FLAGS("seed=3", "values.kind=quick", "values.count=100", "values.steps=null", "values.rate=.5",
                    "values.mean=auto", "values.fast=true", "values.text=a = b", "values.memory=64KiB",
                    "values.names=a, b,c", "values.numbers=[1.5]", "deep.shape.kind=none", "items.0.name=it"));
    cr_assert(d.seed == 3 && d.mode == 1 && d.count == 100 && d.steps == 0 && d.rate == 0.5 && isnan(d.mean));
    cr_assert(d.fast && strcmp(d.text, "a = b") == 0 && d.memory == 65536);
    cr_assert(d.names.n == 3 && strcmp(d.names.text[1], "b") == 0);
    cr_assert(d.numbers.n == 1 && d.numbers.number[0] == 1.5 && d.shape == 2 && d.n_item == 1);
    settings_free(s);
    must_read(&d, &s, "values: {text: a, names: [x], numbers: [3]}",
              FLAGS("values.text=null", "values.names=[]", "values.numbers="));
    cr_assert(!d.text && d.names.n == 0 && d.numbers.n == 0);
    settings_free(s);
}

Test(core_settings, sizes_in_bytes)
{
    static const struct {
        const char *flag;
        int64_t bytes;
    } row[] = {{"values.memory=0", 0},
               {"values.memory=12", 12},
               {"values.memory=12B", 12},
               {"values.memory=2kB", 2000},
               {"values.memory=2 KB", 2000},
               {"values.memory=1MB", 1000000},
               {"values.memory=0.5GB", 500000000},
               {"values.memory=1GiB", 1073741824},
               {"values.memory=3TB", 3000000000000},
               {"values.memory=all", -1}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        Demo d;
        Settings *s;
        must_read(&d, &s, NULL, FLAGS(row[i].flag));
        cr_assert_eq(d.memory, row[i].bytes, "%s is %lld", row[i].flag, (long long)d.memory);
        settings_free(s);
    }
}

Test(core_settings, dotted_keys_and_null_blocks)
{
    Demo d;
    Settings *s;
    must_read(&d, &s, "values.count: 9\ndeep:\nitems: []\n...\n", NULL);
    cr_assert_eq(d.count, 9);
    settings_free(s);
    must_read(&d, &s, "# nothing\n", NULL);
    settings_free(s);
    must_read(&d, &s, "", NULL);
    settings_free(s);
    must_read(&d, &s, "null\n", NULL);
    settings_free(s);
    must_read(&d, &s, "\xef\xbb\xbfvalues: {count: 8}\r\n", NULL);
    cr_assert_eq(d.count, 8);
    settings_free(s);
}

/* Every sentence names where, what and the way out. */
static const struct {
    const char *yaml, *says;
} bad_yaml[] = {
    {"values:\n  cuont: 3\n", "a.yaml:2: unknown setting 'values.cuont'; did you mean values.count?"},
    {"vaules:\n  count: 3\n", "a.yaml:2: unknown setting 'vaules'; did you mean values?"},
    {"count: 3\n", "a.yaml:1: unknown setting 'count'; did you mean values.count?"},
    {"deep: {shap: {kind: none}}\n", "a.yaml:1: unknown setting 'deep.shap'; did you mean deep.shape?"},
    {"deep: {shape: {angle: 4}}\n", "a.yaml:1: deep.shape.angle is a setting of kind square"},
    {"deep: {shape: {kind: none, size: 4}}\n", "a.yaml:1: deep.shape.size is a setting of kind round"},
    {"deep: {shape: {kind: rond}}\n", "a.yaml:1: deep.shape.kind: 'rond' is not round, square or none"},
    {"values: {count: 3}\nvalues: {steps: 2}\n", "a.yaml:2: 'values' is given twice (before: a.yaml:1)"},
    {"values: {count: 3, count: 4}\n", "a.yaml:1: 'values.count' is given twice"},
    {"values: {count: 3}\nvalues.count: 4\n", "a.yaml:2: 'values.count' is given twice (before: a.yaml:1)"},
    {"values:\n  count: 0\n", "a.yaml:2: values.count: 0 is outside 1 to 100 bags"},
    {"values:\n  count: 101\n", "a.yaml:2: values.count: 101 is outside 1 to 100 bags"},
    {"values: {count: 3.5}\n", "values.count: '3.5' is not an integer"},
    {"values: {count: 1e-1}\n", "values.count: '1e-1' is not an integer"},
    {"values: {count: three}\n", "values.count: 'three' is not an integer"},
    {"values: {count: 99999999999999999999}\n", "values.count: '99999999999999999999' is not an integer"},
    {"values: {count: null}\n", "a.yaml:1: values.count: needs a value: how many"},
    {"values:\n  count:\n", "a.yaml:2: values.count: needs a value: how many"},
    {"values: {count: [3]}\n", "a.yaml:1: values.count: takes one value, not a list"},
    {"values: {count: {a: 3}}\n", "a.yaml:1: values.count is one value, not a block"},
    {"values: {count: {}}\n", "a.yaml:1: values.count is one value, not a block"},
    {"values: {count: [{a: 3}]}\n", "a.yaml:1: values.count is one value, not a block"},
    {"values: {steps: 10}\n", "values.steps: 10 is outside 1 to 9 steps"},
    {"values: {steps: x}\n", "values.steps: 'x' is not an integer from 1 to 9 steps, nor null"},
    {"values: {rate: fast}\n", "values.rate: 'fast' is not a number"},
    {"values: {rate: nan}\n", "values.rate: 'nan' is not a number"},
    {"values: {rate: .inf}\n", "values.rate: '.inf' is not a number"},
    {"values: {rate: 0x1}\n", "values.rate: '0x1' is not a number"},
    {"values: {rate: 1.1}\n", "values.rate: 1.1 is outside 0 to 1"},
    {"values: {mean: automatic}\n", "values.mean: 'automatic' is not a number, nor auto"},
    {"values: {fast: fine}\n", "values.fast: 'fine' is not true or false"},
    {"values: {word: null}\n", "values.word: needs a value: a text that is there"},
    {"values: {memory: much}\n", "values.memory: 'much' is not all or a size such as 64KB or 1GB"},
    {"values: {memory: 3XB}\n", "values.memory: '3XB' is not all or a size"},
    {"values: {memory: -5}\n", "values.memory: '-5' is not all or a size"},
    {"values: {memory: 2000TB}\n", "values.memory: 2000TB is outside 0 to 1e+15 bytes"},
    {"values: {kind: fastest}\n", "values.kind: 'fastest' is not slow, quick or odd"},
    {"values: {names: a}\n", "a.yaml:1: values.names: takes a list: [a]"},
    {"values: {names: [a, null]}\n", "a.yaml:1: entry 1 of the list 'values.names' is not one value"},
    {"values: {names: [a, [b]]}\n", "a.yaml:1: entry 1 of the list 'values.names' is not one value"},
    {"values: {names: [a, {b: 1}]}\n", "a.yaml:1: entry 1 of the list 'values.names' is not one value"},
    {"values: {numbers: [1, x]}\n", "values.numbers: 'x' is not a number"},
    {"values: {numbers: [1, 6]}\n", "values.numbers: 6 is outside -5 to 5"},
    {"values: 5\n", "a.yaml:1: values is one block of settings"},
    {"values: [5]\n", "a.yaml:1: values is one block of settings"},
    {"values: [{count: 5}]\n", "a.yaml:1: values is one block of settings"},
    {"seed: -1\n", "a.yaml:1: seed: '-1' is not an integer from 0 to 18446744073709551615"},
    {"seed: 18446744073709551616\n", "is not an integer from 0 to 18446744073709551615"},
    {"items: {name: x}\n", "a.yaml:1: 'items' is a list of blocks; begin each with '- '"},
    {"items: x\n", "a.yaml:1: 'items' is a list of blocks; begin each with '- '"},
    {"items: [x]\n", "a.yaml:1: 'items' is a list of blocks; begin each with '- '"},
    {"items:\n  - name: x\n  - y\n", "a.yaml:3: entry 1 of the list 'items' is not a block of keys"},
    {"items:\n  - kind: plain\n", "items.0.name must be given (of the item)"},
    {"items:\n  - name: null\n", "items.0.name must be given (of the item)"},
    {"items:\n  - {name: x, wieght: 2}\n",
     "a.yaml:2: unknown setting 'items.0.wieght'; did you mean items.0.weight?"},
    {"items:\n  - {name: x, words: [a]}\n", "a.yaml:2: items.0.words is a setting of kind wordy"},
    {"items:\n  - {name: x, weight: 11}\n", "a.yaml:2: items.0.weight: 11 is outside 0 to 10"},
    {"base: other.yaml\n", "a.yaml:1: base: this file cannot have a base of its own"},
    {"values: {count: &a 3}\n", "a.yaml:1: anchors (&a) are not supported"},
    {"values: &a {count: 3}\n", "a.yaml:1: anchors (&a) are not supported"},
    {"values: {names: &a [x]}\n", "a.yaml:1: anchors (&a) are not supported"},
    {"values: {count: *a}\n", "a.yaml:1: aliases (*a) are not supported"},
    {"values: {count: !!int 3}\n", "a.yaml:1: tags (tag:yaml.org,2002:int) are not supported"},
    {"values: !mine {count: 3}\n", "a.yaml:1: tags (!mine) are not supported"},
    {"<<: {count: 3}\n", "a.yaml:1: unknown setting '<<'"},
    {"? [a, b]\n: 3\n", "a.yaml:1: a key must be one word"},
    {"'': 3\n", "a.yaml:1: a key must be one word"},
    {"- a\n- b\n", "a.yaml:1: should hold 'key: value' lines"},
    {"just words\n", "a.yaml:1: should hold 'key: value' lines"},
    {"seed: 1\n---\nseed: 2\n", "a.yaml:2: a second document begins"},
    {"values: {count: 3\n", "a.yaml:2: not YAML: "},
    {"values:\n\tcount: 3\n", "a.yaml:2: not YAML: "},
    {"values:\n  count: 3\n bad: 4\n", "a.yaml:3: not YAML: "},
    {"values: 'open\n", "not YAML: "},
    {"a: {a: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}}\n", "a.yaml:1: 'a.a.a.a.a.a.a.a' is nested deeper than 8 levels"},
    {"a: [[1]]\n", "entry 0 of the list 'a' is not one value"},
    {"values: {text: \"a\\0b\"}\n", "a.yaml:1: a value holds a NUL byte"},
    {"values: {text: \xff}\n",
     "a.yaml:1: byte 16 of the file: invalid leading UTF-8 octet; the file must be UTF-8 text"},
    {"values: {text: \x01}\n", "a.yaml:1: byte 16 of the file: control characters are not allowed"},
};

Test(core_settings, bad_yaml)
{
    for (size_t i = 0; i < sizeof bad_yaml / sizeof *bad_yaml; i++)
        must_fail(bad_yaml[i].yaml, strlen(bad_yaml[i].yaml), NULL, bad_yaml[i].says);
}

Test(core_settings, bad_bytes)
{
    must_fail("seed: 1\n\0\n", 10, NULL, "control characters are not allowed; the file must be UTF-8 text");
    must_fail("\xff\xfes\0e\0", 6, NULL, "is UTF-16 text; save it as UTF-8");
}

Test(core_settings, huge_files)
{
    const size_t n = 70000;
    char *text = malloc(200000), *end = text;
    memcpy(text, "values: {text: ", 15);
    memset(text + 15, 'x', n);
    memcpy(text + n, "}\n", 2);
    must_fail(text, n + 2, NULL, "a.yaml:1: a value of 69985 bytes is longer than 65536");
    memset(text, '[', n);
    must_fail(text, n, NULL, "a.yaml:1: should hold 'key: value' lines");
    for (int i = 0; i <= 10000; i++) end += sprintf(end, "k%d: 1\n", i);
    must_fail(text, (size_t)(end - text), NULL, "a.yaml:10001: more than 10000 settings");
    memset(text, 'k', 600);
    memcpy(text + 600, ": 1\n", 4);
    must_fail(text, 604, NULL, "is longer than 511 bytes");
    free(text);
}

Test(core_settings, bad_flags)
{
    static const char *const row[][2] = {
        {"values.cuont=3", "--values.cuont: unknown setting 'values.cuont'; did you mean values.count?"},
        {"values.count=0", "--values.count: 0 is outside 1 to 100 bags"},
        {"values.count=", "--values.count: '' is not an integer"},
        {"values.count=null", "--values.count: needs a value: how many"},
        {"values=3", "--values: values is one block of settings"},
        {"values.count.x=3", "--values.count.x: values.count is one value, not a block"},
        {"values.text=\xff", "--values.text: the value is not UTF-8 text"},
        {"values.numbers=1,,2", "--values.numbers: '' is not a number"},
        {"deep.shape.angle=3", "--deep.shape.angle: deep.shape.angle is a setting of kind square"},
        {"items.1.name=x", "--items.1.name: 'items' has 0 entries, numbered from 0"},
        {"items.x.name=x", "--items.x.name: 'items' is a list of blocks"},
        {"items.0.weight=2", "items.0.name must be given"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) must_fail(NULL, 0, FLAGS(row[i][0]), row[i][1]);
    must_fail(NULL, 0, FLAGS("seed=1", "seed=2"), "--seed: 'seed' is given twice (before: --seed)");
}

static Status read_files(Demo *demo, Settings **s, const char *path, const char *const *flag)
{
    *demo = (Demo){0};
    cr_assert_eq(settings_new(s), OK);
    TRY(settings_file(*s, path));
    for (; flag && *flag; flag += 2) TRY(settings_flag(*s, flag[0], flag[1], "--flag"));
    TRY(section_bind(sections, demo, *s));
    return settings_finish(*s);
}

Test(core_settings, default_then_base_then_file_then_flag)
{
    Demo d;
    Settings *s;
    scratch_text("sub/base.yaml", "values: {count: 10, steps: 5, rate: 0.5}\nitems: [{name: x}, {name: y}]\n");
    scratch_text("sub/file.yaml", "values: {count: 20, steps: 6}\nbase: base.yaml\n");
    cr_assert_eq(read_files(&d, &s, "sub/file.yaml", FLAGS("values.count", "30", "items.1.weight", "7")), OK, "%s",
                 status_sentence());
    cr_assert(d.count == 30 && d.steps == 6 && d.rate == 0.5 && isnan(d.mean));
    cr_assert(d.n_item == 2 && d.item[0].weight == 1 && d.item[1].weight == 7);
    settings_free(s);
}

Test(core_settings, a_list_takes_the_place_of_the_whole_list)
{
    Demo d;
    Settings *s;
    scratch_text("base.yaml", "items: [{name: x, weight: 2}, {name: y}]\nvalues: {names: [a, b]}\n");
    scratch_text("file.yaml", "base: base.yaml\nitems: [{name: z}]\nvalues: {names: [c]}\n");
    scratch_text("none.yaml", "base: base.yaml\nitems: []\n");
    cr_assert_eq(read_files(&d, &s, "file.yaml", NULL), OK, "%s", status_sentence());
    cr_assert(d.n_item == 1 && d.item[0].weight == 1 && strcmp(d.item[0].name, "z") == 0);
    cr_assert(d.names.n == 1 && strcmp(d.names.text[0], "c") == 0);
    settings_free(s);
    cr_assert_eq(read_files(&d, &s, "none.yaml", NULL), OK, "%s", status_sentence());
    cr_assert_eq(d.n_item, 0);
    settings_free(s);
    cr_assert_eq(read_files(&d, &s, "base.yaml", FLAGS("items.2.name", "third")), OK);
    cr_assert_eq(d.n_item, 3);
    settings_free(s);
}

Test(core_settings, a_later_kind_starts_its_block_afresh)
{
    Demo d;
    Settings *s;
    scratch_text("base.yaml",
                 "deep: {shape: {size: 8}}\nvalues: {kind: quick, count: 9}\nitems: [{name: x, weight: 3}]\n");
    scratch_text("other.yaml", "base: base.yaml\ndeep: {shape: {kind: square, angle: 10}}\nvalues: {kind: odd}\n");
    scratch_text("same.yaml", "base: base.yaml\ndeep: {shape: {kind: round}}\nvalues: {kind: quick}\n");
    cr_assert_eq(read_files(&d, &s, "other.yaml", NULL), OK, "%s", status_sentence());
    cr_assert(d.shape == 1 && d.shape_options.square.angle == 10 && d.mode == 2 && d.count == 4);
    settings_free(s);
    cr_assert_eq(read_files(&d, &s, "same.yaml", NULL), OK, "%s", status_sentence());
    cr_assert(d.shape == 0 && d.shape_options.round.size == 8 && d.mode == 1 && d.count == 9);
    settings_free(s);
    /* there and back: what the base said of size no longer counts */
    cr_assert_eq(read_files(&d, &s, "other.yaml", FLAGS("deep.shape.kind", "round")), OK, "%s", status_sentence());
    cr_assert(d.shape == 0 && d.shape_options.round.size == 3);
    settings_free(s);
    cr_assert_eq(read_files(&d, &s, "base.yaml", FLAGS("items.0.kind", "wordy")), ERR_CONFIG);
    cr_assert(strstr(status_sentence(), "items.0.name must be given"));
    settings_free(s);
}

/* What only the former kind knew goes silently. */
Test(core_settings, a_later_kind_warns_of_what_it_would_have_known)
{
    Demo d;
    Settings *s;
    cr_redirect_stderr();
    scratch_text("base.yaml", "deep: {shape: {size: 8}}\nvalues: {kind: quick, count: 9}\n");
    cr_assert_eq(read_files(&d, &s, "base.yaml", FLAGS("deep.shape.kind", "square", "values.kind", "odd")), OK);
    settings_free(s);
    fflush(stderr);
    cr_assert_stderr_eq_str("hopsack: warning: base.yaml:2: values.count no longer counts, as --flag chooses "
                            "another kind; set it again if it should\n");
}

Test(core_settings, base_files_that_cannot_be)
{
    static const char *const row[][2] = {
        {"base: [a, b]\n", "file.yaml:1: base: takes the name of one file"},
        {"base: {a: b}\n", "file.yaml:1: base: takes the name of one file"},
        {"\nbase: none.yaml\n", "file.yaml:2: base: none.yaml: cannot read: No such file"},
        {"base: deep.yaml\n", "deep.yaml:1: base: this file cannot have a base of its own"},
        {"base: file.yaml\n", "file.yaml:1: base: this file cannot have a base of its own"},
        {"base: a\nbase: b\n", "file.yaml:2: 'base' is given twice"},
        {"base: bad.yaml\n", "bad.yaml:1: unknown setting 'cuont'"},
    };
    scratch_text("deep.yaml", "base: file.yaml\n");
    scratch_text("bad.yaml", "cuont: 4\n");
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        Demo d;
        Settings *s;
        scratch_text("file.yaml", row[i][0]);
        const Status status = read_files(&d, &s, "file.yaml", NULL);
        cr_assert_eq(status, strstr(row[i][1], "cannot read") ? ERR_IO : ERR_CONFIG);
        cr_assert(strstr(status_sentence(), row[i][1]), "'%s' is not '%s'", status_sentence(), row[i][1]);
        settings_free(s);
    }
    Demo d;
    Settings *s;
    scratch_text("file.yaml", "base: null\nvalues: {count: 5}\n");
    cr_assert_eq(read_files(&d, &s, "file.yaml", NULL), OK, "%s", status_sentence());
    settings_free(s);
}

static char *written(const Demo *d)
{
    char *text;
    cr_assert_eq(section_write(&text, sections, d), OK, "%s", status_sentence());
    return text;
}

/* What is written reads back as the same, and is written the same again. */
static void assert_fixed(const char *yaml, const char *const *flag)
{
    Demo a, b;
    Settings *s, *t;
    must_read(&a, &s, yaml, flag);
    char *first = written(&a);
    must_read(&b, &t, first, NULL);
    char *second = written(&b);
    cr_assert_str_eq(first, second);
    cr_assert(!a.text == !b.text && (!a.text || strcmp(a.text, b.text) == 0), "'%s' became '%s'", a.text, b.text);
    cr_assert(a.rate == b.rate && a.seed == b.seed && a.memory == b.memory && a.steps == b.steps &&
              a.shape == b.shape);
    cr_assert_eq(a.names.n, b.names.n);
    for (int i = 0; i < a.names.n; i++) cr_assert_str_eq(a.names.text[i], b.names.text[i]);
    for (int i = 0; i < a.numbers.n; i++) cr_assert_eq(a.numbers.number[i], b.numbers.number[i]);
    cr_assert_eq(a.n_item, b.n_item);
    free(first);
    free(second);
    settings_free(s);
    settings_free(t);
}

Test(core_settings, writing_is_a_fixed_point)
{
    static const char *const text[] = {"null",
                                       "~",
                                       "",
                                       " ",
                                       "a b",
                                       "a: b",
                                       "# a",
                                       "- a",
                                       "[a, b]",
                                       "{a}",
                                       "'a'",
                                       "\"a\"",
                                       "a\nb",
                                       "\ta ",
                                       "a\n\n b \n",
                                       "!a",
                                       "&a",
                                       "*a",
                                       "%a",
                                       "@a",
                                       "`a",
                                       "|",
                                       ">",
                                       "?",
                                       "+",
                                       "-",
                                       "true",
                                       "1e3",
                                       "\xc3\xbc",
                                       "\xc2\x85",
                                       "\xe2\x80\xa8",
                                       "\xef\xbb\xbf",
                                       "\x01\x7f",
                                       "\\",
                                       "a,b",
                                       "...",
                                       "---",
                                       "\xf0\x9f\xa7\xac",
                                       "#",
                                       "a #b",
                                       "null ",
                                       "=",
                                       "<<"};
    assert_fixed(NULL, NULL);
    assert_fixed(
        "values: {steps: 3, rate: 0.30000000000000004, mean: 1e-300, memory: 1KiB, names: ['', 'null', 'a, b', ' '], "
        "numbers: []}\nitems: [{name: a}, {name: b, kind: wordy, words: [x]}]\ndeep: {shape: {kind: none}}\n",
        NULL);
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        char flag[64];
        snprintf(flag, sizeof flag, "values.text=%s", text[i]);
        assert_fixed(NULL, FLAGS(flag));
    }
    assert_fixed("values: {text: 'null'}", NULL);
}

/* What help is made from: "path: default; help (values; only with KEY: KIND)". */
static void write_key(void *context, const SectionKey *key)
{
    char text[2 * OPTION_WORDS_ROOM];
    const Option *row = key->row;
    fprintf(context, "%s: %s; %s (%s%s%s%s%s)%s\n", key->path, row->standard ? row->standard : "-", row->help,
            option_values(text, row), key->kind ? "; only with " : "", key->kind ? key->key : "",
            key->kind ? ": " : "", key->kind ? key->kind : "", key->chooses ? " chooses" : "");
}

Test(core_settings, a_walk_meets_all_of_a_row)
{
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    section_walk(sections, write_key, out);
    fclose(out);
    static const char *const says[] = {"values.count: 4; how many (integer from 1 to 100 bags)\n",
                                       "how long (integer from 1 to 9 steps, or null)\n",
                                       "which way (slow, quick or odd)\n",
                                       "deep.shape.kind: round; how it looks (round, square or none) chooses\n",
                                       "; of it (number from 0 to 180 degrees; only with deep.shape.kind: square)\n",
                                       "items.0.name: -; ",
                                       "any text (text)\n"};
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        cr_assert(strstr(text, says[i]), "no '%s' in\n%s", says[i], text);
    free(text);
}

Test(core_settings, values_have_names)
{
    char buffer[OPTION_WORDS_ROOM];
    const Option file = {.kind = OPTION_TEXT, .unit = "FILE"}, any = {.kind = OPTION_TEXT, .unit = ""};
    const Option choice = {.kind = OPTION_CHOICE, .choices = "adam adamw sgd", .unit = ""};
    const Option size = {.kind = OPTION_BYTES, .unit = ""}, whole = {.kind = OPTION_INT, .unit = "bags"};
    cr_assert_str_eq(option_value_name(buffer, &file), "FILE");
    cr_assert_str_eq(option_value_name(buffer, &any), "TEXT");
    cr_assert_str_eq(option_value_name(buffer, &choice), "adam|adamw|sgd");
    cr_assert_str_eq(option_value_name(buffer, &size), "SIZE");
    cr_assert_str_eq(option_value_name(buffer, &whole), "N");
}

Test(core_settings, short_names_stand_for_paths)
{
    static const ShortName names[] = {{"group", "splits.group", NULL}, {0}};
    const char *other = "train.lr";
    cr_assert_str_eq(section_long_name(names, "group"), "splits.group");
    cr_assert_eq(section_long_name(names, other), other);
    cr_assert_eq(section_long_name(NULL, other), other);
}

/* Whatever bytes are changed, the text is read or refused with a sentence. */
Test(core_settings, random_damage)
{
    static const char sound[] =
        "seed: 3\nvalues:\n  kind: odd\n  rate: 2.5e-1\n  names: [a, \"b\", 'c d']\n  text: |\n    x\n"
        "deep: {shape: {kind: square, angle: 45}}\nitems:\n- name: x\n- {name: 'y', kind: wordy}\n";
    static const char bytes[] = "\n\n  ::--[]{}'\"&*!|>#%@`,?~\\\t\xff\xc3\xbc 0a.x";
    Rng rng = rng_stream(17, "damage", 0);
    log_level(LOG_QUIET);
    int n_read = 0;
    for (int round = 0; round < 20000; round++) {
        char text[sizeof sound];
        memcpy(text, sound, sizeof sound);
        for (uint64_t i = rng_below(&rng, 2) + 1; i > 0; i--)
            text[rng_below(&rng, sizeof sound - 1)] = bytes[rng_below(&rng, sizeof bytes - 1)];
        Demo d;
        Settings *s;
        const Status status = read_demo(&d, &s, text, sizeof sound - 1 - rng_below(&rng, 20), NULL);
        cr_assert(status == OK || status == ERR_CONFIG, "round %d (seed 17): %s", round, status_sentence());
        cr_assert(status == OK || strstr(status_sentence(), "a.yaml") || strstr(status_sentence(), "must be given"),
                  "round %d (seed 17): %s", round, status_sentence());
        n_read += status == OK;
        settings_free(s);
    }
    cr_assert_gt(n_read, 100, "only %d were read", n_read);
}
