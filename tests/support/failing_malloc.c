/* SPDX-License-Identifier: MIT
 *
 * failing_malloc.c: preloaded into the program (LD_PRELOAD), refuses one request for memory. For glibc.
 *
 *   HOPSACK_FAIL_AT=N        the N-th request, from 1, is refused; counted from the start of main: this library's constructor
 *                            is the last to run before it
 *   HOPSACK_FAIL_MORE=1      and all that follow
 *   HOPSACK_FAIL_CHILD=1     not in the program but in the process that it starts to open a dataset
 *   HOPSACK_FAIL_NOTE=FILE   made at the refusal, holds who asked: object and offset
 *
 * What libgomp, OpenBLAS, HDF5, liblinear, libsvm (with the C++ library) and the loader ask for is never refused: they give
 * up the whole process. (HDF5 1.10.8, of 110 requests refused one at a time: six times a segmentation fault, twice exit code
 * 255. liblinear: std::bad_alloc without a handler, or a segmentation fault.) All else counts: jansson,
 * libyaml, zlib, libdeflate, nettle, and libc, whose fopen, opendir, asprintf and qsort ask through malloc as well.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PLACES = 256 };

typedef struct {
    uintptr_t from, to;
    bool counted;
    const char *name;
} Place;

static Place place[PLACES]; /* [n_place] code of the program and its libraries */
static int n_place;
static long fail_at;
static bool fail_more, ready;
static const char *note;
static atomic_long asked;

/* What the C library's functions are called besides. */
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t),
    *__libc_memalign(size_t, size_t);

/* ---- who asks ---- */

static bool is_counted(const char *name)
{
    static const char *const never[] = {"libgomp", "openblas",  "ld-linux", "libhdf5",  "failing_malloc",
                                        "libasan", "liblinear", "libsvm",   "libstdc++"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (strstr(name, never[i])) return false;
    return true;
}

static int add_place(struct dl_phdr_info *info, size_t size, void *first)
{
    (void)size;
    bool *program = first;
    for (int i = 0; i < info->dlpi_phnum && n_place < PLACES; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
        const uintptr_t from = info->dlpi_addr + part->p_vaddr;
        place[n_place++] = (Place){.from = from,
                                   .to = from + part->p_memsz,
                                   .counted = *program || is_counted(info->dlpi_name),
                                   .name = *program ? "hopsack" : info->dlpi_name};
    }
    *program = false;
    return 0;
}

static const Place *place_of(uintptr_t at)
{
    for (int i = 0; i < n_place; i++)
        if (at >= place[i].from && at < place[i].to) return &place[i];
    return NULL;
}

static void write_note(const Place *who, uintptr_t at)
{
    char text[600];
    Dl_info base;
    const int fd = note ? open(note, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (fd < 0) return;
    const uintptr_t start = dladdr((void *)at, &base) ? (uintptr_t)base.dli_fbase : 0;
    const int n = snprintf(text, sizeof text, "%s+0x%lx\n", who->name, (unsigned long)(at - start));
    if (write(fd, text, (size_t)n) != n) abort();
    close(fd);
}

static bool refuse(const void *caller)
{
    if (!ready || fail_at == 0) return false;
    const Place *who = place_of((uintptr_t)caller);
    if (!who || !who->counted) return false;
    const long n = ++asked;
    if (n < fail_at || (n > fail_at && !fail_more)) return false;
    if (n == fail_at) write_note(who, (uintptr_t)caller);
    errno = ENOMEM;
    return true;
}

/* ---- the start ---- */

/* The settings are handed on to a child only if they are meant for it. */
__attribute__((constructor)) static void start(void)
{
    bool program = true;
    const char *at = getenv("HOPSACK_FAIL_AT");
    dl_iterate_phdr(add_place, &program);
    fail_more = getenv("HOPSACK_FAIL_MORE") != NULL;
    note = getenv("HOPSACK_FAIL_NOTE");
    if (getenv("HOPSACK_FAIL_CHILD")) {
        unsetenv("HOPSACK_FAIL_CHILD");
    } else if (at) {
        fail_at = atol(at);
        unsetenv("HOPSACK_FAIL_AT");
    }
    ready = true;
}

/* ---- in place of the C library's ---- */

#define REFUSED refuse(__builtin_return_address(0))

void *malloc(size_t n)
{
    return REFUSED ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return REFUSED ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return REFUSED ? NULL : __libc_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    return REFUSED ? NULL : __libc_memalign(alignment, n);
}

int posix_memalign(void **out, size_t alignment, size_t n)
{
    void *piece = REFUSED ? NULL : __libc_memalign(alignment, n);
    if (!piece) return ENOMEM;
    *out = piece;
    return 0;
}

/* So that these are asked for by their caller, not by libc. */
char *strndup(const char *text, size_t most)
{
    const size_t n = strnlen(text, most);
    char *copy = REFUSED ? NULL : __libc_malloc(n + 1);
    if (!copy) return NULL;
    copy[n] = '\0';
    return memcpy(copy, text, n);
}

char *strdup(const char *text)
{
    const size_t n = strlen(text) + 1;
    char *copy = REFUSED ? NULL : __libc_malloc(n);
    return copy ? memcpy(copy, text, n) : NULL;
}
