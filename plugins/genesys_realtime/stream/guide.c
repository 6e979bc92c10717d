/* SPDX-License-Identifier: MIT */
/* Stream "conversations", the guide dialect: a socket of the block's own, and
 * events with a conversation's state. There is no snapshot: missed events are
 * not recovered, and stream_gap shows for how long the stream was blind. */
#include "plugins/genesys_realtime/stream/internal.h"

static void on_text(void *ctx, const char *bytes, size_t len) {
  struct stream *s = ctx;
  const struct guide_event *event = NULL;
  enum gc_code code =
      decode_guide_event(s->guide_decoder, bytes, len, &event, NULL);
  int64_t at_ms = event != NULL ? stream_server_now(s) : 0;
  struct gc_unknown_words *words = guide_decoder_unknown(s->guide_decoder);
  pthread_mutex_lock(&s->lock);
  s->unknown = words->total;
  s->malformed += code != GC_OK;
  s->others += code == GC_OK && event == NULL;
  if (code == GC_OK && event != NULL && s->model != NULL)
    s->lost += conversations_apply_state(s->model, event, at_ms) != GC_OK;
  pthread_mutex_unlock(&s->lock);
  if (code != GC_OK)
    stream_report_odd(s, len);
  stream_report_words(s, words);
}

static void on_open(void *ctx, uint64_t blind_ms) {
  struct stream *s = ctx;
  stream_make_model(s);
  stream_take_settings(s);
  pthread_mutex_lock(&s->lock);
  s->listening.gap_ms += blind_ms;
  s->listening.last_message_ms = stream_now(s);
  s->listening.blind_since_ms = 0;
  s->listening.is_connected = true;
  if (s->model != NULL && blind_ms > 0)
    conversations_gap(s->model);
  pthread_mutex_unlock(&s->lock);
}

static void on_notice(void *ctx, const struct gc_err *err) {
  struct stream *s = ctx;
  s->deps.socket_notice(s->deps.notice_ctx, "stream", err);
}

static enum gc_code open_socket(struct stream *s) {
  const struct queues_options *o = s->options;
  struct guide_socket_deps deps = {.env = s->deps.env,
                                   .api = s->deps.api,
                                   .driver = s->deps.driver,
                                   .connect = s->deps.connect,
                                   .base_url = s->deps.base_url,
                                   .path = o->path != NULL ? o->path
                                                           : GUIDE_STREAM_PATH,
                                   .timeouts = stream_timeouts(o),
                                   .text = on_text,
                                   .open = on_open,
                                   .notice = on_notice,
                                   .ctx = s};
  s->query.max = 65536;
  gc_buf_reset(&s->query);
  GC_TRY(guide_query(o->where.at, o->where.count, o->media.at, o->media.count,
                     &s->query));
  deps.query = gc_buf_string(&s->query);
  if (s->guide_decoder == NULL)
    s->guide_decoder = guide_decoder_new();
  if (s->guide_decoder == NULL)
    return GC_ERR_MEMORY;
  s->socket = guide_socket_new(&deps);
  return s->socket != NULL ? GC_OK : GC_ERR_MEMORY;
}

static enum gc_code start_guide(struct stream *s) {
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = open_socket(s);
  if (code != GC_OK)
    (void)gc_fail(&err, code, "the conversation stream: %s",
                  gc_code_words(code));
  if (code != GC_OK)
    on_notice(s, &err);
  return code;
}

/* Takes only the queues' settings. The query is made of Where or Media, so it
 * does not depend on the selection; the samples filter the queues. */
static void select_guide_queues(struct stream *s,
                                const struct selection *selection) {
  (void)selection;
  stream_take_settings(s);
}

static void tick_guide(struct stream *s, uint64_t now_ms) {
  struct guide_socket_stats stats = {.is_connected = false};
  (void)now_ms;
  if (s->socket != NULL)
    guide_socket_stats(s->socket, &stats);
  pthread_mutex_lock(&s->lock);
  s->listening.is_connected = stats.is_connected;
  s->listening.reconnects = stats.reconnects;
  s->listening.last_message_ms = stats.last_message_ms;
  s->listening.blind_since_ms = stats.blind_since_ms;
  pthread_mutex_unlock(&s->lock);
}

static void stop_guide(struct stream *s) {
  guide_socket_free(s->socket);
  s->socket = NULL;
}

const struct stream_source stream_guide = {.word_default = guide_word_default,
                                           .start = start_guide,
                                           .select = select_guide_queues,
                                           .tick = tick_guide,
                                           .stop = stop_guide};
