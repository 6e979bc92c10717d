/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/month.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/timestamp.h"
#include "common/net/store/store.h"

static const char KIND[] = "requests";

enum { KEEP_S = 400 * 24 * 3600 };

static uint64_t count_requests(const struct gc_api_stats *api) {
  uint64_t sum = 0;
  for (int e = 0; e < GC_ENDPOINT_COUNT; e++)
    for (int c = 0; c < GC_ANSWER_CLASS_COUNT; c++)
      sum += api->requests[e][c];
  return sum;
}

/* ---- the state file ---- */

static void load_month(struct month *m, const char *account,
                       struct gc_store *store) {
  GC_AUTO(gc_store_names_clear) struct gc_store_names rows = {.count = 0};
  struct gc_err err;
  m->is_loaded =
      gc_store_load_names(store, account, KIND, &rows, &err) == GC_OK;
  for (size_t i = 0; m->is_loaded && i < rows.count; i++)
    if (strcmp(rows.at[i].id, m->name) == 0)
      m->requests += strtoull(rows.at[i].name, NULL, 10);
}

/* A failure shows in state_up, and the next turn saves again. */
static void save_month(const struct month *m, const char *account,
                       struct gc_store *store, int64_t wall_ms) {
  struct gc_err err;
  char text[24];
  struct gc_entry row = {
      .id = m->name, .name = text, .label = "", .detail = ""};
  snprintf(text, sizeof(text), "%" PRIu64, m->requests);
  (void)!gc_store_save_names(store, account, KIND, &row, 1, wall_ms / 1000,
                             KEEP_S, &err);
}

/* Loads the month if that has not succeeded yet, else saves it. */
static void keep_month(struct month *m, const char *account,
                       struct gc_store *store, int64_t wall_ms) {
  if (m->name[0] == '\0' || store == NULL)
    return;
  if (!m->is_loaded)
    load_month(m, account, store);
  if (m->is_loaded)
    save_month(m, account, store, wall_ms);
}

/* ---- the count ---- */

static void write_name(int64_t ms, char ret_name[MONTH_NAME_SIZE]) {
  char text[GC_TIMESTAMP_SIZE];
  gc_timestamp_print(text, ms);
  memcpy(ret_name, text, MONTH_NAME_SIZE);
  ret_name[MONTH_NAME_SIZE - 1] = '\0';
}

static void add_requests(struct month *m, const struct gc_api_stats *api) {
  uint64_t total = count_requests(api);
  m->requests += total - (total < m->seen ? 0 : m->seen);
  m->seen = total;
}

void month_note(struct month *m, const char *account,
                const struct gc_account_stats *stats, struct gc_store *store,
                uint64_t now_ms, bool saves_now) {
  const struct gc_clock_verdict *clock = &stats->clock;
  char name[MONTH_NAME_SIZE];
  write_name(clock->server_ms, name);
  bool is_other =
      clock->source != GC_CLOCK_UNSURE && strcmp(name, m->name) != 0;
  add_requests(m, &stats->api);
  if (!is_other && !saves_now && now_ms - m->saved_ms < MONTH_SAVE_MS)
    return;
  m->saved_ms = now_ms;
  keep_month(m, account, store, clock->server_ms);
  if (!is_other)
    return;
  if (m->name[0] != '\0')
    m->requests = 0;
  m->is_loaded = false;
  memcpy(m->name, name, sizeof(name));
  keep_month(m, account, store, clock->server_ms);
}

void month_samples(const struct month *m, const char *account,
                   const struct gc_account_stats *stats, uint32_t interval_ms,
                   const struct gc_samples *out) {
  char instance[128];
  const struct gc_sample_writer w = {
      .out = out, .instance = instance, .interval_ms = interval_ms};
  if (m->name[0] == '\0')
    return;
  snprintf(instance, sizeof(instance), "account-%s", account);
  gc_put_gauge(&w, GC_METRIC_API_MONTH_REQUESTS, "", (double)m->requests);
  if (stats->monthly_requests > 0)
    gc_put_gauge(&w, GC_METRIC_API_MONTH_SHARE, "",
                 (double)m->requests / stats->monthly_requests);
}

/* ---- the plan ---- */

void month_add_plan(struct month_plan *p, const char *block,
                    double per_minute) {
  p->per_minute += per_minute;
  p->of_newest = per_minute + (block == p->newest ? p->of_newest : 0.0);
  p->newest = block;
  if (block != NULL && p->of_newest > p->of_largest) {
    p->of_largest = p->of_newest;
    p->largest = block;
  }
}

bool month_judge_plan(struct month *m, const struct month_plan *p,
                      uint32_t monthly_requests, struct gc_err *ret_warning) {
  double month = p->per_minute * GC_MONTH_MINUTES;
  bool is_settled = p->per_minute == m->planned;
  m->planned = p->per_minute;
  if (m->is_judged || !is_settled || monthly_requests == 0 ||
      month <= monthly_requests || p->largest == NULL)
    return false;
  m->is_judged = true;
  (void)gc_fail(ret_warning, GC_ERR_LIMIT,
                "its blocks plan %.0f requests in 30 days, %.0f of them in %s, "
                "and MonthlyRequests is %" PRIu32
                ": raise ObservationInterval or Granularity, or select fewer "
                "queues (Queue)",
                month, p->of_largest * GC_MONTH_MINUTES, p->largest,
                monthly_requests);
  return true;
}
