/* SPDX-License-Identifier: MIT */
#include "data/bagfile/bagaudit.h"
#include "data/bagfile/bagparts.h"

#include <assert.h>
#include <stdlib.h>

/* Genes have no part in the hash; their checksums are compared as they are read. */
static Status check_genes(BagFile *file, int bag)
{
    int16_t *index = malloc(((size_t)bagfile_n(file, bag) + 1) * sizeof *index);
    Status status = index ? OK : fail(ERR_MEMORY, "%s: no memory for the genes of a bag", file->path);
    for (int gene = 0; gene < 2 && status == OK; gene++) status = bagaudit_genes(index, file, bag, gene);
    free(index);
    return status;
}

Status bagaudit_bag(uint64_t *hash, BagFile *file, int bag)
{
    bagparts_lock(file);
    const Status status = file->layout->hash(file, bag);
    bagparts_unlock(file);
    TRY(status);
    *hash = file->hash[bag];
    if (bagfile_has_genes(file)) TRY(check_genes(file, bag));
    if (!file->claimed || file->claimed[bag] == *hash) return OK;
    return fail(ERR_FORMAT, "%s: bag '%s' is not what was imported: its content has another hash than the file holds",
                file->path, bagfile_key(file, bag));
}

static const H5Texts *names_of(const BagFile *file, int gene)
{
    return gene ? &file->j_name : &file->v_name;
}

int bagaudit_n_gene(const BagFile *file, int gene)
{
    return bagfile_has_genes(file) ? (int)names_of(file, gene)->n : 0;
}

const char *bagaudit_gene(const BagFile *file, int gene, int index)
{
    return names_of(file, gene)->text[index];
}

Status bagaudit_genes(int16_t *index, BagFile *file, int bag, int gene)
{
    assert(bagfile_has_genes(file));
    bagparts_lock(file);
    const Status status = h5_read(index, &file->part[gene ? PART_J : PART_V], H5_INT16, bagparts_first(file, bag),
                                  bagfile_n(file, bag));
    bagparts_unlock(file);
    return status;
}

int64_t bagaudit_width(const BagFile *file)
{
    return file->part[PART_CODES].width;
}

Status bagaudit_codes(int8_t *codes, BagFile *file, int bag)
{
    bagparts_lock(file);
    const Status status =
        h5_read(codes, &file->part[PART_CODES], H5_INT8, bagparts_first(file, bag), bagfile_n(file, bag));
    bagparts_unlock(file);
    return status;
}
