/* SPDX-License-Identifier: MIT */
/* Counters that pass from one model to the next at any moment of random lives:
 * nothing counts twice, and the second model counts the facts that it gets. */
#include "common/net/lease_book.h"
#include "plugins/genesys_realtime/conversations/internal.h"
#include "tests/support/check.h"
#include "tests/support/lives.h"

enum { LIVES = 400, FIELDS_MAX = 1 << 20 };

static struct conversations *new_model(int64_t now_ms,
                                       const struct gc_buf *fields) {
  struct conversations_settings s = life_settings();
  s.now_ms = s.started_ms = now_ms;
  s.age_ms = INT64_C(30) * 86400000;
  if (fields != NULL)
    conversations_read_times(fields, &s);
  struct conversations *m = conversations_new(&s, NULL);
  CHECK(m != NULL);
  if (fields != NULL)
    conversations_restore(m, fields);
  return m;
}

static struct gc_buf write_all(const struct conversations *m) {
  struct gc_buf fields = {.max = FIELDS_MAX};
  for (uint32_t q = 0; q < m->queue_count; q++)
    CHECK_INT(cv_write_queue(m, q, &fields), GC_OK);
  CHECK_INT(conversations_write_times(m, &fields), GC_OK);
  return fields;
}

/* ---- one life, in order ---- */

static void apply_snapshot(struct conversations *m, const struct lives_life *l,
                           unsigned snapshot) {
  static struct cv_event e;
  lives_snapshot(l, l->end[snapshot], &e);
  life_tick(m, lives_sent_ms(l, snapshot), lives_sent_ms(l, snapshot));
  CHECK_INT(conversations_apply(m, &e), GC_OK);
}

struct outcome {
  uint64_t offers, answers, departures, breaches, changes;
};

static struct outcome outcome_of(struct conversations *m) {
  struct outcome o = {0};
  for (int q = 0; q < LIVES_QUEUES; q++)
    for (int i = 0; i < CV_MEDIA_COUNT; i++) {
      struct conversations_totals t;
      memset(&t, 0, sizeof(t));
      if (!conversations_totals(m, lives_queues[q], (enum cv_media)i, &t))
        continue;
      o.offers += t.counted.offers;
      o.answers += t.facts.answers;
      o.departures += t.facts.abandons + t.facts.transfers;
      o.breaches += t.facts.breaches;
      for (int from = 0; from < CV_STATE_COUNT; from++)
        for (int to = 0; to < CV_STATE_COUNT; to++)
          o.changes += t.facts.changes[from][to];
    }
  return o;
}

struct tally {
  unsigned lives, more, fewer_offers, fewer_answers;
  uint64_t late; /* of the second models */
};

/* A leg that is reported after its contact was counted: the second model cannot
 * take back the departure, the breach or the change that the first one counted.
 */
static bool is_revised_late(const struct lives_life *l) { return l->is_late; }

static void compare_outcomes(struct tally *t, const struct lives_life *l,
                             const struct outcome *one,
                             const struct outcome *two) {
  bool is_more = two->offers > one->offers || two->answers > one->answers;
  if (!is_revised_late(l))
    is_more |= two->departures > one->departures ||
               two->breaches > one->breaches || two->changes > one->changes;
  t->lives++;
  t->more += is_more;
  t->fewer_offers += two->offers < one->offers;
  t->fewer_answers += two->answers < one->answers;
}

/* Plays the life once in one model, and once with a change after snapshot
 * `last` of the first model; the second one gets the rest. */
static void play_life(struct tally *t, const struct lives_life *l,
                      unsigned last) {
  struct conversations *one = new_model(l->started_ms, NULL);
  struct conversations *two = new_model(l->started_ms, NULL);
  for (unsigned i = 0; i < l->snapshots; i++) {
    apply_snapshot(one, l, i);
    apply_snapshot(two, l, i);
    if (i != last)
      continue;
    struct gc_buf fields = write_all(two);
    conversations_free(two);
    two = new_model(lives_sent_ms(l, i) + 12000, &fields);
    gc_buf_clear(&fields);
  }
  struct outcome a = outcome_of(one), b = outcome_of(two);
  compare_outcomes(t, l, &a, &b);
  struct conversations_stats stats;
  conversations_stats(two, &stats);
  t->late += stats.late;
  conversations_free(one);
  conversations_free(two);
}

static void nothing_counts_twice_and_nothing_is_left_out(void) {
  static struct lives_life life;
  for (unsigned s = 0; s < lives_shape_count; s++) {
    struct tally t = {0};
    unsigned lives = LIVES / lives_shapes[s].share + 1;
    for (unsigned seed = 1; seed <= lives; seed++) {
      lives_make(&life, &lives_shapes[s], seed);
      if (life.snapshots > 1)
        play_life(&t, &life, seed % (life.snapshots - 1));
    }
    CHECK_ROW(lives_shapes[s].name);
    printf("%-22s %4u lives: %u count more; fewer offers %u, answers %u\n",
           lives_shapes[s].name, t.lives, t.more, t.fewer_offers,
           t.fewer_answers);
    CHECK_INT(t.more, 0);
    CHECK_INT(t.late, 0); /* not known of another agent's conversations */
    /* A count may be missing if the change falls within the ms of an outcome,
     * or if a leg is reported late. */
    CHECK(t.fewer_offers <= t.lives / 8);
    CHECK(t.fewer_answers <= t.lives / 4);
  }
}

/* ---- fields ---- */

static const char *text_of(const struct gc_buf *fields, const char *name) {
  const char *field, *text;
  size_t at = 0;
  while (gc_fields_next(fields, &at, &field, &text))
    if (strcmp(field, name) == 0)
      return text;
  return "";
}

/* The series of counts that were taken back do not fall either. */
static void take_all_back(struct conversations_totals *t) {
  for (unsigned i = 0; i < CV_COUNTERS; i++)
    if (i < CV_WAITS + GC_COUNT(life_bounds) || i >= CV_CHANGES)
      t->counted.at[i] = t->facts.at[i] + i + 1;
}

static void all_counters_continue(void) {
  static struct life life;
  struct conversations_totals before, after;
  struct conversations *one = new_model(T0_MS, NULL);
  life_of_a_call(&life);
  for (unsigned i = 0; i < life.count; i++)
    CHECK_INT(conversations_apply(one, &life.kept[i]), GC_OK);
  CHECK_INT(conversations_expect(one, "q3", CV_CHAT), GC_OK);
  one->now_ms = AT(600);
  cv_note_counted(one, AT(300));
  cv_restore_wrapup(one, one->queues[0].pairs[CV_VOICE], "Sold it",
                    CV_STATE_WRAPUP, CV_STATE_ENDED, 7);
  take_all_back(&one->queues[0].pairs[CV_VOICE]->t);
  struct gc_buf fields = write_all(one);
  CHECK_STR(text_of(&fields, "q1/voice/21/Sold it"), "7");
  CHECK_STR(text_of(&fields, "q3/chat"), "none");
  struct conversations *two = new_model(AT(700), &fields);
  conversations_move_start(two, 5000); /* not its own start */
  CHECK_INT(two->s.started_ms, T0_MS);
  CHECK_INT(two->s.counted_ms, AT(300));
  static const char *const queues[] = {"q1", "q2"};
  for (size_t i = 0; i < GC_COUNT(queues); i++) {
    CHECK(conversations_totals(one, queues[i], CV_VOICE, &before));
    CHECK(conversations_totals(two, queues[i], CV_VOICE, &after));
    CHECK(before.counted.offers > 0);
    memset(before.states, 0, sizeof(before.states));
    memset(after.states, 0, sizeof(after.states));
    before.active = after.active = 0;
    CHECK(memcmp(&before, &after, sizeof(before)) == 0);
  }
  struct gc_buf again = write_all(two);
  CHECK_STR(text_of(&again, "q1/voice"), text_of(&fields, "q1/voice"));
  CHECK_STR(text_of(&again, "q1/voice/21/Sold it"), "7");
  gc_buf_clear(&fields);
  gc_buf_clear(&again);
  conversations_free(one);
  conversations_free(two);
}

/* Breaches are counted by target, and a target may come with the list of
 * queues, after the model was made. */
static void breaches_continue_with_their_target(void) {
  struct gc_buf fields = {.max = 1000};
  struct conversations_totals t;
  CHECK_INT(gc_fields_add(&fields, "q1/voice",
                          "offers0=9/9 target30000=4/4 target20000=3/3"),
            GC_OK);
  struct conversations *m = new_model(T0_MS, &fields); /* target 20 s */
  CHECK(conversations_totals(m, "q1", CV_VOICE, &t));
  CHECK_INT(t.counted.breaches, 3);
  conversations_free(m);
  struct conversations_settings s = life_settings();
  s.target_ms = 0;
  m = conversations_new(&s, NULL);
  conversations_restore(m, &fields);
  CHECK_INT(conversations_target(m, "q1", CV_VOICE, 30000), GC_OK);
  CHECK(conversations_totals(m, "q1", CV_VOICE, &t));
  CHECK_INT(t.counted.breaches, 4);
  conversations_free(m);
  gc_buf_clear(&fields);
}

static void damaged_fields_are_left_out(void) {
  static const char *const damages[][2] = {
      {"q1", "offers0=1/1"},
      {"", ""},
      {"/voice", "offers0=1/1"},
      {"q1/vice", "offers0=1/1"},
      {"q1/voice/9", "3"},
      {"q1/voice/99/x", "3"},
      {"q1/voice/21/x", "-3"},
      {"q1/voice", "offers0=-1/1 offers0=1 offers0=1/2 offers0=1/1x offers0 "
                   "offers=1/1 answers0= waits c1 c99=1/1 le0=x = other0=1/1"},
      {"began", "x"},
      {"until", "99999999999999999999"},
  };
  struct gc_buf fields = {.max = 10000};
  for (size_t i = 0; i < GC_COUNT(damages); i++)
    CHECK_INT(gc_fields_add(&fields, damages[i][0], damages[i][1]), GC_OK);
  struct conversations *m = new_model(T0_MS, &fields);
  CHECK_INT(outcome_of(m).offers, 0);
  CHECK_INT(m->s.counted_ms, 0);
  CHECK_INT(m->s.started_ms, T0_MS);
  conversations_free(m);
  gc_buf_clear(&fields);
}

int main(void) {
  RUN(all_counters_continue);
  RUN(breaches_continue_with_their_target);
  RUN(damaged_fields_are_left_out);
  RUN(nothing_counts_twice_and_nothing_is_left_out);
  return check_done();
}
