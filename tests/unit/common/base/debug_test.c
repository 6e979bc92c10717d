/* SPDX-License-Identifier: MIT */
#include "common/base/debug.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"

static char last[1024];
static int lines;

static void note_line(const char *line) {
  lines++;
  snprintf(last, sizeof(last), "%s", line);
}

static void lines_go_nowhere_by_default(void) {
  lines = 0;
  gc_debug("api %s: HTTP %d", "listQueues", 200);
  CHECK_INT(lines, 0);
}

static void a_line_reaches_its_destination(void) {
  lines = 0;
  gc_debug_to(note_line);
  gc_debug("api %s: HTTP %d", "listQueues", 200);
  CHECK_INT(lines, 1);
  CHECK_STR(last, "api listQueues: HTTP 200");
  gc_debug_to(NULL);
  gc_debug("not written");
  CHECK_INT(lines, 1);
}

static void a_long_line_is_cut(void) {
  char text[2000];
  memset(text, 'x', sizeof(text));
  text[sizeof(text) - 1] = '\0';
  gc_debug_to(note_line);
  gc_debug("%s", text);
  CHECK_INT(strlen(last), 511);
  gc_debug_to(NULL);
}

int main(void) {
  RUN(lines_go_nowhere_by_default);
  RUN(a_line_reaches_its_destination);
  RUN(a_long_line_is_cut);
  return check_done();
}
