/* SPDX-License-Identifier: MIT */
#include "probe/network/place.h"

#include <stdio.h>
#include <string.h>

#include "common/base/json/document.h"
#include "common/net/clock.h"
#include "plugins/genesys_flowmetrics/options.h"
#include "plugins/genesys_flowmetrics/sources/sqs/client.h"
#include "plugins/genesys_flowmetrics/sources/sqs/protocol.h"
#include "probe/network/call.h"
#include "probe/network/channel.h"
#include "probe/network/permissions.h"
#include "probe/network/redis.h"

enum { METADATA_TIMEOUT_MS = 5000, METADATA_CONNECT_MS = 1000 };

struct sqs_trial {
  const struct probe_place *place;
  const struct attributes_options *options;
  struct probe_server queue, metadata;
  struct gc_transport transport; /* of the keys */
  struct credentials_keeper *keeper;
  struct credentials keys; /* secret */
  struct probe_wait wait;
  struct gc_err err;
};

/* ---- keys ---- */

static void take_keys(struct sqs_trial *t, const struct credentials *keys) {
  t->keys = *keys;
  t->err.code = GC_OK;
  probe_wait_end(&t->wait);
}

static void on_keys(void *ctx, const struct gc_err *err) {
  struct sqs_trial *t = ctx;
  const struct credentials *keys =
      err->code == GC_OK ? credentials_get(t->keeper, on_keys, t) : NULL;
  if (keys != NULL) {
    take_keys(t, keys);
  } else if (err->code != GC_OK) {
    t->err = *err;
    probe_wait_end(&t->wait);
  }
}

static void get_keys(void *ctx) {
  struct sqs_trial *t = ctx;
  const struct credentials *keys = credentials_get(t->keeper, on_keys, t);
  if (keys != NULL)
    take_keys(t, keys);
}

static void free_keeper(void *ctx) {
  struct sqs_trial *t = ctx;
  credentials_keeper_free(t->keeper);
  t->keeper = NULL;
}

/* Keys of a container or an instance come from the cloud's own addresses, to
 * which the block's options do not apply. */
static enum gc_code open_servers(struct sqs_trial *t,
                                 const struct attributes_config *config,
                                 struct gc_err *err) {
  static char all_hosts[] = "*";
  const struct gc_connect metadata = {.timeout_ms = METADATA_TIMEOUT_MS,
                                      .connect_timeout_ms = METADATA_CONNECT_MS,
                                      .verify_peer = true,
                                      .verify_host = true,
                                      .no_proxy = all_hosts};
  struct gc_connect connect = t->options->connect;
  bool is_sts = config->credentials.place == CREDENTIALS_WEB_IDENTITY;
  connect.timeout_ms = PROBE_STEP_LIMIT_MS;
  connect.address_option = "QueueURL (or AWSRegion)";
  GC_TRY(probe_server_open(&t->queue, &connect, err));
  GC_TRY(probe_server_open(&t->metadata, is_sts ? &connect : &metadata, err));
  t->transport = gc_http_transport(t->metadata.http);
  t->keeper = credentials_keeper_new(&config->credentials, &t->transport,
                                     gc_clock_now_ms, gc_clock_wall_ms);
  return t->keeper != NULL ? GC_OK
                           : gc_fail(err, GC_ERR_MEMORY, "out of memory");
}

static enum gc_code find_keys(struct sqs_trial *t, struct gc_err *err) {
  uint32_t limit_ms = probe_left_ms(t->place->reporter, PROBE_STEP_LIMIT_MS);
  (void)gc_fail(&t->err, GC_ERR_TIMEOUT, "no keys within %u s",
                (unsigned)(limit_ms / 1000));
  (void)probe_wait_run(&t->wait, t->metadata.loop, get_keys, free_keeper, t,
                       limit_ms);
  *err = t->err;
  return err->code;
}

/* ---- one receive ---- */

static void report_receive(void *ctx, const struct gc_reply *reply,
                           const struct gc_err *err) {
  const struct sqs_trial *t = ctx;
  const struct probe_place *p = t->place;
  struct gc_err refused = {.code = GC_OK};
  if (sqs_check_reply(reply, err, "ReceiveMessage", &refused) == GC_OK) {
    GC_AUTO(gc_document_clear) struct gc_document d = {0};
    bool is_json =
        gc_document_read(&d, gc_buf_string(&reply->body), reply->body.len,
                         SQS_ANSWER_MAX_BYTES, NULL) == GC_OK;
    size_t count = gc_document_count(gc_document_member(d.root, "Messages"));
    probe_report(p->reporter, PROBE_SQS, is_json ? PROBE_OK : PROBE_FAILED,
                 p->subject, "%s: %s", t->options->sqs.queue_url,
                 !is_json    ? "the answer is no JSON"
                 : count > 0 ? "a message was received, and stays in the queue"
                             : "no message is visible now");
    return;
  }
  probe_report(p->reporter, PROBE_SQS, PROBE_FAILED, p->subject, "%s",
               refused.text);
}

static enum gc_code receive_once(struct sqs_trial *t, struct gc_err *err) {
  const struct sqs_options *o = &t->options->sqs;
  struct sqs_client client;
  struct sqs_request r = {.exchange = {.body_max = SQS_ANSWER_MAX_BYTES},
                          .body = {.max = 65536}};
  sqs_client_init(&client, o->queue_url, o->region, NULL);
  enum gc_code code = sqs_receive_body(o->queue_url, 1, 0, 0, &r.body, err);
  if (code == GC_OK) {
    sqs_request_sign(&client, &r, &t->keys, "AmazonSQS.ReceiveMessage");
    code = probe_server_send(t->place->reporter, &t->queue, &r.exchange,
                             report_receive, t, err);
  }
  gc_buf_clear(&r.body);
  sqs_request_end(&r);
  return code;
}

static void check_sqs(const struct probe_place *p,
                      const struct attributes_options *o,
                      const struct attributes_config *config) {
  struct sqs_trial t = {.place = p, .options = o};
  struct gc_err err = {.code = GC_OK};
  if (!probe_has_time(p->reporter, PROBE_SQS, p->subject))
    return;
  if (open_servers(&t, config, &err) != GC_OK || find_keys(&t, &err) != GC_OK ||
      receive_once(&t, &err) != GC_OK)
    probe_report(p->reporter, PROBE_SQS, PROBE_FAILED, p->subject, "%s",
                 err.text);
  credentials_keeper_free(t.keeper);
  probe_server_close(&t.queue);
  probe_server_close(&t.metadata);
  explicit_bzero(&t.keys, sizeof(t.keys));
}

/* Tries the topic of one queue; the block subscribes to those of all queues. */
static void check_notifications(const struct probe_place *p) {
  if (probe_permission_check(p, GC_ENDPOINT_QUEUES) != GC_OK ||
      p->state->channel_tried)
    return;
  p->state->channel_tried = true;
  struct gc_entities *queues =
      probe_names_read(p->reporter, p->account, GC_QUEUE);
  if (queues != NULL && gc_entities_count(queues) > 0) {
    struct probe_topics topics = {.count = 1};
    gc_topic_of_queue(topics.at[0], gc_entities_at(queues, 0)->id);
    probe_channel_check(p, &topics);
  }
  gc_entities_put(queues);
}

void probe_attributes_check(const struct probe_place *p) {
  const struct attributes_block *b = (const struct attributes_block *)p->block;
  const struct attributes_options *o = p->block->options;
  if (o->source == FROM_SQS)
    check_sqs(p, o, &b->config);
  else if (o->source == FROM_NOTIFICATIONS && p->account != NULL)
    check_notifications(p);
  if (b->config.is_shared)
    probe_redis_check(p, &b->config.redis);
}
