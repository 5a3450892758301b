/* SPDX-License-Identifier: MIT
 *
 * bench_clones.c: what sequences bags share, and the rivals made of it.
 *
 *     bench_clones DATA.h5 [THREADS [MEGABYTES [RIVAL …]]]      MEGABYTES: of each part of the budget; 0: the usual
 *
 * Every other bag is of the class; five outer folds with five inner folds each.
 */
#include "cohort/clonecount.h"
#include "core/log.h"
#include "core/parallel.h"
#include "rival/clonegram.h"
#include "rival/rival.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDS = 5, INNER = 5 };

static Cohort cohort;
static bool *use;

static void check(Status status)
{
    if (status == OK) return;
    fprintf(stderr, "%s\n", status_sentence());
    exit(1);
}

static void tell(const char *what, double begun, double cpu)
{
    printf("%-10s %8.2f s   CPU %8.2f s   peak %6.0f MB\n", what, log_seconds() - begun, log_cpu_seconds() - cpu,
           (double)log_peak_memory() / 1e6);
    fflush(stdout);
}

static void count(bool patterns, CloneBudget budget)
{
    const double begun = log_seconds(), cpu = log_cpu_seconds();
    const CloneSetup setup = {.cohort = &cohort, .use = use, .patterns = patterns, .budget = budget};
    int *n = calloc((size_t)cohort.n + 1, sizeof *n);
    CloneList list;
    check(clonecount_list(&list, n, &setup));
    printf("%lld %s, held %.2f times; %.0f MB in memory, %.0f MB in a file\n", (long long)list.n,
           patterns ? "patterns" : "sequences", (double)list.n_held / (double)list.n, (double)list.bytes / 1e6,
           (double)list.spill.n / 1e6);
    tell("list", begun, cpu);
    clonelist_free(&list);
    free(n);
}

static void make_fit(RivalFit *fit, int fold)
{
    int *train = malloc(sizeof(int) * (size_t)cohort.n), *test = malloc(sizeof(int) * (size_t)cohort.n);
    int *inner = malloc(sizeof(int) * (size_t)cohort.n);
    double *label = malloc(sizeof(double) * (size_t)cohort.n);
    *fit = (RivalFit){.n_inner = INNER,
                      .train = train,
                      .inner = inner,
                      .test = test,
                      .n_class = 2,
                      .n_out = 1,
                      .label = label,
                      .keep = true};
    for (int i = 0; i < cohort.n; i++) {
        if (i / 2 % FOLDS == fold) {
            test[fit->n_test++] = i;
            continue;
        }
        inner[fit->n_train] = fit->n_train / 2 % INNER;
        label[fit->n_train] = i % 2;
        train[fit->n_train++] = i;
    }
    fit->test_output = calloc((size_t)cohort.n, sizeof(double));
    fit->inner_output = calloc((size_t)cohort.n, sizeof(double));
}

static void run(const char *name)
{
    const Rival *rival = rival_find(name);
    const RivalBags bags = {.cohort = &cohort, .use = use};
    RivalFit fit[FOLDS];
    double bytes = 0, begun = log_seconds(), cpu = log_cpu_seconds();
    void *state;
    for (int f = 0; f < FOLDS; f++) make_fit(&fit[f], f);
    check(rival->open(&state, rival, &bags));
    tell("open", begun, cpu);
    begun = log_seconds();
    cpu = log_cpu_seconds();
    check(rival->fit(state, fit, FOLDS));
    for (int k = 0; k < fit[0].model->n_tensor; k++) {
        const Tensor *t = &fit[0].model->tensor[k];
        double size = t->type == TENSOR_U8 ? 1 : t->type == TENSOR_F32 ? 4 : 8;
        for (int d = 0; d < t->n_dim; d++) size *= (double)t->shape[d];
        bytes += size;
    }
    tell(name, begun, cpu);
    begun = log_seconds();
    cpu = log_cpu_seconds();
    double output[FOLDS];
    void *applier;
    RivalModel *model[FOLDS];
    for (int f = 0; f < FOLDS; f++) model[f] = fit[f].model;
    check(rival->apply_open(&applier, model, FOLDS, &cohort));
    for (int i = 0; i < 20; i++) check(rival->apply(output, applier, i));
    printf("a model has %.1f MB\n", bytes / 1e6);
    tell("20 bags", begun, cpu);
    rival->apply_close(applier);
    for (int f = 0; f < FOLDS; f++) rival_model_free(fit[f].model);
    rival->close(state);
}

int main(int argc, char **argv)
{
    const int64_t mb = argc > 3 ? atoll(argv[3]) * 1000000 : 0;
    const CloneBudget given = {mb, mb, mb};
    if (argc < 2) return 2;
    check(parallel_start(argc > 2 ? atoi(argv[2]) : 1));
    check(cohort_open(&cohort, argv[1], NULL, "auto", false));
    use = malloc((size_t)cohort.n + 1);
    memset(use, true, (size_t)cohort.n);
    for (int patterns = 0; patterns < 2; patterns++) count(patterns, mb ? given : clonecount_budget);
    for (int k = 4; k < argc; k++) run(argv[k]);
    cohort_close(&cohort);
    return 0;
}
