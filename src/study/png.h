/* SPDX-License-Identifier: MIT
 * png.h: a picture of 8-bit RGB pixels as PNG (ISO/IEC 15948), compressed by zlib.
 */
#ifndef HOPSACK_PNG_H
#define HOPSACK_PNG_H

#include "core/status.h"

#include <stdbool.h>

typedef struct {
    int width, height;
    unsigned char *pixel; /* [height, width, 3] */
} Picture;

Status png_open(Picture *out, int width, int height, const unsigned char ground[3]); /* ERR_MEMORY */
void png_fill(Picture *p, int x, int y, int width, int height, const unsigned char colour[3]);
Status png_write(const char *path, const Picture *p, bool force); /* ERR_IO: it exists, and `force` is false */
void png_close(Picture *p);                                       /* accepts {0} */

#endif
