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
#include "plugins/genesys_influxdb/options.h"
#include "plugins/genesys_influxdb/sender/answer.h"
#include "plugins/genesys_realtime/options.h"
#include "probe/network/call.h"
#include "probe/network/permissions.h"
#include "probe/network/place.h"

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
  if (!probe_has_time(p->reporter, PROBE_POLL, p->subject) ||
      gc_analytics_query_body(q, end_ms - period_ms, end_ms, NULL, 0, &body) !=
          GC_OK)
    return;
  const struct probe_request request = {.endpoint = endpoint,
                                        .body = body.data};
  (void)probe_call(p->reporter, p->account, &request, &answer);
  probe_permission_report(p, endpoint, &answer.err);
  if (answer.err.code != GC_OK) {
    probe_report(p->reporter, PROBE_POLL, PROBE_FAILED, p->subject, "%s",
                 answer.err.text);
    return;
  }
  /* An answer without a list of results counts as 0 groups. */
  enum gc_code code =
      gc_document_read(&d, gc_buf_string(&answer.body), answer.body.len,
                       answer.body.max, &answer.err);
  probe_report(p->reporter, PROBE_POLL, code == GC_OK ? PROBE_OK : PROBE_FAILED,
               p->subject,
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
    probe_report(p->reporter, PROBE_INFLUXDB, PROBE_FAILED, p->subject, "%s",
                 err->text);
    return;
  }
  struct influx_decision decision = influx_decide(reply);
  influx_answer_words(&reply->body, words, sizeof(words));
  if (decision.action == INFLUX_ACCEPTED)
    probe_report(p->reporter, PROBE_INFLUXDB, PROBE_OK, p->subject,
                 "%s: the %s \"%s\" may be written (%d); nothing was",
                 r->target->url, kind, store_of(r->target), reply->status);
  else
    probe_report(p->reporter, PROBE_INFLUXDB, PROBE_FAILED, p->subject,
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
  if (s->secret_file == NULL)
    return gc_secret_read(&secret, out, err);
  struct gc_detached *reads = gc_detached_new("gc-secret", FILES_WAIT_MS, NULL);
  if (reads == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  enum gc_code code = gc_secret_read_bounded(reads, &secret, out, err);
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
  return probe_server_send(p->reporter, server, &x, report_answer, &r, err);
}

static void check_node(const struct probe_place *p) {
  struct influx_node_settings settings = {.password = NULL};
  struct probe_server server = {.loop = NULL};
  struct gc_err err = {.code = GC_OK};
  if (!probe_has_time(p->reporter, PROBE_INFLUXDB, p->subject))
    return;
  (void)gc_fail(&err, GC_ERR_MEMORY, "out of memory");
  node_settings(p->block->options, &settings);
  if (probe_server_open(&server, &settings.connect, &err) != GC_OK ||
      write_comment(p, &settings, &server, &err) != GC_OK)
    probe_report(p->reporter, PROBE_INFLUXDB, PROBE_FAILED, p->subject, "%s",
                 err.text);
  probe_server_close(&server);
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
  if (folder == NULL)
    return;
  struct gc_detached *d = gc_detached_new("gc-probe", LOOK_MS, NULL);
  struct folder_look *f = gc_zalloc(1, sizeof(*f));
  snprintf(f->path, sizeof(f->path), "%s", folder);
  if (gc_detached_run(d, look_at_folder, free, f) != GC_OK) {
    probe_report(r, PROBE_FOLDER, PROBE_FAILED, "genesys",
                 "StateDir %s: no answer of the file system", folder);
  } else {
    if (f->why[0] != '\0')
      probe_report(r, PROBE_FOLDER, PROBE_FAILED, "genesys",
                   "StateDir %s%s%s: %s", folder,
                   f->exists ? "" : " cannot be made: ",
                   f->exists ? "" : f->path, f->why);
    else
      probe_report(r, PROBE_FOLDER, PROBE_OK, "genesys", "StateDir %s: %s",
                   folder, f->exists ? "can be written" : "can be made");
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
     account_of_attributes_options, probe_attributes_check},
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
