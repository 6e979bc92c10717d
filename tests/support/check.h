/* SPDX-License-Identifier: MIT */
/* The whole test framework. A failed check prints a line and the test
 * continues:
 *
 *   static void doubles_up_to_the_cap(void) { CHECK_INT(f(3), 8); … }
 *   int main(void) {
 *     RUN(doubles_up_to_the_cap);
 *     return check_done();
 *   }
 *
 * CHECK_ROW names the row of a table for the checks that follow. RUN_TIMED
 * runs a test that measures real time, which a busy host may delay: it passes
 * if one of TIMED_RUNS runs passes. */
#ifndef GC_TESTS_SUPPORT_CHECK_H
#define GC_TESTS_SUPPORT_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Weak: one definition for the whole program, so that a bench in its own file
 * counts together with the tests that use it. */
__attribute__((weak)) int check_failed, check_count;
__attribute__((weak)) const char *check_law = "", *check_row = "";

/* Returns how often `part` occurs in `text`. */
__attribute__((unused)) static size_t times_in(const char *text,
                                               const char *part) {
  size_t count = 0;
  for (; (text = strstr(text, part)) != NULL; text++)
    count++;
  return count;
}

#define CHECK_ROW(name) (check_row = (name))

#define CHECK_THAT(ok, ...)                                                    \
  do {                                                                         \
    check_count++;                                                             \
    if (!(ok)) {                                                               \
      check_failed++;                                                          \
      printf("%s:%d: %s [%s]: ", __FILE__, __LINE__, check_law, check_row);    \
      printf(__VA_ARGS__);                                                     \
      putchar('\n');                                                           \
    }                                                                          \
  } while (0)

#define CHECK(cond) CHECK_THAT((cond), "%s", #cond)

#define CHECK_INT(got, want)                                                   \
  do {                                                                         \
    long long check_g = (long long)(got), check_w = (long long)(want);         \
    CHECK_THAT(check_g == check_w, "%s is %lld, not %lld", #got, check_g,      \
               check_w);                                                       \
  } while (0)

#define CHECK_REAL(got, want)                                                  \
  do {                                                                         \
    double check_g = (got), check_w = (want);                                  \
    CHECK_THAT(check_g >= check_w - 1e-9 && check_g <= check_w + 1e-9,         \
               "%s is %.9g, not %.9g", #got, check_g, check_w);                \
  } while (0)

#define CHECK_STR(got, want)                                                   \
  do {                                                                         \
    const char *check_g = (got), *check_w = (want);                            \
    CHECK_THAT(check_g != NULL && strcmp(check_g, check_w) == 0,               \
               "%s is \"%s\", not \"%s\"", #got,                               \
               check_g != NULL ? check_g : "(null)", check_w);                 \
  } while (0)

/* `want` occurs in `got`. */
#define CHECK_HAS(got, want)                                                   \
  do {                                                                         \
    const char *check_g = (got), *check_w = (want);                            \
    CHECK_THAT(check_g != NULL && strstr(check_g, check_w) != NULL,            \
               "%s is \"%s\", without \"%s\"", #got,                           \
               check_g != NULL ? check_g : "(null)", check_w);                 \
  } while (0)

#define RUN(law)                                                               \
  do {                                                                         \
    check_law = #law;                                                          \
    check_row = "";                                                            \
    law();                                                                     \
  } while (0)

enum { TIMED_RUNS = 5 };

#define RUN_TIMED(law)                                                         \
  do {                                                                         \
    int check_before = check_failed;                                           \
    int check_left = TIMED_RUNS;                                               \
    do {                                                                       \
      check_failed = check_before;                                             \
      RUN(law);                                                                \
    } while (check_failed > check_before && --check_left > 0);                 \
  } while (0)

__attribute__((unused)) static int check_done(void) {
  if (check_count == 0) {
    printf("no check was made\n");
    return 1;
  }
  printf("%d checks, %d failed\n", check_count, check_failed);
  return check_failed == 0 ? 0 : 1;
}

#endif
