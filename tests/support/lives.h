/* SPDX-License-Identifier: MIT */
/* Random lives of conversations, their delivery, and the check that the
 * counters depend only on the facts that arrived, not on the order of arrival.
 *
 *   lives_shapes      table of shapes: what happens in a life
 *   lives_make        a life of a shape, by a seed
 *   lives_deliver     a delivery of it: in order, shuffled, repeated, cut by
 *                     gaps, closed by polls, with steps of the clocks
 *   lives_text        a snapshot as the platform sends it
 *   lives_check       plays the delivery and compares the counters
 *   lives_shrink      drops facts and items that the difference does not need
 *   lives_print       the case as a list of events */
#ifndef GC_TESTS_SUPPORT_LIVES_H
#define GC_TESTS_SUPPORT_LIVES_H

#include <stdio.h>

#include "tests/support/cv_life.h"

enum {
  LIVES_WHO_MAX = 240,
  LIVES_STEPS_MAX = 1000,
  LIVES_ITEMS_MAX = 400,
  LIVES_TEXT_SIZE = 256 * 1024,
  LIVES_QUEUES = 3,
};

extern const char *const lives_queues[LIVES_QUEUES];

enum lives_fact {
  LIVES_DROPPED, /* by lives_shrink */
  LIVES_APPEARS,
  LIVES_CONNECTS,
  LIVES_HOLDS,
  LIVES_RELEASES,
  LIVES_ENDS,
  LIVES_TRANSFERS, /* ends with disconnectType transfer */
  LIVES_WRAPS_UP,
  LIVES_WRAPPED_UP,
  LIVES_SKIPS,     /* the after-call work */
  LIVES_SCHEDULED, /* a callback that waits from a later time on */
  LIVES_PAUSES,    /* all its communications end */
  LIVES_GOES_ON,   /* with another communication */
  LIVES_CALLS_OUT, /* an agent calls the customer: its medium is voice now */
};

struct lives_step {
  int64_t at_ms;
  uint8_t fact, who;
  bool last; /* the platform sends a snapshot after it */
};

struct lives_who {
  uint8_t purpose, media;
  int8_t queue;        /* of lives_queues; -1: none */
  int64_t answered_ms; /* acd: when an agent answered; 0: none did */
};

/* The counts of the life itself, computed without the model. */
struct lives_truth {
  uint64_t offers, answers, abandons, transfers, breaches, wait_ms;
};

struct lives_life {
  uint64_t seed;
  const char *shape;
  int64_t started_ms; /* of the block */
  bool is_shrunk;     /* the truth is that of the whole life */
  bool is_text;       /* its snapshots are read by the decoder */
  bool is_late;       /* some legs are reported only after a snapshot that lacks
                         them */
  unsigned who_count, count, snapshots;
  struct lives_who who[LIVES_WHO_MAX];
  struct lives_step steps[LIVES_STEPS_MAX];
  unsigned end[LIVES_STEPS_MAX]; /* of each snapshot: its number of steps */
  struct lives_truth truth[LIVES_QUEUES][CV_MEDIA_COUNT];
};

struct lives_item {
  int64_t pause_ms; /* since the item before */
  int64_t wall_ms;  /* how far our clock is ahead */
  int64_t date_ms;  /* how far the clock of the server's Date is ahead */
  uint16_t snapshot;
  uint16_t after; /* it arrives after that snapshot was sent */
  bool gap;       /* the stream was interrupted before it */
  bool closed;    /* two polls before it did not list the conversation */
  bool is_dated;  /* an answer with a Date came before it */
};

struct lives_delivery {
  const char *kind;
  bool dates_start; /* the clocks of the first items date the block's start */
  unsigned count;
  struct lives_item items[LIVES_ITEMS_MAX];
};

enum lives_kind {
  LIVES_IN_ORDER,
  LIVES_SHUFFLED,
  LIVES_REPEATED,
  LIVES_GAPS,
  LIVES_CUT, /* as LIVES_GAPS, and the last snapshots never arrive */
  LIVES_CLOCKS,
  LIVES_START, /* one clock is wrong when the block starts */
  LIVES_ALL,   /* gaps, polls that close the conversation and clock steps */
  LIVES_KINDS
};

const char *lives_kind_name(enum lives_kind kind);

struct lives_build;

struct lives_shape {
  const char *name;
  void (*make)(struct lives_build *b);
  unsigned share; /* the shape gets 1 / share of the usual number of lives */
};
extern const struct lives_shape lives_shapes[];
extern const unsigned lives_shape_count;

/* ---- random numbers: 0 … sides - 1 ---- */
unsigned lives_random(uint64_t *state, unsigned sides);

void lives_make(struct lives_life *l, const struct lives_shape *shape,
                uint64_t seed);
/* Writes the whole conversation after `steps` steps as a message of the
 * platform's JSON. The platform has several forms for one fact; `variant`
 * chooses the forms. */
size_t lives_text(const struct lives_life *l, unsigned steps, uint64_t variant,
                  char text[LIVES_TEXT_SIZE]);
/* Returns the whole conversation after `steps` steps in `ret`. */
void lives_snapshot(const struct lives_life *l, unsigned steps,
                    struct cv_event *ret);
/* Returns when the platform sends a snapshot: the time of its newest step. */
int64_t lives_sent_ms(const struct lives_life *l, unsigned snapshot);
void lives_deliver(struct lives_delivery *d, const struct lives_life *l,
                   enum lives_kind kind, uint64_t seed);

/* Returns NULL if the counters are right, else the differences, valid until the
 * next call. */
const char *lives_check(const struct lives_life *l,
                        const struct lives_delivery *d);
/* Makes life and delivery as short as the difference permits. */
void lives_shrink(struct lives_life *l, struct lives_delivery *d);
void lives_print(FILE *out, const struct lives_life *l,
                 const struct lives_delivery *d, const char *difference);

#endif
