/* SPDX-License-Identifier: MIT */
/* Numbers as the exposition formats write them, in every locale: whole numbers
 * without a fraction, others with as many digits as bring the same double back.
 * Pure. */
#ifndef GENESYS_PROMETHEUS_EXPOSITION_NUMBER_H
#define GENESYS_PROMETHEUS_EXPOSITION_NUMBER_H

#include <stddef.h>
#include <stdint.h>

enum { NUMBER_MAX = 32 }; /* bytes of a number */

/* Each writes at most NUMBER_MAX bytes without a NUL and returns how many. */
size_t number_uint(char *out, uint64_t x);
size_t number_int(char *out, int64_t x);
/* `x` is finite. */
size_t number_real(char *out, double x);

#endif
