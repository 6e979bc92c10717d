/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/attributes_block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/clock.h"
#include "plugins/genesys_flowmetrics/sources/notifications.h"
#include "plugins/genesys_flowmetrics/sources/sqs/sqs.h"
#include "plugins/genesys_flowmetrics/sources/webhook/webhook.h"

enum { NAME_SIZE = ATTRIBUTES_NAME_MAX_BYTES + 1, HOST_SIZE = 256 };

struct attributes {
  char name[NAME_SIZE], instance[NAME_SIZE + 16], scope[HOST_SIZE];
  struct ledger *ledger;
  struct ledger_source source;
  struct stats stats;
  enum attributes_from from;
  struct sqs *sqs;
  struct webhook *webhook;
  struct notifications *notifications;
};

static enum gc_code start_sqs(struct attributes *a,
                              const struct attributes_options *o,
                              const struct attributes_config *config,
                              const struct attributes_settings *settings,
                              struct gc_err *err) {
  const struct sqs_settings s = {.options = &o->sqs,
                                 .connect = &o->connect,
                                 .credentials = &config->credentials,
                                 .form = &config->form,
                                 .source = &a->source,
                                 .ledger = a->ledger,
                                 .notice = settings->notice,
                                 .ctx = settings->ctx};
  a->sqs = sqs_start(&s, err);
  return a->sqs != NULL ? GC_OK : err->code;
}

static enum gc_code start_webhook(struct attributes *a,
                                  const struct attributes_options *o,
                                  const struct attributes_config *config,
                                  const struct attributes_settings *settings,
                                  struct gc_err *err) {
  const struct webhook_settings s = {
      .options = &o->webhook,
      .form = &config->form,
      .source = &a->source,
      .ledger = a->ledger,
      .handshakes = {o->handshakes.at, o->handshakes.count},
      .connect = &o->connect,
      .notice = settings->notice,
      .ctx = settings->ctx};
  a->webhook = webhook_start(&s, err);
  return a->webhook != NULL ? GC_OK : err->code;
}

static enum gc_code
start_notifications(struct attributes *a, const struct attributes_options *o,
                    const struct attributes_config *config,
                    const struct attributes_settings *settings,
                    struct gc_err *err) {
  const struct notifications_settings s = {.form = &config->form,
                                           .source = &a->source,
                                           .ledger = a->ledger,
                                           .deps = settings->deps,
                                           .api = settings->api,
                                           .notice = settings->notice,
                                           .ctx = settings->ctx};
  (void)o;
  a->notifications = notifications_start(&s, err);
  return a->notifications != NULL ? GC_OK : err->code;
}

static const struct {
  const char *word;
  enum samples_of samples;
  enum gc_code (*start)(struct attributes *a,
                        const struct attributes_options *o,
                        const struct attributes_config *config,
                        const struct attributes_settings *settings,
                        struct gc_err *err);
} sources[] = {
    [FROM_SQS] = {"sqs", SAMPLES_SQS, start_sqs},
    [FROM_WEBHOOK] = {"webhook", SAMPLES_WEB, start_webhook},
    [FROM_NOTIFICATIONS] = {"notifications", SAMPLES_STREAM,
                            start_notifications},
};

struct attributes *attributes_start(const struct attributes_options *o,
                                    const struct attributes_config *config,
                                    const struct attributes_settings *settings,
                                    struct gc_err *err) {
  struct attributes *a = calloc(1, sizeof(*a));
  if (a == NULL) {
    gc_fail(err, GC_ERR_MEMORY, "out of memory");
    return NULL;
  }
  snprintf(a->name, sizeof(a->name), "%s", settings->name);
  snprintf(a->instance, sizeof(a->instance), "attributes-%s", a->name);
  snprintf(a->scope, sizeof(a->scope), "%s", settings->scope);
  a->ledger = settings->ledger;
  a->stats.lag_ms = -1;
  a->from = (enum attributes_from)o->source;
  a->source =
      (struct ledger_source){.scope = a->scope,
                             .retention_ms = config->retention_ms,
                             .max_series = o->max_series,
                             .values = o->values,
                             .flows = {o->flows.at, o->flows.count},
                             .metrics = {o->metrics.at, o->metrics.count},
                             .lease = settings->lease,
                             .notice = settings->notice,
                             .ctx = settings->ctx,
                             .stats = &a->stats};
  a->source.is_shared = ledger_is_shared(a->ledger);
  a->source.identity = ledger_identity(a->ledger, a->scope, settings->name);
  if (sources[a->from].start(a, o, config, settings, err) == GC_OK)
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

void attributes_maintain(struct attributes *a) {
  if (a->webhook != NULL)
    webhook_maintain(a->webhook, gc_clock_now_ms());
}

void attributes_state(struct attributes *a, uint32_t interval_ms,
                      const struct gc_samples *out) {
  struct samples_block b = {
      .instance = a->instance,
      .source = sources[a->from].word,
      .of = sources[a->from].samples,
      .now_ms = gc_clock_now_ms(),
      .series = ledger_count(a->ledger, a->scope),
      .commit_s = ledger_commit_s(a->ledger),
      .state = ledger_is_shared(a->ledger) ? "redis" : "sqlite",
      .is_state_up = ledger_is_healthy(a->ledger),
      .is_standby = gc_lease_gate_term(a->source.lease) == 0,
      .interval_ms = interval_ms,
  };
  if (a->notifications != NULL)
    notifications_state(a->notifications, &b.stream);
  samples_state(&b, &a->stats, out);
}
