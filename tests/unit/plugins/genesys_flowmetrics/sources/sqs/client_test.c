/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/sqs/client.h"

#include "common/base/cleanup.h"
#include "tests/support/check.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND };
#define DAY (INT64_C(24) * 60 * MINUTE)
#define WALL INT64_C(1700000000000)

/* Receives whenever it is allowed, each answer being doubtful, and writes the
 * minutes of the receipts. */
static unsigned receive_for(struct clock_pause *p, unsigned minutes,
                            uint64_t *at_minute) {
  unsigned count = 0;
  for (uint64_t ms = 0; ms < (uint64_t)minutes * MINUTE; ms += SECOND) {
    if (clock_pause_holds(p, ms, WALL + (int64_t)ms))
      continue;
    at_minute[count++] = ms / MINUTE;
    clock_pause_note(p, true, ms, WALL + (int64_t)ms);
  }
  return count;
}

static void a_clock_that_stays_wrong_uses_up_few_receipts(void) {
  static const uint64_t want[] = {0, 5, 15, 35, 75, 135, 195};
  uint64_t at_minute[400];
  struct clock_pause p = {0};
  CHECK_INT(receive_for(&p, 200, at_minute), GC_COUNT(want));
  for (size_t i = 0; i < GC_COUNT(want); i++)
    CHECK_INT(at_minute[i], want[i]);
}

static void a_pause_ends_when_the_clock_is_set(void) {
  static const struct {
    const char *name;
    int64_t step_ms;
    bool holds;
  } rows[] = {
      {"no step", 0, true},
      {"NTP corrects some seconds", 30 * SECOND, true},
      {"two days forward", 2 * DAY, false},
      {"two days back", -2 * DAY, false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct clock_pause p = {0};
    CHECK_ROW(rows[i].name);
    clock_pause_note(&p, true, 1000, WALL);
    CHECK(clock_pause_holds(&p, 1000, WALL));
    CHECK_INT(clock_pause_holds(&p, 2000, WALL + 1000 + rows[i].step_ms),
              rows[i].holds);
  }
}

static void a_good_answer_ends_the_pause_and_its_growth(void) {
  struct clock_pause p = {0};
  clock_pause_note(&p, true, 0, WALL);
  clock_pause_note(&p, false, 1000, WALL + 1000);
  CHECK(!clock_pause_holds(&p, 1000, WALL + 1000));
  clock_pause_note(&p, true, 2000, WALL + 2000);
  CHECK_INT(p.until_ms, 2000 + CLOCK_PAUSE_MIN_MS);
}

/* Both consumers had a request under way when the pause began. */
static void
answers_that_were_requested_before_the_pause_do_not_prolong_it(void) {
  struct clock_pause p = {0};
  clock_pause_note(&p, true, 0, WALL);
  clock_pause_note(&p, true, 5000, WALL + 5000);
  CHECK_INT(p.until_ms, CLOCK_PAUSE_MIN_MS);
}

/* The signatures were made by a program of another language, which gives that
 * of AWS for its example "get-vanilla". */
static void a_request_has_the_signature_that_aws_expects(void) {
  static const struct {
    const char *url, *token, *signature;
  } rows[] = {
      {"https://sqs.eu-west-1.amazonaws.com/", "",
       "ff675953182b941685f4c938e17801c9bb3c211c41cf0c615e1e4096e5955d6f"},
      {"https://sqs.eu-west-1.amazonaws.com:443/", "",
       "ff675953182b941685f4c938e17801c9bb3c211c41cf0c615e1e4096e5955d6f"},
      {"https://sqs.eu-west-1.amazonaws.com/", "TOK",
       "796e09d0856d77714039332628befaf23f594bdcac213dde6a540e892f74de80"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct credentials keys = {.key_id = "AKIDEXAMPLE",
                               .secret =
                                   "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
    struct sqs_client c = {.region = "eu-west-1"};
    struct sqs_request r = {.body = {.max = 64}};
    CHECK_ROW(rows[i].url);
    snprintf(keys.token, sizeof(keys.token), "%s", rows[i].token);
    snprintf(c.endpoint, sizeof(c.endpoint), "%s", rows[i].url);
    CHECK_INT(gc_buf_text(&r.body, "{\"a\":1}"), GC_OK);
    sqs_request_sign_at(&c, &r, &keys, "AmazonSQS.ReceiveMessage",
                        INT64_C(1678004284568));
    CHECK_STR(r.date, "X-Amz-Date: 20230305T081804Z");
    CHECK_HAS(r.authorization,
              "Credential=AKIDEXAMPLE/20230305/eu-west-1/sqs/aws4_request, ");
    CHECK_HAS(r.authorization, rows[i].signature);
    size_t count = 0;
    while (r.headers[count] != NULL)
      count++;
    CHECK_INT(count, rows[i].token[0] != '\0' ? 5 : 4);
    gc_buf_clear(&r.body);
  }
}

int main(void) {
  RUN(a_request_has_the_signature_that_aws_expects);
  RUN(a_clock_that_stays_wrong_uses_up_few_receipts);
  RUN(a_pause_ends_when_the_clock_is_set);
  RUN(a_good_answer_ends_the_pause_and_its_growth);
  RUN(answers_that_were_requested_before_the_pause_do_not_prolong_it);
  return check_done();
}
