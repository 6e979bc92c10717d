/* SPDX-License-Identifier: MIT */
/* Shared by the tests of common/net/channels/channels: an account's REST API in
 * a world in memory (tests/support/replay.h), sockets that are structs, and two
 * blocks that record their messages.
 *
 *   ch_begin_connected();              one block, topic v2.a, channel "one"
 *   ch_say(EVENT);
 *   CHECK_INT(ch_block.messages, 1);
 *   ch_end(); */
#ifndef GC_TESTS_SUPPORT_CHANNELS_BENCH_H
#define GC_TESTS_SUPPORT_CHANNELS_BENCH_H

#include "common/net/channels/channels.h"
#include "tests/support/replay.h"

#define HOUR_MS 3600000ull
#define CREATE "POST /api/v2/notifications/channels"
#define HEAD "HEAD /api/v2/notifications/channels/"
#define PUT "PUT /api/v2/notifications/channels/"
#define ADD "POST /api/v2/notifications/channels/*/subscriptions"
#define CHANNEL(id)                                                            \
  "{\"connectUri\":\"wss://s.example.test/channels/" id "-s3cr3t\",\"id\":"    \
  "\"" id "\"}"
#define HEARTBEAT                                                              \
  "{\"topicName\":\"channel.metadata\",\"eventBody\":{\"message\":"            \
  "\"WebSocket Heartbeat\"}}"
#define PONG                                                                   \
  "{\"topicName\":\"channel.metadata\",\"eventBody\":{\"message\":\"pong\"}}"
#define EVENT "{\"topicName\":\"v2.A\",\"eventBody\":{\"n\":1}}"
#define TOPIC(number) "{\"topicName\":\"v2.topic." number "\"}"
#define CLOSING "{\"topicName\":\"v2.system.socket_closing\"}"

/* The lifetime of tokens in seconds and the highest number of channels, for the
 * next ch_begin, which resets both. */
extern unsigned ch_token_life_s, ch_channels_max;

/* Created by ch_begin, freed by ch_end. */
extern struct replay ch_world;
extern struct gc_channels *ch_channels;

/* ---- sockets ---- */

struct ch_wire {
  const struct gc_ws_events *events; /* NULL: it has ended */
  char url[256];
  bool is_open;
  struct gc_timer closed;
};

extern struct ch_wires {
  struct ch_wire list[64]; /* in order of opening; wraps around */
  char url[256];           /* of the newest socket, as the members below */
  uint64_t opened_ms;
  uint32_t idle_ms, ping_ms;
  unsigned opens, closes, frees, pings;
  bool refuses_to_open, refuses_to_send;
} ch_wires;

/* Returns the newest socket that has not ended; NULL: there is none. */
struct ch_wire *ch_wire(void);
/* Returns the socket of channel `id` that has not ended, or NULL. */
struct ch_wire *ch_wire_of(const char *id);
unsigned ch_wire_count(void);

/* These functions do nothing with NULL. */
void ch_wire_open(struct ch_wire *w);
void ch_wire_say(struct ch_wire *w, const char *text);
void ch_wire_end(struct ch_wire *w, const struct gc_ws_end *end,
                 enum gc_code code);

/* The same for the newest socket. */
void ch_open(void); /* requires a socket */
void ch_say(const char *text);
void ch_end_socket(const struct gc_ws_end *end, enum gc_code code);
void ch_drop_socket(void);
void ch_refuse_upgrade(int status);
void ch_heartbeats(unsigned count); /* one every 30 s */

/* ---- blocks ---- */

struct ch_block {
  struct gc_channels_listener listener;
  unsigned connected, gaps, messages, rejected;
  uint64_t blind_ms;
  char last[256], reason[256];
  void *tag;
};
extern struct ch_block ch_block, ch_other;

void ch_listen(struct ch_block *b);
void ch_subscribe(struct ch_block *b, const char *topic);
enum gc_code ch_try_subscribe(struct ch_block *b, const char *topic);

/* ---- the whole ---- */

/* Starts with ch_block, which listens and has no topic yet. */
void ch_begin(void);
void ch_begin_with(struct gc_store *s);
/* Starts with one block that has one topic on an open socket. */
void ch_begin_connected(void);
/* Checks that nothing is left and no secret was reported. */
void ch_end(void);
/* Restarts the channels; the store keeps its content. */
void ch_stop(void);
void ch_start(struct gc_store *s);

void ch_answer(const char *match, int times, int status, const char *body);
/* Scripts the answers of a well-behaved platform, after those of the test: the
 * channels are named one, two and three. */
void ch_usual_answers(void);
/* The same, but the channels are named c01, c02 … c60. */
void ch_many_answers(void);
/* Subscribes v2.topic.FROM and the following topics; returns how many fit. */
unsigned ch_subscribe_many(struct ch_block *b, unsigned from, unsigned count);
void ch_unsubscribe_many(struct ch_block *b, unsigned from, unsigned count);
/* Opens all sockets that are not open. */
void ch_open_all(void);
size_t ch_creations(void);
struct gc_channel_stats ch_stats(void);
struct gc_api *ch_api(void);

/* Open and close a store in a folder of its own; call them in pairs. */
struct gc_store *ch_store_begin(void);
/* Opens the store of another process in the same folder; the caller closes
 * it. */
struct gc_store *ch_store_open_again(void);
void ch_store_end(struct gc_store *s);

#endif
