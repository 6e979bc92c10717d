/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/restarts.h"

#include "tests/support/check.h"

static const struct {
  const char *name;
  int64_t kept_ms;      /* by the state file */
  int64_t successes[3]; /* 0: none yet */
  size_t loaded_at;     /* the state file is read before this one */
  int64_t gap_ms;
} rows[] = {
    {"a restart", 1000000, {0, 1042000, 1043000}, 0, 42000},
    {"the first start", 0, {1042000, 1043000, 1044000}, 0, -1},
    {"no success yet", 1000000, {0, 0, 0}, 0, -1},
    {"the state file opens late",
     1000000,
     {1042000, 1043000, 1050000},
     2,
     42000},
    {"the state file never opens", 1000000, {1042000, 1043000, 1050000}, 3, -1},
    {"a clock that was set back", 1000000, {900000, 901000, 902000}, 0, -1},
    {"no time between", 1000000, {1000000, 1001000, 1002000}, 0, 0},
};

static void the_gap_is_from_the_last_success_to_the_first(void) {
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct restart r = {.is_loaded = false};
    unsigned reports = 0;
    CHECK_ROW(rows[i].name);
    for (size_t k = 0; k < GC_COUNT(rows[i].successes); k++) {
      if (rows[i].loaded_at == k)
        restart_load(&r, rows[i].kept_ms);
      reports += restart_note(&r, rows[i].successes[k]);
    }
    CHECK_INT(restart_gap_ms(&r), rows[i].gap_ms);
    CHECK_INT(reports, rows[i].gap_ms >= 0 ? 1 : 0);
  }
}

/* A success that is saved before the state file is read would replace the one
 * in the file. */
static void no_success_is_saved_before_the_state_file_was_read(void) {
  struct restart r = {.is_loaded = false};
  CHECK(!restart_note(&r, 1042000));
  CHECK_INT(r.last_ms, 0);
  restart_load(&r, 1000000);
  CHECK(restart_note(&r, 1043000));
  CHECK_INT(r.last_ms, 1043000);
}

int main(void) {
  RUN(the_gap_is_from_the_last_success_to_the_first);
  RUN(no_success_is_saved_before_the_state_file_was_read);
  return check_done();
}
