/* SPDX-License-Identifier: MIT */
/* The conversations that an answer lists, and whether all are in the lists. */
#include <stdlib.h>

#include "plugins/genesys_realtime/observations/observations.h"
#include "tests/support/check.h"

#define ID1 "0f0e0d0c-0000-4000-8000-000000000001"
#define ID2 "0f0e0d0c-0000-4000-8000-000000000002"
#define ANSWER(data)                                                           \
  "{\"results\":[{\"group\":{\"queueId\":\"q\",\"mediaType\":\"voice\"},"      \
  "\"data\":[" data "]}]}"
#define ITEM(id) "{\"observationDate\":\"2026-08-01T10:00:00Z\"," id "}"
#define CONVERSATION(id) ITEM("\"conversationId\":\"" id "\"")
#define NONE(metric) "{\"metric\":\"" metric "\",\"stats\":{\"count\":0}}"
#define REST "," NONE("oAlerting") "," NONE("oInteracting")

static enum gc_code read_all(struct obs_decoder *d, const char *json,
                             size_t piece) {
  struct gc_sink sink = obs_decoder_sink(d);
  size_t len = strlen(json);
  sink.begin(sink.ctx);
  for (size_t at = 0; at < len; at += piece)
    GC_TRY(sink.write(sink.ctx, json + at, len - at < piece ? len - at : piece,
                      NULL));
  return obs_decoder_finish(d, NULL, NULL);
}

static struct observations *decode_answer(const char *json, size_t piece) {
  struct observations *o = observations_new();
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(o, false);
  CHECK_INT(read_all(d, json, piece), GC_OK);
  return o;
}

static bool lists_id(const struct observations *o, const char *id) {
  for (size_t i = 0; i < o->listed.count; i++)
    if (uuid_key_equal(o->listed.at[i], uuid_key_read(id, strlen(id))))
      return true;
  return false;
}

static void a_list_is_complete_if_it_has_every_conversation(void) {
  static const struct {
    const char *what, *waiting;
    size_t listed;
    bool whole;
  } rows[] = {
      {"two of two",
       "{\"metric\":\"oWaiting\",\"stats\":{\"count\":2},\"truncated\":false,"
       "\"observations\":[" CONVERSATION(ID1) "," CONVERSATION(ID2) "]}",
       2, true},
      {"the list before its number",
       "{\"observations\":[" CONVERSATION(ID1) "],\"stats\":{\"count\":1},"
                                               "\"metric\":\"oWaiting\"}",
       1, true},
      {"none waits, no list", NONE("oWaiting"), 0, true},
      {"none waits, an empty list",
       "{\"metric\":\"oWaiting\",\"stats\":{\"count\":0},\"truncated\":false,"
       "\"observations\":[]}",
       0, true},
      {"truncated",
       "{\"metric\":\"oWaiting\",\"stats\":{\"count\":1},\"truncated\":true,"
       "\"observations\":[" CONVERSATION(ID1) "]}",
       1, false},
      {"fewer than the number",
       "{\"metric\":\"oWaiting\",\"stats\":{\"count\":3},\"truncated\":false,"
       "\"observations\":[" CONVERSATION(ID1) "," CONVERSATION(ID2) "]}",
       2, false},
      {"more than the number",
       "{\"metric\":\"oWaiting\",\"stats\":{\"count\":1},\"observations\":"
       "[" CONVERSATION(ID1) "," CONVERSATION(ID2) "]}",
       2, false},
      {"one without an id",
       "{\"metric\":\"oWaiting\",\"stats\":{\"count\":2},\"observations\":"
       "[" CONVERSATION(ID1) "," ITEM("\"sessionId\":\"" ID2 "\"") "]}",
       1, false},
      {"no list",
       "{\"metric\":\"oWaiting\",\"stats\":{\"count\":1},\"truncated\":false}",
       0, false},
      {"no number",
       "{\"metric\":\"oWaiting\",\"observations\":[" CONVERSATION(ID1) "]}", 1,
       false},
      {"a negative number",
       "{\"metric\":\"oWaiting\",\"stats\":{\"count\":-1},\"observations\":[]}",
       0, false},
      {"ids that are no text",
       "{\"metric\":\"oWaiting\",\"stats\":{\"count\":3},\"observations\":"
       "[" ITEM("\"conversationId\":7") "," ITEM(
           "\"conversationId\":null") "," ITEM("\"conversationId\":\"\"") "]}",
       0, false},
      {"missing", NONE("oLongestWaiting"), 0, false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].what);
    GC_AUTO(gc_buf_clear) struct gc_buf json = {.max = 8192};
    CHECK_INT(gc_buf_print(&json, ANSWER("%s" REST), rows[i].waiting), GC_OK);
    for (size_t piece = 1; piece <= json.len; piece += json.len - 1) {
      GC_AUTO(observations_put_auto)
      struct observations *o = decode_answer(json.data, piece);
      CHECK_INT(o->listed.count, rows[i].listed);
      CHECK_INT(observations_covers(o, "q", CV_VOICE), rows[i].whole);
      CHECK(rows[i].listed == 0 || lists_id(o, ID1));
      CHECK(!observations_covers(o, "q", CV_CHAT));
      CHECK(!observations_covers(o, "p", CV_VOICE));
    }
  }
}

static void all_three_numbers_must_be_known(void) {
  static const struct {
    const char *what, *json;
    bool whole, is_answered;
  } rows[] = {
      {"all", ANSWER(NONE("oWaiting") REST), true, true},
      {"two", ANSWER(NONE("oWaiting") "," NONE("oAlerting")), false, true},
      {"none", ANSWER(""), false, false},
      {"no result", "{\"results\":[]}", false, false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].what);
    GC_AUTO(observations_put_auto)
    struct observations *o = decode_answer(rows[i].json, 1000);
    CHECK_INT(observations_covers(o, "q", CV_VOICE), rows[i].whole);
    struct obs_cursor at = {0};
    struct obs_contacts c;
    CHECK_INT(observations_next_contacts(o, &at, &c), rows[i].whole);
    /* An absent number of a queue that the answer has is 0. */
    o->absence = OBS_ABSENT_CONTACTS;
    CHECK_INT(observations_covers(o, "q", CV_VOICE), rows[i].is_answered);
    CHECK_INT(observations_covers(o, "q", CV_VIDEO), rows[i].is_answered);
    CHECK(!observations_covers(o, "another", CV_EMAIL));
    /* An activity answer names every number that is not zero. */
    o->absence = OBS_ABSENT_ALL;
    CHECK(observations_covers(o, "q", CV_VOICE));
    CHECK(observations_covers(o, "another", CV_EMAIL));
  }
}

static void activity_without_lists_covers_empty_queues(void) {
  GC_AUTO(observations_put_auto)
  struct observations *o =
      decode_answer(ANSWER("{\"metric\":\"oInteracting\",\"count\":2}"), 1000);
  o->absence = OBS_ABSENT_ALL;
  CHECK(!observations_covers(o, "q", CV_VOICE));
  CHECK(observations_covers(o, "q", CV_CHAT));
  struct obs_cursor at = {0};
  struct obs_contacts c;
  CHECK(observations_next_contacts(o, &at, &c));
  CHECK_INT(c.waiting, 0);
  CHECK_INT(c.interacting, 2);
}

static void lists_of_other_numbers_are_not_of_conversations(void) {
  GC_AUTO(observations_put_auto)
  struct observations *o = decode_answer(
      "{\"results\":[{\"group\":{\"queueId\":\"q\"},\"data\":["
      "{\"metric\":\"oMemberUsers\",\"stats\":{\"count\":1},\"observations\":"
      "[" CONVERSATION(ID1) "]},{\"metric\":\"oNew\",\"stats\":{\"count\":1},"
                            "\"observations\":[" CONVERSATION(
                                ID1) "]}]},"
                                     "{\"group\":{\"mediaType\":\"voice\"},"
                                     "\"data\":[{\"metric\":\"oWaiting\","
                                     "\"stats\":{\"count\":1},\"observations\":"
                                     "[" CONVERSATION(ID1) "]}]}]}",
      7);
  CHECK_INT(o->listed.count, 0);
}

static void an_aborted_attempt_lists_no_conversation(void) {
  GC_AUTO(observations_put_auto)
  struct observations *o = observations_new();
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(o, false);
  CHECK_INT(read_all(d,
                     "{\"results\":[{\"group\":{\"queueId\":\"q\","
                     "\"mediaType\":\"voice\"},\"data\":[{\"metric\":"
                     "\"oWaiting\",\"stats\":{\"count\":1},\"observations\":"
                     "[" CONVERSATION(ID1) "]}]}",
                     1000),
            GC_ERR_PARSE);
  CHECK_INT(o->listed.count, 0);
  CHECK_INT(read_all(d, ANSWER(NONE("oWaiting")), 1000), GC_OK);
  CHECK_INT(o->listed.count, 0);
}

static void batches_add_up(void) {
  GC_AUTO(observations_put_auto)
  struct observations *o = observations_new();
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(o, false);
  CHECK_INT(read_all(d,
                     ANSWER("{\"metric\":\"oWaiting\",\"stats\":{\"count\":1},"
                            "\"observations\":[" CONVERSATION(ID1) "]}" REST),
                     1000),
            GC_OK);
  CHECK_INT(
      read_all(d,
               "{\"results\":[{\"group\":{\"queueId\":\"p\",\"mediaType\":"
               "\"Chat\"},\"data\":[{\"metric\":\"oWaiting\",\"stats\":{"
               "\"count\":1},\"observations\":[" CONVERSATION(ID2) "]}" REST
                                                                   "]}]}",
               1000),
      GC_OK);
  CHECK_INT(o->listed.count, 2);
  CHECK(lists_id(o, ID1) && lists_id(o, ID2));
  CHECK(observations_covers(o, "q", CV_VOICE));
  CHECK(observations_covers(o, "p", CV_CHAT));
}

static void an_answer_that_does_not_fit_lists_no_conversation(void) {
  static struct uuid_key ids[OBS_LISTED_MAX];
  GC_AUTO(observations_put_auto)
  struct observations *o = observations_new();
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(o, false);
  CHECK_INT(obs_ids_add(&o->listed, ids, OBS_LISTED_MAX), GC_OK);
  CHECK_INT(obs_ids_add(&o->listed, ids, 1), GC_ERR_LIMIT);
  CHECK_INT(read_all(d,
                     ANSWER("{\"metric\":\"oWaiting\",\"stats\":{\"count\":1},"
                            "\"observations\":[" CONVERSATION(ID1) "]}" REST),
                     1000),
            GC_OK);
  CHECK_INT(o->listed.count, OBS_LISTED_MAX);
  CHECK(!observations_covers(o, "q", CV_VOICE));
  CHECK_INT(read_all(d, ANSWER(NONE("oWaiting") REST), 1000), GC_OK);
  CHECK(observations_covers(o, "q", CV_VOICE));
}

static void the_cursor_returns_each_pair_once(void) {
  GC_AUTO(observations_put_auto)
  struct observations *o = decode_answer(
      "{\"results\":[{\"group\":{\"queueId\":\"q\"},\"data\":[{\"metric\":"
      "\"oMemberUsers\",\"stats\":{\"count\":9}}]},{\"group\":{\"queueId\":"
      "\"q\",\"mediaType\":\"CALLBACK\"},\"data\":[{\"metric\":\"oWaiting\","
      "\"stats\":{\"count\":4}},{\"metric\":\"oAlerting\",\"stats\":{\"count\":"
      "5}},{\"metric\":\"oInteracting\",\"stats\":{\"count\":6}}]},{\"group\":{"
      "\"queueId\":\"p\",\"mediaType\":\"fax\"},\"data\":[" NONE("oWaiting")
          REST "]},{\"group\":{\"queueId\":\"p\",\"mediaType\":\"voice\"},"
               "\"data\":[" NONE("oWaiting") "]}]}",
      1000);
  struct obs_cursor at = {0};
  struct obs_contacts c;
  CHECK(observations_next_contacts(o, &at, &c));
  CHECK_STR(c.queue, "q");
  CHECK_STR(c.media, "callback");
  CHECK_INT(c.cv_media, CV_CALLBACK);
  CHECK_INT(c.waiting, 4);
  CHECK_INT(c.alerting, 5);
  CHECK_INT(c.interacting, 6);
  CHECK(observations_next_contacts(o, &at, &c));
  CHECK_STR(c.queue, "p");
  CHECK_STR(c.media, "fax");
  CHECK_INT(c.cv_media, CV_MEDIA_COUNT);
  CHECK(!observations_next_contacts(o, &at, &c));
  CHECK(!observations_next_contacts(o, &at, &c));
}

static void every_medium_is_found_by_its_label(void) {
  for (int m = 0; m < CV_MEDIA_COUNT; m++)
    CHECK_INT(cv_media_find(cv_media_label((enum cv_media)m)), m);
  CHECK_INT(cv_media_find("calls"), CV_MEDIA_COUNT);
  CHECK_INT(cv_media_find(""), CV_MEDIA_COUNT);
}

int main(void) {
  RUN(a_list_is_complete_if_it_has_every_conversation);
  RUN(all_three_numbers_must_be_known);
  RUN(activity_without_lists_covers_empty_queues);
  RUN(lists_of_other_numbers_are_not_of_conversations);
  RUN(an_aborted_attempt_lists_no_conversation);
  RUN(batches_add_up);
  RUN(an_answer_that_does_not_fit_lists_no_conversation);
  RUN(the_cursor_returns_each_pair_once);
  RUN(every_medium_is_found_by_its_label);
  return check_done();
}
