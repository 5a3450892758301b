/* SPDX-License-Identifier: MIT */
#include "support/golden.h"

#include <dirent.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void die(const char *what, const char *path, const char *name)
{
    fprintf(stderr, "golden: %s: %s %s\n", path, what, name);
    abort();
}

/* ---- where things lie ---- */

static bool is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static bool is_file(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISREG(s.st_mode);
}

const char *golden_source(void)
{
    const char *given = getenv("HOPSACK_TEST_SOURCE");
    return given && *given ? given : TEST_SOURCE;
}

const char *golden_shared(void)
{
    static char path[4096];
    const char *given = getenv("HOPSACK_SHARED");
    if (given && *given)
        snprintf(path, sizeof path, "%s", given);
    else
        snprintf(path, sizeof path, "%s/../shared", golden_source());
    return is_folder(path) ? path : NULL;
}

bool golden_shared_file(char out[4096], const char *relative)
{
    const char *shared = golden_shared();
    if (!shared) return false;
    snprintf(out, 4096, "%s/%s", shared, relative);
    return is_file(out) || is_folder(out);
}

static bool find(Golden *g, const char *name)
{
    char relative[512];
    snprintf(relative, sizeof relative, "golden/%s", name);
    g->shared = golden_shared_file(g->path, relative);
    if (g->shared) return true;
    snprintf(g->path, sizeof g->path, "%s/tests/golden/%s", golden_source(), name);
    return is_file(g->path);
}

/* ---- names ---- */

static bool names_have(const GoldenNames *names, const char *name)
{
    for (int i = 0; i < names->n; i++)
        if (strcmp(names->name[i], name) == 0) return true;
    return false;
}

static void names_add(GoldenNames *names, const char *name)
{
    if (names_have(names, name)) return;
    names->name = realloc(names->name, (size_t)(names->n + 1) * sizeof *names->name);
    names->name[names->n++] = strdup(name);
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_sort(GoldenNames *names)
{
    if (names->n) qsort(names->name, (size_t)names->n, sizeof *names->name, compare_text);
}

void golden_names_free(GoldenNames *names)
{
    for (int i = 0; i < names->n; i++) free(names->name[i]);
    free(names->name);
    *names = (GoldenNames){0};
}

static void add_folder(GoldenNames *names, const char *folder, const char *prefix)
{
    DIR *dir = opendir(folder);
    if (!dir) return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        const size_t n = strlen(entry->d_name);
        if (n < 3 || strcmp(entry->d_name + n - 3, ".h5") != 0) continue;
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) names_add(names, entry->d_name);
    }
    closedir(dir);
}

GoldenNames golden_files(const char *prefix)
{
    GoldenNames names = {0};
    char folder[4096];
    if (golden_shared_file(folder, "golden")) add_folder(&names, folder, prefix);
    snprintf(folder, sizeof folder, "%s/tests/golden", golden_source());
    add_folder(&names, folder, prefix);
    names_sort(&names);
    return names;
}

/* ---- one file ---- */

bool golden_open(Golden *g, const char *name)
{
    *g = (Golden){.id = -1};
    if (!find(g, name)) return false;
    H5E_BEGIN_TRY
    {
        g->id = H5Fopen(g->path, H5F_ACC_RDONLY, H5P_DEFAULT);
    }
    H5E_END_TRY;
    if (g->id < 0) die("cannot open", g->path, "");
    return true;
}

void golden_close(Golden *g)
{
    if (g->id >= 0) H5Fclose(g->id);
    g->id = -1;
}

/* -1 if there is no such object */
static hid_t open_object(const Golden *g, const char *path)
{
    hid_t object;
    H5E_BEGIN_TRY
    {
        object = H5Oopen(g->id, path, H5P_DEFAULT);
    }
    H5E_END_TRY;
    return object;
}

bool golden_has(const Golden *g, const char *path)
{
    const hid_t object = open_object(g, path);
    if (object >= 0) H5Oclose(object);
    return object >= 0;
}

static void read_shape(GoldenArray *out, const Golden *g, hid_t dataset, const char *path)
{
    hsize_t shape[GOLDEN_DIM_MAX] = {0};
    const hid_t space = H5Dget_space(dataset);
    out->n_dim = H5Sget_simple_extent_ndims(space);
    if (out->n_dim < 0 || out->n_dim > GOLDEN_DIM_MAX) die("too many dimensions:", g->path, path);
    H5Sget_simple_extent_dims(space, shape, NULL);
    H5Sclose(space);
    out->n = 1;
    for (int d = 0; d < out->n_dim; d++) {
        out->shape[d] = (int64_t)shape[d];
        out->n *= (size_t)shape[d];
    }
}

bool golden_read(GoldenArray *out, const Golden *g, const char *path)
{
    *out = (GoldenArray){0};
    const hid_t dataset = open_object(g, path);
    if (dataset < 0) return false;
    if (H5Iget_type(dataset) != H5I_DATASET) die("not an array:", g->path, path);
    read_shape(out, g, dataset, path);
    out->v = malloc((out->n ? out->n : 1) * sizeof *out->v);
    if (H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, out->v) < 0)
        die("cannot read", g->path, path);
    H5Oclose(dataset);
    return true;
}

GoldenArray golden_member(const Golden *g, const char *group, const char *name)
{
    GoldenArray a;
    char path[128];
    snprintf(path, sizeof path, "%s/%s", group, name);
    if (!golden_read(&a, g, path)) die("not there:", g->path, path);
    return a;
}

void golden_free(GoldenArray *array)
{
    free(array->v);
    *array = (GoldenArray){0};
}

static herr_t add_link(hid_t group, const char *name, const H5L_info_t *info, void *names)
{
    (void)group, (void)info;
    names_add(names, name);
    return 0;
}

GoldenNames golden_list(const Golden *g, const char *group)
{
    GoldenNames names = {0};
    const hid_t object = open_object(g, group);
    if (object < 0) return names;
    H5Literate(object, H5_INDEX_NAME, H5_ITER_INC, NULL, add_link, &names);
    H5Oclose(object);
    names_sort(&names);
    return names;
}

/* ---- attributes ---- */

static hid_t open_attribute(const Golden *g, const char *path, const char *attr)
{
    hid_t attribute;
    H5E_BEGIN_TRY
    {
        attribute = H5Aopen_by_name(g->id, path, attr, H5P_DEFAULT, H5P_DEFAULT);
    }
    H5E_END_TRY;
    return attribute;
}

char *golden_attr_text(const Golden *g, const char *path, const char *attr)
{
    const hid_t attribute = open_attribute(g, path, attr);
    if (attribute < 0) return NULL;
    const hid_t type = H5Aget_type(attribute);
    if (H5Tget_class(type) != H5T_STRING) die("not text:", g->path, attr);
    char *text = NULL, *copy = NULL;
    if (H5Tis_variable_str(type)) {
        if (H5Aread(attribute, type, &text) < 0) die("cannot read", g->path, attr);
        copy = strdup(text ? text : "");
        H5free_memory(text);
    } else {
        copy = calloc(H5Tget_size(type) + 1, 1);
        if (H5Aread(attribute, type, copy) < 0) die("cannot read", g->path, attr);
    }
    H5Tclose(type);
    H5Aclose(attribute);
    return copy;
}

double golden_attr_number(const Golden *g, const char *path, const char *attr)
{
    const hid_t attribute = open_attribute(g, path, attr);
    if (attribute < 0) return NAN;
    double value = NAN;
    const hid_t space = H5Aget_space(attribute);
    if (H5Sget_simple_extent_npoints(space) != 1) die("not one number:", g->path, attr);
    if (H5Aread(attribute, H5T_NATIVE_DOUBLE, &value) < 0) die("not a number:", g->path, attr);
    H5Sclose(space);
    H5Aclose(attribute);
    return value;
}

json_t *golden_attr_json(const Golden *g, const char *path, const char *attr)
{
    char *text = golden_attr_text(g, path, attr);
    if (!text) return NULL;
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!value) die("not JSON:", g->path, attr);
    free(text);
    return value;
}

/* ---- comparing ---- */

double golden_worst(const double *a, const double *b, size_t n)
{
    double apart = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(a[i]) || !isfinite(b[i])) {
            if (a[i] == b[i] || (isnan(a[i]) && isnan(b[i]))) continue;
            return INFINITY;
        }
        apart = fmax(apart, fabs(a[i] - b[i]));
        largest = fmax(largest, fabs(b[i]));
    }
    return largest > 0 ? apart / largest : apart;
}
