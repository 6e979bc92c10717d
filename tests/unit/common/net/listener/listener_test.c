/* SPDX-License-Identifier: MIT */
/* An address that is in use for a while, versions of TLS, certificates that are
 * replaced, the time of a request. */
#include "common/net/listener/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
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
                                                       .on_request =
                                                           refuse_request,
                                                       .notice = on_notice};
  options.tls_cert = tls_cert;
  newest.code = GC_OK;
  listener = gc_listener_new(&settings);
  CHECK(listener != NULL);
  gc_listener_maintain(listener, now_ms);
}

static int dial_listener(void) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)options.port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
    return fd;
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

/* ---- the time of a request ---- */

static struct {
  struct gate gate;
  unsigned begun, completed; /* requests */
  bool is_held;              /* the next request gets no answer yet */
} requests = {.gate = GATE_INIT};

static bool may_answer(void *ctx) {
  (void)ctx;
  return !requests.is_held;
}

static bool is_held_request(void *ctx) {
  (void)ctx;
  return requests.begun == 2;
}

static bool is_completed_request(void *ctx) {
  (void)ctx;
  return requests.completed == 1;
}

static enum MHD_Result answer_request(void *ctx, struct MHD_Connection *c,
                                      const char *url, const char *method,
                                      const char *version, const char *upload,
                                      size_t *upload_size, void **request) {
  (void)ctx, (void)url, (void)method, (void)version, (void)upload;
  (void)upload_size;
  /* An answer to the first call would end the connection (0.9.75). */
  if (*request == NULL) {
    *request = &requests;
    return MHD_YES;
  }
  GATE_CHANGE(&requests.gate, requests.begun++);
  if (!gate_wait(&requests.gate, may_answer, NULL))
    return MHD_NO;
  struct MHD_Response *r = MHD_create_response_from_buffer(
      4, (void *)(uintptr_t) "good", MHD_RESPMEM_PERSISTENT);
  enum MHD_Result result = MHD_queue_response(c, 200, r);
  MHD_destroy_response(r);
  return result;
}

static void on_completed(void *ctx, struct MHD_Connection *c, void **request,
                         enum MHD_RequestTerminationCode code) {
  (void)ctx, (void)request, (void)code;
  gc_listener_set_busy(listener, c, false);
  GATE_CHANGE(&requests.gate, requests.completed++);
}

static void send_request(int fd) {
  static const char text[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  CHECK_INT(send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL),
            (long)sizeof(text) - 1);
}

/* True if a whole answer comes. */
static bool has_answer(int fd) {
  char text[1024] = "";
  size_t len = 0;
  ssize_t got = 1;
  while (got > 0 && strstr(text, "\r\n\r\ngood") == NULL) {
    got = read(fd, text + len, sizeof(text) - 1 - len);
    len += got > 0 ? (size_t)got : 0;
    text[len] = '\0';
  }
  return got > 0;
}

/* Sends a request on a connection that has had an answer, and lets the listener
 * look for slow connections 10 s and `more_ms` after that answer, before the
 * second one. True if the second answer comes. */
static bool has_answer_after(uint64_t more_ms) {
  static const struct gc_listener_settings settings = {
      .options = &options,
      .max_connections = 20,
      .on_request = answer_request,
      .on_completed = on_completed,
      .notice = on_notice};
  close(server_bind(&options.port));
  options.tls_cert = NULL;
  requests.begun = requests.completed = 0;
  listener = gc_listener_new(&settings);
  gc_listener_maintain(listener, gc_clock_now_ms());
  int fd = dial_listener();
  send_request(fd);
  CHECK(has_answer(fd));
  CHECK(gate_wait(&requests.gate, is_completed_request, NULL));
  uint64_t completed_ms = gc_clock_now_ms();
  while (gc_clock_now_ms() < completed_ms + 2)
    ;
  GATE_CHANGE(&requests.gate, requests.is_held = true);
  send_request(fd);
  CHECK(gate_wait(&requests.gate, is_held_request, NULL));
  gc_listener_maintain(listener, completed_ms + 10001 + more_ms);
  GATE_CHANGE(&requests.gate, requests.is_held = false);
  bool is_whole = has_answer(fd);
  close(fd);
  gc_listener_free(listener);
  return is_whole;
}

/* A scraper with an interval of 10 s: its connection is idle for that long. */
static void a_request_has_its_time_after_an_idle_connection(void) {
  CHECK(has_answer_after(0));
}

static void a_request_past_its_time_is_cut(void) {
  CHECK(!has_answer_after(DEADLINE_S * 1000));
}

int main(void) {
  certs_make(&certs);
  snprintf(cert, sizeof(cert), "%s/hook.pem", certs.dir);
  RUN(an_address_in_use_is_tried_again);
  RUN(old_versions_of_tls_are_refused);
  RUN(a_certificate_that_is_replaced_is_followed);
  RUN(a_missing_certificate_is_tried_again);
  RUN(certificates_on_a_disk_that_hangs_hold_up_nothing);
  RUN(a_request_has_its_time_after_an_idle_connection);
  RUN(a_request_past_its_time_is_cut);
  certs_remove(&certs);
  return check_done();
}
