/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/telemetry.h"

#include <math.h>
#include <stdio.h>

#include "gc_config.h"
#include "tests/support/check.h"

static struct {
  char name[160];
  double value;
  uint32_t interval_ms;
  int64_t time_ms;
} got[200];
static size_t got_count;

static void record_sample(void *ctx, const struct gc_sample *s) {
  const struct gc_metric *m = gc_metric(s->metric);
  (void)ctx;
  if (got_count == GC_COUNT(got))
    return;
  snprintf(got[got_count].name, sizeof(got[0].name), "%s/%s%s%s", s->instance,
           m->name, s->qualifier[0] != '\0' ? "-" : "", s->qualifier);
  got[got_count].value = m->ds[0].kind == GC_DERIVE
                             ? (double)s->values[0].derive
                             : s->values[0].gauge;
  got[got_count].interval_ms = s->interval_ms;
  got[got_count++].time_ms = s->time_ms;
}

static double value_of(const char *name) {
  char full[200];
  snprintf(full, sizeof(full), "account-prod/%s", name);
  double value = NAN;
  for (size_t i = 0; i < got_count; i++)
    if (strcmp(got[i].name, full) == 0)
      value = got[i].value;
  return value;
}

static void read_stats(struct telemetry *t,
                       const struct gc_account_stats *stats) {
  struct gc_samples out = {record_sample, NULL};
  got_count = 0;
  telemetry_samples(t, "prod", stats, 10000, &out);
}

static void the_lifetime_of_certificates_is_shown_when_they_are_known(void) {
  struct telemetry t = {0};
  struct gc_account_stats stats = {.wall_s = 1700000000,
                                   .platform_end_s = 1700000000 + 86400 * 30,
                                   .client_end_s = 1700000000 - 43200};
  read_stats(&t, &stats);
  CHECK_REAL(value_of("certificate_lifetime-platform"), 86400.0 * 30);
  CHECK_REAL(value_of("certificate_lifetime-client_cert"), -43200.0);
  CHECK(isnan(value_of("certificate_lifetime-ca_cert")));
}

static void each_counter_has_its_row(void) {
  struct telemetry t = {0};
  struct gc_account_stats stats = {0};
  stats.api.requests[GC_ENDPOINT_QUEUES][GC_2XX] = 7;
  stats.api.requests[GC_ENDPOINT_QUEUE_OBSERVATIONS][GC_NO_ANSWER] = 2;
  stats.api.throttled = 3;
  stats.is_state_up = true;
  stats.api.bytes = 1234567890123;
  stats.api.queued = 4;
  stats.api.budget_left = 25;
  stats.api.minute_left = 218;
  stats.api.broken = true;
  stats.api.paused_ms = 41500;
  stats.api.suspended_ms = 3600 * 1000;
  stats.auth = (struct gc_auth_stats){.ok = 5,
                                      .failed = 6,
                                      .life_ms = 86399500,
                                      .wait_ms = 900000,
                                      .state = GC_AUTH_FAILED};
  stats.names_read[GC_QUEUE] = stats.names_read[GC_USER] = true;
  stats.names_read[GC_PRESENCE] = true;
  stats.names[GC_QUEUE] = 200;
  stats.names[GC_USER] = 300;
  stats.names[GC_PRESENCE] = 10;
  stats.clock =
      (struct gc_clock_verdict){.source = GC_CLOCK_DATE, .offset_ms = -600500};
  read_stats(&t, &stats);

  static const struct {
    const char *name;
    double want;
  } rows[] = {
      {"api_requests-queues-2xx", 7},
      {"api_requests-queues-network", 0},
      {"api_requests-queue_observations-network", 2},
      {"api_requests-queue_observations-5xx", 0},
      {"api_pause-account", 41.5},
      {"api_pause-function", 3600},
      {"api_pause-token", 900},
      {"token_state", 3},
      {"state_up-state_db", 1},
      {"version-" PACKAGE_VERSION, 1},
      {"api_throttled", 3},
      {"api_bytes", 1234567890123},
      {"api_queued", 4},
      {"api_budget", 25},
      {"api_minute_left", 218},
      {"api_breaker", 1},
      {"token_requests-ok", 5},
      {"token_requests-failed", 6},
      {"token_lifetime", 86399.5},
      {"clock_offset", -600.5},
      {"names-queue", 200},
      {"names-user", 300},
      {"names-presence", 10},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    CHECK_REAL(value_of(rows[i].name), rows[i].want);
  }
  for (size_t i = 0; i < got_count; i++) {
    CHECK_ROW(got[i].name);
    CHECK_INT(got[i].interval_ms, 10000);
    CHECK_INT(got[i].time_ms, 0);
  }
}

static size_t count_of(const char *part) {
  size_t count = 0;
  for (size_t i = 0; i < got_count; i++)
    count += strstr(got[i].name, part) != NULL;
  return count;
}

/* A rate needs the 0 before the first failure; a function without calls needs
 * no series. */
static void a_function_has_all_its_classes_once_it_is_used(void) {
  struct telemetry t = {0};
  struct gc_account_stats stats = {0};
  read_stats(&t, &stats);
  CHECK_INT(count_of("/api_requests-"), 0);
  CHECK_INT(count_of("/names-"), 0);
  stats.api.requests[GC_ENDPOINT_QUEUES][GC_2XX] = 1;
  stats.names_read[GC_QUEUE] = true;
  read_stats(&t, &stats);
  CHECK_INT(count_of("/api_requests-queues-"), GC_ANSWER_CLASS_COUNT);
  CHECK_INT(count_of("/api_requests-"), GC_ANSWER_CLASS_COUNT);
  CHECK_INT(count_of("/names-"), 1);
}

static void each_identity_occurs_once(void) {
  struct telemetry t = {0};
  struct gc_account_stats stats = {.api = {.answers = 1, .elapsed_ms = 5}};
  read_stats(&t, &stats);
  for (size_t i = 0; i < got_count; i++)
    for (size_t j = 0; j < i; j++)
      CHECK_THAT(strcmp(got[i].name, got[j].name) != 0, "%s twice",
                 got[i].name);
}

static void latency_is_the_average_since_the_last_reading(void) {
  struct telemetry t = {0};
  struct gc_account_stats stats = {0};
  read_stats(&t, &stats);
  CHECK(isnan(value_of("api_latency")));
  stats.api.answers = 4;
  stats.api.elapsed_ms = 1000;
  read_stats(&t, &stats);
  CHECK_REAL(value_of("api_latency"), 0.25);
  stats.api.answers = 5;
  stats.api.elapsed_ms = 3000;
  read_stats(&t, &stats);
  CHECK_REAL(value_of("api_latency"), 2);
  read_stats(&t, &stats);
  CHECK(isnan(value_of("api_latency")));
}

static void each_function_has_its_latency(void) {
  struct telemetry t = {0};
  struct gc_account_stats stats = {0};
  struct gc_api_times *queues = &stats.api.functions[GC_ENDPOINT_QUEUES];
  struct gc_api_times *polls =
      &stats.api.functions[GC_ENDPOINT_QUEUE_OBSERVATIONS];
  *queues = (struct gc_api_times){2, 600};
  *polls = (struct gc_api_times){1, 8000};
  read_stats(&t, &stats);
  CHECK_REAL(value_of("api_function_latency-queues"), 0.3);
  CHECK_REAL(value_of("api_function_latency-queue_observations"), 8);
  *queues = (struct gc_api_times){3, 700};
  read_stats(&t, &stats);
  CHECK_REAL(value_of("api_function_latency-queues"), 0.1);
  CHECK_INT(count_of("/api_function_latency-"), 1);
}

static void a_restarted_thread_counts_from_zero(void) {
  struct telemetry t = {.answers = 100, .elapsed_ms = 50000};
  struct gc_account_stats stats = {.api = {.answers = 2, .elapsed_ms = 10}};
  read_stats(&t, &stats);
  CHECK(isnan(value_of("api_latency")));
  stats.api.answers = 3;
  stats.api.elapsed_ms = 40;
  read_stats(&t, &stats);
  CHECK_REAL(value_of("api_latency"), 0.03);
}

int main(void) {
  RUN(the_lifetime_of_certificates_is_shown_when_they_are_known);
  RUN(each_counter_has_its_row);
  RUN(a_function_has_all_its_classes_once_it_is_used);
  RUN(each_identity_occurs_once);
  RUN(latency_is_the_average_since_the_last_reading);
  RUN(each_function_has_its_latency);
  RUN(a_restarted_thread_counts_from_zero);
  return check_done();
}
