/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/month.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/store/store.h"
#include "tests/support/check.h"
#include "tests/support/folder.h"

static const int64_t november = 1793491200000; /* 2026-11-01T00:00:00Z */
static const int64_t december = 1796083200000; /* 2026-12-01T00:00:00Z */

static char folder[32], samples[300];
static struct gc_account_stats stats;
static uint64_t now_ms;

static void record_sample(void *ctx, const struct gc_sample *s) {
  size_t used = strlen(samples);
  (void)ctx;
  snprintf(samples + used, sizeof(samples) - used, "%s/%s=%g ", s->instance,
           gc_metric(s->metric)->name, s->values[0].gauge);
}

static const char *samples_of(const struct month *m) {
  const struct gc_samples out = {record_sample, NULL};
  samples[0] = '\0';
  month_samples(m, "prod", &stats, 10000, &out);
  return samples;
}

static struct gc_store *open_store(void) {
  struct gc_store *store = NULL;
  struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
  CHECK_INT(gc_store_open(folder, 60000, &store, &warning, &err), GC_OK);
  return store;
}

/* Notes a second later that the account has sent `total` requests. */
static void note(struct month *m, struct gc_store *store, uint64_t total,
                 int64_t server_ms) {
  stats.api.requests[GC_ENDPOINT_QUEUES][GC_2XX] = total / 2;
  stats.api.requests[GC_ENDPOINT_PRESENCES][GC_5XX] = total - total / 2;
  stats.clock.server_ms = server_ms;
  now_ms += 1000;
  month_note(m, "prod", &stats, store, now_ms, false);
}

static void finish(struct month *m, struct gc_store *store) {
  month_note(m, "prod", &stats, store, now_ms, true);
  gc_store_close(store);
}

static void a_restart_continues_the_month(void) {
  struct month m = {.requests = 0};
  struct gc_store *store = open_store();
  note(&m, store, 7, november + 60000);
  note(&m, store, 100, november + 70000);
  CHECK_STR(samples_of(&m), "account-prod/api_month_requests=100 ");
  finish(&m, store);

  m = (struct month){.requests = 0};
  note(&m, NULL, 5, november + 80000);
  store = open_store();
  now_ms += MONTH_SAVE_MS;
  note(&m, store, 8, november + 90000);
  CHECK_STR(samples_of(&m), "account-prod/api_month_requests=108 ");
  finish(&m, store);
}

/* After a kill the requests of MONTH_SAVE_MS are missing, not more. */
static void the_count_is_saved_again_and_again(void) {
  struct month m = {.requests = 0};
  struct gc_store *store = open_store();
  note(&m, store, 0, november);
  double before = (double)m.requests;
  for (unsigned i = 1; i <= 25; i++)
    note(&m, store, i, november + i * 1000);
  gc_store_close(store);
  m = (struct month){.requests = 0};
  store = open_store();
  note(&m, store, 0, november + 60000);
  CHECK((double)m.requests >= before + 25 - MONTH_SAVE_MS / 1000.0);
  finish(&m, store);
}

static void a_new_month_begins_at_zero(void) {
  struct month m = {.requests = 0};
  struct gc_store *store = open_store();
  note(&m, store, 10, december - 1000);
  double of_november = (double)m.requests;
  note(&m, store, 12, december);
  note(&m, store, 15, december + 1000);
  CHECK_STR(samples_of(&m), "account-prod/api_month_requests=3 ");
  /* A clock that was ahead is set back. */
  note(&m, store, 16, december - 2000);
  CHECK_REAL((double)m.requests, of_november + 2);
  finish(&m, store);
}

static void no_clock_alone_changes_the_month(void) {
  struct month m = {.requests = 0};
  stats.clock.source = GC_CLOCK_UNSURE;
  note(&m, NULL, 3, november);
  CHECK_STR(samples_of(&m), "");
  stats.clock.source = GC_CLOCK_AGREED;
  note(&m, NULL, 4, november);
  stats.clock.source = GC_CLOCK_UNSURE;
  note(&m, NULL, 6, december);
  CHECK_STR(samples_of(&m), "account-prod/api_month_requests=6 ");
  stats.clock.source = GC_CLOCK_AGREED;
}

static void an_account_that_starts_again_counts_from_zero(void) {
  struct month m = {.requests = 0};
  note(&m, NULL, 50, november);
  note(&m, NULL, 2, november);
  CHECK_STR(samples_of(&m), "account-prod/api_month_requests=52 ");
}

static void with_the_option_there_is_a_share(void) {
  struct month m = {.requests = 0};
  stats.monthly_requests = 4000000000;
  note(&m, NULL, 3000000000, november);
  CHECK_STR(samples_of(&m), "account-prod/api_month_requests=3e+09 "
                            "account-prod/api_month_share=0.75 ");
  stats.monthly_requests = 0;
}

static void more_than_the_licences_pay_for_is_said_once(void) {
  struct month m = {.requests = 0};
  struct month_plan plan = {.per_minute = 0};
  struct gc_err warning;
  char queues[] = "queues-all", query[] = "query-q";
  month_add_plan(&plan, query, 8);
  CHECK(!month_judge_plan(&m, &plan, 500000, &warning)); /* 345,600 so far */
  month_add_plan(&plan, queues, 7);
  month_add_plan(&plan, queues, 7);
  month_add_plan(&plan, NULL, 0.5);
  CHECK(!month_judge_plan(&m, &plan, 500000, &warning)); /* it has grown */
  CHECK(!month_judge_plan(&m, &plan, 0, &warning));
  CHECK(!month_judge_plan(&m, &plan, 972000, &warning));
  CHECK(month_judge_plan(&m, &plan, 971999, &warning));
  CHECK_STR(warning.text,
            "its blocks plan 972000 requests in 30 days, 604800 of them in "
            "queues-all, and MonthlyRequests is 971999: raise "
            "ObservationInterval or Granularity, or select fewer queues "
            "(Queue)");
  CHECK(!month_judge_plan(&m, &plan, 971999, &warning));
}

int main(void) {
  snprintf(folder, sizeof(folder), "/tmp/month_XXXXXX");
  if (mkdtemp(folder) == NULL)
    abort();
  RUN(a_restart_continues_the_month);
  RUN(the_count_is_saved_again_and_again);
  RUN(a_new_month_begins_at_zero);
  RUN(no_clock_alone_changes_the_month);
  RUN(an_account_that_starts_again_counts_from_zero);
  RUN(with_the_option_there_is_a_share);
  RUN(more_than_the_licences_pay_for_is_said_once);
  CHECK(folder_remove(folder));
  return check_done();
}
