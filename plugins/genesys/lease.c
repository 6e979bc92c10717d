/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/lease.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/connect.h"
#include "common/base/strs.h"
#include "common/base/url.h"
#include "common/net/redis/lease.h"
#include "plugins/genesys/lease_keeper.h"

struct lease {
  char *account, *user, *password_file, *ca_cert;
  char name[REDIS_LEASE_NAME_MAX];
  struct gc_connect tls;
  struct redis_lease_settings settings;
  struct redis_lease *keeper; /* NULL: it does not run */
  const struct lease_hooks *hooks;
  struct lease *next;
};

static struct lease *leases;

/* ---- options ---- */

static enum gc_code check_url(const struct lease_options *o,
                              struct gc_err *warning, struct gc_err *err) {
  struct redis_url url;
  GC_TRY(redis_url_parse_as("Lease", o->url, &url, err));
  if (url.scheme == REDIS_TCP &&
      !gc_host_is_loopback(url.host, strlen(url.host)))
    (void)gc_fail(warning, GC_ERR_CONFIG,
                  "LeaseURL \"%.100s\": the password is sent unencrypted; use "
                  "rediss:// where available, or a separate network",
                  url.shown);
  return GC_OK;
}

enum gc_code lease_check(const struct lease_options *o,
                         const struct gc_account_options *s,
                         struct gc_err *warning, struct gc_err *err) {
  if (o->url == NULL)
    return o->user == NULL && o->password_file == NULL
               ? GC_OK
               : gc_fail(err, GC_ERR_CONFIG,
                         "LeaseUser and LeasePasswordFile need a LeaseURL");
  GC_TRY(check_url(o, warning, err));
  if (o->user != NULL && o->password_file == NULL)
    return gc_fail(err, GC_ERR_CONFIG, "LeaseUser needs a LeasePasswordFile");
  if (s->host == NULL)
    return gc_fail(err, GC_ERR_CONFIG,
                   "LeaseURL needs a Host, the same on all agents: by default "
                   "each agent's values have the agent's own Hostname");
  return GC_OK;
}

/* ---- the leases ---- */

static void free_lease(struct lease *l) {
  free(l->account);
  free(l->user);
  free(l->password_file);
  free(l->ca_cert);
  free(l);
}

static void on_change(void *ctx, enum gc_lease_state state, uint64_t fence,
                      const struct gc_err *err) {
  const struct lease *l = ctx;
  l->hooks->changed(l->account, state, fence, err);
}

static void on_advice(void *ctx, const char *cause, const struct gc_err *err) {
  const struct lease *l = ctx;
  l->hooks->advised(l->account, cause, err);
}

static void fill_settings(struct lease *l, const struct lease_options *o,
                          const struct gc_account_options *s) {
  l->tls = (struct gc_connect){.ca_cert = l->ca_cert,
                               .verify_peer = s->connect.verify_peer,
                               .verify_host = s->connect.verify_host};
  l->settings.redis.user = l->user;
  l->settings.redis.password_file = l->password_file;
  l->settings.redis.tls = &l->tls;
  l->settings.name = l->name;
  l->settings.ttl_ms = o->ttl_s * 1000;
  l->settings.replicas = o->replicas;
  l->settings.goes_on = o->lost == LEASE_LOST_GO_ON;
  l->settings.report = on_change;
  l->settings.advise = on_advice;
  l->settings.ctx = l;
}

/* The name of a lease is the Host of the account: it is part of the identity of
 * each value, and an identity needs one writer. The ClientId is not used,
 * because agents of a pair may have OAuth clients of their own. Two accounts of
 * one agent have different Hosts. */
enum gc_code lease_add(const struct lease_options *o,
                       const struct gc_account_options *s, struct gc_err *err) {
  if (o->url == NULL)
    return GC_OK;
  GC_ASSERT(s->host != NULL); /* lease_check */
  struct lease *l = gc_zalloc(1, sizeof(*l));
  l->account = gc_strdup(s->name);
  l->user = gc_strdup(o->user);
  l->password_file = gc_strdup(o->password_file);
  l->ca_cert = gc_strdup(s->connect.ca_cert);
  snprintf(l->name, sizeof(l->name), "%s", s->host);
  fill_settings(l, o, s);
  enum gc_code code =
      redis_url_parse_as("Lease", o->url, &l->settings.redis.url, err);
  if (code != GC_OK) {
    free_lease(l);
    return code;
  }
  l->next = leases;
  leases = l;
  return GC_OK;
}

void leases_start(const struct lease_hooks *hooks,
                  void (*failed)(const char *account,
                                 const struct gc_err *err)) {
  for (struct lease *l = leases; l != NULL; l = l->next) {
    struct gc_err err = {.code = GC_OK};
    l->hooks = hooks;
    l->settings.gate = gc_lease_gate_of_account(l->account);
    if (l->keeper == NULL && l->settings.gate != NULL &&
        redis_lease_start(&l->settings, &l->keeper, &err) != GC_OK)
      failed(l->account, &err);
  }
}

void leases_stop(void) {
  for (struct lease *l = leases; l != NULL; l = l->next)
    redis_lease_stop(gc_steal(l->keeper));
}
