/* SPDX-License-Identifier: MIT */
#include "common/analytics/decode/decode.h"

#include "tests/support/check.h"

#define GROUP(queue)                                                           \
  "{\"group\":{\"queueId\":\"" queue                                           \
  "\",\"mediaType\":\"voice\"},\"data\":[{\"interval\":"                       \
  "\"2026-08-01T10:00:00Z/2026-08-01T10:01:00Z\",\"metrics\":["                \
  "{\"metric\":\"nOffered\",\"stats\":{\"count\":2}}]}]}"
#define BEGIN "{\"results\":["
#define END "]}"

static char *groups[] = {(char[]){"queueId"}, (char[]){"mediaType"}};
static const struct gc_query query = {.source = GC_QUERY_CONVERSATIONS,
                                      .group_by = {groups, 2},
                                      .rule = {.period_ms = 60000}};
static struct gc_series_set series;
static struct gc_results results;

static void begin(void) {
  series = (struct gc_series_set){.keys.max = 10};
  results = (struct gc_results){.query = &query,
                                .plan = {.again_from_ms = 1785578400000,
                                         .again_to_ms = 1785578400000,
                                         .from_ms = 1785578400000,
                                         .to_ms = 1785578460000},
                                .asked_from_ms = 1785578400000,
                                .asked_to_ms = 1785578460000,
                                .series = &series,
                                .max = 10};
}

static void end(void) {
  gc_results_clear(&results);
  gc_series_clear(&series);
}

static void feed(struct gc_decoder *d, const char *text) {
  struct gc_sink sink = gc_decoder_sink(d);
  sink.begin(sink.ctx);
  CHECK_INT(sink.write(sink.ctx, text, strlen(text), NULL), GC_OK);
}

static void an_attempt_that_broke_off_after_a_group_spoils_the_poll(void) {
  struct gc_err err = {.code = GC_OK};
  begin();
  struct gc_decoder *d = gc_decoder_new(&results);
  feed(d, BEGIN GROUP("q1") ",");
  feed(d, BEGIN GROUP("q1") END);
  CHECK_INT(gc_decoder_finish(d, &err), GC_ERR_NETWORK);
  CHECK_HAS(err.text, "cut off");
  feed(d, BEGIN GROUP("q2") END); /* of the next request of the poll */
  CHECK_INT(gc_decoder_finish(d, &err), GC_ERR_NETWORK);
  gc_decoder_free(d);
  end();
}

static void an_attempt_that_broke_off_before_a_group_has_no_effect(void) {
  begin();
  struct gc_decoder *d = gc_decoder_new(&results);
  feed(d, BEGIN "{\"group\":{\"queueId\":\"q1\"");
  feed(d, BEGIN GROUP("q1") END);
  CHECK_INT(gc_decoder_finish(d, NULL), GC_OK);
  feed(d, BEGIN GROUP("q2") END);
  CHECK_INT(gc_decoder_finish(d, NULL), GC_OK);
  CHECK_INT(results.count, 2);
  CHECK_INT(results.facts[0].count, 2);
  gc_decoder_free(d);
  end();
}

static void a_broken_number_of_a_row_leaves_the_other_ones(void) {
  static const struct gc_query rows = {.source = GC_QUERY_QUEUE_DETAILS,
                                       .group_by = {groups, 1},
                                       .rule = {.period_ms = 60000}};
  begin();
  results.query = &rows;
  struct gc_decoder *d = gc_decoder_new(&results);
  feed(d, BEGIN "{\"queueId\":\"q1\",\"intervalEnd\":"
                "\"2026-08-01T10:01:00Z\",\"answered\":2,\"offered\":-1}" END);
  CHECK_INT(gc_decoder_finish(d, NULL), GC_OK);
  CHECK(results.count == 1 && results.facts[0].count == 2);
  CHECK_INT(results.tally.broken, 1);
  gc_decoder_free(d);
  end();
}

int main(void) {
  RUN(an_attempt_that_broke_off_after_a_group_spoils_the_poll);
  RUN(an_attempt_that_broke_off_before_a_group_has_no_effect);
  RUN(a_broken_number_of_a_row_leaves_the_other_ones);
  return check_done();
}
