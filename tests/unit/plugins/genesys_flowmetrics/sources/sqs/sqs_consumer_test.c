/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strcasestr */
#endif
/* A consumer over real sockets, with a real ledger behind it: the requests that
 * go through the proxy, and their keys; this host's clock in doubt. */
#include "plugins/genesys_flowmetrics/sources/sqs/sqs.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/base/timestamp.h"
#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/folder.h"
#include "tests/support/server.h"

#define KEYS                                                                   \
  "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>"       \
  "<Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>S"            \
  "</SecretAccessKey><SessionToken>TEMPORARY</SessionToken><Expiration>"       \
  "2999-01-01T00:00:00Z</Expiration></Credentials>"                            \
  "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"

static char folder[] = "/tmp/gc-sqs-XXXXXX", token_file[96], proxy[64];
static char queue_url[] = "http://127.0.0.1:1/1/q", region[] = "eu-west-1";
static struct attribute_form form;
static struct stats stats;
static struct gate gate = GATE_INIT;
static unsigned exchanges, receipts; /* under the gate */

/* Plays the proxy of STS and of the queue. */
static void serve_proxy(struct conn *c, void *ctx) {
  static _Thread_local struct request r;
  (void)ctx;
  while (conn_request(c, &r)) {
    if (strstr(r.path, ":2/") != NULL) {
      bool is_good = strstr(r.body, "&WebIdentityToken=web.identity") != NULL;
      GATE_CHANGE(&gate, exchanges += is_good);
      if (!conn_say(c,
                    "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
                    "Content-Length: %zu\r\n\r\n%s",
                    strlen(KEYS), KEYS))
        return;
      continue;
    }
    bool is_signed = strstr(r.head, "Credential=ASIA1/") != NULL &&
                     strstr(r.head, "TEMPORARY") != NULL;
    GATE_CHANGE(&gate, receipts += is_signed);
    conn_park(c); /* a long poll */
    return;
  }
}

static bool is_received(void *ctx) {
  (void)ctx;
  return receipts > 0;
}

/* ---- a clock that is behind ---- */

static int64_t behind_ms; /* of this host's clock, as the ledger reads it */
static unsigned messages_sent, deletions, doubts; /* under the gate */

static int64_t wall_behind_ms(void) { return gc_clock_wall_ms() - behind_ms; }

/* Writes an answer with one message, whose attribute is of the true time. */
static bool say_message(struct conn *c, bool has_date) {
  char at[GC_TIMESTAMP_SIZE], body[512], date[64] = "";
  time_t now = time(NULL);
  struct tm tm;
  gc_timestamp_print(at, gc_clock_wall_ms());
  if (has_date)
    strftime(date, sizeof(date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n",
             gmtime_r(&now, &tm));
  int len = snprintf(
      body, sizeof(body),
      "{\"Messages\":[{\"MessageId\":\"m\",\"ReceiptHandle\":\"r1\","
      "\"Body\":\"{\\\"eventBody\\\":{\\\"conversationId\\\":\\\"c%u\\\","
      "\\\"attributes\\\":{\\\"FlowMetric_A(%s)\\\":\\\"1\\\"}}}\"}]}",
      messages_sent, at);
  GATE_CHANGE(&gate, messages_sent++);
  return conn_say(c, "HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", date,
                  len, body);
}

/* Plays the queue of one message that is always visible. ctx: true when the
 * answers have a Date. */
static void serve_queue(struct conn *c, void *ctx) {
  static _Thread_local struct request r;
  while (conn_request(c, &r)) {
    bool is_deletion = strstr(r.head, "DeleteMessageBatch") != NULL;
    GATE_CHANGE(&gate, deletions += is_deletion);
    if (is_deletion) {
      conn_park(c);
      return;
    }
    if (!say_message(c, *(const bool *)ctx))
      return;
  }
}

static void note_doubt(void *ctx, const char *cause, const struct gc_err *err) {
  (void)ctx;
  GATE_CHANGE(&gate, doubts += strcmp(cause, "receiving") == 0 &&
                               err->code == GC_ERR_STATE);
}

static bool is_deleted(void *ctx) {
  (void)ctx;
  return deletions > 0;
}

static bool is_doubted(void *ctx) {
  (void)ctx;
  return doubts > 0;
}

static void print_notice(void *ctx, const char *cause,
                         const struct gc_err *err) {
  (void)ctx;
  if (err->code != GC_OK)
    fprintf(stderr, "%s: %s\n", cause, err->text);
}

static void write_token(void) {
  snprintf(token_file, sizeof(token_file), "%s/token", folder);
  FILE *f = fopen(token_file, "w");
  CHECK(f != NULL && fputs("web.identity\n", f) >= 0 && fclose(f) == 0);
  unsetenv("AWS_ACCESS_KEY_ID");
  setenv("AWS_WEB_IDENTITY_TOKEN_FILE", token_file, 1);
  setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/collectd", 1);
  setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:2", 1);
}

static uint32_t consumers = 1;

struct run {
  struct sqs_options options;
  struct gc_connect connect;
  struct ledger_source source;
  struct credentials_source keys;
  struct ledger *ledger;
  struct sqs *sqs;
};

/* Starts a ledger and one consumer that uses the proxy. */
static void run_begin(struct run *run, int64_t (*wall_ms)(void),
                      void (*notice)(void *ctx, const char *cause,
                                     const struct gc_err *err)) {
  struct gc_err err = {.text = ""};
  *run = (struct run){.options = {.queue_url = queue_url,
                                  .region = region,
                                  .consumers = consumers,
                                  .visibility_s = 60},
                      .connect = {.connect_timeout_ms = 5000, .proxy = proxy},
                      .source = {.scope = "",
                                 .retention_ms = INT64_C(86400000),
                                 .max_series = 100,
                                 .stats = &stats}};
  const struct ledger_options l = {.folder = folder,
                                   .retention_ms = INT64_C(86400000),
                                   .wall_ms = wall_ms,
                                   .notice = print_notice};
  CHECK_INT(credentials_find_source(NULL, NULL, region, &run->keys, &err),
            GC_OK);
  run->ledger = ledger_new(&l, NULL);
  CHECK_INT(ledger_start(run->ledger, &err), GC_OK);
  run->options.connect = &run->connect;
  run->options.credentials = &run->keys;
  run->source.ledger = run->ledger;
  run->source.form = &form;
  run->source.notice = notice;
  run->sqs = sqs_start(&run->options, &run->source, &err);
  CHECK_STR(err.text, "");
}

static void run_end(struct run *run) {
  sqs_stop(run->sqs);
  ledger_stop(run->ledger);
  sqs_free(run->sqs);
  ledger_free(run->ledger);
  credentials_source_clear(&run->keys);
}

static struct server *start_proxy(void (*serve)(struct conn *c, void *ctx),
                                  void *ctx) {
  const struct server_plan plan = {.serve = serve, .ctx = ctx};
  struct server *server = server_start(&plan);
  snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", server_port(server));
  return server;
}

static void sts_is_reached_through_the_proxy_as_the_queue_is(void) {
  struct server *server = start_proxy(serve_proxy, NULL);
  struct run run;
  write_token();
  run_begin(&run, gc_clock_wall_ms, print_notice);
  CHECK(gate_wait(&gate, is_received, NULL));
  CHECK_INT(exchanges, 1);
  CHECK(!stats.is_tried); /* the long poll may last 20 s */
  run_end(&run);
  server_stop(server);
}

static void begin_behind(struct run *run) {
  setenv("AWS_ACCESS_KEY_ID", "AKIA1", 1);
  setenv("AWS_SECRET_ACCESS_KEY", "S", 1);
  memset(&stats, 0, sizeof(stats));
  messages_sent = deletions = doubts = 0;
  behind_ms = INT64_C(2) * 86400000;
  run_begin(run, wall_behind_ms, note_doubt);
}

static void the_date_of_an_answer_is_the_second_clock(void) {
  bool has_date = true;
  struct server *server = start_proxy(serve_queue, &has_date);
  struct run run;
  begin_behind(&run);
  CHECK(gate_wait(&gate, is_deleted, NULL));
  run_end(&run);
  server_stop(server);
  CHECK_INT(stats.malformed[MALFORMED_FUTURE], 0);
  CHECK_INT(doubts, 0);
}

static unsigned commits; /* under the gate */

static void on_committed(struct batch *b, enum gc_code code) {
  (void)b;
  GATE_CHANGE(&gate, commits += code == GC_OK);
}

static bool has_commits(void *ctx) { return commits >= *(unsigned *)ctx; }

/* Commits `count` batches without attributes, one after the other. */
static void pass_commits(const struct run *run, unsigned count) {
  GATE_CHANGE(&gate, commits = 0);
  for (unsigned want = 1; want <= count; want++) {
    struct batch b = {.source = &run->source, .done = on_committed};
    ledger_submit(run->ledger, &b);
    CHECK(gate_wait(&gate, has_commits, &want));
  }
}

/* Without a Date nothing confirms the clock. Without the pause the consumer
 * would receive the message many times during the commits. */
static void a_clock_in_doubt_pauses_the_receiving(void) {
  bool has_date = false;
  struct server *server = start_proxy(serve_queue, &has_date);
  struct run run;
  begin_behind(&run);
  CHECK(gate_wait(&gate, is_doubted, NULL));
  pass_commits(&run, 1); /* the answers before the pause are committed */
  unsigned before = gate_read(&gate, &messages_sent);
  pass_commits(&run, 30);
  run_end(&run);
  server_stop(server);
  CHECK(messages_sent <= before + 1); /* one request may have been under way */
  CHECK_INT(deletions, 0);
}

/* ---- a message that is no event ---- */

static unsigned no_events; /* under the gate */

static void note_no_event(void *ctx, const char *cause,
                          const struct gc_err *err) {
  (void)ctx;
  GATE_CHANGE(&gate, no_events += strcmp(cause, "no events") == 0 &&
                                  strstr(err->text, "no JSON") != NULL);
}

static bool has_no_event(void *ctx) {
  (void)ctx;
  return no_events > 0;
}

static void serve_poison(struct conn *c, void *ctx) {
  static const char body[] = "{\"Messages\":[{\"MessageId\":\"m\","
                             "\"ReceiptHandle\":\"r\",\"Body\":\"poison\"}]}";
  static _Thread_local struct request r;
  (void)ctx;
  if (!conn_request(c, &r) ||
      !conn_say(c, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                strlen(body), body) ||
      !conn_request(c, &r))
    return;
  GATE_CHANGE(&gate, deletions += strstr(r.head, "DeleteMessage") != NULL);
  conn_park(c);
}

static void a_message_that_is_no_event_is_said_and_stays(void) {
  struct server *server = start_proxy(serve_poison, NULL);
  struct run run;
  begin_behind(&run);
  run_end(&run);
  run_begin(&run, gc_clock_wall_ms, note_no_event);
  CHECK(gate_wait(&gate, has_no_event, NULL));
  run_end(&run);
  server_stop(server);
  CHECK_INT(deletions, 0);
}

/* ---- a clock that AWS refuses ---- */

enum { QUEUE_AHEAD_S = 20 * 60, VALID_S = 15 * 60 };

static struct {
  bool has_words;             /* the refusals tell the time; else Date does */
  unsigned refused, accepted; /* under the gate */
  unsigned notices;
  struct gc_err said;
} skew;

static void print_stamp(char out[24], time_t at) {
  struct tm tm;
  strftime(out, 24, "%Y%m%dT%H%M%SZ", gmtime_r(&at, &tm));
}

/* Refuses a request whose time is not that of the queue. */
static void serve_ahead(struct conn *c, void *ctx) {
  static _Thread_local struct request r;
  (void)ctx;
  while (conn_request(c, &r)) {
    time_t now = time(NULL) + QUEUE_AHEAD_S;
    char least[24], date[64], limit[24], body[400];
    struct tm tm;
    print_stamp(least, now - VALID_S);
    print_stamp(limit, now);
    strftime(date, sizeof(date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n",
             gmtime_r(&now, &tm));
    const char *at = strcasestr(r.head, "X-Amz-Date: ");
    if (at != NULL && strncmp(at + 12, least, 16) >= 0) {
      GATE_CHANGE(&gate, skew.accepted++);
      conn_park(c); /* a long poll */
      return;
    }
    GATE_CHANGE(&gate, skew.refused++);
    snprintf(body, sizeof(body),
             "{\"__type\":\"com.amazon.coral.service#%s\",\"message\":"
             "\"Signature expired: %.16s is now earlier than %s (%s - 15 "
             "min.)\"}",
             skew.has_words ? "InvalidSignatureException" : "RequestExpired",
             at != NULL ? at + 12 : "", skew.has_words ? least : "", limit);
    if (!conn_say(c, "HTTP/1.1 403 x\r\n%sContent-Length: %zu\r\n\r\n%s",
                  skew.has_words ? "" : date, strlen(body), body))
      return;
  }
}

static void note_skew(void *ctx, const char *cause, const struct gc_err *err) {
  (void)ctx;
  if (strcmp(cause, "clock of SQS") != 0)
    return;
  GATE_CHANGE(&gate, skew.notices++);
  skew.said = *err;
}

static bool is_accepted(void *ctx) {
  (void)ctx;
  return skew.accepted > 0;
}

static void a_request_is_signed_by_the_queues_time_when_ours_is_refused(void) {
  struct server *server = start_proxy(serve_ahead, NULL);
  for (int has_words = 0; has_words < 2; has_words++) {
    struct run run;
    CHECK_ROW(has_words ? "the words have the time" : "the Date has it");
    memset(&skew, 0, sizeof(skew));
    skew.has_words = has_words;
    run_begin(&run, gc_clock_wall_ms, note_skew);
    CHECK(gate_wait(&gate, is_accepted, NULL));
    run_end(&run);
    CHECK_INT(skew.refused, 1); /* the next request follows at once */
    CHECK_INT(skew.notices, 1);
    CHECK_HAS(skew.said.text, "s behind that of SQS");
    CHECK(strstr(skew.said.text, " 1200 s ") != NULL ||
          strstr(skew.said.text, " 1199 s ") != NULL);
  }
  server_stop(server);
}

/* ---- two requests at once ---- */

static struct {
  unsigned requests, fails, ends; /* under the gate */
  unsigned ends_at_third;         /* ends before the third request */
} both;

static bool has_second(void *ctx) {
  (void)ctx;
  return both.requests >= 2;
}

static bool has_third(void *ctx) {
  (void)ctx;
  return both.requests >= 3;
}

static bool has_failed(void *ctx) {
  (void)ctx;
  return both.fails > 0;
}

static bool has_ended(void *ctx) {
  (void)ctx;
  return both.ends > 0;
}

/* Refuses the first request once the second one has come, and answers that one
 * after the failure was reported. */
static void serve_both(struct conn *c, void *ctx) {
  static _Thread_local struct request r;
  unsigned number = 0;
  (void)ctx;
  while (conn_request(c, &r)) {
    GATE_CHANGE(&gate, number = ++both.requests;
                both.ends_at_third =
                    number == 3 ? both.ends : both.ends_at_third);
    if (number > 3) {
      conn_park(c);
      return;
    }
    if (number < 3)
      CHECK(gate_wait(&gate, number == 1 ? has_second : has_failed, NULL));
    if (!conn_say(c, "HTTP/1.1 %d x\r\nContent-Length: 2\r\n\r\n{}",
                  number == 1 ? 500 : 200))
      return;
  }
}

static void note_both(void *ctx, const char *cause, const struct gc_err *err) {
  (void)ctx;
  if (strcmp(cause, "queue") == 0)
    GATE_CHANGE(&gate, both.fails += err->code != GC_OK;
                both.ends += err->code == GC_OK);
}

static void an_answer_ends_no_failure_that_followed_its_request(void) {
  struct server *server = start_proxy(serve_both, NULL);
  struct run run;
  consumers = 2;
  run_begin(&run, gc_clock_wall_ms, note_both);
  CHECK(gate_wait(&gate, has_third, NULL));
  CHECK(gate_wait(&gate, has_ended, NULL));
  CHECK_INT(gate_read(&gate, &both.ends_at_third), 0);
  CHECK_INT(gate_read(&gate, &both.fails), 1);
  run_end(&run);
  server_stop(server);
  consumers = 1;
}

int main(void) {
  if (mkdtemp(folder) == NULL ||
      attribute_form_set(&form, "%{flow}Metric_%{metric}(%{time})", NULL) !=
          GC_OK)
    return 99;
  RUN(sts_is_reached_through_the_proxy_as_the_queue_is);
  RUN(the_date_of_an_answer_is_the_second_clock);
  RUN(a_clock_in_doubt_pauses_the_receiving);
  RUN(a_message_that_is_no_event_is_said_and_stays);
  RUN(a_request_is_signed_by_the_queues_time_when_ours_is_refused);
  RUN(an_answer_ends_no_failure_that_followed_its_request);
  CHECK(folder_remove(folder));
  return check_done();
}
