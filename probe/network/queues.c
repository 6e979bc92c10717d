/* SPDX-License-Identifier: MIT */
#include "common/base/alloc.h"
#include "probe/network/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/genesys_realtime/observations/poll.h"
#include "plugins/genesys_realtime/stream/guide_decode.h"
#include "plugins/genesys_realtime/stream/guide_socket.h"
#include "probe/network/channel.h"

/* ---- guide ---- */

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
      .env = gc_account_parts(a)->env,
      .api = gc_account_parts(a)->api,
      .driver = gc_socket_driver_ws(gc_account_parts(a)->loop),
      .connect = &gc_account_options(a)->connect,
      .base_url = gc_account_options(a)->base_url,
      .path = t->options->path != NULL ? t->options->path : GUIDE_STREAM_PATH,
      .query = t->query,
      .timeouts = queues_timeouts(t->options),
      .text = on_guide_text,
      .open = on_guide_open,
      .notice = on_guide_notice,
      .ctx = t};
  t->socket = guide_socket_new(&deps);
}

static void close_guide(void *ctx) {
  struct guide_trial *t = ctx;
  guide_socket_free(t->socket);
  t->socket = NULL;
}

static void check_guide(const struct probe_place *p,
                        const struct queues_options *o) {
  GC_AUTO(gc_buf_clear) struct gc_buf query = {.max = 65536};
  struct guide_trial t = {.place = p, .options = o};
  if (!probe_has_time(p, PROBE_CHANNEL) ||
      guide_query(o->where.at, o->where.count, o->media.at, o->media.count,
                  &query) != GC_OK)
    return;
  uint32_t limit_ms = probe_left_ms(p, PROBE_STEP_LIMIT_MS);
  t.query = gc_buf_string(&query);
  (void)gc_fail(&t.err, GC_ERR_TIMEOUT,
                "the conversation stream: not open "
                "within %u s",
                (unsigned)(limit_ms / 1000));
  (void)probe_wait_run(&t.wait, gc_account_parts(p->account)->loop, open_guide,
                       close_guide, &t, limit_ms);
  probe_report(p, PROBE_CHANNEL, t.is_open ? PROBE_OK : PROBE_FAILED, "%s",
               t.is_open ? "the conversation stream opened, and is closed again"
                         : t.err.text);
}

_Static_assert(OBS_TOPIC_COUNT + 1 <= PROBE_TOPICS_MAX,
               "the topics of a queue have room");

enum {
  SHOWN_NAMES = 3,
  POLL_QUEUES_MAX = 100, /* one request, beside those of the live agent */
  BLOCKS_MAX = 1000,
};

/* ---- the selection ---- */

static const struct queues_options *options_of(const struct gc_block *b) {
  return b->options;
}

/* Lists the blocks of the account in the order of the file; the plugin's list
 * has the newest first. Returns their number. */
static size_t list_blocks(const struct gc_block *self,
                          const struct gc_block **ret, size_t max) {
  size_t count = 0;
  for (const struct gc_block *b = self->plugin->blocks; b != NULL; b = b->next)
    if (b->is == self->is && count < max &&
        strcmp(options_of(b)->account, options_of(self)->account) == 0)
      ret[count++] = b;
  for (size_t i = 0; i < count / 2; i++) {
    const struct gc_block *b = ret[i];
    ret[i] = ret[count - 1 - i];
    ret[count - 1 - i] = b;
  }
  return count;
}

static enum queue_part part_of(const struct queues_options *o) {
  return o->observations == OBS_OFF ? QUEUE_STREAMED : QUEUE_OBSERVED;
}

/* Selects the queues of `self` among these blocks. */
static enum gc_code select_queues(const struct queues_options *self,
                                  const struct gc_block *const *blocks,
                                  size_t count,
                                  const struct gc_entities *queues,
                                  struct selection *ret) {
  const struct queues_options **options =
      gc_zalloc(count > 0 ? count : 1, sizeof(*options));
  for (size_t i = 0; i < count; i++)
    options[i] = options_of(blocks[i]);
  const struct ownership owner = {
      .self = self, .blocks = options, .count = count, .part = part_of(self)};
  enum gc_code code = selection_make(ret, queues, &owner,
                                     self->observations == OBS_QUEUE_METRICS);
  free(options);
  return code;
}

/* Appends "; N more belong to <Queues "fast">" for each earlier block that has
 * queues which this one selects too. */
static void add_overlaps(const struct probe_place *p,
                         const struct gc_entities *queues, char *out,
                         size_t size) {
  const struct gc_block *blocks[BLOCKS_MAX];
  size_t count = list_blocks(p->block, blocks, BLOCKS_MAX);
  size_t len = strlen(out);
  for (size_t i = 0; i < count && blocks[i] != p->block && len < size; i++) {
    const struct gc_block *pair[] = {blocks[i], p->block};
    struct selection s = {.count = 0};
    if (select_queues(options_of(p->block), pair, 2, queues, &s) == GC_OK &&
        s.taken > 0)
      len += (size_t)snprintf(out + len, size - len,
                              "; %zu more belong to <Queues \"%.60s\">, which "
                              "selects them too",
                              s.taken, blocks[i]->name);
    selection_clear(&s);
  }
}

static void add_names(const struct selection *s,
                      const struct gc_entities *queues, char *out,
                      size_t size) {
  size_t len = strlen(out);
  for (size_t i = 0; i < s->count && i < SHOWN_NAMES && len < size; i++) {
    const struct gc_entry *e = gc_entities_find(queues, s->ids[i]);
    len +=
        (size_t)snprintf(out + len, size - len, "%s%.60s", i > 0 ? ", " : ": ",
                         e != NULL ? e->name : s->ids[i]);
  }
  if (s->count > SHOWN_NAMES && len < size)
    (void)snprintf(out + len, size - len, " …");
}

/* True if the server may be a gateway of the guide dialect, which has no list
 * of queues. */
static bool is_guide(const struct queues_options *o) {
  return o->observations == OBS_QUEUE_METRICS ||
         o->stream == STREAM_CONVERSATIONS;
}

static void report_selection(const struct probe_place *p,
                             const struct gc_entities *queues,
                             const struct selection *s) {
  char what[1000];
  if (gc_entities_is_refused(queues))
    snprintf(what, sizeof(what),
             "the list is refused; %zu queues are named by id", s->count);
  else
    snprintf(what, sizeof(what), "%zu of %zu queues", s->count,
             gc_entities_count(queues));
  add_names(s, queues, what, sizeof(what));
  add_overlaps(p, queues, what, sizeof(what));
  bool lacks_list =
      gc_entities_is_refused(queues) && !is_guide(options_of(p->block));
  probe_report(p, PROBE_QUEUES,
               s->count == 0 || lacks_list ? PROBE_WARNING : PROBE_OK, "%s",
               what);
}

/* ---- one poll ---- */

struct poll_wait {
  struct poll poll;
  struct poll_pages pages;
  const struct probe_place *place;
  enum obs_source source;
  const struct selection *selection;
  size_t groups; /* of the answer */
  struct gc_err err;
  struct probe_wait wait;
};

static void on_poll_done(void *ctx) {
  struct poll_wait *w = ctx;
  w->err = w->poll.error;
  if (w->err.code == GC_OK)
    w->groups = w->poll.reading->groups;
  probe_wait_end(&w->wait);
}

static void begin_poll(void *ctx) {
  struct poll_wait *w = ctx;
  poll_start(&w->poll, gc_account_parts(w->place->account)->api, w->source,
             w->selection, &w->pages, on_poll_done, w);
}

static void end_poll(void *ctx) {
  struct poll_wait *w = ctx;
  poll_clear(&w->poll);
}

static const char *source_name(enum obs_source source) {
  static const char *const names[] = {[OBS_AUTO] = "auto",
                                      [OBS_QUERY] = "query",
                                      [OBS_ACTIVITY] = "activity",
                                      [OBS_TOPIC] = "topic",
                                      [OBS_QUEUE_METRICS] = "queue_metrics",
                                      [OBS_OFF] = "none"};
  return names[source];
}

static void report_poll(const struct poll_wait *w, size_t asked, bool is_over) {
  const struct probe_place *p = w->place;
  if (!is_over)
    probe_report(p, PROBE_POLL, PROBE_FAILED,
                 "\"%s\": no complete answer within %d s",
                 source_name(w->source), PROBE_STEP_LIMIT_MS / 1000);
  else if (w->err.code != GC_OK)
    probe_report(p, PROBE_POLL, PROBE_FAILED, "\"%s\": %s",
                 source_name(w->source), w->err.text);
  else
    probe_report(p, PROBE_POLL, PROBE_OK,
                 "\"%s\": %zu queues asked for, %zu groups answered",
                 source_name(w->source), asked, w->groups);
}

static void poll_once(const struct probe_place *p, enum obs_source source,
                      struct selection *s, size_t visible) {
  struct poll_wait w = {.place = p, .source = source, .selection = s};
  struct selection first = *s;
  if (source == OBS_OFF || (s->count == 0 && source != OBS_ACTIVITY) ||
      !probe_has_time(p, PROBE_POLL))
    return;
  if (source != OBS_ACTIVITY && first.count > POLL_QUEUES_MAX)
    first.count = POLL_QUEUES_MAX;
  w.selection = &first;
  w.poll.path = options_of(p->block)->path;
  w.poll.visible = visible;
  bool is_over =
      probe_wait_run(&w.wait, gc_account_parts(p->account)->loop, begin_poll,
                     end_poll, &w, probe_left_ms(p, PROBE_STEP_LIMIT_MS));
  report_poll(&w, first.count, is_over);
}

/* ---- permissions ---- */

/* Returns the source that a poll takes: pushed observations begin with a
 * poll of the query. */
static enum obs_source source_of(const struct queues_options *o,
                                 const struct obs_scope *scope) {
  enum obs_source source =
      obs_source_choose((enum obs_source)o->observations, scope);
  return source == OBS_TOPIC ? OBS_QUERY : source;
}

static void check_permissions(const struct probe_place *p,
                              enum obs_source source) {
  static const enum gc_endpoint_id activity[] = {
      GC_ENDPOINT_CONVERSATION_ACTIVITY, GC_ENDPOINT_ROUTING_ACTIVITY,
      GC_ENDPOINT_PRESENCES};
  if (source == OBS_QUERY)
    (void)probe_permission_check(p, GC_ENDPOINT_QUEUE_OBSERVATIONS);
  for (size_t i = 0; source == OBS_ACTIVITY && i < GC_COUNT(activity); i++)
    (void)probe_permission_check(p, activity[i]);
}

/* Lists the topics of a queue to which the blocks of the account subscribe. */
static void list_topics(const struct probe_place *p, const char *queue,
                        struct probe_topics *ret) {
  const struct gc_block *blocks[BLOCKS_MAX];
  size_t count = list_blocks(p->block, blocks, BLOCKS_MAX);
  bool has_notifications = false, is_pushed = false;
  for (size_t i = 0; i < count; i++) {
    has_notifications |= options_of(blocks[i])->stream == STREAM_NOTIFICATIONS;
    is_pushed |= options_of(blocks[i])->observations == OBS_TOPIC;
  }
  if (has_notifications)
    gc_topic_of_queue(ret->at[ret->count++], queue);
  for (int i = 0; is_pushed && i < OBS_TOPIC_COUNT; i++)
    ret->count += obs_topic_name((enum obs_topic)i, queue, ret->at[ret->count]);
}

/* Tries one channel for an account, with its first block that subscribes,
 * because each channel lasts a day. */
static void try_channel(const struct probe_place *p,
                        const struct selection *s) {
  struct probe_topics topics = {.count = 0};
  const struct queues_options *o = options_of(p->block);
  bool subscribes =
      o->stream == STREAM_NOTIFICATIONS || o->observations == OBS_TOPIC;
  if (!subscribes || s->count == 0 || p->state->channel_tried)
    return;
  list_topics(p, s->ids[0], &topics);
  p->state->channel_tried = true;
  probe_channel_check(p, &topics);
}

static void check_selected(const struct probe_place *p,
                           const struct gc_entities *queues) {
  const struct gc_block *blocks[BLOCKS_MAX];
  size_t count = list_blocks(p->block, blocks, BLOCKS_MAX);
  struct selection s = {.count = 0};
  if (select_queues(options_of(p->block), blocks, count, queues, &s) == GC_OK) {
    const struct obs_scope scope = {.selected = s.count,
                                    .visible = gc_entities_count(queues),
                                    .is_refused =
                                        gc_entities_is_refused(queues)};
    enum obs_source source = source_of(options_of(p->block), &scope);
    check_permissions(p, source);
    report_selection(p, queues, &s);
    poll_once(p, source, &s, scope.is_refused ? 0 : scope.visible);
    try_channel(p, &s);
  }
  selection_clear(&s);
}

void probe_queues_check(const struct probe_place *p) {
  if (p->account == NULL ||
      (!is_guide(options_of(p->block)) &&
       probe_permission_check(p, GC_ENDPOINT_QUEUES) == GC_ERR_TIMEOUT))
    return;
  struct gc_entities *queues = probe_names_read(p, GC_QUEUE);
  if (queues != NULL)
    check_selected(p, queues);
  else
    probe_report(p, PROBE_QUEUES, PROBE_FAILED,
                 "the list of queues did not come within %d s",
                 PROBE_STEP_LIMIT_MS / 1000);
  gc_entities_put(queues);
  if (options_of(p->block)->stream == STREAM_CONVERSATIONS)
    check_guide(p, options_of(p->block));
}
