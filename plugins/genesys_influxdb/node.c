/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/clock.h"
#include "common/net/detached.h"
#include "common/net/http/http.h"
#include "common/net/loop.h"
#include "common/net/save_barrier.h"
#include "common/net/store/lock_file.h"
#include "common/net/timing.h"
#include "plugins/genesys_influxdb/lines/join.h"

enum { RECORD_MAX = 1024 * 1024, TAKE_MAX = 5000 };

struct influx_node {
  const struct influx_node_settings *settings;
  struct influx_inbox inbox;

  /* Used by the node's thread only. */
  struct gc_loop *loop;
  struct gc_http *http;
  struct gc_env env;
  struct gc_spool *spool;
  struct gc_detached *reads; /* of the files of secrets */
  struct influx_sender_settings sender_settings;
  struct influx_sender *sender;
  struct influx_points *points;
  struct influx_join *join;
  struct gc_buf taken; /* samples from the inbox */
  struct gc_buf text;  /* lines that are not saved yet */
  size_t text_lines;
  bool disk_refuses;      /* the newest save failed */
  uint64_t held_since_ms; /* since then lines wait in memory; 0: none do */
  uint64_t lost;          /* values that this thread lost */
  struct gc_timer gather, save, tick;
  uint64_t stop_end_ms;  /* of the thread that stops; 0: not asked yet */
  uint64_t stop_by_ms;   /* deadline of the stop; 0: no stop yet */
  struct gc_saver saver; /* for sources that wait for the disk */

  pthread_mutex_t lock; /* guards all below */
  pthread_cond_t stopped;
  bool is_stopped;
  struct influx_node_stats stats;
};

static uint64_t now_ms(const struct influx_node *n) {
  return n->env.now_ms(n->env.ctx);
}

static void set_timer(struct influx_node *n, struct gc_timer *timer,
                      uint64_t due_ms) {
  /* When out of memory no timer is set; the next tick does the timer's work. */
  gc_timers_set(n->env.timers, timer, due_ms);
}

/* ---- lines to the spool ---- */

/* Reports the outcome of an append. Returns true for a success. */
static bool note_append(struct influx_node *n, const struct gc_err *err) {
  n->settings->notice(n->settings->ctx, "spool", err);
  if (!gc_spool_is_open(n->spool))
    influx_sender_forget_place(n->sender);
  n->disk_refuses = err->code != GC_OK;
  return err->code == GC_OK;
}

static bool save_text(struct influx_node *n) {
  struct gc_err err = {.code = GC_OK};
  struct gc_record r = {.payload = n->text.data,
                        .len = (uint32_t)n->text.len,
                        .lines = (uint32_t)n->text_lines,
                        .time_ms = n->env.wall_ms(n->env.ctx)};
  (void)!gc_spool_append(n->spool, &r, &err);
  if (!note_append(n, &err))
    return false;
  size_t lines = n->text_lines;
  gc_buf_reset(&n->text);
  n->text_lines = 0;
  influx_sender_add(n->sender, lines);
  return true;
}

static bool try_to_save(struct influx_node *n, uint64_t by_ms) {
  struct gc_err err = {.code = GC_OK};
  n->disk_refuses = n->disk_refuses || !gc_spool_is_open(n->spool);
  if (!gc_spool_is_open(n->spool))
    return false;
  if (influx_sender_save(n->sender, &err) != GC_OK)
    return note_append(n, &err);
  do {
    if (n->text_lines > 0 && !save_text(n))
      return false;
    n->text_lines =
        influx_join_take(n->join, by_ms, n->settings->batch_size, &n->text);
  } while (n->text_lines > 0);
  return true;
}

/* Saves the lines that are due at `by_ms`. Returns false when the spool accepts
 * none now; the sender then takes them from memory. */
static bool save_lines(struct influx_node *n, uint64_t by_ms) {
  bool is_saved = try_to_save(n, by_ms);
  if (!is_saved)
    influx_sender_flush(n->sender);
  return is_saved;
}

/* Gives lines in memory to the sender while the disk takes none: they would
 * wait for the disk although the database answers. */
static size_t take_lines(void *ctx, size_t max, struct gc_buf *out) {
  struct influx_node *n = ctx;
  size_t lines = n->text_lines;
  if (!n->disk_refuses || gc_buf_add(out, n->text.data, n->text.len) != GC_OK)
    return 0;
  gc_buf_reset(&n->text);
  n->text_lines = 0;
  if (lines < max)
    lines += influx_join_take(
        n->join, n->stop_by_ms != 0 ? UINT64_MAX : now_ms(n), max - lines, out);
  if (lines == 0)
    n->held_since_ms = 0;
  return lines;
}

/* Returns the lines that are in memory only, and sets their bytes. */
static size_t lines_in_memory(const struct influx_node *n, size_t *ret_bytes) {
  size_t lines = influx_sender_unsaved(n->sender, ret_bytes);
  *ret_bytes += n->text.len + influx_join_bytes(n->join);
  return lines + n->text_lines + influx_join_count(n->join);
}

/* Schedules the next save. Lines are saved in groups, because a sync for each
 * of them would be slow. */
static void schedule_save(struct influx_node *n, uint64_t not_before_ms) {
  /* `text` has lines that the disk did not take. */
  uint64_t due_ms =
      n->text_lines > 0 ? not_before_ms : influx_join_due_ms(n->join);
  if (due_ms != 0)
    set_timer(n, &n->save, due_ms > not_before_ms ? due_ms : not_before_ms);
}

static void on_save(void *ctx, uint64_t at_ms) {
  struct influx_node *n = ctx;
  bool is_saved = save_lines(n, now_ms(n));
  schedule_save(n, at_ms + (is_saved ? INFLUX_JOIN_MS / 2 : INFLUX_TICK_MS));
}

/* ---- values to lines ---- */

static void add_sample(struct influx_node *n,
                       const struct influx_sample *sample) {
  const struct influx_point *points =
      influx_join_count(n->join) < INFLUX_LINES_MAX
          ? influx_points_of(n->points, sample)
          : NULL;
  if (points == NULL ||
      influx_join_add(n->join, sample, points, now_ms(n)) != GC_OK)
    n->lost++;
}

static void take_inbox(struct influx_node *n) {
  struct influx_sample sample;
  size_t at = 0, count = 0;
  influx_inbox_take(&n->inbox, &n->taken);
  while (influx_inbox_next(&n->taken, &at, &sample)) {
    add_sample(n, &sample);
    /* A burst is saved at once, so that it does not fill the memory. */
    if (++count % TAKE_MAX == 0 &&
        influx_join_count(n->join) >= INFLUX_LINES_MAX / 2)
      (void)save_lines(n, UINT64_MAX);
  }
  gc_buf_reset(&n->taken);
}

static void on_gather(void *ctx, uint64_t at_ms) {
  struct influx_node *n = ctx;
  take_inbox(n);
  if (n->save.place == 0)
    schedule_save(n, at_ms);
}

/* True after the stop, which frees the sender. A posted call may come later. */
static bool is_over(const struct influx_node *n) { return n->sender == NULL; }

static void on_first_value(void *ctx) {
  struct influx_node *n = ctx;
  if (is_over(n))
    return;
  set_timer(n, &n->gather, now_ms(n) + INFLUX_GATHER_MS);
}

/* ---- each second ---- */

static void open_spool(struct influx_node *n) {
  struct gc_err err = {.code = GC_OK};
  if (gc_spool_is_open(n->spool))
    return;
  enum gc_code code = gc_spool_open(n->spool, &err);
  n->settings->notice(n->settings->ctx, "spool", &err);
  if (code != GC_OK)
    return;
  gc_folder_check("SpoolDir", n->settings->folder, &err);
  n->settings->notice(n->settings->ctx, "folder", &err);
  influx_sender_flush(n->sender);
}

/* Reports a loss while it grows, and when it has ended. */
static void report_loss(const struct influx_node *n, const char *cause,
                        uint64_t before, uint64_t now, const char *words) {
  struct gc_err err = {.code = GC_OK};
  if (now > before)
    (void)gc_fail(&err, GC_ERR_LIMIT, "%llu %s",
                  (unsigned long long)(now - before), words);
  n->settings->notice(n->settings->ctx, cause, &err);
}

/* Reports values that replace others in the database. */
static void report_ambiguous(const struct influx_node *n, uint64_t now) {
  struct gc_err err = {.code = GC_OK};
  const char *example;
  (void)influx_points_ambiguous(n->points, &example);
  if (now > n->stats.ambiguous)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "%llu values have the measurement, tags and field of other "
                  "values, and the database mixes both: find the names that "
                  "differ only in bytes that a line cannot have, or the "
                  "accounts that have one queue id, such as in %s",
                  (unsigned long long)(now - n->stats.ambiguous), example);
  n->settings->notice(n->settings->ctx, "names", &err);
}

static void report_new_losses(const struct influx_node *n,
                              const struct influx_node_stats *now) {
  const struct influx_node_stats *before = &n->stats;
  report_loss(n, "SpoolMax", before->spool.dropped_lines,
              now->spool.dropped_lines,
              "lines, the oldest, were dropped: the spool is full; repair the "
              "database, or raise SpoolMax");
  char words[200];
  snprintf(
      words, sizeof(words),
      "bytes of the spool were torn or damaged and are skipped, the newest "
      "in %016llx.seg; check the disk of SpoolDir, unless the host lost "
      "power",
      (unsigned long long)now->spool.damaged_segment);
  report_loss(n, "damage",
              before->spool.damaged_bytes + before->spool.cut_bytes,
              now->spool.damaged_bytes + now->spool.cut_bytes, words);
  report_loss(n, "memory", before->lost, now->lost,
              "values were lost: neither the disk nor the database takes "
              "lines, and memory is full; check the disk of SpoolDir");
  report_loss(n, "range", before->too_large, now->too_large,
              "values are larger than an integer of the database and were left "
              "out: find the COUNTER that counts backwards");
  report_ambiguous(n, now->ambiguous);
}

/* Adds the lines that wait in memory for a disk that takes none. */
static void add_memory(struct influx_node *n, struct influx_node_stats *now) {
  size_t bytes = 0;
  now->disk_refuses = n->disk_refuses;
  if (!n->disk_refuses || lines_in_memory(n, &bytes) == 0) {
    n->held_since_ms = 0;
    return;
  }
  if (n->held_since_ms == 0)
    n->held_since_ms = now_ms(n);
  now->spool.bytes += bytes;
  int64_t age_ms = (int64_t)(now_ms(n) - n->held_since_ms);
  if (now->spool_age_ms < age_ms)
    now->spool_age_ms = age_ms;
}

static void publish_stats(struct influx_node *n) {
  struct influx_node_stats now = {.lost = n->lost, .success_age_ms = -1};
  const char *example;
  pthread_mutex_lock(&n->inbox.lock);
  now.received = n->inbox.received;
  now.lost += n->inbox.lost;
  pthread_mutex_unlock(&n->inbox.lock);
  now.too_large = influx_join_too_large(n->join);
  now.ambiguous = influx_points_ambiguous(n->points, &example);
  now.sender = influx_sender_stats(n->sender);
  gc_spool_stats(n->spool, &now.spool);
  if (now.spool.oldest_ms != 0)
    now.spool_age_ms = n->env.wall_ms(n->env.ctx) - now.spool.oldest_ms;
  if (now.spool_age_ms < 0)
    now.spool_age_ms = 0; /* the wall clock was set back */
  add_memory(n, &now);
  if (now.sender.last_success_ms != 0)
    now.success_age_ms = (int64_t)(now_ms(n) - now.sender.last_success_ms);
  report_new_losses(n, &now); /* this thread alone writes n->stats */
  pthread_mutex_lock(&n->lock);
  n->stats = now;
  pthread_mutex_unlock(&n->lock);
}

static void on_tick(void *ctx, uint64_t at_ms) {
  struct influx_node *n = ctx;
  open_spool(n);
  take_inbox(n); /* a wake-up may have failed for lack of memory */
  if (n->save.place == 0)
    schedule_save(n, at_ms);
  influx_points_age(n->points, at_ms);
  publish_stats(n);
  set_timer(n, &n->tick, at_ms + INFLUX_TICK_MS);
}

/* ---- the stop ---- */

/* Waits for the sender's work until the deadline of the stop, then ends. */
static void on_stop_check(void *ctx, uint64_t at_ms) {
  struct influx_node *n = ctx;
  enum influx_state state = influx_sender_state(n->sender);
  bool is_busy = state == INFLUX_SENDING || state == INFLUX_SECRET;
  if (is_busy && at_ms < n->stop_by_ms) {
    set_timer(n, &n->tick, at_ms + INFLUX_GATHER_MS);
    return;
  }
  gc_timers_unset(n->env.timers, &n->tick);
  influx_sender_stop(n->sender);
  size_t bytes;
  if (!save_lines(n, UINT64_MAX))
    report_loss(n, "stop", 0, lines_in_memory(n, &bytes),
                "lines were lost: the disk takes none, and collectd stops; "
                "check the disk of SpoolDir");
  influx_sender_free(gc_steal(n->sender));
  gc_spool_close(n->spool);
  pthread_mutex_lock(&n->lock);
  n->is_stopped = true;
  pthread_cond_broadcast(&n->stopped);
  pthread_mutex_unlock(&n->lock);
}

static void begin_stop(void *ctx) {
  struct influx_node *n = ctx;
  if (is_over(n))
    return;
  gc_timers_unset(n->env.timers, &n->gather);
  gc_timers_unset(n->env.timers, &n->save);
  open_spool(n);
  take_inbox(n);
  n->stop_by_ms = now_ms(n) + INFLUX_LAST_SEND_MS;
  (void)save_lines(n, UINT64_MAX);
  influx_sender_flush(n->sender);
  n->tick.fire = on_stop_check;
  on_stop_check(n, now_ms(n));
}

static void wait_until_stopped(struct influx_node *n) {
  const struct timespec until = gc_clock_timespec(n->stop_end_ms);
  pthread_mutex_lock(&n->lock);
  while (!n->is_stopped &&
         pthread_cond_timedwait(&n->stopped, &n->lock, &until) != ETIMEDOUT)
    ;
  pthread_mutex_unlock(&n->lock);
}

/* ---- for the plugin ---- */

static uint64_t clock_now(void *ctx) {
  (void)ctx;
  return gc_clock_now_ms();
}

static int64_t clock_wall(void *ctx) {
  (void)ctx;
  return gc_clock_wall_ms();
}

static uint32_t any_random(void *ctx) {
  (void)ctx;
  return gc_random32();
}

static void pass_notice(void *ctx, const char *cause,
                        const struct gc_err *err) {
  const struct influx_node *n = ctx;
  n->settings->notice(n->settings->ctx, cause, err);
}

static enum gc_code make_sender(struct influx_node *n, struct gc_err *err) {
  const struct influx_node_settings *o = n->settings;
  struct gc_spool_settings spool = {.folder = o->folder,
                                    .max_bytes = o->spool_max};
  n->env = (struct gc_env){.timers = gc_loop_timers(n->loop),
                           .transport = gc_http_transport(n->http),
                           .now_ms = clock_now,
                           .wall_ms = clock_wall,
                           .random32 = any_random,
                           .notice = pass_notice,
                           .ctx = n};
  n->spool = gc_spool_new(&spool, err);
  if (n->spool == NULL)
    return err->code;
  n->sender_settings = (struct influx_sender_settings){
      .target = o->target,
      .folder = o->folder,
      .batch_size = o->batch_size,
      .flush_interval_ms = o->flush_interval_ms,
      .compresses = true,
      .secret_option = o->secret_option,
      .secret = {.literal = o->password, .file = o->secret_file},
      .reads = n->reads,
      .take = take_lines,
      .ctx = n};
  n->sender = influx_sender_new(&n->sender_settings, &n->env, n->spool, err);
  return n->sender != NULL ? GC_OK : err->code;
}

static enum gc_code make_parts(struct influx_node *n, struct gc_err *err) {
  n->loop = gc_loop_new(err);
  if (n->loop == NULL)
    return err->code;
  n->http = gc_http_new(n->loop, &n->settings->connect, err);
  if (n->http == NULL)
    return err->code;
  n->points = influx_points_new(n->settings->tags, INFLUX_SERIES_MAX);
  n->join = influx_join_new();
  n->reads = gc_detached_new("gc-secret", GC_FILES_WAIT_MS);
  return make_sender(n, err);
}

static void free_parts(struct influx_node *n) {
  influx_sender_free(n->sender);
  gc_detached_free(n->reads);
  gc_spool_free(n->spool);
  influx_join_free(n->join);
  influx_points_free(n->points);
  gc_http_free(n->http);
  gc_loop_free(n->loop);
  gc_buf_clear(&n->taken);
  gc_buf_clear(&n->text);
  influx_inbox_clear(&n->inbox);
  pthread_cond_destroy(&n->stopped);
  pthread_mutex_destroy(&n->lock);
  free(n);
}

/* Reports secrets that every user of the host can read. */
static void check_modes(const struct influx_node *n) {
  const struct influx_node_settings *o = n->settings;
  const struct gc_connect *c = &o->connect;
  const struct gc_secret secrets[] = {
      {.file = o->secret_file},
      {.file = c->client_key != NULL ? c->client_key : c->client_cert,
       .what = "the key of the client certificate"}};
  struct gc_secret_stat stat;
  for (size_t i = 0; i < GC_COUNT(secrets); i++)
    if (gc_secret_stat(n->reads, &secrets[i], &stat) == GC_OK &&
        stat.exposed.code != GC_OK)
      o->notice(o->ctx, "secret", &stat.exposed);
}

static void start_work(void *ctx) {
  struct influx_node *n = ctx;
  check_modes(n);
  on_tick(n, now_ms(n));
}

/* Saves all values that have arrived, without the wait for others of their
 * lines. */
static void save_now(void *ctx) {
  struct influx_node *n = ctx;
  if (is_over(n))
    return;
  uint64_t mark = gc_saver_begin();
  take_inbox(n);
  (void)save_lines(n, UINT64_MAX);
  gc_saver_end(&n->saver, mark);
}

static bool ask_for_save(void *ctx) {
  struct influx_node *n = ctx;
  return gc_loop_post(n->loop, save_now, NULL, n) == GC_OK;
}

struct influx_node *influx_node_new(const struct influx_node_settings *settings,
                                    struct gc_err *err) {
  struct influx_node *n = calloc(1, sizeof(*n));
  if (n == NULL) {
    gc_fail(err, GC_ERR_MEMORY, "out of memory");
    return NULL;
  }
  n->settings = settings;
  n->text.max = RECORD_MAX;
  n->stats.success_age_ms = -1;
  n->gather = (struct gc_timer){.fire = on_gather, .ctx = n};
  n->save = (struct gc_timer){.fire = on_save, .ctx = n};
  n->tick = (struct gc_timer){.fire = on_tick, .ctx = n};
  n->saver = (struct gc_saver){.save = ask_for_save, .ctx = n};
  influx_inbox_init(&n->inbox);
  pthread_mutex_init(&n->lock, NULL);
  gc_clock_cond_init(&n->stopped);
  if (make_parts(n, err) == GC_OK &&
      gc_loop_start(n->loop, settings->thread, err) == GC_OK) {
    if (gc_loop_post(n->loop, start_work, NULL, n) == GC_OK) {
      if (settings->takes_intervals)
        gc_saver_add(&n->saver);
      return n;
    }
    gc_fail(err, GC_ERR_MEMORY, "out of memory");
  }
  if (n->loop != NULL)
    gc_loop_stop(n->loop);
  free_parts(n);
  return NULL;
}

void influx_node_put(struct influx_node *n,
                     const struct influx_sample *sample) {
  if (influx_inbox_put(&n->inbox, sample))
    (void)gc_loop_post(n->loop, on_first_value, NULL, n);
}

static void flush_now(void *ctx) {
  struct influx_node *n = ctx;
  if (is_over(n))
    return;
  take_inbox(n);
  (void)save_lines(n, UINT64_MAX);
  influx_sender_flush(n->sender);
}

void influx_node_flush(struct influx_node *n) {
  (void)gc_loop_post(n->loop, flush_now, NULL, n);
}

void influx_node_stats(struct influx_node *n, struct influx_node_stats *ret) {
  pthread_mutex_lock(&n->lock);
  *ret = n->stats;
  pthread_mutex_unlock(&n->lock);
  pthread_mutex_lock(&n->inbox.lock);
  ret->received =
      n->inbox.received; /* the present number, not that of the last second */
  pthread_mutex_unlock(&n->inbox.lock);
}

void influx_node_ask_to_stop(struct influx_node *n) {
  if (n->stop_end_ms != 0)
    return;
  n->stop_end_ms = gc_clock_bound(INFLUX_STOP_MS);
  gc_saver_remove(&n->saver); /* the stop itself saves all values */
  (void)gc_loop_post(n->loop, begin_stop, NULL, n);
}

bool influx_node_stop(struct influx_node *n) {
  influx_node_ask_to_stop(n);
  wait_until_stopped(n);
  pthread_mutex_lock(&n->lock);
  bool is_stopped = n->is_stopped;
  pthread_mutex_unlock(&n->lock);
  return is_stopped;
}

bool influx_node_free(struct influx_node *n) {
  if (n == NULL)
    return true;
  if (!influx_node_stop(n))
    return false; /* the thread still uses the node */
  gc_loop_stop(n->loop);
  free_parts(n);
  return true;
}
