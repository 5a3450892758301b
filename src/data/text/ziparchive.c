/* SPDX-License-Identifier: MIT
 *
 * Members are read side by side, but libzip's archives are for one thread each. Opening one reads its whole directory, so
 * a few that were closed wait for the next member of the same archive.
 */
#include "data/text/ziparchive.h"
#include "core/spool.h"
#include "data/text/litter.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool ziparchive_is(const unsigned char *bytes, size_t n)
{
    return n >= 4 && (memcmp(bytes, "PK\3\4", 4) == 0 || memcmp(bytes, "PK\5\6", 4) == 0);
}

size_t ziparchive_split(const char *path)
{
    struct stat info;
    char part[4096];
    size_t n = strlen(path);
    if (n >= sizeof part || stat(path, &info) == 0 || errno != ENOTDIR) return 0;
    memcpy(part, path, n + 1);
    while (n > 1) {
        while (n > 1 && part[n - 1] != '/') n--;
        part[--n] = '\0';
        if (n > 0 && stat(part, &info) == 0) return S_ISDIR(info.st_mode) ? 0 : n;
    }
    return 0;
}

void ziparchive_list_free(ZipList *list)
{
    for (int i = 0; i < list->n; i++) free(list->name[i]);
    free(list->name);
    free(list->bytes);
    *list = (ZipList){0};
}

#ifdef HOPSACK_ZIP
#include <zip.h>

#define IDLE_MOST 16

typedef struct {
    char *path;
    zip_t *zip;
    struct stat info; /* of the file when it was opened */
} Archive;

struct ZipMember {
    Archive archive;
    zip_file_t *file;
    zip_uint64_t index;
    char *path; /* for messages */
};

static Archive idle[IDLE_MOST];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

const char *ziparchive_version(void)
{
    return zip_libzip_version();
}

static Status no_memory(const char *path)
{
    return fail(ERR_MEMORY, "%s: no memory to read it", path);
}

/* ---- archives ---- */

/* Has a file not been written since? What a pipe gave is kept and does not change. */
static bool is_same(const struct stat *a, const struct stat *b)
{
    if (!S_ISREG(a->st_mode)) return !S_ISREG(b->st_mode);
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* An archive of a path, as it is now; zip NULL: none. */
static void take_idle(Archive *a)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < IDLE_MOST && !a->zip; i++)
        if (idle[i].zip && strcmp(idle[i].path, a->path) == 0 && is_same(&idle[i].info, &a->info)) {
            a->zip = idle[i].zip;
            free(idle[i].path);
            idle[i] = (Archive){0};
        }
    pthread_mutex_unlock(&lock);
}

static void put_back(Archive *a)
{
    Archive out = *a;
    *a = (Archive){0};
    if (!out.zip) return;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < IDLE_MOST && out.zip; i++)
        if (!idle[i].zip) {
            idle[i] = out;
            out = (Archive){0};
        }
    if (out.zip) { /* another archive's make room */
        const Archive old = idle[0];
        idle[0] = out;
        out = old;
    }
    pthread_mutex_unlock(&lock);
    if (out.zip) zip_discard(out.zip);
    free(out.path);
}

static Status open_fresh(zip_t **out, const char *path)
{
    int fd, code = 0;
    TRY(spool_open(&fd, path));
    errno = 0;
    *out = zip_fdopen(fd, 0, &code);
    if (*out) return OK;
    const bool lacks = code == ZIP_ER_MEMORY || errno == ENOMEM;
    close(fd);
    if (lacks) return no_memory(path);
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    fail(ERR_FORMAT, "%s: damaged or cut zip archive (%s); fetch it again", path, zip_error_strerror(&error));
    zip_error_fini(&error);
    return ERR_FORMAT;
}

static Status open_archive(Archive *out, const char *path, size_t n)
{
    *out = (Archive){.path = strndup(path, n)};
    if (!out->path) return no_memory(path);
    if (stat(out->path, &out->info) == 0) take_idle(out);
    const Status status = out->zip ? OK : open_fresh(&out->zip, out->path);
    if (status == OK) return OK;
    free(out->path);
    out->path = NULL;
    return status;
}

/* ---- what is in it ---- */

static Status damaged(const char *path, zip_error_t *error)
{
    const int code = zip_error_code_zip(error);
    if (code == ZIP_ER_MEMORY) return no_memory(path);
    if (code == ZIP_ER_NOPASSWD || code == ZIP_ER_WRONGPASSWD || code == ZIP_ER_ENCRNOTSUPP)
        return fail(ERR_FORMAT, "%s: is encrypted; unpack the archive with its password", path);
    if (code == ZIP_ER_COMPNOTSUPP)
        return fail(ERR_FORMAT, "%s: is packed by a method that libzip lacks here; unpack the archive: unzip FILE",
                    path);
    if (code == ZIP_ER_READ || code == ZIP_ER_SEEK)
        return fail(ERR_IO, "%s: cannot read: %s", path, zip_error_strerror(error));
    return fail(ERR_FORMAT, "%s: damaged in its zip archive (%s); fetch the archive again", path,
                zip_error_strerror(error));
}

static bool add(ZipList *list, const char *name, int64_t bytes)
{
    list->bytes[list->n] = bytes;
    return (list->name[list->n++] = strdup(name)) != NULL;
}

static Status list_members(ZipList *out, zip_t *zip, const char *path)
{
    const zip_int64_t n = zip_get_num_entries(zip, 0);
    zip_stat_t s;
    out->name = calloc((size_t)n + 1, sizeof *out->name);
    out->bytes = calloc((size_t)n + 1, sizeof *out->bytes);
    if (!out->name || !out->bytes) return no_memory(path);
    for (zip_int64_t i = 0; i < n; i++) {
        if (zip_stat_index(zip, (zip_uint64_t)i, 0, &s) != 0) return damaged(path, zip_get_error(zip));
        if (!(s.valid & ZIP_STAT_NAME)) continue;
        const size_t length = strlen(s.name);
        if (length == 0 || s.name[length - 1] == '/' || litter_below(s.name)) continue;
        if (!add(out, s.name, s.valid & ZIP_STAT_SIZE ? (int64_t)s.size : 0)) return no_memory(path);
    }
    return OK;
}

/* Programs that save zip archives under another name. */
static const char *kind_of(zip_t *zip)
{
    static const struct {
        const char *member, *kind;
    } kinds[] = {{"xl/workbook.xml", "is an Excel workbook (.xlsx); save the sheet as CSV"},
                 {"xl/workbook.bin", "is an Excel workbook (.xlsb); save the sheet as CSV"},
                 {"word/document.xml", "is a Word document (.docx); save its table as a text file"},
                 {"ppt/presentation.xml", "is a PowerPoint file (.pptx); save its table as a text file"},
                 {"content.xml", "is an OpenDocument file (.ods); save the sheet as CSV"},
                 {"Index/Document.iwa", "is a Numbers or Pages document; export the sheet as CSV"},
                 {"META-INF/MANIFEST.MF", "is a Java archive; a text table is expected"}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (zip_name_locate(zip, kinds[k].member, 0) >= 0) return kinds[k].kind;
    return NULL;
}

Status ziparchive_list(ZipList *out, const char *path)
{
    Archive a;
    *out = (ZipList){0};
    TRY(open_archive(&a, path, strlen(path)));
    const char *kind = kind_of(a.zip);
    Status status = kind ? fail(ERR_FORMAT, "%s: %s", path, kind) : list_members(out, a.zip, path);
    if (status == OK && out->n == 0) status = fail(ERR_FORMAT, "%s: is a zip archive without a file in it", path);
    put_back(&a);
    if (status != OK) ziparchive_list_free(out);
    return status;
}

/* ---- a member ---- */

Status ziparchive_rewind(ZipMember *m)
{
    if (m->file) zip_fclose(m->file);
    m->file = zip_fopen_index(m->archive.zip, m->index, 0);
    return m->file ? OK : damaged(m->path, zip_get_error(m->archive.zip));
}

static Status open_name(ZipMember *m, const char *name)
{
    const zip_int64_t index = zip_name_locate(m->archive.zip, name, 0);
    if (index < 0 && zip_error_code_zip(zip_get_error(m->archive.zip)) == ZIP_ER_MEMORY) return no_memory(m->path);
    if (index < 0) return fail(ERR_FORMAT, "%s: the zip archive has no such member", m->path);
    m->index = (zip_uint64_t)index;
    return ziparchive_rewind(m);
}

Status ziparchive_open(ZipMember **out, const char *path, size_t n)
{
    ZipMember *m = *out = calloc(1, sizeof *m);
    if (m) m->path = strdup(path);
    Status status = m && m->path ? open_archive(&m->archive, path, n) : no_memory(path);
    if (status == OK) status = open_name(m, path + n + 1);
    if (status == OK) return OK;
    ziparchive_close(m);
    *out = NULL;
    return status;
}

Status ziparchive_read(size_t *got, ZipMember *m, void *to, size_t n)
{
    const zip_int64_t done = zip_fread(m->file, to, n);
    if (done < 0) return damaged(m->path, zip_file_get_error(m->file));
    *got = (size_t)done;
    return OK;
}

void ziparchive_close(ZipMember *m)
{
    if (!m) return;
    if (m->file) zip_fclose(m->file);
    put_back(&m->archive);
    free(m->path);
    free(m);
}

#else /* built without libzip */

const char *ziparchive_version(void)
{
    return NULL;
}

static Status cannot(const char *path)
{
    return fail(
        ERR_FORMAT,
        "%s: is a zip archive (or a workbook saved as one), and this hopsack is built without libzip; rebuild "
        "with libzip-dev installed, or unpack it: unzip FILE",
        path);
}

Status ziparchive_list(ZipList *out, const char *path)
{
    *out = (ZipList){0};
    return cannot(path);
}

Status ziparchive_open(ZipMember **out, const char *path, size_t n)
{
    (void)n;
    *out = NULL;
    return cannot(path);
}

Status ziparchive_read(size_t *got, ZipMember *m, void *to, size_t n)
{
    (void)m, (void)to, (void)n;
    *got = 0;
    return OK;
}

Status ziparchive_rewind(ZipMember *m)
{
    (void)m;
    return OK;
}

void ziparchive_close(ZipMember *m)
{
    (void)m;
}
#endif

/* ---- an archive that stands for a file ---- */

static Status several(const char *path, const ZipList *list)
{
    return fail(ERR_FORMAT, "%s: is a zip archive of %d files; name one, %s/%.200s, or unpack it: unzip FILE", path,
                list->n, path, list->name[0]);
}

Status ziparchive_open_only(ZipMember **out, const char *path)
{
    ZipList list;
    char *name = NULL;
    *out = NULL;
    TRY(ziparchive_list(&list, path));
    Status status = list.n == 1 ? OK : several(path, &list);
    if (status == OK && asprintf(&name, "%s/%s", path, list.name[0]) < 0) {
        name = NULL;
        status = fail(ERR_MEMORY, "%s: no memory to read it", path);
    }
    if (status == OK) status = ziparchive_open(out, name, strlen(path));
    free(name);
    ziparchive_list_free(&list);
    return status;
}
