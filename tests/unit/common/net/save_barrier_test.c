/* SPDX-License-Identifier: MIT */
#include "common/net/save_barrier.h"

#include <pthread.h>

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"

static unsigned asked;
static bool can_be_asked;
static struct gate gate = GATE_INIT;

static bool note_request(void *ctx) {
  (void)ctx;
  GATE_CHANGE(&gate, asked++);
  return can_be_asked;
}

/* A writer that saves when the test says so. */
static struct gc_saver begin_saver(void) {
  asked = 0;
  can_be_asked = true;
  return (struct gc_saver){.save = note_request};
}

static bool is_saved(uint64_t mark) {
  return gc_save_wait(mark, gc_clock_now_ms());
}

static void without_writers_everything_is_saved(void) {
  CHECK(is_saved(gc_save_mark()));
}

static void a_value_is_saved_when_a_save_that_began_later_has_ended(void) {
  struct gc_saver s = begin_saver();
  gc_saver_add(&s);
  uint64_t mark = gc_save_mark();
  CHECK(!is_saved(mark));
  CHECK(!is_saved(mark));
  CHECK_INT(asked, 1);
  gc_saver_end(&s, gc_saver_begin());
  CHECK(is_saved(mark));
  CHECK_INT(asked, 1);
  gc_saver_remove(&s);
}

static void a_save_that_began_earlier_does_not_count(void) {
  struct gc_saver s = begin_saver();
  gc_saver_add(&s);
  CHECK(!is_saved(gc_save_mark()));
  uint64_t begun = gc_saver_begin();
  uint64_t mark = gc_save_mark();
  gc_saver_end(&s, begun);
  CHECK(!is_saved(mark));
  CHECK_INT(asked, 2);
  gc_saver_end(&s, gc_saver_begin());
  CHECK(is_saved(mark));
  gc_saver_remove(&s);
}

static void each_writer_is_waited_for(void) {
  struct gc_saver s = begin_saver(), other = begin_saver();
  gc_saver_add(&s);
  gc_saver_add(&other);
  uint64_t mark = gc_save_mark();
  CHECK(!is_saved(mark));
  CHECK_INT(asked, 2);
  gc_saver_end(&s, gc_saver_begin());
  CHECK(!is_saved(mark));
  gc_saver_remove(&other);
  CHECK(is_saved(mark));
  gc_saver_remove(&s);
  gc_saver_remove(&s);
  CHECK(is_saved(gc_save_mark()));
}

/* A disk that hangs must not hold the other writers' values back. */
static void a_save_that_hangs_is_given_up_until_it_ends(void) {
  struct gc_saver s = begin_saver();
  gc_saver_add(&s);
  uint64_t mark = gc_save_mark();
  CHECK(!is_saved(mark));
  s.asked_ms -= GC_SAVE_GIVE_UP_MS;
  CHECK(is_saved(mark));
  CHECK(is_saved(gc_save_mark()));
  CHECK_INT(asked, 1);
  gc_saver_end(&s, gc_saver_begin());
  CHECK(!is_saved(gc_save_mark()));
  CHECK_INT(asked, 2);
  gc_saver_remove(&s);
}

static void a_writer_that_cannot_be_asked_is_not_waited_for(void) {
  struct gc_saver s = begin_saver();
  can_be_asked = false;
  gc_saver_add(&s);
  CHECK(is_saved(gc_save_mark()));
  CHECK_INT(asked, 1);
  gc_saver_remove(&s);
}

static void *wait_for_long(void *mark) {
  bool saved =
      gc_save_wait(*(uint64_t *)mark, gc_clock_now_ms() + DEADLINE_S * 1000);
  return saved ? mark : NULL;
}

static bool was_asked(void *ctx) {
  (void)ctx;
  return asked > 0;
}

static void the_end_and_the_removal_wake_a_waiting_thread(void) {
  for (int is_end = 0; is_end < 2; is_end++) {
    struct gc_saver s = begin_saver();
    uint64_t mark = gc_save_mark();
    pthread_t thread;
    void *saved = NULL;
    gc_saver_add(&s);
    CHECK_INT(pthread_create(&thread, NULL, wait_for_long, &mark), 0);
    CHECK(gate_wait(&gate, was_asked, NULL));
    if (is_end)
      gc_saver_end(&s, gc_saver_begin());
    else
      gc_saver_remove(&s);
    pthread_join(thread, &saved);
    CHECK(saved != NULL);
    gc_saver_remove(&s);
  }
}

int main(void) {
  RUN(without_writers_everything_is_saved);
  RUN(a_value_is_saved_when_a_save_that_began_later_has_ended);
  RUN(a_save_that_began_earlier_does_not_count);
  RUN(each_writer_is_waited_for);
  RUN(a_save_that_hangs_is_given_up_until_it_ends);
  RUN(a_writer_that_cannot_be_asked_is_not_waited_for);
  RUN(the_end_and_the_removal_wake_a_waiting_thread);
  return check_done();
}
