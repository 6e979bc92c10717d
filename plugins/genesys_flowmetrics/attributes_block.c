/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/attributes_block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/net/clock.h"

enum { HOST_SIZE = 256 };

struct attributes {
  char instance[ATTRIBUTES_NAME_MAX_BYTES + 16], scope[HOST_SIZE];
  struct ledger_source source;
  struct stats stats;
  enum attributes_from from;
  struct sqs *sqs;
  struct webhook *webhook;
  struct notifications *notifications;
};

static bool start_sqs(struct attributes *a, const struct attributes_options *o,
                      const struct attributes_deps *deps, struct gc_err *err) {
  (void)deps;
  a->sqs = sqs_start(&o->sqs, &a->source, err);
  return a->sqs != NULL;
}

static bool start_webhook(struct attributes *a,
                          const struct attributes_options *o,
                          const struct attributes_deps *deps,
                          struct gc_err *err) {
  (void)deps;
  a->webhook = webhook_start(&o->webhook, &a->source, err);
  return a->webhook != NULL;
}

static bool start_notifications(struct attributes *a,
                                const struct attributes_options *o,
                                const struct attributes_deps *deps,
                                struct gc_err *err) {
  (void)o;
  (void)err;
  a->notifications = notifications_start(&deps->account, &a->source);
  return true;
}

static const struct {
  const char *word;
  enum samples_of samples;
  bool (*start)(struct attributes *a, const struct attributes_options *o,
                const struct attributes_deps *deps, struct gc_err *err);
} sources[] = {
    [FROM_SQS] = {"sqs", SAMPLES_SQS, start_sqs},
    [FROM_WEBHOOK] = {"webhook", SAMPLES_WEB, start_webhook},
    [FROM_NOTIFICATIONS] = {"notifications", SAMPLES_STREAM,
                            start_notifications},
};

struct attributes *attributes_start(const struct attributes_options *o,
                                    const struct attributes_config *config,
                                    const struct attributes_deps *deps,
                                    struct gc_err *err) {
  struct attributes *a = gc_zalloc(1, sizeof(*a));
  snprintf(a->instance, sizeof(a->instance), "attributes-%s", deps->name);
  snprintf(a->scope, sizeof(a->scope), "%s", deps->scope);
  a->stats.lag_ms = -1;
  a->from = (enum attributes_from)o->source;
  a->source = (struct ledger_source){
      .ledger = deps->ledger,
      .form = &config->form,
      .scope = a->scope,
      .retention_ms = config->retention_ms,
      .max_series = o->max_series,
      .values = o->values,
      .flows = {o->flows.at, o->flows.count},
      .metrics = {o->metrics.at, o->metrics.count},
      .lease = deps->lease,
      .notice = deps->notice,
      .ctx = deps->ctx,
      .stats = &a->stats,
      .is_shared = ledger_is_shared(deps->ledger),
      .identity = ledger_identity(deps->ledger, a->scope, deps->name)};
  if (sources[a->from].start(a, o, deps, err))
    return a;
  attributes_free(a);
  return NULL;
}

void attributes_stop(struct attributes *a) {
  if (a == NULL)
    return;
  sqs_stop(a->sqs);
  webhook_stop(a->webhook);
  notifications_stop(a->notifications);
}

void attributes_free(struct attributes *a) {
  if (a == NULL)
    return;
  sqs_free(a->sqs);
  webhook_free(a->webhook);
  notifications_free(a->notifications);
  free(a);
}

void attributes_state(struct attributes *a, uint32_t interval_ms,
                      const struct gc_samples *out) {
  struct samples_block b = {
      .instance = a->instance,
      .source = sources[a->from].word,
      .of = sources[a->from].samples,
      .now_ms = gc_clock_now_ms(),
      .series = ledger_count(a->source.ledger, a->scope),
      .commit_s = ledger_commit_s(a->source.ledger),
      .state = ledger_is_shared(a->source.ledger) ? "redis" : "sqlite",
      .is_state_up = ledger_is_healthy(a->source.ledger),
      .is_standby = gc_lease_gate_term(a->source.lease) == 0,
      .interval_ms = interval_ms,
  };
  if (a->notifications != NULL)
    notifications_state(a->notifications, &b.stream);
  samples_state(&b, &a->stats, out);
}
