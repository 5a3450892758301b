/* SPDX-License-Identifier: MIT
 *
 * Datasets of sparse vectors that are not what they should be. Each case starts from a good file, one array of which is
 * replaced; what is read of it is an error that names the file, never a crash.
 */
#include "data/bagfile/bagfile.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <hdf5.h>
#include <math.h>
#include <string.h>

TestSuite(data_bagvectors, .init = scratch_make, .fini = scratch_remove);

enum { N_FEAT = 10, N_ROW = 4, N_NUMBER = 6 };

/* Bags "one" (rows 0, 1) and "two" (rows 2, 3); row 1 is empty. */
static const int64_t good_indptr[N_ROW + 1] = {0, 2, 2, 5, 6};
static const int32_t good_index[N_NUMBER] = {0, 9, 1, 4, 5, 3};
static const float good_value[N_NUMBER] = {1, -2, 3.5F, 4, 5, 6};

static const char *write_good(const char *name, bool compress)
{
    const BagWriterOptions options = {.spec = {.kind = BAG_VECTORS}, .compress = compress, .force = true};
    BagWriter *w;
    cr_assert_eq(bagwriter_open(&w, in_scratch(name), &options), OK, "%s", status_sentence());
    VectorSpool *s = bagwriter_vectors(w);
    s->sparse = true;
    for (int i = 0; i < N_ROW; i++) {
        int bag;
        cr_assert_eq(vectorspool_bag(&bag, s, i < 2 ? "one" : "two"), OK);
        cr_assert_eq(vectorspool_sparse(s, bag, good_index + good_indptr[i], good_value + good_indptr[i],
                                        (int)(good_indptr[i + 1] - good_indptr[i])),
                     OK);
    }
    cr_assert_eq(s->n_feat, N_FEAT);
    cr_assert_eq(bagwriter_finish(w, NULL, NULL), OK, "%s", status_sentence());
    return in_scratch(name);
}

static void replace(hid_t file, const char *name, hid_t type, int rank, hsize_t n, const void *data)
{
    H5Ldelete(file, name, H5P_DEFAULT);
    const hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, &n, NULL);
    const hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    cr_assert(set >= 0 && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Dclose(set);
    H5Sclose(space);
}

/* Opens the file and reads its bags. */
static Status read_all(const char *path)
{
    BagFile *file;
    TRY(bagfile_open(&file, path));
    Status status = OK;
    for (int b = 0; b < bagfile_n_bag(file) && status == OK; b++) {
        Bag bag;
        Arena arena = {0};
        bagfile_read_room(&arena, file, b, COUNTS_NONE);
        cr_assert_eq(arena_reserve(&arena, "a bag"), OK);
        status = bagfile_read(&bag, &arena, file, b, COUNTS_NONE);
        arena_free(&arena);
    }
    if (status == OK) status = bagfile_visitor.visit(path);
    bagfile_close(file);
    return status;
}

Test(data_bagvectors, what_is_written_is_read)
{
    for (int compress = 0; compress < 2; compress++) {
        BagFile *file;
        Bag bag;
        Arena arena = {0};
        cr_assert_eq(bagfile_open(&file, write_good("a.h5", compress)), OK, "%s", status_sentence());
        cr_assert(bagfile_n_bag(file) == 2 && bagfile_n_total(file) == N_ROW && bagfile_n_nonzero(file) == N_NUMBER);
        cr_assert(bagfile_spec(file)->sparse && bagfile_spec(file)->n_feat == N_FEAT);
        cr_assert_null(bagfile_feature_names(file));
        bagfile_read_room(&arena, file, 1, COUNTS_NONE);
        cr_assert_eq(arena_reserve(&arena, "a bag"), OK);
        cr_assert_eq(bagfile_read(&bag, &arena, file, 1, COUNTS_NONE), OK, "%s", status_sentence());
        cr_assert(bag.n == 2 && !bag.x && bag.sparse[0].n == 3 && bag.sparse[1].n == 1);
        cr_assert_arr_eq(bag.sparse[0].feature, good_index + 2, 3 * sizeof *good_index);
        cr_assert_arr_eq(bag.sparse[1].value, good_value + 5, sizeof *good_value);
        arena_free(&arena);
        bagfile_close(file);
    }
    cr_assert_eq(read_all(write_good("a.h5", true)), OK, "%s", status_sentence());
}

Test(data_bagvectors, lists_are_checked)
{
    static const struct {
        const char *name, *says;
        int64_t indptr[N_ROW + 1];
        int32_t index[N_NUMBER];
        float value[N_NUMBER];
    } bad[] = {
        {"/sampledata/indptr", "row 1", {0, 2, 1, 5, 6}, {0}, {0}},
        {"/sampledata/indptr", "row 0", {-1, 2, 2, 5, 6}, {0}, {0}},
        {"/sampledata/indptr", "from 1 to 6", {1, 2, 2, 5, 6}, {0}, {0}},
        {"/sampledata/indptr", "from 0 to 7", {0, 2, 2, 5, 7}, {0}, {0}},
        {"/sampledata/indptr", "row 3", {0, 2, 2, 5, INT64_MAX}, {0}, {0}},
        {"/sampledata/indices", "bag 'one' instance 0 has feature 10", {0}, {0, 10, 1, 4, 5, 3}, {0}},
        {"/sampledata/indices", "has feature -1", {0}, {-1, 9, 1, 4, 5, 3}, {0}},
        {"/sampledata/indices", "bag 'two' instance 0: feature 4 stands behind 4", {0}, {0, 9, 1, 4, 4, 3}, {0}},
        {"/sampledata/indices", "feature 1 stands behind 4", {0}, {0, 9, 4, 1, 5, 3}, {0}},
        {"/sampledata/values", "bag 'two' instance 1 feature 3 is not a finite", {0}, {0}, {1, 2, 3, 4, 5, NAN}},
        {"/sampledata/values",
         "bag 'one' instance 0 feature 9 is not a finite",
         {0},
         {0},
         {1, -INFINITY, 3, 4, 5, 6}},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        const char *path = write_good("bad.h5", true);
        const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        const bool at = strstr(bad[k].name, "indptr"), index = strstr(bad[k].name, "indices");
        replace(file, bad[k].name,
                at      ? H5T_STD_I64LE
                : index ? H5T_STD_I32LE
                        : H5T_IEEE_F32LE,
                1, at ? N_ROW + 1 : N_NUMBER,
                at      ? (const void *)bad[k].indptr
                : index ? (const void *)bad[k].index
                        : (const void *)bad[k].value);
        H5Fclose(file);
        cr_assert_eq(read_all(path), ERR_FORMAT, "%zu", k);
        cr_assert(strstr(status_sentence(), bad[k].says) && strstr(status_sentence(), "bad.h5"), "%zu: %s", k,
                  status_sentence());
    }
}

Test(data_bagvectors, sizes_are_checked)
{
    static const struct {
        const char *name, *says;
        int rank;
        hsize_t n;
        int64_t number[8];
    } bad[] = {
        {"/sampledata/indices", "has 5 entries", 1, 5, {0, 1, 2, 3, 4}},
        {"/sampledata/indptr", "has 1 entries", 1, 1, {0}},
        {"/sampledata/indptr", "rows", 1, 3, {0, 2, 6}}, /* bags reach beyond the rows */
        {"/sampledata/indptr", "dimensions", 0, 1, {6}},
        {"/metadata/n_features", "checksum", 0, 1, {11}},
        {"/metadata/bag_hash", "entries", 1, 3, {0}},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        const char *path = write_good("bad.h5", true);
        const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        replace(file, bad[k].name, H5T_STD_I64LE, bad[k].rank, bad[k].n, bad[k].number);
        H5Fclose(file);
        cr_assert_eq(read_all(path), ERR_FORMAT, "%zu", k);
        cr_assert(strstr(status_sentence(), bad[k].says), "%zu: %s", k, status_sentence());
    }
    static const char *const parts[] = {"/sampledata/indices", "/sampledata/values", "/metadata/n_features"};
    for (int k = 0; k < 3; k++) {
        const char *path = write_good("bad.h5", true);
        const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        H5Ldelete(file, parts[k], H5P_DEFAULT);
        H5Fclose(file);
        cr_assert_eq(read_all(path), ERR_FORMAT);
        cr_assert(strstr(status_sentence(), parts[k]), "%s", status_sentence());
    }
}

/* Files of others have no provenance: then the number of features itself is looked at. */
Test(data_bagvectors, foreign_widths)
{
    static const int64_t width[] = {0, -5, 1LL << 40, N_FEAT - 1, N_FEAT};
    for (int k = 0; k < 5; k++) {
        const char *path = write_good("bad.h5", true);
        const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        H5Ldelete(file, "/metadata/provenance", H5P_DEFAULT);
        replace(file, "/metadata/n_features", H5T_STD_I64LE, 0, 1, &width[k]);
        H5Fclose(file);
        cr_assert_eq(read_all(path), k < 4 ? ERR_FORMAT : OK, "%d: %s", k, status_sentence());
    }
}

/* Bits of numbers, lists and tables: found by a checksum, at the latest when the bag is read. */
Test(data_bagvectors, flipped_bits_are_found)
{
    static unsigned char bytes[1 << 16];
    FILE *in = fopen(write_good("good.h5", false), "rb");
    const size_t n = fread(bytes, 1, sizeof bytes, in);
    int missed = 0;
    fclose(in);
    cr_assert(n > 1000 && n < sizeof bytes);
    for (size_t k = 0; k < N_NUMBER; k++) { /* the numbers lie there as they are */
        unsigned char *at = memmem(bytes, n, &good_value[k], sizeof *good_value);
        cr_assert_not_null(at);
        at[1] ^= 4;
        missed += read_all(scratch_bytes("flip.h5", bytes, n)) == OK;
        at[1] ^= 4;
    }
    cr_assert_eq(missed, 0);
    cr_assert_eq(read_all(scratch_bytes("flip.h5", bytes, n)), OK, "%s", status_sentence());
}
