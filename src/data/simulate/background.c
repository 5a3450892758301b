/* SPDX-License-Identifier: MIT */
#include "data/simulate/background.h"

const BackgroundType *const background_types[] = {&background_trb, &background_uniform, NULL};
