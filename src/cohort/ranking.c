/* SPDX-License-Identifier: MIT */
#include "cohort/ranking.h"
#include "data/text/names.h"

#include <math.h>
#include <string.h>

/* Numbers below n_true are those of true sequences. */
static Status number_all(Names *names, const char *const *text, int n)
{
    for (int i = 0; i < n; i++)
        if (names_number(names, text[i], strlen(text[i])) < 0)
            return fail(ERR_MEMORY, "no memory for %d sequences", n);
    return OK;
}

/* A text is new if its number is the next. */
static Status walk(RankingScore *s, Names *seen, const Names *truth, const char *const *ranked, int n_ranked)
{
    double sum = 0;
    for (int i = 0; i < n_ranked; i++) {
        const size_t length = strlen(ranked[i]);
        const int before = seen->n, number = names_number(seen, ranked[i], length);
        if (number < 0) return fail(ERR_MEMORY, "no memory for %d sequences", n_ranked);
        if (number < before || before >= s->n_true || names_find(truth, ranked[i], length) < 0) continue;
        s->n_hit++;
        sum += (double)s->n_hit / (number + 1);
    }
    s->n_ranked = seen->n;
    s->ap = s->n_true == 0 ? (double)NAN : s->n_hit ? sum / s->n_hit : 0;
    s->jaccard = s->n_true == 0 ? (double)NAN : (double)s->n_hit / (2. * s->n_true - s->n_hit);
    return OK;
}

Status ranking_score(RankingScore *out, const char *const *ranked, int n_ranked, const char *const *truth,
                     int n_truth)
{
    Names true_names = {0}, seen = {0};
    Status status;
    *out = (RankingScore){0};
    TRY_DONE(number_all(&true_names, truth, n_truth));
    out->n_true = true_names.n;
    status = walk(out, &seen, &true_names, ranked, n_ranked);
done:
    names_free(&true_names);
    names_free(&seen);
    return status;
}
