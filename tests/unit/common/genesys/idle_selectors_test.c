/* SPDX-License-Identifier: MIT */
#include "common/genesys/idle_selectors.h"

#include <stdio.h>

#include "tests/support/check.h"

static char reported[256]; /* "Queue \"Sales*\" " of each selector, in order */

static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  size_t used = strlen(reported);
  (void)ctx;
  snprintf(reported + used, sizeof(reported) - used, "%s%s;", cause,
           err->code == GC_OK ? " good" : "");
}

static void a_selector_without_effect_is_reported(void) {
  static const struct {
    const char *row;
    const char *selectors[3];
    const char *reported;
  } rows[] = {
      {"all decide", {"!Sales DE", "Sales*", "Support"}, ""},
      {"a pattern matches nothing", {"Sals*", "Support"}, "Queue \"Sals*\";"},
      {"an exclusion has nothing to exclude", {"!*test*"}, ""},
      {"one behind a pattern", {"Sales*", "!*test*"}, ""},
      {"an exclusion that stands too late",
       {"Sales*", "!Sales DE"},
       "Queue \"!Sales DE\";"},
      {"a pattern that stands too late", {"*", "Sales*"}, "Queue \"Sales*\";"},
  };
  const struct gc_entry entries[] = {{"1", "Sales DE", "Sales DE", ""},
                                     {"2", "Sales FR", "Sales FR", ""},
                                     {"3", "Support", "Support", ""}};
  struct gc_entities *list = gc_entities_new(entries, 3, false);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_idle_selectors s = {NULL};
    struct gc_strs selectors = {(char **)(uintptr_t)rows[i].selectors, 0};
    while (selectors.count < 3 && rows[i].selectors[selectors.count] != NULL)
      selectors.count++;
    CHECK_ROW(rows[i].row);
    reported[0] = '\0';
    for (int again = 0; again < 2; again++)
      gc_idle_selectors_report(&s, list, &selectors, "Queue", "queue",
                               on_notice, NULL);
    CHECK_STR(reported, rows[i].reported);
    gc_idle_selectors_clear(&s);
  }
  gc_entities_put(list);
}

int main(void) {
  RUN(a_selector_without_effect_is_reported);
  return check_done();
}
