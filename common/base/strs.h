/* SPDX-License-Identifier: MIT */
/* A list of texts, such as the values of an option. */
#ifndef GC_BASE_STRS_H
#define GC_BASE_STRS_H

#include <stddef.h>

struct gc_strs {
  char **at;
  size_t count;
};

#endif
