/* SPDX-License-Identifier: MIT */
#include "nn/kernel.h"
#include "core/log.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && !REAL_IS_DOUBLE
extern const Kernels kernels_avx2, kernels_avx512;

/* The CPU and the operating system (which must save the registers) both have to agree; the builtin asks both. */
static int has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

static const Kernels *const levels[] = {&kernels_avx512, &kernels_avx2, &kernels_plain, NULL}; /* fastest first */

const Kernels *const *kernel_levels(void)
{
    return levels + (has_avx512() ? 0 : has_avx2() ? 1 : 2);
}
#else
static const Kernels *const levels[] = {&kernels_plain, NULL};

const Kernels *const *kernel_levels(void)
{
    return levels;
}
#endif

static const Kernels *choose(void)
{
    const Kernels *const *all = kernel_levels();
    const char *wish = getenv("HOPSACK_KERNELS");
    if (!wish || !*wish) return all[0];
    for (int j = 0; all[j]; j++)
        if (strcmp(all[j]->level, wish) == 0) return all[j];
    log_warn("HOPSACK_KERNELS=%s is not a level this CPU and build have; taking %s", wish, all[0]->level);
    return all[0];
}

const Kernels *kernel_active(void)
{
    static _Atomic(const Kernels *) chosen; /* by whichever thread comes first; all choose the same */
    const Kernels *level = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (level) return level;
    level = choose();
    atomic_store_explicit(&chosen, level, memory_order_relaxed);
    return level;
}
