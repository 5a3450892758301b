/* SPDX-License-Identifier: MIT */
#include "core/jsontext.h"

#include "core/rng.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

static char *written(json_t *value, JsonStyle style)
{
    char *text = NULL;
    cr_assert_eq(jsontext(&text, value, style), OK);
    return text;
}

Test(core_jsontext, numbers_take_no_more_digits_than_they_need)
{
    char *text = written(json_pack("[f, f, f, i, f]", 0.1, 1e-4, 3.0, 7, -2.5e30), JSONTEXT_LINE);
    cr_assert_str_eq(text, "[0.1,0.0001,3,7,-2.5e+30]");
    free(text);
}

Test(core_jsontext, numbers_in_texts_are_left_alone)
{
    char *text =
        written(json_pack("{s:s, s:f}", "blas \"0.30\" \\", "OpenBLAS 0.3.2100 1.50", "x", 0.5), JSONTEXT_LINE);
    cr_assert_str_eq(text, "{\"blas \\\"0.30\\\" \\\\\":\"OpenBLAS 0.3.2100 1.50\",\"x\":0.5}");
    free(text);
}

/* A number of 17 digits with an exponent is where our own spelling is the longer one. */
Test(core_jsontext, every_double_reads_back)
{
    enum { N = 20000 };
    json_t *list = json_array();
    Rng rng = rng_stream(1, "test", 0);
    for (int i = 0; i < N; i++) {
        const double sign = rng_below(&rng, 2) ? -1 : 1, exponent = (double)rng_below(&rng, 80) - 40;
        json_array_append_new(list, json_real(sign * (1 + fabs(rng_normal(&rng))) * pow(10, exponent)));
    }
    json_array_append_new(list, json_string("the end 1.0"));
    char *text = written(json_incref(list), JSONTEXT_PAGES);
    json_t *read = json_loads(text, 0, NULL);
    cr_assert_not_null(read);
    cr_assert_eq(json_array_size(read), N + 1);
    for (size_t i = 0; i < N; i++)
        cr_assert_eq(json_number_value(json_array_get(read, i)), json_real_value(json_array_get(list, i)));
    cr_assert_str_eq(json_string_value(json_array_get(read, N)), "the end 1.0");
    json_decref(read);
    json_decref(list);
    free(text);
}

Test(core_jsontext, counts_are_held_within_an_int)
{
    json_t *object =
        json_pack("{s:i, s:f, s:f, s:f, s:s}", "few", 7, "real", 7.9, "many", 1e300, "less", -1e300, "text", "7");
    cr_expect_eq(jsontext_count(object, "few"), 7);
    cr_expect_eq(jsontext_count(object, "real"), 7);
    cr_expect_eq(jsontext_count(object, "many"), INT_MAX);
    cr_expect_eq(jsontext_count(object, "less"), 0);
    cr_expect_eq(jsontext_count(object, "text"), 0);
    cr_expect_eq(jsontext_count(object, "none"), 0);
    json_decref(object);
}
