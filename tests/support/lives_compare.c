/* SPDX-License-Identifier: MIT */
#include "tests/support/lives_compare.h"

#include <inttypes.h>
#include <stdarg.h>

#include "common/base/cleanup.h"

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

/* Returns the counts that follow from the facts, or the exported ones. */
static const uint64_t *counts_of(const struct lives_compare *c,
                                 const struct conversations_totals *t) {
  return c->grows ? t->counted.at : t->facts.at;
}

static void name_counter(char out[40], unsigned counter) {
  static const char *const names[] = {"offers",    "answers",  "abandons",
                                      "transfers", "breaches", "wait_ms"};
  unsigned change = counter - CV_CHANGES;
  if (counter < CV_WAITS)
    snprintf(out, 40, "%s", names[counter]);
  else if (counter < CV_CHANGES)
    snprintf(out, 40, "bucket %u", counter - CV_WAITS);
  else
    snprintf(out, 40, "%s-%s", state_names[change / CV_STATE_COUNT],
             state_names[change % CV_STATE_COUNT]);
}

static void compare_count(const struct lives_compare *c, const char *name,
                          uint64_t got, uint64_t want) {
  if (got == want || (c->grows && got > want))
    return;
  lives_note_difference("%s: %s %s %s is %" PRIu64 ", not %" PRIu64 "; ",
                        c->what, c->queue, c->media, name, got, want);
}

static bool is_compared(const struct lives_compare *c, unsigned counter) {
  unsigned change = counter - CV_CHANGES;
  bool is_hold = change / CV_STATE_COUNT == CV_STATE_HELD ||
                 change % CV_STATE_COUNT == CV_STATE_HELD;
  if (counter >= CV_CHANGES)
    return !c->no_changes && (c->holds || !is_hold);
  return counter != CV_BREACHES || c->breaches;
}

static void compare_totals(const struct lives_compare *c,
                           const struct conversations_totals *got,
                           const struct conversations_totals *want) {
  char name[40];
  for (unsigned i = 0; i < CV_COUNTERS; i++) {
    name_counter(name, i);
    if (is_compared(c, i))
      compare_count(c, name, counts_of(c, got)[i], counts_of(c, want)[i]);
  }
  for (unsigned s = CV_STATE_WRAPUP;
       s < CV_STATE_COUNT && c->states && !c->no_changes; s++)
    compare_count(c, state_names[s], got->states[s], want->states[s]);
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
static void check_settled_pair(const struct lives_compare *c,
                               const struct conversations_totals *before,
                               const struct conversations_totals *after) {
  char name[40];
  for (unsigned i = 0; i < CV_COUNTERS; i++) {
    uint64_t was = before->counted.at[i], is = after->facts.at[i];
    name_counter(name, i);
    compare_count(c, name, after->counted.at[i], is > was ? is : was);
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
  uint64_t taken_back = 0;
  for (unsigned q = 0; q < LIVES_QUEUES; q++)
    for (unsigned i = 0; i < CV_MEDIA_COUNT; i++) {
      const struct lives_truth *t = &l->truth[q][i];
      const struct conversations_totals *g = &got->of[q][i];
      c.queue = lives_queues[q];
      c.media = cv_media_label((enum cv_media)i);
      compare_count(&c, "offers", g->facts.offers, t->offers);
      compare_count(&c, "answers", g->facts.answers, t->answers);
      compare_count(&c, "abandons", g->facts.abandons, t->abandons);
      compare_count(&c, "transfers", g->facts.transfers, t->transfers);
      compare_count(&c, "wait_ms", g->facts.wait_ms, t->wait_ms);
      compare_count(&c, "breaches", g->facts.breaches, t->breaches);
      for (unsigned k = 0; k < CV_COUNTERS; k++)
        if (k != CV_BREACHES && k != CV_WAIT_MS)
          taken_back += g->counted.at[k] - g->facts.at[k];
    }
  if (taken_back > 0 && !l->is_late)
    lives_note_difference("in order: %" PRIu64 " counts were taken back; ",
                          taken_back);
}
