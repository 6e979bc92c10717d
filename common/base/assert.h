/* SPDX-License-Identifier: MIT */
/* GC_ASSERT states an invariant: a condition that only a bug can make false. It
 * stops the program by a trap in builds with --enable-sanitizers or
 * --enable-fuzzing; a debugger or libFuzzer shows the stack. In every other
 * build the condition is compiled but not evaluated: it must have no side
 * effects, and input from outside is checked with an error code instead. */
#ifndef GC_BASE_ASSERT_H
#define GC_BASE_ASSERT_H

#if (defined(GC_ASSERTS) && GC_ASSERTS) || defined(__clang_analyzer__)
#define GC_ASSERT(condition)                                                   \
  do {                                                                         \
    if (!(condition))                                                          \
      __builtin_trap();                                                        \
  } while (0)
#else
#define GC_ASSERT(condition) ((void)(0 && (condition)))
#endif

#endif
