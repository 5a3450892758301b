/* SPDX-License-Identifier: MIT */
#include "support/golden.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "deeprc_edge_ties.h5"

TestSuite(support_golden);

Test(support_golden, arrays_come_as_double_with_their_shape)
{
    Golden g;
    GoldenArray offsets, codes, weight;
    cr_assert(golden_open(&g, FILE_NAME));
    cr_assert(golden_read(&offsets, &g, "bags/offsets"));
    cr_assert(golden_read(&codes, &g, "bags/sequences"));
    cr_assert(golden_read(&weight, &g, "params/sequence_embedding.network.0.weight"));
    cr_assert_eq(offsets.n_dim, 1);
    cr_assert_eq(offsets.v[0], 0);
    cr_assert_eq(codes.n_dim, 2);
    cr_assert_eq(offsets.v[offsets.n - 1], (double)codes.shape[0]);
    cr_assert_eq(weight.n_dim, 3);
    cr_assert_eq(weight.n, (size_t)(weight.shape[0] * weight.shape[1] * weight.shape[2]));
    for (size_t i = 0; i < codes.n; i++) cr_assert(codes.v[i] >= -1 && codes.v[i] < 20);
    cr_assert_not(golden_read(&weight, &g, "params/no such"));
    golden_free(&offsets);
    golden_free(&codes);
    golden_close(&g);
}

Test(support_golden, attributes_of_every_type)
{
    Golden g;
    cr_assert(golden_open(&g, FILE_NAME));
    char *embedding = golden_attr_text(&g, "/", "embedding");
    cr_assert_str_eq(embedding, "cnn");
    cr_assert_eq(golden_attr_number(&g, "/", "add_positional_information"), 1);
    cr_assert_eq(golden_attr_number(&g, "/", "consider_seq_counts"), 0);
    json_t *config = golden_attr_json(&g, "/", "config");
    cr_assert_eq((double)json_integer_value(json_object_get(config, "n_kernels")),
                 golden_attr_number(&g, "/", "n_kernels"));
    cr_assert_gt(golden_attr_number(&g, "f64/forward", "loss"), 0);
    cr_assert(isnan(golden_attr_number(&g, "f64/forward", "no such")));
    cr_assert_null(golden_attr_text(&g, "/", "no such"));
    json_decref(config);
    free(embedding);
    golden_close(&g);
}

Test(support_golden, members_and_files_are_listed_sorted)
{
    Golden g;
    cr_assert(golden_open(&g, FILE_NAME));
    GoldenNames names = golden_list(&g, "bags");
    cr_assert_eq(names.n, 6);
    cr_assert_str_eq(names.name[0], "counts");
    cr_assert_str_eq(names.name[5], "targets");
    golden_names_free(&names);
    names = golden_files("deeprc_edge_");
    cr_assert_geq(names.n, 6);
    for (int i = 1; i < names.n; i++) cr_assert_lt(strcmp(names.name[i - 1], names.name[i]), 0);
    golden_names_free(&names);
    golden_close(&g);
    cr_assert_not(golden_open(&g, "no such.h5"));
}

Test(support_golden, worst_is_relative_to_the_largest_and_sees_nan)
{
    const double a[] = {1, 2, 4.5}, b[] = {1, 2, 5}, zero[] = {0, 0, 0}, nan[] = {1, NAN, 5};
    cr_assert_float_eq(golden_worst(a, b, 3), 0.1, 1e-15);
    cr_assert_eq(golden_worst(b, b, 3), 0);
    cr_assert_eq(golden_worst(a, zero, 3), 4.5);
    cr_assert_eq(golden_worst(a, nan, 3), INFINITY);
    cr_assert_eq(golden_worst(nan, nan, 3), 0);
}
