/* SPDX-License-Identifier: MIT */
/* <Queues "NAME">: its options as rows, and the struct that the rows fill, from
 * which block and stream read them. Configuration phase, one thread; const
 * afterwards. */
#ifndef GENESYS_REALTIME_OPTIONS_H
#define GENESYS_REALTIME_OPTIONS_H

#include "common/daemon/options.h"
#include "common/net/channels/channel.h"

/* ---- Shard ---- */

enum { SHARDS_MAX = 1000 };

/* Decides which of several agents reads a queue, by rendezvous hashing. Each
 * agent knows only its number and the number of agents. It computes a weight of
 * the id for each number; the queue belongs to the number with the largest
 * weight. The agents agree without exchanging messages, and each queue belongs
 * to one agent. If an agent is added to n agents, only the queues of the new
 * agent move (1 of n + 1). Pure, any thread.
 *
 *   struct shard s;
 *   GC_TRY(shard_parse("1/3", &s, err));
 *   shard_has(&s, queue_id)                a third of the ids */

/* A zeroed shard has every queue. */
struct shard {
  uint32_t number, of; /* 1 … of */
};

/* Parses "k/n", with k from 1 to n and n up to SHARDS_MAX. Returns
 * GC_ERR_CONFIG for any other text, and *ret_shard does not change. */
GC_MUST_CHECK enum gc_code
shard_parse(const char *text, struct shard *ret_shard, struct gc_err *err);
/* Returns true if the queue belongs to this agent. The case of letters does not
 * matter, because the platform writes one id in both cases. `s` NULL: there is
 * one agent. */
bool shard_has(const struct shard *s, const char *id);

/* ---- the block ---- */

struct queues_options {
  char *account;
  int stream;       /* enum stream_choice */
  int observations; /* enum obs_source */
  int label;        /* enum queue_label */
  uint32_t interval_s;
  struct gc_strs queues, media;
  struct gc_reals wait_buckets; /* s */
  double target_s;              /* 0: each queue's own */
  uint32_t window_s;            /* 0: none */
  bool raw; /* put the gauges too; always true without a window */
  uint32_t series_max, queue_expiry_s;
  uint32_t idle_timeout_s, reconnect_min_s, reconnect_max_s;
  uint32_t conversations_max, conversation_age_s;
  char *shard_text;
  struct shard shard; /* queues_check makes it of shard_text */
  char *path;         /* guide dialect; NULL: the usual one */
  struct gc_strs where, wrapups;
};

enum stream_choice { STREAM_NOTIFICATIONS, STREAM_CONVERSATIONS, STREAM_NONE };

enum obs_source {
  OBS_AUTO, /* observations/poll.h decides: OBS_QUERY or OBS_ACTIVITY */
  OBS_QUERY,
  OBS_ACTIVITY,
  OBS_TOPIC,
  OBS_QUEUE_METRICS, /* guide dialect */
  OBS_OFF
};

extern const struct gc_opt queues_rows[];

/* Checks the rules that rows cannot express: selectors, buckets, options that
 * need each other. Writes media types in lower case, as the API does. */
GC_MUST_CHECK enum gc_code queues_check(struct queues_options *o,
                                        struct gc_err *err);

/* Returns the i-th doubt about options that are valid and do nothing together,
 * as a line for the log; NULL: there are no more. */
const char *queues_doubt(const struct queues_options *o, size_t i);

/* Returns the time-outs of a block's channels and socket. */
struct gc_channel_timeouts queues_timeouts(const struct queues_options *o);

#endif
