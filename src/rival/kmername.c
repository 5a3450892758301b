/* SPDX-License-Identifier: MIT */
#include "rival/kmername.h"
#include "rival/bagkernel_kmers.h"

#include <stdio.h>
#include <string.h>

/* By KmerSection. */
static const char *const section_name[] = {"", "core:", "left:", "right:", "start:", "middle:", "end:"};

void kmername_feature(char *text, size_t room, const Rival *rival, int64_t feature, const char *alphabet)
{
    const KmerDetail *detail = rival->detail;
    const KmerProfile profile = kmerprofile_new(detail->views);
    const int n_letter = (int)strlen(alphabet);
    char kmer[64] = "";
    *text = 0;
    for (int v = 0; v < profile.n_view; v++) {
        const KmerView *view = &profile.view[v];
        if (feature < view->first || feature >= view->first + view->n_cell || view->span >= (int)sizeof kmer)
            continue;
        memset(kmer, '.', (size_t)view->span);
        kmer[view->span] = 0;
        int64_t cell = feature - view->first;
        for (int k = view->n_fixed - 1; k >= 0; k--, cell /= KMER_LETTERS)
            kmer[view->offset[k]] = cell % KMER_LETTERS < n_letter ? alphabet[cell % KMER_LETTERS] : '?';
        snprintf(text, room, "%s%s", section_name[view->section], kmer);
    }
}
