/* SPDX-License-Identifier: MIT */
/* Stream "conversations", the guide dialect: a socket of the block's own, and
 * events with a conversation's state. There is no snapshot: missed events are
 * not recovered, and stream_gap shows for how long the stream was blind. */
#include "plugins/genesys_realtime/stream/internal.h"

static void on_text(void *ctx, const char *bytes, size_t len) {
  struct stream *s = ctx;
  const struct guide_event *event = NULL;
  enum gc_code code =
      decode_guide_event(s->feed.guide_decoder, bytes, len, &event, NULL);
  int64_t at_ms = event != NULL ? stream_server_now(s) : 0;
  struct gc_unknown_words *words = guide_decoder_unknown(s->feed.guide_decoder);
  stream_lock(s);
  s->shared.unknown = words->total;
  s->shared.malformed += code != GC_OK;
  s->shared.others += code == GC_OK && event == NULL;
  if (code == GC_OK && event != NULL && s->shared.model != NULL)
    s->shared.lost +=
        conversations_apply_state(s->shared.model, event, at_ms) != GC_OK;
  stream_unlock(s);
  if (code != GC_OK)
    stream_report_odd(s, len);
  stream_report_words(s, words);
}

static void on_open(void *ctx, uint64_t blind_ms) {
  struct stream *s = ctx;
  uint64_t now_ms = stream_now(s);
  stream_announce(s, "the gateway sends conversations that match Where or "
                     "Media");
  stream_make_model(s);
  stream_take_settings(s);
  stream_lock(s);
  if (blind_ms > 0)
    gc_listening_blind(&s->shared.listening, now_ms, blind_ms);
  gc_listening_blind(&s->shared.listening, now_ms, 0);
  s->shared.listening.last_message_ms = now_ms;
  s->shared.listening.is_connected = true;
  if (s->shared.model != NULL && blind_ms > 0)
    conversations_gap(s->shared.model);
  stream_unlock(s);
}

static void on_notice(void *ctx, const struct gc_err *err) {
  struct stream *s = ctx;
  s->deps.socket_notice(s->deps.ctx, "stream", err);
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
                                   .timeouts = queues_timeouts(o),
                                   .text = on_text,
                                   .open = on_open,
                                   .notice = on_notice,
                                   .ctx = s};
  s->feed.query.max = 65536;
  gc_buf_reset(&s->feed.query);
  GC_TRY(guide_query(o->where.at, o->where.count, o->media.at, o->media.count,
                     &s->feed.query));
  deps.query = gc_buf_string(&s->feed.query);
  if (s->feed.guide_decoder == NULL)
    s->feed.guide_decoder = guide_decoder_new();
  s->feed.socket = guide_socket_new(&deps);
  return GC_OK;
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
  if (s->feed.socket != NULL)
    guide_socket_stats(s->feed.socket, &stats);
  stream_lock(s);
  s->shared.listening.is_connected = stats.is_connected;
  s->shared.listening.reconnects = stats.reconnects;
  s->shared.listening.last_message_ms = stats.alive_ms;
  if (stats.blind_since_ms > 0)
    gc_listening_blind(&s->shared.listening, now_ms,
                       now_ms - stats.blind_since_ms);
  stream_unlock(s);
}

static void stop_guide(struct stream *s) {
  guide_socket_free(s->feed.socket);
  s->feed.socket = NULL;
}

const struct stream_source stream_guide = {.word_default = guide_word_default,
                                           .start = start_guide,
                                           .select = select_guide_queues,
                                           .tick = tick_guide,
                                           .stop = stop_guide};
