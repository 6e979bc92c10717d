/* SPDX-License-Identifier: MIT */
#include "probe/network/guide.h"

#include "plugins/genesys_realtime/stream/guide_decode.h"
#include "plugins/genesys_realtime/stream/guide_socket.h"
#include "plugins/genesys_realtime/stream/stream.h"

struct guide_trial {
  const struct probe_place *place;
  const struct queues_options *options;
  const char *query;
  struct guide_socket *socket;
  bool is_open, has_failed;
  struct gc_err err;
  struct probe_wait wait;
};

static void on_guide_text(void *ctx, const char *bytes, size_t len) {
  (void)ctx, (void)bytes, (void)len;
}

static void on_guide_open(void *ctx, uint64_t blind_ms) {
  struct guide_trial *t = ctx;
  (void)blind_ms;
  t->is_open = true;
  probe_wait_end(&t->wait);
}

/* The first failure is the result: a probe makes no second attempt. */
static void on_guide_notice(void *ctx, const struct gc_err *err) {
  struct guide_trial *t = ctx;
  if (err->code == GC_OK || t->has_failed)
    return;
  t->has_failed = true;
  t->err = *err;
  probe_wait_end(&t->wait);
}

static void open_guide(void *ctx) {
  struct guide_trial *t = ctx;
  struct gc_account *a = t->place->account;
  const struct guide_socket_deps deps = {
      .env = gc_account_env(a),
      .api = gc_account_api(a),
      .driver = gc_socket_driver_ws(gc_account_loop(a)),
      .connect = gc_account_connect(a),
      .base_url = gc_account_base_url(a),
      .path = t->options->path != NULL ? t->options->path : GUIDE_STREAM_PATH,
      .query = t->query,
      .timeouts = stream_timeouts(t->options),
      .text = on_guide_text,
      .open = on_guide_open,
      .notice = on_guide_notice,
      .ctx = t};
  t->socket = guide_socket_new(&deps);
  if (t->socket != NULL)
    return;
  (void)gc_fail(&t->err, GC_ERR_MEMORY, "out of memory");
  probe_wait_end(&t->wait);
}

static void close_guide(void *ctx) {
  struct guide_trial *t = ctx;
  guide_socket_free(t->socket);
  t->socket = NULL;
}

void probe_guide_check(const struct probe_place *p,
                       const struct queues_options *o) {
  GC_AUTO(gc_buf_clear) struct gc_buf query = {.max = 65536};
  struct guide_trial t = {.place = p, .options = o};
  if (!probe_has_time(p->reporter, PROBE_CHANNEL, p->subject) ||
      guide_query(o->where.at, o->where.count, o->media.at, o->media.count,
                  &query) != GC_OK)
    return;
  uint32_t limit_ms = probe_left_ms(p->reporter, PROBE_STEP_LIMIT_MS);
  t.query = gc_buf_string(&query);
  (void)gc_fail(&t.err, GC_ERR_TIMEOUT,
                "the conversation stream: not open "
                "within %u s",
                (unsigned)(limit_ms / 1000));
  (void)probe_wait_run(&t.wait, gc_account_loop(p->account), open_guide,
                       close_guide, &t, limit_ms);
  probe_report(p->reporter, PROBE_CHANNEL, t.is_open ? PROBE_OK : PROBE_FAILED,
               p->subject, "%s",
               t.is_open ? "the conversation stream opened, and is closed again"
                         : t.err.text);
}
