/* SPDX-License-Identifier: MIT */
#include "data/simulate/background.h"

const BackgroundType *const background_types[] = {&background_trb, &background_uniform, &background_file,
                                                  &background_olga, NULL};

int background_max_len(const BackgroundType *type, const void *source)
{
    return type->longest ? type->longest(source) : type->max_len;
}
