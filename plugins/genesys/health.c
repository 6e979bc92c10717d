/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/health.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/base/json/document.h"
#include "common/base/timestamp.h"
#include "common/daemon/listen_options.h"

/* ---- options ---- */

const struct gc_opt health_rows[] = {
    GC_OPT_STR(struct health_options, at.listen, "Listen", "127.0.0.1", 0,
               "Address or host name to listen on. Any address except the "
               "loopback address needs TLSCert or SharedSecretFile; both are "
               "better. An address that is in use or not there yet is tried "
               "again each second.",
               "0.0.0.0"),
    GC_OPT_INT(struct health_options, at.port, "Port", "8080", 1, 65535, "",
               "TCP port.", "8080"),
    GC_OPT_STR(struct health_options, at.tls_cert, "TLSCert", NULL, 0,
               "PEM file with the certificate and its chain: HTTPS, TLS 1.2 or "
               "later. A changed file counts without a restart.",
               "/etc/collectd/health.crt"),
    GC_OPT_STR(struct health_options, at.tls_key, "TLSKey", NULL, 0,
               "PEM file with the key of `TLSCert`; default: `TLSCert` holds "
               "it, too.",
               "/etc/collectd/health.key"),
    GC_OPT_STR(struct health_options, at.tls_client_ca, "TLSClientCA", NULL, 0,
               "PEM file: only clients with a certificate of this authority "
               "are answered.",
               "/etc/collectd/clients.pem"),
    GC_OPT_STR(struct health_options, secret_file, "SharedSecretFile", NULL, 0,
               "File that holds the secret that requests must carry. A changed "
               "file counts within two seconds.",
               "/etc/collectd/health.secret"),
    GC_OPT_STR(struct health_options, secret_header, "SharedSecretHeader",
               "X-Api-Key", 0, "Header of a request that carries the secret.",
               "X-Health-Key"),
    GC_OPT_END,
};

enum gc_code health_check(const struct health_options *o,
                          struct gc_err *warning, struct gc_err *err) {
  const struct gc_listen_secret secret = {
      .file = o->secret_file,
      .header = o->secret_header,
      .client_can = "read names of blocks and error texts"};
  return gc_listen_check_secret(&o->at, &secret, warning, err);
}

bool health_query_of(const char *path, struct health_query *ret) {
  static const struct {
    const char *path;
    bool asks_ready;
  } paths[] = {{"/health", false}, {"/health/ready", true}};
  for (size_t i = 0; i < GC_COUNT(paths); i++)
    if (strcmp(path, paths[i].path) == 0) {
      ret->asks_ready = paths[i].asks_ready;
      return true;
    }
  return false;
}

/* ---- a summary of the accounts and blocks of the answer ---- */

struct summary {
  size_t count;
  bool is_failing, is_degraded, is_starting, is_ready;
  int64_t last_success_ms;  /* 0: none */
  int64_t write_latency_ms; /* the longest; -1: none */
  double spool_bytes;
};

static bool is_asked(const struct health_query *q,
                     const struct gc_health_entity *e) {
  return q->block == NULL || strcmp(q->block, e->id.name) == 0 ||
         (e->id.kind == GC_HEALTH_BLOCK &&
          strcmp(q->block, e->id.short_name) == 0);
}

static void add_writer(struct summary *sum, const struct gc_health_entity *e) {
  double bytes = e->reading.figures[GC_HEALTH_FIGURE_PENDING];
  if (e->id.kind == GC_HEALTH_BLOCK && isfinite(bytes))
    sum->spool_bytes += bytes;
  if (e->write_latency_ms > sum->write_latency_ms)
    sum->write_latency_ms = e->write_latency_ms;
}

static void add_to_summary(struct summary *sum,
                           const struct gc_health_entity *e,
                           const struct gc_health_time *t) {
  const struct gc_health_row *row = gc_health_row(e->concern);
  sum->count++;
  sum->is_failing |= row->status != 200;
  sum->is_degraded |= row->severity != GC_HEALTH_OKAY;
  sum->is_starting |= e->state == GC_HEALTH_STARTING;
  sum->is_ready &= gc_health_entity_is_ready(e, t);
  if (e->last_success_ms > sum->last_success_ms)
    sum->last_success_ms = e->last_success_ms;
  add_writer(sum, e);
}

static struct summary summarize_entities(const struct gc_health_snapshot *s,
                                         const struct health_query *q,
                                         const struct gc_health_time *t) {
  struct summary sum = {.is_ready = true, .write_latency_ms = -1};
  for (size_t i = 0; i < s->count; i++)
    if (is_asked(q, &s->at[i]))
      add_to_summary(&sum, &s->at[i], t);
  return sum;
}

static unsigned status_of(const struct summary *sum,
                          const struct health_query *q) {
  if (q->block != NULL && sum->count == 0)
    return 404;
  return (q->asks_ready ? sum->is_ready : !sum->is_failing) ? 200 : 503;
}

static const char *word_of(const struct summary *sum) {
  return sum->is_failing    ? "failing"
         : sum->is_degraded ? "degraded"
         : sum->is_starting ? "starting"
                            : "ok";
}

/* ---- members ---- */

/* Adds a time; null when it is 0. */
static void add_time(struct gc_document *d, struct json_object *in,
                     const char *key, int64_t wall_ms) {
  char text[GC_TIMESTAMP_SIZE];
  gc_document_add_text(d, in, key,
                       wall_ms > 0 ? gc_timestamp_print(text, wall_ms) : NULL);
}

static void add_cause(struct gc_document *d, struct json_object *in,
                      const char *key, const struct gc_health_cause *cause) {
  if (cause->err.code == GC_OK) {
    gc_document_add_text(d, in, key, NULL);
    return;
  }
  struct json_object *o = gc_document_add_object(d, in, key);
  gc_document_add_text(d, o, "cause", cause->name);
  gc_document_add_text(d, o, "code", gc_code_name(cause->err.code));
  gc_document_add_text(d, o, "text", cause->err.text);
  add_time(d, o, "since", cause->since.wall_ms);
  add_time(d, o, "time", cause->last.wall_ms);
}

static void add_figures(struct gc_document *d, struct json_object *o,
                        const struct gc_health_reading *r) {
  static const char *const names[] = {
#define XX(id, name) [GC_HEALTH_FIGURE_##id] = name,
      GC_HEALTH_FIGURE_MAP(XX)
#undef XX
  };
  for (int i = 0; i < GC_HEALTH_FIGURE_COUNT; i++)
    if (isfinite(r->figures[i]))
      gc_document_add_real(d, o, names[i], r->figures[i]);
}

static void add_entity(struct gc_document *d, struct json_object *in,
                       const struct gc_health_entity *e,
                       const struct gc_health_time *t) {
  const struct gc_health_row *row = gc_health_row(e->state);
  struct json_object *o = gc_document_add_object(d, in, NULL);
  gc_document_add_text(d, o, "name", e->id.name);
  gc_document_add_text(d, o, "plugin", e->id.plugin);
  if (e->id.kind == GC_HEALTH_BLOCK && e->id.account[0] != '\0')
    gc_document_add_text(d, o, "account", e->id.account);
  gc_document_add_text(d, o, "state", row->word);
  if (e->concern != e->state)
    gc_document_add_text(d, o, "warning", gc_health_row(e->concern)->word);
  gc_document_add_int(d, o, "status", row->status);
  gc_document_add_text(d, o, "why", row->why);
  gc_document_add_bool(d, o, "ready", gc_health_entity_is_ready(e, t));
  add_time(d, o, "since", e->since.wall_ms);
  add_time(d, o, "last_success", e->last_success_ms);
  add_cause(d, o, "last_error", &e->last_error);
  struct json_object *causes = gc_document_add_array(d, o, "failing");
  for (size_t i = 0; i < e->cause_count; i++)
    add_cause(d, causes, NULL, &e->causes[i]);
  struct json_object *sources = gc_document_add_object(d, o, "sources");
  for (size_t i = 0; i < e->reading.source_count; i++)
    gc_document_add_text(d, sources, e->reading.sources[i].name,
                         e->reading.sources[i].is_up ? "up" : "down");
  add_figures(d, o, &e->reading);
}

static void add_entity_list(struct gc_document *d, struct json_object *in,
                            const char *key, enum gc_health_kind kind,
                            const struct gc_health_snapshot *s,
                            const struct health_query *q,
                            const struct gc_health_time *t) {
  struct json_object *list = gc_document_add_array(d, in, key);
  for (size_t i = 0; i < s->count; i++)
    if (s->at[i].id.kind == kind && is_asked(q, &s->at[i]))
      add_entity(d, list, &s->at[i], t);
}

/* Adds the other failures of an entity that lose values, such as a disk that
 * takes no lines while the database does not answer. */
static void add_other_losses(struct gc_document *d, struct json_object *list,
                             const struct gc_health_entity *e,
                             const struct gc_health_cause *shown) {
  char text[1024];
  for (size_t i = 0; i < e->cause_count; i++) {
    const struct gc_health_cause *c = &e->causes[i];
    bool loses = c->err.code == GC_ERR_STATE || c->err.code == GC_ERR_LIMIT;
    if (!loses || (shown != NULL && strcmp(shown->name, c->name) == 0))
      continue;
    snprintf(text, sizeof(text), "%s: %s: %s", e->id.name, c->name,
             c->err.text);
    gc_document_add_text(d, list, NULL, text);
  }
}

/* Adds one line for each account or block whose concern has a severity that is
 * not OKAY, and those of its other failures that lose values. */
static void add_errors(struct gc_document *d, struct json_object *root,
                       const struct gc_health_snapshot *s,
                       const struct health_query *q) {
  struct json_object *list = gc_document_add_array(d, root, "errors");
  char text[1024];
  for (size_t i = 0; i < s->count; i++) {
    const struct gc_health_entity *e = &s->at[i];
    const struct gc_health_row *row = gc_health_row(e->concern);
    const struct gc_health_cause *cause = gc_health_entity_cause(e);
    if (!is_asked(q, e) || row->severity == GC_HEALTH_OKAY)
      continue;
    snprintf(text, sizeof(text), "%s: %s: %s%s%s", e->id.name, row->word,
             cause != NULL ? cause->name : "", cause != NULL ? ": " : "",
             cause != NULL ? cause->err.text : row->why);
    gc_document_add_text(d, list, NULL, text);
    add_other_losses(d, list, e, cause);
  }
}

static void add_guide_members(struct gc_document *d, struct json_object *root,
                              const struct summary *sum) {
  gc_document_add_text(d, root, "status", word_of(sum));
  gc_document_add_bool(d, root, "ready", sum->is_ready);
  add_time(d, root, "last_poll_time", sum->last_success_ms);
  if (sum->write_latency_ms >= 0)
    gc_document_add_int(d, root, "last_write_latency_ms",
                        sum->write_latency_ms);
  else
    gc_document_add_text(d, root, "last_write_latency_ms", NULL);
  gc_document_add_int(d, root, "wal_pending", (int64_t)sum->spool_bytes);
}

unsigned health_document(const struct gc_health_snapshot *s,
                         const struct health_query *q,
                         const struct gc_health_time *t, struct gc_buf *out) {
  GC_AUTO(gc_document_clear) struct gc_document d = {0};
  struct summary sum = summarize_entities(s, q, t);
  struct json_object *root = gc_document_add_object(&d, NULL, NULL);
  unsigned status = status_of(&sum, q);
  if (status == 404) {
    gc_document_add_text(&d, root, "error",
                         "no account or block of this name; /health lists all");
  } else {
    add_guide_members(&d, root, &sum);
    add_errors(&d, root, s, q);
    gc_document_add_text(&d, root, "version", q->version);
    add_time(&d, root, "time", t->wall_ms);
    add_entity_list(&d, root, "accounts", GC_HEALTH_ACCOUNT, s, q, t);
    add_entity_list(&d, root, "blocks", GC_HEALTH_BLOCK, s, q, t);
  }
  if (gc_document_write(&d, out, NULL) != GC_OK ||
      gc_buf_text(out, "\n") != GC_OK)
    return 500;
  return status;
}
