/* SPDX-License-Identifier: MIT */
#include "core/filetype.h"
#include "core/spool.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Bytes at a place; a text ends with its own length, because some hold a NUL. */
typedef struct {
    size_t at, n;
    const char *bytes;
    const char *is;
} Mark;

#define MARK(at, bytes, is)                                                                                          \
    {                                                                                                                \
        at, sizeof bytes - 1, bytes, is                                                                              \
    }

static const Mark marks[] = {
    MARK(0, "\x89HDF\r\n\x1a\n", "is an HDF5 file (a dataset or features), not a text table"),
    MARK(0, "MATLAB 5.0", "is a MATLAB file, not a text table"),
    MARK(0, "PK\3\4", "is a zip archive; unpack it: unzip FILE"),
    MARK(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
         "is an old Excel workbook or Office file (.xls); save the sheet as CSV"),
    MARK(0, "%PDF-", "is a PDF document; a text table is expected"),
    MARK(0, "\x89PNG\r\n", "is a PNG image; a text table is expected"),
    MARK(0, "\xff\xd8\xff", "is a JPEG image; a text table is expected"),
    MARK(0, "GIF8", "is a GIF image; a text table is expected"),
    MARK(0, "II*\0", "is a TIFF image; extract features first"),
    MARK(0, "MM\0*", "is a TIFF image; extract features first"),
    MARK(0, "SQLite format 3\0", "is an SQLite database; export the table as CSV"),
    MARK(0, "PAR1", "is a Parquet file; save the table as CSV"),
    MARK(0, "ARROW1", "is an Arrow (Feather) file; save the table as CSV"),
    MARK(0, "FEA1", "is a Feather file; save the table as CSV"),
    MARK(0, "RDX", "is an R workspace (.RData); save the table with write.table in R"),
    MARK(0, "RDA", "is an R workspace (.RData); save the table with write.table in R"),
    MARK(0, "X\n\0\0\0", "is an R object (.rds); save the table with write.table in R"),
    MARK(0, "\x93NUMPY", "is a NumPy array; save it as CSV"),
    MARK(0,
         "\x7f"
         "ELF",
         "is a program; a text table is expected"),
    MARK(0, "MZ\x90\0", "is a program; a text table is expected"),
    MARK(0, "Rar!\x1a\x07", "is a RAR archive; unpack it"),
    MARK(0, "7z\xbc\xaf\x27\x1c", "is a 7-Zip archive; unpack it: 7z x FILE"),
    MARK(0, "\x04\x22\x4d\x18", "is compressed by lz4; unpack it: lz4 -d FILE"),
    MARK(0, "\x1f\x9d", "is compressed by compress; unpack it: gzip -d FILE"),
    MARK(0, "LZIP", "is compressed by lzip; unpack it: lzip -d FILE"),
    MARK(0, "BAM\1", "is a BAM file of alignments; import the tables of clones made from it"),
    MARK(0, "CRAM", "is a CRAM file of alignments; import the tables of clones made from it"),
    MARK(0, "@HD\t", "is a SAM file of alignments; import the tables of clones made from it"),
    MARK(0, "@SQ\t", "is a SAM file of alignments; import the tables of clones made from it"),
    MARK(257, "ustar", "is a tar archive; unpack it: tar -xf FILE"),
    MARK(0, "version https://git-lfs.github.com/spec/",
         "is a pointer of Git LFS, not the file itself; fetch it: git lfs pull"),
    MARK(0, "version https://git-annex",
         "is a pointer of git-annex, not the file itself; fetch it: git annex get FILE"),
    MARK(0, "-----BEGIN PGP", "is encrypted by PGP; decrypt it"),
};

/* Eight bytes of length, then JSON. */
static bool is_safetensors(const unsigned char *bytes, size_t n)
{
    return n >= 10 && bytes[4] == 0 && bytes[5] == 0 && bytes[6] == 0 && bytes[7] == 0 && bytes[8] == '{' &&
           (bytes[9] == '"' || bytes[9] == '}');
}

static bool is_pickle(const unsigned char *bytes, size_t n)
{
    return n >= 3 && bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5 && strchr("\x95}]c(", bytes[2]);
}

/* Latin letters in UTF-16: every other byte is 0. */
static bool is_utf16(const unsigned char *bytes, size_t n)
{
    size_t zeros[2] = {0};
    const size_t seen = n < 64 ? n & ~(size_t)1 : 64;
    for (size_t i = 0; i < seen; i++) zeros[i & 1] += bytes[i] == 0;
    return seen >= 8 && zeros[0] + zeros[1] >= seen / 2 - 1 && (zeros[0] == 0 || zeros[1] == 0);
}

static bool begins(const unsigned char *bytes, size_t n, const char *word)
{
    const size_t length = strlen(word);
    return n >= length && strncasecmp((const char *)bytes, word, length) == 0;
}

/* Text that is no table; a table's first line may hold a tab, these never do. */
static const char *markup_of(const unsigned char *bytes, size_t n)
{
    if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) bytes += 3, n -= 3;
    while (n > 0 && isspace(*bytes)) bytes++, n--;
    if (begins(bytes, n, "<!doctype html") || begins(bytes, n, "<html"))
        return "is an HTML page, perhaps of a failed download; fetch the file again";
    if (begins(bytes, n, "<?xml")) return "is an XML file; a text table is expected";
    const unsigned char *line_end = memchr(bytes, '\n', n);
    const size_t length = line_end ? (size_t)(line_end - bytes) : n;
    if (memchr(bytes, '\t', length)) return NULL;
    if (n >= 2 && bytes[0] == '{' && (isspace(bytes[1]) || bytes[1] == '"' || bytes[1] == '}'))
        return "is a JSON file; a text table is expected";
    if (n >= 2 && bytes[0] == '[' && (isspace(bytes[1]) || strchr("{[\"]", bytes[1])))
        return "is a JSON file; a text table is expected";
    if (n >= 2 && bytes[0] == '>' && isalnum(bytes[1]))
        return "is a FASTA file of sequences; import the tables of clones made from it";
    return NULL;
}

const char *filetype_of(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (n >= marks[i].at + marks[i].n && memcmp(bytes + marks[i].at, marks[i].bytes, marks[i].n) == 0)
            return marks[i].is;
    if (is_safetensors(bytes, n)) return "is a safetensors file (a model?), not a text table";
    if (is_pickle(bytes, n))
        return "is a Python pickle (or a PyTorch file), which hopsack never opens; save it as CSV";
    if (is_utf16(bytes, n)) return "is UTF-16 text without its byte-order mark; save it as UTF-8";
    return markup_of(bytes, n);
}

const char *filetype_of_file(const char *path)
{
    int fd;
    unsigned char bytes[FILETYPE_PEEK];
    if (access(path, R_OK) != 0 || spool_is_pipe(path) || spool_open(&fd, path) != OK) return NULL;
    const ssize_t n = read(fd, bytes, sizeof bytes);
    close(fd);
    return n > 0 ? filetype_of(bytes, (size_t)n) : NULL;
}
