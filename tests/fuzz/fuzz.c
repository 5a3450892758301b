/* SPDX-License-Identifier: MIT
 *
 * fuzz SUBJECT FILE [--n=300] [--seed=1] [--first=0] [--keep=FOLDER]: reads N randomly damaged copies of FILE.
 *
 * Copy number i is a function of (seed, subject, i) alone; a crash leaves it under the name printed at the start, and
 * --first=i --n=1 makes it again. Exit code 1: a copy was accepted that reads differently, or refused without a sentence.
 * A copy that takes longer than 60 s ends the program by SIGALRM. The last line counts.
 */
#include "fuzz.h"
#include "core/child.h"
#include "core/file.h"
#include "core/log.h"
#include "core/rng.h"
#include "data/bagfile/bagfile.h"
#include "data/matlab/matprobe.h"
#include "data/vectors/slidefile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS 60

static const FuzzSubject *const subjects[] = {
    &fuzz_dataset, &fuzz_foreign, &fuzz_model, &fuzz_checkpoint, &fuzz_repertoire, &fuzz_vectors, &fuzz_table,
    &fuzz_splits,  &fuzz_config,  &fuzz_rows,  &fuzz_triples,    &fuzz_list,       &fuzz_heads,
};

typedef struct {
    const FuzzSubject *subject;
    const char *sound;
    char copy[4096];
    uint8_t *whole; /* [n] the sound file */
    size_t n;
    uint64_t digest;
    int refused, same, accepted, wrong;
} Fuzz;

void fuzz_mix(uint64_t *digest, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) *digest = (*digest ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
}

void fuzz_mix_text(uint64_t *digest, const char *text)
{
    fuzz_mix(digest, text ? text : "\xff", text ? strlen(text) + 1 : 1);
}

/* ---- damage ---- */

static void flip_bit(uint8_t *bytes, size_t n, Rng *rng)
{
    bytes[rng_below(rng, n)] ^= (uint8_t)(1u << rng_below(rng, 8));
}

static void set_byte(uint8_t *bytes, size_t n, Rng *rng)
{
    static const uint8_t odd[] = {0, 0xff, 0x7f, 0x80, '\n', '\t', '"', ',', '{', ':'};
    bytes[rng_below(rng, n)] = rng_below(rng, 2) ? odd[rng_below(rng, sizeof odd)] : (uint8_t)rng_below(rng, 256);
}

/* Lengths, counts and addresses are little-endian words. */
static void set_word(uint8_t *bytes, size_t n, Rng *rng)
{
    static const uint64_t odd[] = {0,          1,           UINT64_MAX,       INT64_MAX, 1ull << 63, 0x7fffffff,
                                   0xffffffff, 0x100000000, UINT64_MAX - 255, 0x10000,   1ull << 40, 255};
    const uint64_t value = odd[rng_below(rng, sizeof odd / sizeof *odd)];
    const size_t size = (size_t)1 << (1 + rng_below(rng, 3)), at = rng_below(rng, n);
    memcpy(bytes + at, &value, size < n - at ? size : n - at);
}

/* Small files keep most of what they hold. */
static size_t run_most(size_t n)
{
    return n / 16 < 4096 ? n / 16 + 1 : 4096;
}

static void fill_run(uint8_t *bytes, size_t n, Rng *rng)
{
    const size_t at = rng_below(rng, n), most = n - at < run_most(n) ? n - at : run_most(n);
    memset(bytes + at, rng_below(rng, 2) ? 0 : (int)rng_below(rng, 256), 1 + rng_below(rng, most));
}

static void move_run(uint8_t *bytes, size_t n, Rng *rng)
{
    const size_t from = rng_below(rng, n), to = rng_below(rng, n), far = from > to ? from : to;
    memmove(bytes + to, bytes + from, 1 + rng_below(rng, n - far < run_most(n) ? n - far : run_most(n)));
}

/* Damages bytes [n + room for 512 more] and returns the new size. */
static size_t damage(uint8_t *bytes, size_t n, Rng *rng)
{
    static void (*const way[])(uint8_t *, size_t, Rng *) = {flip_bit, flip_bit, set_byte,
                                                            set_word, fill_run, move_run};
    for (int k = 1 << rng_below(rng, 4); k > 0; k--) way[rng_below(rng, sizeof way / sizeof *way)](bytes, n, rng);
    const uint64_t end = rng_below(rng, 20);
    if (end == 0) return 1 + rng_below(rng, n); /* cut */
    if (end > 1) return n;
    const size_t more = 1 + rng_below(rng, 512); /* grown */
    for (size_t i = 0; i < more; i++) bytes[n + i] = (uint8_t)rng_below(rng, 256);
    return n + more;
}

static void write_copy(const Fuzz *f, uint64_t seed, uint64_t index)
{
    Rng rng = rng_stream(seed, f->subject->name, index);
    uint8_t *bytes = malloc(f->n + 512);
    FILE *out = fopen(f->copy, "wb");
    if (!bytes || !out) abort();
    memcpy(bytes, f->whole, f->n);
    size_t n = damage(bytes, f->n, &rng);
    if (n == f->n && memcmp(bytes, f->whole, n) == 0) bytes[0] ^= 1;
    if (fwrite(bytes, 1, n, out) != n || fclose(out) != 0) abort();
    free(bytes);
}

/* ---- a run ---- */

static void read_copy(Fuzz *f, uint64_t index)
{
    uint64_t digest = 0xcbf29ce484222325u;
    alarm(SECONDS);
    (void)fail(OK, "%s", "");
    const Status status = f->subject->read(&digest, f->copy, f->sound);
    alarm(0);
    if (status != OK && *status_sentence()) {
        f->refused++;
    } else if (status == OK && digest == f->digest) {
        f->same++;
    } else if (status == OK && !f->subject->checked) {
        f->accepted++;
    } else {
        f->wrong++;
        printf("WRONG: copy %llu %s\n", (unsigned long long)index,
               status == OK ? "is accepted and reads differently" : "is refused without a sentence");
    }
}

static Status begin(Fuzz *f, const char *folder)
{
    char *bytes;
    f->digest = 0xcbf29ce484222325u;
    snprintf(f->copy, sizeof f->copy, "%s/%s-%ld%s", folder, f->subject->name, (long)getpid(),
             strrchr(f->sound, '.') ? strrchr(f->sound, '.') : "");
    TRY(file_read_whole(&bytes, &f->n, f->sound, 64 << 20));
    f->whole = (uint8_t *)bytes;
    if (f->n == 0) return fail(ERR_USAGE, "%s is empty", f->sound);
    return f->subject->read(&f->digest, f->sound, f->sound);
}

/* Reports of a child's own crash are not the program's: they go to files of another name. */
static void split_reports(void)
{
    const char *options = getenv("ASAN_OPTIONS"), *at = options ? strstr(options, "log_path=") : NULL;
    char more[8192];
    if (!at) return;
    const int length = (int)strcspn(at, ":");
    snprintf(more, sizeof more, "%s:%.*s.child", options, length, at);
    setenv("ASAN_OPTIONS", more, 1);
}

static const FuzzSubject *subject_named(const char *name)
{
    for (size_t k = 0; k < sizeof subjects / sizeof *subjects; k++)
        if (strcmp(subjects[k]->name, name) == 0) return subjects[k];
    return NULL;
}

static uint64_t number(int argc, char **argv, const char *flag, uint64_t standard)
{
    for (int i = 3; i < argc; i++)
        if (strncmp(argv[i], flag, strlen(flag)) == 0) return strtoull(argv[i] + strlen(flag), NULL, 10);
    return standard;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], CHILD_WORD) == 0)
        child_serve(argv[2],
                    (const ChildVisitor *const[]){&matprobe_visitor, &slidefile_visitor, &bagfile_visitor, NULL});
    const char *folder = getenv("TMPDIR");
    Fuzz f = {.subject = argc > 2 ? subject_named(argv[1]) : NULL, .sound = argc > 2 ? argv[2] : ""};
    if (!f.subject) {
        fprintf(stderr, "usage: fuzz SUBJECT FILE [--n=N] [--seed=N] [--first=N]\n");
        return 2;
    }
    const uint64_t n = number(argc, argv, "--n=", 300), first = number(argc, argv, "--first=", 0);
    const uint64_t seed = number(argc, argv, "--seed=", 1);
    log_level(LOG_QUIET);
    split_reports();
    if (f.subject->child) child_enable();
    if (begin(&f, folder && *folder ? folder : "/tmp") != OK) {
        printf("%s: the sound file is refused: %s\n", f.subject->name, status_sentence());
        free(f.whole);
        return 1;
    }
    printf("%s: seed %llu, copies in %s\n", f.subject->name, (unsigned long long)seed, f.copy);
    fflush(stdout);
    for (uint64_t i = first; i < first + n; i++) {
        write_copy(&f, seed, i);
        read_copy(&f, i);
        if (f.wrong > 20) break;
    }
    if (f.wrong == 0) unlink(f.copy);
    free(f.whole);
    printf("%s: %d refused, %d read the same, %d read as other data, %d WRONG\n", f.subject->name, f.refused, f.same,
           f.accepted, f.wrong);
    return f.wrong > 0;
}
