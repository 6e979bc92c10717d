/* SPDX-License-Identifier: MIT */
/* The sources "activity" and "queue_metrics" of a block. */
#include "plugins/genesys_realtime/block.h"

#include <math.h>
#include <string.h>

#include "tests/support/rt_block.h"

static void activity_is_read_page_by_page(void) {
  begin_activity();
  answer_always(CONVERSATIONS "?pageSize=1000&pageNumber=1",
                ANSWER(WAITING("q0000", "1") "," WAITING("q0001", "2")));
  answer_always(CONVERSATIONS "?pageSize=1000&pageNumber=2",
                ANSWER(WAITING("q0002", "3") "," WAITING("q0003", "4")));
  answer_always(CONVERSATIONS "?pageSize=1000&pageNumber=3",
                ANSWER(WAITING("q0004", "5")));
  answer_always(CONVERSATIONS "?pageSize=1000&pageNumber=4", ANSWER(""));
  answer_always(ROUTING "?pageSize=1000&pageNumber=1",
                ANSWER("{\"group\":{\"queueId\":\"q0000\"},\"data\":[{"
                       "\"metric\":\"oUserPresences\",\"qualifier\":\"p1\","
                       "\"count\":6}]}"));
  answer_always(ROUTING, ANSWER(""));
  start_block();
  /* The first reading ends with an empty page; afterwards a page of the size
   * that was full is followed by another. */
  CHECK_INT(replay_count(&w.r, CONVERSATIONS), 4);
  CHECK_INT(replay_count(&w.r, ROUTING), 2);
  CHECK_REAL(read_value("Queue 4/queue_depth-voice"), 5);
  replay_run(&w.r, 10000);
  CHECK_INT(replay_count(&w.r, CONVERSATIONS), 7);
  CHECK_INT(replay_count(&w.r, ROUTING), 3);
  CHECK_REAL(read_value("Queue 0/queue_agents_presence-meal"), 6);
  CHECK_REAL(read_state("queues-matched"), 9);
  end_block();
}

/* Activity answers have every queue: queues of other agents are not shown, and
 * the block does not wait for their names. */
static void agents_share_the_queues_of_an_activity_answer(void) {
  double shown = 0, unnamed = 0;
  for (uint32_t k = 1; k <= 3; k++) {
    begin_activity();
    options.shard = (struct shard){k, 3};
    answer_always(
        CONVERSATIONS "*Number=1",
        ANSWER(WAITING("q0000", "1") "," WAITING("q0001", "1") "," WAITING(
            "q0002", "1") "," WAITING("q0003", "1") "," WAITING("new", "1")));
    answer_always(CONVERSATIONS, ANSWER(""));
    answer_always(ROUTING, ANSWER(""));
    start_block();
    (void)read_value("");
    shown += read_state("queues-matched");
    unnamed += read_state("queues-unnamed");
    CHECK(read_state("queues-matched") < 9);
    end_block();
  }
  CHECK_REAL(shown, 9);
  CHECK_REAL(unnamed, 1);
}

static void a_repeated_page_ends_the_requests(void) {
  begin_activity();
  answer_always(CONVERSATIONS,
                ANSWER(WAITING("q0000", "1") "," WAITING("q0001", "2")));
  answer_always(ROUTING, ANSWER(""));
  start_block();
  replay_run(&w.r, 10000);
  CHECK_INT(replay_count(&w.r, CONVERSATIONS), 3);
  CHECK_REAL(read_value("Queue 1/queue_depth-voice"), 2);
  CHECK_REAL(read_state("source_up-observations"), 1);
  end_block();
}

static void pairs_that_an_activity_answer_no_longer_lists_are_zero(void) {
  begin_activity();
  answer_once(CONVERSATIONS "*Number=1", 200, ANSWER(WAITING("q0000", "7")));
  answer_always(CONVERSATIONS, ANSWER(""));
  answer_always(ROUTING, ANSWER(""));
  start_block();
  CHECK_REAL(read_value("Queue 0/queue_depth-voice"), 7);
  replay_run(&w.r, 10000);
  CHECK_REAL(read_value("Queue 0/queue_depth-voice"), 0);
  replay_run(&w.r, 10000);
  CHECK_REAL(read_value("Queue 0/queue_depth-voice"), 0);
  CHECK_INT(replay_count(&w.r, LIST), 1);
  end_block();
}

static void an_incomplete_activity_reading_is_dropped(void) {
  begin_activity();
  answer_always(CONVERSATIONS "*Number=1", ANSWER(WAITING("q0000", "7")));
  answer_always(CONVERSATIONS, ANSWER(""));
  answer_once(ROUTING, 400, "{}");
  answer_always(ROUTING, ANSWER(""));
  start_block();
  (void)read_value("");
  CHECK_INT(w.values, 0);
  CHECK_INT(replay_noticed(&w.r, "observations", GC_ERR_REQUEST), 1);
  replay_run(&w.r, 60000);
  CHECK_REAL(read_value("Queue 0/queue_depth-voice"), 7);
  end_block();
}

static void queue_metrics_are_requested_by_the_hundred(void) {
  begin_block(OBS_QUEUE_METRICS);
  will_list(150);
  answer_always(METRICS,
                "[{\"id\":\"q0000\",\"name\":\"other\",\"queued\":3}]");
  start_block();
  CHECK_INT(replay_count(&w.r, METRICS), 2);
  CHECK_INT(w.requests, 2);
  CHECK_STR(strstr(replay_last(&w.r, METRICS)->line, "q0148"),
            "q0148,q0149&metricNames=queued,waiting,agentAvailable,agentBusy");
  /* The account's list of names has priority; a number that a row lacks is
   * 0. */
  CHECK_REAL(read_value("Queue 0/queue_depth-all"), 3);
  CHECK(isnan(read_value("Queue 0/queue_depth-all")));
  replay_run(&w.r, 10000);
  CHECK_REAL(read_value("Queue 0/queue_waiting-all"), 0);
  CHECK_INT(w.values, 4);
  CHECK_REAL(read_state("source_up-observations"), 1);
  end_block();
}

static void where_names_are_refused_the_answers_provide_them(void) {
  char *selectors[] = {(char[]){"support-1"}, (char[]){"support-2"}};
  begin_block(OBS_QUEUE_METRICS);
  options.queues = (struct gc_strs){selectors, GC_COUNT(selectors)};
  options.path = (char[]){"/api/v2/queues/stats"};
  replay_answer(&w.r, &(struct replay_answer){.match = LIST,
                                              .times = REPLAY_ALWAYS,
                                              .status = 404,
                                              .body = "{}"});
  answer_once(STATS, 200,
              "[{\"id\":\"support-1\",\"name\":\"Support\",\"queued\":3},"
              "{\"id\":\"support-2\",\"name\":\"Support\",\"queued\":4}]");
  answer_always(STATS,
                "[{\"id\":\"support-2\",\"name\":\"Support\",\"queued\":5}]");
  start_block();
  CHECK_HAS(replay_last(&w.r, STATS)->line, "queueIds=support-1,support-2&");
  CHECK_REAL(read_value("Support~2/queue_depth-all"), 4);
  CHECK_INT(w.values, 8);
  replay_run(&w.r, 10000);
  CHECK_REAL(read_value("Support~2/queue_depth-all"),
             5); /* it keeps its label */
  CHECK_INT(w.values, 4);
  end_block();
}

/* The second block has the world's account, too. */
static void blocks_agree_on_the_names_of_answers(void) {
  char *first[] = {(char[]){"support-1"}}, *second[] = {(char[]){"support-2"}};
  begin_block(OBS_QUEUE_METRICS);
  options.queues = (struct gc_strs){first, 1};
  replay_answer(&w.r, &(struct replay_answer){.match = LIST,
                                              .times = REPLAY_ALWAYS,
                                              .status = 404,
                                              .body = "{}"});
  answer_always(METRICS "*support-1",
                "[{\"id\":\"support-1\",\"name\":\"Support\",\"queued\":3}]");
  answer_always(METRICS "*support-2",
                "[{\"id\":\"support-2\",\"name\":\"Support\",\"queued\":4}]");
  start_block();
  struct queues_options others = options;
  others.queues = (struct gc_strs){second, 1};
  struct queues_deps deps = {.notice = on_notice,
                             .loop = w.account.loop,
                             .env = &w.r.env,
                             .api = w.account.api,
                             .names = w.account.names,
                             .requests_per_minute = per_minute,
                             .leave_out = on_leave_out,
                             .inform = on_inform};
  struct block *other = block_new(&others, &deps);
  block_start(other);
  replay_settle(&w.r);
  CHECK_REAL(read_value("Support/queue_depth-all"), 3);
  block_free(w.block);
  w.block = other;
  CHECK_REAL(read_value("Support~2/queue_depth-all"), 4);
  CHECK_INT(w.values, 4);
  end_block();
}

static void queue_metrics_outlast_five_answers_429(void) {
  begin_block(OBS_QUEUE_METRICS);
  will_list(1);
  for (int i = 0; i < 6; i++)
    replay_answer(&w.r, &(struct replay_answer){.match = METRICS,
                                                .times = 1,
                                                .status = 429,
                                                .has_retry_after = true,
                                                .retry_after_s = 1,
                                                .body = "{}"});
  answer_always(METRICS, "[{\"id\":\"q0000\",\"queued\":1}]");
  start_block();
  replay_run(&w.r, 9999);
  CHECK_INT(replay_count(&w.r, METRICS), 6);
  CHECK(isnan(read_value("Queue 0/queue_depth-all")));
  CHECK_REAL(read_state("source_up-observations"), 0);
  replay_run(&w.r, 1);
  CHECK_REAL(read_value("Queue 0/queue_depth-all"), 1);
  end_block();
}

int main(void) {
  RUN(activity_is_read_page_by_page);
  RUN(agents_share_the_queues_of_an_activity_answer);
  RUN(a_repeated_page_ends_the_requests);
  RUN(pairs_that_an_activity_answer_no_longer_lists_are_zero);
  RUN(an_incomplete_activity_reading_is_dropped);
  RUN(queue_metrics_are_requested_by_the_hundred);
  RUN(where_names_are_refused_the_answers_provide_them);
  RUN(blocks_agree_on_the_names_of_answers);
  RUN(queue_metrics_outlast_five_answers_429);
  return check_done();
}
