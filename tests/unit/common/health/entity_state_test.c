/* SPDX-License-Identifier: MIT */
#include "common/health/entity.h"

#include <stdlib.h>

#include "common/base/buf.h"
#include "tests/support/check.h"

#define BIT(code) (UINT32_C(1) << (unsigned)(code))

static const struct {
  const char *name;
  enum gc_health_state before;
  struct gc_health_facts facts;
  enum gc_health_state after;
} rows[] = {
    {"nothing is known at first",
     GC_HEALTH_STARTING,
     {.is_early = true},
     GC_HEALTH_STARTING},
    {"a query that waits for its first interval",
     GC_HEALTH_STARTING,
     {.is_known = false},
     GC_HEALTH_STARTING},
    {"a source that is down while collectd starts",
     GC_HEALTH_STARTING,
     {.is_early = true, .is_known = true, .is_silent = true},
     GC_HEALTH_STARTING},
    {"a source that is down a minute later",
     GC_HEALTH_STARTING,
     {.is_known = true, .is_down = true},
     GC_HEALTH_DOWN},
    {"a failure ends the start at once",
     GC_HEALTH_STARTING,
     {.is_early = true,
      .is_known = true,
      .is_down = true,
      .codes = BIT(GC_ERR_NETWORK)},
     GC_HEALTH_DOWN},
    {"the source works",
     GC_HEALTH_STARTING,
     {.is_early = true, .is_known = true, .has_been_up = true},
     GC_HEALTH_UP},
    {"credentials",
     GC_HEALTH_UP,
     {.is_known = true, .is_down = true, .codes = BIT(GC_ERR_AUTH)},
     GC_HEALTH_REFUSED},
    {"refused before anything worked",
     GC_HEALTH_STARTING,
     {.is_early = true,
      .is_known = true,
      .is_down = true,
      .codes = BIT(GC_ERR_AUTH)},
     GC_HEALTH_REFUSED},
    {"a permission",
     GC_HEALTH_UP,
     {.is_known = true, .is_down = true, .codes = BIT(GC_ERR_PERMISSION)},
     GC_HEALTH_PERMISSION},
    {"credentials are worse than a permission",
     GC_HEALTH_UP,
     {.is_known = true,
      .is_down = true,
      .codes = BIT(GC_ERR_PERMISSION) | BIT(GC_ERR_AUTH)},
     GC_HEALTH_REFUSED},
    {"an outage beside a permission",
     GC_HEALTH_UP,
     {.is_known = true,
      .is_down = true,
      .codes = BIT(GC_ERR_PERMISSION) | BIT(GC_ERR_NETWORK),
      .outage = BIT(GC_ERR_PERMISSION) | BIT(GC_ERR_NETWORK)},
     GC_HEALTH_DOWN},
    {"a permission that does not concern the source",
     GC_HEALTH_UP,
     {.is_known = true,
      .is_silent = true,
      .codes = BIT(GC_ERR_PERMISSION) | BIT(GC_ERR_PARSE),
      .outage = BIT(GC_ERR_PARSE)},
     GC_HEALTH_SILENT},
    {"a permission of a side task",
     GC_HEALTH_UP,
     {.is_known = true, .codes = BIT(GC_ERR_PERMISSION)},
     GC_HEALTH_DEGRADED},
    {"the API does not answer",
     GC_HEALTH_UP,
     {.is_known = true,
      .is_down = true,
      .is_silent = true,
      .codes = BIT(GC_ERR_UNAVAILABLE)},
     GC_HEALTH_DOWN},
    {"the stream alone",
     GC_HEALTH_UP,
     {.is_known = true, .is_silent = true},
     GC_HEALTH_SILENT},
    {"the database does not answer",
     GC_HEALTH_UP,
     {.is_known = true, .is_spooling = true, .codes = BIT(GC_ERR_NETWORK)},
     GC_HEALTH_SPOOLING},
    {"the database refuses the token",
     GC_HEALTH_UP,
     {.is_known = true, .is_spooling = true, .codes = BIT(GC_ERR_AUTH)},
     GC_HEALTH_REFUSED},
    {"a state file",
     GC_HEALTH_UP,
     {.is_known = true, .codes = BIT(GC_ERR_STATE)},
     GC_HEALTH_STATE},
    {"the budget",
     GC_HEALTH_UP,
     {.is_known = true, .is_over_budget = true},
     GC_HEALTH_BUDGET},
    {"429",
     GC_HEALTH_UP,
     {.is_known = true, .codes = BIT(GC_ERR_THROTTLED)},
     GC_HEALTH_BUDGET},
    {"MaxSeries",
     GC_HEALTH_UP,
     {.is_known = true, .codes = BIT(GC_ERR_LIMIT)},
     GC_HEALTH_LIMIT},
    {"another agent has the lease",
     GC_HEALTH_UP,
     {.is_known = true, .is_standby = true},
     GC_HEALTH_STANDBY},
    {"a standby with a warning",
     GC_HEALTH_UP,
     {.is_known = true,
      .is_standby = true,
      .is_over_budget = true,
      .codes = BIT(GC_ERR_STATE) | BIT(GC_ERR_LIMIT) | BIT(GC_ERR_PERMISSION)},
     GC_HEALTH_STANDBY},
    {"a holder with a warning",
     GC_HEALTH_STANDBY,
     {.is_known = true, .codes = BIT(GC_ERR_PERMISSION)},
     GC_HEALTH_DEGRADED},
    {"a standby whose token is refused cannot take over",
     GC_HEALTH_STANDBY,
     {.is_known = true,
      .is_standby = true,
      .is_down = true,
      .codes = BIT(GC_ERR_AUTH)},
     GC_HEALTH_REFUSED},
    {"the holder of the lease is not known",
     GC_HEALTH_STANDBY,
     {.is_known = true, .is_blind = true, .codes = BIT(GC_ERR_NETWORK)},
     GC_HEALTH_BLIND},
    {"another cause",
     GC_HEALTH_UP,
     {.is_known = true, .codes = BIT(GC_ERR_PARSE)},
     GC_HEALTH_DEGRADED},
    {"stuck is the worst",
     GC_HEALTH_REFUSED,
     {.is_stuck = true,
      .is_known = true,
      .is_down = true,
      .codes = BIT(GC_ERR_AUTH)},
     GC_HEALTH_STUCK},
    {"a block that works again recovers from stuck",
     GC_HEALTH_STUCK,
     {.is_known = true, .has_been_up = true},
     GC_HEALTH_UP},
    {"a block that was down does not start a second time",
     GC_HEALTH_DOWN,
     {.is_early = true},
     GC_HEALTH_UP},
};

static void the_worst_state_that_holds_is_the_state(void) {
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_health_facts facts = rows[i].facts;
    CHECK_ROW(rows[i].name);
    if (facts.outage == 0)
      facts.outage = facts.codes;
    CHECK_STR(gc_health_row(gc_health_next(rows[i].before, &facts))->word,
              gc_health_row(rows[i].after)->word);
  }
}

static void the_concern_of_a_standby_is_its_warning(void) {
  static const struct {
    enum gc_health_state state;
    struct gc_health_facts facts;
    enum gc_health_state concern;
  } standbys[] = {
      {GC_HEALTH_STANDBY, {.is_standby = true}, GC_HEALTH_STANDBY},
      {GC_HEALTH_STANDBY,
       {.is_standby = true, .codes = BIT(GC_ERR_LIMIT)},
       GC_HEALTH_LIMIT},
      {GC_HEALTH_STANDBY,
       {.is_standby = true, .is_over_budget = true},
       GC_HEALTH_BUDGET},
      {GC_HEALTH_UP, {.is_known = true}, GC_HEALTH_UP},
      {GC_HEALTH_DOWN,
       {.is_standby = true, .is_down = true, .codes = BIT(GC_ERR_STATE)},
       GC_HEALTH_DOWN},
  };
  for (size_t i = 0; i < GC_COUNT(standbys); i++)
    CHECK_STR(
        gc_health_row(gc_health_concern(standbys[i].state, &standbys[i].facts))
            ->word,
        gc_health_row(standbys[i].concern)->word);
}

static void each_state_that_misses_values_is_503_and_a_failure(void) {
  for (int i = 0; i < GC_HEALTH_STATE_COUNT; i++) {
    const struct gc_health_row *row = gc_health_row((enum gc_health_state)i);
    CHECK_ROW(row->word);
    CHECK_INT(row->status == 503, row->severity == GC_HEALTH_FAILURE);
    CHECK_INT(row->status == 503, i >= GC_HEALTH_SILENT);
    CHECK(row->why[0] != '\0');
  }
}

/* The README of the plugin genesys has the table for operators. */
static void the_manual_has_the_row_of_each_state(void) {
  static const char *const severities[] = {"OKAY", "WARNING", "FAILURE"};
  const char *top = getenv("top_srcdir");
  char path[4096], row[200];
  GC_AUTO(gc_buf_clear) struct gc_buf text = {.max = 1 << 20};
  snprintf(path, sizeof(path), "%s/plugins/genesys/README.md",
           top != NULL ? top : ".");
  FILE *f = fopen(path, "r");
  CHECK_THAT(f != NULL, "%s cannot be read", path);
  for (size_t n; f != NULL && (n = fread(row, 1, sizeof(row), f)) > 0;)
    CHECK_INT(gc_buf_add(&text, row, n), GC_OK);
  if (f != NULL)
    fclose(f);
  for (int i = 0; i < GC_HEALTH_STATE_COUNT; i++) {
    const struct gc_health_row *r = gc_health_row((enum gc_health_state)i);
    CHECK_ROW(r->word);
    snprintf(row, sizeof(row), "| `%s` | %u | %s |", r->word, r->status,
             i == GC_HEALTH_STARTING ? "–" : severities[r->severity]);
    CHECK(strstr(gc_buf_string(&text), row) != NULL);
  }
}

int main(void) {
  RUN(the_worst_state_that_holds_is_the_state);
  RUN(the_concern_of_a_standby_is_its_warning);
  RUN(each_state_that_misses_values_is_503_and_a_failure);
  RUN(the_manual_has_the_row_of_each_state);
  return check_done();
}
