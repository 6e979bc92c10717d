/* SPDX-License-Identifier: MIT */
/* Converts decimal text to numbers and back, by the grammar of JSON (RFC 8259,
 * section 6), in every locale. Pure, any thread. */
#ifndef GC_BASE_DECIMAL_H
#define GC_BASE_DECIMAL_H

#include "common/base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A longer text is refused: no API sends one, and it would only cost time. */
enum { GC_DECIMAL_MAX = 320 };

/* True if `text` is a whole number that fits; `ret` is then the number. "3.0",
 * "3e0" and "30e-1" are 3: some APIs declare their counts as doubles. "3.5",
 * "9e19", "", "+3", " 3" and "03" are refused, and `ret` stays untouched. */
GC_API GC_MUST_CHECK bool gc_decimal_int(const char *text, size_t len,
                                         int64_t *ret);

/* Reads the nearest double. A number that is not finite ("1e400") and a text
 * outside the grammar are refused. A number that is too small for a double
 * becomes 0. */
GC_API GC_MUST_CHECK bool gc_decimal_real(const char *text, size_t len,
                                          double *ret);

/* Bytes that hold every text of the functions below, with the NUL. */
enum { GC_DECIMAL_SIZE = 32 };

/* Writes a finite number with as few digits as gc_decimal_real needs to read
 * the same double (possibly more for one below 2^-1022 in size), and returns
 * the length of the text: "3", "0.1", "1e+300". */
GC_API size_t gc_decimal_print(double value, char out[GC_DECIMAL_SIZE]);
/* Both write a whole number and return its length. */
GC_API size_t gc_decimal_print_int(int64_t value, char out[GC_DECIMAL_SIZE]);
GC_API size_t gc_decimal_print_uint(uint64_t value, char out[GC_DECIMAL_SIZE]);

#endif
