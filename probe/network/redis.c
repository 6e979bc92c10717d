/* SPDX-License-Identifier: MIT */
#include "probe/network/redis.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/net/detached.h"
#include "common/net/redis/lease.h"
#include "plugins/genesys_flowmetrics/ledger/redis/internal.h"

enum { NO_STOP = -1 }; /* a descriptor that poll ignores */

/* One trial. It owns its memory, because it outlives its caller on a disk that
 * hangs. */
struct redis_trial {
  struct redis_settings settings;
  struct gc_connect tls;
  bool has_replicas; /* LeaseReplicas */
  enum gc_code code;
  struct gc_err err, advice;
  bool is_tried; /* the rights of the user are known */
};

static enum gc_code try_lease(struct redis_trial *t, struct redis_link *link) {
  const struct redis_rights rights = redis_lease_rights(t->has_replicas);
  GC_TRY(redis_lease_check_server(link, &t->err));
  return redis_try_rights(link, &rights, &t->is_tried, &t->err);
}

static enum gc_code try_store(struct redis_trial *t, struct redis_link *link) {
  GC_AUTO(redis_words_clear) struct redis_words words = {.count = 0};
  const struct redis_rights rights = redis_store_rights();
  GC_TRY(redis_read_durability(link, &words, &t->advice, &t->err));
  return redis_try_rights(link, &rights, &t->is_tried, &t->err);
}

static void run_trial(void *ctx) {
  struct redis_trial *t = ctx;
  struct redis_link *link = NULL;
  t->code = redis_link_open(&t->settings, NO_STOP, &link, &t->err);
  if (t->code == GC_OK)
    t->code = t->settings.use == REDIS_LEASE ? try_lease(t, link)
                                             : try_store(t, link);
  redis_link_close(link);
}

static void report_trial(const struct probe_place *p,
                         const struct redis_trial *t) {
  const char *shown = t->settings.url.shown;
  if (t->code != GC_OK)
    probe_report(p, PROBE_REDIS, PROBE_FAILED, "%s", t->err.text);
  else if (t->advice.code != GC_OK)
    probe_report(p, PROBE_REDIS, PROBE_WARNING, "%s: %s", shown,
                 t->advice.text);
  else
    probe_report(p, PROBE_REDIS, PROBE_OK, "%s: %s%s", shown,
                 t->settings.use == REDIS_LEASE
                     ? "a server that can keep the lease"
                     : "counts survive a crash",
                 t->is_tried ? ""
                             : "; the rights of its user are not known, "
                               "because the user may not run MULTI");
}

/* Runs the trial on a thread of its own: the link itself reads the password and
 * the authorities of TLS, whose disk may hang. GC_OK: `t` is the caller's
 * again. */
static enum gc_code run_bounded(struct redis_trial *t, uint32_t limit_ms) {
  struct gc_detached *bounded = gc_detached_new("gc-probe", limit_ms);
  enum gc_code code = gc_detached_run(bounded, run_trial, free, t);
  gc_detached_free(bounded);
  return code;
}

static void check_redis(const struct probe_place *p,
                        const struct redis_settings *settings,
                        bool has_replicas) {
  if (!probe_has_time(p, PROBE_REDIS))
    return;
  uint32_t limit_ms = probe_left_ms(p, PROBE_STEP_LIMIT_MS);
  struct redis_trial *t = gc_zalloc(1, sizeof(*t));
  t->settings = *settings;
  t->has_replicas = has_replicas;
  if (settings->tls != NULL) {
    t->tls = *settings->tls;
    t->settings.tls = &t->tls;
  }
  enum gc_code code = run_bounded(t, limit_ms);
  if (code == GC_OK) {
    report_trial(p, t);
    free(t);
  } else if (code == GC_ERR_TIMEOUT && limit_ms < PROBE_STEP_LIMIT_MS) {
    probe_report(p, PROBE_REDIS, PROBE_FAILED,
                 "%s: no answer within %u s, the time that earlier checks left",
                 settings->url.shown, (unsigned)(limit_ms / 1000));
  } else if (code == GC_ERR_TIMEOUT) {
    probe_report(p, PROBE_REDIS, PROBE_FAILED,
                 "%s: no end within %u s; is %sPasswordFile or CACert on a "
                 "disk that hangs?",
                 settings->url.shown, (unsigned)(limit_ms / 1000),
                 settings->use == REDIS_LEASE ? "Lease" : "State");
  } else {
    probe_report(p, PROBE_REDIS, PROBE_FAILED, "%s", gc_code_words(code));
  }
}

void probe_redis_check(const struct probe_place *p,
                       const struct redis_settings *settings) {
  check_redis(p, settings, false);
}

void probe_redis_check_lease(const struct probe_place *p) {
  const struct gc_account_options *o = gc_account_options(p->account);
  struct redis_settings settings = {.use = REDIS_LEASE,
                                    .user = o->lease_user,
                                    .password_file = o->lease_password_file,
                                    .tls = &o->connect};
  struct gc_err err = {.code = GC_OK};
  if (o->lease_url == NULL)
    return;
  if (redis_url_parse_as("Lease", o->lease_url, &settings.url, &err) == GC_OK)
    check_redis(p, &settings, o->lease_has_replicas);
  else
    probe_report(p, PROBE_REDIS, PROBE_FAILED, "%s", err.text);
}
