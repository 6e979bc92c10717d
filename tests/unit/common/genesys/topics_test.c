/* SPDX-License-Identifier: MIT */
#include "common/genesys/topics.h"

#include <stdlib.h>

#include "tests/support/check.h"

static struct gc_topics t;
static struct gc_buf body = {.max = 1 << 20};
static bool replaces;
static char reported[1024];
static int one, two; /* subscribers */

static void on_rejected(void *ctx, struct gc_topic *topic, const char *reason) {
  size_t used = strlen(reported);
  (void)ctx;
  snprintf(reported + used, sizeof(reported) - used, "%s: %s\n", topic->name,
           reason);
}

static void begin_topics(void) {
  t = (struct gc_topics){.rejected = on_rejected};
  reported[0] = '\0';
}

static void end_topics(void) {
  gc_topics_clear(&t);
  gc_buf_clear(&body);
}

static enum gc_code subscribe_topic(const char *name, void *owner) {
  struct gc_err err = {.code = GC_OK};
  return gc_topics_subscribe(&t, name, owner, NULL, &err);
}

static void subscribe_many(unsigned from, unsigned count) {
  for (unsigned i = from; i < from + count; i++) {
    char name[64];
    snprintf(name, sizeof(name), "v2.topic.%u", i);
    CHECK_INT(subscribe_topic(name, &one), GC_OK);
  }
}

/* Returns the number of topics in the next batch. */
static size_t next_batch(void) {
  size_t count = 0;
  CHECK_INT(gc_topics_next(&t, &body, &replaces, NULL), GC_OK);
  for (const char *at = gc_buf_string(&body); (at = strstr(at, "\"id\"")); at++)
    count++;
  return count;
}

static enum gc_code answer_batch(const char *text, size_t piece) {
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = GC_OK;
  gc_topics_answer_begin(&t);
  for (size_t at = 0, len = strlen(text); at < len && code == GC_OK;
       at += piece)
    code = gc_topics_answer_feed(&t, text + at,
                                 len - at < piece ? len - at : piece, &err);
  return code == GC_OK ? gc_topics_answer_end(&t, &err) : code;
}

static enum gc_topic_state state_of(const char *key) {
  return gc_topics_find(&t, key)->state;
}

/* ---- subscribing ---- */

static void only_single_topics_of_the_documented_letters_are_taken(void) {
  static const struct {
    const char *name;
    enum gc_code code;
  } rows[] = {
      {"v2.routing.queues.0a-1.conversations.calls", GC_OK},
      {"v2.users.U_1.routingStatus", GC_OK},
      {"", GC_ERR_REQUEST},
      {"v2.users.1?presence&station", GC_ERR_REQUEST},
      {"v2.routing.queues.*.users", GC_ERR_REQUEST},
      {"v2.a b", GC_ERR_REQUEST},
      {"v2.\"", GC_ERR_REQUEST},
      {"v2.\xc3\xbc", GC_ERR_REQUEST},
  };
  begin_topics();
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    CHECK_INT(subscribe_topic(rows[i].name, &one), rows[i].code);
  }
  char longest[GC_TOPIC_MAX + 2];
  memset(longest, 'a', sizeof(longest));
  longest[GC_TOPIC_MAX + 1] = '\0';
  CHECK_INT(subscribe_topic(longest, &one), GC_ERR_REQUEST);
  longest[GC_TOPIC_MAX] = '\0';
  CHECK_INT(subscribe_topic(longest, &one), GC_OK);
  CHECK_INT(t.wanted, 3);
  end_topics();
}

static void names_are_compared_without_case_and_requested_as_written(void) {
  begin_topics();
  CHECK_INT(subscribe_topic("v2.Users.A.routingStatus", &one), GC_OK);
  CHECK_INT(subscribe_topic("v2.users.a.ROUTINGSTATUS", &two), GC_OK);
  CHECK_INT(t.wanted, 1);
  CHECK_INT(t.count, 1);
  CHECK_INT(next_batch(), 1);
  CHECK_STR(body.data, "[{\"id\":\"v2.Users.A.routingStatus\"}]");
  CHECK(gc_topics_find(&t, "v2.users.a.routingstatus") != NULL);
  CHECK(gc_topics_find(&t, "v2.users.A.routingstatus") == NULL);
  end_topics();
}

static void a_topic_stays_while_it_has_a_subscriber(void) {
  begin_topics();
  CHECK_INT(subscribe_topic("v2.a", &one), GC_OK);
  CHECK_INT(subscribe_topic("v2.a", &two), GC_OK);
  CHECK_INT(subscribe_topic("v2.a", &two), GC_OK);
  CHECK_INT(subscribe_topic("v2.b", &two), GC_OK);
  gc_topics_unsubscribe(&t, "V2.A", &two);
  gc_topics_unsubscribe(&t, "v2.never", &two);
  CHECK_INT(t.wanted, 2);
  gc_topics_unsubscribe(&t, NULL, &one);
  CHECK_INT(t.wanted, 1);
  gc_topics_unsubscribe(&t, NULL, &two);
  gc_topics_unsubscribe(&t, NULL, &two);
  CHECK_INT(t.wanted, 0);
  CHECK(gc_topics_settled(&t));
  CHECK_INT(next_batch(), 0);
  CHECK_INT(body.len, 0);
  end_topics();
}

static void each_subscriber_has_a_tag(void) {
  int tags[2];
  begin_topics();
  CHECK_INT(gc_topics_subscribe(&t, "v2.a", &one, &tags[0], NULL), GC_OK);
  CHECK_INT(gc_topics_subscribe(&t, "v2.a", &two, &tags[0], NULL), GC_OK);
  CHECK_INT(gc_topics_subscribe(&t, "v2.a", &two, &tags[1], NULL), GC_OK);
  const struct gc_topic_subscriber *w = gc_topics_find(&t, "v2.a")->subscribers;
  CHECK(w->owner == &one && w->tag == &tags[0]);
  CHECK(w->next->owner == &two && w->next->tag == &tags[1]);
  CHECK(w->next->next == NULL);
  end_topics();
}

/* ---- requests ---- */

static void the_first_batch_replaces_and_the_others_add(void) {
  begin_topics();
  gc_topics_restart(&t);
  subscribe_many(0, 1000);
  static const size_t batches[] = {500, 500};
  for (size_t i = 0; i < GC_COUNT(batches); i++) {
    CHECK(!gc_topics_settled(&t));
    CHECK_INT(next_batch(), batches[i]);
    CHECK_INT(replaces, i == 0);
    CHECK(!gc_topics_settled(&t));
    CHECK(gc_topics_end_batch(&t, GC_OK, NULL));
  }
  CHECK(gc_topics_settled(&t));
  CHECK_INT(next_batch(), 0);
  end_topics();
}

static void a_later_topic_is_added_alone(void) {
  begin_topics();
  gc_topics_restart(&t);
  CHECK_INT(subscribe_topic("v2.a", &one), GC_OK);
  CHECK_INT(next_batch(), 1);
  CHECK_INT(subscribe_topic("v2.b", &one),
            GC_OK); /* while the first batch runs */
  CHECK(gc_topics_end_batch(&t, GC_OK, NULL));
  CHECK(!gc_topics_settled(&t));
  CHECK_INT(next_batch(), 1);
  CHECK(!replaces);
  CHECK_STR(body.data, "[{\"id\":\"v2.b\"}]");
  CHECK(gc_topics_end_batch(&t, GC_OK, NULL));
  CHECK(gc_topics_settled(&t));
  end_topics();
}

/* Answers `code` to each request that has one of the topics in `bad`, of
 * `count` topics. Returns the number of requests until the others are
 * subscribed. */
static unsigned requests_until_subscribed(unsigned count, enum gc_code code,
                                          const char *const *bad) {
  unsigned requests = 0, permitted = 0;
  for (; permitted < count && requests < 3000; requests++) {
    bool is_bad = false;
    (void)next_batch();
    for (size_t i = 0; bad[i] != NULL; i++)
      is_bad |= strstr(gc_buf_string(&body), bad[i]) != NULL;
    (void)gc_topics_end_batch(&t, is_bad ? code : GC_OK, "the reason");
    permitted = 0;
    for (size_t i = 0; i < t.count; i++)
      permitted += t.list[i]->state == GC_TOPIC_PERMITTED;
  }
  return requests;
}

static void one_topic_that_fails_does_not_hold_the_others_up(void) {
  static const char *const bad[] = {"v2.topic.3\"", NULL};
  begin_topics();
  gc_topics_restart(&t);
  subscribe_many(0, 600);
  CHECK(requests_until_subscribed(599, GC_ERR_REMOTE, bad) < 40);
  CHECK_STR(reported, "");
  CHECK_INT(state_of("v2.topic.3"), GC_TOPIC_FAILED);
  CHECK(!gc_topics_settled(&t));
  CHECK_INT(next_batch(), 1); /* it is tried again */
  CHECK(gc_topics_end_batch(&t, GC_OK, NULL));
  CHECK(gc_topics_settled(&t));
  end_topics();
}

static void bad_topics_in_a_row_are_named_and_the_others_go_on(void) {
  static const char *const bad[] = {"v2.topic.1\"", "v2.topic.2\"",
                                    "v2.topic.3\"", "v2.topic.4\"",
                                    "v2.topic.5\"", NULL};
  begin_topics();
  gc_topics_restart(&t);
  subscribe_many(0, 100);
  CHECK(requests_until_subscribed(95, GC_ERR_REQUEST, bad) < 40);
  CHECK_STR(reported, "v2.topic.1: the reason\nv2.topic.2: the reason\n"
                      "v2.topic.3: the reason\nv2.topic.4: the reason\n"
                      "v2.topic.5: the reason\n");
  CHECK(gc_topics_settled(&t));
  end_topics();
}

static void a_full_channel_takes_no_more(void) {
  begin_topics();
  subscribe_many(0, GC_TOPICS_MAX);
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(gc_topics_subscribe(&t, "v2.more", &one, NULL, &err), GC_ERR_LIMIT);
  CHECK_HAS(err.text, "1000");
  CHECK_INT(subscribe_topic("v2.topic.7", &two), GC_OK);
  gc_topics_unsubscribe(&t, "v2.topic.9", &one);
  CHECK_INT(subscribe_topic("v2.more", &one), GC_OK);
  CHECK_INT(subscribe_topic("v2.topic.9", &one), GC_ERR_LIMIT);
  end_topics();
}

static void left_overs_stay_until_the_channel_is_full(void) {
  begin_topics();
  gc_topics_restart(&t);
  subscribe_many(0, 1000);
  while (next_batch() > 0)
    CHECK(gc_topics_end_batch(&t, GC_OK, NULL));
  gc_topics_unsubscribe(&t, "v2.topic.3", &one);
  CHECK(gc_topics_settled(&t));
  CHECK_INT(t.count, 1000);
  CHECK_INT(subscribe_topic("v2.topic.3", &one),
            GC_OK); /* it is still on the channel */
  CHECK(gc_topics_settled(&t));
  gc_topics_unsubscribe(&t, "v2.topic.3", &one);
  CHECK_INT(subscribe_topic("v2.more", &one), GC_OK);
  CHECK_INT(t.count, 1000);
  CHECK_INT(next_batch(), 500);
  CHECK(replaces);
  end_topics();
}

static void a_renewal_adds_unless_there_are_left_overs(void) {
  begin_topics();
  gc_topics_restart(&t);
  subscribe_many(0, 3);
  CHECK_INT(next_batch(), 3);
  CHECK(gc_topics_end_batch(&t, GC_OK, NULL));
  gc_topics_renew(&t);
  CHECK_INT(next_batch(), 3);
  CHECK(!replaces);
  CHECK(gc_topics_end_batch(&t, GC_OK, NULL));
  gc_topics_unsubscribe(&t, "v2.topic.1", &one);
  gc_topics_renew(&t);
  CHECK_INT(next_batch(), 2);
  CHECK(replaces);
  CHECK(gc_topics_end_batch(&t, GC_OK, NULL));
  CHECK_INT(t.count, 2);
  end_topics();
}

static void an_answer_after_a_restart_is_ignored(void) {
  begin_topics();
  gc_topics_restart(&t);
  subscribe_many(0, 3);
  CHECK_INT(next_batch(), 3);
  gc_topics_restart(&t);
  (void)gc_topics_end_batch(&t, GC_OK, NULL);
  CHECK_INT(next_batch(), 3);
  CHECK(replaces);
  end_topics();
}

/* ---- rejections ---- */

#define ANSWER                                                                 \
  "{\"entities\":[{\"id\":\"v2.a\",\"state\":\"Permitted\"},"                  \
  "{\"missingPermissions\":[\"p:q:view\",\"p:r:view\"],\"state\":"             \
  "\"Rejected\",\"rejectionReason\":\"not\\nallowed\",\"id\":\"V2.B\","        \
  "\"selfUri\":\"/x\"},{\"state\":\"Rejected\",\"id\":\"v2.stranger\"},"       \
  "{\"id\":\"v2.c\",\"state\":\"Rejected\"}]}"

static void each_rejection_is_reported_with_its_reason(void) {
  for (size_t piece = 1; piece < 200; piece += 66) {
    begin_topics();
    gc_topics_restart(&t);
    CHECK_INT(subscribe_topic("v2.a", &one), GC_OK);
    CHECK_INT(subscribe_topic("v2.b", &one), GC_OK);
    CHECK_INT(subscribe_topic("v2.c", &one), GC_OK);
    CHECK_INT(subscribe_topic("v2.d", &one), GC_OK); /* not mentioned */
    CHECK_INT(next_batch(), 4);
    CHECK_INT(answer_batch(ANSWER, piece), GC_OK);
    CHECK(gc_topics_end_batch(&t, GC_OK, NULL));
    CHECK_STR(reported, "v2.b: p:q:view, p:r:view; not_allowed\n"
                        "v2.c: no reason is given\n");
    CHECK_INT(state_of("v2.a"), GC_TOPIC_PERMITTED);
    CHECK_INT(state_of("v2.b"), GC_TOPIC_REJECTED);
    CHECK_INT(state_of("v2.d"), GC_TOPIC_PERMITTED);
    CHECK(gc_topics_settled(&t));
    gc_topics_renew(&t); /* permissions may have been given meanwhile */
    CHECK_INT(next_batch(), 4);
    end_topics();
  }
}

static void an_answer_that_is_no_json_is_refused(void) {
  static const char *const rows[] = {"", "{\"entities\":[", "<html>", "[}"};
  begin_topics();
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i]);
    CHECK_INT(answer_batch(rows[i], 3), GC_ERR_PARSE);
  }
  end_topics();
}

static void one_bad_topic_is_found_by_halving(void) {
  begin_topics();
  gc_topics_restart(&t);
  subscribe_many(0, 1000);
  unsigned requests = 0;
  while (!gc_topics_settled(&t) && requests < 100) {
    requests++;
    CHECK(next_batch() > 0);
    bool bad = strstr(body.data, "\"v2.topic.321\"") != NULL;
    CHECK_INT(replaces, gc_topics_count_in(&t, GC_TOPIC_PERMITTED) == 0);
    CHECK(
        gc_topics_end_batch(&t, bad ? GC_ERR_REQUEST : GC_OK, "400: unknown"));
  }
  CHECK_STR(reported, "v2.topic.321: 400: unknown\n");
  CHECK(gc_topics_settled(&t));
  CHECK_THAT(requests < 30, "%u requests", requests);
  end_topics();
}

/* When four topics in a row are refused alone, the topics may not be the
 * reason: the caller requests the next one later. */
static void a_refusal_of_everything_is_slowed_down(void) {
  begin_topics();
  gc_topics_restart(&t);
  subscribe_many(0, 1000);
  for (int i = 0; i < 20 && !gc_topics_are_refused(&t); i++) {
    CHECK(next_batch() > 0);
    CHECK(gc_topics_end_batch(&t, GC_ERR_REQUEST, "400"));
  }
  CHECK(gc_topics_are_refused(&t));
  CHECK_STR(reported, "v2.topic.0: 400\nv2.topic.1: 400\nv2.topic.2: 400\n"
                      "v2.topic.3: 400\n");
  CHECK_INT(next_batch(), 1);
  CHECK(gc_topics_end_batch(&t, GC_OK, NULL));
  CHECK(!gc_topics_are_refused(&t));
  end_topics();
}

/* Batches shrink while each one fails; afterwards few requests are enough. */
static void after_an_outage_the_batches_grow_again(void) {
  static const char *const none[] = {NULL};
  begin_topics();
  gc_topics_restart(&t);
  subscribe_many(0, 1000);
  for (int i = 0; i < 3000; i++) {
    CHECK(next_batch() > 0);
    CHECK(!gc_topics_end_batch(&t, GC_ERR_REMOTE, "503"));
  }
  CHECK(!gc_topics_started(&t));
  unsigned requests = requests_until_subscribed(1000, GC_ERR_REMOTE, none);
  CHECK_THAT(requests < 30, "%u requests", requests);
  CHECK(gc_topics_started(&t));
  end_topics();
}

int main(void) {
  RUN(only_single_topics_of_the_documented_letters_are_taken);
  RUN(names_are_compared_without_case_and_requested_as_written);
  RUN(a_topic_stays_while_it_has_a_subscriber);
  RUN(each_subscriber_has_a_tag);
  RUN(the_first_batch_replaces_and_the_others_add);
  RUN(a_later_topic_is_added_alone);
  RUN(one_topic_that_fails_does_not_hold_the_others_up);
  RUN(bad_topics_in_a_row_are_named_and_the_others_go_on);
  RUN(a_full_channel_takes_no_more);
  RUN(left_overs_stay_until_the_channel_is_full);
  RUN(a_renewal_adds_unless_there_are_left_overs);
  RUN(an_answer_after_a_restart_is_ignored);
  RUN(each_rejection_is_reported_with_its_reason);
  RUN(an_answer_that_is_no_json_is_refused);
  RUN(one_bad_topic_is_found_by_halving);
  RUN(a_refusal_of_everything_is_slowed_down);
  RUN(after_an_outage_the_batches_grow_again);
  return check_done();
}
