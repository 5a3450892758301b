/* SPDX-License-Identifier: MIT */
#include "core/alias.h"

#include <assert.h>

static uint32_t cut_of(double share)
{
    return share >= 1 ? UINT32_MAX : (uint32_t)(share * 0x1p32);
}

/* Cells above their share give to cells below theirs, until all hold 1/n. */
void alias_build(AliasCell *cell, const double *p, int n)
{
    double share[ALIAS_MOST], sum = 0;
    int small[ALIAS_MOST], large[ALIAS_MOST], n_small = 0, n_large = 0;
    assert(n > 0 && n <= ALIAS_MOST);
    for (int i = 0; i < n; i++) sum += p[i];
    assert(sum > 0);
    for (int i = 0; i < n; i++) {
        share[i] = p[i] * n / sum;
        if (share[i] < 1)
            small[n_small++] = i;
        else
            large[n_large++] = i;
    }
    while (n_small && n_large) {
        const int poor = small[--n_small], rich = large[n_large - 1];
        cell[poor] = (AliasCell){.cut = cut_of(share[poor]), .other = rich};
        share[rich] -= 1 - share[poor];
        if (share[rich] < 1) small[n_small++] = large[--n_large];
    }
    while (n_large) {
        const int i = large[--n_large];
        cell[i] = (AliasCell){.cut = UINT32_MAX, .other = i};
    }
    while (n_small) { /* rounding left these just below 1 */
        const int i = small[--n_small];
        cell[i] = (AliasCell){.cut = UINT32_MAX, .other = i};
    }
}
