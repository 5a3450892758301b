/* SPDX-License-Identifier: MIT
 *
 * vectorcolumns.h: lays spooled vectors out as the arrays of a dataset file, dense or sparse, bag after bag.
 */
#ifndef HOPSACK_VECTORCOLUMNS_H
#define HOPSACK_VECTORCOLUMNS_H

#include "data/bagfile/vectorspool.h"
#include "data/h5/h5.h"

Status vectorcolumns_write(H5Id file, VectorSpool *spool, int compress); /* sorted */

#endif
