/* SPDX-License-Identifier: MIT */
/* The plugin "genesys_realtime": what the queues look like now. Wiring only:
 * options.c reads the configuration, block.c asks and listens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectd.h"
#include "plugin.h"

#include "common/daemon/complain.h"
#include "common/daemon/emit.h"
#include "common/daemon/tap.h"
#include "common/net/account.h"
#include "plugins/genesys_realtime/block.h"
#include "plugins/genesys_realtime/options.h"

static const char name[] = "genesys_realtime";

/* How soon a value leaves after its answer came. Looking costs next to
 * nothing while there is nothing new. */
enum { LOOK_EVERY_S = 1 };

/* One <Queues> block. */
struct queues {
  char instance[DATA_MAX_NAME_LEN]; /* "queues-all", of its self-telemetry */
  char *block;                      /* "all" */
  struct queues_options options;
  struct gc_account *account;
  struct block *work;
  struct queues *next;
};

static struct queues *all;
static struct gc_complaints *complaints;
static struct gc_config_seen seen;

static void queues_free(struct queues *q) {
  block_free(q->work);
  gc_account_put(q->account);
  gc_options_clear(queues_rows, &q->options);
  free(q->block);
  free(q);
}

static enum gc_code read_block(const char *block, void *settings,
                               struct gc_err *err) {
  struct queues_options *o = settings;
  struct queues *q = calloc(1, sizeof(*q));
  if (q == NULL) {
    gc_options_clear(queues_rows, o);
    free(o);
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  }
  q->options = *o;
  free(o);
  q->block = strdup(block);
  snprintf(q->instance, sizeof(q->instance), "queues-%s", block);
  enum gc_code code = q->block != NULL
                          ? queues_check(&q->options, err)
                          : gc_fail(err, GC_ERR_MEMORY, "out of memory");
  if (code != GC_OK) {
    queues_free(q);
    return code;
  }
  q->next = all;
  all = q;
  return GC_OK;
}

static const struct gc_block_kind blocks[] = {
    {.key = "Queues",
     .rows = queues_rows,
     .size = sizeof(struct queues_options),
     .help = "A selection of queues of one account.",
     .named = true,
     .read = read_block},
    {.key = NULL},
};

static int on_config(oconfig_item_t *ci) {
  const struct gc_config config = {
      .plugin = name, .blocks = blocks, .seen = &seen};
  struct gc_err err;
  if (gc_config_read(&config, ci, &err) == GC_OK)
    return 0;
  ERROR("%s", err.text);
  return -1;
}

/* On the network thread. What concerns the whole account the account says. */
static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  const struct queues *q = ctx;
  char where[DATA_MAX_NAME_LEN + 64];
  if (gc_code_is_shared(err->code))
    return;
  snprintf(where, sizeof(where), "%s, %s", q->instance, cause);
  gc_complain(complaints, where, err);
}

static int on_read(user_data_t *ud) {
  struct queues *q = ud->data;
  struct gc_samples out = gc_emit_samples(gc_account_host(q->account));
  block_read(q->work, &out);
  return 0;
}

static int on_read_state(user_data_t *ud) {
  struct queues *q = ud->data;
  struct gc_samples out = gc_emit_samples(gc_account_host(q->account));
  block_read_state(q->work, q->instance,
                   (uint32_t)CDTIME_T_TO_MS(plugin_get_interval()), &out);
  return 0;
}

/* ---- the last words ---- */

/* All blocks together, so that collectd ends in time. */
enum { LAST_WORDS_MS = 1000 };
static cdtime_t last_words_end;

struct last_words {
  struct gc_tap_ticket *ticket;
  const char *host;
  size_t lost;
};

static void put_last(void *ctx, const struct gc_sample *sample) {
  struct last_words *last = ctx;
  last->lost += gc_tap_emit(last->ticket, last->host, sample) != GC_OK;
}

/* What is left of the time that all blocks share. */
static void wait_for(struct last_words *last) {
  cdtime_t now = cdtime();
  if (last_words_end == 0)
    last_words_end = now + MS_TO_CDTIME_T(LAST_WORDS_MS);
  uint32_t left_ms =
      now < last_words_end ? (uint32_t)CDTIME_T_TO_MS(last_words_end - now) : 0;
  if (!gc_tap_wait(last->ticket, left_ms))
    last->lost += gc_tap_in_flight(last->ticket);
}

/* collectd frees what read callbacks own once no read thread runs and while
 * the write threads still do: values that leave later never arrive. */
static void on_last_read(void *data) {
  struct queues *q = data;
  if (q->work == NULL || !block_has_windows(q->work))
    return;
  struct last_words last = {.ticket = gc_tap_ticket_new(),
                            .host = gc_account_host(q->account)};
  if (last.ticket == NULL)
    return;
  block_finish(q->work, &(struct gc_samples){put_last, &last});
  wait_for(&last);
  if (last.lost > 0)
    gc_say(complaints, GC_SAY_WARNING,
           "%s: %zu values of the last window were not written in time",
           q->instance, last.lost);
  gc_tap_ticket_free(last.ticket);
}

static void register_reads(struct queues *q) {
  char callback[DATA_MAX_NAME_LEN * 2];
  user_data_t ud = {.data = q, .free_func = on_last_read};
  snprintf(callback, sizeof(callback), "%s/%s", name, q->instance);
  plugin_register_complex_read(name, callback, on_read,
                               TIME_T_TO_CDTIME_T(LOOK_EVERY_S), &ud);
  ud.free_func = NULL;
  snprintf(callback, sizeof(callback), "%s/%s/state", name, q->instance);
  plugin_register_complex_read(name, callback, on_read_state, 0, &ud);
}

static struct stream_settings stream_settings(const struct queues_options *o) {
  return (struct stream_settings){
      .guide = {.is_on = o->stream == STREAM_CONVERSATIONS,
                .path = o->path,
                .where = o->where.at,
                .where_count = o->where.count,
                .media = o->media.at,
                .media_count = o->media.count,
                .wrapups = o->wrapups.at,
                .wrapup_count = o->wrapups.count},
      .patience = {.idle_timeout_ms = o->idle_timeout_s * 1000,
                   .reconnect_min_ms = o->reconnect_min_s * 1000,
                   .reconnect_max_ms = o->reconnect_max_s * 1000},
      .bounds_s = o->wait_buckets.at,
      .bound_count = o->wait_buckets.count,
      .target_ms = (int64_t)(o->target_s * 1000.0 + 0.5),
      .most = o->conversations_most,
      .age_ms = (int64_t)o->conversation_age_s * 1000,
      .expiry_ms = (int64_t)o->queue_expiry_s * 1000,
      .interval_ms = o->interval_s * 1000,
      .gauges =
          o->observations == OBS_OFF || o->observations == OBS_QUEUE_METRICS,
  };
}

static enum gc_code start(struct queues *q, struct gc_err *err) {
  const struct queues_options *o = &q->options;
  struct block_settings settings = {
      .name = q->block,
      .source = (enum obs_source)o->observations,
      .interval_ms = o->interval_s * 1000,
      .selectors = o->queues.at,
      .selector_count = o->queues.count,
      .shard = o->shard,
      .media = o->media.at,
      .media_count = o->media.count,
      .window_ms = o->window_s * 1000,
      .raw = o->raw,
      .series_most = o->series_most,
      .expiry_ms = (uint64_t)o->queue_expiry_s * 1000,
      .label = (enum obs_label)o->label,
      .metrics_path = o->path,
      .has_stream = o->stream != STREAM_NONE,
      .stream = stream_settings(o),
  };
  q->account = gc_account_get(o->account, err);
  if (q->account == NULL)
    return err->code;
  struct block_site site = {
      .loop = gc_account_loop(q->account),
      .edge = gc_account_edge(q->account),
      .api = gc_account_api(q->account),
      .names = gc_account_names(q->account),
      .channels = gc_account_channels(q->account),
      .driver = gc_socket_driver_ws(gc_account_loop(q->account)),
      .connect = gc_account_connect(q->account),
      .base_url = gc_account_base_url(q->account),
      .requests_per_minute = gc_account_requests_per_minute(q->account)};
  q->work = block_new(&settings, &site, on_notice, q, err);
  if (q->work == NULL)
    return err->code;
  block_start(q->work);
  return GC_OK;
}

/* A block that cannot start costs only itself: the others go on, and so does
 * collectd. */
static int on_init(void) {
  for (struct queues *q = all; q != NULL; q = q->next) {
    struct gc_err err = {.code = GC_OK};
    if (q->work != NULL)
      continue;
    if (start(q, &err) == GC_OK)
      register_reads(q);
    else
      gc_say(complaints, GC_SAY_ERROR, "<Queues \"%s\">: %s", q->block,
             err.text);
  }
  return 0;
}

static int on_shutdown(void) {
  while (all != NULL) {
    struct queues *q = all;
    all = q->next;
    queues_free(q);
  }
  return 0;
}

GC_API void module_register(void);
void module_register(void) {
  struct gc_err err;
  complaints = gc_complaints_new(name);
  if (complaints == NULL || gc_emit_register(&err) != GC_OK) {
    ERROR("%s: %s", name, complaints == NULL ? "out of memory" : err.text);
    return;
  }
  plugin_register_complex_config(name, on_config);
  plugin_register_init(name, on_init);
  plugin_register_shutdown(name, on_shutdown);
}
