/* SPDX-License-Identifier: MIT
 *
 * configlayers.h: the kinds of layers that model.layers may list.
 */
#ifndef HOPSACK_CONFIGLAYERS_H
#define HOPSACK_CONFIGLAYERS_H

#include "core/section.h"

extern const Family configlayers_family;

#endif
