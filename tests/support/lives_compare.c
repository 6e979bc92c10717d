/* SPDX-License-Identifier: MIT */
#include "tests/support/lives_compare.h"

#include <inttypes.h>
#include <stdarg.h>

#include "common/base/cleanup.h"

/* The bounds of life_settings, and one bucket for longer waits. */
enum { BUCKETS = GC_COUNT(life_bounds) + 1 };

static char difference[2000];

void lives_note_difference(const char *format, ...) {
  size_t used = strlen(difference);
  va_list args;
  va_start(args, format);
  vsnprintf(difference + used, sizeof(difference) - used, format, args);
  va_end(args);
}

const char *lives_differences(void) {
  return difference[0] != '\0' ? difference : NULL;
}

void lives_forget_differences(void) { difference[0] = '\0'; }

static const char *const state_names[CV_STATE_COUNT] = {
#define XX(id, label) [CV_STATE_##id] = label,
    CV_STATE_MAP(XX)
#undef XX
};

/* Returns the count that follows from the facts: without those that are owed.
 * Exported counters include them. */
static uint64_t net_of(const struct lives_compare *c, uint64_t count,
                       uint64_t owed) {
  return c->grows ? count : count - owed;
}

static void compare_count(const struct lives_compare *c, const char *name,
                          uint64_t got, uint64_t want) {
  if (got == want || (c->grows && got > want))
    return;
  lives_note_difference("%s: %s %s %s is %" PRIu64 ", not %" PRIu64 "; ",
                        c->what, c->queue, c->media, name, got, want);
}

static void compare_states(const struct lives_compare *c,
                           const struct conversations_totals *got,
                           const struct conversations_totals *want) {
  char name[40];
  if (c->no_changes)
    return;
  for (unsigned f = 0; f < CV_STATE_COUNT; f++)
    for (unsigned t = 0; t < CV_STATE_COUNT; t++) {
      if ((f == CV_STATE_HELD || t == CV_STATE_HELD) && !c->holds)
        continue;
      snprintf(name, sizeof(name), "%s-%s", state_names[f], state_names[t]);
      compare_count(c, name,
                    net_of(c, got->changes[f][t], got->changes_owed[f][t]),
                    net_of(c, want->changes[f][t], want->changes_owed[f][t]));
    }
  for (unsigned s = CV_STATE_WRAPUP; s < CV_STATE_COUNT && c->states; s++)
    compare_count(c, state_names[s], got->states[s], want->states[s]);
}

/* Compares the histograms of waits: the exported ones (`grows`), else those
 * without the owed waits. */
static void compare_waits(const struct lives_compare *c,
                          const struct conversations_totals *got,
                          const struct conversations_totals *want) {
  uint64_t got_within = 0, want_within = 0;
  compare_count(c, "wait_ms", got->wait_ms + (c->grows ? got->wait_owed_ms : 0),
                want->wait_ms + (c->grows ? want->wait_owed_ms : 0));
  for (unsigned i = 0; i < BUCKETS; i++) {
    got_within += got->waits[i];
    want_within += want->waits[i];
    compare_count(c, "bucket", got_within + (c->grows ? got->waits_owed[i] : 0),
                  want_within + (c->grows ? want->waits_owed[i] : 0));
  }
}

static void compare_totals(const struct lives_compare *c,
                           const struct conversations_totals *got,
                           const struct conversations_totals *want) {
  compare_count(c, "offers", got->offers, want->offers);
  compare_count(c, "answers", net_of(c, got->answers, got->answers_owed),
                net_of(c, want->answers, want->answers_owed));
  compare_count(c, "abandons", net_of(c, got->abandons, got->abandons_owed),
                net_of(c, want->abandons, want->abandons_owed));
  compare_count(c, "transfers", net_of(c, got->transfers, got->transfers_owed),
                net_of(c, want->transfers, want->transfers_owed));
  compare_waits(c, got, want);
  if (c->breaches)
    compare_count(c, "breaches", net_of(c, got->breaches, got->breaches_owed),
                  net_of(c, want->breaches, want->breaches_owed));
  compare_states(c, got, want);
}

void lives_compare_counters(struct lives_compare c,
                            const struct lives_counters *got,
                            const struct lives_counters *want) {
  for (unsigned q = 0; q < LIVES_QUEUES; q++)
    for (unsigned i = 0; i < CV_MEDIA_COUNT; i++) {
      if (!got->known[q][i] && !want->known[q][i])
        continue;
      c.queue = lives_queues[q];
      c.media = cv_media_label((enum cv_media)i);
      compare_totals(&c, &got->of[q][i], &want->of[q][i]);
    }
}

void lives_check_growth(const struct lives_counters *before,
                        const struct lives_counters *after) {
  lives_compare_counters((struct lives_compare){.what = "a counter fell",
                                                .holds = true,
                                                .breaches = true,
                                                .grows = true},
                         after, before);
}

/* Checks that an exported counter is the highest count of the facts so far. A
 * fact that is taken back and a new fact in the same step cancel out. */
static void check_highest(const struct lives_compare *c, const char *name,
                          uint64_t before, uint64_t count, uint64_t owed) {
  uint64_t highest = count - owed > before ? count - owed : before;
  if (count != highest)
    compare_count(c, name, count, highest);
}

static void check_highest_waits(const struct lives_compare *c,
                                const struct conversations_totals *before,
                                const struct conversations_totals *after) {
  uint64_t was_within = 0, within = 0;
  check_highest(c, "wait_ms", before->wait_ms + before->wait_owed_ms,
                after->wait_ms + after->wait_owed_ms, after->wait_owed_ms);
  for (unsigned i = 0; i < BUCKETS; i++) {
    was_within += before->waits[i];
    within += after->waits[i];
    check_highest(c, "bucket", was_within + before->waits_owed[i],
                  within + after->waits_owed[i], after->waits_owed[i]);
  }
}

static void check_settled_pair(const struct lives_compare *c,
                               const struct conversations_totals *before,
                               const struct conversations_totals *after) {
  char name[40];
  check_highest(c, "answers", before->answers, after->answers,
                after->answers_owed);
  check_highest(c, "breaches", before->breaches, after->breaches,
                after->breaches_owed);
  check_highest_waits(c, before, after);
  check_highest(c, "abandons", before->abandons, after->abandons,
                after->abandons_owed);
  check_highest(c, "transfers", before->transfers, after->transfers,
                after->transfers_owed);
  for (unsigned f = 0; f < CV_STATE_COUNT; f++)
    for (unsigned t = 0; t < CV_STATE_COUNT; t++) {
      snprintf(name, sizeof(name), "%s-%s", state_names[f], state_names[t]);
      check_highest(c, name, before->changes[f][t], after->changes[f][t],
                    after->changes_owed[f][t]);
    }
}

void lives_check_settled(const struct lives_counters *before,
                         const struct lives_counters *after) {
  struct lives_compare c = {.what = "counted and taken back at once"};
  for (unsigned q = 0; q < LIVES_QUEUES; q++)
    for (unsigned i = 0; i < CV_MEDIA_COUNT; i++) {
      if (!after->known[q][i])
        continue;
      c.queue = lives_queues[q];
      c.media = cv_media_label((enum cv_media)i);
      check_settled_pair(&c, &before->of[q][i], &after->of[q][i]);
    }
}

void lives_compare_truth(const struct lives_life *l,
                         const struct lives_counters *got) {
  struct lives_compare c = {.what = "in order"};
  uint64_t owed = 0;
  for (unsigned q = 0; q < LIVES_QUEUES; q++)
    for (unsigned i = 0; i < CV_MEDIA_COUNT; i++) {
      const struct lives_truth *t = &l->truth[q][i];
      const struct conversations_totals *g = &got->of[q][i];
      c.queue = lives_queues[q];
      c.media = cv_media_label((enum cv_media)i);
      compare_count(&c, "offers", g->offers, t->offers);
      compare_count(&c, "answers", g->answers - g->answers_owed, t->answers);
      compare_count(&c, "abandons", g->abandons - g->abandons_owed,
                    t->abandons);
      compare_count(&c, "transfers", g->transfers - g->transfers_owed,
                    t->transfers);
      for (unsigned f = 0; f < CV_STATE_COUNT * CV_STATE_COUNT; f++)
        owed += g->changes_owed[f / CV_STATE_COUNT][f % CV_STATE_COUNT];
      owed += g->answers_owed + g->abandons_owed + g->transfers_owed;
      compare_count(&c, "wait_ms", g->wait_ms, t->wait_ms);
      compare_count(&c, "breaches", g->breaches - g->breaches_owed,
                    t->breaches);
    }
  if (owed > 0 && !l->is_late)
    lives_note_difference("in order: %" PRIu64 " counts were taken back; ",
                          owed);
}
