/* SPDX-License-Identifier: MIT
 *
 * One small set of bags, written in every format of the table, must come out the same; so must the real sets, which exist
 * in several formats. Then what is refused, and what is said.
 */
#include "core/log.h"
#include "core/rng.h"
#include "data/bagfile/bagfile.h"
#include "data/bagfile/baghash.h"
#include "data/vectors/import_vectors.h"
#include "support/golden.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#ifdef HOPSACK_MATIO
#include <matio.h>
#endif

static void quietly(void)
{
    scratch_make();
    log_level(LOG_QUIET);
}

TestSuite(data_import_vectors, .init = quietly, .fini = scratch_remove);

enum { N_BAG = 4, N = 8, F = 3 };

static const int bag_of[N] = {0, 0, 1, 2, 2, 2, 3, 3};
static const int label_of[N_BAG] = {1, 0, 1, 0};

/* Eighths: exact in every form. */
static double number(int i, int f)
{
    return (double)((i * 37 + f * 53 + i * f * 11) % 64 - 20) / 8 * (f != 1 || i % 3 != 0);
}

static ImportVectorsOptions options_for(const char *const *path, const char *format)
{
    return (ImportVectorsOptions){.import = {.path = path,
                                             .n_path = 1,
                                             .output = in_scratch("out.h5"),
                                             .id_column = "auto",
                                             .compress = true,
                                             .force = true},
                                  .rules = {.format = format ? vectorformat_find(format) : NULL}};
}

static Status import_options(const ImportVectorsOptions *options, ImportVectorsReport *report)
{
    ImportVectorsReport unused;
    if (!report) report = &unused;
    const Status status = import_vectors_run(report, options);
    free(report->import.json);
    report->import.json = NULL;
    return status;
}

static Status import_path(const char *path, ImportVectorsReport *report)
{
    const ImportVectorsOptions options = options_for(&path, NULL);
    return import_options(&options, report);
}

static Status import_text(const char *text)
{
    return import_path(scratch_text("in.csv", text), NULL);
}

#define ASSERT_SAYS(part) cr_assert(strstr(status_sentence(), part), "%s", status_sentence())

/* ---- what a file holds ---- */

typedef struct {
    int n_bag, n_feat;
    int64_t n;
    bool sparse;
    uint64_t *hash; /* [n_bag] */
    char **label;   /* [n_bag] */
    int *size;      /* [n_bag] */
} Content;

/* Hashes are computed from the numbers read, and compared with those the file keeps. */
static uint64_t hash_of(BagFile *file, int b)
{
    Arena arena = {0};
    Bag bag;
    uint64_t sum = 0, kept;
    const int n_feat = bagfile_spec(file)->n_feat;
    bagfile_read_room(&arena, file, b, COUNTS_NONE);
    cr_assert_eq(arena_reserve(&arena, "bag"), OK);
    cr_assert_eq(bagfile_read(&bag, &arena, file, b, COUNTS_NONE), OK, "%s", status_sentence());
    for (int i = 0; i < bag.n; i++) {
        cr_assert_eq(bag.row[i], i);
        sum += bag.x ? baghash_dense(bag.x + (size_t)i * (size_t)n_feat, n_feat)
                     : baghash_sparse(bag.sparse[i].feature, bag.sparse[i].value, bag.sparse[i].n, n_feat);
    }
    cr_assert_eq(arena.used, arena.size, "room says exactly what a bag takes");
    arena_free(&arena);
    sum = baghash_bag(sum, bag.n);
    cr_assert_eq(bagfile_hash(&kept, file, b), OK);
    cr_assert_eq(sum, kept);
    return sum;
}

static Content content_of(const char *path)
{
    BagFile *file;
    Content c = {0};
    cr_assert_eq(bagfile_open(&file, path), OK, "%s", status_sentence());
    c.n_bag = bagfile_n_bag(file);
    c.n_feat = bagfile_spec(file)->n_feat;
    c.n = bagfile_n_total(file);
    c.sparse = bagfile_spec(file)->sparse;
    c.hash = malloc((size_t)c.n_bag * sizeof *c.hash);
    c.size = malloc((size_t)c.n_bag * sizeof *c.size);
    c.label = malloc((size_t)c.n_bag * sizeof *c.label);
    const Table *t = bagfile_columns(file);
    const int column = table_column(t, "label");
    cr_assert_geq(column, 0);
    for (int b = 0; b < c.n_bag; b++) {
        c.hash[b] = hash_of(file, b);
        c.size[b] = bagfile_n(file, b);
        c.label[b] = strdup(table_cell(t, b, column));
        cr_assert_str_eq(table_cell(t, b, 0), bagfile_key(file, b));
    }
    bagfile_close(file);
    return c;
}

static void content_free(Content *c)
{
    for (int b = 0; b < c->n_bag; b++) free(c->label[b]);
    free(c->label);
    free(c->hash);
    free(c->size);
}

static void assert_same(const Content *a, const Content *b, const char *what)
{
    cr_assert_eq(a->n_bag, b->n_bag, "%s", what);
    cr_assert_eq(a->n_feat, b->n_feat, "%s: %d, %d features", what, a->n_feat, b->n_feat);
    for (int k = 0; k < a->n_bag; k++) {
        cr_assert_eq(a->size[k], b->size[k], "%s: bag %d", what, k);
        cr_assert_eq(a->hash[k], b->hash[k], "%s: bag %d", what, k);
        cr_assert_str_eq(a->label[k], b->label[k], "%s: bag %d", what, k);
    }
}

/* ---- the small set in every format ---- */

static void print_numbers(FILE *out, int i, const char *between)
{
    for (int f = 0; f < F; f++) fprintf(out, "%s%g", f ? between : "", number(i, f));
}

static const char *write_csv(void)
{
    FILE *out = fopen(in_scratch("a.csv"), "w");
    fprintf(out, "bag_id,label,f1,f2,f3\r\n");
    for (int i = 0; i < N; i++) {
        fprintf(out, "%d,%d,", bag_of[i] + 1, label_of[bag_of[i]]);
        print_numbers(out, i, ",");
        fprintf(out, "\r\n");
    }
    fclose(out);
    return in_scratch("a.csv");
}

static const char *write_label_first(void)
{
    FILE *out = fopen(in_scratch("l.csv"), "w");
    for (int i = 0; i < N; i++) {
        fprintf(out, "%d;%d;", label_of[bag_of[i]], bag_of[i] + 1);
        print_numbers(out, i, ";");
        fprintf(out, "%s", i + 1 < N ? "\n" : "");
    }
    fclose(out);
    return in_scratch("l.csv");
}

static const char *write_uci(void)
{
    FILE *out = fopen(in_scratch("clean.data"), "w");
    for (int i = 0; i < N; i++) {
        fprintf(out, "MUSK-%c,%c_1+%d,", 'a' + bag_of[i], 'a' + bag_of[i], i);
        print_numbers(out, i, ",");
        fprintf(out, ",%d.\n", label_of[bag_of[i]]);
    }
    fclose(out);
    return in_scratch("clean.data");
}

static const char *write_svm(void)
{
    gzFile out = gzopen(in_scratch("s.svm.gz"), "wb");
    gzprintf(out, "#written by a test\n");
    for (int i = 0; i < N; i++) {
        gzprintf(out, "%d:%d:%d", i, bag_of[i], label_of[bag_of[i]] ? 1 : -1);
        for (int f = 0; f < F; f++)
            if (number(i, f) != 0) gzprintf(out, " %d:%g", f + 1, number(i, f));
        gzprintf(out, "\n");
    }
    gzclose(out);
    return in_scratch("s.svm.gz");
}

/* Relational, with the numbers as Weka writes them. */
static const char *write_arff(void)
{
    FILE *out = fopen(in_scratch("a.arff"), "w");
    fprintf(out, "%% by a test\n@relation t\n@attribute id string\n@attribute bag relational\n");
    for (int f = 0; f < F; f++) fprintf(out, "  @attribute f%d numeric\n", f);
    fprintf(out, "@end bag\n@attribute class {0,1}\n@data\n");
    for (int b = 0, i = 0; b < N_BAG; b++) {
        fprintf(out, "'bag %d',\"", b);
        for (int first = i; i < N && bag_of[i] == b; i++) {
            fprintf(out, "%s", i > first ? "\\n" : "");
            print_numbers(out, i, ",");
        }
        fprintf(out, "\",%d\n", label_of[b]);
    }
    fclose(out);
    return in_scratch("a.arff");
}

/* MIProblems': a line a feature. */
static const char *write_triples(void)
{
    mkdir(in_scratch("triples"), 0777);
    FILE *data = fopen(in_scratch("triples/data.csv"), "w"), *bags = fopen(in_scratch("triples/bagids.csv"), "w"),
         *labels = fopen(in_scratch("triples/labels.csv"), "w");
    for (int f = 0; f < F; f++)
        for (int i = 0; i < N; i++) fprintf(data, "%g%c", number(i, f), i + 1 < N ? '\t' : '\n');
    for (int i = 0; i < N; i++) {
        fprintf(bags, "%d\n", bag_of[i] + 1);
        fprintf(labels, "%d\n", label_of[bag_of[i]]);
    }
    fclose(data);
    fclose(bags);
    fclose(labels);
    return in_scratch("triples");
}

static const char *write_folder(void)
{
    scratch_text("folder/index.csv", "label,path\n1,bags/0.csv\n0,bags/1.csv\n1,bags/2.csv\n0,bags/3.csv\n");
    for (int b = 0; b < N_BAG; b++) {
        char name[32];
        snprintf(name, sizeof name, "folder/bags/%d.csv", b);
        scratch_text(name, "");
        FILE *out = fopen(in_scratch(name), "w");
        for (int i = 0; i < N; i++) {
            if (bag_of[i] != b) continue;
            print_numbers(out, i, "\t");
            fprintf(out, "\n");
        }
        fclose(out);
    }
    return in_scratch("folder");
}

#ifdef HOPSACK_MATIO
static matvar_t *dense(const char *name, enum matio_classes class, const double *x, size_t rows, size_t columns)
{
    size_t dims[2] = {rows, columns};
    (void)class;
    double *copy = malloc((rows * columns + 1) * sizeof *copy);
    memcpy(copy, x, rows * columns * sizeof *copy);
    matvar_t *v = Mat_VarCreate(name, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, dims, copy, 0);
    free(copy);
    return v;
}

static matvar_t *text_rows(const char *name, const char *letters, size_t rows, size_t columns)
{
    size_t dims[2] = {rows, columns};
    char *turned = malloc(rows * columns);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) turned[r + c * rows] = letters[r * columns + c];
    matvar_t *v = Mat_VarCreate(name, MAT_C_CHAR, MAT_T_UINT8, 2, dims, turned, 0);
    free(turned);
    return v;
}

/* Rows from … to-1 of the set, column-major. */
static matvar_t *features(const char *name, int from, int to)
{
    double x[N * F];
    const int n = to - from;
    for (int i = 0; i < n; i++)
        for (int f = 0; f < F; f++) x[i + f * n] = number(from + i, f);
    return dense(name, MAT_C_DOUBLE, x, (size_t)n, F);
}

static matvar_t *sparse_features(void)
{
    static double value[N * F];
    static mat_uint32_t row[N * F], column[F + 1];
    mat_uint32_t n = 0;
    for (int f = 0; f < F; f++) {
        for (int i = 0; i < N; i++)
            if (number(i, f) != 0) {
                row[n] = (mat_uint32_t)i;
                value[n++] = number(i, f);
            }
        column[f + 1] = n;
    }
    mat_sparse_t s = {.nzmax = n, .ir = row, .nir = n, .jc = column, .njc = F + 1, .ndata = n, .data = value};
    size_t dims[2] = {N, F};
    return Mat_VarCreate("features", MAT_C_SPARSE, MAT_T_DOUBLE, 2, dims, &s, MAT_F_DONT_COPY_DATA);
}

static void put(mat_t *mat, matvar_t *v, bool compress)
{
    cr_assert(v);
    cr_assert_eq(Mat_VarWrite(mat, v, compress ? MAT_COMPRESSION_ZLIB : MAT_COMPRESSION_NONE), 0);
    Mat_VarFree(v);
}

static const char *write_andrews(void)
{
    double bag[N], label[N];
    for (int i = 0; i < N; i++) {
        bag[i] = bag_of[i] + 1;
        label[i] = label_of[bag_of[i]] ? 1 : -1;
    }
    mat_t *mat = Mat_CreateVer(in_scratch("andrews.mat"), "MATLAB 5.0 MAT-file, by a test", MAT_FT_MAT5);
    put(mat, dense("bag_ids", MAT_C_DOUBLE, bag, 1, N), false);
    put(mat, dense("labels", MAT_C_DOUBLE, label, 1, N), false);
    put(mat, sparse_features(), false);
    Mat_Close(mat);
    return in_scratch("andrews.mat");
}

static matvar_t *dataset_struct(void)
{
    static const char *const fields[] = {"data", "nlab", "lablist", "ident"}, *const ident_fields[] = {"milbag"};
    double label[N];
    char bags[N * 7];
    for (int i = 0; i < N; i++) {
        label[i] = 1 + label_of[bag_of[i]];
        memcpy(bags + i * 7, "MUSK-a ", 7);
        bags[i * 7 + 5] = (char)('a' + bag_of[i]);
    }
    matvar_t *ident = Mat_VarCreateStruct("ident", 2, (size_t[]){1, 1}, (const char **)(uintptr_t)ident_fields, 1);
    Mat_VarSetStructFieldByName(ident, "milbag", 0, text_rows("milbag", bags, N, 7));
    matvar_t *list[2] = {text_rows(NULL, "negativepositive", 2, 8), dense(NULL, MAT_C_DOUBLE, label, 1, 1)};
    matvar_t *x = Mat_VarCreateStruct("x", 2, (size_t[]){1, 1}, (const char **)(uintptr_t)fields, 4);
    Mat_VarSetStructFieldByName(x, "data", 0, features("data", 0, N));
    Mat_VarSetStructFieldByName(x, "nlab", 0, dense("nlab", MAT_C_DOUBLE, label, N, 1));
    Mat_VarSetStructFieldByName(x, "lablist", 0,
                                Mat_VarCreate("lablist", MAT_C_CELL, MAT_T_CELL, 2, (size_t[]){1, 2}, list, 0));
    Mat_VarSetStructFieldByName(x, "ident", 0, ident);
    return x;
}

static const char *write_struct(void)
{
    mat_t *mat = Mat_CreateVer(in_scratch("struct.mat"), "MATLAB 5.0 MAT-file, by a test", MAT_FT_MAT5);
    put(mat, dataset_struct(), false);
    Mat_Close(mat);
    return in_scratch("struct.mat");
}

static void put_u32(unsigned char *to, size_t value)
{
    for (int k = 0; k < 4; k++) to[k] = (unsigned char)(value >> (8 * k));
}

/* The struct as MATLAB stores an object: class 3, and the class's name behind the variable's; compressed as a whole. */
static const char *write_prtools(void)
{
    static const unsigned char class_name[16] = {1, 0, 0, 0, 7, 0, 0, 0, 'd', 'a', 't', 'a', 's', 'e', 't', 0};
    unsigned char bytes[8192], object[8192], packed[8192];
    FILE *in = fopen(write_struct(), "rb");
    const size_t n = fread(bytes, 1, sizeof bytes, in), header = 128, flags = 8 + 16;
    fclose(in);
    cr_assert(n > 200 && n < sizeof bytes - 16);
    const unsigned char *matrix = bytes + header;
    size_t name_end = flags + 16;                 /* dimensions: two int32 behind their tag */
    name_end += matrix[name_end + 2] ? 8 : 8 + 8; /* the name x: a small element, or a whole one */
    memcpy(object, matrix, name_end);
    memcpy(object + name_end, class_name, sizeof class_name);
    memcpy(object + name_end + sizeof class_name, matrix + name_end, n - header - name_end);
    put_u32(object + 4, n - header - 8 + sizeof class_name);
    cr_assert_eq(object[16], 2, "a struct");
    object[16] = 3;
    uLongf n_packed = sizeof packed - 200;
    cr_assert_eq(compress(packed + header + 8, &n_packed, object, n - header + sizeof class_name), Z_OK);
    memcpy(packed, bytes, header);
    put_u32(packed + header, 15);
    put_u32(packed + header + 4, n_packed);
    return scratch_bytes("prtools.mat", packed, header + 8 + n_packed);
}

static const char *write_lamda(void)
{
    matvar_t *cell[N_BAG * 3];
    for (int b = 0; b < N_BAG; b++) {
        const double label = label_of[b], odd[4] = {1, 1, 1, 1};
        int from = 0, to;
        while (bag_of[from] != b) from++;
        for (to = from; to < N && bag_of[to] == b;) to++;
        cell[b] = features(NULL, from, to);
        cell[b + N_BAG] = dense(NULL, MAT_C_DOUBLE, &label, 1, 1);
        cell[b + 2 * N_BAG] = dense(NULL, MAT_C_DOUBLE, odd, 2, 2);
    }
    mat_t *mat = Mat_CreateVer(in_scratch("lamda.mat"), "MATLAB 5.0 MAT-file, by a test", MAT_FT_MAT5);
    put(mat, Mat_VarCreate("data", MAT_C_CELL, MAT_T_CELL, 2, (size_t[]){N_BAG, 3}, cell, 0), true);
    Mat_Close(mat);
    return in_scratch("lamda.mat");
}
#endif

static const struct {
    const char *format;
    const char *(*write)(void);
} written[] = {{"csv", write_csv},
               {"label-first", write_label_first},
               {"uci", write_uci},
               {"svm", write_svm},
               {"folder", write_folder},
               {"arff", write_arff},
               {"triples", write_triples},
#ifdef HOPSACK_MATIO
               {"andrews", write_andrews},
               {"prtools", write_prtools},
               {"prtools", write_struct},
               {"lamda", write_lamda},
#endif
               {0}};

static void assert_small_set(const char *format)
{
    Content c = content_of(in_scratch("out.h5"));
    cr_assert(c.n_bag == N_BAG && c.n_feat == F && c.n == N, "%s", format);
    for (int b = 0; b < N_BAG; b++) {
        uint64_t sum = 0;
        int n = 0;
        for (int i = 0; i < N; i++) {
            float x[F];
            for (int f = 0; f < F; f++) x[f] = (float)number(i, f);
            if (bag_of[i] == b) sum += baghash_dense(x, F), n++;
        }
        cr_assert_eq(c.hash[b], baghash_bag(sum, n), "%s: bag %d", format, b);
        cr_assert_str_eq(c.label[b], label_of[b] ? "1" : "0", "%s", format);
    }
    content_free(&c);
}

Test(data_import_vectors, every_format_gives_the_same_bags)
{
    for (int k = 0; written[k].format; k++) {
        ImportVectorsReport report;
        const char *path = written[k].write();
        cr_assert_eq(import_path(path, &report), OK, "%s: %s", written[k].format, status_sentence());
        cr_assert_str_eq(report.import.format, written[k].format, "told by what it holds");
        assert_small_set(written[k].format);
        ImportVectorsOptions options = options_for(&path, written[k].format);
        options.rules.sparse = SPARSE_YES;
        options.import.compress = k % 2;
        cr_assert_eq(import_options(&options, &report), OK, "%s: %s", written[k].format, status_sentence());
        cr_assert(report.sparse);
        assert_small_set(written[k].format);
    }
}

Test(data_import_vectors, no_format_is_left_out_of_the_tests)
{
#ifndef HOPSACK_MATIO
    cr_skip_test("matio was not there at build time");
#endif
    for (int t = 0; vectorformat_types[t]; t++) {
        /* HDF5 of other programs, and bags of one instance: tests/cli/test_vectorfiles.py */
        bool found = strstr("trident clam table", vectorformat_types[t]->name) != NULL;
        for (int k = 0; written[k].format; k++) found |= strcmp(written[k].format, vectorformat_types[t]->name) == 0;
        cr_assert(found, "%s", vectorformat_types[t]->name);
        cr_assert_eq(vectorformat_find(vectorformat_types[t]->name), vectorformat_types[t]);
    }
    cr_assert_null(vectorformat_find("xml"));
}

Test(data_import_vectors, what_is_no_vectors_is_left_to_repertoires)
{
    static const char *const other[] = {"junction_aa\tv_call\nCASSF\tTRBV1\n", "amino_acid\ttemplates\nCASSF\t3\n",
                                        "a,b\n1,2\n", "", "\n\n"};
    for (size_t k = 0; k < sizeof other / sizeof *other; k++) {
        const VectorRules rules = {0};
        VectorPeek first;
        bool wanted;
        cr_assert_eq(import_vectors_wanted(&wanted, &first, scratch_text("o.txt", other[k]), &rules), OK, "%s",
                     status_sentence());
        cr_assert_not(wanted, "%zu", k);
        vectorformat_peek_free(&first);
    }
}

/* The first file is looked at once: what was seen of it is handed on, and the file is still open. */
Test(data_import_vectors, a_look_at_the_first_file_is_handed_on)
{
    for (int k = 0; written[k].format; k++) {
        const char *path = written[k].write();
        ImportVectorsOptions options = options_for(&path, NULL);
        VectorPeek first;
        bool wanted;
        cr_assert_eq(import_vectors_wanted(&wanted, &first, path, &options.rules), OK, "%s", status_sentence());
        cr_assert(wanted, "%s", written[k].format);
        options.first = &first;
        cr_assert_eq(import_options(&options, NULL), OK, "%s: %s", written[k].format, status_sentence());
        vectorformat_peek_free(&first);
        assert_small_set(written[k].format);
    }
}

/* The label table is read first: files may take hours. */
Test(data_import_vectors, a_bad_label_table_is_found_before_files_are_read)
{
    const char *path = in_scratch("not-there.csv");
    ImportVectorsOptions options = options_for(&path, "csv");
    options.import.metadata = scratch_text("labels.tsv", "ID\tage\n\"a\t1\n");
    cr_assert_eq(import_options(&options, NULL), ERR_FORMAT);
    ASSERT_SAYS("quote");
}

/* ---- columns and labels ---- */

Test(data_import_vectors, columns_by_name_and_bags_apart)
{
    const char *path =
                   scratch_text("c.csv", "x,who,note,y,part,kind\n1,B,one,2,a,mal\n3,A,two,4,a,ben\n5,B,,6,b,mal\n"
                                         "7,A,x,8,c,ben\n9,\"B\",x,10,a,mal\n"),
               *skip[] = {"note"};
    const RowRule out[] = {{"part", "c"}};
    ImportVectorsOptions options = options_for(&path, "csv");
    ImportVectorsReport report;
    options.rules.bag = "who";
    options.rules.label = "kind";
    options.rules.skip = skip;
    options.rules.n_skip = 1;
    options.rules.rows.exclude = out;
    options.rules.rows.n_exclude = 1;
    cr_assert_eq(import_options(&options, &report), OK, "%s", status_sentence());
    cr_assert(report.import.n_bag == 2 && report.n == 4 && report.n_row == 5 && report.n_filtered == 1 &&
              report.n_feat == 2);
    BagFile *file;
    Bag bag;
    Arena arena = {0};
    cr_assert_eq(bagfile_open(&file, in_scratch("out.h5")), OK, "%s", status_sentence());
    cr_assert_str_eq(bagfile_key(file, 0), "B");
    cr_assert_str_eq(bagfile_key(file, 1), "A");
    cr_assert_str_eq(bagfile_feature_names(file)[1], "y");
    cr_assert_str_eq(table_cell(bagfile_columns(file), 0, 1), "mal");
    bagfile_read_room(&arena, file, 0, COUNTS_NONE);
    cr_assert_eq(arena_reserve(&arena, "bag"), OK);
    cr_assert_eq(bagfile_read(&bag, &arena, file, 0, COUNTS_NONE), OK);
    const float wanted[] = {1, 2, 5, 6, 9, 10};
    cr_assert_eq(bag.n, 3);
    cr_assert_arr_eq(bag.x, wanted, sizeof wanted);
    cr_assert(strstr(bagfile_provenance(file), "\"filtered\":1"), "%s", bagfile_provenance(file));
    cr_assert(strstr(bagfile_provenance(file), "\"skipped\":[\"note\",\"part\"]"), "%s", bagfile_provenance(file));
    arena_free(&arena);
    bagfile_close(file);
}

Test(data_import_vectors, labels_are_normalised)
{
    static const struct {
        const char *a, *b, *in_a, *in_b;
    } known[] = {{"-1", "1", "0", "1"}, {"-1.0", "+1", "0", "1"}, {"0.", "1.", "0", "1"},
                 {"1", "2", "1", "2"},  {"ben", "", "ben", ""},   {"-1", "0", "-1", "0"}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        char text[200];
        snprintf(text, sizeof text, "bag,label,x\nA,%s,1\nB,%s,2\nA,%s,3\n", known[k].a, known[k].b, known[k].a);
        cr_assert_eq(import_text(text), OK, "%s", status_sentence());
        Content c = content_of(in_scratch("out.h5"));
        cr_assert_str_eq(c.label[0], known[k].in_a);
        cr_assert_str_eq(c.label[1], known[k].in_b);
        content_free(&c);
    }
}

Test(data_import_vectors, a_label_table_adds_columns)
{
    const char *path = scratch_text("in.csv", "bag,label,x\nA,1,1\nB,0,2\nA,1,3\n");
    ImportVectorsOptions options = options_for(&path, NULL);
    ImportVectorsReport report;
    BagFile *file;
    options.import.metadata = scratch_text("meta.csv", "ID,age\nB,30\n");
    cr_assert_eq(import_options(&options, &report), OK, "%s", status_sentence());
    cr_assert_eq(report.import.n_unlabelled, 1);
    cr_assert_eq(bagfile_open(&file, in_scratch("out.h5")), OK, "%s", status_sentence());
    const Table *t = bagfile_columns(file);
    cr_assert_str_eq(table_cell(t, 1, table_column(t, "age")), "30");
    cr_assert_str_eq(table_cell(t, 0, table_column(t, "age")), "");
    cr_assert_str_eq(table_cell(t, 0, table_column(t, "label")), "1");
    bagfile_close(file);
    options.import.metadata = scratch_text("meta.csv", "ID,label\nB,30\n");
    cr_assert_eq(import_options(&options, &report), ERR_FORMAT);
    ASSERT_SAYS("--label=none");
    options.rules.label = "none";
    cr_assert_eq(import_options(&options, &report), OK, "%s", status_sentence());
    cr_assert_eq(report.n_feat, 1, "the bags' own label is no feature");
}

/* ---- refused ---- */

Test(data_import_vectors, bad_text_names_its_line)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"bag,label,x\nA,1,2\nA,1\n", ":3: has 2 cells, the first line has 3"},
        {"bag,label,x\nA,1,2\nA,1,2,3\n", ":3: has 4 cells"},
        {"bag,label,x\nA,1,two\n", ":2: column 'x': 'two' is not a number"},
        {"bag,label,x\nA,1,\n", ":2: column 'x': '' is empty"},
        {"bag,label,x\nA,1,NaN\n", "is not a finite number"},
        {"bag,label,x\nA,1,-inf\n", "is not a finite number"},
        {"bag,label,x\nA,1,1e39\n", "is too large for single precision"},
        {"bag,label,x\nA,1,0x10\n", "is not a number"},
        {"bag,label,x\nA,1,2\nA,0,2\n", ":3: bag 'A' has label '0' here but '1' in line 2"},
        {"bag,label,x\nA,1,2\nA,,2\n", ":3: bag 'A' has label ''"},
        {"bag,label,x\n,1,2\n", ":2: the bag has no name"},
        {"bag,label,x,x\nA,1,2,3\n", "two columns are named 'x'"},
        {"bag,label\nA,1\n", "no column is left for features"},
        {"bag,x,y\nA,1,2\n", "has no column 'label'"},
        {"bag,label,x\n", "no instance is left"},
        {"bag,label,x\n\"A,1,2\n", ":2: a double quote is not closed"},
        {"#\n0:0:1 1:2 1:3\n", ":2: '1:3' stands behind"},
        {"#\n0:0:1 2:2 1:3\n", "stands behind"},
        {"#\n0:0:1 0:2\n", "is no feature"},
        {"#\n0:0:1 x:2\n", "is not feature:number"},
        {"#\n0:0:1 1:nan\n", "is not feature:number"},
        {"#\n0:0:1 1:1e50\n", "is too large"},
        {"#\n0:0:1 1:1\n0:0\n", ":3: '0:0' is not instance:bag:label"},
        {"#\n0:0:1 99999999:1\n", "is no feature"},
        {"path,label\nnot-there.csv,1\n", ":2: there is no file 'not-there.csv'"},
        {"path,label\n,1\n", ":2: names no file"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        unlink(in_scratch("out.h5"));
        cr_assert_neq(import_text(bad[k].text), OK, "%s", bad[k].text);
        cr_expect(strstr(status_sentence(), bad[k].says), "%zu: %s", k, status_sentence());
        cr_assert_neq(access(in_scratch("out.h5"), F_OK), 0, "nothing is written");
    }
}

Test(data_import_vectors, the_number_of_features_is_asserted)
{
    const char *path = scratch_text("in.csv", "bag,label,x,y\nA,1,2,3\nB,0,1,2\n");
    ImportVectorsOptions options = options_for(&path, NULL);
    options.rules.n_feat = 2;
    cr_assert_eq(import_options(&options, NULL), OK, "%s", status_sentence());
    options.rules.n_feat = 1;
    cr_assert_eq(import_options(&options, NULL), ERR_FORMAT);
    ASSERT_SAYS("may be a label, a bag number or an index");
    options.rules.n_feat = 3;
    cr_assert_eq(import_options(&options, NULL), ERR_FORMAT);
    ASSERT_SAYS("is a column missing");
    ImportVectorsReport report;
    path = scratch_text("in.svm", "#\n0:0:1 1:2\n1:1:-1 2:3\n");
    cr_assert_eq(import_options(&options, &report), OK, "%s", status_sentence());
    cr_assert_eq(report.n_feat, 3, "the third is 0 everywhere");
    options.rules.n_feat = 1;
    cr_assert_eq(import_options(&options, &report), ERR_FORMAT);
    ASSERT_SAYS(":3: feature 2, but --n-features=1");
}

Test(data_import_vectors, files_of_one_dataset_agree)
{
    const char *const path[] = {
        scratch_text("1.csv", "bag,label,x,y\nA,1,2,3\n"), scratch_text("2.csv", "bag,label,x,y\nB,0,2,4\n"),
        scratch_text("3.csv", "bag,label,y,z\nC,0,2,4\n"), scratch_text("4.csv", "bag,label,x\nC,0,2\n"),
        scratch_text("5.csv", "bag,label,x,y\nA,1,2,4\n")};
    static const char *const says[] = {"has a feature 'z'", "lacks the feature 'y'", "is also in a file read before"};
    ImportVectorsOptions options = options_for(path, NULL);
    options.import.n_path = 2;
    cr_assert_eq(import_options(&options, NULL), OK, "%s", status_sentence());
    for (int k = 0; k < 3; k++) {
        const char *const pair[] = {path[0], path[2 + k]};
        options.import.path = pair;
        cr_assert_eq(import_options(&options, NULL), ERR_FORMAT);
        ASSERT_SAYS(says[k]);
    }
}

/* ---- leaks ---- */

/* 24 bags of 3 instances, half of them positive, with two honest features and a third. */
static const char *write_third(double (*third)(int bag, int label, int i))
{
    Rng rng = rng_stream(7, "leaks", 0);
    FILE *out = fopen(in_scratch("third.csv"), "w");
    fprintf(out, "bag,label,a,b,third\n");
    for (int i = 0; i < 72; i++) {
        const int bag = i / 3, label = bag % 2;
        fprintf(out, "%d,%d,%.4f,%.4f,%.6g\n", bag + 100, label, rng_normal(&rng), rng_normal(&rng),
                third(bag, label, i));
    }
    fclose(out);
    return in_scratch("third.csv");
}

static double as_label(int bag, int label, int i)
{
    return (void)bag, (void)i, label;
}
static double as_other_label(int bag, int label, int i)
{
    return (void)bag, (void)i, label ? 2.5 : -7;
}
static double as_key(int bag, int label, int i)
{
    return (void)label, (void)i, bag + 100;
}
static double as_place(int bag, int label, int i)
{
    return (void)label, (void)i, bag;
}
static double as_instance_label(int bag, int label, int i)
{
    return (void)bag, label && i % 3 == 1;
}
static double as_separating(int bag, int label, int i)
{
    return (void)bag, i * 0.01 + (label && i % 3 == 0 ? 10 : 0);
}
static double as_honest(int bag, int label, int i)
{
    return (void)bag, (void)label, (i * 29) % 31;
}
static double as_constant(int bag, int label, int i)
{
    return (void)bag, (void)label, (void)i, 3;
}

Test(data_import_vectors, leaks_are_refused)
{
    static const struct {
        double (*third)(int, int, int);
        const char *says;
        Odd odd;
    } leak[] = {{as_label, "repeats the label", ODD_LABEL},
                {as_other_label, "repeats the label", ODD_LABEL},
                {as_key, "is the number of the bag", ODD_BAG},
                {as_place, "is the number of the bag", ODD_BAG},
                {as_instance_label, "as instance labels do", ODD_INSTANCE_LABEL}};
    for (size_t k = 0; k < sizeof leak / sizeof *leak; k++) {
        const char *path = write_third(leak[k].third), *const skip[] = {"third"};
        ImportVectorsOptions options = options_for(&path, NULL);
        ImportVectorsReport report;
        for (int sparse = 0; sparse < 2; sparse++) {
            options.rules.sparse = sparse ? SPARSE_YES : SPARSE_NO;
            options.rules.allow_leak = false;
            cr_assert_eq(import_options(&options, &report), ERR_FORMAT, "%zu", k);
            ASSERT_SAYS(leak[k].says);
            ASSERT_SAYS("feature 'third'");
            ASSERT_SAYS("--skip=third");
            options.rules.allow_leak = true;
            cr_assert_eq(import_options(&options, &report), OK, "%s", status_sentence());
            cr_assert(report.findings.leaks.n_leak == 1 && report.findings.leaks.feature[0].feature == 2 &&
                      report.findings.leaks.feature[0].odd == leak[k].odd);
        }
        options.rules.allow_leak = false;
        options.rules.skip = skip;
        options.rules.n_skip = 1;
        cr_assert_eq(import_options(&options, &report), OK, "%s", status_sentence());
        cr_assert(report.n_feat == 2 && report.findings.leaks.n_odd == 0);
    }
}

Test(data_import_vectors, odd_features_are_said)
{
    ImportVectorsReport r;
    cr_assert_eq(import_path(write_third(as_separating), &r), OK, "%s", status_sentence());
    cr_assert(r.findings.leaks.n_leak == 0 && r.findings.leaks.n_separating == 1 &&
              r.findings.leaks.feature[0].feature == 2 && r.findings.leaks.feature[0].odd == ODD_SEPARATES);
    cr_assert_lt(r.findings.leaks.chance, 1e-4);
    cr_assert_eq(import_path(write_third(as_honest), &r), OK, "%s", status_sentence());
    cr_assert(r.findings.leaks.n_odd == 0 && r.findings.leaks.n_constant == 0 && r.findings.n_label == 2);
    cr_assert_eq(import_path(write_third(as_constant), &r), OK, "%s", status_sentence());
    cr_assert(r.findings.leaks.n_odd == 0 && r.findings.leaks.n_constant == 1);
}

Test(data_import_vectors, equal_instances_and_bags_are_said)
{
    ImportVectorsReport r;
    const char *path =
        scratch_text("e.csv", "bag,label,x,y\nA,1,1,2\nA,1,3,4\nB,0,3,4\nB,0,1,2\nC,0,1,2\nD,0,9,9\nE,0,9,9\n"
                              "F,1,7,7\n");
    cr_assert_eq(import_path(path, &r), OK, "%s", status_sentence());
    cr_assert(r.findings.n_shared == 3 && r.findings.n_shared_both == 2, "%d %d", r.findings.n_shared,
              r.findings.n_shared_both);
    cr_assert(r.findings.n_equal == 2 && r.findings.n_equal_both == 1);
    cr_assert(r.findings.equal[0] == 0 && r.findings.equal[1] == 1, "the pair of different labels");
    cr_assert_eq(r.findings.leaks.n_single, 4);
    cr_assert_eq(import_path(scratch_text("o.csv", "bag,label,x\nA,1,1\nB,1,2\nC,,4\n"), &r), OK);
    cr_assert(r.findings.n_label == 1 && r.findings.n_unlabelled == 1);
}

/* ---- sparse ---- */

Test(data_import_vectors, sparse_where_it_pays)
{
    ImportVectorsReport r;
    const char *path = scratch_text("s.svm", "#\n0:0:1 5:1 3000:2\n1:1:-1 1:1\n2:1:-1\n");
    ImportVectorsOptions options = options_for(&path, NULL);
    cr_assert_eq(import_options(&options, &r), OK, "%s", status_sentence());
    cr_assert(r.sparse && r.n_feat == 3000 && r.n_number == 3);
    Content a = content_of(in_scratch("out.h5"));
    cr_assert(a.sparse);
    options.rules.sparse = SPARSE_NO;
    cr_assert_eq(import_options(&options, &r), OK, "%s", status_sentence());
    Content b = content_of(in_scratch("out.h5"));
    cr_assert_not(b.sparse);
    assert_same(&a, &b, "sparse and dense");
    content_free(&a);
    content_free(&b);
    cr_assert_eq(import_path(scratch_text("d.svm", "#\n0:0:1 5:1 900:2\n1:1:-1 1:1\n"), &r), OK);
    cr_assert_not(r.sparse, "too few features for it to matter");
    path = scratch_text("z.svm", "#\n0:0:1 1:0\n1:1:-1 1:0\n");
    options.rules.sparse = SPARSE_YES;
    cr_assert_eq(import_options(&options, &r), ERR_FORMAT);
    ASSERT_SAYS("all numbers are 0");
}

Test(data_import_vectors, equal_input_gives_equal_bytes)
{
    const char *path = write_csv();
    ImportVectorsOptions options = options_for(&path, NULL);
    char *bytes[2];
    size_t n[2];
    for (int k = 0; k < 2; k++) {
        options.import.output = in_scratch(k ? "two.h5" : "one.h5");
        options.rules.sparse = SPARSE_YES;
        cr_assert_eq(import_options(&options, NULL), OK);
        FILE *in = fopen(options.import.output, "rb");
        bytes[k] = malloc(1 << 20);
        n[k] = fread(bytes[k], 1, 1 << 20, in);
        fclose(in);
    }
    cr_assert_eq(n[0], n[1]);
    cr_assert_eq(memcmp(bytes[0], bytes[1], n[0]), 0);
    free(bytes[0]);
    free(bytes[1]);
}

/* ---- the real sets ---- */

static Content import_shared(const char *file, int n_feat, ImportVectorsReport *report)
{
    char path[4096], name[200];
    const char *paths[] = {path};
    snprintf(name, sizeof name, "data/mil/%s", file);
    if (!golden_shared_file(path, name)) cr_skip_test("no shared reference data");
    ImportVectorsOptions options = options_for(paths, NULL);
    options.rules.n_feat = n_feat;
    cr_assert_eq(import_options(&options, report), OK, "%s", status_sentence());
    return content_of(in_scratch("out.h5"));
}

Test(data_import_vectors, counts_of_the_real_sets)
{
    static const struct {
        const char *name;
        int bags, positive, n, features, constant, least, most, shared_both;
    } set[] = {{"tiger", 200, 100, 1220, 230, 106, 1, 13, 0},
               {"elephant", 200, 100, 1391, 230, 120, 2, 13, 0},
               {"musk1", 92, 47, 476, 166, 0, 2, 40, 0},
               {"mutagenesis1", 188, 125, 10486, 7, 0, 28, 88, 194},
               {"newsgroups1", 100, 50, 5443, 200, 0, 22, 76, 224},
               {"protein", 193, 25, 26611, 9, 0, 35, 189, -1},
               {"brown_creeper", 548, 197, 10232, 38, 0, 2, 43, -1},
               {"corel_african", 2000, 100, 7947, 9, 0, 2, 13, -1}};
    for (size_t k = 0; k < sizeof set / sizeof *set; k++) {
        char file[64];
        ImportVectorsReport r;
        snprintf(file, sizeof file, "%s.csv.gz", set[k].name);
        Content c = import_shared(file, set[k].features, &r);
        int positive = 0, least = 1000, most = 0;
        for (int b = 0; b < c.n_bag; b++) {
            positive += strcmp(c.label[b], "1") == 0;
            if (c.size[b] < least) least = c.size[b];
            if (c.size[b] > most) most = c.size[b];
        }
        cr_assert(c.n_bag == set[k].bags && positive == set[k].positive && c.n == set[k].n, "%s", file);
        cr_assert(least == set[k].least && most == set[k].most && !c.sparse, "%s", file);
        cr_assert_eq(r.findings.leaks.n_constant, set[k].constant, "%s: %d", file, r.findings.leaks.n_constant);
        if (set[k].shared_both >= 0)
            cr_assert_eq(r.findings.n_shared_both, set[k].shared_both, "%s: %d", file, r.findings.n_shared_both);
        cr_assert(r.findings.leaks.n_leak == 0 && r.findings.leaks.n_separating == 0, "%s", file);
        content_free(&c);
    }
}

#ifdef HOPSACK_MATIO
#define MAT(...) __VA_ARGS__
#else
#define MAT(...)
#endif

Test(data_import_vectors, a_set_is_the_same_in_all_its_formats)
{
    static const struct {
        int features;
        const char *file[8];
    } set[] = {{230,
                {"tiger.csv.gz", "derived_svm/tiger.svm.gz",
                 MAT("raw/andrews2002_mat/tiger_100x100_matlab.mat", "raw/prtools_mat/tiger.mat",
                     "raw/cell_mat/tiger.mat")}},
               {230,
                {"elephant.csv.gz", "derived_svm/elephant.svm.gz", "raw/mil_pypkg_csv/elephant.csv.gz",
                 MAT("raw/andrews2002_mat/elephant_100x100_matlab.mat", "raw/prtools_mat/elephant.mat")}},
               {166,
                {"musk1.csv.gz", "raw/uci_musk/clean1.data", "raw/mil_pypkg_csv/musk1.csv",
                 MAT("raw/prtools_mat/musk1_as_distributed_musk2.mat")}},
               {166, {"derived_svm/musk1norm.svm.gz", MAT("raw/andrews2002_mat/musk1norm_matlab.mat")}},
               {66552, {"derived_svm/trec1.svm.gz", MAT("raw/andrews2002_mat/trec_1_200x200_matlab.mat")}}};
    for (size_t k = 0; k < sizeof set / sizeof *set; k++) {
        Content first = import_shared(set[k].file[0], set[k].features, NULL);
        for (int j = 1; set[k].file[j]; j++) {
            Content other = import_shared(set[k].file[j], set[k].features, NULL);
            assert_same(&first, &other, set[k].file[j]);
            content_free(&other);
        }
        content_free(&first);
    }
}

/* 3 224 instances of 66 552 features would be 858 MB. */
Test(data_import_vectors, a_sparse_set_stays_small)
{
    ImportVectorsReport r;
    BagFile *file;
    size_t bytes = 0;
    Content c = import_shared("derived_svm/trec1.svm.gz", 66552, &r);
    cr_assert(c.sparse && c.n_bag == 400 && c.n == 3224 && r.n_number == 55977);
    content_free(&c);
    cr_assert_eq(bagfile_open(&file, in_scratch("out.h5")), OK, "%s", status_sentence());
    cr_assert_eq(bagfile_n_nonzero(file), 55977);
    for (int b = 0; b < 400; b++) {
        Arena arena = {0};
        bagfile_read_room(&arena, file, b, COUNTS_NONE);
        bytes += arena.used;
    }
    cr_assert_lt(bytes, 1u << 20, "%zu", bytes);
    bagfile_close(file);
}
