/* SPDX-License-Identifier: MIT */
/* Lets large allocations of the test program fail, libraries included. One
 * source file of a program may include this. Without effect under sanitizers,
 * which have a malloc of their own, and without glibc: REFUSES_MEMORY is 0
 * then. */
#ifndef GC_TESTS_SUPPORT_REFUSE_MEMORY_H
#define GC_TESTS_SUPPORT_REFUSE_MEMORY_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define REFUSES_MEMORY 0
#endif
#endif
#ifndef REFUSES_MEMORY
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||           \
    !defined(__GLIBC__)
#define REFUSES_MEMORY 0
#else
#define REFUSES_MEMORY 1
#endif
#endif

/* Allocations of this number of bytes or more fail. */
static size_t refuse_memory_from = SIZE_MAX;

#if REFUSES_MEMORY
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);

static inline int is_refused(size_t bytes) {
  if (bytes < refuse_memory_from)
    return 0;
  errno = ENOMEM;
  return 1;
}

/* The libraries call these. */
#pragma GCC visibility push(default)
void *malloc(size_t bytes) {
  return is_refused(bytes) ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes) {
  return count != 0 &&
                 is_refused(bytes > SIZE_MAX / count ? SIZE_MAX : count * bytes)
             ? NULL
             : __libc_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes) {
  return is_refused(bytes) ? NULL : __libc_realloc(old, bytes);
}
#pragma GCC visibility pop
#endif

#endif
