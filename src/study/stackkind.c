/* SPDX-License-Identifier: MIT */
#include "study/stackkind.h"

#include <stdio.h>

const StackKind stackkinds[STACK_KINDS] = {
    {"leave-batch-out", false, "no figure with whole batches left out",
     "crossval makes it with --batches, baseline with --batch-column"},
    {"permuted", true, "no p value by permutation", "both crossval and baseline make it with --permute=N"},
    {"batch-permuted", true, "no figure on labels permuted over batches",
     "crossval makes it with --batches, baseline with --batch-column"},
};

void stackkind_folder(char name[64], int kind, int number)
{
    if (stackkinds[kind].is_numbered)
        snprintf(name, 64, "%s/%02d", stackkinds[kind].folder, number);
    else
        snprintf(name, 64, "%s", stackkinds[kind].folder);
}
