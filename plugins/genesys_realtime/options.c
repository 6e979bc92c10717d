/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/options.h"

#include <string.h>

#include "common/base/ascii.h"
#include "common/base/glob.h"
#include "common/base/hash.h"
#include "common/base/nearest.h"
#include "plugins/genesys_realtime/conversations/conversations.h"

/* The words of enum stream_choice, obs_source and queue_label, in their order.
 */
static const char *const streams[] = {"notifications", "conversations", "none",
                                      NULL};
static const char *const sources[] = {
    "auto", "query", "activity", "topic", "queue_metrics", "none", NULL};
static const char *const labels[] = {"name", "id", "both", NULL};

const struct gc_opt queues_rows[] = {
    GC_OPT_STR(struct queues_options, account, "Account", NULL, GC_OPT_NEEDED,
               "Name of an `<Account>` of the plugin genesys.", "prod"),
    GC_OPT_ENUM(struct queues_options, stream, "Stream", "notifications",
                streams,
                "Source of conversation events, from which counters are made: "
                "`notifications` listens to the account's notification "
                "channel; `conversations` is the guide dialect's socket of "
                "a gateway; `none`: observations only.",
                "none"),
    GC_OPT_ENUM(struct queues_options, observations, "Observations", "auto",
                sources,
                "Source of the present state: `auto` is `query` for up to 200 "
                "selected queues and `activity` beyond, and a line in the log "
                "says which; `query` requests 100 queues at a "
                "time; `activity` pages through everything and filters "
                "here; `topic` receives "
                "changes over the notification channel and polls once a "
                "minute, or as `query` while a topic is missing; "
                "`queue_metrics` is the guide dialect's GET of a gateway, 100 "
                "queues a request, at most once every 5 s.",
                "activity"),
    GC_OPT_INT(struct queues_options, interval_s, "ObservationInterval", "10",
               1, 3600, "s", "Time between two readings.", "30"),
    GC_OPT_STRS(struct queues_options, queues, "Queue",
                "Name globs (`Support*`) or ids; a leading `!` excludes. The "
                "first match decides; the default is all queues. May be "
                "repeated. Applied before any request.",
                "Support*"),
    GC_OPT_STRS(struct queues_options, media, "Media",
                "Media types to show (`voice`, `chat`, `email`, `message`, "
                "`callback` …); the default is all. May be repeated.",
                "voice"),
    GC_OPT_ENUM(struct queues_options, label, "QueueLabel", "name", labels,
                "Label of a queue: its `name`, its `id`, or `both` "
                "(NAME@ID).",
                "both"),
    GC_OPT_REALS(struct queues_options, wait_buckets, "WaitBuckets",
                 "1 2 4 8 16 32 64 128 256 512", 0.001, 1e6, "s",
                 "Bounds of the histogram of waits, ascending; fractions are "
                 "allowed.",
                 "0.5 5 10 20 30 60 120 300"),
    GC_OPT_REAL(struct queues_options, target_s, "ServiceLevelTarget", NULL,
                0.001, 1e6, "s",
                "A contact that waits longer is a breach; the default is each "
                "queue's own target of the medium.",
                "20"),
    GC_OPT_INT(struct queues_options, window_s, "Window", NULL, 1, 86400, "s",
               "Down-sampling: `queue_depth_window` and so on have average, "
               "minimum and maximum of each gauge over windows of this length, "
               "which begin at its multiples; the default is no windows.",
               "60"),
    GC_OPT_BOOL(struct queues_options, raw, "Raw", "true",
                "`false`: dispatch the windows without the gauges themselves.",
                "false"),
    GC_OPT_INT(struct queues_options, idle_timeout_s, "IdleTimeout", "40", 5,
               3600, "s",
               "A stream that is silent for this long is opened again; the "
               "platform sends a heartbeat every 30 s.",
               "60"),
    GC_OPT_INT(struct queues_options, reconnect_min_s, "ReconnectMin", "1", 1,
               3600, "s", "Shortest time before the stream is opened again.",
               "2"),
    GC_OPT_INT(struct queues_options, reconnect_max_s, "ReconnectMax", "30", 1,
               3600, "s",
               "Longest time between two attempts to open the stream.", "120"),
    GC_OPT_INT(
        struct queues_options, conversations_max, "MaxConversations", "200000",
        100, 10000000, "conversations",
        "Conversations kept in memory; a further one replaces one that has "
        "ended, else the one with the oldest event (`conversations_lost`).",
        "50000"),
    GC_OPT_INT(struct queues_options, conversation_age_s, "MaxConversationAge",
               "86400", 600, 2592000, "s",
               "A conversation without an event for this long is dropped.",
               "43200"),
    GC_OPT_INT(struct queues_options, series_max, "MaxSeries", "200000", 1,
               10000000, "series",
               "Series of queues that the block sends; further series are left "
               "out (`series_overflow`).",
               "20000"),
    GC_OPT_INT(struct queues_options, queue_expiry_s, "QueueExpiry", "86400",
               60, 31536000, "s",
               "A queue that has left the list of queues and had no event for "
               "this long loses its counters; a series without a value for "
               "this long no longer counts for MaxSeries.",
               "604800"),
    GC_OPT_STR(
        struct queues_options, shard_text, "Shard", NULL, 0,
        "This agent's share of the queues, `k/n`: the k-th of n agents. "
        "Each queue belongs to exactly one of the n; a change of n moves as "
        "few queues as possible. Applied before any request.",
        "1/3"),
    GC_OPT_STR(struct queues_options, path, "Path", NULL, 0,
               "Guide dialect only: a path of the gateway other than "
               "`/api/v2/analytics/realtime/conversations` (`Stream "
               "\"conversations\"`) or `/api/v2/queues/metrics` "
               "(`Observations \"queue_metrics\"`), such as "
               "`/api/v2/queues/stats`.",
               "/api/v2/queues/stats"),
    GC_OPT_STRS(
        struct queues_options, where, "Where",
        "`Stream \"conversations\"` only: which events the gateway sends, "
        "such as `type = 'voice'`; the default is made of `Media`. May "
        "be repeated.",
        "type = 'voice'"),
    GC_OPT_STRS(struct queues_options, wrapups, "WrapUpCode",
                "`Stream \"conversations\"` only: wrap-up codes, globs as for "
                "`Queue`, by which changes of state are counted "
                "(`state_changes_wrapup`); the default is none. May be "
                "repeated.",
                "Sale*"),
    GC_OPT_END,
};

static enum gc_code lower_media(char *media, struct gc_err *err) {
  gc_lower_text(media);
  if (media[strspn(media, "abcdefghijklmnopqrstuvwxyz")] != '\0')
    return gc_fail(err, GC_ERR_CONFIG,
                   "Media: \"%.40s\" is not a media type such as \"voice\", "
                   "\"chat\", \"email\", \"message\", \"callback\"",
                   media);
  const char *words[CV_MEDIA_COUNT];
  for (int i = 0; i < CV_MEDIA_COUNT; i++)
    words[i] = cv_media_label((enum cv_media)i);
  const char *meant = gc_text_nearest(media, words, CV_MEDIA_COUNT);
  if (meant != NULL && strcmp(meant, media) != 0)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Media: \"%.40s\" is not a media type of the platform; did "
                   "you mean \"%s\"?",
                   media, meant);
  return GC_OK;
}

/* The source aggregates windows of 5 s, so a shorter interval has no new
 * values. */
enum { QUEUE_METRICS_MIN_S = 5 };

static enum gc_code check_path(const struct queues_options *o,
                               struct gc_err *err) {
  bool is_stream = o->stream == STREAM_CONVERSATIONS;
  bool is_metrics = o->observations == OBS_QUEUE_METRICS;
  if (!is_stream && !is_metrics)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Path: the paths of the official API are fixed; Path goes "
                   "with Stream \"conversations\" or Observations "
                   "\"queue_metrics\" (guide dialect)");
  if (is_stream && is_metrics)
    return gc_fail(
        err, GC_ERR_CONFIG,
        "Path: it could belong to Stream \"conversations\" or to "
        "Observations \"queue_metrics\"; write two blocks, each with "
        "one of them");
  if (o->path[0] != '/' || strpbrk(o->path, " ?#\t\r\n") != NULL)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Path: \"%.80s\" is not a path such as "
                   "\"/api/v2/queues/stats\": it must begin with a slash and "
                   "have neither a query nor spaces",
                   o->path);
  return GC_OK;
}

static enum gc_code check_guide(const struct queues_options *o,
                                struct gc_err *err) {
  if (o->observations == OBS_QUEUE_METRICS &&
      o->interval_s < QUEUE_METRICS_MIN_S)
    return gc_fail(
        err, GC_ERR_CONFIG,
        "ObservationInterval: %u s is too often for Observations "
        "\"queue_metrics\", whose source counts every %d s; accepted: "
        "%d or more",
        o->interval_s, (int)QUEUE_METRICS_MIN_S, (int)QUEUE_METRICS_MIN_S);
  if (o->where.count > 0 && o->stream != STREAM_CONVERSATIONS)
    return gc_fail(
        err, GC_ERR_CONFIG,
        "Where: the official API has no such filter: Queue and Media "
        "choose there; Where goes with Stream \"conversations\" "
        "(guide dialect)");
  for (size_t i = 0; i < o->wrapups.count; i++)
    if (gc_glob_check(o->wrapups.at[i], err) != GC_OK)
      return gc_fail_in(err, GC_ERR_CONFIG, "WrapUpCode: ");
  if (o->wrapups.count > 0 && o->stream != STREAM_CONVERSATIONS)
    return gc_fail(err, GC_ERR_CONFIG,
                   "WrapUpCode: the official API's events name no code with a "
                   "change of state; WrapUpCode goes with Stream "
                   "\"conversations\" (guide dialect)");
  return o->path != NULL ? check_path(o, err) : GC_OK;
}

enum gc_code queues_check(struct queues_options *o, struct gc_err *err) {
  for (size_t i = 0; i < o->queues.count; i++)
    if (gc_glob_check(o->queues.at[i], err) != GC_OK)
      return gc_fail_in(err, GC_ERR_CONFIG, "Queue: ");
  for (size_t i = 0; i < o->media.count; i++)
    GC_TRY(lower_media(o->media.at[i], err));
  if (o->wait_buckets.count > CV_BOUNDS_MAX)
    return gc_fail(err, GC_ERR_CONFIG,
                   "WaitBuckets: %zu bounds are more than the %d that are kept",
                   o->wait_buckets.count, (int)CV_BOUNDS_MAX);
  if (o->window_s > 0 && o->window_s < o->interval_s)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Window: %u s is less than ObservationInterval, %u s",
                   o->window_s, o->interval_s);
  if (o->window_s == 0 && !o->raw)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Raw false leaves no gauges without a Window, such as "
                   "\"Window 60\"");
  if (o->shard_text != NULL)
    GC_TRY(shard_parse(o->shard_text, &o->shard, err));
  if (o->reconnect_min_s > o->reconnect_max_s)
    return gc_fail(err, GC_ERR_CONFIG,
                   "ReconnectMin: %u s is more than ReconnectMax, %u s",
                   o->reconnect_min_s, o->reconnect_max_s);
  return check_guide(o, err);
}

const char *queues_doubt(const struct queues_options *o, size_t i) {
  bool has_stream = o->stream != STREAM_NONE;
  bool has_observations = o->observations != OBS_OFF;
  const struct {
    bool holds;
    const char *text;
  } doubts[] = {
      {!has_stream && !has_observations,
       "Stream \"none\" with Observations \"none\": this block reads nothing; "
       "remove it, or choose one of the two"},
      {!has_stream && has_observations && o->target_s > 0,
       "ServiceLevelTarget counts contacts of the stream: it has no effect "
       "with "
       "Stream \"none\""},
      {o->window_s > 0 && !has_stream && !has_observations,
       "Window has no gauges to sample: this block reads nothing"},
  };
  size_t number = 0;
  for (size_t k = 0; k < GC_COUNT(doubts); k++)
    if (doubts[k].holds && number++ == i)
      return doubts[k].text;
  return NULL;
}

struct gc_channel_timeouts queues_timeouts(const struct queues_options *o) {
  return (struct gc_channel_timeouts){
      .idle_timeout_ms = o->idle_timeout_s * 1000,
      .reconnect_min_ms = o->reconnect_min_s * 1000,
      .reconnect_max_ms = o->reconnect_max_s * 1000};
}

/* ---- Shard ---- */

/* Hashes the id, with ASCII letters in lower case. */
static uint64_t hash_of(const char *id) {
  uint64_t h = GC_HASH_INIT;
  for (const char *c = id; *c != '\0'; c++)
    h = gc_hash_byte(h, (unsigned char)gc_lower(*c));
  return h;
}

/* Mixes the bits by the last step of splitmix64. With FNV alone, similar ids
 * and numbers would have similar weights. */
static uint64_t mix_bits(uint64_t x) {
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

/* Computes a weight. Agents of all versions must agree, so the weights never
 * change. */
static uint64_t weight_of(uint64_t hash, uint32_t number) {
  return mix_bits(hash ^ mix_bits(number * UINT64_C(0x9e3779b97f4a7c15)));
}

bool shard_has(const struct shard *s, const char *id) {
  if (s == NULL || s->of <= 1)
    return true;
  uint64_t hash = hash_of(id), ours = weight_of(hash, s->number);
  for (uint32_t i = 1; i <= s->of; i++) {
    uint64_t weight = weight_of(hash, i);
    if (weight > ours || (weight == ours && i < s->number))
      return false;
  }
  return true;
}

/* Reads digits, without sign and space. */
static bool read_number(const char **at, uint32_t *ret) {
  const char *begin = *at;
  uint32_t number = 0;
  while (gc_is_digit(**at) && *at - begin < 6)
    number = number * 10 + (uint32_t)(*(*at)++ - '0');
  *ret = number;
  return *at > begin;
}

static bool read_slash(const char **at) {
  if (**at != '/')
    return false;
  (*at)++;
  return true;
}

enum gc_code shard_parse(const char *text, struct shard *ret_shard,
                         struct gc_err *err) {
  struct shard s;
  const char *at = text;
  bool is_whole = read_number(&at, &s.number) && read_slash(&at) &&
                  read_number(&at, &s.of) && *at == '\0';
  if (!is_whole || s.number < 1 || s.number > s.of || s.of > SHARDS_MAX)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Shard \"%.40s\" is not \"k/n\": this agent's number from 1 "
                   "to n, of n agents (%d at most), such as \"1/3\"",
                   text, (int)SHARDS_MAX);
  *ret_shard = s;
  return GC_OK;
}
