/* SPDX-License-Identifier: MIT */
#include "tests/support/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TURNS_WITHOUT_TIME = 100000, UNSCRIPTED_MAX = 10000 };

struct replay_flight {
  struct replay *replay;
  struct gc_exchange *exchange;
  struct replay_answer answer;
  size_t request;
  struct gc_timer timer;
  struct replay_flight *next;
};

static void *grow_list(void *list, size_t count, size_t *cap, size_t size) {
  if (count < *cap)
    return list;
  *cap = *cap == 0 ? 64 : *cap * 2;
  list = realloc(list, *cap * size);
  if (list == NULL)
    abort();
  return list;
}

static char *copy_text(const char *text) {
  char *copy = strdup(text != NULL ? text : "");
  if (copy == NULL)
    abort();
  return copy;
}

/* True if `text` begins with `pattern`. */
static bool matches_pattern(const char *text, const char *pattern) {
  for (; *pattern != '\0'; pattern++, text++) {
    if (*pattern == '*') {
      for (; *text != '\0'; text++)
        if (matches_pattern(text, pattern + 1))
          return true;
      return pattern[1] == '\0';
    }
    if (*pattern != *text)
      return false;
  }
  return true;
}

/* ---- the clock, random numbers and notices of the environment ---- */

static uint64_t now_ms(void *ctx) {
  struct replay *r = ctx;
  r->now_ms += r->creep_ms;
  return r->now_ms;
}

static int64_t wall_ms(void *ctx) {
  const struct replay *r = ctx;
  return r->wall_ms + (int64_t)(r->now_ms - REPLAY_START_MS);
}

static uint32_t fixed_random32(void *ctx) {
  const struct replay *r = ctx;
  return r->random32;
}

static void record_notice(void *ctx, const char *cause,
                          const struct gc_err *err) {
  struct replay *r = ctx;
  r->notices = grow_list(r->notices, r->notice_count, &r->notice_cap,
                         sizeof(*r->notices));
  struct replay_notice *n = &r->notices[r->notice_count++];
  *n = (struct replay_notice){.err = *err, .at_ms = r->now_ms};
  snprintf(n->cause, sizeof(n->cause), "%s", cause);
}

/* ---- the server ---- */

static char *join_headers(const char *const *headers) {
  size_t len = 1;
  for (size_t i = 0; headers != NULL && headers[i] != NULL; i++)
    len += strlen(headers[i]) + 1;
  char *text = malloc(len);
  if (text == NULL)
    abort();
  text[0] = '\0';
  for (size_t i = 0; headers != NULL && headers[i] != NULL; i++) {
    strcat(text, headers[i]);
    strcat(text, "\n");
  }
  return text;
}

static char *request_line(const struct gc_exchange *x) {
  const char *host = strstr(x->url, "://");
  const char *path = strchr(host != NULL ? host + 3 : x->url, '/');
  if (path == NULL)
    path = "/";
  size_t size = strlen(x->method) + strlen(path) + 2;
  char *line = malloc(size);
  if (line == NULL)
    abort();
  snprintf(line, size, "%s %s", x->method, path);
  return line;
}

static size_t record_request(struct replay *r, const struct gc_exchange *x) {
  r->requests = grow_list(r->requests, r->request_count, &r->request_cap,
                          sizeof(*r->requests));
  char *body = calloc(1, x->body_len + 1);
  if (body == NULL)
    abort();
  if (x->body_len > 0)
    memcpy(body, x->body, x->body_len);
  r->requests[r->request_count] =
      (struct replay_request){.line = request_line(x),
                              .url = copy_text(x->url),
                              .headers = join_headers(x->headers),
                              .body = body,
                              .at_ms = r->now_ms,
                              .in_flight = r->in_flight};
  return r->request_count++;
}

static struct replay_answer choose_answer(struct replay *r, const char *line) {
  for (size_t i = 0; i < r->answer_count; i++) {
    struct replay_answer *a = &r->answers[i];
    if (a->times == 0 || !matches_pattern(line, a->match))
      continue;
    if (a->times > 0)
      a->times--;
    return *a;
  }
  if (r->unscripted++ < 3)
    printf("replay: nothing answers %s\n", line);
  if (r->unscripted > UNSCRIPTED_MAX) {
    fflush(stdout);
    abort();
  }
  return (struct replay_answer){.failure = GC_FAILURE_LOCAL};
}

static void unlink_flight(struct replay_flight *f) {
  struct replay *r = f->replay;
  struct replay_flight **at = &r->flights;
  while (*at != f)
    at = &(*at)->next;
  *at = f->next;
  r->in_flight--;
  gc_timers_unset(&r->timers, &f->timer);
  f->exchange->transport_data = NULL;
}

/* Delivers the body; GC_FAILURE_NONE unless the sink refuses it. */
static enum gc_failure deliver_body(struct replay_flight *f,
                                    struct gc_reply *reply,
                                    struct gc_err *err) {
  const struct gc_exchange *x = f->exchange;
  const char *body = f->answer.body != NULL ? f->answer.body : "";
  size_t len = strlen(body);
  bool to_sink = x->sink != NULL && reply->status / 100 == 2;
  size_t chunk = f->answer.chunk > 0 ? f->answer.chunk : len;

  if (to_sink && x->sink->begin != NULL && reply->status != 0)
    x->sink->begin(x->sink->ctx);
  for (size_t at = 0; at < len; at += chunk) {
    size_t n = len - at < chunk ? len - at : chunk;
    reply->bytes += n;
    if (reply->bytes > x->body_max) {
      (void)gc_fail(err, GC_ERR_LIMIT, "the answer is too large");
      return GC_FAILURE_LIMIT;
    }
    if (to_sink) {
      enum gc_code code = x->sink->write(x->sink->ctx, body + at, n, err);
      if (code != GC_OK) {
        err->code = code;
        return GC_FAILURE_SINK;
      }
    } else if (gc_buf_add(&reply->body, body + at, n) != GC_OK) {
      abort();
    }
  }
  return GC_FAILURE_NONE;
}

static void fail_below(enum gc_failure failure, struct gc_err *err) {
  static const struct {
    enum gc_code code;
    const char *words;
  } below[GC_FAILURE_COUNT] = {
      [GC_FAILURE_RESOLVE] = {GC_ERR_NETWORK, "the name has no address"},
      [GC_FAILURE_CONNECT] = {GC_ERR_NETWORK, "no answer"},
      [GC_FAILURE_PROXY] = {GC_ERR_NETWORK, "the proxy refuses"},
      [GC_FAILURE_TLS] = {GC_ERR_TLS, "the certificate is not valid"},
      [GC_FAILURE_TIMEOUT] = {GC_ERR_TIMEOUT, "no answer in time"},
      [GC_FAILURE_BROKEN] = {GC_ERR_NETWORK, "the answer breaks off"},
      [GC_FAILURE_SINK] = {GC_ERR_PARSE, "not what was expected"},
      [GC_FAILURE_LIMIT] = {GC_ERR_LIMIT, "too large"},
      [GC_FAILURE_LOCAL] = {GC_ERR_CONFIG, "no such file"},
  };
  (void)gc_fail(err, below[failure].code, "%s", below[failure].words);
}

static void answer_now(void *ctx, uint64_t at_ms) {
  struct replay_flight *f = ctx;
  struct replay *r = f->replay;
  const struct replay_answer *a = &f->answer;
  struct gc_exchange *x = f->exchange;
  struct gc_err err = {.code = GC_OK};
  struct gc_reply reply = {
      .status = a->status,
      .has_retry_after = a->has_retry_after,
      .retry_after_s = a->retry_after_s,
      .date_ms = a->date_ms,
      .is_new_connection = a->is_new_connection,
      .closes_connection = a->closes_connection,
      .elapsed_ms = (uint32_t)(at_ms - r->requests[f->request].at_ms),
      .body = {.max = 1 << 24}};
  if (a->correlation != NULL)
    snprintf(reply.correlation, sizeof(reply.correlation), "%s",
             a->correlation);

  reply.failure = deliver_body(f, &reply, &err);
  if (reply.failure == GC_FAILURE_NONE && a->failure != GC_FAILURE_NONE) {
    reply.failure = a->failure;
    fail_below(a->failure, &err);
  }
  r->requests[f->request].is_done = true;
  unlink_flight(f);
  free(f);
  x->done(x, &reply, &err);
  gc_buf_clear(&reply.body);
}

static enum gc_code start_exchange(void *ctx, struct gc_exchange *x,
                                   struct gc_err *err) {
  struct replay *r = ctx;
  if (r->refuses_to_start)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");

  struct replay_flight *f = calloc(1, sizeof(*f));
  if (f == NULL)
    abort();
  r->in_flight++;
  if (r->in_flight > r->max_in_flight)
    r->max_in_flight = r->in_flight;
  f->replay = r;
  f->exchange = x;
  f->request = record_request(r, x);
  f->answer = choose_answer(r, r->requests[f->request].line);
  f->timer = (struct gc_timer){.fire = answer_now, .ctx = f};
  f->next = r->flights;
  r->flights = f;
  x->transport_data = f;
  if (!f->answer.is_silent)
    gc_timers_set(&r->timers, &f->timer, r->now_ms + f->answer.delay_ms);
  return GC_OK;
}

static void cancel_exchange(void *ctx, struct gc_exchange *x) {
  struct replay *r = ctx;
  struct replay_flight *f = x->transport_data;
  if (f == NULL)
    return;
  r->requests[f->request].is_cancelled = true;
  unlink_flight(f);
  free(f);
}

/* ---- the public verbs ---- */

void replay_init(struct replay *r) {
  *r = (struct replay){.now_ms = REPLAY_START_MS,
                       .wall_ms = REPLAY_START_WALL_MS,
                       .random32 = UINT32_MAX};
  r->env = (struct gc_env){.timers = &r->timers,
                           .transport = {start_exchange, cancel_exchange, r},
                           .now_ms = now_ms,
                           .wall_ms = wall_ms,
                           .random32 = fixed_random32,
                           .notice = record_notice,
                           .ctx = r};
}

void replay_clear(struct replay *r) {
  while (r->flights != NULL) {
    struct replay_flight *f = r->flights;
    unlink_flight(f);
    free(f);
  }
  for (size_t i = 0; i < r->request_count; i++) {
    free(r->requests[i].line);
    free(r->requests[i].url);
    free(r->requests[i].headers);
    free(r->requests[i].body);
  }
  free(r->requests);
  free(r->notices);
  free(r->answers);
  gc_timers_clear(&r->timers);
  *r = (struct replay){0};
}

void replay_answer(struct replay *r, const struct replay_answer *answer) {
  r->answers = grow_list(r->answers, r->answer_count, &r->answer_cap,
                         sizeof(*r->answers));
  r->answers[r->answer_count] = *answer;
  if (answer->times == 0)
    r->answers[r->answer_count].times = 1;
  r->answer_count++;
}

void replay_forget_answers(struct replay *r) { r->answer_count = 0; }

void replay_run(struct replay *r, uint64_t ms) {
  uint64_t until_ms = r->now_ms + ms;
  unsigned turns = 0;
  for (;;) {
    uint32_t wait_ms = gc_timers_wait_ms(&r->timers, r->now_ms, UINT32_MAX);
    if (r->timers.count == 0 || r->now_ms + wait_ms > until_ms)
      break;
    turns = wait_ms > 0 ? 0 : turns + 1;
    if (turns > TURNS_WITHOUT_TIME) {
      printf("replay: a timer is set for the present time again and again\n");
      fflush(stdout);
      abort();
    }
    r->now_ms += wait_ms;
    gc_timers_run(&r->timers, r->now_ms);
  }
  if (r->now_ms < until_ms)
    r->now_ms = until_ms;
}

void replay_settle(struct replay *r) { replay_run(r, 0); }

size_t replay_count(const struct replay *r, const char *match) {
  size_t count = 0;
  for (size_t i = 0; i < r->request_count; i++)
    count += matches_pattern(r->requests[i].line, match);
  return count;
}

const struct replay_request *replay_last(const struct replay *r,
                                         const char *match) {
  for (size_t i = r->request_count; i > 0; i--)
    if (matches_pattern(r->requests[i - 1].line, match))
      return &r->requests[i - 1];
  return NULL;
}

size_t replay_noticed(const struct replay *r, const char *cause,
                      enum gc_code code) {
  size_t count = 0;
  for (size_t i = 0; i < r->notice_count; i++)
    count += matches_pattern(r->notices[i].cause, cause) &&
             r->notices[i].err.code == code;
  return count;
}

const struct gc_err *replay_last_notice(const struct replay *r,
                                        const char *cause) {
  for (size_t i = r->notice_count; i > 0; i--)
    if (matches_pattern(r->notices[i - 1].cause, cause))
      return &r->notices[i - 1].err;
  return NULL;
}
