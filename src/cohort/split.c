/* SPDX-License-Identifier: MIT
 *
 * Bags are shuffled, put in order of their classes, and dealt to the folds like cards, each class going on where the
 * last one stopped: then folds differ by one bag at most, in size and in every class.
 *
 * Groups cannot be dealt. The largest comes first, and each goes where it adds least to
 *
 *     Σ_fold ( size_f² / N + Σ_class n_fc² / N_c ) / share_f
 *
 * which is smallest when every fold has its share of every class. An empty fold is always the cheapest.
 */
#include "cohort/split.h"
#include "core/rng.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(SplitOptions, field)
const Option split_options[] = {
    {"kind", OPTION_CHOICE, AT(kind), "stratified", 0, 0, "stratified random deeprc batch", "",
     "method by which bags are assigned to folds: stratified (by the classes of the first task), random, "
     "deeprc (as in DeepRC), or batch (each batch of splits.batch is a fold, in place of n_fold and n_repeat)"},
    {"file", OPTION_TEXT, AT(file), "null", 0, 0, NULL, "FILE",
     "table of bag and fold, or of bag and part (train, validation, test), used in place of kind, n_fold and "
     "n_repeat; CLAM's splits and nnU-Net's JSON are read too"},
    {"columns", OPTION_TEXTS, AT(columns), "[]", 0, 0, NULL, "COLUMN",
     "columns of the file with folds or parts, one for each repetition; []: part, else all columns whose name begins "
     "with rep, fold, seed or split"},
    {"n_fold", OPTION_INT, AT(n_fold), "5", 2, 100000, NULL, "folds", "number of folds"},
    {"n_repeat", OPTION_INT, AT(n_repeat), "1", 1, 100000, NULL, "repetitions",
     "number of repetitions of the cross-validation, each with new folds"},
    {"repeat", OPTION_INT, AT(repeat), "0", 0, 99999, NULL, "",
     "index of the repetition whose folds train uses, from 0"},
    {"fold", OPTION_INT, AT(fold), "0", 0, 99999, NULL, "", "index of the fold that train uses as test set, from 0"},
    {"validation", OPTION_TEXT, AT(validation), "previous", 0, 0, NULL, "previous|none|SHARE",
     "validation set: previous (fold - 1, cyclic), none, or a fraction of the training bags between 0 and "
     "0.5"},
    {"group", OPTION_TEXT, AT(group), "null", 0, 0, NULL, "COLUMN",
     "column of a group (donor, family, batch); bags of one group stay in one fold"},
    {"batch", OPTION_TEXT, AT(batch), "null", 0, 0, NULL, "COLUMN",
     "column of the batch (plate, run, centre): reported if it predicts the label; kind batch tests each batch once"},
    {"seed", OPTION_TEXT, AT(seed), "null", 0, 0, NULL, "N", "random seed of the splits; null: the run's seed"},
    {0},
};

const Option split_more_options[] = {
    {"inner", OPTION_TEXT, AT(inner), "null", 0, 0, NULL, "I/K",
     "inner fold of one training: its training and validation bags are divided into K inner folds, number I (from 0) "
     "becomes the test set, and the test set is left out; null: none"},
    {"permute", OPTION_TEXT, AT(permute), "none", 0, 0, NULL, "none|labels:N|batches:N",
     "permutation of the labels, to see what chance gives: labels (each group of splits.group, or bag, gets the "
     "labels "
     "of another), or batches (each batch of splits.batch does); N numbers the permutation. Folds stay as they are"},
    {0},
};

const char *const part_name[] = {"train", "validation", "test"};

/* ---- the bags to be dealt ---- */

typedef struct {
    int bag, place;       /* place: after shuffling */
    int class, group;     /* class: 0 … n_class-1 */
    int group_size, lead; /* lead: the least place in its group */
} Card;

typedef struct {
    Card *card; /* [n] */
    int n, n_class, n_group;
} Deck;

static int by_class(const void *a, const void *b)
{
    const Card *x = a, *y = b;
    if (x->class != y->class) return x->class < y->class ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static int by_group(const void *a, const void *b)
{
    const Card *x = a, *y = b;
    if (x->group != y->group) return x->group < y->group ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static int by_group_size(const void *a, const void *b)
{
    const Card *x = a, *y = b;
    if (x->group_size != y->group_size) return x->group_size > y->group_size ? -1 : 1;
    if (x->lead != y->lead) return x->lead < y->lead ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* Sorts by class and numbers the classes from 0. */
static void sort_classes(Deck *deck)
{
    qsort(deck->card, (size_t)deck->n, sizeof *deck->card, by_class);
    int last = 0;
    for (int i = 0; i < deck->n; i++) {
        const int class = deck->card[i].class;
        if (i == 0 || class != last) deck->n_class++;
        deck->card[i].class = deck->n_class - 1;
        last = class;
    }
}

/* Sorts groups by size, the largest first, equal ones by chance; members stay together. */
static void sort_groups(Deck *deck)
{
    Card *card = deck->card;
    qsort(card, (size_t)deck->n, sizeof *card, by_group);
    for (int i = 0, end; i < deck->n; i = end) {
        for (end = i; end < deck->n && card[end].group == card[i].group; end++) {
        }
        for (int j = i; j < end; j++) {
            card[j].group_size = end - i;
            card[j].lead = card[i].place;
        }
        deck->n_group++;
    }
    qsort(card, (size_t)deck->n, sizeof *card, by_group_size);
}

/* The bags i with use[i], shuffled, then in order of class or of groups. */
static Status deck_new(Deck *deck, int n, const int *use, const int *class, const int *group, Rng *rng)
{
    *deck = (Deck){.card = malloc((size_t)(n + 1) * sizeof *deck->card)};
    int *place = malloc((size_t)(n + 1) * sizeof *place);
    if (!deck->card || !place) {
        free(place);
        return fail(ERR_MEMORY, "splitting %d bags: out of memory", n);
    }
    for (int i = 0; i < n; i++)
        if (use[i])
            deck->card[deck->n++] = (Card){.bag = i, .class = class ? class[i] : 0, .group = group ? group[i] : 0};
    for (int i = 0; i < deck->n; i++) place[i] = i;
    rng_shuffle(rng, place, deck->n);
    for (int i = 0; i < deck->n; i++) deck->card[i].place = place[i];
    free(place);
    sort_classes(deck);
    if (group) sort_groups(deck);
    return OK;
}

/* ---- groups ---- */

typedef struct {
    int n_hand, n_class;
    const double *share; /* [n_hand] of all bags */
    double *held;        /* [n_hand, n_class + 1] bags of each class, and all */
    double *total;       /* [n_class + 1] */
    double *group;       /* [n_class + 1] of the group to be dealt */
} Deal;

static double added_cost(const Deal *t, int hand)
{
    const double *held = t->held + (size_t)hand * (size_t)(t->n_class + 1);
    double cost = 0;
    for (int c = 0; c <= t->n_class; c++) cost += t->group[c] * (2 * held[c] + t->group[c]) / t->total[c];
    return cost / t->share[hand];
}

/* hand_of [bags]: which hand each group goes to; `start` is tried first, and wins where equal. */
static void deal_groups(int *hand_of, const Deck *deck, Deal *t, int start)
{
    const int all = deck->n_class;
    for (int i = 0; i < deck->n; i++) t->total[deck->card[i].class]++;
    t->total[all] = deck->n;
    for (int i = 0, end; i < deck->n; i = end) {
        end = i + deck->card[i].group_size;
        memset(t->group, 0, (size_t)(all + 1) * sizeof *t->group);
        for (int j = i; j < end; j++) t->group[deck->card[j].class]++;
        t->group[all] = end - i;

        int best = start;
        double least = added_cost(t, start);
        for (int k = 1; k < t->n_hand; k++) {
            const int hand = (start + k) % t->n_hand;
            const double cost = added_cost(t, hand);
            if (cost < least) {
                least = cost;
                best = hand;
            }
        }
        for (int c = 0; c <= all; c++) t->held[(size_t)best * (size_t)(all + 1) + (size_t)c] += t->group[c];
        for (int j = i; j < end; j++) hand_of[deck->card[j].bag] = best;
    }
}

static Status groups_to_hands(int *hand_of, const Deck *deck, int n_hand, const double *share, int start)
{
    const size_t width = (size_t)deck->n_class + 1;
    double *numbers = calloc(((size_t)n_hand + 2) * width, sizeof *numbers);
    if (!numbers) return fail(ERR_MEMORY, "splitting %d groups: out of memory", deck->n_group);
    Deal t = {.n_hand = n_hand,
              .n_class = deck->n_class,
              .share = share,
              .held = numbers,
              .total = numbers + (size_t)n_hand * width,
              .group = numbers + ((size_t)n_hand + 1) * width};
    deal_groups(hand_of, deck, &t, start);
    free(numbers);
    return OK;
}

/* ---- folds ---- */

static Status fold_groups(int *fold, const Deck *deck, int n_fold, int start)
{
    if (deck->n_group < n_fold)
        return fail(ERR_FORMAT, "splits.group: %d groups cannot fill splits.n_fold=%d folds; ask for fewer folds",
                    deck->n_group, n_fold);
    double *share = malloc((size_t)n_fold * sizeof *share);
    if (!share) return fail(ERR_MEMORY, "splitting into %d folds: out of memory", n_fold);
    for (int f = 0; f < n_fold; f++) share[f] = 1.0 / n_fold;
    const Status status = groups_to_hands(fold, deck, n_fold, share, start);
    free(share);
    return status;
}

static Status fold_deeprc(int *fold, int n, const SplitOptions *options, uint64_t seed, const int *use,
                          const int *group)
{
    if (group) return fail(ERR_CONFIG, "splits.kind: deeprc knows no groups; leave out splits.group");
    if (seed > UINT32_MAX)
        return fail(ERR_CONFIG, "splits.kind: deeprc needs a seed below 2^32, not %llu", (unsigned long long)seed);
    int *p = malloc((size_t)(n + 1) * sizeof *p);
    if (!p) return fail(ERR_MEMORY, "splitting %d bags: out of memory", n);
    split_numpy_permutation(p, n, (uint32_t)seed);
    const int size = n / options->n_fold;
    for (int i = 0; i < n; i++) {
        const int f = i / size;
        fold[p[i]] = f < options->n_fold ? f : options->n_fold - 1;
    }
    for (int i = 0; i < n; i++)
        if (!use[i]) fold[i] = -1;
    free(p);
    return OK;
}

Status split_folds(int *fold, int n, const SplitOptions *options, uint64_t seed, int repeat, const int *use,
                   const int *class, const int *group)
{
    const int n_fold = options->n_fold;
    int n_use = 0;
    for (int i = 0; i < n; i++) n_use += use[i] != 0;
    if (n_use < n_fold)
        return fail(ERR_FORMAT,
                    "splits.n_fold=%d folds need at least as many labelled bags; there are %d: take fewer folds",
                    n_fold, n_use);
    if (options->kind == SPLIT_DEEPRC) return fold_deeprc(fold, n, options, seed + (uint64_t)repeat, use, group);

    Rng rng = rng_stream(seed, "split", (uint64_t)repeat);
    Deck deck;
    Status status;
    TRY_DONE(deck_new(&deck, n, use, options->kind == SPLIT_STRATIFIED ? class : NULL, group, &rng));
    const int start = (int)rng_below(&rng, (uint64_t)n_fold);
    for (int i = 0; i < n; i++) fold[i] = -1;
    if (group)
        TRY_DONE(fold_groups(fold, &deck, n_fold, start));
    else
        for (int i = 0; i < deck.n; i++) fold[deck.card[i].bag] = (start + i) % n_fold;
done:
    free(deck.card);
    return status;
}

/* ---- parts ---- */

/* Takes round(share · n) of the deck, in every class its share to within one bag. */
static void share_of_bags(Part *part, const Deck *deck, double share, Rng *rng)
{
    const int64_t n = deck->n;
    int64_t take = llround(share * (double)n);
    if (take < 1) take = 1;
    const int64_t offset = (int64_t)rng_below(rng, (uint64_t)n);
    for (int64_t i = 0; i < n; i++)
        if (((i + 1) * take + offset) / n > (i * take + offset) / n) part[deck->card[i].bag] = PART_VALIDATION;
}

static Status share_of_groups(Part *part, int n, const Deck *deck, double share)
{
    if (deck->n_group < 2)
        return fail(ERR_FORMAT, "splits.validation: the training bags are one group of splits.group and cannot be "
                                "shared; set splits.validation to none");
    int *hand = calloc((size_t)n + 1, sizeof *hand);
    if (!hand) return fail(ERR_MEMORY, "splitting %d bags: out of memory", n);
    const double shares[2] = {1 - share, share};
    const Status status = groups_to_hands(hand, deck, 2, shares, 0);
    if (status == OK) {
        const int last = deck->card[deck->n - 1].group; /* the smallest group, should none have gone over */
        int n_taken = 0;
        for (int i = 0; i < deck->n; i++) n_taken += hand[deck->card[i].bag];
        for (int i = 0; i < deck->n; i++) {
            const Card *c = &deck->card[i];
            if (hand[c->bag] == 1 || (n_taken == 0 && c->group == last)) part[c->bag] = PART_VALIDATION;
        }
    }
    free(hand);
    return status;
}

static Status parse_share(double *share, const char *text)
{
    char *end;
    errno = 0;
    *share = strtod(text, &end);
    if (end == text || *end || errno || !(*share > 0 && *share < 0.5))
        return fail(ERR_CONFIG, "splits.validation: '%s' is neither previous nor none nor a share between 0 and 0.5",
                    text);
    return OK;
}

static Status share_of_training(Part *part, int n, double share, uint64_t seed, uint64_t index, const int *class,
                                const int *group)
{
    int *use = malloc((size_t)(n + 1) * sizeof *use);
    if (!use) return fail(ERR_MEMORY, "splitting %d bags: out of memory", n);
    for (int i = 0; i < n; i++) use[i] = part[i] == PART_TRAIN;
    Rng rng = rng_stream(seed, "validation", index);
    Deck deck;
    Status status;
    TRY_DONE(deck_new(&deck, n, use, class, group, &rng));
    if (deck.n < 2)
        TRY_DONE(
            fail(ERR_FORMAT, "splits.validation: %d training bags are too few to share; set it to none", deck.n));
    if (group)
        TRY_DONE(share_of_groups(part, n, &deck, share));
    else
        share_of_bags(part, &deck, share, &rng);
done:
    free(deck.card);
    free(use);
    return status;
}

Status split_parts(Part *part, const SplitOptions *options, const SplitFolds *in)
{
    const int n = in->n, n_fold = in->n_fold, test = in->test, *fold = in->fold;
    if (test < 0 || test >= n_fold)
        return fail(ERR_CONFIG, "splits.fold=%d: folds are numbered 0 to %d", test, n_fold - 1);
    const bool previous = !options->validation || strcmp(options->validation, "previous") == 0;
    const int validation = previous ? (test + n_fold - 1) % n_fold : -2;
    if (previous && n_fold < 3)
        return fail(ERR_CONFIG,
                    "splits.validation: previous leaves no fold to train on with splits.n_fold=%d; take "
                    "more folds, or set splits.validation to none or a share",
                    n_fold);
    for (int i = 0; i < n; i++)
        part[i] = fold[i] < 0             ? PART_NONE
                  : fold[i] == test       ? PART_TEST
                  : fold[i] == validation ? PART_VALIDATION
                                          : PART_TRAIN;
    if (previous || strcmp(options->validation, "none") == 0) return OK;

    double share;
    TRY(parse_share(&share, options->validation));
    return share_of_training(part, n, share, in->seed, (uint64_t)in->repeat * (uint64_t)n_fold + (uint64_t)test,
                             in->class, in->group);
}
