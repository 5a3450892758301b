/* SPDX-License-Identifier: MIT */
#include "data/bagfile/bagparts.h"
#include "core/log.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

void bagparts_lock(BagFile *file)
{
    pthread_mutex_lock(&file->reading);
}

void bagparts_unlock(BagFile *file)
{
    pthread_mutex_unlock(&file->reading);
}

/* Strings and scalars have no checksum in HDF5; the provenance of our files keeps theirs. */
Status bagparts_crc(const BagFile *file, const char *name, const void *bytes, size_t n)
{
    const char *expected = json_string_value(json_object_get(json_object_get(file->facts, "crc32"), name));
    char found[16];
    if (!expected) return OK;
    snprintf(found, sizeof found, "%08lx", crc32_z(0, bytes, n));
    if (strcmp(found, expected) == 0) return OK;
    return fail(ERR_FORMAT, "%s: %s does not match its checksum; the file is damaged, import it again", file->path,
                name);
}

static Status check_texts(const BagFile *file, const char *name, const H5Texts *texts)
{
    size_t bytes = 0;
    for (int64_t i = 0; i < texts->n; i++) bytes += strlen(texts->text[i]) + 1;
    return bagparts_crc(file, name, texts->store, bytes);
}

Status bagparts_texts(H5Texts *out, const BagFile *file, const char *name, int rank, bool needed, int64_t *width)
{
    H5Set set;
    *out = (H5Texts){.n = -1};
    if (needed)
        TRY(h5_need(&set, file->file, file->path, name, H5_TEXT, rank));
    else
        TRY(h5_find(&set, file->file, file->path, name, H5_TEXT, rank));
    if (set.id < 0) return OK;
    if (width) *width = set.width;
    Status status = h5_read_texts(out, &set);
    h5_set_close(&set);
    if (status == OK) status = check_texts(file, name, out);
    if (status != OK) h5_texts_free(out);
    return status;
}

Status bagparts_number(int64_t *out, const BagFile *file, const char *name)
{
    H5Set set;
    TRY(h5_need(&set, file->file, file->path, name, H5_WHOLE, 0));
    const Status status = h5_read(out, &set, H5_INT64, 0, 1);
    h5_set_close(&set);
    TRY(status);
    return bagparts_crc(file, name, out, sizeof *out);
}

void bagparts_hash(BagFile *file, int bag, uint64_t hash)
{
    file->hash[bag] = hash;
    file->hashed[bag] = true;
    if (!file->claimed || file->place || file->doubted || file->claimed[bag] == hash) return;
    file->doubted = true;
    log_warn("%s: /metadata/bag_hash is not that of the content (bag '%s'); the content counts", file->path,
             file->keys.text[bag]);
}
