/* SPDX-License-Identifier: MIT */
#include "tests/support/webhook_bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/folder.h"
#include "tests/support/server.h"

struct webhook_bench webhook_bench = {.wall_ms = INT64_C(1678004300000)};

static struct attribute_form form;
static struct ledger_source source = {.scope = "",
                                      .retention_ms = INT64_C(86400000),
                                      .max_series = 100,
                                      .stats = &webhook_bench.stats};
static char address[] = "127.0.0.1", events_path[] = "/genesys";
static char header[] = "X-Api-Key";

static int64_t read_wall_ms(void) { return webhook_bench.wall_ms; }

/* Notices come from the listener's thread, too. */
static pthread_mutex_t notices = PTHREAD_MUTEX_INITIALIZER;

struct gc_err webhook_bench_listening(void) {
  pthread_mutex_lock(&notices);
  struct gc_err err = webhook_bench.listening;
  pthread_mutex_unlock(&notices);
  return err;
}

static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  struct webhook_bench *b = &webhook_bench;
  (void)ctx;
  pthread_mutex_lock(&notices);
  if (strcmp(cause, "attributes ahead") == 0 && err->code != GC_OK)
    b->clock_notices++;
  if (strcmp(cause, "unread events") == 0)
    b->unread_notices++;
  if (strcmp(cause, "late attributes") == 0)
    b->late_notices++;
  if (strcmp(cause, "listening") == 0)
    b->listening = *err;
  if (strcmp(cause, "unread times") == 0)
    b->unread_time = *err;
  if (strcmp(cause, "no events") == 0)
    b->no_event = *err;
  if (strcmp(cause, "handshake") == 0)
    b->handshake = *err;
  pthread_mutex_unlock(&notices);
}

int webhook_bench_dial(void) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port =
                               htons((uint16_t)webhook_bench.options.at.port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
    abort(); /* on other threads too: no check */
  return fd;
}

void webhook_bench_start(void) {
  struct webhook_bench *b = &webhook_bench;
  const struct ledger_options l = {.folder = b->folder,
                                   .retention_ms = INT64_C(86400000),
                                   .wall_ms = read_wall_ms,
                                   .notice = on_notice};
  if (b->options.at.port == 0)
    close(server_bind(&b->options.at.port));
  memset(&b->stats, 0, sizeof(b->stats));
  source.lease = b->lease;
  b->ledger = ledger_new(&l, NULL);
  source.ledger = b->ledger;
  source.form = &form;
  source.notice = on_notice;
  struct gc_err err = {.text = ""};
  CHECK_INT(ledger_start(b->ledger, &err), GC_OK);
  b->webhook = webhook_start(&b->options, &source);
  CHECK_STR(err.text, "");
}

void webhook_bench_stop(void) {
  struct webhook_bench *b = &webhook_bench;
  webhook_stop(b->webhook);
  ledger_stop(b->ledger);
  webhook_free(b->webhook);
  ledger_free(b->ledger);
  b->options.at.port = 0;
}

void webhook_bench_make(void) {
  struct webhook_bench *b = &webhook_bench;
  snprintf(b->folder, sizeof(b->folder), "/tmp/gc-webhook-XXXXXX");
  if (mkdtemp(b->folder) == NULL ||
      attribute_form_set(&form, "%{flow}Metric_%{metric}(%{time})", NULL) !=
          GC_OK)
    exit(99);
  snprintf(b->secret_file, sizeof(b->secret_file), "%.63s/secret", b->folder);
  FILE *f = fopen(b->secret_file, "w");
  fputs("s3cret\n", f);
  fclose(f);
  b->options = (struct webhook_options){.at.listen = address,
                                        .path = events_path,
                                        .secret_file = b->secret_file,
                                        .secret_header = header,
                                        .max_body_bytes = 2000};
}

void webhook_bench_remove(void) { CHECK(folder_remove(webhook_bench.folder)); }
