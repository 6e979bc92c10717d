/* SPDX-License-Identifier: MIT */
/* Requests with which a sender checks the webhook's owner, and the answers that
 * Firehose takes. */
#include "plugins/genesys_flowmetrics/sources/webhook.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/server.h"
#include "tests/support/webhook_bench.h"

static struct webhook_bench *const b = &webhook_bench;
static char azure[] = "*.eventgrid.azure.net";
static char *asking[] = {azure};

static void text_of(const char *request, char out[1000]) {
  int fd = webhook_bench_dial();
  ssize_t n;
  size_t got = 0;
  CHECK_INT(write(fd, request, strlen(request)), strlen(request));
  shutdown(fd, SHUT_WR);
  while (got < 999 && (n = read(fd, out + got, 999 - got)) > 0)
    got += (size_t)n;
  out[got] = '\0';
  close(fd);
}

static void a_handshake_is_for_hosts_that_are_named(void) {
  static const char url[] = "https://rp-eastus.eventgrid.azure.net/validate";
  char body[300], request[700], answer[1000];
  snprintf(body, sizeof(body),
           "[{\"id\":\"i\",\"data\":{\"validationCode\":\"512d\","
           "\"validationUrl\":\"%s\"}}]",
           url);
  snprintf(request, sizeof(request),
           "POST /genesys HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
           "X-Api-Key: s3cret\r\naeg-event-type: SubscriptionValidation\r\n"
           "Content-Length: %zu\r\n\r\n%s",
           strlen(body), body);
  webhook_bench_start();
  text_of(request, answer);
  CHECK_HAS(answer, " 401 ");
  webhook_bench_stop();
  b->options.handshakes = (struct gc_strs){asking, 1};
  webhook_bench_start();
  text_of(request, answer);
  CHECK_HAS(answer, " 200 ");
  CHECK_HAS(answer, "{\"validationResponse\":\"512d\"}");
  text_of("OPTIONS /genesys HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
          "WebHook-Request-Origin: x.eventgrid.azure.net\r\n\r\n",
          answer);
  CHECK_HAS(answer, " 200 ");
  CHECK_HAS(answer, "WebHook-Allowed-Origin: x.eventgrid.azure.net");
  text_of("OPTIONS /genesys HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
          "WebHook-Request-Origin: example.com\r\n\r\n",
          answer);
  CHECK_HAS(answer, " 405 ");
  webhook_bench_stop();
  b->options.handshakes = (struct gc_strs){NULL, 0};
}

static void the_code_is_read_from_a_whole_document(void) {
  static const struct {
    const char *before, *after, *status;
  } rows[] = {
      {"[", "]", " 200 "},    {" [ ", ",{}]", " 200 "}, {"", "", " 200 "},
      {"[{},", "]", " 400 "}, {"[", "", " 400 "},       {"[", "]]", " 400 "},
      {"", "{}", " 400 "},    {"[[", "]]", " 400 "},
  };
  b->options.handshakes = (struct gc_strs){asking, 1};
  webhook_bench_start();
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char body[300], request[700], answer[1000];
    snprintf(body, sizeof(body),
             "%s{\"data\":{\"validationUrl\":"
             "\"https://x.eventgrid.azure.net/\",\"a\":{\"validationCode\":"
             "\"inner\"},\"validationCode\":\"c\\u0031\\\"\"}}%s",
             rows[i].before, rows[i].after);
    CHECK_ROW(body);
    snprintf(request, sizeof(request),
             "POST /genesys HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
             "X-Api-Key: s3cret\r\naeg-event-type: SubscriptionValidation\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    text_of(request, answer);
    CHECK_HAS(answer, rows[i].status);
    if (strcmp(rows[i].status, " 200 ") == 0)
      CHECK_HAS(answer, "{\"validationResponse\":\"c1\\\"\"}");
  }
  webhook_bench_stop();
  b->options.handshakes = (struct gc_strs){NULL, 0};
}

/* An address that a request names is not requested. */
static void a_subscription_of_sns_is_refused_with_advice(void) {
  static const char body[] = "{\"Type\":\"SubscriptionConfirmation\","
                             "\"SubscribeURL\":\"https://sns/?x\"}";
  char request[700], answer[1000];
  webhook_bench_start();
  snprintf(request, sizeof(request),
           "POST /genesys HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
           "X-Api-Key: s3cret\r\n"
           "x-amz-sns-message-type: SubscriptionConfirmation\r\n"
           "Content-Length: %zu\r\n\r\n%s",
           strlen(body), body);
  text_of(request, answer);
  CHECK_HAS(answer, " 400 ");
  CHECK_INT(b->handshake.code, GC_ERR_PERMISSION);
  CHECK_HAS(b->handshake.text, "Source \"sqs\"");
  webhook_bench_stop();
}

/* Firehose takes no other answer for a success. */
static void firehose_gets_the_id_of_its_request_and_a_time(void) {
#define FIREHOSE "X-Amz-Firehose-Request-Id: ed4acda5-\"034f\r\n"
  static const char record[] =
      "{\"requestId\":\"i\",\"timestamp\":1,\"records\":[{\"data\":\"e30=\"}]}";
  static const struct {
    const char *name, *secret, *body, *status, *says;
  } rows[] = {
      {"counted", "s3cret", record, " 200 ", "}"},
      {"refused by its head", "wrong", record, " 401 ",
       ",\"errorMessage\":\"the secret is missing or wrong\"}"},
      {"no event", "s3cret", "x", " 400 ",
       ",\"errorMessage\":\"not an event\"}"},
  };
  static const char start[] =
      "{\"requestId\":\"ed4acda5-\\\"034f\",\"timestamp\":";
  webhook_bench_start();
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char request[700], answer[1000];
    CHECK_ROW(rows[i].name);
    snprintf(request, sizeof(request),
             "POST /genesys HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
             "X-Api-Key: %s\r\n" FIREHOSE "Content-Length: %zu\r\n\r\n%s",
             rows[i].secret, strlen(rows[i].body), rows[i].body);
    text_of(request, answer);
    CHECK_HAS(answer, rows[i].status);
    CHECK_HAS(answer, "Content-Type: application/json");
    const char *at = strstr(answer, start);
    int64_t ms =
        at != NULL ? strtoll(at + sizeof(start) - 1, (char **)&at, 10) : 0;
    CHECK(ms > INT64_C(1600000000000) && ms <= gc_clock_wall_ms());
    CHECK_STR(at != NULL ? at : "", rows[i].says);
  }
  webhook_bench_stop();
}

int main(void) {
  webhook_bench_make();
  RUN(a_handshake_is_for_hosts_that_are_named);
  RUN(the_code_is_read_from_a_whole_document);
  RUN(a_subscription_of_sns_is_refused_with_advice);
  RUN(firehose_gets_the_id_of_its_request_and_a_time);
  webhook_bench_remove();
  return check_done();
}
