/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/debug.h"
#include "common/base/gzip.h"
#include "common/base/policy/backoff.h"
#include "plugins/genesys_influxdb/sender/answer.h"
#include "plugins/genesys_influxdb/sender/batch.h"
#include "plugins/genesys_influxdb/sender/conflict.h"
#include "plugins/genesys_influxdb/sender/quarantine.h"

enum {
  ANSWER_MAX = 64 * 1024,
  HEADERS_MAX = 8,
  /* A line that is refused alone, in words about no line, after the database
   * has taken others, may be good: a gateway may have failed meanwhile. It goes
   * to quarantine when this has happened again after so many pauses. */
  DOUBTS_MAX = 2,
  /* Lines of a batch while the database refuses all of it: others may show that
   * one line is at fault, whatever BatchSize. */
  DOUBT_LINES = 64,
};

struct influx_sender {
  const struct influx_sender_settings *settings;
  const struct gc_env *env;
  struct gc_spool *spool;
  enum influx_state state;
  /* IDLE: FlushInterval; SECRET: a disk that hangs; PAUSED: the next try. */
  struct gc_timer timer;

  uint64_t waiting;      /* lines in the spool, by influx_sender_add */
  uint64_t flush_due_ms; /* 0: nothing waits */
  bool drains;           /* until the spool is empty */

  struct influx_batch batch;
  struct gc_record_place begin, end; /* of the batch, in the spool */
  bool has_place;
  unsigned doubts; /* about a line of the batch: DOUBTS_MAX */
  bool is_refused; /* the newest batch, as a whole */
  const char
      *bytes; /* bytes of the part that is sent: in the batch, or in `zipped` */
  size_t len;

  struct gc_buf url, authorization, zipped;
  uint64_t secret_ms; /* when it was read */
  bool has_secret;
  uint64_t hangs_since_ms; /* the disk of the secret; 0: it answers */
  const char *headers[HEADERS_MAX];
  struct gc_exchange exchange;
  struct gc_backoff backoff;
  struct influx_sender_stats stats;
};

static uint64_t now_ms(const struct influx_sender *s) {
  return s->env->now_ms(s->env->ctx);
}

static void report_cause(const struct influx_sender *s, const char *cause,
                         const struct gc_err *err) {
  static const struct gc_err good = {.code = GC_OK};
  s->env->notice(s->env->ctx, cause, err != NULL ? err : &good);
}

static void change_state(struct influx_sender *s, enum influx_event event) {
  enum influx_state to = influx_state_next(s->state, event);
  if (to != s->state)
    gc_debug("influxdb: %s -> %s", influx_state_name(s->state),
             influx_state_name(to));
  s->state = to;
}

static void set_timer(struct influx_sender *s, uint64_t due_ms) {
  /* When out of memory the timer is not set; the next lines wake the sender. */
  gc_timers_set(s->env->timers, &s->timer, due_ms);
}

/* ---- pauses ---- */

static void pause_for(struct influx_sender *s, uint32_t base_ms,
                      uint32_t retry_after_ms) {
  s->backoff.base_ms = base_ms;
  s->backoff.cap_ms = INFLUX_RETRY_MAX_MS;
  uint32_t wait_ms = gc_backoff_fail(&s->backoff, retry_after_ms,
                                     s->env->random32(s->env->ctx));
  s->stats.is_up = false;
  s->drains = true;
  change_state(s, INFLUX_EV_FAIL);
  set_timer(s, now_ms(s) + wait_ms);
}

/* ---- the secret ---- */

static bool needs_secret(const struct influx_sender *s) {
  const struct gc_secret *secret = &s->settings->secret;
  return (secret->file != NULL || secret->literal != NULL) &&
         (!s->has_secret || now_ms(s) - s->secret_ms >= INFLUX_SECRET_AGE_MS);
}

/* Looks at the disk again soon. */
static void wait_for_disk(struct influx_sender *s) {
  struct gc_err err;
  set_timer(s, now_ms(s) + INFLUX_RETRY_MS);
  if (s->hangs_since_ms == 0)
    s->hangs_since_ms = now_ms(s);
  if (now_ms(s) - s->hangs_since_ms < INFLUX_SECRET_SLOW_MS)
    return;
  (void)gc_fail(&err, GC_ERR_TIMEOUT,
                "%s: no answer of the file system for %d s; check its disk or "
                "network folder; lines wait in the spool",
                s->settings->secret_option, INFLUX_SECRET_SLOW_MS / 1000);
  report_cause(s, "database", &err);
  s->stats.is_up = false;
}

/* Reads the secret in the state SECRET. False: a timer continues. */
static bool read_secret(struct influx_sender *s) {
  GC_AUTO(gc_buf_wipe) struct gc_buf secret = {.max = GC_SECRET_MAX_BYTES};
  struct gc_err err = {.code = GC_OK};
  enum gc_code code =
      gc_secret_read(s->settings->reads, &s->settings->secret, &secret, &err);
  if (code == GC_ERR_TIMEOUT) {
    wait_for_disk(s);
    return false;
  }
  s->hangs_since_ms = 0;
  if (code != GC_OK) {
    (void)gc_fail_in(&err, GC_ERR_AUTH, "%s: ", s->settings->secret_option);
    report_cause(s, "database", &err);
    pause_for(s, INFLUX_RETRY_OPERATOR_MS, 0);
    return false;
  }
  gc_buf_wipe(&s->authorization);
  if (influx_target_authorization(&s->settings->target, gc_buf_string(&secret),
                                  &s->authorization) != GC_OK) {
    pause_for(s, INFLUX_RETRY_MS, 0);
    return false;
  }
  s->has_secret = true;
  s->secret_ms = now_ms(s);
  return true;
}

/* ---- the batch ---- */

/* Reads the oldest lines of the spool. A spool that is closed has none now. */
static enum gc_code read_spool(struct influx_sender *s, size_t lines) {
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = GC_OK;
  s->has_place = gc_spool_is_open(s->spool);
  if (s->has_place)
    code = gc_spool_read(s->spool, lines, &s->batch.text, &s->end, &err);
  s->begin = gc_spool_cursor(s->spool);
  if (code != GC_OK)
    report_cause(s, "position", &err);
  return code;
}

/* Reads the next batch, from the spool or else from the lines that the disk
 * does not take. Returns false when nothing waits, or when the spool cannot be
 * read now. */
static bool load_batch(struct influx_sender *s) {
  size_t lines = s->settings->batch_size;
  size_t more = lines > DOUBT_LINES ? lines : DOUBT_LINES;
  influx_batch_reset(&s->batch);
  enum gc_code code = read_spool(s, s->is_refused ? more : lines);
  if (s->batch.text.len == 0 && s->settings->take != NULL) {
    s->has_place = false;
    s->waiting += s->settings->take(s->settings->ctx, more, &s->batch.text);
  }
  if (s->batch.text.len > 0)
    influx_batch_begin(&s->batch);
  if (code != GC_OK)
    pause_for(s, INFLUX_RETRY_MS, 0);
  return s->batch.lines > 0;
}

static void report_refused(const struct influx_sender *s,
                           const struct gc_err *lost) {
  struct gc_err err = {.code = GC_OK};
  const char *words = s->batch.refused.data + 2;
  int words_len = (int)strcspn(words, "\n");
  if (lost->code == GC_OK)
    (void)gc_fail(&err, GC_ERR_REQUEST,
                  "the database refuses %zu of %zu lines; see refused.lines in "
                  "SpoolDir: %.*s",
                  s->batch.refused_count, s->batch.lines, words_len, words);
  else
    (void)gc_fail(&err, lost->code,
                  "the database refuses %zu of %zu lines, and they are lost, "
                  "since refused.lines in SpoolDir cannot be written (%s); "
                  "check the disk; the database's words: %.*s",
                  s->batch.refused_count, s->batch.lines, lost->text, words_len,
                  words);
  report_cause(s, lost->code == GC_OK ? "refused lines" : "quarantine", &err);
}

/* Saves the refused lines in quarantine. Lines that cannot be saved are lost:
 * they would hold all others up. */
static void save_refused(struct influx_sender *s) {
  struct gc_err lost = {.code = GC_OK};
  if (s->batch.refused_count == 0) {
    report_cause(s, "refused lines", NULL);
    return;
  }
  bool is_saved =
      influx_quarantine(s->settings->folder, s->batch.refused.data,
                        s->batch.refused.len, s->env->wall_ms(s->env->ctx),
                        &lost) == GC_OK;
  if (is_saved)
    report_cause(s, "quarantine", NULL);
  *(is_saved ? &s->stats.refused : &s->stats.lost) += s->batch.refused_count;
  report_refused(s, &lost);
}

/* Ends a batch whose lines are in the database, in quarantine or lost, except
 * for `rest` of them. */
static void finish_batch(struct influx_sender *s, size_t rest) {
  struct gc_err err = {.code = GC_OK};
  uint64_t lines = s->batch.lines - rest;
  save_refused(s);
  s->stats.sent += lines - s->batch.refused_count;
  if (s->has_place) {
    (void)!gc_spool_commit(s->spool, s->end, &err);
    report_cause(s, "position", &err);
  }
  s->waiting -= s->waiting < lines ? s->waiting : lines;
  s->doubts = 0;
  s->is_refused = false;
  influx_batch_reset(&s->batch);
}

/* Makes the next try begin with the whole batch. The sender reads the batch
 * again, because the database may accept a line that has arrived meanwhile. */
static void begin_again(struct influx_sender *s) {
  s->is_refused = true;
  if (s->has_place)
    influx_batch_reset(&s->batch);
  else
    influx_batch_restart(&s->batch);
}

/* ---- the request ---- */

static bool fill_headers(struct influx_sender *s) {
  size_t n = 0;
  s->headers[n++] = "Content-Type: text/plain; charset=utf-8";
  s->headers[n++] = "Accept: application/json";
  if (s->settings->compresses)
    s->headers[n++] = "Content-Encoding: gzip";
  if (s->authorization.len > 0)
    s->headers[n++] = s->authorization.data;
  s->headers[n] = NULL;
  if (!influx_batch_next(&s->batch, &s->bytes, &s->len))
    return false;
  if (!s->settings->compresses)
    return true;
  gc_buf_reset(&s->zipped);
  if (gc_gzip(s->bytes, s->len, &s->zipped) != GC_OK)
    return false;
  s->bytes = s->zipped.data;
  s->len = s->zipped.len;
  return true;
}

static void send_part(struct influx_sender *s) {
  struct gc_err err = {.code = GC_OK};
  if (!fill_headers(s)) {
    pause_for(s, INFLUX_RETRY_MS, 0);
    return;
  }
  s->exchange.method = "POST";
  s->exchange.url = s->url.data;
  s->exchange.headers = s->headers;
  s->exchange.body = s->bytes;
  s->exchange.body_len = s->len;
  s->exchange.body_max = ANSWER_MAX;
  if (s->env->transport.start(s->env->transport.ctx, &s->exchange, &err) ==
      GC_OK)
    return;
  report_cause(s, "database", &err);
  pause_for(s, INFLUX_RETRY_MS, 0);
}

/* Reads the secret if it is needed, else sends the next part. The state is
 * SECRET, with a batch and no running request. */
static void send_next(struct influx_sender *s) {
  if (needs_secret(s) && !read_secret(s))
    return;
  change_state(s, INFLUX_EV_SECRET);
  send_part(s);
}

/* True if it is time to send. */
static bool is_due(const struct influx_sender *s) {
  return s->drains || s->waiting >= s->settings->batch_size ||
         (s->flush_due_ms != 0 && s->flush_due_ms <= now_ms(s));
}

/* In IDLE: begins a batch, or waits for FlushInterval. */
static void begin_if_due(struct influx_sender *s) {
  if (s->state != INFLUX_IDLE)
    return;
  if (!is_due(s)) {
    if (s->flush_due_ms != 0)
      set_timer(s, s->flush_due_ms);
    return;
  }
  if (s->flush_due_ms != 0 && s->flush_due_ms <= now_ms(s))
    s->drains = true;
  if (load_batch(s)) {
    change_state(s, INFLUX_EV_SEND);
    send_next(s);
    return;
  }
  if (s->state != INFLUX_IDLE || !gc_spool_is_open(s->spool))
    return;
  s->drains = false;
  s->waiting = 0;
  s->flush_due_ms = 0;
}

/* ---- answers ---- */

static void part_was_taken(struct influx_sender *s,
                           const struct gc_reply *reply) {
  s->stats.latency_ms = reply->elapsed_ms;
  s->stats.requests_ok++;
  s->stats.bytes += s->len;
  s->stats.last_success_ms = now_ms(s);
  s->stats.is_up = true;
  gc_backoff_reset(&s->backoff);
  report_cause(s, "database", NULL);
  influx_batch_took(&s->batch);
}

static void pause_after(struct influx_sender *s, const struct gc_reply *reply,
                        struct influx_decision d, const struct gc_err *why) {
  struct gc_err err = {.code = GC_OK};
  uint32_t retry_after_s = reply->has_retry_after ? reply->retry_after_s : 0;
  s->stats.requests_failed++;
  influx_answer_describe(reply, d, s->settings->target.url, why, &err);
  report_cause(s, "database", &err);
  if (d.code == GC_ERR_AUTH || d.code == GC_ERR_PERMISSION)
    s->has_secret = false; /* the file may be corrected: read it again */
  pause_for(
      s, d.action == INFLUX_PAUSE ? INFLUX_RETRY_MS : INFLUX_RETRY_OPERATOR_MS,
      gc_retry_after_ms(retry_after_s, INFLUX_RETRY_AFTER_MAX_S));
}

/* ---- refused lines ---- */

static bool has_conflict(const void *ctx, size_t number, const char *line,
                         size_t len) {
  (void)number;
  return influx_conflict_has(ctx, line, len);
}

static bool has_number(const void *ctx, size_t number, const char *line,
                       size_t len) {
  const struct influx_refusal *r = ctx;
  size_t i = 0;
  (void)line, (void)len;
  while (i < r->number_count && r->numbers[i] < number)
    i++;
  return i < r->number_count && r->numbers[i] == number;
}

/* Puts aside the lines that the answer names, or that follow from its count.
 * Returns false if it tells neither. */
static bool put_known_aside(struct influx_sender *s,
                            const struct influx_refusal *r, const char *words) {
  size_t lines = influx_batch_part_lines(&s->batch);
  const struct influx_pick numbers = {has_number, r};
  int64_t until;
  const struct influx_pick oldest = {influx_line_is_until, &until};
  if (r->number_count > 0)
    return influx_batch_put_aside_some(&s->batch, &numbers, words) > 0;
  if (r->dropped == lines)
    return influx_batch_put_aside(&s->batch, words) == GC_OK;
  return r->is_too_old && influx_batch_oldest(&s->batch, r->dropped, &until) &&
         influx_batch_put_aside_some(&s->batch, &oldest, words) > 0;
}

/* Makes a part of the lines with the conflict that the database names. Returns
 * false if it names none, or if all lines of the part have it. */
static bool isolate_conflict(struct influx_sender *s,
                             const struct influx_refusal *r) {
  const struct influx_pick conflict = {has_conflict, &r->conflict};
  size_t lines = influx_batch_part_lines(&s->batch);
  size_t with =
      r->has_conflict ? influx_batch_separate(&s->batch, &conflict) : 0;
  return with > 0 && with < lines;
}

/* Returns true if the search has halved the batch 2 log2(lines) times. */
static bool is_search_over(const struct influx_sender *s) {
  size_t levels = 0;
  while ((size_t)1 << levels < s->batch.lines)
    levels++;
  return s->batch.splits >= 2 * levels;
}

/* Halves a part that was refused, or puts its single line aside. If the words
 * name no line, the database must take another part of the batch first. Returns
 * false when it refuses everything, or in doubt. */
static bool split_part(struct influx_sender *s, const struct gc_reply *reply,
                       struct influx_decision d) {
  char words[INFLUX_WORDS_SIZE];
  struct influx_refusal refusal;
  bool is_doubtful = s->batch.put_off > 0 && !d.names_line;
  influx_answer_words(&reply->body, words, sizeof(words));
  influx_refusal_read(&reply->body, &refusal);
  if (put_known_aside(s, &refusal, words) || isolate_conflict(s, &refusal))
    return true;
  if (refusal.dropped > 0 && is_search_over(s))
    return influx_batch_put_aside_among(&s->batch, refusal.dropped, words) ==
           GC_OK;
  if (!is_doubtful && influx_batch_split(&s->batch))
    return true;
  if (!d.names_line && !s->batch.took_some)
    return influx_batch_put_off(&s->batch, s->env->random32(s->env->ctx));
  if (!d.names_line && s->doubts < DOUBTS_MAX) {
    s->doubts++;
    return false;
  }
  return influx_batch_put_aside(&s->batch, words) == GC_OK;
}

static void continue_batch(struct influx_sender *s) {
  const char *bytes;
  size_t len;
  if (influx_batch_next(&s->batch, &bytes, &len)) {
    change_state(s, INFLUX_EV_MORE);
    send_next(s);
    return;
  }
  finish_batch(s, 0);
  s->flush_due_ms =
      s->waiting > 0 ? now_ms(s) + s->settings->flush_interval_ms : 0;
  change_state(s, INFLUX_EV_DONE);
  begin_if_due(s);
}

static void on_answer(struct gc_exchange *x, const struct gc_reply *reply,
                      const struct gc_err *why) {
  struct influx_sender *s = x->ctx;
  struct influx_decision d = influx_decide(reply);
  if (d.action == INFLUX_ACCEPTED) {
    part_was_taken(s, reply);
    continue_batch(s);
    return;
  }
  if (d.action == INFLUX_SPLIT && split_part(s, reply, d)) {
    s->stats.requests_failed++;
    continue_batch(s);
    return;
  }
  if (d.action == INFLUX_SPLIT) {
    begin_again(s);
    d.action = INFLUX_PAUSE_LONG;
    d.hint = "check URL and Version";
  }
  pause_after(s, reply, d, why);
}

/* True if the spool has dropped the batch, or a part of it, past SpoolMax: its
 * lines are counted as dropped. */
static bool was_dropped(const struct influx_sender *s) {
  struct gc_record_place now = gc_spool_cursor(s->spool);
  return s->has_place && s->batch.lines > 0 &&
         (now.segment != s->begin.segment || now.offset != s->begin.offset);
}

static void on_timer(void *ctx, uint64_t at_ms) {
  struct influx_sender *s = ctx;
  (void)at_ms;
  if (s->state == INFLUX_SECRET) {
    send_next(s);
    return;
  }
  if (s->state != INFLUX_PAUSED) {
    begin_if_due(s);
    return;
  }
  if (was_dropped(s))
    influx_batch_reset(&s->batch);
  if (s->batch.lines > 0 || load_batch(s)) {
    change_state(s, INFLUX_EV_RESUME);
    send_next(s);
    return;
  }
  if (s->timer.place != 0)
    return; /* the spool cannot be read; load_batch has set the timer */
  if (!gc_spool_is_open(s->spool)) {
    set_timer(s, now_ms(s) + INFLUX_RETRY_MS);
    return;
  }
  change_state(s, INFLUX_EV_DONE);
  begin_if_due(s);
}

/* ---- for the node ---- */

struct influx_sender *
influx_sender_new(const struct influx_sender_settings *settings,
                  const struct gc_env *env, struct gc_spool *spool,
                  struct gc_err *err) {
  struct influx_sender *s = calloc(1, sizeof(*s));
  if (s == NULL) {
    gc_fail(err, GC_ERR_MEMORY, "out of memory");
    return NULL;
  }
  s->settings = settings;
  s->env = env;
  s->spool = spool;
  s->timer = (struct gc_timer){.fire = on_timer, .ctx = s};
  s->exchange = (struct gc_exchange){.done = on_answer, .ctx = s};
  s->batch.text.max = INFLUX_BODY_MAX;
  s->zipped.max = 2 * (size_t)INFLUX_BODY_MAX;
  s->url.max = s->authorization.max = 32 * 1024;
  if (influx_target_url(&settings->target, &s->url) == GC_OK)
    return s;
  gc_fail(err, GC_ERR_MEMORY, "out of memory");
  influx_sender_free(s);
  return NULL;
}

void influx_sender_stop(struct influx_sender *s) {
  change_state(s, INFLUX_EV_STOP);
  s->env->transport.cancel(s->env->transport.ctx, &s->exchange);
  gc_timers_unset(s->env->timers, &s->timer);
}

void influx_sender_free(struct influx_sender *s) {
  if (s == NULL)
    return;
  influx_sender_stop(s);
  influx_batch_clear(&s->batch);
  gc_buf_clear(&s->url);
  gc_buf_wipe(&s->authorization);
  gc_buf_clear(&s->zipped);
  free(s);
}

void influx_sender_add(struct influx_sender *s, uint64_t lines) {
  s->waiting += lines;
  if (s->flush_due_ms == 0)
    s->flush_due_ms = now_ms(s) + s->settings->flush_interval_ms;
  begin_if_due(s);
}

void influx_sender_flush(struct influx_sender *s) {
  s->drains = true;
  begin_if_due(s);
}

void influx_sender_forget_place(struct influx_sender *s) {
  s->has_place = false;
}

size_t influx_sender_unsaved(const struct influx_sender *s, size_t *ret_bytes) {
  *ret_bytes = s->has_place ? 0 : s->batch.text.len;
  return s->has_place ? 0 : s->batch.lines;
}

enum gc_code influx_sender_save(struct influx_sender *s, struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf rest = {.max = INFLUX_BODY_MAX};
  if (s->has_place || s->batch.lines == 0 || s->state == INFLUX_SECRET ||
      s->state == INFLUX_SENDING)
    return GC_OK;
  struct gc_record r = {.time_ms = s->env->wall_ms(s->env->ctx)};
  r.lines = (uint32_t)influx_batch_rest(&s->batch, &rest);
  if (r.lines == 0)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  r.payload = rest.data;
  r.len = (uint32_t)rest.len;
  GC_TRY(gc_spool_append(s->spool, &r, err));
  finish_batch(s, r.lines);
  return GC_OK;
}

enum influx_state influx_sender_state(const struct influx_sender *s) {
  return s->state;
}

struct influx_sender_stats influx_sender_stats(const struct influx_sender *s) {
  return s->stats;
}
