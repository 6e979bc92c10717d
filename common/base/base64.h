/* SPDX-License-Identifier: MIT */
/* Writes bytes as text (RFC 4648, section 4: with padding, one line). Pure, any
 * thread. */
#ifndef GC_BASE_BASE64_H
#define GC_BASE_BASE64_H

#include "common/base/cleanup.h"

#include <stddef.h>
#include <stdint.h>

/* The number of characters for `len` bytes, without the NUL. */
#define GC_BASE64_LEN(len) (((len) + 2) / 3 * 4)

/* Writes GC_BASE64_LEN(len) characters and a NUL. */
GC_API void gc_base64_write(const uint8_t *bytes, size_t len, char *out);

#endif
