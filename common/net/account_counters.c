/* SPDX-License-Identifier: MIT */
#include "common/net/account_counters.h"

#include <stdio.h>

#include "common/net/clock.h"
#include "common/net/http/http.h"
#include "common/net/http/tls_files.h"

enum {
  COPY_EVERY_MS = 1000,
  CLOCK_EVERY_MS = 60 * 1000, /* between two reports of one state */
};

static bool is_far(int64_t ms) {
  return ms > GC_SERVER_CLOCK_CLOSE_MS || ms < -GC_SERVER_CLOCK_CLOSE_MS;
}

/* Writes "600 s ahead of" for a clock that is `ms` ahead of another one. */
static const char *ahead_words(int64_t ms, char ret_text[48]) {
  int64_t s = (ms < 0 ? -ms : ms) / 1000;
  snprintf(ret_text, 48, "%lld s %s", (long long)s,
           ms < 0 ? "behind" : "ahead of");
  return ret_text;
}

enum gc_code gc_account_explain_clock(const struct gc_clock_verdict *v,
                                      struct gc_err *ret_err) {
  char words[48];
  *ret_err = (struct gc_err){.code = GC_OK};
  if (is_far(v->gap_ms) && !v->is_lasting)
    return GC_OK;
  if (v->source == GC_CLOCK_UNSURE && is_far(v->gap_ms))
    return gc_fail(ret_err, GC_ERR_PARSE,
                   "the Date of the answers is %s this host's clock, and no "
                   "event says yet which is right: queue_longest_wait and "
                   "clock_offset have no value; compare this host with NTP",
                   ahead_words(v->gap_ms, words));
  if (v->source == GC_CLOCK_UNSURE)
    return gc_fail(ret_err, GC_ERR_PARSE,
                   "the platform states times that are later than this host's "
                   "clock and the Date of its answers: queue_longest_wait and "
                   "clock_offset have no value; compare this host with NTP");
  if (v->source == GC_CLOCK_HOST && is_far(v->gap_ms))
    return gc_fail(ret_err, GC_ERR_PARSE,
                   "the Date of the answers is %s the events' own times, "
                   "which agree with this host's clock: it is ignored; a proxy "
                   "or gateway has the wrong time",
                   ahead_words(v->gap_ms, words));
  if (is_far(v->offset_ms))
    return gc_fail(ret_err, GC_ERR_CONFIG,
                   "this host's clock is %s the platform's time "
                   "(clock_offset): set it by NTP; values leave with the wrong "
                   "time until then",
                   ahead_words(-v->offset_ms, words));
  return GC_OK;
}

/* Reports which clock is wrong when that changes, and once a minute. */
static void report_clock(struct gc_account_counters *c, uint64_t now_ms,
                         const struct gc_clock_verdict *v) {
  struct gc_err err;
  enum gc_code code = gc_account_explain_clock(v, &err);
  bool is_due = code != GC_OK && now_ms - c->clock_said_ms >= CLOCK_EVERY_MS;
  if (code == c->clock_code && !is_due)
    return;
  c->clock_code = code;
  c->clock_said_ms = now_ms;
  c->parts->env->notice(c->parts->env->ctx, "clock", &err);
}

static void read_stats(const struct gc_account_counters *c,
                       struct gc_account_stats *ret) {
  const struct gc_account_parts *parts = c->parts;
  *ret = (struct gc_account_stats){.channels = 0};
  gc_api_stats(parts->api, &ret->api);
  gc_auth_stats(parts->auth, &ret->auth);
  gc_api_judge_clock(parts->api, &ret->clock);
  gc_channels_stats(parts->channels, &ret->stream);
  ret->channels = gc_channels_count(parts->channels);
  ret->wall_s = gc_clock_wall_ms() / 1000;
  ret->platform_end_s = gc_http_cert_end_s(parts->http);
  ret->ca_end_s = gc_tls_files_end_s(c->files, GC_TLS_CA);
  ret->client_end_s = gc_tls_files_end_s(c->files, GC_TLS_CERT);
  for (int k = 0; k < GC_NAME_KIND_COUNT; k++) {
    struct gc_entities *entities =
        gc_names_entities(parts->names, (enum gc_name_kind)k);
    ret->names[k] = entities != NULL ? gc_entities_count(entities) : 0;
    ret->names_read[k] = entities != NULL;
    gc_entities_put(entities);
  }
}

static void on_second(void *ctx, uint64_t now_ms) {
  struct gc_account_counters *c = ctx;
  struct gc_account_stats now;
  read_stats(c, &now);
  report_clock(c, now_ms, &now.clock);
  pthread_mutex_lock(&c->lock);
  c->newest = now;
  c->at_ms = now_ms;
  c->is_there = true;
  pthread_mutex_unlock(&c->lock);
  gc_timers_set(c->parts->env->timers, &c->timer, now_ms + COPY_EVERY_MS);
}

void gc_account_counters_init(struct gc_account_counters *c) {
  pthread_mutex_init(&c->lock, NULL);
}

void gc_account_counters_destroy(struct gc_account_counters *c) {
  pthread_mutex_destroy(&c->lock);
}

void gc_account_counters_begin(struct gc_account_counters *c,
                               const struct gc_account_parts *parts,
                               struct gc_tls_files *files) {
  c->parts = parts;
  c->files = files;
  c->timer = (struct gc_timer){.fire = on_second, .ctx = c};
  on_second(c, gc_clock_now_ms());
}

void gc_account_counters_end(struct gc_account_counters *c) {
  if (c->parts != NULL)
    gc_timers_unset(c->parts->env->timers, &c->timer);
  c->parts = NULL;
  pthread_mutex_lock(&c->lock);
  c->is_there = false;
  pthread_mutex_unlock(&c->lock);
}

bool gc_account_counters_copy(struct gc_account_counters *c,
                              struct gc_account_stats *ret) {
  pthread_mutex_lock(&c->lock);
  bool is_there = c->is_there;
  uint64_t at_ms = c->at_ms;
  if (is_there)
    *ret = c->newest;
  pthread_mutex_unlock(&c->lock);
  uint64_t now_ms = gc_clock_now_ms();
  if (is_there)
    ret->age_ms = now_ms > at_ms ? now_ms - at_ms : 0;
  return is_there;
}
