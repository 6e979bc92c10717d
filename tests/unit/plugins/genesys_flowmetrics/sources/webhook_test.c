/* SPDX-License-Identifier: MIT */
/* The webhook over a real socket, with a real ledger behind it. */
#include "plugins/genesys_flowmetrics/sources/webhook.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/ledger_view.h"
#include "tests/support/server.h"
#include "tests/support/webhook_bench.h"

#define T "2023-03-05T08:18:04.568Z"
#define EVENT(conversation, metric)                                            \
  "{\"eventBody\":{\"conversationId\":\"" conversation                         \
  "\",\"attributes\":{\"FlowMetric_" metric "(" T ")\":\"1\"}}}"

static struct webhook_bench *const b = &webhook_bench;

static int status_of(int fd) {
  char answer[512] = "";
  size_t got = 0;
  ssize_t n;
  while (got < 12 && (n = read(fd, answer + got, sizeof(answer) - 1 - got)) > 0)
    got += (size_t)n;
  return got >= 12 ? atoi(answer + 9) : 0;
}

static int send_request(const char *method, const char *path,
                        const char *secret, const char *body) {
  char head[8192];
  int len = snprintf(head, sizeof(head),
                     "%s %s HTTP/1.1\r\nHost: x\r\nX-Api-Key: %s\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     method, path, secret, strlen(body), body);
  int fd = webhook_bench_dial();
  int status = write(fd, head, (size_t)len) == len ? status_of(fd) : -1;
  close(fd);
  return status;
}

static int64_t count_of(const char *metric) {
  return ledger_view_of(b->ledger, metric).count;
}

static void a_200_means_that_the_event_is_counted(void) {
  webhook_bench_start();
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c1", "A")), 200);
  CHECK_INT(count_of("A"), 1);
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c1", "A")), 200);
  CHECK_INT(count_of("A"), 1);
  CHECK_INT(send_request("POST", "/genesys", "s3cret",
                         "[" EVENT("c2", "A") "," EVENT("c2", "B") "]"),
            200);
  CHECK_INT(count_of("A"), 2);
  CHECK_INT(count_of("B"), 1);
  CHECK_INT(send_request("POST", "/genesys", "s3cret", "{\"a\":1}"), 200);
  CHECK_INT(b->stats.tallies[TALLY_WEB_200], 4);
  webhook_bench_stop();
}

/* Our clock is two days behind: the sender keeps events that may be ahead. */
static void an_event_ahead_of_our_clock_is_not_acknowledged(void) {
  const int64_t right = b->wall_ms, day = INT64_C(86400000);
  webhook_bench_start();
  b->wall_ms = right - 2 * day;
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c1", "C")), 503);
  CHECK_INT(count_of("C"), -1);
  CHECK_INT(b->clock_notices, 1);
  CHECK_INT(b->stats.malformed[MALFORMED_FUTURE], 1);
  b->wall_ms = right;
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c1", "C")), 200);
  CHECK_INT(count_of("C"), 1);
  webhook_bench_stop();
}

static void an_event_that_is_not_understood_is_not_acknowledged(void) {
  webhook_bench_start();
  CHECK_INT(send_request("POST", "/genesys", "s3cret",
                         "{\"payload\":{\"FlowMetric_X(" T ")\":\"1\"}}"),
            400);
  CHECK_INT(b->stats.unplaced, 1);
  CHECK_INT(b->unread_notices, 1);
  CHECK_INT(send_request("POST", "/genesys", "s3cret",
                         "[{\"note\":\"Metric_\"}," EVENT("c1", "X") "]"),
            400);
  CHECK_INT(count_of("X"), 1);
  CHECK_INT(b->unread_notices, 2);
  webhook_bench_stop();
}

static void a_time_that_is_not_read_is_said_and_not_acknowledged(void) {
  webhook_bench_start();
  CHECK_INT(send_request("POST", "/genesys", "s3cret",
                         "{\"eventBody\":{\"conversationId\":\"c1\","
                         "\"attributes\":{\"FlowMetric_T(2023-03-05T08:18:04)\""
                         ":\"1\",\"FlowMetric_V(" T ")\":\"1\"}}}"),
            400);
  CHECK_INT(count_of("V"), 1);
  CHECK_INT(b->stats.malformed[MALFORMED_TIME], 1);
  CHECK_HAS(b->unread_time.text, "\"9999-99-99T99:99:99\"");
  CHECK(strstr(b->unread_time.text, "08:18") == NULL ||
        strstr(b->unread_time.text, "T08:18:04.568Z") != NULL);
  webhook_bench_stop();
}

static void a_body_that_is_no_event_is_said(void) {
  static const struct {
    const char *body, *says;
  } rows[] = {
      {"\x1f\x8b\x08", "compressed"}, {"<html>", "XML or HTML"}, {"", "empty"},
      {"{\"a\":", "not whole"},       {"a secret", "no JSON"},
  };
  webhook_bench_start();
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].says);
    CHECK_INT(send_request("POST", "/genesys", "s3cret", rows[i].body), 400);
    CHECK_HAS(b->no_event.text, rows[i].says);
    CHECK(strstr(b->no_event.text, "secret") == NULL);
  }
  webhook_bench_stop();
}

/* Another reader of the request would see another body. */
static void a_head_that_is_ambiguous_or_compressed_is_refused(void) {
  static const struct {
    const char *head;
    int status;
  } rows[] = {
      {"Content-Length: 5\r\nContent-Length: 6", 400},
      {"Content-Length: 5\r\nTransfer-Encoding: chunked", 400},
      {"Transfer-Encoding: chunked\r\nContent-Length: 5", 400},
      {"Content-Encoding: gzip\r\nContent-Length: 5", 415},
      {"Content-Encoding: deflate\r\nTransfer-Encoding: chunked", 415},
  };
  webhook_bench_start();
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char head[300], byte;
    int len = snprintf(head, sizeof(head),
                       "POST /genesys HTTP/1.1\r\nHost: x\r\n"
                       "X-Api-Key: s3cret\r\n%s\r\n\r\n",
                       rows[i].head);
    CHECK_ROW(rows[i].head);
    int fd = webhook_bench_dial();
    CHECK_INT(write(fd, head, (size_t)len), len);
    CHECK_INT(status_of(fd), rows[i].status);
    CHECK_HAS(b->no_event.text,
              rows[i].status == 415 ? "compression" : "two lengths");
    while (read(fd, &byte, 1) == 1) /* to the end of the connection */
      ;
    close(fd);
  }
  webhook_bench_stop();
}

/* The event is three years older than another one, like the sample in the
 * platform's documentation. */
static void a_late_attribute_is_reported(void) {
  const int64_t right = b->wall_ms;
  webhook_bench_start();
  b->wall_ms = right + INT64_C(3) * 365 * 86400000;
  CHECK_INT(send_request("POST", "/genesys", "s3cret",
                         "{\"eventBody\":{\"conversationId\":\"c2\","
                         "\"attributes\":{"
                         "\"FlowMetric_N(2026-03-04T08:18:04Z)\":\"1\"}}}"),
            200);
  CHECK_INT(count_of("N"), 1);
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c1", "L")), 200);
  CHECK_INT(b->stats.outcomes[OUTCOME_LATE], 1);
  CHECK_INT(b->late_notices, 1);
  b->wall_ms = right;
  webhook_bench_stop();
}

static void a_refused_request_counts_nothing(void) {
  static char large[4000];
  memset(large, ' ', sizeof(large) - 1);
  static const struct {
    const char *method, *path, *secret, *body;
    int status;
  } rows[] = {
      {"POST", "/genesys", "wrong", EVENT("c9", "R"), 401},
      {"POST", "/genesys", "s3cre", EVENT("c9", "R"), 401},
      {"POST", "/genesys", "s3cret1", EVENT("c9", "R"), 401},
      {"POST", "/genesys", "", EVENT("c9", "R"), 401},
      {"POST", "/", "s3cret", EVENT("c9", "R"), 404},
      {"PUT", "/genesys", "s3cret", EVENT("c9", "R"), 405},
      {"POST", "/genesys", "s3cret", large, 413},
      {"POST", "/genesys", "s3cret", "[" EVENT("c9", "R") ",{\"x", 400},
      {"POST", "/genesys", "s3cret", "", 400},
  };
  webhook_bench_start();
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].body);
    CHECK_INT(send_request(rows[i].method, rows[i].path, rows[i].secret,
                           rows[i].body),
              rows[i].status);
  }
  CHECK_INT(count_of("R"), -1);
  webhook_bench_stop();
}

/* Sends only the head. */
static void a_refusal_is_sent_before_the_body_is_read(void) {
  static const struct {
    const char *head;
    int status;
  } rows[] = {
      {"X-Api-Key: s3cret\r\nContent-Length: 2001", 413},
      {"X-Api-Key: s3cret\r\nContent-Length: 99999999999999999999", 413},
      {"X-Api-Key: wrong\r\nContent-Length: 100", 401},
      {"Content-Length: 99999", 401},
  };
  webhook_bench_start();
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char head[300];
    int len = snprintf(head, sizeof(head),
                       "POST /genesys HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n",
                       rows[i].head);
    CHECK_ROW(rows[i].head);
    int fd = webhook_bench_dial();
    CHECK_INT(write(fd, head, (size_t)len), len);
    CHECK_INT(status_of(fd), rows[i].status);
    close(fd);
  }
  webhook_bench_stop();
}

/* Sends a chunked body, without a Content-Length. */
static void chunks_are_counted_too(void) {
  static const char head[] = "POST /genesys HTTP/1.1\r\nHost: x\r\nX-Api-Key: "
                             "s3cret\r\nTransfer-Encoding: chunked\r\n\r\n";
  char chunk[600];
  memset(chunk, ' ', sizeof(chunk));
  memcpy(chunk, "1f4\r\n", 5); /* 500 */
  memcpy(chunk + 505, "\r\n", 2);
  webhook_bench_start();
  int fd = webhook_bench_dial();
  CHECK_INT(write(fd, head, sizeof(head) - 1), sizeof(head) - 1);
  for (int i = 0; i < 5; i++)
    CHECK_INT(write(fd, chunk, 507), 507);
  CHECK_INT(write(fd, "0\r\n\r\n", 5), 5);
  CHECK_INT(status_of(fd), 413);
  close(fd);
  fd = webhook_bench_dial();
  char good[600];
  int len = snprintf(good, sizeof(good), "%s%zx\r\n%s\r\n0\r\n\r\n", head,
                     strlen(EVENT("c1", "K")), EVENT("c1", "K"));
  CHECK_INT(write(fd, good, (size_t)len), len);
  CHECK_INT(status_of(fd), 200);
  CHECK_INT(count_of("K"), 1);
  close(fd);
  webhook_bench_stop();
}

static void without_the_ledger_the_answer_is_503(void) {
  webhook_bench_start();
  ledger_stop(b->ledger);
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c1", "S")), 503);
  webhook_bench_stop();
}

/* The listener's own thread tries again each second. */
static void wait_until_up(void) {
  uint64_t end_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (b->stats.up != 1 && gc_clock_now_ms() < end_ms)
    sched_yield();
}

static void an_address_in_use_is_reported_and_tried_again(void) {
  int fd = server_bind(&b->options.at.port);
  CHECK_INT(listen(fd, 1), 0);
  webhook_bench_start();
  CHECK_HAS(webhook_bench_listening().text, "in use");
  CHECK_INT(b->stats.up, 0);
  close(fd);
  wait_until_up();
  CHECK_INT(webhook_bench_listening().code, GC_OK);
  CHECK_INT(b->stats.up, 1);
  CHECK_INT(send_request("POST", "/genesys", "s3cret", "{}"), 200);
  webhook_bench_stop();
}

static void *post_some(void *arg) {
  for (int i = 0; i < 20; i++) {
    char body[300];
    snprintf(body, sizeof(body), EVENT("t%d", "P"), i);
    if (send_request("POST", "/genesys", "s3cret", body) != 200)
      return NULL;
  }
  return arg;
}

static void simultaneous_requests_are_counted_once(void) {
  pthread_t threads[6];
  webhook_bench_start();
  for (size_t i = 0; i < GC_COUNT(threads); i++)
    CHECK_INT(pthread_create(&threads[i], NULL, post_some, b), 0);
  for (size_t i = 0; i < GC_COUNT(threads); i++) {
    void *good = NULL;
    pthread_join(threads[i], &good);
    CHECK(good != NULL); /* each was answered 200 */
  }
  CHECK_INT(count_of("P"), 20);
  webhook_bench_stop();
}

static void write_secret(const char *secret) {
  FILE *f = fopen(b->secret_file, "w");
  CHECK(f != NULL && fprintf(f, "%s\n", secret) > 0 && fclose(f) == 0);
}

static void a_changed_secret_counts_for_the_next_request(void) {
  webhook_bench_start();
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c20", "Changed")),
            200);
  write_secret("new");
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c21", "Changed")),
            401);
  CHECK_INT(send_request("POST", "/genesys", "new", EVENT("c21", "Changed")),
            200);
  write_secret("s3cret");
  webhook_bench_stop();
}

static void a_missing_secret_file_is_answered_503(void) {
  char away[sizeof(b->secret_file) + 8];
  snprintf(away, sizeof(away), "%s.away", b->secret_file);
  webhook_bench_start();
  CHECK_INT(rename(b->secret_file, away), 0);
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c11", "U")), 503);
  CHECK_INT(b->stats.up, 0);
  CHECK_INT(rename(away, b->secret_file), 0);
  wait_until_up();
  CHECK_INT(b->stats.up, 1);
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c11", "U")), 200);
  CHECK_INT(count_of("U"), 1);
  webhook_bench_stop();
}

static void a_standby_acknowledges_nothing(void) {
  struct gc_lease_gate *lease = gc_lease_gate_make("prod", "pair");
  b->lease = lease;
  webhook_bench_start();
  CHECK_INT(send_request("POST", "/genesys", "wrong", EVENT("c9", "S")), 401);
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c9", "S")), 503);
  CHECK_INT(count_of("S"), -1);
  gc_lease_gate_set(lease, &(struct gc_lease_status){
                               .state = GC_LEASE_HOLDER,
                               .valid_until_ms = gc_clock_boot_ms() + 3600000});
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c9", "S")), 200);
  CHECK_INT(count_of("S"), 1);
  webhook_bench_stop();
  b->lease = NULL;
}

int main(void) {
  webhook_bench_make();
  RUN(a_200_means_that_the_event_is_counted);
  RUN(an_event_ahead_of_our_clock_is_not_acknowledged);
  RUN(an_event_that_is_not_understood_is_not_acknowledged);
  RUN(a_time_that_is_not_read_is_said_and_not_acknowledged);
  RUN(a_body_that_is_no_event_is_said);
  RUN(a_head_that_is_ambiguous_or_compressed_is_refused);
  RUN(a_refused_request_counts_nothing);
  RUN(a_refusal_is_sent_before_the_body_is_read);
  RUN(chunks_are_counted_too);
  RUN(without_the_ledger_the_answer_is_503);
  RUN(simultaneous_requests_are_counted_once);
  RUN(an_address_in_use_is_reported_and_tried_again);
  RUN(a_changed_secret_counts_for_the_next_request);
  RUN(a_missing_secret_file_is_answered_503);
  RUN(a_standby_acknowledges_nothing);
  RUN(a_late_attribute_is_reported); /* last: it drops the keys of the others */
  webhook_bench_remove();
  return check_done();
}
