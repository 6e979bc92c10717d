/* SPDX-License-Identifier: MIT */
#include "probe/network/channel.h"

#include <stdio.h>
#include <string.h>

#include "common/base/json/document.h"
#include "common/genesys/channel_id.h"
#include "common/net/channels/channels.h"
#include "common/net/clock.h"
#include "common/net/socket/websocket.h"

enum {
  MESSAGE_MAX_BYTES = 1 << 20,
  CLOSE_WAIT_MS = 1000,      /* the socket itself waits 500 ms */
  GIVE_BACK_LIMIT_MS = 5000, /* beyond PROBE_NETWORK_LIMIT_MS if needed */
};

static void fail_channel(const struct probe_place *p, const char *what,
                         const struct gc_err *err) {
  probe_report(p, PROBE_CHANNEL, PROBE_FAILED, "%s%s", what, err->text);
}

/* Sends a request about a channel and reads the JSON answer. */
static enum gc_code read_answer(const struct probe_place *p,
                                const struct probe_request *request,
                                struct gc_document *d, struct gc_err *ret_err) {
  GC_AUTO(probe_answer_clear) struct probe_answer answer = {.date_ms = 0};
  if (probe_call(p, request, &answer) == GC_OK &&
      gc_document_read(d, gc_buf_string(&answer.body), answer.body.len,
                       answer.body.max, &answer.err) == GC_OK)
    return GC_OK;
  *ret_err = answer.err;
  return answer.err.code;
}

/* ---- room for a channel ---- */

static bool has_no_topic(const struct probe_place *p, const char *id) {
  GC_AUTO(gc_document_clear) struct gc_document d = {0};
  struct gc_err err;
  char tail[GC_CHANNEL_ID_MAX + 32];
  if (id == NULL || strlen(id) > GC_CHANNEL_ID_MAX)
    return false;
  snprintf(tail, sizeof(tail), "/%s/subscriptions", id);
  const struct probe_request request = {
      .endpoint = GC_ENDPOINT_SUBSCRIPTIONS_LIST, .path_tail = tail};
  return read_answer(p, &request, &d, &err) == GC_OK &&
         gc_document_count(gc_document_member(d.root, "entities")) == 0;
}

/* True if a channel may be created; else reports the reason. */
static bool has_room(const struct probe_place *p, size_t *ret_count) {
  static const struct probe_request request = {
      .endpoint = GC_ENDPOINT_CHANNEL_LIST,
      .query = "includechannels=oauthclient"};
  GC_AUTO(gc_document_clear) struct gc_document d = {0};
  struct gc_err err;
  if (read_answer(p, &request, &d, &err) != GC_OK) {
    fail_channel(p, "", &err);
    return false;
  }
  struct json_object *list = gc_document_member(d.root, "entities");
  *ret_count = gc_document_count(list);
  if (*ret_count < GC_CHANNELS_MAX)
    return true;
  for (size_t i = 0; i < *ret_count && i < GC_CHANNELS_MAX; i++)
    if (has_no_topic(p, gc_document_text(gc_document_element(list, i), "id")))
      return true;
  probe_report(p, PROBE_CHANNEL, PROBE_WARNING,
               "not tried: the OAuth client has %zu channels, all in use, and "
               "another one would drop one of them",
               *ret_count);
  return false;
}

/* ---- the socket ---- */

struct socket_trial {
  struct probe_wait opened, closed;
  struct gc_account *account;
  const char *url; /* secret */
  struct gc_ws_events events;
  struct gc_ws *ws;
  struct gc_err err;
  bool is_open;
};

static void on_socket_open(void *ctx) {
  struct socket_trial *t = ctx;
  t->is_open = true;
  probe_wait_end(&t->opened);
}

static void on_socket_text(void *ctx, const char *bytes, size_t len) {
  (void)ctx;
  (void)bytes;
  (void)len;
}

static void on_socket_closed(void *ctx, const struct gc_ws_end *end,
                             const struct gc_err *err) {
  struct socket_trial *t = ctx;
  (void)end;
  if (!t->is_open)
    t->err = *err;
  probe_wait_end(&t->opened);
  probe_wait_end(&t->closed);
}

static void open_socket(void *ctx) {
  struct socket_trial *t = ctx;
  const struct gc_ws_options options = {
      .url = t->url,
      .connect = &gc_account_options(t->account)->connect,
      .message_max_bytes = MESSAGE_MAX_BYTES};
  t->events = (struct gc_ws_events){.open = on_socket_open,
                                    .text = on_socket_text,
                                    .closed = on_socket_closed,
                                    .ctx = t};
  if (gc_ws_open(gc_account_parts(t->account)->loop, &options, &t->events,
                 &t->ws, &t->err) != GC_OK) {
    t->ws = NULL;
    probe_wait_end(&t->opened);
    probe_wait_end(&t->closed);
  }
}

static void close_socket(void *ctx) {
  struct socket_trial *t = ctx;
  if (t->ws != NULL && t->is_open)
    gc_ws_close(t->ws, 1000);
}

static void free_socket(void *ctx) {
  struct socket_trial *t = ctx;
  gc_ws_free(t->ws);
  t->ws = NULL;
}

/* Opens and closes the socket. Returns GC_OK if it was open. */
static enum gc_code try_socket(const struct probe_place *p, const char *url,
                               struct gc_err *ret_err) {
  struct socket_trial t = {.account = p->account, .url = url};
  struct gc_loop *loop = gc_account_parts(p->account)->loop;
  probe_wait_init(&t.opened);
  probe_wait_init(&t.closed);
  (void)gc_fail(&t.err, GC_ERR_TIMEOUT, "no answer within %d s",
                PROBE_STEP_LIMIT_MS / 1000);
  gc_loop_call(loop, open_socket, &t);
  (void)probe_wait_for(&t.opened, probe_left_ms(p, PROBE_STEP_LIMIT_MS));
  gc_loop_call(loop, close_socket, &t);
  if (t.is_open)
    (void)probe_wait_for(&t.closed, CLOSE_WAIT_MS);
  gc_loop_call(loop, free_socket, &t);
  probe_wait_clear(&t.opened);
  probe_wait_clear(&t.closed);
  *ret_err = t.err;
  return t.is_open ? GC_OK : t.err.code;
}

/* ---- the channel ---- */

/* True if the topic is subscribed; else reports the rejection. */
static bool is_permitted(const struct probe_place *p, struct json_object *one) {
  const char *topic = gc_document_text(one, "id");
  const char *state = gc_document_text(one, "state");
  const char *reason = gc_document_text(one, "rejectionReason");
  const char *missing = gc_document_text(
      gc_document_element(gc_document_member(one, "missingPermissions"), 0),
      NULL);
  if (state == NULL || strcmp(state, "Rejected") != 0)
    return true;
  probe_report(p, missing != NULL ? PROBE_PERMISSION : PROBE_CHANNEL,
               PROBE_FAILED, "%.100s%sthe topic %.150s is rejected: %.200s",
               missing != NULL ? missing : "",
               missing != NULL ? ": missing: " : "", topic != NULL ? topic : "",
               reason != NULL ? reason : "no reason is given");
  return false;
}

static bool are_permitted(const struct probe_place *p, struct gc_document *d) {
  struct json_object *list = gc_document_member(d->root, "entities");
  bool all = true;
  for (size_t i = 0; i < gc_document_count(list); i++)
    all &= is_permitted(p, gc_document_element(list, i));
  return all;
}

/* Subscribes to the topics. True if all of them are subscribed; else reports
 * the reason. */
static bool subscribe_once(const struct probe_place *p, const char *tail,
                           const struct probe_topics *topics) {
  GC_AUTO(gc_document_clear) struct gc_document asked = {0};
  GC_AUTO(gc_document_clear) struct gc_document d = {0};
  GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = 65536};
  struct gc_err err = {.code = GC_OK};
  struct json_object *list = gc_document_add_array(&asked, NULL, NULL);
  for (size_t i = 0; i < topics->count; i++)
    gc_document_add_text(&asked, gc_document_add_object(&asked, list, NULL),
                         "id", topics->at[i]);
  struct probe_request request = {.endpoint = GC_ENDPOINT_SUBSCRIPTIONS_REPLACE,
                                  .path_tail = tail,
                                  .query = "ignoreErrors=true"};
  if (gc_document_write(&asked, &body, &err) == GC_OK) {
    request.body = body.data;
    if (read_answer(p, &request, &d, &err) == GC_OK)
      return are_permitted(p, &d);
  }
  fail_channel(p, "", &err);
  return false;
}

/* Removes the topics of the channel, with a time limit of its own, so that
 * the removal also works after the last check. Reports a failure. */
static bool give_back(const struct probe_place *p, const char *tail) {
  const struct probe_reporter r = {.say = p->reporter->say,
                                   .end_ms =
                                       gc_clock_now_ms() + GIVE_BACK_LIMIT_MS};
  struct probe_place place = *p;
  place.reporter = &r;
  const struct probe_request request = {
      .endpoint = GC_ENDPOINT_SUBSCRIPTIONS_REMOVE, .path_tail = tail};
  GC_AUTO(probe_answer_clear) struct probe_answer answer = {.date_ms = 0};
  if (probe_call(&place, &request, &answer) == GC_OK)
    return true;
  probe_report(p, PROBE_CHANNEL, PROBE_WARNING,
               "the topics of a channel were not removed; the platform ends "
               "the channel within a day: %s",
               answer.err.text);
  return false;
}

static void use_channel(const struct probe_place *p,
                        const struct gc_channel_id *id, size_t others,
                        const struct probe_topics *topics) {
  char tail[GC_CHANNEL_ID_MAX + 32];
  struct gc_err err = {.code = GC_OK};
  snprintf(tail, sizeof(tail), "/%s/subscriptions", id->id);
  probe_hold_begin();
  bool is_subscribed = subscribe_once(p, tail, topics);
  bool is_open = is_subscribed && try_socket(p, id->uri, &err) == GC_OK;
  probe_hold_return();
  bool is_back = give_back(p, tail);
  probe_hold_end();
  if (is_subscribed && !is_open)
    fail_channel(p, "the socket: ", &err);
  if (is_open && is_back)
    probe_report(p, PROBE_CHANNEL, PROBE_OK,
                 "created beside %zu others, subscribed to %zu topic%s of a "
                 "queue, connected; its topics are removed",
                 others, topics->count, topics->count == 1 ? "" : "s");
}

void probe_channel_check(const struct probe_place *p,
                         const struct probe_topics *topics) {
  static const struct probe_request request = {.endpoint =
                                                   GC_ENDPOINT_CHANNEL_CREATE};
  GC_AUTO(probe_answer_clear) struct probe_answer answer = {.date_ms = 0};
  GC_AUTO(gc_channel_id_clear) struct gc_channel_id id = {.id = NULL};
  size_t others = 0;
  int64_t expires_ms;
  if (!probe_has_time(p, PROBE_CHANNEL) || !has_room(p, &others))
    return;
  if (probe_call(p, &request, &answer) != GC_OK ||
      gc_channel_id_parse(gc_buf_string(&answer.body), answer.body.len, &id,
                          &expires_ms, &answer.err) != GC_OK)
    fail_channel(p, "", &answer.err);
  else
    use_channel(p, &id, others, topics);
}
