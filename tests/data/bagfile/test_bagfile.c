/* SPDX-License-Identifier: MIT */
#include "core/rng.h"
#include "data/bagfile/bagfile.h"
#include "support/golden.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(data_bagfile, .init = scratch_make, .fini = scratch_remove);

static const BagSpec junctions = {
    .kind = BAG_SEQUENCES, .n_feat = 20, .alphabet = "ACDEFGHIKLMNPQRSTVWY", .region = "junction"};

enum { STRIDE = 40, N_BAG = 7 };

typedef struct {
    int n;
    int8_t *codes;
    int64_t *len, *count;
} Made;

static int size_of(int b)
{
    return b == 3 ? 9000 : 1 + 37 * b;
}

/* Bag b of a reproducible set: lengths 0 to 23, counts with zeros and negatives. */
static Made make_bag(int b)
{
    Rng rng = rng_stream(5, "bagfile test", (uint64_t)b);
    Made made = {.n = size_of(b)};
    made.codes = malloc((size_t)made.n * STRIDE);
    made.len = malloc((size_t)made.n * sizeof *made.len);
    made.count = malloc((size_t)made.n * sizeof *made.count);
    for (int i = 0; i < made.n; i++) {
        made.len[i] = (int64_t)rng_below(&rng, 24);
        made.count[i] = (int64_t)rng_below(&rng, 50) - 2;
        for (int t = 0; t < STRIDE; t++)
            made.codes[i * STRIDE + t] = (int8_t)(t < made.len[i] ? rng_below(&rng, 20) : 99);
    }
    return made;
}

static void made_free(Made *made)
{
    free(made->codes);
    free(made->len);
    free(made->count);
}

static void add(BagWriter *w, int b)
{
    char key[32];
    Made made = make_bag(b);
    snprintf(key, sizeof key, "bag%d.tsv", b);
    cr_assert_eq(
        bagwriter_add(w, key,
                      &(BagWriterRows){
                          .codes = made.codes, .stride = STRIDE, .len = made.len, .count = made.count, .n = made.n}),
        OK);
    made_free(&made);
}

static const char *write_file(const char *name, bool compress)
{
    const char *const column[] = {"ID", "status"};
    const char *cell[2 * N_BAG], *path = in_scratch(name);
    const BagWriterOptions options = {.spec = junctions, .compress = compress, .force = true};
    BagWriter *w;
    Table labels;
    static char id[N_BAG][16];
    for (int b = 0; b < N_BAG; b++) {
        snprintf(id[b], sizeof id[b], "bag%d", b);
        cell[2 * b] = id[b];
        cell[2 * b + 1] = b % 2 ? "+" : "-";
    }
    cr_assert_eq(table_new(&labels, N_BAG, 2, column, cell), OK);
    cr_assert_eq(bagwriter_open(&w, path, &options), OK, "%s", status_sentence());
    for (int b = 0; b < N_BAG; b++) add(w, b);
    cr_assert_eq(bagwriter_finish(w, &labels, "{\"note\": \"test\"}"), OK, "%s", status_sentence());
    table_free(&labels);
    return path;
}

static void compare_bag(const Bag *bag, const Made *made, CountScale scale)
{
    cr_assert_eq(bag->n, made->n);
    for (int l = 0, i = 0; l <= bag->max_len; l++)
        for (; i < bag->first[l + 1]; i++) {
            const int row = bag->row[i];
            cr_assert_eq(made->len[row], l);
            cr_assert_eq(memcmp(bag_codes(bag, i, l), made->codes + row * STRIDE, (size_t)l), 0);
            const double c = (double)made->count[row];
            if (scale == COUNTS_NONE) continue;
            const double want = scale == COUNTS_RAW   ? fmax(c, 0)
                                : scale == COUNTS_LOG ? log(fmax(c, 1))
                                                      : log1p(fmax(c, 0));
            cr_assert_float_eq(bag->factor[i], want, 1e-6 * fmax(want, 1));
        }
}

static void compare_file(const char *path)
{
    BagFile *file;
    cr_assert_eq(bagfile_open(&file, path), OK, "%s", status_sentence());
    cr_assert_eq(bagfile_n_bag(file), N_BAG);
    cr_assert_eq(bagfile_n_max(file), 9000);
    cr_assert_eq(bagfile_spec(file)->max_len, 23);
    cr_assert_str_eq(bagfile_spec(file)->region, "junction");
    for (int b = 0; b < N_BAG; b++) {
        Made made = make_bag(b);
        Bag bag;
        Arena arena = {0};
        bagfile_read_room(&arena, file, b, (CountScale)(b % 4));
        cr_assert_eq(arena_reserve(&arena, "bag"), OK);
        cr_assert_eq(bagfile_read(&bag, &arena, file, b, (CountScale)(b % 4)), OK, "%s", status_sentence());
        cr_assert_eq(arena.used, arena.size, "room says exactly what a bag takes");
        compare_bag(&bag, &made, (CountScale)(b % 4));
        arena_free(&arena);
        made_free(&made);
    }
    bagfile_close(file);
}

Test(data_bagfile, what_is_written_is_read)
{
    compare_file(write_file("gzip.h5", true));
    compare_file(write_file("plain.h5", false));
}

Test(data_bagfile, text_and_labels)
{
    BagFile *file;
    BagText text;
    Made made = make_bag(2);
    int row[N_BAG];
    cr_assert_eq(bagfile_open(&file, write_file("a.h5", true)), OK);
    cr_assert_eq(bagfile_read_text(&text, file, 2), OK);
    cr_assert_eq(text.n, made.n);
    for (int i = 0; i < made.n; i++) {
        cr_assert_eq(text.count[i], made.count[i]);
        cr_assert_eq((int64_t)strlen(text.sequence + (size_t)i * text.stride), made.len[i]);
        for (int t = 0; t < made.len[i]; t++)
            cr_assert_eq(text.sequence[(size_t)i * text.stride + (size_t)t],
                         "ACDEFGHIKLMNPQRSTVWY"[made.codes[i * STRIDE + t]]);
    }
    cr_assert_null(text.v_call);
    bagtext_free(&text);
    cr_assert_eq(bagfile_columns(file)->n_row, N_BAG);
    cr_assert_str_eq(table_cell(bagfile_columns(file), 3, 1), "+");
    cr_assert_eq(bagfile_join(row, file, bagfile_columns(file), "auto"), OK, "%s", status_sentence());
    for (int b = 0; b < N_BAG; b++) cr_assert_eq(row[b], b);
    cr_assert(strstr(bagfile_provenance(file), "\"note\":\"test\""));
    bagfile_close(file);
    made_free(&made);
}

Test(data_bagfile, genes_and_dense_rows)
{
    const int8_t codes[] = {0, 1, 2, 5, 6};
    const int64_t len[] = {3, 0, 2}, count[] = {1, 2, 3};
    const int16_t v[] = {0, -1, 1}, j[] = {-1, 0, 0};
    const char *const v_name[] = {"TRBV1", "TRBV2"}, *const j_name[] = {"TRBJ1"};
    const BagWriterOptions options = {.spec = junctions, .compress = true};
    BagWriter *w;
    BagFile *file;
    BagText text;
    cr_assert_eq(bagwriter_open(&w, in_scratch("g.h5"), &options), OK);
    cr_assert_eq(
        bagwriter_add(w, "a", &(BagWriterRows){.codes = codes, .len = len, .count = count, .v = v, .j = j, .n = 3}),
        OK);
    cr_assert_eq(bagwriter_genes(w, v_name, 2, j_name, 1), OK);
    cr_assert_eq(bagwriter_finish(w, NULL, NULL), OK, "%s", status_sentence());
    cr_assert_eq(bagfile_open(&file, in_scratch("g.h5")), OK, "%s", status_sentence());
    cr_assert(bagfile_has_genes(file));
    cr_assert_null(bagfile_columns(file));
    cr_assert_eq(bagfile_read_text(&text, file, 0), OK);
    cr_assert_str_eq(text.sequence, "ACD");
    cr_assert_str_eq(text.sequence + text.stride, "");
    cr_assert_str_eq(text.sequence + 2 * text.stride, "GH");
    cr_assert_str_eq(text.v_call[0], "TRBV1");
    cr_assert_str_eq(text.v_call[1], "");
    cr_assert_str_eq(text.j_call[2], "TRBJ1");
    bagtext_free(&text);
    bagfile_close(file);
}

static void read_bytes(char **out, size_t *n, const char *path)
{
    FILE *file = fopen(path, "rb");
    cr_assert(file);
    fseek(file, 0, SEEK_END);
    *n = (size_t)ftell(file);
    rewind(file);
    *out = malloc(*n);
    cr_assert_eq(fread(*out, 1, *n, file), *n);
    fclose(file);
}

Test(data_bagfile, equal_input_gives_equal_bytes)
{
    char *a, *b;
    size_t n_a, n_b;
    read_bytes(&a, &n_a, write_file("one.h5", true));
    sleep(1);
    read_bytes(&b, &n_b, write_file("two.h5", true));
    cr_assert_eq(n_a, n_b);
    cr_assert_eq(memcmp(a, b, n_a), 0);
    free(a);
    free(b);
}

/* The hash of three rows in an order of choice, one of them with another count. */
static uint64_t hash_of(const char *name, const int *order, int64_t extra)
{
    const int8_t codes[3][12] = {{1, 2, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {0}};
    const int64_t lens[] = {3, 12, 0}, counts[] = {1, 1, 4};
    const BagWriterOptions options = {.spec = junctions, .compress = true};
    int8_t c[3][12];
    int64_t l[3], n[3];
    BagWriter *w;
    BagFile *file;
    uint64_t hash = 0;
    for (int i = 0; i < 3; i++) {
        memcpy(c[i], codes[order[i]], 12);
        l[i] = lens[order[i]];
        n[i] = counts[order[i]] + (order[i] == 0 ? extra : 0);
    }
    cr_assert_eq(bagwriter_open(&w, in_scratch(name), &options), OK);
    cr_assert_eq(
        bagwriter_add(w, name, &(BagWriterRows){.codes = &c[0][0], .stride = 12, .len = l, .count = n, .n = 3}), OK);
    cr_assert_eq(bagwriter_finish(w, NULL, NULL), OK);
    cr_assert_eq(bagfile_open(&file, in_scratch(name)), OK);
    cr_assert_eq(bagfile_hash(&hash, file, 0), OK);
    bagfile_close(file);
    return hash;
}

Test(data_bagfile, hash_knows_content_not_order_or_name)
{
    const uint64_t a = hash_of("a.h5", (const int[]){0, 1, 2}, 0), b = hash_of("b.h5", (const int[]){2, 0, 1}, 0);
    cr_assert_eq(a, b);
    cr_assert_neq(a, hash_of("c.h5", (const int[]){0, 1, 2}, 1));
    cr_assert_neq(a, hash_of("d.h5", (const int[]){0, 1, 1}, 0));
}

Test(data_bagfile, an_existing_file_stays)
{
    const BagWriterOptions options = {.spec = junctions};
    BagWriter *w;
    const char *path = scratch_text("there.h5", "precious");
    cr_assert_eq(bagwriter_open(&w, path, &options), ERR_IO);
    cr_assert(strstr(status_sentence(), "--force"), "%s", status_sentence());
    cr_assert_null(w);
    const BagWriterOptions force = {.spec = junctions, .force = true};
    cr_assert_eq(bagwriter_open(&w, path, &force), OK);
    cr_assert_eq(bagwriter_finish(w, NULL, NULL), ERR_FORMAT, "no bags");
    char *bytes;
    size_t n;
    read_bytes(&bytes, &n, path);
    cr_assert_eq(n, strlen("precious"));
    free(bytes);
}

/* ---- DeepRC's own files ---- */

Test(data_bagfile, deeprc_example_joins_as_the_original)
{
    char data[4096], labels[4096];
    Golden g;
    if (!golden_shared_file(data, "data/deeprc_example/repertoires.hdf5") ||
        !golden_shared_file(labels, "data/repertoire_formats/deeprc_plain/metadata.tsv") ||
        !golden_open(&g, "deeprc_example_end_to_end.h5"))
        cr_skip_test("no shared reference data");
    BagFile *file;
    Table table;
    GoldenArray wanted;
    int row[100];
    cr_assert_eq(bagfile_open(&file, data), OK, "%s", status_sentence());
    cr_assert_eq(bagfile_n_bag(file), 100);
    cr_assert_eq(bagfile_n_total(file), 2806);
    cr_assert_eq(table_read(&table, labels), OK, "%s", status_sentence());
    cr_assert_eq(bagfile_join(row, file, &table, "auto"), OK, "%s", status_sentence());
    cr_assert(golden_read(&wanted, &g, "metadata_row_to_hdf5_index"));
    for (int b = 0; b < 100; b++) cr_assert_eq((int)wanted.v[row[b]], b);
    for (int b = 0; b < 100; b++) {
        uint64_t hash;
        cr_assert_eq(bagfile_hash(&hash, file, b), OK, "%s", status_sentence());
    }
    golden_free(&wanted);
    golden_close(&g);
    table_free(&table);
    bagfile_close(file);
}
