/* SPDX-License-Identifier: MIT */
#include "rival/rivalchoice.h"

#include <math.h>

/* Of one output in one inner fold. */
static double area_of(const RivalFit *f, const double *output, int o, int inner, MetricRank *rank)
{
    int n = 0;
    const int class = f->n_class == 2 ? 1 : o;
    for (int i = 0; i < f->n_train; i++)
        if (f->inner[i] == inner) rank[n++] = (MetricRank){output[i * f->n_out + o], f->label[i] == class};
    return metric_auc(rank, n);
}

double rivalchoice_area(const RivalFit *f, const double *output, MetricRank *rank)
{
    double sum = 0;
    int n = 0;
    for (int o = 0; o < f->n_out; o++)
        for (int q = 0; q < f->n_inner; q++) {
            const double area = area_of(f, output, o, q, rank);
            if (isnan(area)) continue;
            sum += area;
            n++;
        }
    return n ? sum / n : NAN;
}
