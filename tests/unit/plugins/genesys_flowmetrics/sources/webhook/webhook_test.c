/* SPDX-License-Identifier: MIT */
/* The webhook over a real socket, with a real ledger behind it. */
#include "plugins/genesys_flowmetrics/sources/webhook/internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/server.h"

#define T "2023-03-05T08:18:04.568Z"
#define EVENT(conversation, metric)                                            \
  "{\"eventBody\":{\"conversationId\":\"" conversation                         \
  "\",\"attributes\":{\"FlowMetric_" metric "(" T ")\":\"1\"}}}"

static char folder[64], secret_file[96];
static struct attribute_form form;
static struct stats stats;
static struct ledger_source source = {.scope = "",
                                      .retention_ms = INT64_C(86400000),
                                      .max_series = 100,
                                      .stats = &stats};
static struct ledger *ledger;
static struct webhook *webhook;
static uint16_t port;
static char address[] = "127.0.0.1", events_path[] = "/genesys";
static char header[] = "X-Api-Key";
static struct webhook_options options;
static char azure[] = "*.eventgrid.azure.net";
static char *asking[] = {azure};
static struct name_filter handshakes;
static const struct gc_connect connect_options = {.verify_peer = true};

static _Atomic int64_t wall_ms = INT64_C(1678004300000);
static _Atomic unsigned clock_notices, unread_notices, late_notices;

static int64_t wall(void) { return wall_ms; }
static void notice(void *ctx, const char *cause, const struct gc_err *err) {
  (void)ctx;
  if (strcmp(cause, "attributes ahead") == 0 && err->code != GC_OK)
    clock_notices++;
  if (strcmp(cause, "unread events") == 0)
    unread_notices++;
  if (strcmp(cause, "late attributes") == 0)
    late_notices++;
}

/* A port that was free a moment ago. */
static uint16_t free_port(void) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof(at);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK_INT(bind(fd, (struct sockaddr *)&at, len), 0);
  CHECK_INT(getsockname(fd, (struct sockaddr *)&at, &len), 0);
  close(fd);
  return ntohs(at.sin_port);
}

static void begin(void) {
  const struct ledger_settings l = {.folder = folder,
                                    .retention_ms = INT64_C(86400000),
                                    .wall_ms = wall,
                                    .notice = notice};
  memset(&stats, 0, sizeof(stats));
  port = free_port();
  options = (struct webhook_options){.at.listen = address,
                                     .path = events_path,
                                     .at.port = port,
                                     .secret_file = secret_file,
                                     .secret_header = header,
                                     .max_body_bytes = 2000,
                                     .max_connections = 20};
  const struct webhook_settings w = {.options = &options,
                                     .form = &form,
                                     .source = &source,
                                     .ledger = ledger = ledger_new(&l, NULL),
                                     .handshakes = handshakes,
                                     .connect = &connect_options,
                                     .notice = notice};
  struct gc_err err = {.text = ""};
  CHECK_INT(ledger_start(ledger, &err), GC_OK);
  webhook = webhook_start(&w, &err);
  CHECK_STR(err.text, "");
}

static void end(void) {
  webhook_stop(webhook);
  ledger_stop(ledger);
  webhook_free(webhook);
  ledger_free(ledger);
}

static int dial(void) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons(port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
    abort(); /* on other threads too: no check */
  return fd;
}

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
  int fd = dial();
  int status = write(fd, head, (size_t)len) == len ? status_of(fd) : -1;
  close(fd);
  return status;
}

static int64_t count_of(const char *metric) {
  struct ledger_view v;
  for (size_t i = 0; ledger_read(ledger, i, &v); i++)
    if (v.series != NULL && strcmp(v.metric, metric) == 0)
      return v.count;
  return 0;
}

static void a_200_means_that_it_is_counted(void) {
  begin();
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
  CHECK_INT(stats.tallies[TALLY_WEB_200], 4);
  end();
}

/* Our clock is two days behind: the sender keeps events that may be ahead. */
static void an_event_ahead_of_our_clock_is_not_acknowledged(void) {
  const int64_t right = wall_ms, day = INT64_C(86400000);
  begin();
  wall_ms = right - 2 * day;
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c1", "C")), 503);
  CHECK_INT(count_of("C"), 0);
  CHECK_INT(clock_notices, 1);
  CHECK_INT(stats.malformed[MALFORMED_FUTURE], 1);
  wall_ms = right;
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c1", "C")), 200);
  CHECK_INT(count_of("C"), 1);
  end();
}

static void an_event_that_is_not_understood_is_not_acknowledged(void) {
  begin();
  CHECK_INT(send_request("POST", "/genesys", "s3cret",
                         "{\"payload\":{\"FlowMetric_X(" T ")\":\"1\"}}"),
            400);
  CHECK_INT(stats.unplaced, 1);
  CHECK_INT(unread_notices, 1);
  CHECK_INT(send_request("POST", "/genesys", "s3cret",
                         "[{\"note\":\"Metric_\"}," EVENT("c1", "X") "]"),
            400);
  CHECK_INT(count_of("X"), 1);
  CHECK_INT(unread_notices, 2);
  end();
}

/* The event is three years older than another one, like the sample in the
 * platform's documentation. */
static void a_late_attribute_is_reported(void) {
  const int64_t right = wall_ms;
  begin();
  wall_ms = right + INT64_C(3) * 365 * 86400000;
  CHECK_INT(send_request("POST", "/genesys", "s3cret",
                         "{\"eventBody\":{\"conversationId\":\"c2\","
                         "\"attributes\":{"
                         "\"FlowMetric_N(2026-03-04T08:18:04Z)\":\"1\"}}}"),
            200);
  CHECK_INT(count_of("N"), 1);
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c1", "L")), 200);
  CHECK_INT(stats.outcomes[OUTCOME_LATE], 1);
  CHECK_INT(late_notices, 1);
  wall_ms = right;
  end();
}

static void text_of(const char *request, char out[1000]) {
  int fd = dial();
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
  begin();
  text_of(request, answer);
  CHECK_HAS(answer, " 401 ");
  end();
  handshakes = (struct name_filter){asking, 1};
  begin();
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
  end();
  handshakes = (struct name_filter){NULL, 0};
}

/* Answers each request with the status in its path. */
static void serve_status(struct conn *c, void *ctx) {
  struct request r;
  (void)ctx;
  while (conn_request(c, &r))
    if (!conn_say(c, "HTTP/1.1 %.3s x\r\nContent-Length: 0\r\n\r\n",
                  r.path + 1))
      return;
}

static void a_subscription_of_sns_is_confirmed_for_hosts_that_are_named(void) {
  static char local[] = "127.0.0.1";
  static char *named[] = {local};
  static const struct {
    const char *host, *path, *status; /* host NULL: the server below */
    unsigned requests;                /* of it */
  } rows[] = {
      {NULL, "/200?Action=ConfirmSubscription&Token=t", " 200 ", 1},
      {NULL, "/403?Action=ConfirmSubscription&Token=t", " 503 ", 1},
      {NULL, "/200?Action=Other", " 400 ", 0},
      {"http://127.0.0.1:1", "/?Action=ConfirmSubscription", " 503 ", 0},
      {"https://sns.eu-west-1.amazonaws.com", "/?Action=ConfirmSubscription",
       " 401 ", 0},
      {"http://sns.eu-west-1.amazonaws.com", "/?Action=ConfirmSubscription",
       " 400 ", 0},
      {"https://x@127.0.0.1", "/?Action=ConfirmSubscription", " 400 ", 0},
  };
  struct server_plan plan = {.serve = serve_status};
  handshakes = (struct name_filter){named, 1};
  begin();
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct server *s = server_start(&plan);
    char body[300], host[64], request[700], answer[1000];
    snprintf(host, sizeof(host), "http://127.0.0.1:%d", server_port(s));
    snprintf(
        body, sizeof(body),
        "{\"Type\":\"SubscriptionConfirmation\",\"SubscribeURL\":\"%s%s\"}",
        rows[i].host != NULL ? rows[i].host : host, rows[i].path);
    CHECK_ROW(body);
    snprintf(request, sizeof(request),
             "POST /genesys HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
             "X-Api-Key: s3cret\r\n"
             "x-amz-sns-message-type: SubscriptionConfirmation\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    text_of(request, answer);
    CHECK_HAS(answer, rows[i].status);
    CHECK_INT(server_accepted(s), rows[i].requests);
    server_stop(s);
  }
  end();
  handshakes = (struct name_filter){NULL, 0};
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
  begin();
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
  end();
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
  begin();
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].body);
    CHECK_INT(send_request(rows[i].method, rows[i].path, rows[i].secret,
                           rows[i].body),
              rows[i].status);
  }
  CHECK_INT(count_of("R"), 0);
  end();
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
  begin();
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char head[300];
    int len = snprintf(head, sizeof(head),
                       "POST /genesys HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n",
                       rows[i].head);
    CHECK_ROW(rows[i].head);
    int fd = dial();
    CHECK_INT(write(fd, head, (size_t)len), len);
    CHECK_INT(status_of(fd), rows[i].status);
    close(fd);
  }
  end();
}

/* Sends a chunked body, without a Content-Length. */
static void chunks_are_counted_too(void) {
  static const char head[] = "POST /genesys HTTP/1.1\r\nHost: x\r\nX-Api-Key: "
                             "s3cret\r\nTransfer-Encoding: chunked\r\n\r\n";
  char chunk[600];
  memset(chunk, ' ', sizeof(chunk));
  memcpy(chunk, "1f4\r\n", 5); /* 500 */
  memcpy(chunk + 505, "\r\n", 2);
  begin();
  int fd = dial();
  CHECK_INT(write(fd, head, sizeof(head) - 1), sizeof(head) - 1);
  for (int i = 0; i < 5; i++)
    CHECK_INT(write(fd, chunk, 507), 507);
  CHECK_INT(write(fd, "0\r\n\r\n", 5), 5);
  CHECK_INT(status_of(fd), 413);
  close(fd);
  fd = dial();
  char good[600];
  int len = snprintf(good, sizeof(good), "%s%zx\r\n%s\r\n0\r\n\r\n", head,
                     strlen(EVENT("c1", "K")), EVENT("c1", "K"));
  CHECK_INT(write(fd, good, (size_t)len), len);
  CHECK_INT(status_of(fd), 200);
  CHECK_INT(count_of("K"), 1);
  close(fd);
  end();
}

static void without_the_ledger_the_answer_is_503(void) {
  begin();
  ledger_stop(ledger);
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c1", "S")), 503);
  end();
}

static void a_slow_client_is_disconnected(void) {
  begin();
  int fd = dial();
  CHECK_INT(write(fd, "POST /genesys HTT", 17), 17);
  /* An answer on another connection shows that this one was accepted. */
  CHECK_INT(send_request("POST", "/genesys", "s3cret", "{}"), 200);
  webhook_maintain(webhook, gc_clock_now_ms());
  webhook_maintain(webhook, gc_clock_now_ms() + 11000);
  CHECK_INT(status_of(fd), 0); /* the end, not an answer */
  close(fd);
  end();
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
  begin();
  for (size_t i = 0; i < GC_COUNT(threads); i++)
    CHECK_INT(pthread_create(&threads[i], NULL, post_some, folder), 0);
  for (size_t i = 0; i < GC_COUNT(threads); i++) {
    void *good = NULL;
    pthread_join(threads[i], &good);
    CHECK(good != NULL); /* each was answered 200 */
  }
  CHECK_INT(count_of("P"), 20);
  end();
}

static struct gate disk = GATE_INIT;
static bool is_answering;

static void hang(void *ctx) {
  pthread_mutex_lock(&disk.lock);
  while (!is_answering)
    pthread_cond_wait(&disk.changed, &disk.lock);
  pthread_mutex_unlock(&disk.lock);
  (void)ctx;
}

static void drop_nothing(void *ctx) { (void)ctx; }

static void write_secret(const char *secret) {
  FILE *f = fopen(secret_file, "w");
  CHECK(f != NULL && fprintf(f, "%s\n", secret) > 0 && fclose(f) == 0);
}

static void a_changed_secret_counts_for_the_next_request(void) {
  begin();
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c20", "Changed")),
            200);
  write_secret("new");
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c21", "Changed")),
            401);
  CHECK_INT(send_request("POST", "/genesys", "new", EVENT("c21", "Changed")),
            200);
  write_secret("s3cret");
  end();
}

static void a_secret_file_that_is_missing_or_hangs_is_answered_503(void) {
  char away[sizeof(secret_file) + 8];
  snprintf(away, sizeof(away), "%s.away", secret_file);
  begin();
  for (int hangs = 0; hangs < 2; hangs++) {
    const char *event = hangs ? EVENT("c10", "U") : EVENT("c11", "U");
    uint64_t end_ms = gc_clock_now_ms() + 20000;
    CHECK_ROW(hangs ? "hangs" : "missing");
    if (hangs) /* an earlier read */
      CHECK_INT(gc_bounded_run(webhook->secret_reads, hang, drop_nothing, NULL),
                GC_ERR_TIMEOUT);
    else
      CHECK_INT(rename(secret_file, away), 0);
    CHECK_INT(send_request("POST", "/genesys", "s3cret", event), 503);
    CHECK_INT(stats.up, 0);
    CHECK(gc_clock_now_ms() < end_ms);
    if (hangs)
      GATE_CHANGE(&disk, is_answering = true);
    else
      CHECK_INT(rename(away, secret_file), 0);
    while (stats.up != 1 && gc_clock_now_ms() < end_ms)
      webhook_maintain(webhook, gc_clock_now_ms());
    CHECK_INT(stats.up, 1);
    CHECK_INT(send_request("POST", "/genesys", "s3cret", event), 200);
    CHECK_INT(count_of("U"), 1 + hangs);
  }
  end();
}

static void a_standby_acknowledges_nothing(void) {
  struct gc_lease_gate *lease = gc_lease_gate_make("prod", "pair");
  source.lease = lease;
  begin();
  CHECK_INT(send_request("POST", "/genesys", "wrong", EVENT("c9", "S")), 401);
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c9", "S")), 503);
  CHECK_INT(count_of("S"), 0);
  gc_lease_gate_set(lease, &(struct gc_lease_status){
                               .state = GC_LEASE_HOLDER,
                               .valid_until_ms = gc_clock_boot_ms() + 3600000});
  CHECK_INT(send_request("POST", "/genesys", "s3cret", EVENT("c9", "S")), 200);
  CHECK_INT(count_of("S"), 1);
  end();
  source.lease = NULL;
}

int main(void) {
  char command[128];
  snprintf(folder, sizeof(folder), "/tmp/gc-webhook-XXXXXX");
  if (mkdtemp(folder) == NULL ||
      attribute_form_set(&form, "%{flow}Metric_%{metric}(%{time})", NULL) !=
          GC_OK)
    return 99;
  snprintf(secret_file, sizeof(secret_file), "%s/secret", folder);
  FILE *f = fopen(secret_file, "w");
  fputs("s3cret\n", f);
  fclose(f);
  RUN(a_200_means_that_it_is_counted);
  RUN(an_event_ahead_of_our_clock_is_not_acknowledged);
  RUN(an_event_that_is_not_understood_is_not_acknowledged);
  RUN(a_handshake_is_for_hosts_that_are_named);
  RUN(a_subscription_of_sns_is_confirmed_for_hosts_that_are_named);
  RUN(firehose_gets_the_id_of_its_request_and_a_time);
  RUN(a_refused_request_counts_nothing);
  RUN(a_refusal_is_sent_before_the_body_is_read);
  RUN(chunks_are_counted_too);
  RUN(without_the_ledger_the_answer_is_503);
  RUN(a_slow_client_is_disconnected);
  RUN(simultaneous_requests_are_counted_once);
  RUN(a_changed_secret_counts_for_the_next_request);
  RUN(a_secret_file_that_is_missing_or_hangs_is_answered_503);
  RUN(a_standby_acknowledges_nothing);
  RUN(a_late_attribute_is_reported); /* last: it drops the keys of the others */
  snprintf(command, sizeof(command), "rm -rf %s", folder);
  CHECK_INT(system(command), 0);
  return check_done();
}
