/* SPDX-License-Identifier: MIT
 *
 * golden.h: reads the HDF5 files that hold values computed by the original programs, for tests. See tests/golden/README.md.
 *
 * A file is looked for in the shared data folder (environment HOPSACK_SHARED, else `shared` beside the source folder),
 * in its subfolder golden, then in tests/golden, where smaller copies lie. Everything is double here, whatever `real` is,
 * so that one build of this file serves the float and the double tests.
 *
 *   Golden g;
 *   if (!golden_open(&g, "deeprc_cnn9x8_binary.h5")) cr_skip_test("…");
 *   GoldenArray w;
 *   cr_assert(golden_read(&w, &g, "params/output_nn.output_nn.0.weight"));
 *   cr_assert_lt(golden_worst(mine, w.v, w.n), 1e-10);
 *   golden_free(&w);
 *   golden_close(&g);
 */
#ifndef HOPSACK_TEST_GOLDEN_H
#define HOPSACK_TEST_GOLDEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GOLDEN_DIM_MAX 4

typedef struct {
    int64_t id; /* HDF5's; -1 when closed */
    char path[4096];
    bool shared; /* found in the shared folder: the whole file, not the smaller copy */
} Golden;

typedef struct {
    int n_dim; /* 0: a scalar */
    int64_t shape[GOLDEN_DIM_MAX];
    size_t n;  /* entries */
    double *v; /* [shape] row-major */
} GoldenArray;

typedef struct {
    int n;
    char **name; /* [n] sorted */
} GoldenNames;

/* ---- where things lie ---- */
const char *golden_source(void); /* root of the source tree */
const char *golden_shared(void); /* the shared data folder; NULL if this machine has none */
bool golden_shared_file(char out[4096], const char *relative); /* "data/…": its path, false if it is not there */
GoldenNames golden_files(const char *prefix);                  /* names of prefix*.h5 in either folder, each once */

/* ---- one file ---- */
bool golden_open(Golden *g, const char *name); /* false: in neither folder. A damaged file ends the program */
void golden_close(Golden *g);

bool golden_has(const Golden *g, const char *path);                    /* a dataset or group */
bool golden_read(GoldenArray *out, const Golden *g, const char *path); /* any number type; false: not there */
GoldenArray golden_member(const Golden *g, const char *group,
                          const char *name); /* group/name, which has to be there */
void golden_free(GoldenArray *array);
GoldenNames golden_list(const Golden *g, const char *group); /* members; "/" is the root; n is 0 if it is not there */
void golden_names_free(GoldenNames *names);

/* ---- attributes; `path` "/" is the file's root ---- */
char *golden_attr_text(const Golden *g, const char *path, const char *attr);    /* caller frees; NULL: not there */
double golden_attr_number(const Golden *g, const char *path, const char *attr); /* NaN: not there; bool is 0 or 1 */
json_t *golden_attr_json(const Golden *g, const char *path, const char *attr);  /* caller decrefs; NULL: not there */

/* Largest |a - b| over largest |b|, over n entries; the largest |a - b| itself where b is all zero. A value that is not
 * finite in one of them only gives infinity. */
double golden_worst(const double *a, const double *b, size_t n);

#endif
