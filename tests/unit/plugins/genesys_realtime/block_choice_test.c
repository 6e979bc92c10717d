/* SPDX-License-Identifier: MIT */
/* The queues that a block requests, and the number of series that it puts. */
#include "plugins/genesys_realtime/block.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/rt_block.h"

static void queues_are_requested_by_the_hundred(void) {
  begin_block(OBS_QUERY);
  will_list(250);
  answer_always(QUERY, ANSWER(""));
  start_block();
  CHECK_INT(replay_count(&w.r, QUERY), 3);
  size_t ids = 0, max = 0;
  for (size_t i = 0; i < w.r.request_count; i++) {
    size_t here = times_in(w.r.requests[i].body, "\"dimension\":\"queueId\"");
    ids += here;
    max = here > max ? here : max;
  }
  CHECK_INT(ids, 250);
  CHECK_INT(max, 100);
  end_block();
}

static void only_selected_queues_are_requested(void) {
  char *selectors[] = {(char[]){"!Queue 1"}, (char[]){"Queue *"},
                       (char[]){"q0007"}};
  begin_block(OBS_QUERY);
  options.queues = (struct gc_strs){selectors, GC_COUNT(selectors)};
  will_list(3);
  answer_always(QUERY, ANSWER(WAITING("q0000", "1") "," WAITING("q0001", "1")));
  start_block();
  const char *body = replay_last(&w.r, QUERY)->body;
  CHECK_HAS(body, "q0000");
  CHECK_HAS(body, "q0002");
  CHECK(strstr(body, "q0001") == NULL);
  CHECK(isnan(read_value("Queue 1/queue_depth-voice")));
  CHECK_INT(w.values, VALUES_OF_WAITING);
  end_block();
}

/* A queue of an earlier block is neither requested nor shown, even if an answer
 * names it. */
static void queues_of_an_earlier_block_are_left_to_it(void) {
  char *selectors[] = {(char[]){"Queue 1"}};
  begin_block(OBS_QUERY);
  const struct queues_options first = {.queues = {selectors, 1}};
  const struct queues_options *all[] = {&first, &options};
  blocks = all;
  block_count = 2;
  will_list(3);
  answer_always(QUERY, ANSWER(WAITING("q0000", "1") "," WAITING("q0001", "1")));
  start_block();
  CHECK(strstr(replay_last(&w.r, QUERY)->body, "q0001") == NULL);
  CHECK(isnan(read_value("Queue 1/queue_depth-voice")));
  CHECK_INT(w.values, VALUES_OF_WAITING);
  CHECK_INT(left_out, 1);
  replay_run(&w.r, 1200000);
  CHECK_INT(left_out_reports, 1);
  end_block();
}

/* Each option without effect has one line, also a "!" behind "*". */
static void options_without_effect_are_reported_once(void) {
  char *selectors[] = {(char[]){"Queue 1"}, (char[]){"Qeue*"}, (char[]){"*"},
                       (char[]){"!Queue 2"}};
  begin_block(OBS_QUERY);
  options.queues = (struct gc_strs){selectors, GC_COUNT(selectors)};
  will_list(3);
  answer_always(QUERY, ANSWER(""));
  start_block();
  replay_run(&w.r, 1800000);
  CHECK_INT(replay_noticed(&w.r, "Queue \"Queue 1\"", GC_ERR_NOT_FOUND), 0);
  CHECK_INT(replay_noticed(&w.r, "Queue \"Qeue*\"", GC_ERR_NOT_FOUND), 1);
  CHECK_INT(replay_noticed(&w.r, "Queue \"!Queue 2\"", GC_ERR_NOT_FOUND), 1);
  end_block();
}

static void a_queue_that_is_deleted_and_made_again_is_reported(void) {
  char *selectors[] = {(char[]){"Queue 0"}, (char[]){"Queue 1"}};
  begin_block(OBS_QUERY);
  options.queues = (struct gc_strs){selectors, GC_COUNT(selectors)};
  will_list(2);
  answer_always(QUERY, ANSWER(WAITING("q0000", "1")));
  start_block();
  CHECK_HAS(replay_last(&w.r, QUERY)->body, "q0001");
  for (int is_back = 0; is_back < 2; is_back++) {
    replay_forget_answers(&w.r);
    answer_always("POST /oauth/token", TOKEN);
    free(w.list);
    will_list(is_back ? 2 : 1);
    answer_always(QUERY, ANSWER(WAITING("q0000", "1")));
    replay_run(&w.r, 700000);
    CHECK_INT(strstr(replay_last(&w.r, QUERY)->body, "q0001") != NULL, is_back);
    CHECK(!isnan(read_value("Queue 0/queue_depth-voice")));
    CHECK_INT(replay_noticed(&w.r, "Queue \"Queue 1\"", GC_ERR_NOT_FOUND), 1);
    CHECK_INT(replay_last_notice(&w.r, "Queue \"Queue 1\"")->code,
              is_back ? GC_OK : GC_ERR_NOT_FOUND);
  }
  end_block();
}

/* A block without queues requests nothing and reports no error. */
static void a_block_may_leave_all_its_queues_to_earlier_ones(void) {
  begin_block(OBS_QUERY);
  const struct queues_options first = {0};
  const struct queues_options *all[] = {&first, &options};
  blocks = all;
  block_count = 2;
  will_list(3);
  start_block();
  CHECK_INT(replay_count(&w.r, QUERY), 0);
  CHECK_INT(replay_noticed(&w.r, "selection", GC_ERR_NOT_FOUND), 0);
  CHECK_INT(left_out, 3);
  end_block();
}

static void a_block_that_takes_a_quarter_of_the_budget_warns(void) {
  static const struct {
    const char *row;
    enum obs_source source;
    unsigned queues;
    uint32_t interval_ms, per_minute;
    bool warns, advises_activity;
  } rows[] = {
      {"1000 queues every 10 s", OBS_QUERY, 1000, 10000, 250, false, false},
      {"1100 queues every 10 s", OBS_QUERY, 1100, 10000, 250, true, true},
      {"1100 queues every 20 s", OBS_QUERY, 1100, 20000, 250, false, false},
      {"6 queues each second", OBS_QUERY, 6, 1000, 239, true, false},
      {"activity", OBS_ACTIVITY, 1100, 10000, 250, false, false},
      {"activity each second", OBS_ACTIVITY, 1100, 1000, 239, true, false},
      {"auto, 1100 queues every 10 s", OBS_AUTO, 1100, 10000, 250, false,
       false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    begin_block(rows[i].source);
    options.interval_s = rows[i].interval_ms / 1000;
    per_minute = rows[i].per_minute;
    will_list(rows[i].queues);
    answer_always("POST /api/v2/analytics/", ANSWER(""));
    answer_always("GET /api/v2/presence", "{\"entities\":[]}");
    start_block();
    CHECK_INT(replay_noticed(&w.r, "cost", GC_ERR_LIMIT), rows[i].warns);
    if (rows[i].warns &&
        strstr(replay_last_notice(&w.r, "cost")->text, "activity") != NULL)
      CHECK_INT(rows[i].advises_activity, true);
    else
      CHECK_INT(rows[i].advises_activity, false);
    end_block();
  }
}

/* The log names the source of "auto" once, and again when the list of queues
 * has grown. */
static void auto_takes_activity_beyond_200_queues(void) {
  begin_block(OBS_AUTO);
  list_once(200);
  will_list(201);
  answer_always("POST /api/v2/analytics/", ANSWER(""));
  answer_always("GET /api/v2/presence", "{\"entities\":[]}");
  start_block();
  CHECK_INT(replay_count(&w.r, QUERY), 2);
  CHECK_INT(w.informed, 1);
  CHECK_STR(w.text, "observations by \"query\" (Observations \"auto\"): 200 "
                    "selected, at most 200 queues");
  replay_run(&w.r, 11 * 60 * 1000); /* the list is read again */
  CHECK_INT(w.informed, 2);
  CHECK_STR(w.text, "observations by \"activity\" (Observations \"auto\"): 201 "
                    "queues selected, more than 200");
  CHECK_INT(replay_count(&w.r, "GET /api/v2/presence"), 1);
  size_t before = replay_count(&w.r, QUERY);
  replay_run(&w.r, 60000);
  CHECK_INT(replay_count(&w.r, QUERY), before);
  CHECK(replay_count(&w.r, ROUTING) > 0);
  end_block();
}

static void auto_without_a_list_and_without_ids_takes_activity(void) {
  begin_block(OBS_AUTO);
  replay_answer(&w.r, &(struct replay_answer){.match = LIST,
                                              .times = REPLAY_ALWAYS,
                                              .status = 403,
                                              .body = "{}"});
  answer_always("POST /api/v2/analytics/*pageNumber=2", ANSWER(""));
  answer_always("POST /api/v2/analytics/", ANSWER(WAITING("q0001", "1")));
  answer_always("GET /api/v2/presence", "{\"entities\":[]}");
  start_block();
  CHECK_HAS(w.text, "the list of queues is refused");
  CHECK_REAL(read_value("q0001/queue_depth-voice"), 1);
  CHECK_REAL(read_state("queues-matched"), 1);
  end_block();
}

/* docs/cost.md has these numbers; here an answer of activity has one page, and
 * the plan is what is sent. */
static void a_minute_takes_the_requests_that_the_manual_says(void) {
  static const struct {
    const char *row;
    enum obs_source source;
    unsigned queues, interval_ms;
    size_t per_minute, planned;
  } rows[] = {
      {"50 queues every 10 s", OBS_QUERY, 50, 10000, 6, 6},
      {"500 queues every 10 s", OBS_QUERY, 500, 10000, 30, 30},
      {"5,000 queues every 10 s", OBS_QUERY, 5000, 10000, 300, 300},
      {"5,000 queues each minute", OBS_QUERY, 5000, 60000, 50, 50},
      {"auto, 50 queues", OBS_AUTO, 50, 10000, 6, 6},
      {"auto, 200 queues", OBS_AUTO, 200, 10000, 12, 12},
      {"auto, 201 queues", OBS_AUTO, 201, 10000, 14, 14},
      {"activity, 50 queues", OBS_ACTIVITY, 50, 10000, 14, 14},
      /* The plan has ten pages of all queues, the answer a single row. */
      {"activity, 5,000 queues", OBS_ACTIVITY, 5000, 10000, 14, 62},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    begin_block(rows[i].source);
    options.interval_s = rows[i].interval_ms / 1000;
    will_list(rows[i].queues);
    answer_always("POST /api/v2/analytics/*pageNumber=2", ANSWER(""));
    answer_always("POST /api/v2/analytics/", ANSWER(WAITING("q0001", "1")));
    answer_always("GET /api/v2/presence", "{\"entities\":[]}");
    start_block();
    size_t before = replay_count(&w.r, "POST /api/v2/analytics/");
    replay_run(&w.r, 60000);
    CHECK_INT(replay_count(&w.r, "POST /api/v2/analytics/") - before,
              rows[i].per_minute);
    CHECK_REAL(planned(), (double)rows[i].planned);
    CHECK_INT(w.requests, replay_count(&w.r, "POST /api/v2/analytics/"));
    end_block();
  }
}

static void an_agent_requests_only_its_share(void) {
  size_t asked = 0;
  for (uint32_t k = 1; k <= 2; k++) {
    begin_block(OBS_QUERY);
    options.shard = (struct shard){k, 2};
    will_list(40);
    answer_always(QUERY, ANSWER(""));
    start_block();
    size_t ours = times_in(replay_last(&w.r, QUERY)->body, "queueId\"");
    CHECK(ours > 0 && ours < 40);
    asked += ours;
    end_block();
  }
  CHECK_INT(asked, 40);
}

static double count_of_state(const char *name) {
  struct gc_samples out = {record_sample, NULL};
  w.count = -1;
  snprintf(w.wanted, sizeof(w.wanted), "queues-all/%s", name);
  block_read_state(w.block, "queues-all", 10000, &out);
  return (double)w.count;
}

/* MaxSeries has places for two of the three queues: each reading reports that.
 * The end is reported after there were places for ten minutes. */
static void series_beyond_the_limit_are_left_out_and_reported_once(void) {
  begin_block(OBS_QUERY);
  options.series_max = 2 * VALUES_OF_WAITING;
  options.queue_expiry_s = 60;
  will_list(4);
  for (int i = 0; i < 3; i++)
    answer_once(QUERY, 200,
                ANSWER(WAITING("q0000", "1") "," WAITING(
                    "q0001", "1") "," WAITING("q0002", "1")));
  answer_always(QUERY, ANSWER(WAITING("q0003", "4")));
  start_block();
  for (int i = 0; i < 3; i++) {
    CHECK(isnan(read_value("Queue 2/queue_depth-voice")));
    CHECK_INT(w.values, 2 * VALUES_OF_WAITING);
    replay_run(&w.r, 10000);
  }
  CHECK_REAL(count_of_state("series_overflow-"), 3 * VALUES_OF_WAITING);
  CHECK_INT(replay_noticed(&w.r, "series", GC_ERR_LIMIT), 3);
  CHECK_HAS(replay_last_notice(&w.r, "series")->text, "MaxSeries");
  CHECK_HAS(replay_last_notice(&w.r, "series")->text, "all 8 places");
  /* The places of silent series become free. */
  CHECK(isnan(read_value("Queue 3/queue_depth-voice")));
  replay_run(&w.r, 60000);
  CHECK_REAL(read_value("Queue 3/queue_depth-voice"), 4);
  CHECK_INT(replay_noticed(&w.r, "series", GC_OK), 0);
  replay_run(&w.r, 10 * 60 * 1000);
  (void)read_value("");
  replay_run(&w.r, 10000);
  (void)read_value("");
  CHECK_INT(replay_noticed(&w.r, "series", GC_OK), 1);
  end_block();
}

static void windows_are_beside_the_gauges_or_alone(void) {
  for (int raw = 0; raw < 2; raw++) {
    begin_block(OBS_QUERY);
    options.window_s = 60;
    options.raw = raw;
    will_list(1);
    answer_always(QUERY, ANSWER(WAITING("q0000", "3")));
    start_block();
    (void)read_value("");
    CHECK_INT(w.values, raw * VALUES_OF_WAITING);
    replay_run(&w.r, 62000);
    CHECK_REAL(read_value("Queue 0/queue_depth_window-voice"), 3);
    CHECK_INT(w.values, (1 + raw) * VALUES_OF_WAITING);
    /* New values and open windows are put at the end. */
    replay_run(&w.r, 10000);
    CHECK(block_has_windows(w.block));
    w.values = 0;
    block_finish(w.block, &(struct gc_samples){record_sample, NULL});
    CHECK_INT(w.values, (1 + raw) * VALUES_OF_WAITING);
    end_block();
  }
}

static void without_a_queue_nothing_is_requested_and_no_source_is_up(void) {
  char *selectors[] = {(char[]){"Support*"}};
  begin_block(OBS_QUERY);
  options.queues = (struct gc_strs){selectors, GC_COUNT(selectors)};
  will_list(3);
  start_block();
  replay_run(&w.r, 60000);
  CHECK_INT(replay_count(&w.r, QUERY), 0);
  CHECK_INT(replay_noticed(&w.r, "selection", GC_ERR_NOT_FOUND), 1);
  CHECK_HAS(replay_last_notice(&w.r, "selection")->text, "no queue matches");
  CHECK(isnan(read_state("source_up-observations")));
  CHECK_REAL(read_state("queues-matched"), 0);
  end_block();
}

static void where_names_are_refused_ids_can_be_requested(void) {
  char *selectors[] = {(char[]){UUID}, (char[]){"Support*"}};
  begin_block(OBS_QUERY);
  options.queues = (struct gc_strs){selectors, GC_COUNT(selectors)};
  replay_answer(&w.r, &(struct replay_answer){.match = LIST,
                                              .times = REPLAY_ALWAYS,
                                              .status = 403,
                                              .body = "{}"});
  answer_always(QUERY, ANSWER(WAITING(UUID, "2")));
  start_block();
  CHECK_HAS(replay_last(&w.r, QUERY)->body, UUID);
  CHECK(strstr(replay_last(&w.r, QUERY)->body, "Support") == NULL);
  CHECK_REAL(read_value(UUID "/queue_depth-voice"), 2);
  end_block();
}

static void a_queue_without_a_name_has_the_list_read_again(void) {
  begin_activity();
  answer_always(CONVERSATIONS "*Number=1", ANSWER(WAITING("new", "7")));
  answer_always(CONVERSATIONS, ANSWER(""));
  answer_always(ROUTING, ANSWER(""));
  start_block();
  replay_settle(&w.r);
  CHECK_INT(replay_count(&w.r, LIST), 2);
  (void)read_value("");
  CHECK_INT(w.values, 0);
  CHECK_REAL(read_state("queues-unnamed"), 1);
  replay_run(&w.r, 59000);
  CHECK_INT(replay_count(&w.r, LIST), 2);
  replay_run(&w.r, 61000);
  CHECK_INT(replay_count(&w.r, LIST), 4);
  end_block();
}

int main(void) {
  RUN(queues_are_requested_by_the_hundred);
  RUN(only_selected_queues_are_requested);
  RUN(options_without_effect_are_reported_once);
  RUN(a_queue_that_is_deleted_and_made_again_is_reported);
  RUN(queues_of_an_earlier_block_are_left_to_it);
  RUN(a_block_may_leave_all_its_queues_to_earlier_ones);
  RUN(a_block_that_takes_a_quarter_of_the_budget_warns);
  RUN(auto_takes_activity_beyond_200_queues);
  RUN(auto_without_a_list_and_without_ids_takes_activity);
  RUN(a_minute_takes_the_requests_that_the_manual_says);
  RUN(an_agent_requests_only_its_share);
  RUN(series_beyond_the_limit_are_left_out_and_reported_once);
  RUN(windows_are_beside_the_gauges_or_alone);
  RUN(without_a_queue_nothing_is_requested_and_no_source_is_up);
  RUN(where_names_are_refused_ids_can_be_requested);
  RUN(a_queue_without_a_name_has_the_list_read_again);
  return check_done();
}
