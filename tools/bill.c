/* SPDX-License-Identifier: MIT */
#include "tools/bill.h"

#include <stdio.h>
#include <string.h>

#include "common/daemon/options.h"
#include "common/net/account.h"
#include "plugins/genesys_analytics/options.h"
#include "plugins/genesys_realtime/observations/poll.h"
#include "plugins/genesys_realtime/options.h"

static const size_t sizes[] = {100, 200, 500, 1000, 2000};

enum { PRESENCES = 20 };

/* Requests a minute. */
struct bill {
  double queues, query, names;
};

static double plan_queues(const struct queues_options *o, size_t queues,
                          enum obs_source *ret_source) {
  struct obs_scope scope = {.selected = queues, .visible = queues};
  *ret_source = obs_source_choose((enum obs_source)o->observations, &scope);
  return obs_source_per_minute(*ret_source, &scope, o->interval_s);
}

static double plan_names(enum obs_source source, size_t queues) {
  enum gc_endpoint_id endpoint;
  double presences = source == OBS_ACTIVITY
                         ? gc_name_kind_plan(GC_PRESENCE, PRESENCES, &endpoint)
                         : 0.0;
  return gc_name_kind_plan(GC_QUEUE, queues, &endpoint) + presences;
}

static enum gc_code plan_all(size_t queues, struct bill *ret) {
  struct queues_options q = {.interval_s = 0};
  struct query_options a = {.account = NULL};
  struct gc_err err;
  enum obs_source source;
  gc_options_preset(queues_rows, &q);
  gc_options_preset(query_rows, &a);
  GC_TRY(query_check(&a, &err));
  ret->queues = plan_queues(&q, queues, &source);
  ret->query = gc_query_per_minute(&a.query, 0);
  ret->names = plan_names(source, queues);
  gc_options_clear(queues_rows, &q);
  gc_options_clear(query_rows, &a);
  return GC_OK;
}

/* Appends a cell with a whole number, with commas between thousands. */
static enum gc_code print_number(double number, struct gc_buf *out) {
  char digits[32];
  int len = snprintf(digits, sizeof(digits), "%.0f", number);
  GC_TRY(gc_buf_text(out, " "));
  for (int i = 0; i < len; i++)
    GC_TRY(gc_buf_print(out, "%s%c", i > 0 && (len - i) % 3 == 0 ? "," : "",
                        digits[i]));
  return gc_buf_text(out, " |");
}

enum gc_code bill_print(struct gc_buf *out) {
  GC_TRY(gc_buf_text(out, "| Queues | `<Queues>` | `<Query>` | lists of names "
                          "| one agent | with a standby |\n"
                          "|---|---|---|---|---|---|\n"));
  for (size_t i = 0; i < GC_COUNT(sizes); i++) {
    struct bill b;
    GC_TRY(plan_all(sizes[i], &b));
    double agent = b.queues + b.query + b.names;
    double columns[] = {b.queues, b.query, b.names, agent,
                        agent + b.queues + b.names};
    GC_TRY(gc_buf_text(out, "|"));
    GC_TRY(print_number((double)sizes[i], out));
    for (size_t c = 0; c < GC_COUNT(columns); c++)
      GC_TRY(print_number(columns[c] * GC_MONTH_MINUTES, out));
    GC_TRY(gc_buf_text(out, "\n"));
  }
  return GC_OK;
}
