/* SPDX-License-Identifier: MIT */
#include "core/file.h"
#include "core/rng.h"
#include "core/safetensors.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void enter_scratch(void)
{
    scratch_make();
    cr_assert_eq(chdir(scratch), 0);
}

TestSuite(core_safetensors, .init = enter_scratch, .fini = scratch_remove);

static const float weight[6] = {0, 1.5f, -2, 3.25f, 1e-30f, 6};
static const uint8_t bytes3[3] = {7, 8, 9};
static const uint64_t step[1] = {UINT64_MAX};
static const double moment[2] = {0.1, -1e300};
static const int64_t places[2] = {-1, INT64_MAX};

static const Tensor ours[] = {
    {.name = "bytes", .type = TENSOR_U8, .n_dim = 1, .shape = {3}, .data = bytes3},
    {.name = "net.0.weight", .type = TENSOR_F32, .n_dim = 2, .shape = {2, 3}, .data = weight},
    {.name = "step", .type = TENSOR_U64, .n_dim = 0, .data = step},
    {.name = "moment", .type = TENSOR_F64, .n_dim = 1, .shape = {2}, .data = moment},
    {.name = "places", .type = TENSOR_I64, .n_dim = 1, .shape = {2}, .data = places},
    {.name = "nothing", .type = TENSOR_F32, .n_dim = 2, .shape = {0, 4}, .data = NULL},
};
#define N_OURS (int)(sizeof ours / sizeof *ours)

#define HOPSACK "{\"a \\\"crc32\\\":\\\"00000000\\\" in a text\": \"\xc3\xbc\"}"

/* As a new file: some file systems wait for the disk where one is cut short and written again. */
static void rewrite(const char *name, const void *bytes, size_t n)
{
    unlink(name);
    scratch_bytes(name, bytes, n);
}

static void write_ours(const char *path)
{
    cr_assert_eq(safetensors_write(path, ours, N_OURS, HOPSACK, true), OK, "%s", status_sentence());
}

static void assert_same(const TensorFile *file, const Tensor *expected, size_t n_bytes)
{
    const Tensor *t = safetensors_find(file, expected->name);
    cr_assert_not_null(t, "%s is missing", expected->name);
    cr_assert_eq(t->type, expected->type);
    cr_assert_eq(t->n_dim, expected->n_dim);
    for (int d = 0; d < t->n_dim; d++) cr_assert_eq(t->shape[d], expected->shape[d]);
    cr_assert(n_bytes == 0 || memcmp(t->data, expected->data, n_bytes) == 0);
    cr_assert_eq((uintptr_t)t->data % 64, 0);
}

Test(core_safetensors, round_trip)
{
    static const size_t n_bytes[] = {3, 24, 8, 16, 16, 0};
    TensorFile file;
    write_ours("m");
    cr_assert_eq(safetensors_read(&file, "m"), OK, "%s", status_sentence());
    cr_assert_eq(file.n, N_OURS);
    cr_assert_str_eq(file.hopsack, HOPSACK);
    for (int i = 0; i < N_OURS; i++) assert_same(&file, &ours[i], n_bytes[i]);
    cr_assert_null(safetensors_find(&file, "other"));
    safetensors_free(&file);
    safetensors_free(&file);
    safetensors_free(NULL);
}

Test(core_safetensors, without_metadata)
{
    TensorFile file;
    cr_assert_eq(safetensors_write("m", ours, 2, NULL, false), OK);
    cr_assert_eq(safetensors_read(&file, "m"), OK, "%s", status_sentence());
    cr_assert_null(file.hopsack);
    cr_assert_eq(file.n, 2);
    safetensors_free(&file);
    cr_assert_eq(safetensors_write("m", ours, 2, NULL, false), ERR_IO);
}

Test(core_safetensors, the_same_tensors_are_the_same_bytes)
{
    char *a, *b;
    size_t n_a, n_b;
    write_ours("a");
    write_ours("b");
    cr_assert_eq(file_read_whole(&a, &n_a, "a", 1 << 20), OK);
    cr_assert_eq(file_read_whole(&b, &n_b, "b", 1 << 20), OK);
    cr_assert(n_a == n_b && memcmp(a, b, n_a) == 0);
    free(a);
    free(b);
}

Test(core_safetensors, any_flipped_bit_is_noticed)
{
    char *bytes;
    size_t n;
    write_ours("m");
    cr_assert_eq(file_read_whole(&bytes, &n, "m", 1 << 20), OK);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        TensorFile file;
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        rewrite("flipped", bytes, n);
        cr_assert_eq(safetensors_read(&file, "flipped"), ERR_MODEL, "bit %zu of byte %zu", bit % 8, bit / 8);
        cr_assert_eq(file.n, 0);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    free(bytes);
}

Test(core_safetensors, any_cut_is_noticed)
{
    char *bytes;
    size_t n;
    write_ours("m");
    cr_assert_eq(file_read_whole(&bytes, &n, "m", 1 << 20), OK);
    for (size_t cut = 0; cut < n; cut++) {
        TensorFile file;
        rewrite("cut", bytes, cut);
        cr_assert_eq(safetensors_read(&file, "cut"), ERR_MODEL, "the first %zu bytes were read", cut);
    }
    free(bytes);
}

/* A file of a header, of which `stated` bytes are said to be there, and n_data bytes. */
static void write_raw(const char *path, uint64_t stated, const char *header, size_t n_data)
{
    char bytes[8192] = {0};
    const size_t n = strlen(header);
    memcpy(bytes, &stated, 8);
    memcpy(bytes + 8, header, n);
    rewrite(path, bytes, 8 + n + n_data);
}

/* One tensor `a`, F32 [2, 3], in 24 bytes. */
#define A(dtype, shape, offsets) "{\"a\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
#define TWO(first, second)                                                                                           \
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":" first                                                \
    "},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":" second "}}"

static const struct {
    const char *header;
    size_t n_data;
    const char *says;
} malformed[] = {
    {"", 0, "does not begin with '{'"},
    {" {}", 0, "does not begin with '{'"},
    {"[]", 0, "does not begin with '{'"},
    {"{", 0, "not sound JSON"},
    {"{}}", 0, "not sound JSON"},
    {"{} x", 0, "not sound JSON"},
    {"{\"a\":1,\"a\":2}", 0, "duplicate object key"},
    {"{\"\\u0000\":1}", 0, "not sound JSON"},
    {"{\"\xff\":1}", 0, "not sound JSON"},
    {"{\"a\":{\"b\":[[[[", 0, "not sound JSON"},
    {"{}", 1, "1 bytes behind the last tensor belong to none"},
    {"{\"a\":1}", 0, "tensor 'a' is not an object"},
    {"{\"a\":null}", 0, "tensor 'a' is not an object"},
    {"{\"a\":[]}", 0, "tensor 'a' is not an object"},
    {"{\"a\":{}}", 0, "tensor 'a' has no 'dtype'"},
    {A("4", "[2,3]", "[0,24]"), 24, "tensor 'a' has no 'dtype'"},
    {A("\"F16\"", "[2,3]", "[0,12]"), 12, "dtype F16 is not supported"},
    {A("\"BF16\"", "[2,3]", "[0,12]"), 12, "dtype BF16 is not supported"},
    {A("\"I32\"", "[2,3]", "[0,24]"), 24, "dtype I32 is not supported"},
    {A("\"BOOL\"", "[2,3]", "[0,6]"), 6, "dtype BOOL is not supported"},
    {A("\"f32\"", "[2,3]", "[0,24]"), 24, "dtype 'f32' is unknown"},
    {A("\"F3\"", "[2,3]", "[0,24]"), 24, "dtype 'F3' is unknown"},
    {A("\"\"", "[2,3]", "[0,24]"), 24, "dtype '' is unknown"},
    {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,24]}}", 24, "has no 'shape'"},
    {A("\"F32\"", "6", "[0,24]"), 24, "has no 'shape'"},
    {A("\"F32\"", "[2,\"3\"]", "[0,24]"), 24, "not of whole numbers"},
    {A("\"F32\"", "[2,3.0]", "[0,24]"), 24, "not of whole numbers"},
    {A("\"F32\"", "[-2,-3]", "[0,24]"), 24, "not of whole numbers"},
    {A("\"F32\"", "[1,1,1,1,1,1,1,1,6]", "[0,24]"), 24, "has 9 dimensions"},
    {A("\"F32\"", "[4611686018427387904,4]", "[0,0]"), 0, "its shape is too large"},
    {A("\"F32\"", "[9223372036854775807]", "[0,24]"), 24, "its shape is too large"},
    {A("\"F32\"", "[9223372036854775808]", "[0,24]"), 24, "not sound JSON: too big integer"},
    {A("\"F32\"", "[2,2]", "[0,24]"), 24, "24 bytes stand for a shape of 16"},
    {A("\"U8\"", "[2,3]", "[0,24]"), 24, "24 bytes stand for a shape of 6"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3]}}", 24, "'data_offsets' are not two whole numbers"},
    {A("\"F32\"", "[2,3]", "24"), 24, "'data_offsets' are not two whole numbers"},
    {A("\"F32\"", "[2,3]", "[24]"), 24, "'data_offsets' are not two whole numbers"},
    {A("\"F32\"", "[2,3]", "[0,24,48]"), 24, "'data_offsets' are not two whole numbers"},
    {A("\"F32\"", "[2,3]", "[0,24.0]"), 24, "'data_offsets' are not two whole numbers"},
    {A("\"F32\"", "[2,3]", "[0,null]"), 24, "'data_offsets' are not two whole numbers"},
    {A("\"F32\"", "[2,3]", "[-24,0]"), 24, "offsets -24 and 0 are not in order"},
    {A("\"F32\"", "[2,3]", "[24,0]"), 24, "offsets 24 and 0 are not in order"},
    {A("\"F32\"", "[2,3]", "[0,24]"), 23, "ends at byte 24 of its data, the file at 23"},
    {A("\"F32\"", "[2,3]", "[9223372036854775783,9223372036854775807]"), 24, "the file at 24"},
    {A("\"F32\"", "[2,3]", "[0,24]"), 25, "1 bytes behind the last tensor"},
    {A("\"F32\"", "[2,3]", "[4,28]"), 28, "4 bytes before tensor 'a' belong to none"},
    {TWO("[0,8]", "[4,12]"), 12, "tensor 'b' overlaps another"},
    {TWO("[0,8]", "[0,8]"), 8, "tensor 'b' overlaps another"},
    {TWO("[8,16]", "[12,20]"), 20, "8 bytes before tensor 'a' belong to none"},
    {TWO("[0,8]", "[12,20]"), 20, "4 bytes before tensor 'b' belong to none"},
    {"{\"__metadata__\":[]}", 0, "'__metadata__' is not an object"},
    {"{\"__metadata__\":{\"a\":1}}", 0, "metadata 'a' is not a string"},
    {"{\"__metadata__\":{\"a\":null}}", 0, "metadata 'a' is not a string"},
    {"{\"__metadata__\":{\"hopsack\":\"{}\"}}", 0, "checksum 'crc32' is missing"},
    {"{\"__metadata__\":{\"crc32\":\"\"}}", 0, "not eight hex digits"},
    {"{\"__metadata__\":{\"crc32\":\"0000000\"}}", 0, "not eight hex digits"},
    {"{\"__metadata__\":{\"crc32\":\"\\u0030000000\"}}", 0, "not eight hex digits"},
    {"{\"__metadata__\":{\"crc32\":\"00000000\"}}", 0, "the file states 00000000"},
    {"{\"__metadata__\":{\"crc32\":\"ZZZZZZZZ\"}}", 0, "the file states ZZZZZZZZ"},
};

Test(core_safetensors, malformed_headers)
{
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        TensorFile file;
        write_raw("bad", strlen(malformed[i].header), malformed[i].header, malformed[i].n_data);
        cr_assert_eq(safetensors_read(&file, "bad"), ERR_MODEL, "%s was read", malformed[i].header);
        cr_assert(strstr(status_sentence(), malformed[i].says), "%s: '%s' does not say '%s'", malformed[i].header,
                  status_sentence(), malformed[i].says);
        cr_assert_eq(strncmp(status_sentence(), "bad: ", 5), 0);
        cr_assert(file.n == 0 && !file.tensor && !file.bytes);
    }
}

Test(core_safetensors, header_length_is_checked_before_use)
{
    static const struct {
        uint64_t stated;
        const char *says;
    } row[] = {{3, "header should have 3 bytes, 2 are there"},
               {UINT64_MAX, "beyond 100 MB"},
               {((uint64_t)100 << 20) + 1, "beyond 100 MB"},
               {(uint64_t)100 << 20, "2 are there"},
               {1, "not sound JSON"},
               {0, "does not begin with '{'"}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        TensorFile file;
        write_raw("bad", row[i].stated, "{}", 0);
        cr_assert_eq(safetensors_read(&file, "bad"), ERR_MODEL);
        cr_assert(strstr(status_sentence(), row[i].says), "'%s' does not say '%s'", status_sentence(), row[i].says);
    }
}

Test(core_safetensors, unreadable_files)
{
    TensorFile file;
    cr_assert_eq(safetensors_read(&file, "none"), ERR_IO);
    cr_assert_eq(safetensors_read(&file, "."), ERR_IO);
    cr_assert_eq(safetensors_write("no/folder", ours, 1, "{}", false), ERR_IO);
    cr_assert_not(file_exists("no"));
}

/* As Python's library writes: blanks behind the header, metadata of its own, tensors in any order, odd lengths. */
Test(core_safetensors, foreign_files_are_read)
{
    TensorFile file;
    const char *header = "{\"__metadata__\":{\"format\":\"pt\"},"
                         "\"z\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[3,11]},"
                         "\"e\":{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[3,3]},"
                         "\"a\":{\"data_offsets\":[0,3],\"dtype\":\"U8\",\"shape\":[3],\"more\":1}}     \n ";
    write_raw("foreign", strlen(header), header, 11);
    cr_assert_eq(safetensors_read(&file, "foreign"), OK, "%s", status_sentence());
    cr_assert_eq(file.n, 3);
    cr_assert_null(file.hopsack);
    cr_assert_str_eq(file.tensor[0].name, "a");
    cr_assert_str_eq(file.tensor[1].name, "e");
    cr_assert_str_eq(file.tensor[2].name, "z");
    cr_assert_eq(((const float *)file.tensor[2].data)[1], 0);
    safetensors_free(&file);
}

static const char reader[] = /* nothing but json, struct and zlib */
    "import json, struct, zlib\n"
    "b = open('m', 'rb').read()\n"
    "n, = struct.unpack('<Q', b[:8])\n"
    "assert n % 8 == 0\n"
    "h = json.loads(b[8:8 + n])\n"
    "meta = h.pop('__metadata__')\n"
    "assert sorted(meta) == ['crc32', 'hopsack']\n"
    "assert json.loads(meta['hopsack']) == {'a \"crc32\":\"00000000\" in a text': '\\u00fc'}\n"
    "key = b'\"crc32\":\"' + meta['crc32'].encode()\n"
    "assert b.count(key) == 1\n"
    "assert '%08x' % zlib.crc32(b.replace(key, b'\"crc32\":\"00000000')) == meta['crc32']\n"
    "size = {'F32': 'f', 'F64': 'd', 'I64': 'q', 'U64': 'Q', 'U8': 'B'}\n"
    "got = {}\n"
    "for name, t in h.items():\n"
    "    lo, hi = t['data_offsets']\n"
    "    f = size[t['dtype']]\n"
    "    assert lo % struct.calcsize(f) == 0, name\n"
    "    got[name] = struct.unpack('<%d%s' % ((hi - lo) // struct.calcsize(f), f), b[8 + n + lo:8 + n + hi])\n"
    "assert got['bytes'] == (7, 8, 9)\n"
    "assert got['net.0.weight'][:4] == (0, 1.5, -2, 3.25) and h['net.0.weight']['shape'] == [2, 3]\n"
    "assert got['step'] == (2 ** 64 - 1,) and h['step']['shape'] == []\n"
    "assert got['moment'] == (0.1, -1e300)\n"
    "assert got['places'] == (-1, 2 ** 63 - 1)\n"
    "assert got['nothing'] == ()\n";

Test(core_safetensors, python_reads_ours)
{
    if (system("python3 -c '' 2>/dev/null") != 0) cr_skip_test("no python3 here");
    write_ours("m");
    cr_assert_eq(file_write_whole("reader.py", reader, strlen(reader), false), OK);
    cr_assert_eq(system("python3 reader.py"), 0);
}

/* Whatever bytes of a file without checksum are changed, what is handed out lies inside the file. */
Test(core_safetensors, random_damage)
{
    char *sound, *bytes;
    size_t n;
    int n_read = 0;
    cr_assert_eq(safetensors_write("m", ours, N_OURS, NULL, false), OK);
    cr_assert_eq(file_read_whole(&sound, &n, "m", 1 << 20), OK);
    bytes = malloc(n);
    Rng rng = rng_stream(23, "damage", 0);
    for (int round = 0; round < 3000; round++) {
        TensorFile file;
        memcpy(bytes, sound, n);
        for (uint64_t i = rng_below(&rng, 3) + 1; i > 0; i--)
            bytes[rng_below(&rng, n - 60)] = "0123456789[]{}\",: F"[rng_below(&rng, 19)];
        rewrite("damaged", bytes, n);
        const Status status = safetensors_read(&file, "damaged");
        cr_assert(status == OK || status == ERR_MODEL, "round %d (seed 23): %s", round, status_sentence());
        unsigned sum = 0;
        for (int i = 0; i < file.n; i++) {
            const Tensor *t = &file.tensor[i];
            static const size_t width[] = {4, 8, 8, 8, 1};
            size_t size = width[t->type];
            for (int d = 0; d < t->n_dim; d++) size *= (size_t)t->shape[d];
            for (size_t j = 0; j < size; j++) sum += ((const unsigned char *)t->data)[j];
        }
        cr_assert_leq(sum, 255 * n);
        n_read += status == OK;
        safetensors_free(&file);
    }
    cr_assert_gt(n_read, 10);
    free(bytes);
    free(sound);
}
