/* SPDX-License-Identifier: MIT */
/* The test program's own curl_multi_poll, which the network loop calls once in
 * each round: counts the calls and passes them on to libcurl. */
#ifndef GC_TESTS_SUPPORT_LOOP_ROUNDS_H
#define GC_TESTS_SUPPORT_LOOP_ROUNDS_H

#include <stdint.h>

/* Returns the number of rounds of all loops so far. Any thread. */
uint64_t loop_rounds(void);

#endif
