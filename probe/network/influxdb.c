/* SPDX-License-Identifier: MIT */
#include "probe/network/influxdb.h"

#include <string.h>

#include "common/net/api/secret.h"
#include "common/net/detached.h"
#include "plugins/genesys_influxdb/options.h"
#include "plugins/genesys_influxdb/sender/answer.h"
#include "probe/network/server.h"

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

void probe_influxdb_check(const struct probe_place *p) {
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
