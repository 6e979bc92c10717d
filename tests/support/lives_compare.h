/* SPDX-License-Identifier: MIT */
/* Compares counters of lives and describes the differences for lives_check. */
#ifndef GC_TESTS_SUPPORT_LIVES_COMPARE_H
#define GC_TESTS_SUPPORT_LIVES_COMPARE_H

#include "tests/support/lives.h"

struct lives_counters {
  struct conversations_totals of[LIVES_QUEUES][CV_MEDIA_COUNT];
  bool known[LIVES_QUEUES][CV_MEDIA_COUNT];
  uint64_t late;      /* conversations_stats.late */
  uint64_t dropped;   /* conversations_stats.aged + closed */
  int64_t longest_ms; /* the longest time without an event */
};

/* The subject of a comparison. */
struct lives_compare {
  const char *what, *queue, *media;
  bool holds;    /* compare the changes to and from held */
  bool breaches; /* a breach by waiting is known to both */
  bool states;
  bool no_changes; /* changes of state may be missing */
  bool grows;      /* `got` may be more: the counters as they are exported */
};

/* Adds a text to the differences. */
void lives_note_difference(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
/* Returns the texts; NULL: there is no difference. */
const char *lives_differences(void);
/* Drops the texts. */
void lives_forget_differences(void);

/* Compares all pairs of queue and medium that `got` or `want` knows. */
void lives_compare_counters(struct lives_compare c,
                            const struct lives_counters *got,
                            const struct lives_counters *want);
/* Checks that no exported counter fell. */
void lives_check_growth(const struct lives_counters *before,
                        const struct lives_counters *after);
/* Checks that nothing was counted and taken back in the same step. */
void lives_check_settled(const struct lives_counters *before,
                         const struct lives_counters *after);
/* Compares with the counts of the life itself. */
void lives_compare_truth(const struct lives_life *l,
                         const struct lives_counters *got);

#endif
