/* SPDX-License-Identifier: MIT
 *
 * matprobe.h: MATLAB files for a child process (core/child.h). Without matio nothing is read and nothing can fail.
 */
#ifndef HOPSACK_MATPROBE_H
#define HOPSACK_MATPROBE_H

#include "core/child.h"

extern const ChildVisitor matprobe_visitor;

#endif
