/* SPDX-License-Identifier: MIT */
#include "train/scaling.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define SUITE train_scaling

enum { N_FEAT = 6 };

/* Two bags of three and one instances. Features: 1 2 3 6 | constant far from 0 | constant but for a float's last bits |
 * mostly 0 | huge and close together | all 0 */
static const float dense[4][N_FEAT] = {
    {1, 7.3f, 0.1f, 0, 1e6f, 0},
    {2, 7.3f, 0.10000001f, 0, 1e6f + 1, 0},
    {3, 7.3f, 0.1f, -4, 1e6f, 0},
    {6, 7.3f, 0.1f, 0, 1e6f + 1, 0},
};

typedef struct {
    Bag bag[2];
    SparseRow row[4];
    int32_t feature[4][N_FEAT];
    float value[4][N_FEAT];
} Bags;

static Status next(void *context, const Bag **out, int i)
{
    *out = &((Bags *)context)->bag[i];
    return OK;
}

static Status broken(void *context, const Bag **out, int i)
{
    (void)context, (void)out;
    return fail(ERR_IO, "bag %d is gone", i);
}

static void make(Bags *b, bool sparse)
{
    *b = (Bags){.bag = {{.n = 3, .x = dense[0]}, {.n = 1, .x = dense[3]}}};
    for (int i = 0; i < 4 && sparse; i++) {
        for (int f = 0; f < N_FEAT; f++) {
            if (dense[i][f] == 0) continue;
            b->feature[i][b->row[i].n] = f;
            b->value[i][b->row[i].n++] = dense[i][f];
        }
        b->row[i].feature = b->feature[i];
        b->row[i].value = b->value[i];
    }
    if (sparse) b->bag[0] = (Bag){.n = 3, .sparse = b->row}, b->bag[1] = (Bag){.n = 1, .sparse = b->row + 3};
}

static int fit(real shift[N_FEAT], real scale[N_FEAT], ScaleKind kind, bool sparse)
{
    Bags b;
    int n_constant;
    const BagSpec spec = {.kind = BAG_VECTORS, .n_feat = N_FEAT, .sparse = sparse};
    make(&b, sparse);
    cr_assert_eq(scaling_fit(shift, scale, &n_constant, kind, &(ScalingBags){&spec, 2, next, &b}), OK);
    return n_constant;
}

static void assert_near(const real *got, const double *want, const char *what)
{
    for (int f = 0; f < N_FEAT; f++)
        cr_assert_float_eq(got[f], want[f], 1e-7 * (1 + fabs(want[f])), "%s %d: %.9g, not %.9g", what, f,
                           (double)got[f], want[f]);
}

/* Of 1 2 3 6: mean 3, deviation √((4 + 1 + 0 + 9)/4). Of 0 0 -4 0: mean -1, deviation √3. Of ±½ around 10⁶: ½. */
Test(SUITE, standard)
{
    real shift[N_FEAT], scale[N_FEAT];
    cr_assert_eq(fit(shift, scale, SCALE_STANDARD, false), 3);
    assert_near(shift, (const double[]){3, 7.3f, 0.1f, -1, 1e6 + 0.5, 0}, "shift");
    assert_near(scale, (const double[]){1 / sqrt(3.5), 0, 0, 1 / sqrt(3), 2, 0}, "scale");
}

Test(SUITE, minmax)
{
    real shift[N_FEAT], scale[N_FEAT];
    cr_assert_eq(fit(shift, scale, SCALE_MINMAX, false), 3);
    assert_near(shift, (const double[]){1, 7.3f, 0.1f, -4, 1e6, 0}, "shift");
    assert_near(scale, (const double[]){0.2, 0, 0, 0.25, 1, 0}, "scale");
}

/* Zeros that no row lists count in mean and deviation, and stay zeros. */
Test(SUITE, sparse_is_scaled_and_not_shifted)
{
    real shift[N_FEAT], scale[N_FEAT];
    cr_assert_eq(fit(shift, scale, SCALE_STANDARD, true), 3);
    assert_near(shift, (const double[N_FEAT]){0}, "shift");
    assert_near(scale, (const double[]){1 / sqrt(3.5), 0, 0, 1 / sqrt(3), 2, 0}, "scale");
    cr_assert_eq(fit(shift, scale, SCALE_MINMAX, true), 3);
    assert_near(shift, (const double[N_FEAT]){0}, "shift");
    assert_near(scale, (const double[]){1. / 6, 0, 0, 0.25, 1 / (1e6 + 1), 0}, "scale");
}

Test(SUITE, goes_into_the_models_tensors)
{
    Bags b;
    int n_constant;
    ParamList list = {0};
    real theta[3 + 2 * N_FEAT] = {8, 8, 8}, shift[N_FEAT], scale[N_FEAT];
    const BagSpec spec = {.kind = BAG_VECTORS, .n_feat = N_FEAT};
    param_add(&list, "before", PARAM_CONSTANT, 0, PARAM_SHAPE(3));
    param_freeze(&list, param_add(&list, SCALING_SHIFT, PARAM_CONSTANT, 0, PARAM_SHAPE(N_FEAT)));
    param_freeze(&list, param_add(&list, SCALING_SCALE, PARAM_CONSTANT, 1, PARAM_SHAPE(N_FEAT)));
    make(&b, false);
    const ScalingBags bags = {&spec, 2, next, &b};
    fit(shift, scale, SCALE_STANDARD, false);
    cr_assert_eq(scaling_set(theta, &list, &n_constant, SCALE_NONE, &bags), OK);
    cr_assert_eq(theta[3], 0);
    cr_assert_eq(scaling_set(theta, &list, &n_constant, SCALE_STANDARD, &bags), OK);
    cr_assert(theta[2] == 8 && n_constant == 3);
    cr_assert_arr_eq(theta + 3, shift, sizeof shift);
    cr_assert_arr_eq(theta + 3 + N_FEAT, scale, sizeof scale);
    param_free(&list);
}

Test(SUITE, a_bag_that_cannot_be_read_is_said)
{
    real shift[N_FEAT], scale[N_FEAT];
    int n_constant;
    const BagSpec spec = {.kind = BAG_VECTORS, .n_feat = N_FEAT};
    cr_assert_eq(scaling_fit(shift, scale, &n_constant, SCALE_STANDARD, &(ScalingBags){&spec, 2, broken, NULL}),
                 ERR_IO);
    cr_assert_str_eq(status_sentence(), "bag 0 is gone");
}
