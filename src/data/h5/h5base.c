/* SPDX-License-Identifier: MIT
 *
 * H5dont_atexit: after a full disk the library's own exit handler would crash.
 */
#include "data/h5/h5base.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHY_MOST 5000 /* a path stands in it, before what matters */

static pthread_once_t started = PTHREAD_ONCE_INIT;

static void start_once(void)
{
    H5dont_atexit();
    H5open();
    H5PLset_loading_state(0);
    signal(SIGXFSZ, SIG_IGN);
}

/* Of this thread's last failure: HDF5 itself forgets it with the next call, and the call that tidies up comes before the
 * sentence. */
static _Thread_local char last[WHY_MOST];

/* The innermost message on HDF5's error stack, which says what really happened. */
static herr_t innermost(unsigned n, const H5E_error2_t *error, void *context)
{
    (void)context;
    if (n == 0) snprintf(last, sizeof last, "%s", error->desc ? error->desc : "");
    return 0;
}

/* Called by HDF5 where a function of it fails. */
static herr_t keep(hid_t stack, void *context)
{
    last[0] = 0;
    return H5Ewalk2(stack, H5E_WALK_UPWARD, innermost, context);
}

void h5base_start(void)
{
    static _Thread_local bool kept;
    pthread_once(&started, start_once);
    if (!kept) H5Eset_auto2(H5E_DEFAULT, keep, NULL);
    kept = true;
}

bool h5base_says(const char *words)
{
    return strstr(last, words) != NULL;
}

void h5base_forget(void)
{
    H5Eclear2(H5E_DEFAULT);
    last[0] = 0;
}

/* Of the library's own words only the reason: "… errno = 28, error message = 'No space left on device', buf = …". */
static void shorten(char *why)
{
    static const char before[] = "error message = '";
    char *reason = strstr(why, before), *quote = reason ? strchr(reason + strlen(before), '\'') : NULL;
    if (quote) {
        *quote = '\0';
        memmove(why, reason + strlen(before), strlen(reason + strlen(before)) + 1);
    }
    for (char *p = why; *p; p++)
        if (*p == '\n') *p = ' ';
}

/* Is it the disk, the network or a lack of memory that failed, and not what stands in the file? A damaged file may ask for
 * offsets that are none (EINVAL, EOVERFLOW). */
static Status blame(Status status, const char *why)
{
    const char *number = strstr(why, "errno = ");
    const int error = number ? atoi(number + strlen("errno = ")) : 0;
    if (status != ERR_FORMAT || error == 0 || error == EINVAL || error == EOVERFLOW || error == EFBIG) return status;
    return error == ENOMEM ? ERR_MEMORY : ERR_IO;
}

/* Advice in brackets is for what stands in the file. */
static int length_of(const char *doing, bool advise)
{
    const char *bracket = advise ? NULL : strstr(doing, " (");
    return bracket ? (int)(bracket - doing) : (int)strlen(doing);
}

Status h5base_fail(Status status, const char *path, const char *name, const char *doing)
{
    char why[WHY_MOST];
    memcpy(why, last, sizeof why);
    h5base_forget();
    const Status cause = blame(status, why);
    shorten(why);
    return fail(cause, "%s: cannot %.*s%s%s%s%s", path, length_of(doing, cause == status), doing, *name ? " " : "",
                name, *why ? ": " : "", why);
}

/* A read that fails is the disk's fault or, far more often, a damaged file's. */
Status h5base_read_fail(const H5Set *set)
{
    return h5base_fail(ERR_FORMAT, set->path, set->name, "read");
}

Status h5base_no_memory(const H5Set *set)
{
    return fail(ERR_MEMORY, "%s: no memory for %s", set->path, set->name);
}

Status h5base_damaged(const H5Set *set)
{
    return fail(ERR_FORMAT, "%s: %s cannot be read: it is damaged", set->path, set->name);
}

/* ---- types and access ---- */

hid_t h5base_access(void)
{
    const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(list, H5F_LIBVER_V110, H5F_LIBVER_V110);
    H5Pset_fclose_degree(list, H5F_CLOSE_STRONG);
#if H5_VERSION_GE(1, 10, 7)
    H5Pset_file_locking(list, false, true); /* locks fail on many network disks, and whole files never change */
#endif
    return list;
}

hid_t h5base_memory_type(H5Type type)
{
    switch (type) {
    case H5_INT8:
        return H5T_NATIVE_INT8;
    case H5_UINT8:
        return H5T_NATIVE_UINT8;
    case H5_INT16:
        return H5T_NATIVE_INT16;
    case H5_INT32:
        return H5T_NATIVE_INT32;
    case H5_INT64:
        return H5T_NATIVE_INT64;
    case H5_UINT64:
        return H5T_NATIVE_UINT64;
    case H5_FLOAT32:
        return H5T_NATIVE_FLOAT;
    case H5_FLOAT64:
        return H5T_NATIVE_DOUBLE;
    }
    return -1;
}

hid_t h5base_file_type(H5Type type)
{
    switch (type) {
    case H5_INT8:
        return H5T_STD_I8LE;
    case H5_UINT8:
        return H5T_STD_U8LE;
    case H5_INT16:
        return H5T_STD_I16LE;
    case H5_INT32:
        return H5T_STD_I32LE;
    case H5_INT64:
        return H5T_STD_I64LE;
    case H5_UINT64:
        return H5T_STD_U64LE;
    case H5_FLOAT32:
        return H5T_IEEE_F32LE;
    case H5_FLOAT64:
        return H5T_IEEE_F64LE;
    }
    return -1;
}
