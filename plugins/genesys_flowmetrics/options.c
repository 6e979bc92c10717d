/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/options.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/glob.h"
#include "common/base/strs.h"
#include "common/base/timestamp.h"
#include "common/base/url.h"
#include "common/daemon/listen_options.h"
#include "common/net/api/secret.h"
#include "common/net/file.h"
#include "plugins/genesys_flowmetrics/flows/observations.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"
#include "plugins/genesys_flowmetrics/sources/sqs/protocol.h"

enum {
  HOUR_MS = 3600 * 1000,
  FILE_WAIT_MAX_MS = 200,
  VISIBILITY_LEAST_S = 30,
};
#define RETENTION_MAX_MS (INT64_C(366) * 24 * HOUR_MS)

/* The words of enum attributes_from, in its order. */
static const char *const sources[] = {"sqs", "webhook", "notifications", NULL};

#define OWNER struct attributes_options

const struct gc_opt attributes_rows[] = {
    GC_OPT_STR(OWNER, account, "Account", NULL, 0,
               "Name of an `<Account>` of the plugin genesys, whose Host the "
               "values then have. `notifications` needs it; `sqs` and "
               "`webhook` do not.",
               "prod"),
    GC_OPT_ENUM(OWNER, source, "Source", "sqs", sources,
                "Source of the events: an Amazon SQS queue, "
                "HTTPS requests of an EventBridge API destination, or "
                "the conversation events of all queues on the account's "
                "notification channel.",
                "webhook"),
    GC_OPT_STR(OWNER, sqs.queue_url, "QueueURL", NULL, 0,
               "sqs: address of the queue. `http://` only on the loopback "
               "address.",
               "https://sqs.eu-west-1.amazonaws.com/123456789012/genesys"),
    GC_OPT_STR(OWNER, sqs.region, "AWSRegion", NULL, 0,
               "sqs: region of the queue; default: the one in QueueURL, else "
               "AWS_REGION or AWS_DEFAULT_REGION of the environment.",
               "eu-west-1"),
    GC_OPT_STR(OWNER, sqs.access_key_id, "AccessKeyId", NULL, 0,
               "sqs: id of an access key. Without it: the environment, the web "
               "identity token of EKS, the shared credentials file, the "
               "container's endpoint, the instance's role, in this order.",
               "AKIAIOSFODNN7EXAMPLE"),
    GC_OPT_STR(OWNER, sqs.secret_access_key_file, "SecretAccessKeyFile", NULL,
               0,
               "sqs: file that holds the secret access key; white space "
               "around it is dropped.",
               "/etc/collectd/aws.secret"),
    GC_OPT_INT(OWNER, sqs.consumers, "Consumers", "2", 1, 32, "requests",
               "sqs: long polls of the queue at the same time.", "4"),
    GC_OPT_INT(
        OWNER, sqs.visibility_s, "VisibilityTimeout", "60", 5, 43200, "s",
        "sqs: a received message is hidden for this time; SQS delivers it "
        "again if it is not committed by then.",
        "120"),
    GC_OPT_STR(OWNER, connect.proxy, "Proxy", NULL, GC_OPT_SECRET,
               "sqs: proxy, `http://user:password@host:port` or `https://…`; "
               "default: the environment's.",
               "http://proxy.example.com:3128"),
    GC_OPT_STR(OWNER, connect.no_proxy, "NoProxy", NULL, 0,
               "sqs: hosts that are reached without the proxy, separated by "
               "commas.",
               "169.254.169.254"),
    GC_OPT_STR(
        OWNER, connect.ca_cert, "CACert", NULL, 0,
        "sqs, rediss: file or folder of the certificates to trust; default: "
        "the system's.",
        "/etc/ssl/certs/company-ca.pem"),
    GC_OPT_BOOL(OWNER, connect.verify_peer, "VerifyPeer", "true",
                "sqs, rediss: verify the server's certificate.", "true"),
    GC_OPT_BOOL(OWNER, connect.verify_host, "VerifyHost", "true",
                "sqs, rediss: verify that the certificate is for this host.",
                "true"),
    GC_OPT_INT(OWNER, connect_timeout_s, "ConnectTimeout", "5", 1, 600, "s",
               "sqs: longest time for name look-up, connection, proxy and TLS "
               "handshake together.",
               "3"),
    GC_OPT_STR(OWNER, webhook.at.listen, "Listen", "127.0.0.1", 0,
               "webhook: address to listen on. Any address except the loopback "
               "address needs TLSCert or SharedSecretFile; both are better.",
               "0.0.0.0"),
    GC_OPT_INT(OWNER, webhook.at.port, "Port", "8443", 1, 65535, "",
               "webhook: port to listen on.", "9443"),
    GC_OPT_STR(OWNER, webhook.path, "Path", "/genesys", 0,
               "webhook: path that accepts events.", "/events"),
    GC_OPT_STR(OWNER, webhook.at.tls_cert, "TLSCert", NULL, 0,
               "webhook: PEM file of the certificate and its chain.",
               "/etc/collectd/hook.pem"),
    GC_OPT_STR(OWNER, webhook.at.tls_key, "TLSKey", NULL, 0,
               "webhook: PEM file of the certificate's key; default: TLSCert.",
               "/etc/collectd/hook.key"),
    GC_OPT_STR(OWNER, webhook.at.tls_client_ca, "TLSClientCA", NULL, 0,
               "webhook: PEM file of the authorities of client certificates; "
               "a request without a valid one is refused.",
               "/etc/collectd/clients.pem"),
    GC_OPT_STR(OWNER, webhook.secret_file, "SharedSecretFile", NULL, 0,
               "webhook: file that holds the secret that requests must carry.",
               "/etc/collectd/hook.secret"),
    GC_OPT_STR(OWNER, webhook.secret_header, "SharedSecretHeader", "X-Api-Key",
               0, "webhook: header that carries the secret.", "X-Genesys-Key"),
    GC_OPT_STRS(OWNER, webhook.handshakes, "Handshake",
                "webhook: globs of the hosts that are allowed to send events "
                "when they ask (Azure Event Grid, CloudEvents). Without "
                "a glob no host is allowed. May be repeated.",
                "*.eventgrid.azure.net"),
    GC_OPT_INT(OWNER, webhook.max_body_bytes, "MaxBody", "1048576", 1024,
               4194304, "bytes", "webhook: a larger body is answered 413.",
               "262144"),
    GC_OPT_STR(OWNER, format, "AttributeFormat",
               "%{flow}Metric_%{metric}(%{time})", 0,
               "The form of attribute names that are metrics.",
               "%{flow}_%{metric}@%{time}"),
    GC_OPT_STRS(OWNER, flows, "Flow",
                "Globs (`IVR*`) of the flows that count; a leading `!` "
                "excludes; the first match decides. Without any, a name with "
                "nine digits or more is refused. May be repeated.",
                "IVR*"),
    GC_OPT_STRS(
        OWNER, metrics, "Metric",
        "Globs of the metrics that count, as for Flow. Without any, a name "
        "with nine digits or more, as a telephone number has, is refused.",
        "Calls*"),
    GC_OPT_BOOL(OWNER, values, "Values", "false",
                "Also sum the numeric values of the attributes.", "true"),
    GC_OPT_STR(OWNER, state_url, "StateURL", NULL, 0,
               "Place of the counts; default: SQLite, "
               "`StateDir/flowmetrics.db`. A Redis lets several agents count "
               "together: `redis://HOST:PORT/DB`, `rediss://…` (TLS), "
               "`unix:///PATH?db=DB`. The same for all blocks.",
               "redis://redis.example.com:6379/0"),
    GC_OPT_STR(OWNER, state_user, "StateUser", NULL, 0,
               "redis: user of its ACL; default: the default user.",
               "collectd"),
    GC_OPT_STR(OWNER, state_password_file, "StatePasswordFile", NULL, 0,
               "redis: file that holds the password, read for each "
               "connection; white space around it is dropped.",
               "/etc/collectd/redis.secret"),
    GC_OPT_STR(
        OWNER, retention, "Retention", "P14D", 0,
        "Time for which counted attributes are remembered, by their own time. "
        "An older attribute is not counted. A counter that is idle for "
        "this time, at least a day, is retired. `PT1H` to `P366D`.",
        "P30D"),
    GC_OPT_INT(OWNER, max_series, "MaxSeries", "5000", 1, 1000000, "series",
               "Counters of one host that are not retired; attributes of "
               "further flows or metrics are not counted.",
               "20000"),
    GC_OPT_END,
};

#undef OWNER
#define OWNER struct flows_options

/* The words of enum flow_source, in its order. */
static const char *const flow_sources[] = {"auto", "query", "activity", "none",
                                           NULL};

const struct gc_opt flows_rows[] = {
    GC_OPT_STR(OWNER, account, "Account", NULL, GC_OPT_NEEDED,
               "Name of an `<Account>` of the plugin genesys.", "prod"),
    GC_OPT_ENUM(OWNER, observations, "Observations", "auto", flow_sources,
                "Source of the conversations in each flow now "
                "(`flow_active`): `query` requests 100 flows at a time; "
                "`activity` pages through all flows that have conversations; "
                "`auto` is `query` for up to 200 selected flows and `activity` "
                "beyond, and a line in the log says which; `none`: no "
                "observations.",
                "none"),
    GC_OPT_INT(OWNER, observation_interval_s, "ObservationInterval", "10", 5,
               3600, "s", "Time between two polls of the observations.", "30"),
    GC_OPT_STRS(OWNER, query.metrics, "Metric",
                "Metrics of the flow aggregates to request, any name the API "
                "knows; see Metrics. May be repeated. Defaults: below.",
                "nFlowOutcome"),
    GC_OPT_STRS(OWNER, query.group_by, "GroupBy",
                "Dimensions that distinguish series, in this order: "
                "`flowId` (the default), `flowOutcomeId`, `flowMilestoneId`, "
                "`flowOutcomeValue`, `flowType`, `mediaType` …; see Names.",
                "flowOutcomeId"),
    GC_ANALYTICS_OPTIONS(OWNER),
    GC_OPT_STRS(OWNER, query.chosen, "Flow",
                "Name globs (`IVR*`) or ids; a leading `!` excludes. The first "
                "match decides; without any, all flows. May be repeated.",
                "IVR*"),
    GC_OPT_ENUM(
        OWNER, query.label, "FlowLabel", "name", gc_analytics_labels,
        "Label of a flow, outcome or milestone: its `name`, its `id`, or "
        "`both` (NAME@ID).",
        "both"),
    GC_OPT_END,
};

static struct gc_err *next_warning(struct attributes_config *ret) {
  GC_ASSERT(ret->warning_count < ATTRIBUTES_WARNINGS_MAX);
  return &ret->warnings[ret->warning_count++];
}

/* Returns whether every user may read the file; false also for one on a disk
 * that hangs. */
static bool all_may_read(const char *path) {
  return (gc_file_mode(path, FILE_WAIT_MAX_MS) & S_IROTH) != 0;
}

/* Warns if every user can read a file that may hold a secret. */
static void warn_readable(const char *what, const char *path,
                          struct attributes_config *ret) {
  if (path != NULL && all_may_read(path))
    (void)gc_fail(next_warning(ret), GC_ERR_STATE,
                  "%s %s is readable by every user of this host; chmod 0640 "
                  "and chgrp it to collectd's group",
                  what, path);
}

/* ---- options of one source ---- */

/* Returns true for an option of one source, which its text in the manual names
 * ("sqs: …"), and not of the block's. With another source it is an error. */
static bool is_of_other(const struct gc_opt *row, int source, int *ret_source) {
  for (int i = FROM_SQS; i <= FROM_WEBHOOK; i++) {
    size_t len = strlen(sources[i]);
    if (i != source && strncmp(row->help, sources[i], len) == 0 &&
        row->help[len] == ':') {
      *ret_source = i;
      return true;
    }
  }
  return false;
}

static bool is_same_text(const char *a, const char *b) {
  return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Texts, numbers and lists, which are empty by default: the table above has no
 * option of another kind. */
static bool texts_differ(const struct gc_opt *row, const char *a,
                         const char *b) {
  a += row->offset;
  b += row->offset;
  if (row->kind == GC_OPT_KIND_STRS) {
    const void *at = a;
    const struct gc_strs *list = at;
    return list->count > 0;
  }
  return row->kind == GC_OPT_KIND_STR
             ? !is_same_text(*(char *const *)a, *(char *const *)b)
             : memcmp(a, b, sizeof(uint32_t)) != 0;
}

static enum gc_code check_source(const struct attributes_options *o,
                                 struct gc_err *err) {
  struct attributes_options preset = {0};
  int source = 0;
  enum gc_code code = GC_OK;
  gc_options_preset(attributes_rows, &preset);
  for (const struct gc_opt *row = attributes_rows;
       code == GC_OK && row->key != NULL; row++)
    if (is_of_other(row, o->source, &source) &&
        texts_differ(row, (const char *)o, (const char *)&preset))
      code = gc_fail(err, GC_ERR_CONFIG,
                     "%s: an option of Source \"%s\", without effect here, "
                     "where Source is \"%s\"",
                     row->key, sources[source], sources[o->source]);
  gc_options_clear(attributes_rows, &preset);
  return code;
}

static enum gc_code check_retention(const struct attributes_options *o,
                                    struct attributes_config *ret,
                                    struct gc_err *err) {
  const char *text = o->retention != NULL ? o->retention : "";
  if (gc_duration_parse(text, strlen(text), &ret->retention_ms, NULL) !=
          GC_OK ||
      ret->retention_ms < HOUR_MS || ret->retention_ms > RETENTION_MAX_MS)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Retention \"%.40s\": accepted are PT1H to P366D", text);
  return GC_OK;
}

static void replace_option(char **place, const char *text) {
  free(*place);
  *place = gc_strdup(text);
}

static enum gc_code find_region(struct sqs_options *o, struct gc_err *err) {
  char region[64];
  const char *env = getenv("AWS_REGION");
  if (env == NULL || *env == '\0')
    env = getenv("AWS_DEFAULT_REGION");
  if (o->region == NULL && sqs_region_of(o->queue_url, region))
    replace_option(&o->region, region);
  if (o->region == NULL && env != NULL && *env != '\0')
    replace_option(&o->region, env);
  if (o->region == NULL)
    return gc_fail(err, GC_ERR_CONFIG,
                   "AWSRegion is missing: QueueURL names no region");
  if (!sts_is_region(o->region))
    return gc_fail(err, GC_ERR_CONFIG,
                   "AWSRegion \"%.40s\" is not a region such as \"eu-west-1\"",
                   o->region);
  return GC_OK;
}

/* A commit takes milliseconds, but one that waits for a slow disk or a Redis
 * takes up to 30 s. */
static void warn_visibility(const struct sqs_options *o,
                            struct attributes_config *ret) {
  if (o->visibility_s < VISIBILITY_LEAST_S)
    (void)gc_fail(next_warning(ret), GC_ERR_CONFIG,
                  "VisibilityTimeout %u is short: when the state is slow, a "
                  "commit takes up to %d s; SQS then delivers messages again, "
                  "and this counts towards maxReceiveCount; the default is 60",
                  (unsigned)o->visibility_s, VISIBILITY_LEAST_S);
}

static enum gc_code check_sqs(struct attributes_options *o,
                              struct attributes_config *ret,
                              struct gc_err *err) {
  char url[GC_URL_SIZE];
  if (o->sqs.queue_url == NULL)
    return gc_fail(err, GC_ERR_CONFIG, "Source \"sqs\": QueueURL is missing");
  GC_TRY(gc_url_check("QueueURL", o->sqs.queue_url, url, err));
  replace_option(&o->sqs.queue_url, url);
  GC_TRY(find_region(&o->sqs, err));
  warn_visibility(&o->sqs, ret);
  warn_readable("SecretAccessKeyFile", o->sqs.secret_access_key_file, ret);
  o->connect.connect_timeout_ms = o->connect_timeout_s * 1000;
  o->sqs.connect = &o->connect;
  o->sqs.credentials = &ret->credentials;
  GC_TRY(credentials_find_source(o->sqs.access_key_id,
                                 o->sqs.secret_access_key_file, o->sqs.region,
                                 &ret->credentials, err));
  warn_readable("the shared credentials file", ret->credentials.file, ret);
  return GC_OK;
}

static enum gc_code check_webhook(const struct webhook_options *o,
                                  struct attributes_config *ret,
                                  struct gc_err *err) {
  const struct gc_listen_secret secret = {.file = o->secret_file,
                                          .header = o->secret_header,
                                          .client_can = "post events"};
  struct gc_err warning = {.code = GC_OK};
  if (o->path == NULL || o->path[0] != '/')
    return gc_fail(err, GC_ERR_CONFIG, "Path must begin with \"/\"");
  GC_TRY(gc_listen_check_secret(&o->at, &secret, &warning, err));
  warn_readable("SharedSecretFile", o->secret_file, ret);
  warn_readable(o->at.tls_key != NULL ? "TLSKey" : "TLSCert",
                o->at.tls_key != NULL ? o->at.tls_key : o->at.tls_cert, ret);
  if (warning.code != GC_OK)
    *next_warning(ret) = warning;
  return GC_OK;
}

static void warn_clear_text(const struct redis_url *url,
                            struct attributes_config *ret) {
  if (url->scheme == REDIS_TCP &&
      !gc_host_is_loopback(url->host, strlen(url->host)))
    (void)gc_fail(next_warning(ret), GC_ERR_CONFIG,
                  "StateURL \"%.100s\": password and counts are sent "
                  "unencrypted; use rediss:// where available, or a separate "
                  "network",
                  url->shown);
}

static enum gc_code check_state(const struct attributes_options *o,
                                struct attributes_config *ret,
                                struct gc_err *err) {
  struct redis_settings *redis = &ret->redis;
  if (o->state_url == NULL) {
    if (o->state_user != NULL || o->state_password_file != NULL)
      return gc_fail(err, GC_ERR_CONFIG,
                     "StateUser and StatePasswordFile need a StateURL");
    return GC_OK;
  }
  GC_TRY(redis_url_parse(o->state_url, &redis->url, err));
  if (o->state_user != NULL && o->state_password_file == NULL)
    return gc_fail(err, GC_ERR_CONFIG, "StateUser needs a StatePasswordFile");
  if (!ledger_has_redis())
    return gc_fail(err, GC_ERR_CONFIG,
                   "StateURL: this build has no hiredis and keeps its state in "
                   "SQLite only; configure it with --with-hiredis, or remove "
                   "the option");
  redis->user = o->state_user;
  redis->password_file = o->state_password_file;
  redis->tls = &o->connect;
  ret->is_shared = true;
  warn_clear_text(&redis->url, ret);
  warn_readable("StatePasswordFile", o->state_password_file, ret);
  return GC_OK;
}

enum gc_code attributes_check_name(const struct attributes_options *o,
                                   const char *name, struct gc_err *err) {
  if (o->state_url == NULL || strlen(name) <= ATTRIBUTES_NAME_MAX_BYTES)
    return GC_OK;
  return gc_fail(err, GC_ERR_CONFIG,
                 "the block's name is longer than %d bytes: with StateURL its "
                 "counts are kept under this name",
                 ATTRIBUTES_NAME_MAX_BYTES);
}

enum gc_code attributes_check_state(const struct attributes_options *o,
                                    const struct attributes_options *other,
                                    const char *name, struct gc_err *err) {
  if (is_same_text(o->state_url, other->state_url) &&
      is_same_text(o->state_user, other->state_user) &&
      is_same_text(o->state_password_file, other->state_password_file))
    return GC_OK;
  return gc_fail(err, GC_ERR_CONFIG,
                 "StateURL, StateUser or StatePasswordFile differs from "
                 "that of <Attributes \"%.60s\">: the blocks of a process "
                 "share one state",
                 name);
}

static enum gc_code check_globs(const char *option, const struct gc_strs *globs,
                                struct gc_err *err) {
  for (size_t i = 0; i < globs->count; i++)
    if (gc_glob_check(globs->at[i], err) != GC_OK)
      return gc_fail_in(err, GC_ERR_CONFIG, "%s: ", option);
  return GC_OK;
}

enum gc_code attributes_check(struct attributes_options *o,
                              struct attributes_config *ret,
                              struct gc_err *err) {
  ret->warning_count = 0;
  GC_TRY(check_source(o, err));
  GC_TRY(check_state(o, ret, err));
  GC_TRY(
      attribute_form_set(&ret->form, o->format != NULL ? o->format : "", err));
  GC_TRY(check_retention(o, ret, err));
  GC_TRY(check_globs("Flow", &o->flows, err));
  GC_TRY(check_globs("Metric", &o->metrics, err));
  GC_TRY(check_globs("Handshake", &o->webhook.handshakes, err));
  if (o->source == FROM_NOTIFICATIONS)
    return o->account != NULL
               ? GC_OK
               : gc_fail(err, GC_ERR_CONFIG,
                         "Source \"notifications\": Account is missing");
  return o->source == FROM_SQS ? check_sqs(o, ret, err)
                               : check_webhook(&o->webhook, ret, err);
}

void attributes_config_clear(struct attributes_config *c) {
  credentials_source_clear(&c->credentials);
}
