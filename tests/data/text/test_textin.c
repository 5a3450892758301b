/* SPDX-License-Identifier: MIT */
#include "data/text/textin.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

TestSuite(data_textin, .init = scratch_make, .fini = scratch_remove);

/* Lines joined with '|', so that a test reads at a glance; `again`: after a look at the first two. */
static Status joined_again(char *out, size_t room, const char *path, bool again)
{
    TextIn *in;
    Status status = textin_open(&in, path);
    size_t at = 0;
    out[0] = '\0';
    for (int i = 0; i < 2 && status == OK && again; i++) {
        char *line;
        size_t length;
        status = textin_line(in, &line, &length);
        if (line && *line) *line = '!'; /* lines may be written into */
    }
    if (status == OK && again) status = textin_rewind(in);
    while (status == OK) {
        char *line;
        size_t length;
        status = textin_line(in, &line, &length);
        if (status != OK || !line) break;
        cr_assert_eq(strlen(line), length);
        at += (size_t)snprintf(out + at, room - at, "%d:%s|", textin_number(in), line);
    }
    textin_close(in);
    return status;
}

static Status joined(char *out, size_t room, const char *path)
{
    return joined_again(out, room, path, false);
}

static void assert_lines(const char *name, const char *text, size_t n, const char *wanted)
{
    char found[1000];
    cr_assert_eq(joined(found, sizeof found, scratch_bytes(name, text, n)), OK, "%s: %s", name, status_sentence());
    cr_assert_str_eq(found, wanted, "%s: %s", name, found);
    cr_assert_eq(joined_again(found, sizeof found, in_scratch(name), true), OK, "%s: %s", name, status_sentence());
    cr_assert_str_eq(found, wanted, "%s, read again: %s", name, found);
}

Test(data_textin, line_ends)
{
    const struct {
        const char *text, *wanted;
    } cases[] = {
        {"", ""},
        {"a", "1:a|"},
        {"a\n", "1:a|"},
        {"a\n\nb", "1:a|2:|3:b|"},
        {"a\r\nb\r\n", "1:a|2:b|"},
        {"a\rb\rc", "1:a|2:b|3:c|"},
        {"a\r", "1:a|"},
        {"\xef\xbb\xbfID\nx", "1:ID|2:x|"},
        {"\xef\xbb\xbf", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_lines("ends.txt", cases[i].text, strlen(cases[i].text), cases[i].wanted);
}

static const char *gz(const char *name, const char *mode, const char *text)
{
    const char *path = in_scratch(name);
    gzFile file = gzopen(path, mode);
    cr_assert(file);
    cr_assert_eq(gzwrite(file, text, (unsigned)strlen(text)), (int)strlen(text));
    cr_assert_eq(gzclose(file), Z_OK);
    return path;
}

Test(data_textin, gzip_is_told_by_its_bytes)
{
    char found[1000];
    gz("no_such_name.txt", "wb", "a\nb\n");
    gz("no_such_name.txt", "ab", "c\nd"); /* a second member */
    cr_assert_eq(joined(found, sizeof found, in_scratch("no_such_name.txt")), OK);
    cr_assert_str_eq(found, "1:a|2:b|3:c|4:d|");
    assert_lines("plain.gz", "a\nb", 3, "1:a|2:b|");
}

Test(data_textin, gzip_cut_anywhere_is_an_error)
{
    char found[100000], bytes[4096], *text = malloc(50001);
    size_t n;
    for (int i = 0; i < 50000; i++) text[i] = (char)(i % 11 == 10 ? '\n' : 'A' + i * 7 % 20);
    text[50000] = '\0';
    FILE *file = fopen(gz("whole.gz", "wb", text), "rb");
    n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    cr_assert_gt(n, 100);
    for (size_t cut = 3; cut < n; cut += 1 + n / 50) {
        const Status status = joined(found, sizeof found, scratch_bytes("cut.gz", bytes, cut));
        cr_assert_eq(status, ERR_FORMAT, "cut at %zu of %zu", cut, n);
        cr_assert(strstr(status_sentence(), "cut.gz"), "%s", status_sentence());
    }
    bytes[n / 2] ^= 0x20;
    cr_assert_eq(joined(found, sizeof found, scratch_bytes("flip.gz", bytes, n)), ERR_FORMAT);
    free(text);
}

Test(data_textin, long_lines_and_endless_ones)
{
    const size_t n = 700000;
    char *text = malloc(n + 1), *line;
    size_t length;
    TextIn *in;
    memset(text, 'x', n);
    text[n / 2] = '\n';
    cr_assert_eq(textin_open(&in, scratch_bytes("long.txt", text, n)), OK);
    cr_assert_eq(textin_line(in, &line, &length), OK);
    cr_assert_eq(length, n / 2);
    cr_assert_eq(textin_line(in, &line, &length), OK);
    cr_assert_eq(length, n - n / 2 - 1);
    textin_close(in);

    gzFile file = gzopen(in_scratch("endless.gz"), "wb1");
    memset(text, 'x', n);
    for (size_t written = 0; written < TEXTIN_LINE_MOST + n; written += n) gzwrite(file, text, (unsigned)n);
    gzclose(file);
    cr_assert_eq(textin_open(&in, in_scratch("endless.gz")), OK);
    cr_assert_eq(textin_line(in, &line, &length), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "endless.gz:1:"), "%s", status_sentence());
    textin_close(in);
    free(text);
}

Test(data_textin, bytes_that_are_no_text)
{
    char found[100];
    cr_assert_eq(joined(found, sizeof found, scratch_bytes("zero.txt", "a\nb\0c\n", 6)), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "zero.txt:2:"), "%s", status_sentence());
    cr_assert_eq(joined(found, sizeof found, in_scratch("absent.txt")), ERR_IO);
    cr_assert_eq(joined(found, sizeof found, scratch), ERR_IO, "a folder");
}

Test(data_textin, cells)
{
    const struct {
        const char *line;
        int n;
        const char *cell[4];
    } cases[] = {
        {"a\tb\tc", 3, {"a", "b", "c"}},
        {"", 1, {""}},
        {"\t", 2, {"", ""}},
        {"\"a\tb\"\tc", 2, {"a\tb", "c"}},
        {"\"say \"\"hi\"\"\"\t\"\"", 2, {"say \"hi\"", ""}},
        {"a\"b\tc", 2, {"a\"b", "c"}},
        {"\"a\"b\tc", 2, {"ab", "c"}},
        {"1\t2\t3\t4\t5", 5, {"1", "2", "3", "4"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[64], *cell[4];
        strcpy(line, cases[i].line);
        const int n = textin_split(cell, 4, line, strlen(line), '\t');
        cr_assert_eq(n, cases[i].n, "%s", cases[i].line);
        for (int c = 0; c < n && c < 4; c++) cr_assert_str_eq(cell[c], cases[i].cell[c]);
    }
    char open[] = "\"a\tb", *cell[4];
    cr_assert_eq(textin_split(cell, 4, open, strlen(open), '\t'), -1);
}
