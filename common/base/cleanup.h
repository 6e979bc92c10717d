/* SPDX-License-Identifier: MIT */
/* Attributes for the whole project: for functions that a plugin may call, for
 * results that a caller must check, and for memory that is freed when its scope
 * ends.
 *
 * Three verb pairs name the owner of the memory; there is no fourth pair:
 *   struct x v = {0};  … x_clear(&v)    the caller's memory, contents are ours
 *   x_new()            … x_free(p)      one owner
 *   x_get()            … x_put(p)       counted, shared
 * x_clear takes zeroed and half-built objects. The x_free and x_put that other
 * folders call take NULL and half-built objects. */
#ifndef GC_BASE_CLEANUP_H
#define GC_BASE_CLEANUP_H

#include <stddef.h>

/* Makes a function visible outside the core's shared library, so that plugins
 * may call it. All other functions are hidden; otherwise collectd's own symbols
 * could replace them. */
#define GC_API __attribute__((visibility("default")))

#define GC_MUST_CHECK __attribute__((warn_unused_result))
#define GC_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Calls `fn(&variable)` when the variable's scope ends:
 *   GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = 4096}; */
#define GC_AUTO(fn) __attribute__((cleanup(fn)))

/* Makes `fn_auto` for GC_AUTO from a destructor that takes a pointer. */
#define GC_DEFINE_AUTO(type, fn)                                               \
  __attribute__((unused)) static inline void fn##_auto(type **p) {             \
    if (*p != NULL)                                                            \
      fn(*p);                                                                  \
  }

/* Passes ownership on: returns the value of the variable and sets the variable
 * to NULL.
 *   *ret_token = gc_steal(token); */
#define gc_steal(p)                                                            \
  __extension__({                                                              \
    __typeof__(p) gc_stolen = (p);                                             \
    (p) = NULL;                                                                \
    gc_stolen;                                                                 \
  })

#define GC_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
