/* SPDX-License-Identifier: MIT */
#include "cli/print_check.h"
#include "cli/print.h"
#include "core/jsontext.h"
#include "core/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define GENES 5  /* genes that predict nothing: so many are printed */
#define PAIRS 10 /* of bags that share clones */

static long long whole(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

/* ---- verdict ---- */

/* Without it, a small cohort would look like one in which nothing predicts the label. The number of such tasks. */
static int print_too_few(const json_t *check, bool print)
{
    const char *name;
    json_t *task;
    int n = 0;
    json_object_foreach(json_object_get(check, "tasks"), name, task)
    {
        if (!json_is_true(json_object_get(task, "too_few"))) continue;
        n++;
        if (!print) continue;
        printf("%lld %s with a label of '%s' are too few to tell whether a number predicts it.\n",
               whole(task, "units"), json_is_true(json_object_get(task, "joined")) ? "groups" : "bags", name);
    }
    return n;
}

static void print_verdict(const json_t *check)
{
    size_t i;
    json_t *sentence;
    const json_t *remarks = json_object_get(check, "remarks");
    const size_t n = json_array_size(remarks);
    if (strcmp(jsontext_field(check, "verdict"), "damaged") == 0)
        printf("The dataset is damaged.\n");
    else if (n == 0)
        printf("The dataset is sound%s.\n", print_too_few(check, false) ? "" : "; nothing remarkable was found");
    else
        printf("The dataset is readable, with %zu remark%s:\n", n, number_plural((int64_t)n));
    json_array_foreach(remarks, i, sentence) printf("* %s.\n", json_string_value(sentence));
    print_too_few(check, true);
}

static void print_damaged(const json_t *list)
{
    size_t i;
    json_t *bag;
    json_array_foreach(list, i, bag)
        printf("damaged       %s: %s\n", jsontext_field(bag, "bag"), jsontext_field(bag, "why"));
}

static void print_pairs(const json_t *pairs)
{
    size_t i;
    json_t *pair;
    json_array_foreach(pairs, i, pair)
    {
        if (i == PAIRS) {
            printf("              and %zu more pairs (--json)\n", json_array_size(pairs) - PAIRS);
            break;
        }
        printf("one donor?    %s, %s: %lld of %lld largest clones shared\n", jsontext_field(pair, "a"),
               jsontext_field(pair, "b"), whole(pair, "shared"), whole(pair, "of"));
    }
}

static void print_counts(const char *title, const json_t *counts, const char *unit)
{
    const char *key;
    json_t *n;
    const char *separator = "";
    if (json_object_size(counts) == 0) return;
    printf("%-13s ", title);
    json_object_foreach((json_t *)(size_t)counts, key, n)
    {
        printf("%s%s %lld", separator, key, (long long)json_integer_value(n));
        separator = ", ";
    }
    printf("%s\n", unit);
}

static void print_bags(const json_t *check)
{
    const json_t *junctions = json_object_get(check, "junctions");
    printf("\nbags          %lld, %lld %s; all arrays read, checksums and content hashes compared\n",
           whole(check, "bags"), whole(check, "instances"),
           strcmp(jsontext_field(check, "kind"), "vectors") == 0 ? "instances" : "sequences");
    print_damaged(json_object_get(json_object_get(check, "integrity"), "damaged"));
    print_equal_bags(json_object_get(check, "equal_bags"));
    print_pairs(json_object_get(json_object_get(check, "shared_clones"), "pairs"));
    if (junctions)
        printf("ends          C…F or C…W in %.1f %% of the sequences of a bag (mean); region %s\n",
               100 * jsontext_number(junctions, "share"),
               *jsontext_field(check, "region") ? jsontext_field(check, "region") : "unknown");
    print_counts("loci", json_object_get(check, "loci"), " sequences");
}

/* ---- tasks ---- */

static void print_classes(const json_t *counts)
{
    const char *value;
    json_t *n;
    const char *separator = "";
    json_object_foreach((json_t *)(size_t)counts, value, n)
    {
        printf("%s%s: %lld", separator, value, (long long)json_integer_value(n));
        separator = ", ";
    }
}

static void print_by_class(const json_t *by_class)
{
    const char *class;
    json_t *of;
    const char *separator = "";
    json_object_foreach((json_t *)(size_t)by_class, class, of)
    {
        printf("%s%s ", separator, class);
        if (json_object_get(of, "median"))
            printf("%.4g (%.4g to %.4g)", jsontext_number(of, "median"), jsontext_number(of, "min"),
                   jsontext_number(of, "max"));
        else if (json_object_size(of) == 0)
            printf("(many values)");
        else
            print_classes(of);
        separator = " | ";
    }
    printf("\n");
}

static void print_trait(const json_t *trait, double level)
{
    const json_t *auc = json_object_get(trait, "auc"), *strength = auc ? auc : json_object_get(trait, "correlation");
    const json_t *interval = json_object_get(trait, "interval");
    const char *mark = strength && jsontext_number(trait, "p") <= level ? "*" : " ";
    printf("%s %-22.40s ", mark, jsontext_field(trait, "name"));
    if (!strength) {
        printf("%-31s", "the same in all");
    } else {
        printf("%.3f", json_number_value(strength));
        if (json_is_array(interval))
            printf(" (%.3f to %.3f)", json_number_value(json_array_get(interval, 0)),
                   json_number_value(json_array_get(interval, 1)));
        printf("  p %-6.3g", jsontext_number(trait, "p"));
    }
    printf("  ");
    print_by_class(json_object_get(trait, "by_class"));
}

static void print_together(const json_t *together)
{
    const json_t *interval = json_object_get(together, "interval"), *p = json_object_get(together, "p");
    if (!json_is_object(together)) return;
    printf("  %-22s %.3f (%.3f to %.3f)  ", "all together", jsontext_number(together, "auc"),
           json_number_value(json_array_get(interval, 0)), json_number_value(json_array_get(interval, 1)));
    if (p) printf("p %-6.3g  ", json_number_value(p));
    printf("logistic regression on %lld columns, %lld folds\n", whole(together, "columns"), whole(together, "folds"));
}

static void print_task(const char *name, const json_t *task, bool all)
{
    size_t i;
    json_t *trait;
    int genes = 0;
    const bool areas = strcmp(jsontext_field(task, "kind"), "regression") != 0;
    const double level = jsontext_number(task, "level");
    printf("\n%s (%s)\n", name, jsontext_field(task, "kind"));
    print_counts("labels", json_object_get(task, "counts"), "");
    if (whole(task, "missing") > 0) printf("%-13s %lld\n", "missing", whole(task, "missing"));
    printf("Each number alone: %s, 95 %% interval, p for all %lld together (* at most %.3g), median and range by "
           "label\n",
           areas ? "AUC" : "|rank correlation|", whole(task, "tested"), level);
    if (json_is_true(json_object_get(task, "joined"))) printf("over %lld groups\n", whole(task, "units"));
    json_array_foreach(json_object_get(task, "traits"), i, trait)
    {
        const bool plain_gene =
            strcmp(jsontext_field(trait, "source"), "gene") == 0 && !(jsontext_number(trait, "p") <= level);
        if (plain_gene && !all && ++genes > GENES) continue;
        print_trait(trait, level);
    }
    if (genes > GENES) printf("  %d more genes (--verbose)\n", genes - GENES);
    print_together(json_object_get(task, "together"));
}

void print_check(const json_t *check, bool all)
{
    const char *name;
    json_t *task;
    print_verdict(check);
    print_bags(check);
    json_object_foreach(json_object_get(check, "tasks"), name, task) print_task(name, task, all);
}

/* ---- --assumptions ---- */

static const char *const tests[] = {"single", "threshold", "frequency"};

/* The lowest of an array. */
static double lowest(const json_t *values)
{
    size_t i;
    json_t *value;
    double min = INFINITY;
    json_array_foreach(values, i, value) min = fmin(min, json_number_value(value));
    return min;
}

static void print_model(const json_t *model)
{
    printf("%-28s", jsontext_field(model, "name"));
    for (int k = 0; k < 3; k++) {
        const json_t *test = json_object_get(json_object_get(model, "tests"), tests[k]);
        printf("  %.2f %.2f %-11s", lowest(json_object_get(test, "alike")), lowest(json_object_get(test, "test")),
               jsontext_field(test, "verdict"));
    }
    printf("  %s\n", json_is_true(json_object_get(model, "passes")) ? "obeys" : "does not");
}

void print_check_assumptions(const json_t *result)
{
    size_t i;
    json_t *model;
    printf("Lowest AUC over %zu seeds, of new bags like those of training and of the test set; a test is passed if "
           "both\n"
           "are at least %g, and not learned if the first is not.\n\n",
           json_array_size(json_object_get(result, "seeds")), jsontext_number(result, "threshold"));
    printf("%-28s", "model");
    for (int k = 0; k < 3; k++) printf("  %-21s", tests[k]);
    printf("  standard assumption\n");
    json_array_foreach(json_object_get(result, "models"), i, model) print_model(model);
}
