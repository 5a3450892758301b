/* SPDX-License-Identifier: MIT
 *
 * leaks.h: features of vector bags that give the answer away, and those without information. One pass over the instances,
 * bag after bag; memory of some numbers a feature.
 *
 * A feature is
 *   constant              if it has one value in all instances
 *   a copy of the label   if it equals the bag's label in all instances of labelled bags, or has one value in each of two
 *                         classes
 *   a bag number          if it equals the bag's key, or its place among the bags, in all instances
 *   an instance label     if it has two values, and its largest (or smallest) in a bag tells the two labels apart in all
 *                         bags, of which there are so many that chance does not do it
 *   separating            if the largest, smallest or mean value in a bag does so
 *   a row number, an instance number, or of the bag: see leakorder.h; a whole number named 'Unnamed: 0' is a row number
 */
#ifndef HOPSACK_LEAKS_H
#define HOPSACK_LEAKS_H

#include "core/bag.h"
#include "core/status.h"

#include <stdint.h>

/* Those before ODD_SEPARATES are leaks. */
typedef enum { ODD_LABEL, ODD_BAG, ODD_ROW, ODD_INSTANCE_LABEL, ODD_SEPARATES, ODD_OF_BAG, ODD_INSTANCE } Odd;
extern const char *const odd_name[];  /* as in reports */
extern const char *const odd_words[]; /* "repeats the label of the bag"; of all but separating ones */

#define LEAKS_MOST 100       /* odd features that are listed */
#define LEAKS_WIDE (1 << 22) /* more features than that are not looked at one by one */

typedef struct {
    int feature;
    Odd odd;
} OddFeature;

typedef struct {
    int n_constant;
    int n_single;                   /* bags of one instance */
    int n_odd;                      /* listed */
    int n_leak, n_separating;       /* all */
    int n_of_bag, n_instance;       /* all with one value a bag; that number the instances of each bag */
    OddFeature feature[LEAKS_MOST]; /* [n_odd] leaks first, then separating ones */
    double chance;                  /* separating features to expect of random numbers, as far as labels can tell */
    double chance_number;           /* bag numbers to expect of them */
} LeakFindings;

typedef struct {
    float number; /* NaN: unknown, or none */
    int class;    /* 0, 1; -1: unknown, or not of two classes */
} LeakLabel;

float leaks_number(const char *text); /* NaN: is no number, or NULL */

typedef struct Leaks Leaks;

/* label [n_bag], borrowed. ERR_MEMORY. */
Status leaks_open(Leaks **out, int n_feat, int n_bag, const LeakLabel *label);
void leaks_close(Leaks *l); /* accepts NULL */

/* Bags in their order, each with its n instances. */
void leaks_bag(Leaks *l, int bag, const char *key, int64_t n);
void leaks_row(Leaks *l, const SparseRow *row);
void leaks_dense(Leaks *l, const float *x); /* [n_feat] */

/* After the last one; name [n_feat], NULL: they have none. */
void leaks_classify(LeakFindings *out, Leaks *l, const char *const *name);

#define LEAKS_NAME 64
/* "'name'", or its number from 1; name [n_feat], NULL: they have none. */
const char *leaks_name(char text[LEAKS_NAME], const char *const *name, int feature);
/* The same of all features that are odd in this way, as many as are listed and fit. */
void leaks_list(char *text, size_t room, const LeakFindings *v, Odd odd, const char *const *name);

#endif
