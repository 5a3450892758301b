/* SPDX-License-Identifier: MIT */
#include "cli/inspect_data.h"
#include "cli/print.h"
#include "core/jsontext.h"
#include "core/number.h"
#include "data/sequences/survey.h"

#include <stdio.h>
#include <string.h>

static long long whole(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_integer(value)) return (long long)json_integer_value(value); /* to the last digit */
    const double number = json_number_value(value);
    return number < 9e18 && number > -9e18 ? (long long)number : 0;
}

static void print_sequences(const json_t *s)
{
    const json_t *length = json_object_get(s, "length"), *count = json_object_get(s, "count");
    const char *region = jsontext_field(s, "region");
    printf("  length      %lld to %lld, mean %.2f (stored %lld wide)\n", whole(length, "min"), whole(length, "max"),
           jsontext_number(length, "mean"), whole(s, "width"));
    printf("  counts      %lld to %lld, sum %.0f, %lld of 1 (%.1f %%)\n", whole(count, "min"), whole(count, "max"),
           jsontext_number(count, "sum"), whole(count, "ones"),
           100 * jsontext_number(count, "ones") / jsontext_number(s, "instances"));
    printf("  alphabet    %s\n", jsontext_field(s, "alphabet"));
    printf("  region      %s%s\n", *region ? region : "unknown",
           json_is_true(json_object_get(s, "genes")) ? ", with V and J genes" : "");
}

static void print_vectors(const json_t *s)
{
    const bool named = json_is_true(json_object_get(s, "named_features"));
    printf("  features    %lld%s\n", whole(s, "n_features"), named ? ", named" : "");
    if (json_is_true(json_object_get(s, "sparse")))
        printf("  sparse      %lld non-zero values, %.3g %%\n", whole(s, "nonzero"),
               100 * jsontext_number(s, "density"));
    else
        printf("  dense\n");
}

static void print_column(const json_t *column)
{
    const char *value;
    json_t *n;
    json_t *values = json_object_get(column, "values");
    const char *separator = ": ";
    printf("  %-20s %lld different", jsontext_field(column, "name"), whole(column, "distinct"));
    json_object_foreach(values, value, n)
    {
        printf("%s%s %lld", separator, value, (long long)json_integer_value(n));
        separator = ", ";
    }
    if (whole(column, "missing") > 0) printf("; %lld missing", whole(column, "missing"));
    printf("\n");
}

static void print_columns(const json_t *columns)
{
    size_t i;
    json_t *column;
    if (json_array_size(columns) == 0) {
        printf("labels        none in the file\n");
        return;
    }
    const size_t n = json_array_size(columns);
    printf("labels        %zu column%s\n", n, number_plural((int64_t)n));
    json_array_foreach(columns, i, column) print_column(column);
}

static void print_provenance(const json_t *facts)
{
    const char *reason;
    json_t *n;
    const json_t *total = json_object_get(facts, "total");
    if (!json_is_object(facts)) {
        printf("provenance    none: not written by hopsack\n");
        return;
    }
    printf("provenance    %s, version %s\n", jsontext_field(facts, "made_by"), jsontext_field(facts, "version"));
    if (!total) return;
    printf("  %lld file%s, %lld row%s, %lld kept\n", whole(facts, "files"), number_plural(whole(facts, "files")),
           whole(total, "rows"), number_plural(whole(total, "rows")), whole(total, "kept"));
    json_object_foreach(json_object_get(total, "dropped"), reason, n)
    {
        printf("  dropped     %s %lld\n", reason, (long long)json_integer_value(n));
    }
    if (whole(total, "merged") > 0)
        printf("  merged      %lld row%s\n", whole(total, "merged"), number_plural(whole(total, "merged")));
    if (whole(total, "counts_set_to_1") > 0) printf("  counts      %lld set to 1\n", whole(total, "counts_set_to_1"));
}

static void print_survey(const json_t *s)
{
    const json_t *sizes = json_object_get(s, "instances_per_bag");
    const bool sequences = strcmp(jsontext_field(s, "kind"), "sequences") == 0;
    printf("dataset       %s, %.1f MB\n", jsontext_field(s, "path"), jsontext_number(s, "bytes") / 1e6);
    printf("bags          %lld\n", whole(s, "bags"));
    printf("%-13s %lld, %lld to %lld a bag, median %.6g\n", jsontext_field(s, "kind"), whole(s, "instances"),
           whole(sizes, "min"), whole(sizes, "max"), jsontext_number(sizes, "median"));
    if (sequences)
        print_sequences(s);
    else
        print_vectors(s);
    print_columns(json_object_get(s, "columns"));
    print_equal_bags(json_object_get(s, "equal_bags"));
    print_provenance(json_object_get(s, "provenance"));
}

Status inspect_data(const char *path, bool json)
{
    json_t *survey, *shown;
    TRY(survey_dataset(&survey, path));
    if (json) return print_json(survey);
    const Status status = print_escaped(&shown, survey);
    json_decref(survey);
    TRY(status);
    print_survey(shown);
    json_decref(shown);
    return OK;
}
