/* SPDX-License-Identifier: MIT
 *
 * kmers.h: the few gapped k-mers whose frequency differs between the classes of the training bags.
 *
 * All k-mers of the masks in kmercount.h are tested (kmerstat.h) for the first target: positive against negative bags,
 * each class against the others, or correlation with the label. Of those whose |z| exceeds the threshold the best is
 * taken, the sequences that hold it are struck, and the others are counted and tested again without them (greedy cover).
 *
 * With KMER_BOTH each k-mer is tested for presence too, by Fisher's exact test of the bags that hold it. Where a signal
 * sits in a part of the positive bags, the variance of occurrences within these weakens t; presence does not see it. K-mers
 * that too few bags hold, or too many, to be significant are not tested so. The threshold is that of a false discovery rate
 * (Benjamini and Hochberg): several signals help each other over it, and where there is none it is as strict as Bonferroni's.
 *
 * Two kinds of k-mers are tested but set aside: frequent ones, with more occurrences than KMERS_FREQUENT of the sequences,
 * and those of which less than KMERS_EXCESS of the occurrences is in excess of what the other bags have. They tell of many
 * small shifts, such as the use of a V gene, which the mean over sequences shows to the network anyway. Started from them,
 * attention learned the training bags by heart (one fold with shifted transitions, k-mer SPL.R in 5.9 sequences a positive
 * bag and 4.3 a negative: AUC .70, against .90 from a random start).
 *
 * Occurrences are normalised to the mean size of all bags of the cohort, so that what a bag adds to the sums is the same
 * in every fold. That mean is all that is known of bags of other parts: their sequences and labels have no influence.
 *
 * Training parts of several folds, which share most of their bags, are counted together. Bags are summed a group at a
 * time, a group being those of one fold or of neighbouring folds, and the sums of a training part are those of its groups,
 * added in their order. The bags of a group that several training parts hold in the same way are counted once. A training
 * part counted alone is summed in the same order, and so gives the same bits.
 */
#ifndef HOPSACK_KMERS_H
#define HOPSACK_KMERS_H

#include "cohort/kmercount.h"
#include "cohort/label.h"
#include "cohort/split.h"
#include "core/kmer.h"
#include "core/stop.h"
#include "data/bagfile/cache.h"

#define KMERS_MAX      64 /* maximum number that can be chosen */
#define KMERS_STANDARD 16 /* default of `top` */
#define KMERS_FREQUENT 0.02
#define KMERS_EXCESS   0.5

typedef struct {
    Kmer kmer;
    int target_class;  /* the class tested against the others; 0 where labels are numbers */
    int sign;          /* 1: more frequent in that class, or with larger labels; -1: less */
    double z;          /* when it was chosen, without struck sequences; has the sign */
    double z_alone;    /* over all sequences */
    double min_z;      /* the threshold that z exceeds */
    double mean[2];    /* occurrences a bag, normalised to the mean bag size: bags of the class (of a label above the
                         mean), other bags; over all sequences */
    int n_bag_with[2]; /* bags of either side that hold it */
} KmerFound;

typedef struct {
    int n;
    KmerFound found[KMERS_MAX]; /* [n] in the order of choice */
    double min_z;               /* the threshold used; NaN where nothing was tested */
    double largest_z;           /* largest |z| of all tested; NaN where nothing was */
    int64_t n_tested;           /* pairs of k-mer and class */
    Kmer aside;                 /* of the k-mers set aside that exceed the threshold, the one that differs most */
    double aside_z;             /* its z, with the sign; NaN: there is none */
    const char *reason;         /* why n is 0, for a message: "fewer than 4 …"; otherwise NULL */
} KmerChoice;

#define KMERS_TOGETHER 16 /* most training parts to be counted together, and most groups */

/* What k-mers are chosen from. All is borrowed; fields as in LoopSetup. */
typedef struct {
    Cache *cache;         /* of bags of sequences over 20 letters */
    const BagSpec *spec;  /* of the dataset */
    int n;                /* members */
    const int *bag;       /* [n] numbers in the cache */
    const Part *part;     /* [n] PART_TRAIN with a known label are used, the others not read */
    const Labels *labels; /* [n] as read; those of a regression may have any unit */
    double mean_size;     /* instances of a bag: mean of all members, whatever their part */
    const int *group;     /* [n] 0 … n_group - 1 of members with a part; NULL: one group */
    int n_group;          /* 1 … KMERS_TOGETHER; not looked at without `group` */
    const Target *target; /* the first */
    int top;              /* 0 … KMERS_MAX */
    double min_z;         /* threshold of |z|; NaN or 0: Bonferroni at KMERSTAT_LEVEL; with KMER_BOTH a
                             false discovery rate of that */
    int masks;            /* KmerMasks */
    int statistic;        /* KmerStatistic; of labels that are numbers always KMER_FREQUENCY */
    int rounds;           /* for kmerrounds_choose alone */
    int max_span;         /* length of the kernels; k-mers are not longer */
    const StopFlag *stop; /* a signal's number ends it; may be NULL */
} KmerSetup;

/* Chooses for n ≤ KMERS_TOGETHER training parts: out [n], setup [n], which differ in `part` alone. ERR_MEMORY, ERR_IO,
 * ERR_SIGINT, ERR_SIGTERM. Too few bags are no error: n is 0 and `reason` set. */
Status kmers_choose(KmerChoice *out, const KmerSetup *setup, int n);

#endif
