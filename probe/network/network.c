/* SPDX-License-Identifier: MIT */
#include "probe/network/network.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/analytics/query/query.h"
#include "common/base/alloc.h"
#include "common/base/json/document.h"
#include "common/base/timestamp.h"
#include "common/net/api/secret.h"
#include "common/net/clock.h"
#include "common/net/detached.h"
#include "plugins/genesys_analytics/options.h"
#include "plugins/genesys_flowmetrics/flows/observations.h"
#include "plugins/genesys_flowmetrics/options.h"
#include "plugins/genesys_flowmetrics/sources/sqs/client.h"
#include "plugins/genesys_flowmetrics/sources/sqs/protocol.h"
#include "plugins/genesys_influxdb/options.h"
#include "plugins/genesys_influxdb/sender/answer.h"
#include "plugins/genesys_realtime/options.h"
#include "probe/network/channel.h"
#include "probe/network/redis.h"

/* ---- queries ---- */

/* Requests the newest whole interval as the block does, but without a filter.
 */
static void poll_interval(const struct probe_place *p,
                          const struct gc_query *q) {
  enum gc_endpoint_id endpoint = gc_source(q->source)->endpoint;
  char interval[GC_INTERVAL_SIZE];
  GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = 1 << 20};
  GC_AUTO(probe_answer_clear) struct probe_answer answer = {.date_ms = 0};
  GC_AUTO(gc_document_clear) struct gc_document d = {0};
  int64_t period_ms = q->rule.period_ms;
  int64_t end_ms = gc_timestamp_floor(gc_clock_wall_ms(), period_ms);
  if (!probe_has_time(p, PROBE_POLL) ||
      gc_analytics_query_body(q, end_ms - period_ms, end_ms, NULL, 0, &body) !=
          GC_OK)
    return;
  const struct probe_request request = {.endpoint = endpoint,
                                        .body = body.data};
  (void)probe_call(p, &request, &answer);
  probe_permission_report(p, endpoint, &answer.err);
  if (answer.err.code != GC_OK) {
    probe_report(p, PROBE_POLL, PROBE_FAILED, "%s", answer.err.text);
    return;
  }
  /* An answer without a list of results counts as 0 groups. */
  enum gc_code code =
      gc_document_read(&d, gc_buf_string(&answer.body), answer.body.len,
                       answer.body.max, &answer.err);
  probe_report(p, PROBE_POLL, code == GC_OK ? PROBE_OK : PROBE_FAILED,
               code == GC_OK ? "%s: %zu groups in %zu bytes" : "%s: no JSON",
               gc_interval_print(interval, end_ms - period_ms, end_ms),
               gc_document_count(gc_document_member(d.root, "results")),
               answer.body.len);
}

/* Checks the permissions for the names of the block's dimensions and metrics.
 */
static void check_name_permissions(const struct probe_place *p,
                                   const struct gc_query *q) {
  static const struct {
    const char *word;
    enum gc_endpoint_id endpoint;
  } rows[] = {{"queueId", GC_ENDPOINT_QUEUES},
              {"flowId", GC_ENDPOINT_FLOWS},
              {"flowOutcomeId", GC_ENDPOINT_FLOW_OUTCOMES},
              {"flowMilestoneId", GC_ENDPOINT_FLOW_MILESTONES}};
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    if (gc_query_place_of(q, rows[i].word) >= 0)
      (void)probe_permission_check(p, rows[i].endpoint);
  for (size_t i = 0; i < q->metrics.count; i++)
    if (strcmp(q->metrics.at[i], "tOrganizationPresence") == 0)
      (void)probe_permission_check(p, GC_ENDPOINT_PRESENCES);
}

static void check_query(const struct probe_place *p) {
  const struct query_options *o = p->block->options;
  if (p->account == NULL)
    return;
  check_name_permissions(p, &o->query);
  poll_interval(p, &o->query);
}

static void check_flows_block(const struct probe_place *p) {
  const struct flows_options *o = p->block->options;
  if (p->account == NULL)
    return;
  check_name_permissions(p, &o->query);
  if (o->observations == FLOW_ACTIVITY)
    (void)probe_permission_check(p, GC_ENDPOINT_FLOW_ACTIVITY);
  else if (o->observations != FLOW_OFF)
    (void)probe_permission_check(p, GC_ENDPOINT_FLOW_OBSERVATIONS);
  poll_interval(p, &o->query);
}

/* ---- influxdb ---- */

enum {
  URL_MAX = 8192,
  HEADER_MAX = 16384,
  WORDS_SIZE = 200,
  FILES_WAIT_MS = 300, /* longest wait for a disk that hangs */
};

struct request {
  const struct probe_place *place;
  const struct influx_target *target;
};

static const char *store_of(const struct influx_target *t) {
  return t->version == INFLUX_V1 ? t->database : t->bucket;
}

static void report_answer(void *ctx, const struct gc_reply *reply,
                          const struct gc_err *err) {
  const struct request *r = ctx;
  const struct probe_place *p = r->place;
  const char *kind = r->target->version == INFLUX_V1 ? "database" : "bucket";
  char words[WORDS_SIZE];
  if (reply->failure != GC_FAILURE_NONE) {
    probe_report(p, PROBE_INFLUXDB, PROBE_FAILED, "%s", err->text);
    return;
  }
  struct influx_decision decision = influx_decide(reply);
  influx_answer_words(&reply->body, words, sizeof(words));
  if (decision.action == INFLUX_ACCEPTED)
    probe_report(p, PROBE_INFLUXDB, PROBE_OK,
                 "%s: the %s \"%s\" may be written (%d); nothing was",
                 r->target->url, kind, store_of(r->target), reply->status);
  else
    probe_report(p, PROBE_INFLUXDB, PROBE_FAILED,
                 "%s: %d for the %s \"%s\": %s%s%s", r->target->url,
                 reply->status, kind, store_of(r->target), words,
                 decision.hint[0] != '\0' ? "; " : "", decision.hint);
}

/* Reads the token or the password, if there is one. */
static enum gc_code read_secret(const struct influx_node_settings *s,
                                struct gc_buf *out, struct gc_err *err) {
  const struct gc_secret secret = {
      .literal = s->password, .file = s->secret_file, .what = s->secret_option};
  if (s->password == NULL && s->secret_file == NULL)
    return GC_OK;
  struct gc_detached *reads = gc_detached_new("gc-secret", FILES_WAIT_MS);
  enum gc_code code = gc_secret_read(reads, &secret, out, err);
  gc_detached_free(reads);
  return code;
}

static enum gc_code write_comment(const struct probe_place *p,
                                  const struct influx_node_settings *s,
                                  struct probe_server *server,
                                  struct gc_err *err) {
  static const char comment[] = "# genesys-probe\n";
  GC_AUTO(gc_buf_clear) struct gc_buf url = {.max = URL_MAX};
  GC_AUTO(gc_buf_wipe) struct gc_buf secret = {.max = GC_SECRET_MAX_BYTES};
  GC_AUTO(gc_buf_wipe) struct gc_buf authorization = {.max = HEADER_MAX};
  struct request r = {.place = p, .target = &s->target};
  GC_TRY(read_secret(s, &secret, err));
  GC_TRY(influx_target_url(&s->target, &url));
  GC_TRY(influx_target_authorization(&s->target, gc_buf_string(&secret),
                                     &authorization));
  const char *const headers[] = {
      "Content-Type: text/plain; charset=utf-8", "Accept: application/json",
      authorization.len > 0 ? authorization.data : NULL, NULL};
  struct gc_exchange x = {.method = "POST",
                          .url = url.data,
                          .headers = headers,
                          .body = comment,
                          .body_len = strlen(comment),
                          .body_max = 65536};
  return probe_server_send(p, server, &x, report_answer, &r, err);
}

static void check_node(const struct probe_place *p) {
  struct influx_node_settings settings = {.password = NULL};
  struct probe_server server = {.loop = NULL};
  struct gc_err err = {.code = GC_OK};
  if (!probe_has_time(p, PROBE_INFLUXDB))
    return;
  (void)gc_fail(&err, GC_ERR_MEMORY, "out of memory");
  node_settings(p->block->options, &settings);
  if (probe_server_open(&server, &settings.connect, &err) != GC_OK ||
      write_comment(p, &settings, &server, &err) != GC_OK)
    probe_report(p, PROBE_INFLUXDB, PROBE_FAILED, "%s", err.text);
  probe_server_close(&server);
}

/* ---- attributes ---- */

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
  return GC_OK;
}

static enum gc_code find_keys(struct sqs_trial *t, struct gc_err *err) {
  uint32_t limit_ms = probe_left_ms(t->place, PROBE_STEP_LIMIT_MS);
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
    probe_report(p, PROBE_SQS, is_json ? PROBE_OK : PROBE_FAILED, "%s: %s",
                 t->options->sqs.queue_url,
                 !is_json    ? "the answer is no JSON"
                 : count > 0 ? "a message was received, and stays in the queue"
                             : "no message is visible now");
    return;
  }
  probe_report(p, PROBE_SQS, PROBE_FAILED, "%s", refused.text);
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
    code = probe_server_send(t->place, &t->queue, &r.exchange, report_receive,
                             t, err);
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
  if (!probe_has_time(p, PROBE_SQS))
    return;
  if (open_servers(&t, config, &err) != GC_OK || find_keys(&t, &err) != GC_OK ||
      receive_once(&t, &err) != GC_OK)
    probe_report(p, PROBE_SQS, PROBE_FAILED, "%s", err.text);
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
  struct gc_entities *queues = probe_names_read(p, GC_QUEUE);
  if (queues != NULL && gc_entities_count(queues) > 0) {
    struct probe_topics topics = {.count = 1};
    gc_topic_of_queue(topics.at[0], gc_entities_at(queues, 0)->id);
    probe_channel_check(p, &topics);
  }
  gc_entities_put(queues);
}

/* An <Attributes> block: its source, and the Redis of its state. Opens no port
 * of a webhook, because the live agent may have it. Of a queue of SQS it
 * receives up to one message with a visibility time-out of 0, so that the
 * message stays visible to the agent, and deletes nothing: this needs
 * sqs:ReceiveMessage alone. SQS counts the receive (ApproximateReceiveCount).
 */
static void check_attributes(const struct probe_place *p) {
  const struct attributes_block *b = (const struct attributes_block *)p->block;
  const struct attributes_options *o = p->block->options;
  if (o->source == FROM_SQS)
    check_sqs(p, o, &b->config);
  else if (o->source == FROM_NOTIFICATIONS && p->account != NULL)
    check_notifications(p);
  if (b->config.is_shared)
    probe_redis_check(p, &b->config.redis);
}

/* ---- StateDir ---- */

/* What a look at the folder finds, made on a thread of its own: its disk may
 * hang. */
struct folder_look {
  char path[4096]; /* of StateDir, then of the nearest folder that exists */
  bool exists;
  char why[200]; /* "": it can be written, or made */
};

/* Looks without writing: the live agent may use the folder. */
static void look_at_folder(void *ctx) {
  struct folder_look *f = ctx;
  struct stat what;
  f->exists = stat(f->path, &what) == 0;
  while (stat(f->path, &what) != 0 && errno == ENOENT) {
    char *slash = strrchr(f->path, '/');
    if (slash == NULL)
      snprintf(f->path, sizeof(f->path), ".");
    else
      slash[slash == f->path ? 1 : 0] = '\0';
  }
  if (stat(f->path, &what) != 0)
    snprintf(f->why, sizeof(f->why), "cannot be looked at: %s",
             strerror(errno));
  else if (!S_ISDIR(what.st_mode))
    snprintf(f->why, sizeof(f->why), "is no folder");
  else if (access(f->path, W_OK | X_OK) != 0)
    snprintf(f->why, sizeof(f->why),
             "cannot be written by user %u; its owner is %u",
             (unsigned)geteuid(), (unsigned)what.st_uid);
}

static void check_folder(const struct probe_reporter *r, const char *folder) {
  enum { LOOK_MS = 2000 };
  const struct probe_place p = {.reporter = r, .subject = "genesys"};
  if (folder == NULL)
    return;
  struct gc_detached *d = gc_detached_new("gc-probe", LOOK_MS);
  struct folder_look *f = gc_zalloc(1, sizeof(*f));
  snprintf(f->path, sizeof(f->path), "%s", folder);
  if (gc_detached_run(d, look_at_folder, free, f) != GC_OK) {
    probe_report(&p, PROBE_FOLDER, PROBE_FAILED,
                 "StateDir %s: no answer of the file system", folder);
  } else {
    if (f->why[0] != '\0')
      probe_report(&p, PROBE_FOLDER, PROBE_FAILED, "StateDir %s%s%s: %s",
                   folder, f->exists ? "" : " cannot be made: ",
                   f->exists ? "" : f->path, f->why);
    else
      probe_report(&p, PROBE_FOLDER, PROBE_OK, "StateDir %s: %s", folder,
                   f->exists ? "can be written" : "can be made");
    free(f);
  }
  gc_detached_free(d);
}

struct probe_run {
  struct probe_reporter reporter;
  struct probe_account accounts[GC_ACCOUNTS_MAX];
  size_t count;
};

static void check_account(void *ctx, const char *name, const char *host) {
  struct probe_run *run = ctx;
  (void)host;
  run->accounts[run->count++] = (struct probe_account){
      .name = name, .account = probe_account_check(&run->reporter, name)};
}

/* ---- blocks ---- */

#define ACCOUNT_OF(owner)                                                      \
  static const char *account_of_##owner(const void *options) {                 \
    return ((const struct owner *)options)->account;                           \
  }
ACCOUNT_OF(queues_options)
ACCOUNT_OF(query_options)
ACCOUNT_OF(flows_options)
ACCOUNT_OF(attributes_options)

/* The kinds of blocks, by plugin and prefix. */
static const struct {
  const char *plugin, *prefix, *word;
  const char *(*account)(const void *options); /* NULL: it needs none */
  void (*check)(const struct probe_place *p);
} kinds[] = {
    {"genesys_realtime", "queues", "Queues", account_of_queues_options,
     probe_queues_check},
    {"genesys_analytics", "query", "Query", account_of_query_options,
     check_query},
    {"genesys_flowmetrics", "attributes", "Attributes",
     account_of_attributes_options, check_attributes},
    {"genesys_influxdb", "node", "Node", NULL, check_node},
    {"genesys_flowmetrics", "flows", "Flows", account_of_flows_options,
     check_flows_block},
};

static struct probe_account *find_account(struct probe_run *run,
                                          const char *name) {
  for (size_t i = 0; name != NULL && i < run->count; i++)
    if (strcmp(run->accounts[i].name, name) == 0)
      return &run->accounts[i];
  return NULL;
}

static void check_block(void *ctx, struct gc_block *b) {
  struct probe_run *run = ctx;
  struct probe_place p = {.reporter = &run->reporter, .block = b};
  for (size_t i = 0; i < GC_COUNT(kinds); i++) {
    if (strcmp(kinds[i].plugin, b->plugin->name) != 0 ||
        strcmp(kinds[i].prefix, b->is->prefix) != 0)
      continue;
    snprintf(p.subject, sizeof(p.subject), "%s <%s \"%.200s\">",
             b->plugin->name, kinds[i].word, b->name);
    if (kinds[i].account != NULL)
      p.state = find_account(run, kinds[i].account(b->options));
    p.account = p.state != NULL ? p.state->account : NULL;
    kinds[i].check(&p);
  }
}

GC_API void probe_network_run(probe_say *say) {
  static struct probe_run run; /* too large for a stack */
  run.reporter = (struct probe_reporter){
      .say = say, .end_ms = gc_clock_now_ms() + PROBE_NETWORK_LIMIT_MS};
  probe_hold_prepare();
  check_folder(&run.reporter, gc_accounts_state_dir());
  probe_accounts_prepare();
  gc_accounts_each(check_account, &run);
  gc_plugins_each(check_block, &run);
  probe_accounts_finish();
}
