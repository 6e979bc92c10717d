/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/telemetry.h"

#include <stdio.h>

struct put {
  const char *instance;
  uint32_t interval_ms;
  const struct gc_samples *out;
};

static void put(const struct put *p, enum gc_metric_id metric,
                const char *qualifier, union gc_number value) {
  struct gc_sample sample = {.metric = metric,
                             .instance = p->instance,
                             .qualifier = qualifier,
                             .values = {value},
                             .interval_ms = p->interval_ms};
  p->out->put(p->out->ctx, &sample);
}

static void put_gauge(const struct put *p, enum gc_metric_id metric,
                      const char *qualifier, double gauge) {
  put(p, metric, qualifier, (union gc_number){.gauge = gauge});
}

static void put_count(const struct put *p, enum gc_metric_id metric,
                      const char *qualifier, uint64_t count) {
  put(p, metric, qualifier, (union gc_number){.derive = (int64_t)count});
}

/* Zeros too: a rate needs the 0 before the first failure. */
static void put_requests(const struct put *p, const struct gc_api_stats *api) {
  char qualifier[64];
  for (int e = 0; e < GC_ENDPOINT_COUNT; e++)
    for (int c = 0; c < GC_ANSWER_CLASS_COUNT; c++) {
      snprintf(qualifier, sizeof(qualifier), "%s-%s",
               gc_endpoint((enum gc_endpoint_id)e)->function,
               gc_answer_class_name((enum gc_answer_class)c));
      put_count(p, GC_METRIC_API_REQUESTS, qualifier, api->requests[e][c]);
    }
}

void telemetry_samples(struct telemetry *t, const char *account,
                       const struct gc_account_stats *stats,
                       uint32_t interval_ms, const struct gc_samples *out) {
  char instance[128];
  struct put p = {instance, interval_ms, out};
  const struct gc_api_stats *api = &stats->api;
  snprintf(instance, sizeof(instance), "account-%s", account);

  put_requests(&p, api);
  put_count(&p, GC_METRIC_API_THROTTLED, "", api->throttled);
  put_count(&p, GC_METRIC_API_BYTES, "", api->bytes);
  put_gauge(&p, GC_METRIC_API_BUDGET, "", api->budget_left);
  put_gauge(&p, GC_METRIC_API_QUEUED, "", api->queued);
  put_gauge(&p, GC_METRIC_API_BREAKER, "", api->broken ? 1.0 : 0.0);
  if (api->answers > t->answers)
    put_gauge(&p, GC_METRIC_API_LATENCY, "",
              (double)(api->elapsed_ms - t->elapsed_ms) / 1000.0 /
                  (double)(api->answers - t->answers));
  t->answers = api->answers;
  t->elapsed_ms = api->elapsed_ms;

  put_gauge(&p, GC_METRIC_TOKEN_LIFETIME, "",
            (double)stats->auth.life_ms / 1000.0);
  put_count(&p, GC_METRIC_TOKEN_REQUESTS, "ok", stats->auth.ok);
  put_count(&p, GC_METRIC_TOKEN_REQUESTS, "failed", stats->auth.failed);
  for (int k = 0; k < GC_NAME_KIND_COUNT; k++)
    put_gauge(&p, GC_METRIC_NAMES, gc_name_kind_name((enum gc_name_kind)k),
              (double)stats->names[k]);
}
