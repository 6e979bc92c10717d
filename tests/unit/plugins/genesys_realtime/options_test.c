/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/options.h"

#include "collectd.h"
#include "configfile.h"

#include <stdio.h>
#include <stdlib.h>

#include "plugins/genesys_realtime/block.h"
#include "tests/support/block_text.h"
#include "tests/support/check.h"

static struct queues_options got;

static enum gc_code read_block(const char *name, void *settings,
                               struct gc_err *err) {
  (void)name;
  gc_options_clear(queues_rows, &got);
  memcpy(&got, settings, sizeof(got));
  free(settings);
  return queues_check(&got, err);
}

static const struct gc_block_kind blocks[] = {{"Queues", queues_rows,
                                               sizeof(struct queues_options),
                                               "Queues.", true, read_block},
                                              {.key = NULL}};

/* Reads <Queues "all"> with these lines; "" or the text of the failure. */
static const char *read_queues(const char *lines) {
  return block_text("genesys_realtime", blocks, "all", lines);
}

static void missing_options_have_their_defaults(void) {
  CHECK_STR(read_queues("Account prod"), "");
  CHECK_STR(got.account, "prod");
  CHECK_INT(got.stream, STREAM_NOTIFICATIONS);
  CHECK_INT(got.wait_buckets.count, 10);
  CHECK_REAL(got.wait_buckets.at[9], 512);
  CHECK_REAL(got.target_s, 0);
  CHECK_INT(got.idle_timeout_s, 40);
  CHECK_INT(got.reconnect_max_s, 30);
  CHECK_INT(got.conversations_max, 200000);
  CHECK_INT(got.conversation_age_s, 86400);
  CHECK_INT(got.window_s, 0);
  CHECK(got.raw);
  CHECK_INT(got.series_max, 200000);
  CHECK_INT(got.observations, OBS_AUTO);
  CHECK_INT(got.interval_s, 10);
  CHECK_INT(got.label, QUEUE_LABEL_NAME);
  CHECK_INT(got.queues.count, 0);
  CHECK_INT(got.media.count, 0);
}

static void every_word_has_its_enum_value(void) {
  static const struct {
    const char *line;
    int observations, label, stream;
  } rows[] = {
      {"Observations query", OBS_QUERY, QUEUE_LABEL_NAME, STREAM_NOTIFICATIONS},
      {"Observations activity", OBS_ACTIVITY, QUEUE_LABEL_NAME,
       STREAM_NOTIFICATIONS},
      {"Observations topic", OBS_TOPIC, QUEUE_LABEL_NAME, STREAM_NOTIFICATIONS},
      {"Observations queue_metrics", OBS_QUEUE_METRICS, QUEUE_LABEL_NAME,
       STREAM_NOTIFICATIONS},
      {"Observations \"None\"", OBS_OFF, QUEUE_LABEL_NAME,
       STREAM_NOTIFICATIONS},
      {"QueueLabel name", OBS_AUTO, QUEUE_LABEL_NAME, STREAM_NOTIFICATIONS},
      {"QueueLabel id", OBS_AUTO, QUEUE_LABEL_ID, STREAM_NOTIFICATIONS},
      {"QueueLabel BOTH", OBS_AUTO, QUEUE_LABEL_BOTH, STREAM_NOTIFICATIONS},
      {"Stream notifications", OBS_AUTO, QUEUE_LABEL_NAME,
       STREAM_NOTIFICATIONS},
      {"Stream conversations", OBS_AUTO, QUEUE_LABEL_NAME,
       STREAM_CONVERSATIONS},
      {"Stream none", OBS_AUTO, QUEUE_LABEL_NAME, STREAM_NONE},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char lines[256];
    CHECK_ROW(rows[i].line);
    snprintf(lines, sizeof(lines), "Account prod\n%s", rows[i].line);
    CHECK_STR(read_queues(lines), "");
    CHECK_INT(got.observations, rows[i].observations);
    CHECK_INT(got.label, rows[i].label);
    CHECK_INT(got.stream, rows[i].stream);
  }
}

static void lists_may_be_repeated(void) {
  CHECK_STR(
      read_queues("Account prod\nQueue \"Support*\" \"!*test*\"\nQueue x\n"
                  "Media VOICE\nMedia \"Email\" callback\n"
                  "ObservationInterval 30"),
      "");
  CHECK_INT(got.queues.count, 3);
  CHECK_STR(got.queues.at[1], "!*test*");
  CHECK_STR(got.queues.at[2], "x");
  CHECK_INT(got.media.count, 3);
  CHECK_STR(got.media.at[0], "voice");
  CHECK_STR(got.media.at[1], "email");
  CHECK_INT(got.interval_s, 30);
}

static void a_shard_is_read(void) {
  CHECK_STR(read_queues("Account prod"), "");
  CHECK_INT(got.shard.of, 0);
  CHECK_STR(read_queues("Account prod\nShard \"2/3\""), "");
  CHECK_INT(got.shard.number, 2);
  CHECK_INT(got.shard.of, 3);
}

static void the_guide_dialect_has_a_path_of_its_own(void) {
  CHECK_STR(read_queues("Account prod\nObservations queue_metrics\n"
                        "ObservationInterval 5\nPath \"/api/v2/queues/stats\""),
            "");
  CHECK_STR(got.path, "/api/v2/queues/stats");
  CHECK_STR(read_queues("Account prod\nObservations queue_metrics"), "");
  CHECK(got.path == NULL);
  CHECK_INT(got.interval_s, 10);
  CHECK_STR(read_queues("Account prod\nStream conversations\nPath \"/stream\"\n"
                        "Where \"type = 'voice'\"\nWhere \"queueId = 'a'\""),
            "");
  CHECK_INT(got.where.count, 2);
  CHECK_STR(got.where.at[1], "queueId = 'a'");
  CHECK_STR(got.path, "/stream");
}

static void errors_name_the_option(void) {
  static const struct {
    const char *lines, *has[3];
  } rows[] = {
      {"Media voice", {"Account is missing"}},
      {"Account prod\nObservations querry",
       {"Observations \"querry\"",
        "\"query\", \"activity\", \"topic\", \"queue_metrics\", \"none\""}},
      {"Account prod\nQueueLabel nmae", {"QueueLabel \"nmae\"", "\"both\""}},
      {"Account prod\nObservationInterval 0",
       {"ObservationInterval 0", "1", "3600"}},
      {"Account prod\nQueue \"[a\"", {"Queue: pattern \"[a\"", "without"}},
      {"Account prod\nQueue \"!\"", {"Queue: ", "nothing follows"}},
      {"Account prod\nQueue \"\"", {"Queue"}},
      {"Account prod\nMedia \"voice1\"", {"Media: \"voice1\"", "\"voice\""}},
      {"Account prod\nMedia vioce",
       {"Media: \"vioce\"", "did you mean \"voice\"?"}},
      {"Account prod\nMedia \"\"", {"Media"}},
      {"Account prod\nAcount prod", {"Acount", "did you mean", "Account"}},
      {"Account prod\nStream \"websocket\"",
       {"Stream \"websocket\"",
        "\"notifications\", \"conversations\", \"none\""}},
      {"Account prod\nWhere \"type = 'voice'\"",
       {"Where: ", "official API", "Stream \"conversations\""}},
      {"Account prod\nWrapUpCode \"Sale\"",
       {"WrapUpCode: ", "official API", "Stream \"conversations\""}},
      {"Account prod\nStream conversations\nWrapUpCode \"[a\"",
       {"WrapUpCode: ", "[a"}},
      {"Account prod\nStream conversations\nObservations queue_metrics\n"
       "Path \"/x\"",
       {"Path: ", "write two blocks"}},
      {"Account prod\nWaitBuckets 2 1", {"WaitBuckets"}},
      {"Account prod\nWaitBuckets 0", {"WaitBuckets 0"}},
      {"Account prod\nServiceLevelTarget 0", {"ServiceLevelTarget 0"}},
      {"Account prod\nReconnectMin 31",
       {"ReconnectMin: 31 s is more than ReconnectMax, 30 s"}},
      {"Account prod\nWindow 9",
       {"Window: 9 s is less than ObservationInterval, 10 s"}},
      {"Account prod\nWindow 0", {"Window 0", "1", "86400"}},
      {"Account prod\nRaw false", {"Raw false", "Window 60"}},
      {"Account prod\nMaxSeries 0", {"MaxSeries 0"}},
      {"Account prod\nShard \"4/3\"", {"Shard \"4/3\"", "from 1 to n"}},
      {"Account prod\nShard \"3\"", {"Shard \"3\"", "\"k/n\""}},
      {"Account prod\nObservations queue_metrics\nObservationInterval 4",
       {"ObservationInterval: 4 s is too often", "\"queue_metrics\"",
        "5 or more"}},
      {"Account prod\nPath \"/x\"",
       {"Path: ", "official API", "\"queue_metrics\""}},
      {"Account prod\nObservations queue_metrics\nPath \"stats\"",
       {"Path: \"stats\" is not a path", "/api/v2/queues/stats"}},
      {"Account prod\nObservations queue_metrics\nPath \"/a?b\"",
       {"Path: \"/a?b\" is not a path", "neither a query nor spaces"}},
      {"Account prod\nIdleTimeout 4", {"IdleTimeout 4", "5", "3600"}},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].lines);
    const char *text = read_queues(rows[i].lines);
    CHECK_HAS(text, "genesys_realtime: <Queues \"all\">: ");
    for (size_t j = 0; j < GC_COUNT(rows[i].has); j++)
      if (rows[i].has[j] != NULL)
        CHECK_HAS(text, rows[i].has[j]);
  }
}

static void options_that_do_nothing_together_have_a_line(void) {
  char *where[] = {(char[]){"type = 'chat'"}}, *media[] = {(char[]){"voice"}};
  const struct {
    const char *row;
    struct queues_options o;
    const char *lines[3];
  } rows[] = {
      {"all is well",
       {.stream = STREAM_NOTIFICATIONS, .observations = OBS_AUTO},
       {NULL}},
      {"counters only",
       {.stream = STREAM_NOTIFICATIONS, .observations = OBS_OFF},
       {NULL}},
      {"nothing is read",
       {.stream = STREAM_NONE, .observations = OBS_OFF, .window_s = 60},
       {"Stream \"none\" with Observations \"none\"", "Window"}},
      {"a target without a stream",
       {.stream = STREAM_NONE, .observations = OBS_AUTO, .target_s = 20},
       {"ServiceLevelTarget"}},
      {"two filters that agree",
       {.stream = STREAM_CONVERSATIONS,
        .observations = OBS_OFF,
        .where = {where, 1},
        .media = {media, 1}},
       {NULL}},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    size_t k = 0;
    for (; rows[i].lines[k] != NULL; k++) {
      const char *line = queues_doubt(&rows[i].o, k);
      CHECK(line != NULL);
      if (line != NULL)
        CHECK_HAS(line, rows[i].lines[k]);
    }
    CHECK(queues_doubt(&rows[i].o, k) == NULL);
  }
}

int main(void) {
  RUN(options_that_do_nothing_together_have_a_line);
  RUN(missing_options_have_their_defaults);
  RUN(every_word_has_its_enum_value);
  RUN(lists_may_be_repeated);
  RUN(a_shard_is_read);
  RUN(the_guide_dialect_has_a_path_of_its_own);
  RUN(errors_name_the_option);
  gc_options_clear(queues_rows, &got);
  return check_done();
}
