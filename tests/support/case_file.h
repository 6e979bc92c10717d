/* SPDX-License-Identifier: MIT */
/* Golden cases: each file has one situation. It has a story in prose, then
 * sections, each from a line "== TITLE" up to the next one:
 *
 *   Two queues; the second names no waiting calls, so we are silent there.
 *
 *   == settings
 *   interval_s 10
 *   == response
 *   {"results": …}
 *   == expect
 *   Sales/queue_depth-voice 4
 *
 * The runner of a plugin reads the sections and adds its lines; case_end
 * compares them with "== expect". Bytes are taken unchanged, so a case may hold
 * invalid UTF-8. One thread; ends the program when out of memory. */
#ifndef GC_TESTS_SUPPORT_CASE_FILE_H
#define GC_TESTS_SUPPORT_CASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct case_section {
  char *title; /* "response previous" */
  char *text;  /* ends in a NUL that `len` does not count */
  size_t len;
};

struct case_file {
  const char *path; /* borrowed */
  char *story;
  struct case_section *sections;
  size_t count;

  char **lines; /* the runner's output */
  size_t line_count;
};

/* False, and a line on stderr, when the file cannot be read. */
bool case_read(struct case_file *c, const char *path);
void case_clear(struct case_file *c);

/* Returns the first section of that title, NULL when there is none. */
const struct case_section *case_section(const struct case_file *c,
                                        const char *title);

/* Cuts the next line off `*at` (its line end becomes a NUL), without blanks
 * around it; NULL at the end. Skips empty lines. */
char *case_next_line(char **at);
/* Splits a line into "KEY" and, behind the blanks, "VALUE" ("" when there is
 * none). */
char *case_cut_word(char *line);

/* Adds a line to the output. */
void case_say(struct case_file *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Discards the output so far. */
void case_forget(struct case_file *c);

/* Compares the output, in any order, with "== expect": returns 0 when they are
 * equal, else 1 and prints a diff on stdout. With UPDATE=1 in the environment
 * it rewrites that section of the file instead. */
int case_end(struct case_file *c);

#endif
