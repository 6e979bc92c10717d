/* SPDX-License-Identifier: MIT */
/* An address that is in use for a while, versions of TLS, certificates that are
 * replaced, the time of a request. */
#include "common/net/listener/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "common/net/clock.h"
#include "tests/support/certs.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/server.h"

static struct certs certs;
static struct gc_listener *listener;
static char address[] = "127.0.0.1";
static char cert[128];
static struct gc_listener_options options = {.listen = address};
static struct gc_err newest;

static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  (void)ctx;
  CHECK_STR(cause, "listening");
  newest = *err;
}

/* For tests that send no request. */
static enum MHD_Result refuse_request(void *ctx, struct MHD_Connection *c,
                                      const char *url, const char *method,
                                      const char *version, const char *upload,
                                      size_t *upload_size, void **request) {
  (void)ctx, (void)c, (void)url, (void)method, (void)version, (void)upload;
  (void)upload_size, (void)request;
  return MHD_NO;
}

static void begin_listener(char *tls_cert, uint64_t now_ms) {
  static const struct gc_listener_settings settings = {.options = &options,
                                                       .max_connections = 20,
                                                       .max_answers = 4,
                                                       .on_request =
                                                           refuse_request,
                                                       .notice = on_notice};
  options.tls_cert = tls_cert;
  newest.code = GC_OK;
  listener = gc_listener_new(&settings);
  CHECK(listener != NULL);
  gc_listener_maintain(listener, now_ms);
}

/* A read that waits for too long ends, so that a test fails and does not hang.
 */
static int with_deadline(int fd) {
  const struct timeval at_most = {.tv_sec = DEADLINE_S};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &at_most, sizeof(at_most));
  return fd;
}

static int dial_listener(void) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)options.port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
    return with_deadline(fd);
  close(fd);
  return -1;
}

/* The serial number of the certificate that the server shows to a client of
 * this version of TLS; -1 when it refuses the version. */
static long serial_by(int version) {
  SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
  long serial = -1;
  int fd = dial_listener();
  SSL_CTX_set_cipher_list(ctx, "ALL:@SECLEVEL=0");
  CHECK_INT(SSL_CTX_set_min_proto_version(ctx, version), 1);
  CHECK_INT(SSL_CTX_set_max_proto_version(ctx, version), 1);
  SSL *ssl = SSL_new(ctx);
  SSL_set_fd(ssl, fd);
  if (SSL_connect(ssl) == 1) {
    X509 *shown = SSL_get_peer_certificate(ssl);
    unsigned char *der = NULL;
    int len = i2d_X509(shown, &der);
    serial = 0;
    for (int i = 0; i < len; i++)
      serial = (serial * 31 + der[i]) & 0xffffff;
    OPENSSL_free(der);
    X509_free(shown);
  }
  SSL_free(ssl);
  SSL_CTX_free(ctx);
  close(fd);
  return serial;
}

static void copy_file(const char *from) {
  char command[700];
  snprintf(command, sizeof(command), "cp %s %s.new && mv %s.new %s", from, cert,
           cert, cert);
  CHECK_INT(system(command), 0);
}

static void an_address_in_use_is_tried_again(void) {
  int fd = server_bind(&options.port);
  uint64_t now_ms = gc_clock_now_ms();
  CHECK_INT(listen(fd, 1), 0);
  begin_listener(NULL, now_ms);
  CHECK_HAS(newest.text, "in use");
  CHECK(!gc_listener_is_up(listener));
  gc_listener_maintain(listener, now_ms + 2000);
  CHECK_INT(newest.code, GC_ERR_STATE);
  close(fd);
  gc_listener_maintain(listener, now_ms + 4000);
  CHECK_INT(newest.code, GC_OK);
  CHECK(gc_listener_is_up(listener));
  fd = dial_listener();
  CHECK(fd >= 0);
  close(fd);
  gc_listener_free(listener);
}

static void old_versions_of_tls_are_refused(void) {
  close(server_bind(&options.port));
  begin_listener(certs.server, gc_clock_now_ms());
  CHECK_INT(newest.code, GC_OK);
  CHECK_INT(serial_by(TLS1_VERSION), -1);
  CHECK_INT(serial_by(TLS1_1_VERSION), -1);
  CHECK(serial_by(TLS1_2_VERSION) >= 0);
  CHECK(serial_by(TLS1_3_VERSION) >= 0);
  gc_listener_free(listener);
}

static void a_certificate_that_is_replaced_is_followed(void) {
  uint64_t now_ms = gc_clock_now_ms();
  close(server_bind(&options.port));
  copy_file(certs.expired);
  begin_listener(cert, now_ms);
  long first = serial_by(TLS1_2_VERSION);
  gc_listener_maintain(listener, now_ms += 2000);
  CHECK_INT(serial_by(TLS1_2_VERSION), first);
  /* The file is incomplete: the server keeps its certificate and reports it. */
  copy_file("/dev/null");
  gc_listener_maintain(listener, now_ms += 2000);
  CHECK_HAS(newest.text, "cannot be read");
  CHECK_INT(serial_by(TLS1_2_VERSION), first);
  copy_file(certs.server);
  gc_listener_maintain(listener, now_ms += 2000);
  CHECK_INT(newest.code, GC_OK);
  long second = serial_by(TLS1_2_VERSION);
  CHECK(second >= 0 && second != first);
  gc_listener_maintain(listener, now_ms + 60000); /* the old server ends */
  CHECK_INT(serial_by(TLS1_2_VERSION), second);
  gc_listener_free(listener);
}

static void a_missing_certificate_is_tried_again(void) {
  uint64_t now_ms = gc_clock_now_ms();
  close(server_bind(&options.port));
  CHECK_INT(unlink(cert), 0);
  begin_listener(cert, now_ms);
  CHECK_HAS(newest.text, "TLSCert");
  CHECK(!gc_listener_is_up(listener));
  copy_file(certs.server);
  gc_listener_maintain(listener, now_ms + 2000);
  CHECK(gc_listener_is_up(listener));
  CHECK(serial_by(TLS1_2_VERSION) >= 0);
  gc_listener_free(listener);
}

/* A pipe that is not opened for writing hangs, like a disk. */
static void certificates_on_a_disk_that_hangs_hold_up_nothing(void) {
  char pipe[140];
  uint64_t began_ms = gc_clock_now_ms(), now_ms = began_ms;
  close(server_bind(&options.port));
  snprintf(pipe, sizeof(pipe), "%s.pipe", cert);
  CHECK_INT(mkfifo(pipe, 0600), 0);
  CHECK_INT(rename(pipe, cert), 0);
  begin_listener(cert, now_ms);
  for (int i = 0; i < 100; i++)
    gc_listener_maintain(listener, now_ms += 2000);
  CHECK(gc_clock_now_ms() - began_ms < 15000);
  CHECK_HAS(newest.text, "/hook.pem: no answer of the file system");
  CHECK(!gc_listener_is_up(listener));

  int fd = open(cert, O_WRONLY | O_NONBLOCK);
  CHECK(fd >= 0);
  copy_file(certs.server);
  close(fd);
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (!gc_listener_is_up(listener) && gc_clock_now_ms() < until_ms)
    gc_listener_maintain(listener, now_ms += 2000);
  CHECK_INT(newest.code, GC_OK);
  CHECK(serial_by(TLS1_2_VERSION) >= 0);
  gc_listener_free(listener);
}

/* ---- requests and connections ---- */

enum { CONNECTIONS = 8, ANSWERS = 2, BODY_BYTES = 16 << 20 };

static struct {
  struct gate gate;
  unsigned begun, completed, refused; /* requests */
  bool is_held;                       /* no request gets an answer yet */
  bool is_large;                      /* answers have BODY_BYTES */
  struct gc_err crowd;
} web = {.gate = GATE_INIT};

static bool may_answer(void *ctx) {
  (void)ctx;
  return !web.is_held;
}

static bool has_begun(void *ctx) { return web.begun >= *(unsigned *)ctx; }

static bool has_completed(void *ctx) {
  return web.completed >= *(unsigned *)ctx;
}

static void on_web_notice(void *ctx, const char *cause,
                          const struct gc_err *err) {
  (void)ctx;
  if (strcmp(cause, "connections") == 0)
    GATE_CHANGE(&web.gate, web.crowd = *err);
}

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status,
                              size_t len) {
  static char body[BODY_BYTES] = "good";
  struct MHD_Response *r =
      MHD_create_response_from_buffer(len, body, MHD_RESPMEM_PERSISTENT);
  enum MHD_Result result = MHD_queue_response(c, status, r);
  MHD_destroy_response(r);
  return result;
}

static enum MHD_Result answer_request(void *ctx, struct MHD_Connection *c,
                                      const char *url, const char *method,
                                      const char *version, const char *upload,
                                      size_t *upload_size, void **request) {
  (void)ctx, (void)url, (void)method, (void)version, (void)upload;
  bool is_whole = *request != NULL && *upload_size == 0;
  *request = &web;
  *upload_size = 0;
  if (!is_whole)
    return MHD_YES;
  if (!gc_listener_has_certificate(listener, c))
    return answer(c, 401, 4);
  GATE_CHANGE(&web.gate, web.begun++);
  if (!gate_wait(&web.gate, may_answer, NULL))
    return MHD_NO;
  return answer(c, 200, web.is_large ? BODY_BYTES : 4);
}

static enum MHD_Result refuse_web(void *ctx, struct MHD_Connection *c,
                                  unsigned status) {
  (void)ctx;
  GATE_CHANGE(&web.gate, web.refused++);
  return answer(c, status, 4);
}

static void on_completed(void *ctx, struct MHD_Connection *c, void **request,
                         enum MHD_RequestTerminationCode code) {
  (void)ctx, (void)c, (void)request, (void)code;
  GATE_CHANGE(&web.gate, web.completed++);
}

static void begin_web(char *tls_cert, char *tls_client_ca) {
  static const struct gc_listener_settings settings = {
      .options = &options,
      .max_connections = CONNECTIONS,
      .max_answers = ANSWERS,
      .on_request = answer_request,
      .on_completed = on_completed,
      .refuse = refuse_web,
      .notice = on_web_notice};
  close(server_bind(&options.port));
  options.tls_cert = tls_cert;
  options.tls_client_ca = tls_client_ca;
  web.begun = web.completed = web.refused = 0;
  web.is_held = web.is_large = false;
  web.crowd.code = GC_OK;
  listener = gc_listener_new(&settings);
  gc_listener_maintain(listener, gc_clock_now_ms());
}

static void end_web(void) {
  gc_listener_free(listener);
  options.tls_client_ca = NULL;
}

static void send_text(int fd, const char *text) {
  CHECK_INT(send(fd, text, strlen(text), MSG_NOSIGNAL), (long)strlen(text));
}

static void send_request(int fd) {
  send_text(fd, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

/* Returns the status of the next answer; 0: the connection ends. The answer's
 * body has four bytes. */
static int read_answer(int fd) {
  char text[1024] = "";
  size_t len = 0;
  ssize_t got = 1;
  const char *end = NULL;
  while (got > 0 && (end == NULL || strlen(end) < 8)) {
    got = read(fd, text + len, 1); /* no byte of the next answer */
    len += got > 0 ? (size_t)got : 0;
    text[len] = '\0';
    end = strstr(text, "\r\n\r\n");
  }
  return got > 0 ? atoi(text + strlen("HTTP/1.1 ")) : 0;
}

static int ask(int fd) {
  send_request(fd);
  return read_answer(fd);
}

static void a_connection_is_kept_for_the_next_request(void) {
  begin_web(NULL, NULL);
  int fd = dial_listener();
  for (unsigned i = 0; i < 3; i++)
    CHECK_INT(ask(fd), 200);
  unsigned three = 3;
  CHECK(gate_wait(&web.gate, has_completed, &three));
  /* A scraper with an interval of two minutes. */
  gc_listener_maintain(listener, gc_clock_now_ms() + 120000);
  CHECK_INT(ask(fd), 200);
  unsigned four = 4;
  CHECK(gate_wait(&web.gate, has_completed, &four));
  gc_listener_maintain(listener, gc_clock_now_ms() + 140000);
  CHECK_INT(read_answer(fd), 0);
  close(fd);
  end_web();
}

/* Connections that send nothing cost the others nothing, however many they
 * are: the oldest of them goes for each new one. */
static void a_crowd_that_sends_nothing_keeps_nobody_out(void) {
  int crowd[20 * CONNECTIONS];
  begin_web(NULL, NULL);
  int kept = dial_listener();
  CHECK_INT(ask(kept), 200);
  for (size_t i = 0; i < GC_COUNT(crowd); i++)
    crowd[i] = dial_listener();
  uint64_t began_ms = gc_clock_now_ms();
  for (unsigned i = 0; i < 10; i++) {
    int fd = dial_listener();
    CHECK_INT(ask(fd), 200);
    close(fd);
  }
  CHECK(gc_clock_now_ms() - began_ms < 5000);
  CHECK_INT(ask(kept), 200); /* idle, but it has sent a request */
  CHECK_INT(read_answer(crowd[0]), 0);
  gc_listener_maintain(listener, gc_clock_now_ms());
  CHECK_HAS(web.crowd.text, "all 8 connections are in use");
  for (size_t i = 0; i < GC_COUNT(crowd); i++)
    close(crowd[i]);
  gc_listener_maintain(listener, gc_clock_now_ms() + 61000);
  CHECK_INT(web.crowd.code, GC_OK);
  close(kept);
  end_web();
}

static int dial_from(const char *source) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)options.port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in from = {.sin_family = AF_INET};
  inet_pton(AF_INET, source, &from.sin_addr);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
      connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
    return with_deadline(fd);
  close(fd);
  return -1;
}

/* The crowd of one address takes its own connections only. */
static void one_address_has_half_of_the_connections(void) {
  int crowd[4 * CONNECTIONS];
  begin_web(NULL, NULL);
  int quiet = dial_from("127.0.0.2"); /* its request comes late */
  for (size_t i = 0; i < GC_COUNT(crowd); i++)
    crowd[i] = dial_from("127.0.0.3");
  int last = dial_from("127.0.0.3");
  CHECK_INT(ask(last), 200);
  CHECK_INT(ask(quiet), 200);
  for (size_t i = 0; i < GC_COUNT(crowd); i++)
    close(crowd[i]);
  close(quiet);
  close(last);
  end_web();
}

/* A client that takes nothing of its answer is cut; one that takes a byte now
 * and then is not. */
static void the_time_counts_from_the_last_byte_that_was_taken(void) {
  begin_web(NULL, NULL);
  web.is_large = true;
  int steady = dial_listener(), stuck = dial_listener();
  send_request(steady);
  send_request(stuck);
  unsigned two = 2;
  CHECK(gate_wait(&web.gate, has_begun, &two));
  uint64_t now_ms = gc_clock_now_ms(), taken = 0;
  static char bytes[1 << 20];
  ssize_t got = 1;
  for (int i = 0; i < 20 && got > 0; i++) { /* 2 s each */
    for (uint64_t until = taken + 400000; got > 0 && taken < until;) {
      got = recv(steady, bytes, 64 * 1024, 0);
      taken += got > 0 ? (uint64_t)got : 0;
    }
    gc_listener_maintain(listener, now_ms += 2000);
  }
  CHECK(got > 0 && taken > 1 << 20);
  while (got > 0 && taken < BODY_BYTES) {
    got = recv(steady, bytes, sizeof(bytes), 0);
    taken += got > 0 ? (uint64_t)got : 0;
  }
  CHECK(taken >= BODY_BYTES);
  taken = 0; /* of the stuck one, after its cut: what the kernel holds */
  while ((got = recv(stuck, bytes, sizeof(bytes), 0)) > 0)
    taken += (uint64_t)got;
  CHECK(taken < BODY_BYTES);
  close(steady);
  close(stuck);
  end_web();
}

static void a_request_that_does_not_end_is_cut(void) {
  begin_web(NULL, NULL);
  int silent = dial_listener(), half = dial_listener();
  send_text(half, "GET / HTTP/1.1\r\nHost: local");
  int whole = dial_listener(); /* its answer: both others were accepted */
  CHECK_INT(ask(whole), 200);
  gc_listener_maintain(listener, gc_clock_now_ms() + 11000);
  CHECK_INT(read_answer(silent), 0);
  CHECK_INT(read_answer(half), 0);
  CHECK_INT(ask(whole), 200);
  close(silent);
  close(half);
  close(whole);
  end_web();
}

/* Answers hold memory, so few are under way. */
static void a_request_beyond_the_answers_is_refused(void) {
  begin_web(NULL, NULL);
  web.is_large = true;
  int first = dial_listener(), second = dial_listener(),
      third = dial_listener();
  send_request(first);
  send_request(second);
  unsigned two = 2;
  CHECK(gate_wait(&web.gate, has_begun, &two));
  CHECK_INT(ask(third), 503);
  CHECK_INT(web.refused, 1);
  close(first);
  close(second);
  unsigned three = 3;
  CHECK(gate_wait(&web.gate, has_completed, &three));
  web.is_large = false;
  int fourth = dial_listener();
  CHECK_INT(ask(fourth), 200);
  close(third);
  close(fourth);
  end_web();
}

/* A proxy may have read the other length. */
static void a_length_that_is_told_twice_is_refused(void) {
  const struct {
    const char *headers;
    int status;
  } rows[] = {
      {"Content-Length: 4\r\n\r\nbody", 200},
      {"Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody", 200},
      {"Content-Length: 4\r\nContent-Length: 3\r\n\r\nbody", 400},
      {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
       "4\r\nbody\r\n0\r\n\r\n",
       400},
      {"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", 200},
  };
  static const char *const methods[] = {"POST", "GET"};
  begin_web(NULL, NULL);
  for (size_t i = 0; i < 2 * GC_COUNT(rows); i++) {
    char text[300];
    int fd = dial_listener();
    snprintf(text, sizeof(text), "%s / HTTP/1.1\r\nHost: h\r\n%s",
             methods[i % 2], rows[i / 2].headers);
    send_text(fd, text);
    CHECK_INT(read_answer(fd), rows[i / 2].status);
    if (rows[i / 2].status == 400)
      CHECK_INT(read_answer(fd), 0);
    close(fd);
  }
  end_web();
}

/* Returns the status for a client that shows this certificate. */
static int status_for(const char *client) {
  char text[200] = "";
  SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
  CHECK_INT(SSL_CTX_use_certificate_file(ctx, client, SSL_FILETYPE_PEM), 1);
  CHECK_INT(SSL_CTX_use_PrivateKey_file(ctx, client, SSL_FILETYPE_PEM), 1);
  SSL *ssl = SSL_new(ctx);
  int fd = dial_listener();
  SSL_set_fd(ssl, fd);
  static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  if (SSL_connect(ssl) == 1 &&
      SSL_write(ssl, request, (int)sizeof(request) - 1) > 0)
    (void)!SSL_read(ssl, text, sizeof(text) - 1);
  SSL_free(ssl);
  SSL_CTX_free(ctx);
  close(fd);
  return text[0] != '\0' ? atoi(text + strlen("HTTP/1.1 ")) : 0;
}

/* The authority of the clients may sign servers, too. */
static void a_certificate_for_servers_alone_is_refused(void) {
  begin_web(certs.server, certs.ca);
  CHECK_INT(status_for(certs.for_clients), 200);
  CHECK_INT(status_for(certs.for_servers), 401);
  end_web();
}

static unsigned lifetimes;

static void on_sample(void *ctx, const struct gc_sample *s) {
  (void)ctx;
  CHECK_INT(s->metric, GC_METRIC_CERTIFICATE_LIFETIME);
  CHECK_STR(s->qualifier, "tls_cert");
  CHECK(s->values[0].gauge > 0);
  lifetimes++;
}

static void the_end_of_the_certificate_is_known(void) {
  const struct gc_samples out = {.put = on_sample};
  const struct gc_sample_writer w = {.out = &out, .instance = "health"};
  begin_web(certs.server, NULL);
  gc_listener_put_certificate(listener, &w);
  CHECK_INT(lifetimes, 1);
  end_web();
  begin_web(NULL, NULL);
  gc_listener_put_certificate(listener, &w);
  CHECK_INT(lifetimes, 1);
  end_web();
}

/* The upkeep needs no thread of the owner. */
static void the_listener_keeps_itself(void) {
  int fd = server_bind(&options.port);
  CHECK_INT(listen(fd, 1), 0);
  static const struct gc_listener_settings settings = {
      .options = &options,
      .max_connections = CONNECTIONS,
      .max_answers = ANSWERS,
      .on_request = answer_request,
      .on_completed = on_completed,
      .refuse = refuse_web,
      .notice = on_web_notice};
  options.tls_cert = NULL;
  listener = gc_listener_new(&settings);
  gc_listener_start(listener);
  CHECK(!gc_listener_is_up(listener));
  close(fd);
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (!gc_listener_is_up(listener) && gc_clock_now_ms() < until_ms)
    sched_yield();
  CHECK(gc_listener_is_up(listener));
  gc_listener_free(listener);
}

int main(void) {
  certs_make(&certs);
  snprintf(cert, sizeof(cert), "%s/hook.pem", certs.dir);
  RUN(an_address_in_use_is_tried_again);
  RUN(old_versions_of_tls_are_refused);
  RUN(a_certificate_that_is_replaced_is_followed);
  RUN(a_missing_certificate_is_tried_again);
  RUN(certificates_on_a_disk_that_hangs_hold_up_nothing);
  RUN(a_connection_is_kept_for_the_next_request);
  RUN(a_crowd_that_sends_nothing_keeps_nobody_out);
  RUN(one_address_has_half_of_the_connections);
  RUN(the_time_counts_from_the_last_byte_that_was_taken);
  RUN(a_request_that_does_not_end_is_cut);
  RUN(a_request_beyond_the_answers_is_refused);
  RUN(a_length_that_is_told_twice_is_refused);
  RUN(a_certificate_for_servers_alone_is_refused);
  RUN(the_end_of_the_certificate_is_known);
  RUN(the_listener_keeps_itself);
  certs_remove(&certs);
  return check_done();
}
