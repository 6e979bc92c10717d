/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/sqs/internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/net/http/tls_files.h"

enum {
  /* Longer than a long poll, whose answer may begin after 20 s. */
  TIMEOUT_MS = 60 * 1000,
  METADATA_TIMEOUT_MS = 5000,
  METADATA_CONNECT_MS = 1000,
};

static enum gc_code consumer_init(struct sqs *s, struct consumer *c,
                                  struct gc_err *err) {
  c->sqs = s;
  c->loop = gc_loop_new(err);
  if (c->loop == NULL)
    return err->code;
  c->http = gc_http_new(c->loop, &s->connect, err);
  c->metadata_http =
      c->http != NULL ? gc_http_new(c->loop, &s->metadata_connect, err) : NULL;
  if (c->metadata_http == NULL)
    return err->code;
  c->transport = gc_http_transport(c->http);
  c->metadata = gc_http_transport(c->metadata_http);
  return consumer_set(c, err);
}

static enum gc_code consumer_start(struct consumer *c, unsigned number,
                                   struct gc_err *err) {
  char name[32];
  snprintf(name, sizeof(name), "gc-sqs-%u", number);
  GC_TRY(gc_loop_start(c->loop, name, err));
  gc_loop_call(c->loop, consumer_begin, c);
  return GC_OK;
}

static void consumer_clear(struct consumer *c) {
  if (c->metadata_http != NULL)
    consumer_clear_work(c);
  gc_http_free(c->http);
  gc_http_free(c->metadata_http);
  gc_loop_free(c->loop);
}

static enum gc_code set_connections(struct sqs *s, struct gc_err *err) {
  s->no_proxy[0] = '*';
  s->connect = *s->settings.connect;
  s->connect.timeout_ms = TIMEOUT_MS;
  s->connect.address_option = "QueueURL (or AWSRegion)";
  /* The options do not apply to the cloud's own addresses. */
  s->metadata_connect =
      (struct gc_connect){.timeout_ms = METADATA_TIMEOUT_MS,
                          .connect_timeout_ms = METADATA_CONNECT_MS,
                          .verify_peer = true,
                          .verify_host = true,
                          .no_proxy = s->no_proxy,
                          .address_option = "the metadata service of AWS"};
  return gc_tls_files_new(&s->connect, &s->connect.files, err);
}

void sqs_stop(struct sqs *s) {
  for (uint32_t i = 0; s != NULL && i < s->count; i++)
    if (s->consumers[i].loop != NULL)
      gc_loop_stop(s->consumers[i].loop);
}

void sqs_free(struct sqs *s) {
  if (s == NULL)
    return;
  for (uint32_t i = 0; i < s->count; i++)
    consumer_clear(&s->consumers[i]);
  gc_tls_files_free(s->connect.files);
  pthread_mutex_destroy(&s->lock);
  free(s->consumers);
  free(s);
}

/* Starts the consumers. Fails if the first one cannot start; reports the others
 * that cannot start. */
static enum gc_code start_consumers(struct sqs *s, struct gc_err *err) {
  for (uint32_t i = 0; i < s->count; i++) {
    enum gc_code code = consumer_start(&s->consumers[i], i + 1, err);
    if (code != GC_OK && i == 0)
      return code;
    if (code != GC_OK)
      consumer_report(&s->consumers[i], err);
  }
  return GC_OK;
}

struct sqs *sqs_start(const struct sqs_settings *settings, struct gc_err *err) {
  const struct sqs_options *o = settings->options;
  struct sqs *s = calloc(1, sizeof(*s));
  if (s != NULL)
    s->consumers = calloc(o->consumers, sizeof(*s->consumers));
  if (s == NULL || s->consumers == NULL) {
    free(s);
    gc_fail(err, GC_ERR_MEMORY, "out of memory");
    return NULL;
  }
  pthread_mutex_init(&s->lock, NULL);
  s->settings = *settings;
  s->count = o->consumers;
  sqs_endpoint(o->queue_url, s->endpoint);
  snprintf(s->scope, sizeof(s->scope), "aws:amz:%s:sqs", o->region);
  if (set_connections(s, err) != GC_OK) {
    sqs_free(s);
    return NULL;
  }
  for (uint32_t i = 0; i < s->count; i++)
    if (consumer_init(s, &s->consumers[i], err) != GC_OK) {
      sqs_free(s);
      return NULL;
    }
  if (start_consumers(s, err) == GC_OK)
    return s;
  sqs_free(s);
  return NULL;
}
