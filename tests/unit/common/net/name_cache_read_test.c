/* SPDX-License-Identifier: MIT */
#include "common/net/name_cache.h"

#include "tests/support/check.h"
#include "tests/support/names_bench.h"

static void nothing_is_read_without_a_listener(void) {
  names_begin();
  replay_run(&names_world, 60 * MINUTE_MS);
  CHECK_INT(names_world.request_count, 0);
  CHECK(gc_names_entities(names, GC_QUEUE) == NULL);
  gc_names_miss(names, GC_QUEUE); /* no listener */
  replay_run(&names_world, 60 * MINUTE_MS);
  CHECK_INT(names_world.request_count, 0);
  names_end();
}

static void all_pages_are_read(void) {
  names_begin();
  names_answer(NAMES_QUEUES "?pageSize=100&pageNumber=1", 0, 200,
               "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"}],\"nextUri\":"
               "\"/api/v2/routing/queues?pageSize=100&pageNumber=2\"}");
  names_answer(NAMES_QUEUES "?pageSize=100&pageNumber=2", 0, 200,
               "{\"nextUri\":\"/n\",\"entities\":[{\"id\":\"q2\",\"name\":"
               "\"Sales\"}]}");
  names_answer(NAMES_QUEUES "?pageSize=100&pageNumber=3", 0, 200,
               "{\"entities\":[{\"id\":\"q0\",\"name\":\"Support/DE\"}]}");
  struct names_recorder e;
  names_listen(&e, GC_QUEUE);
  CHECK_INT(e.calls, 0);
  replay_run(&names_world, 1000);
  CHECK_INT(e.calls, 1);
  CHECK_STR(e.labels, "q0=Support_DE/ q1=Sales/ q2=Sales~2/ ");
  CHECK(!e.refused);
  CHECK_INT(replay_count(&names_world, NAMES_QUEUES), 3);
  struct gc_entities *made = gc_names_entities(names, GC_QUEUE);
  CHECK_INT(gc_entities_count(made), 3);
  CHECK_STR(gc_entities_find(made, "q2")->name, "Sales");
  gc_entities_put(made);
  CHECK(gc_names_entities(names, GC_USER) == NULL);
  names_end();
}

/* A page with the number of pages need not name the next page. */
static void the_number_of_pages_is_enough(void) {
  struct names_recorder e;
  names_begin();
  names_answer(NAMES_QUEUES "?pageSize=100&pageNumber=1", REPLAY_ALWAYS, 200,
               "{\"pageCount\":2,\"total\":2,\"entities\":[{\"id\":\"q1\","
               "\"name\":\"Sales\"}]}");
  names_answer(NAMES_QUEUES "?pageSize=100&pageNumber=2", REPLAY_ALWAYS, 200,
               "{\"entities\":[{\"id\":\"q2\",\"name\":\"Support\"}],"
               "\"total\":2,\"pageCount\":2}");
  names_listen(&e, GC_QUEUE);
  replay_settle(&names_world);
  CHECK_STR(e.labels, "q1=Sales/ q2=Support/ ");
  CHECK_INT(
      replay_noticed(&names_world, "size of the list of queues", GC_ERR_PARSE),
      0);
  names_end();
}

static void a_list_that_has_fewer_than_it_counts_is_reported(void) {
  struct names_recorder e;
  names_begin();
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 200,
               "{\"total\":157,\"entities\":[{\"id\":\"q1\",\"name\":"
               "\"Sales\"}]}");
  names_listen(&e, GC_QUEUE);
  replay_settle(&names_world);
  CHECK_STR(e.labels, "q1=Sales/ ");
  CHECK_STR(
      replay_last_notice(&names_world, "size of the list of queues")->text,
      "the list counts 157 queues and has 1 of them: the others have no names "
      "and no values");
  names_end();
}

/* A queue was deleted after the first page was read: the first queue of the
 * second page moved to the first one, and no page had it. */
static void a_list_that_changes_while_it_is_read_is_read_again(void) {
  struct names_recorder e;
  names_begin();
  names_answer(NAMES_QUEUES "?pageSize=100&pageNumber=1", 1, 200,
               "{\"total\":3,\"pageCount\":2,\"entities\":[{\"id\":\"q1\","
               "\"name\":\"Sales\"}]}");
  names_answer(NAMES_QUEUES "?pageSize=100&pageNumber=1", REPLAY_ALWAYS, 200,
               "{\"total\":2,\"pageCount\":2,\"entities\":[{\"id\":\"q2\","
               "\"name\":\"Support\"}]}");
  names_answer(NAMES_QUEUES "?pageSize=100&pageNumber=2", REPLAY_ALWAYS, 200,
               "{\"total\":2,\"pageCount\":2,\"entities\":[{\"id\":\"q3\","
               "\"name\":\"Claims\"}]}");
  names_listen(&e, GC_QUEUE);
  replay_settle(&names_world);
  CHECK_STR(e.labels, "q2=Support/ q3=Claims/ ");
  CHECK_INT(e.calls, 1);
  names_end();
}

static void presences_have_one_page_and_a_detail(void) {
  names_begin();
  names_answer(
      NAMES_PRESENCES, 0, 200,
      "{\"entities\":[{\"id\":\"p1\",\"name\":\"Lunch\",\"systemPresence\":"
      "\"Meal\"}],\"nextUri\":\"/ignored\"}");
  struct names_recorder e;
  names_listen(&e, GC_PRESENCE);
  replay_run(&names_world, 1000);
  CHECK_STR(e.labels, "p1=lunch/Meal ");
  CHECK_STR(replay_last(&names_world, NAMES_PRESENCES)->line, NAMES_PRESENCES);
  names_end();
}

static void each_kind_has_its_period(void) {
  static const struct {
    enum gc_name_kind kind;
    const char *match;
    unsigned minutes;
  } rows[] = {{GC_QUEUE, NAMES_QUEUES, 10},
              {GC_USER, NAMES_USERS, 30},
              {GC_PRESENCE, NAMES_PRESENCES, 60},
              {GC_FLOW, "GET /api/v2/flows?", 10},
              {GC_FLOW_OUTCOME, "GET /api/v2/flows/outcomes?", 30},
              {GC_FLOW_MILESTONE, "GET /api/v2/flows/milestones?", 30}};
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    for (int longest = 0; longest <= 1; longest++) {
      CHECK_ROW(gc_name_kind_name(rows[i].kind));
      names_begin();
      names_world.random32 = longest == 1 ? 0 : UINT32_MAX;
      names_answer(rows[i].match, REPLAY_ALWAYS, 200, NAMES_ONE);
      struct names_recorder e;
      names_listen(&e, rows[i].kind);
      replay_run(&names_world, 1000);
      uint64_t first_ms = replay_last(&names_world, rows[i].match)->at_ms;
      replay_run(&names_world, rows[i].minutes * 10 * MINUTE_MS);
      size_t count = replay_count(&names_world, rows[i].match);
      uint64_t mean_ms =
          (replay_last(&names_world, rows[i].match)->at_ms - first_ms) /
          (count - 1);
      uint64_t period_ms = rows[i].minutes * MINUTE_MS;
      CHECK(mean_ms <= period_ms && mean_ms >= period_ms - period_ms / 10);
      CHECK_INT(replay_count(&names_world, "GET"),
                count); /* no other request */
      names_end();
    }
}

static void a_rename_a_deletion_and_a_new_one_are_followed(void) {
  names_begin();
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 200, NAMES_TWO);
  struct names_recorder e;
  names_listen(&e, GC_QUEUE);
  replay_run(&names_world, 1000);
  CHECK_STR(e.labels, "q1=Sales/ q2=Support_DE/ ");
  names_answer_now(200,
                   "{\"entities\":[{\"id\":\"q2\",\"name\":\"EMEA\"},{\"id\":"
                   "\"q3\",\"name\":\"New\"}]}");
  replay_run(&names_world, 10 * MINUTE_MS);
  CHECK_INT(e.calls, 2);
  CHECK_STR(e.labels, "q2=EMEA/ q3=New/ ");
  names_end();
}

/* ---- misses ---- */

static void a_miss_reads_again_once_a_minute_at_most(void) {
  names_begin();
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 200, NAMES_ONE);
  struct names_recorder e;
  names_listen(&e, GC_QUEUE);
  replay_run(&names_world, 1000);
  for (int s = 0; s < 300; s++) { /* each second an answer names it */
    gc_names_miss(names, GC_QUEUE);
    gc_names_miss(names, GC_QUEUE);
    replay_run(&names_world, 1000);
  }
  CHECK_INT(replay_count(&names_world, NAMES_QUEUES), 6);
  names_answer_now(200, NAMES_TWO);
  gc_names_miss(names, GC_QUEUE);
  replay_run(&names_world, 1000);
  CHECK_STR(e.labels, "q1=Sales/ q2=Support_DE/ ");
  names_end();
}

static void a_miss_does_not_hasten_a_list_that_fails(void) {
  static const int statuses[] = {400, 403, 503};
  for (size_t i = 0; i < GC_COUNT(statuses); i++) {
    names_begin();
    names_answer(NAMES_QUEUES, REPLAY_ALWAYS, statuses[i], "{}");
    struct names_recorder e;
    names_listen(&e, GC_QUEUE);
    for (int m = 0; m < 60; m++)
      replay_run(&names_world, MINUTE_MS);
    size_t without = replay_count(&names_world, NAMES_QUEUES);
    names_end();
    names_begin();
    names_answer(NAMES_QUEUES, REPLAY_ALWAYS, statuses[i], "{}");
    names_listen(&e, GC_QUEUE);
    for (int m = 0; m < 60; m++) {
      gc_names_miss(names, GC_QUEUE);
      replay_run(&names_world, MINUTE_MS);
    }
    CHECK_INT(replay_count(&names_world, NAMES_QUEUES), without);
    names_end();
  }
}

/* ---- listeners ---- */

static void a_late_listener_is_called_in_the_next_turn(void) {
  names_begin();
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 200, NAMES_ONE);
  struct names_recorder early, late, other;
  names_listen(&early, GC_QUEUE);
  names_answer(NAMES_USERS, REPLAY_ALWAYS, 200, NAMES_TWO);
  names_listen(&other, GC_USER);
  replay_run(&names_world, 1000);
  size_t before = names_world.request_count;
  names_listen(&late, GC_QUEUE);
  CHECK_INT(late.calls, 0);
  replay_settle(&names_world);
  CHECK_INT(late.calls, 1);
  CHECK_STR(late.labels, "q1=Sales/ ");
  CHECK_INT(names_world.request_count, before);
  CHECK_INT(other.calls, 1);
  names_end();
}

static void a_removed_listener_is_not_called(void) {
  names_begin();
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 200, NAMES_ONE);
  struct names_recorder a, b, c;
  names_listen(&a, GC_QUEUE);
  names_listen(&b, GC_QUEUE);
  names_listen(&c, GC_QUEUE);
  gc_names_unlisten(names, &b.listener);
  gc_names_unlisten(names, &b.listener);
  replay_run(&names_world, 1000);
  CHECK(a.calls > 0 && c.calls > 0);
  CHECK_INT(b.calls, 0);
  gc_names_unlisten(names, &a.listener);
  gc_names_unlisten(names, &c.listener);
  unsigned calls = a.calls;
  replay_run(&names_world, 20 * MINUTE_MS);
  CHECK_INT(a.calls, calls);
  names_end();
}

static void leave_inside(void *ctx, struct gc_entities *entities) {
  struct names_recorder *e = ctx;
  (void)entities;
  e->calls++;
  gc_names_unlisten(names, &e->listener);
}

static void a_listener_may_remove_itself_when_called(void) {
  names_begin();
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 200, NAMES_ONE);
  struct names_recorder a, b;
  names_listen(&a, GC_QUEUE);
  names_listen(&b, GC_QUEUE);
  a.listener.changed = b.listener.changed = leave_inside;
  replay_run(&names_world, 20 * MINUTE_MS);
  CHECK_INT(a.calls, 1);
  CHECK_INT(b.calls, 1);
  names_end();
}

static void the_cache_may_be_freed_in_the_middle_of_a_list(void) {
  names_begin();
  replay_answer(&names_world, &(struct replay_answer){.match = NAMES_QUEUES,
                                                      .is_silent = true});
  struct names_recorder e;
  names_listen(&e, GC_QUEUE);
  replay_run(&names_world, 1000);
  CHECK_INT(names_world.in_flight, 1);
  names_end();
  gc_names_free(NULL);
}

static void kinds_have_names(void) {
  CHECK_STR(gc_name_kind_name(GC_QUEUE), "queue");
  CHECK_STR(gc_name_kind_name(GC_USER), "user");
  CHECK_STR(gc_name_kind_name(GC_PRESENCE), "presence");
  CHECK_STR(gc_name_kind_name((enum gc_name_kind)99), "unknown");
}

int main(void) {
  RUN(nothing_is_read_without_a_listener);
  RUN(all_pages_are_read);
  RUN(the_number_of_pages_is_enough);
  RUN(a_list_that_has_fewer_than_it_counts_is_reported);
  RUN(a_list_that_changes_while_it_is_read_is_read_again);
  RUN(presences_have_one_page_and_a_detail);
  RUN(each_kind_has_its_period);
  RUN(a_rename_a_deletion_and_a_new_one_are_followed);
  RUN(a_miss_reads_again_once_a_minute_at_most);
  RUN(a_miss_does_not_hasten_a_list_that_fails);
  RUN(a_late_listener_is_called_in_the_next_turn);
  RUN(a_removed_listener_is_not_called);
  RUN(a_listener_may_remove_itself_when_called);
  RUN(the_cache_may_be_freed_in_the_middle_of_a_list);
  RUN(kinds_have_names);
  return check_done();
}
