/* SPDX-License-Identifier: MIT */
#include "common/analytics/stage.h"

#include "tests/support/check.h"

/* Follows events from LOADING; returns the stage, or -1 at the first event for
 * which a stage has no arrow. */
static int follow(const enum gc_stage_event *events, size_t count) {
  enum gc_stage stage = GC_STAGE_LOADING;
  for (size_t i = 0; i < count; i++)
    if (!gc_stage_move(&stage, events[i]))
      return -1;
  return (int)stage;
}

#define FOLLOW(...)                                                            \
  follow((const enum gc_stage_event[]){__VA_ARGS__},                           \
         sizeof((const enum gc_stage_event[]){__VA_ARGS__}) /                  \
             sizeof(enum gc_stage_event))

static void a_window_goes_round(void) {
  CHECK_INT(FOLLOW(GC_STAGE_LOADED, GC_STAGE_REQUEST, GC_STAGE_ANSWERED,
                   GC_STAGE_READ, GC_STAGE_WAITS, GC_STAGE_READ,
                   GC_STAGE_ALL_SENT, GC_STAGE_NEXT),
            GC_STAGE_IDLE);
  CHECK_INT(FOLLOW(GC_STAGE_LOADED, GC_STAGE_REQUEST, GC_STAGE_UNNAMED,
                   GC_STAGE_NAMED),
            GC_STAGE_READY);
  CHECK_INT(FOLLOW(GC_STAGE_LOADED, GC_STAGE_REQUEST, GC_STAGE_FAILED),
            GC_STAGE_IDLE);
}

static void a_window_that_was_begun_before_the_start_is_sent_first(void) {
  CHECK_INT(FOLLOW(GC_STAGE_LOADED_WINDOW), GC_STAGE_PAUSED);
  CHECK_INT(FOLLOW(GC_STAGE_LOADED_WINDOW, GC_STAGE_REQUEST), -1);
  CHECK_INT(FOLLOW(GC_STAGE_LOADED_WINDOW, GC_STAGE_READ, GC_STAGE_NOT_SAVED,
                   GC_STAGE_READ, GC_STAGE_ALL_SENT),
            GC_STAGE_SENT);
  CHECK_INT(FOLLOW(GC_STAGE_LOADED_WINDOW, GC_STAGE_READ, GC_STAGE_NOT_SAVED,
                   GC_STAGE_NEXT),
            GC_STAGE_IDLE);
}

/* Each stage has arrows of the thread that owns it only. */
static void no_thread_takes_the_work_of_the_other(void) {
  for (int stage = 0; stage < GC_STAGE_COUNT; stage++)
    for (int event = 0; event < GC_STAGE_EVENT_COUNT; event++) {
      enum gc_stage at = (enum gc_stage)stage;
      enum gc_stage_thread owner = gc_stage_owner(at);
      if (!gc_stage_move(&at, (enum gc_stage_event)event))
        CHECK_INT(at, stage);
      else if (owner != GC_STAGE_NEITHER)
        CHECK_INT(gc_stage_thread_of((enum gc_stage_event)event), owner);
    }
}

static void a_lease_is_lost_only_while_no_one_works(void) {
  for (int stage = 0; stage < GC_STAGE_COUNT; stage++) {
    enum gc_stage at = (enum gc_stage)stage;
    bool is_busy = at == GC_STAGE_LOADING || at == GC_STAGE_REQUESTING ||
                   at == GC_STAGE_SENDING || at == GC_STAGE_OVER;
    CHECK_INT(gc_stage_move(&at, GC_STAGE_LEASE_LOST), !is_busy);
    CHECK_INT(at, is_busy ? stage : (int)GC_STAGE_LOADING);
  }
}

/* After the stop neither thread continues. */
static void nothing_leads_out_of_over(void) {
  for (int event = 0; event < GC_STAGE_EVENT_COUNT; event++) {
    enum gc_stage at = GC_STAGE_OVER;
    CHECK(!gc_stage_move(&at, (enum gc_stage_event)event));
  }
}

int main(void) {
  RUN(a_window_goes_round);
  RUN(a_window_that_was_begun_before_the_start_is_sent_first);
  RUN(no_thread_takes_the_work_of_the_other);
  RUN(a_lease_is_lost_only_while_no_one_works);
  RUN(nothing_leads_out_of_over);
  return check_done();
}
