/* SPDX-License-Identifier: MIT
 *
 * Files that are not what they should be. Each case starts from a good file, one dataset of which is replaced.
 */
#include "data/bagfile/bagfile.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

static void start(void)
{
    scratch_make();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

TestSuite(data_h5, .init = start, .fini = scratch_remove);

#define CODES  "/sampledata/sequences"
#define LENS   "/sampledata/seq_lens"
#define COUNTS "/sampledata/sequence_counts"
#define RANGES "/sampledata/sample_sequences_start_end"

enum { N_BAG = 3, N = 60, WIDTH = 12 };

static const char *write_good(const char *name, bool compress)
{
    const BagWriterOptions options = {
        .spec = {.kind = BAG_SEQUENCES, .alphabet = "ACDEFGHIKLMNPQRSTVWY", .region = "junction"},
        .compress = compress,
        .force = true};
    const char *const column[] = {"ID", "status"}, *const cell[] = {"bag0", "+", "bag1", "-", "bag2", "+"};
    static int8_t codes[20][WIDTH];
    int64_t len[20], count[20];
    BagWriter *w;
    Table labels;
    cr_assert_eq(table_new(&labels, N_BAG, 2, column, cell), OK);
    cr_assert_eq(bagwriter_open(&w, in_scratch(name), &options), OK, "%s", status_sentence());
    for (int b = 0; b < N_BAG; b++) {
        for (int i = 0; i < 20; i++) {
            len[i] = 3 + (b + i) % (WIDTH - 2);
            count[i] = 1 + b * i;
            for (int t = 0; t < WIDTH; t++) codes[i][t] = (int8_t)((b * 7 + i * 3 + t * t) % 20);
        }
        char key[16];
        snprintf(key, sizeof key, "bag%d.tsv", b);
        cr_assert_eq(bagwriter_add(w, key,
                                   &(BagWriterRows){
                                       .codes = &codes[0][0], .stride = WIDTH, .len = len, .count = count, .n = 20}),
                     OK);
    }
    cr_assert_eq(bagwriter_finish(w, &labels, NULL), OK, "%s", status_sentence());
    table_free(&labels);
    return in_scratch(name);
}

/* Everything a reader takes from a file, as one text; the Status of the first failure. */
static Status read_all(char *out, size_t room, const char *path)
{
    BagFile *file;
    size_t at = 0;
    Status status = bagfile_open(&file, path);
    if (status != OK) return status;
#define SAY(...) at += (size_t)snprintf(out + at, at < room ? room - at : 0, __VA_ARGS__)
    SAY("%s %s %s ", bagfile_spec(file)->alphabet, bagfile_spec(file)->region,
        bagfile_provenance(file) ? bagfile_provenance(file) : "");
    for (int b = 0; b < bagfile_n_bag(file) && status == OK; b++) {
        BagText text;
        uint64_t hash = 0;
        SAY("\n%s", bagfile_key(file, b));
        if (bagfile_columns(file)) SAY(" %s", table_cell(bagfile_columns(file), b, 1));
        if ((status = bagfile_hash(&hash, file, b)) != OK) break;
        SAY(" %016llx", (unsigned long long)hash);
        if ((status = bagfile_read_text(&text, file, b)) != OK) break;
        for (int i = 0; i < text.n; i++)
            SAY(" %s %lld", text.sequence + (size_t)i * text.stride, (long long)text.count[i]);
        bagtext_free(&text);
    }
    bagfile_close(file);
    cr_assert_lt(at, room);
    return status;
}

static void assert_refused(const char *path, Status wanted, const char *says)
{
    static char text[1 << 16];
    const Status status = read_all(text, sizeof text, path);
    cr_assert_eq(status, wanted, "%d for '%s': %s", status, says,
                 status == OK ? "read without complaint" : status_sentence());
    cr_assert(strstr(status_sentence(), says), "'%s' is not in: %s", says, status_sentence());
    cr_assert(strstr(status_sentence(), strrchr(path, '/') + 1), "the file is not named: %s", status_sentence());
}

/* ---- replacing one dataset ---- */

static hid_t edit(const char *name)
{
    const hid_t file = H5Fopen(write_good(name, true), H5F_ACC_RDWR, H5P_DEFAULT);
    cr_assert_geq(file, 0);
    return file;
}

static void replace(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim, hid_t list,
                    const void *data)
{
    if (H5Lexists(file, name, H5P_DEFAULT) > 0) H5Ldelete(file, name, H5P_DEFAULT);
    const hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, dim, NULL);
    const hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
    cr_assert_geq(set, 0, "%s", name);
    if (data) cr_assert_geq(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), 0);
    H5Dclose(set);
    H5Sclose(space);
}

typedef struct {
    const char *name;
    int rank;
    hsize_t dim[2];
    const char *says;
} Shape;

Test(data_h5, datasets_that_are_missing)
{
    static const char *const names[] = {
        CODES, LENS, COUNTS, RANGES, "/metadata/sample_keys", "/metadata/n_samples", "/metadata/aas"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const hid_t file = edit("missing.h5");
        H5Ldelete(file, names[i], H5P_DEFAULT);
        H5Fclose(file);
        assert_refused(in_scratch("missing.h5"), ERR_FORMAT, names[i]);
    }
}

Test(data_h5, shapes_and_sizes)
{
    static const Shape cases[] = {
        {CODES, 1, {N}, "has 1 dimension, 2 expected"},
        {LENS, 1, {N - 1}, "has 59 rows"},
        {LENS, 0, {0}, "has 0 dimensions"},
        {COUNTS, 2, {N, 1}, "has 2 dimensions"},
        {RANGES, 2, {N_BAG, 3}, "is 3 × 3, expected are 3 × 2"},
        {RANGES, 2, {N_BAG + 1, 2}, "is 4 × 2"},
        {"/metadata/n_samples", 1, {1}, "has 1 dimension, 0 expected"},
        {"/metadata/bag_hash", 1, {N_BAG + 1}, "has 4 entries for 3 bags"},
    };
    static int64_t zeros[N * WIDTH];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const hid_t file = edit("shape.h5");
        replace(file, cases[i].name, H5T_NATIVE_INT64, cases[i].rank, cases[i].dim, H5P_DEFAULT, zeros);
        H5Fclose(file);
        assert_refused(in_scratch("shape.h5"), ERR_FORMAT, cases[i].says);
    }
}

Test(data_h5, types)
{
    static const char *const names[] = {CODES, LENS, COUNTS, RANGES, "/metadata/n_samples"};
    static const int rank[] = {2, 1, 1, 2, 0};
    static const hsize_t dim[][2] = {{N, WIDTH}, {N}, {N}, {N_BAG, 2}, {0}};
    static double zeros[N * WIDTH];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const hid_t file = edit("type.h5");
        replace(file, names[i], H5T_NATIVE_DOUBLE, rank[i], dim[i], H5P_DEFAULT, zeros);
        H5Fclose(file);
        assert_refused(in_scratch("type.h5"), ERR_FORMAT, "does not hold integers");
    }
    const hid_t file = edit("type.h5");
    replace(file, "/metadata/aas", H5T_NATIVE_INT64, 0, NULL, H5P_DEFAULT, zeros);
    H5Fclose(file);
    assert_refused(in_scratch("type.h5"), ERR_FORMAT, "does not hold strings");
}

Test(data_h5, contents_out_of_range)
{
    static const struct {
        const char *name;
        int64_t value[6];
        const char *says;
    } cases[] = {
        {RANGES, {0, 20, 20, 40, 40, 61}, "row 2 ('bag2.tsv') is 40 … 61"},
        {RANGES, {0, 20, 20, 40, -1, 60}, "row 2"},
        {RANGES, {20, 0, 20, 40, 40, 60}, "row 0"},
        {RANGES, {0, 20, 20, 20, 40, 60}, "bag 'bag1.tsv' is empty"},
        {RANGES, {0, 20, 20, 40, 40, INT64_MAX}, "row 2"},
    };
    const hsize_t dim[] = {N_BAG, 2};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const hid_t file = edit("range.h5");
        replace(file, cases[i].name, H5T_NATIVE_INT64, 2, dim, H5P_DEFAULT, cases[i].value);
        H5Fclose(file);
        assert_refused(in_scratch("range.h5"), ERR_FORMAT, cases[i].says);
    }
    static const struct {
        int64_t value;
        const char *says;
    } counts[] = {{2, "/metadata/n_samples"},
                  {0, "/metadata/n_samples"},
                  {-1, "/metadata/n_samples"},
                  {INT64_MAX, "/metadata/n_samples"}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const hid_t file = edit("n.h5");
        H5Ldelete(file, "/metadata/provenance", H5P_DEFAULT);
        replace(file, "/metadata/n_samples", H5T_NATIVE_INT64, 0, NULL, H5P_DEFAULT, &counts[i].value);
        H5Fclose(file);
        assert_refused(in_scratch("n.h5"), ERR_FORMAT, counts[i].says);
    }
}

static void with_rows(int64_t len, int8_t code, const char *says)
{
    static int64_t lens[N];
    static int8_t codes[N][WIDTH];
    const hsize_t dim[] = {N, WIDTH};
    const hid_t file = edit("rows.h5");
    for (int i = 0; i < N; i++) lens[i] = 4;
    memset(codes, 1, sizeof codes);
    lens[41] = len;
    codes[41][2] = code;
    replace(file, LENS, H5T_NATIVE_INT64, 1, dim, H5P_DEFAULT, lens);
    replace(file, CODES, H5T_NATIVE_INT8, 2, dim, H5P_DEFAULT, codes);
    H5Ldelete(file, "/metadata/bag_hash", H5P_DEFAULT);
    H5Fclose(file);
    assert_refused(in_scratch("rows.h5"), ERR_FORMAT, says);
}

Test(data_h5, rows_out_of_range)
{
    with_rows(WIDTH + 1, 0, LENS " row 41 is 13");
    with_rows(-1, 0, LENS " row 41 is -1");
    with_rows(4, 20, CODES " row 41 holds a code outside 0 … 19");
    with_rows(4, -1, CODES " row 41");
}

/* ---- ways out of the file, odd storage ---- */

Test(data_h5, links_that_lead_away)
{
    hid_t file = edit("soft.h5");
    H5Ldelete(file, LENS, H5P_DEFAULT);
    H5Lcreate_soft(COUNTS, file, LENS, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    assert_refused(in_scratch("soft.h5"), ERR_FORMAT, "link to another place");

    file = edit("external.h5");
    H5Ldelete(file, LENS, H5P_DEFAULT);
    H5Lcreate_external("/etc/passwd", "/x", file, LENS, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    assert_refused(in_scratch("external.h5"), ERR_FORMAT, "link to another place");

    file = edit("group.h5");
    H5Ldelete(file, "/metadata", H5P_DEFAULT);
    H5Lcreate_external("/etc/passwd", "/x", file, "/metadata", H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    assert_refused(in_scratch("group.h5"), ERR_FORMAT, "link to another place");
}

Test(data_h5, storage_that_lies_elsewhere)
{
    const hsize_t dim[] = {N};
    hid_t list = H5Pcreate(H5P_DATASET_CREATE), file = edit("storage.h5");
    H5Pset_external(list, "/etc/passwd", 0, N * 8);
    replace(file, LENS, H5T_NATIVE_INT64, 1, dim, list, NULL);
    H5Fclose(file);
    H5Pclose(list);
    assert_refused(in_scratch("storage.h5"), ERR_FORMAT, "stored in another file");

    const hid_t space = H5Screate_simple(1, dim, NULL);
    list = H5Pcreate(H5P_DATASET_CREATE);
    file = edit("virtual.h5");
    H5Pset_virtual(list, space, "/etc/passwd", "/x", space);
    replace(file, LENS, H5T_NATIVE_INT64, 1, dim, list, NULL);
    H5Fclose(file);
    H5Pclose(list);
    H5Sclose(space);
    assert_refused(in_scratch("virtual.h5"), ERR_FORMAT, "virtual");
}

Test(data_h5, filters_and_chunks)
{
    const hsize_t dim[] = {N}, huge[] = {1ull << 40}, big_chunk[] = {(64u << 20) / 8 + 1}, chunk[] = {1024};
    static int64_t zeros[N];
    hid_t list = H5Pcreate(H5P_DATASET_CREATE), file = edit("filter.h5");
    H5Pset_chunk(list, 1, dim);
    H5Pset_nbit(list);
    replace(file, LENS, H5T_NATIVE_INT64, 1, dim, list, zeros);
    H5Fclose(file);
    H5Pclose(list);
    assert_refused(in_scratch("filter.h5"), ERR_FORMAT, "is stored with filter 5");

    list = H5Pcreate(H5P_DATASET_CREATE);
    file = edit("chunk.h5");
    H5Pset_chunk(list, 1, big_chunk);
    replace(file, LENS, H5T_NATIVE_INT64, 1, huge, list, NULL);
    H5Fclose(file);
    H5Pclose(list);
    assert_refused(in_scratch("chunk.h5"), ERR_FORMAT, "chunks of more than 64 MB");

    list = H5Pcreate(H5P_DATASET_CREATE);
    file = edit("claim.h5");
    H5Pset_chunk(list, 1, chunk);
    replace(file, LENS, H5T_NATIVE_INT64, 1, huge, list, NULL);
    H5Fclose(file);
    H5Pclose(list);
    assert_refused(in_scratch("claim.h5"), ERR_FORMAT, "more than a file of");
}

/* ---- foreign files that are fine ---- */

Test(data_h5, older_names_and_other_types_are_read)
{
    static char text[2][1 << 16];
    hid_t file = edit("old.h5");
    const char *cut = "/metadata/provenance";
    H5Ldelete(file, cut, H5P_DEFAULT);
    H5Ldelete(file, "/metadata/stats", H5P_DEFAULT);
    H5Lmove(file, CODES, file, "/sampledata/amino_acid_sequences", H5P_DEFAULT, H5P_DEFAULT);
    H5Lmove(file, COUNTS, file, "/sampledata/duplicates_per_sequence", H5P_DEFAULT, H5P_DEFAULT);
    const hid_t fixed = H5Tcopy(H5T_C_S1);
    const hsize_t dim[] = {N_BAG};
    H5Tset_size(fixed, 8);
    H5Tset_strpad(fixed, H5T_STR_NULLPAD);
    replace(file, "/metadata/sample_keys", fixed, 1, dim, H5P_DEFAULT, "bag0.tsvbag1.tsvbag2.tsv");
    H5Tclose(fixed);
    const int32_t short_n = N_BAG;
    replace(file, "/metadata/n_samples", H5T_NATIVE_INT32, 0, NULL, H5P_DEFAULT, &short_n);
    H5Fclose(file);
    cr_assert_eq(read_all(text[0], sizeof text[0], in_scratch("old.h5")), OK, "%s", status_sentence());
    cr_assert_eq(read_all(text[1], sizeof text[1], write_good("new.h5", true)), OK);
    cr_assert_str_eq(strchr(text[0], '\n'), strchr(text[1], '\n'));
    file = H5Fopen(in_scratch("old.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
    H5Lmove(file, "/sampledata/duplicates_per_sequence", file, "/sampledata/counts_per_sequence", H5P_DEFAULT,
            H5P_DEFAULT);
    H5Fclose(file);
    cr_assert_eq(read_all(text[0], sizeof text[0], in_scratch("old.h5")), OK, "%s", status_sentence());
}

/* The hash is the content's, whoever computes it. */
Test(data_h5, a_hash_that_is_missing_is_computed)
{
    static char text[2][1 << 16];
    const hid_t file = edit("hash.h5");
    H5Ldelete(file, "/metadata/bag_hash", H5P_DEFAULT);
    H5Fclose(file);
    cr_assert_eq(read_all(text[0], sizeof text[0], in_scratch("hash.h5")), OK, "%s", status_sentence());
    cr_assert_eq(read_all(text[1], sizeof text[1], write_good("new.h5", true)), OK);
    cr_assert_str_eq(text[0], text[1]);
}

/* ---- bags of vectors ---- */

static const char *write_vectors(const char *name, const float *x)
{
    const hsize_t dim[] = {5, 3}, bags[] = {2, 2};
    const int64_t range[] = {0, 2, 2, 5}, n = 2;
    const hid_t text = H5Tcopy(H5T_C_S1);
    const hid_t file = H5Fcreate(in_scratch(name), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const char *keys[] = {"image one", "image two"};
    H5Tset_size(text, H5T_VARIABLE);
    H5Gclose(H5Gcreate2(file, "/sampledata", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Gclose(H5Gcreate2(file, "/metadata", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    replace(file, "/sampledata/features", H5T_NATIVE_FLOAT, 2, dim, H5P_DEFAULT, x);
    replace(file, RANGES, H5T_NATIVE_INT64, 2, bags, H5P_DEFAULT, range);
    replace(file, "/metadata/sample_keys", text, 1, bags, H5P_DEFAULT, keys);
    replace(file, "/metadata/n_samples", H5T_NATIVE_INT64, 0, NULL, H5P_DEFAULT, &n);
    H5Tclose(text);
    H5Fclose(file);
    return in_scratch(name);
}

Test(data_h5, vectors)
{
    float x[15], turned[15];
    BagFile *file;
    Bag bag;
    Arena arena = {0};
    uint64_t hash[2];
    BagText text;
    for (int i = 0; i < 15; i++) x[i] = (float)i - 4.5f;
    for (int k = 0; k < 2; k++) {
        memcpy(turned, x, sizeof x);
        if (k == 1) memcpy(turned, x + 3, 3 * sizeof *x), memcpy(turned + 3, x, 3 * sizeof *x);
        cr_assert_eq(bagfile_open(&file, write_vectors("v.h5", turned)), OK, "%s", status_sentence());
        cr_assert_eq(bagfile_hash(&hash[k], file, 0), OK, "%s", status_sentence());
        if (k == 0) bagfile_close(file);
    }
    cr_assert_eq(hash[0], hash[1], "the order of rows does not matter");
    cr_assert_eq(bagfile_spec(file)->kind, BAG_VECTORS);
    cr_assert_eq(bagfile_spec(file)->n_feat, 3);
    cr_assert_str_eq(bagfile_key(file, 1), "image two");
    bagfile_read_room(&arena, file, 1, COUNTS_NONE);
    cr_assert_eq(arena_reserve(&arena, "bag"), OK);
    cr_assert_eq(bagfile_read(&bag, &arena, file, 1, COUNTS_NONE), OK, "%s", status_sentence());
    cr_assert_eq(arena.used, arena.size);
    cr_assert_eq(bag.n, 3);
    cr_assert_eq(memcmp(bag.x, x + 6, 9 * sizeof *x), 0);
    cr_assert_eq(bagfile_read_text(&text, file, 1), ERR_FORMAT);
    arena_free(&arena);
    bagfile_close(file);

    x[10] = 0 / (x[4] - x[4]);
    cr_assert_eq(bagfile_open(&file, write_vectors("nan.h5", x)), OK);
    cr_assert_eq(bagfile_hash(&hash[0], file, 0), OK);
    cr_assert_eq(bagfile_hash(&hash[1], file, 1), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "bag 'image two' instance 1 feature 1 is not a finite number"), "%s",
              status_sentence());
    bagfile_close(file);
}

/* ---- damage ---- */

static size_t load(unsigned char *bytes, size_t room, const char *path)
{
    FILE *file = fopen(path, "rb");
    const size_t n = fread(bytes, 1, room, file);
    fclose(file);
    cr_assert_lt(n, room);
    return n;
}

Test(data_h5, no_hdf5_at_all)
{
    assert_refused(scratch_text("text.h5", "amino_acid\ttemplates\n"), ERR_FORMAT, "is not an HDF5 file");
    assert_refused(scratch_text("empty.h5", ""), ERR_FORMAT, "is not an HDF5 file");
    assert_refused(in_scratch("absent.h5"), ERR_IO, "No such file");
    mkdir(in_scratch("folder.h5"), 0777);
    assert_refused(in_scratch("folder.h5"), ERR_FORMAT, "is not a file");
}

Test(data_h5, cut_files)
{
    static unsigned char bytes[1 << 18];
    static char text[1 << 16];
    const size_t n = load(bytes, sizeof bytes, write_good("good.h5", true));
    for (size_t cut = 0; cut < n; cut += 97) {
        const Status status = read_all(text, sizeof text, scratch_bytes("cut.h5", bytes, cut));
        cr_assert_eq(status, ERR_FORMAT, "cut at %zu of %zu gives %d", cut, n, status);
    }
}

/* One bit off, anywhere: an error, or nothing of what is read has changed. */
static void flip_bits(const char *name, bool compress, size_t step)
{
    static unsigned char bytes[1 << 18];
    static char good[1 << 16], text[1 << 16];
    int refused = 0, same = 0;
    const size_t n = load(bytes, sizeof bytes, write_good(name, compress));
    cr_assert_eq(read_all(good, sizeof good, in_scratch(name)), OK);
    for (size_t bit = 0; bit < 8 * n; bit += step) {
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        const Status status = read_all(text, sizeof text, scratch_bytes("flip.h5", bytes, n));
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        if (status == OK) cr_assert_str_eq(text, good, "bit %zu of byte %zu", bit % 8, bit / 8);
        refused += status != OK;
        same += status == OK;
    }
    cr_log_info("%s: %d flips refused, %d without effect\n", name, refused, same);
    cr_assert_gt(refused, 100);
}

Test(data_h5, flipped_bits)
{
    flip_bits("gzip.h5", true, 61);
    flip_bits("plain.h5", false, 67);
}
