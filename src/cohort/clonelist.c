/* SPDX-License-Identifier: MIT */
#include "cohort/clonelist.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

static Status make_room(CloneList *list)
{
    if (list->n_block < list->room) return OK;
    const int room = 2 * list->room + 64;
    CloneBlock *more = realloc(list->block, (size_t)room * sizeof *more);
    if (!more) return fail(ERR_MEMORY, "no memory for a list of shared sequences");
    list->block = more;
    list->room = room;
    return OK;
}

static Status place(CloneList *list, CloneBlock *block)
{
    const int64_t bytes = (int64_t)(block->n_unit * sizeof *block->unit);
    TRY(make_room(list));
    if (list->bytes + bytes <= list->budget) {
        list->bytes += bytes;
        return OK;
    }
    uint32_t *unit = block->unit;
    block->unit = NULL;
    const Status status = clonespill_write(&list->spill, &block->at, unit, (size_t)bytes);
    free(unit);
    return status;
}

Status clonelist_add(CloneList *list, CloneBlock block)
{
    const Status status = place(list, &block);
    if (status != OK) {
        free(block.unit);
        return status;
    }
    list->block[list->n_block++] = block;
    list->n += block.n;
    list->n_held += (int64_t)block.n_unit - (int64_t)block.n * (1 + 2 * block.n_word);
    return OK;
}

void clonelist_free(CloneList *list)
{
    for (int b = 0; b < list->n_block; b++) free(list->block[b].unit);
    free(list->block);
    clonespill_close(&list->spill);
    *list = (CloneList){0};
}

/* ---- reading ---- */

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for a batch of shared sequences");
}

Status clonelist_open(CloneReader **out, const CloneList *list)
{
    CloneReader *r = calloc(1, sizeof *r);
    *out = r;
    if (r) {
        r->list = list;
        r->block = -1;
        r->start = calloc(CLONELIST_BATCH + 1, sizeof *r->start);
        r->key_start = calloc(CLONELIST_BATCH + 1, sizeof *r->key_start);
    }
    if (r && r->start && r->key_start) return OK;
    clonelist_close(r);
    *out = NULL;
    return no_memory();
}

void clonelist_rewind(CloneReader *r)
{
    r->block = -1;
    r->left = r->n = 0;
    r->first = 0;
}

void clonelist_close(CloneReader *r)
{
    if (!r) return;
    free(r->start);
    free(r->member);
    free(r->key_start);
    free(r->key);
    free(r->scratch);
    free(r);
}

static Status load(CloneReader *r, const CloneBlock *block)
{
    r->left = block->n;
    r->at = block->unit;
    if (r->at) return OK;
    if (block->n_unit > r->scratch_room) {
        free(r->scratch);
        r->scratch = malloc(block->n_unit * sizeof *r->scratch);
        r->scratch_room = r->scratch ? block->n_unit : 0;
        if (!r->scratch) return no_memory();
    }
    r->at = r->scratch;
    return clonespill_read(r->scratch, &r->list->spill, block->at, block->n_unit * sizeof *r->scratch);
}

static bool grow(void **p, size_t *room, size_t n, size_t size)
{
    if (n <= *room) return true;
    void *more = realloc(*p, 2 * n * size);
    if (!more) return false;
    *p = more;
    *room = 2 * n;
    return true;
}

static Status take_one(CloneReader *r, int n_word)
{
    const size_t n = *r->at++, at = r->start[r->n], word = r->key_start[r->n];
    if (!grow((void **)&r->member, &r->room, at + n, sizeof *r->member) ||
        !grow((void **)&r->key, &r->words, word + (size_t)n_word, sizeof *r->key))
        return no_memory();
    int *member = r->member + at;
    for (size_t k = 0; k < n; k++) member[k] = (int)r->at[k];
    memcpy(r->key + word, r->at + n, (size_t)n_word * sizeof *r->key);
    r->at += n + 2 * (size_t)n_word;
    r->n++;
    r->start[r->n] = at + n;
    r->key_start[r->n] = word + (size_t)n_word;
    r->left--;
    return OK;
}

Status clonelist_next(CloneReader *r)
{
    r->first += r->n;
    r->n = 0;
    while (r->n < CLONELIST_BATCH && r->start[r->n] < CLONELIST_MEMBERS) {
        if (r->left == 0) {
            if (r->block + 1 >= r->list->n_block) break;
            TRY(load(r, &r->list->block[++r->block]));
            continue;
        }
        TRY(take_one(r, r->list->block[r->block].n_word));
    }
    return OK;
}
