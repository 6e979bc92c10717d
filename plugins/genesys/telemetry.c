/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/telemetry.h"

#include <stdio.h>

#include "gc_config.h"

static bool is_used(const struct gc_api_stats *api, int endpoint) {
  for (int c = 0; c < GC_ANSWER_CLASS_COUNT; c++)
    if (api->requests[endpoint][c] > 0)
      return true;
  return false;
}

/* Puts all classes of a function that is used, also those that are 0: a rate
 * needs the 0 before the first failure. */
static void put_requests(const struct gc_sample_writer *w,
                         const struct gc_api_stats *api) {
  char qualifier[64];
  for (int e = 0; e < GC_ENDPOINT_COUNT; e++)
    for (int c = 0; c < GC_ANSWER_CLASS_COUNT && is_used(api, e); c++) {
      snprintf(qualifier, sizeof(qualifier), "%s-%s",
               gc_endpoint((enum gc_endpoint_id)e)->function,
               gc_answer_class_name((enum gc_answer_class)c));
      gc_put_count(w, GC_METRIC_API_REQUESTS, qualifier, api->requests[e][c]);
    }
}

/* Puts the average of each function that has answered since the last reading.
 */
static void put_times(const struct gc_sample_writer *w, struct telemetry *t,
                      const struct gc_api_stats *api) {
  for (int e = 0; e < GC_ENDPOINT_COUNT; e++) {
    const struct gc_api_times *now = &api->functions[e];
    const struct gc_api_times *before = &t->functions[e];
    if (now->answers > before->answers)
      gc_put_gauge(w, GC_METRIC_API_FUNCTION_LATENCY,
                   gc_endpoint((enum gc_endpoint_id)e)->function,
                   (double)(now->elapsed_ms - before->elapsed_ms) / 1000.0 /
                       (double)(now->answers - before->answers));
    t->functions[e] = *now;
  }
}

/* The numbers of lease_state in docs/metrics.md. */
static const double lease_numbers[GC_LEASE_STATE_COUNT] = {
    [GC_LEASE_STANDBY] = 0,  [GC_LEASE_TAKING] = 1, [GC_LEASE_HOLDER] = 2,
    [GC_LEASE_GOING_ON] = 3, [GC_LEASE_BLIND] = 4,
};

void telemetry_lease(const char *account, const struct gc_lease_status *status,
                     uint64_t boot_ms, uint32_t interval_ms,
                     const struct gc_samples *out) {
  char instance[128];
  const struct gc_sample_writer w = {
      .out = out, .instance = instance, .interval_ms = interval_ms};
  snprintf(instance, sizeof(instance), "account-%s", account);
  gc_put_gauge(&w, GC_METRIC_LEASE_STATE, "", lease_numbers[status->state]);
  if (status->fence > 0)
    gc_put_gauge(&w, GC_METRIC_LEASE_FENCE, "", (double)status->fence);
  if (status->answered_ms > 0)
    gc_put_gauge(&w, GC_METRIC_LEASE_AGE, "",
                 (double)(boot_ms - status->answered_ms) / 1000.0);
}

static void put_certificate(const struct gc_sample_writer *w, const char *which,
                            int64_t end_s, int64_t now_s) {
  if (end_s != 0)
    gc_put_gauge(w, GC_METRIC_CERTIFICATE_LIFETIME, which,
                 (double)(end_s - now_s));
}

void telemetry_samples(struct telemetry *t, const char *account,
                       const struct gc_account_stats *stats,
                       uint32_t interval_ms, const struct gc_samples *out) {
  char instance[128];
  const struct gc_sample_writer w = {
      .out = out, .instance = instance, .interval_ms = interval_ms};
  const struct gc_api_stats *api = &stats->api;
  snprintf(instance, sizeof(instance), "account-%s", account);

  put_requests(&w, api);
  gc_put_count(&w, GC_METRIC_API_THROTTLED, "", api->throttled);
  gc_put_count(&w, GC_METRIC_API_BYTES, "", api->bytes);
  gc_put_gauge(&w, GC_METRIC_API_BUDGET, "", api->budget_left);
  gc_put_gauge(&w, GC_METRIC_API_MINUTE_LEFT, "", api->minute_left);
  gc_put_gauge(&w, GC_METRIC_API_QUEUED, "", api->queued);
  gc_put_gauge(&w, GC_METRIC_API_BREAKER, "", api->broken ? 1.0 : 0.0);
  if (api->answers > t->answers)
    gc_put_gauge(&w, GC_METRIC_API_LATENCY, "",
                 (double)(api->elapsed_ms - t->elapsed_ms) / 1000.0 /
                     (double)(api->answers - t->answers));
  t->answers = api->answers;
  t->elapsed_ms = api->elapsed_ms;
  put_times(&w, t, api);

  gc_put_gauge(&w, GC_METRIC_API_PAUSE, "account",
               (double)api->paused_ms / 1000.0);
  gc_put_gauge(&w, GC_METRIC_API_PAUSE, "function",
               (double)api->suspended_ms / 1000.0);
  gc_put_gauge(&w, GC_METRIC_API_PAUSE, "token",
               (double)stats->auth.wait_ms / 1000.0);
  gc_put_gauge(&w, GC_METRIC_TOKEN_STATE, "", (double)stats->auth.state);
  gc_put_gauge(&w, GC_METRIC_STATE_UP, "state_db",
               stats->is_state_up ? 1.0 : 0.0);
  gc_put_gauge(&w, GC_METRIC_VERSION, PACKAGE_VERSION, 1.0);
  if (stats->clock.source != GC_CLOCK_UNSURE)
    gc_put_gauge(&w, GC_METRIC_CLOCK_OFFSET, "",
                 (double)stats->clock.offset_ms / 1000.0);
  gc_put_gauge(&w, GC_METRIC_TOKEN_LIFETIME, "",
               (double)stats->auth.life_ms / 1000.0);
  put_certificate(&w, "platform", stats->platform_end_s, stats->wall_s);
  put_certificate(&w, "ca_cert", stats->ca_end_s, stats->wall_s);
  put_certificate(&w, "client_cert", stats->client_end_s, stats->wall_s);
  gc_put_count(&w, GC_METRIC_TOKEN_REQUESTS, "ok", stats->auth.ok);
  gc_put_count(&w, GC_METRIC_TOKEN_REQUESTS, "failed", stats->auth.failed);
  for (int k = 0; k < GC_NAME_KIND_COUNT; k++)
    if (stats->names_read[k])
      gc_put_gauge(&w, GC_METRIC_NAMES, gc_name_kind_name((enum gc_name_kind)k),
                   (double)stats->names[k]);
}

/* ---- the lines about the start ---- */

const char *announce_version(void) { return PACKAGE_VERSION; }

/* True if a request had a good answer: a refusal is no connection. */
static bool is_answered(const struct gc_account_stats *s) {
  for (int i = 0; i < GC_ENDPOINT_COUNT; i++)
    if (s->api.requests[i][GC_2XX] > 0)
      return true;
  return false;
}

static void announce_queues(struct announced *a,
                            const struct gc_account_stats *s,
                            void (*say)(void *ctx, const char *line),
                            void *ctx) {
  char line[120];
  if (a->has_queues || !s->names_read[GC_QUEUE])
    return;
  a->has_queues = true;
  snprintf(line, sizeof(line), "%zu queues known", s->names[GC_QUEUE]);
  say(ctx, line);
}

static void announce_topics(struct announced *a,
                            const struct gc_account_stats *s,
                            void (*say)(void *ctx, const char *line),
                            void *ctx) {
  char line[120];
  const struct gc_channel_stats *c = &s->stream;
  if (a->has_topics || !c->connected || c->wanted == 0 ||
      c->topics + c->rejected < c->wanted)
    return;
  a->has_topics = true;
  snprintf(line, sizeof(line), "%zu topic%s subscribed, on %u channel%s",
           c->topics, c->topics == 1 ? "" : "s", s->channels,
           s->channels == 1 ? "" : "s");
  say(ctx, line);
}

void announce_account(struct announced *a, const struct gc_account_stats *stats,
                      const char *address,
                      void (*say)(void *ctx, const char *line), void *ctx) {
  char line[512];
  if (stats == NULL) {
    if (!a->is_unused)
      say(ctx, "no block uses it: no thread, no values");
    a->is_unused = true;
    return;
  }
  if (!a->is_connected && stats->auth.state == GC_AUTH_READY &&
      is_answered(stats)) {
    a->is_connected = true;
    snprintf(line, sizeof(line), "connected to %s", address);
    say(ctx, line);
  }
  announce_queues(a, stats, say, ctx);
  announce_topics(a, stats, say, ctx);
}
