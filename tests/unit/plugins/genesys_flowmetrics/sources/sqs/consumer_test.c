/* SPDX-License-Identifier: MIT */
/* A consumer over real sockets, with a real ledger behind it: the requests that
 * go through the proxy, and their keys. */
#include "plugins/genesys_flowmetrics/sources/sqs/sqs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
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

static void sts_is_reached_through_the_proxy_as_the_queue_is(void) {
  const struct server_plan plan = {.serve = serve_proxy};
  struct server *server = server_start(&plan);
  snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", server_port(server));
  const struct sqs_options options = {.queue_url = queue_url,
                                      .region = region,
                                      .consumers = 1,
                                      .visibility_s = 60};
  const struct gc_connect connect = {.connect_timeout_ms = 5000,
                                     .proxy = proxy};
  const struct ledger_source source = {.scope = "",
                                       .retention_ms = INT64_C(86400000),
                                       .max_series = 100,
                                       .stats = &stats};
  const struct ledger_settings l = {.folder = folder,
                                    .retention_ms = INT64_C(86400000),
                                    .wall_ms = gc_clock_wall_ms,
                                    .notice = print_notice};
  struct credentials_source keys;
  struct gc_err err = {.text = ""};
  write_token();
  CHECK_INT(credentials_find_source(NULL, NULL, region, &keys, &err), GC_OK);
  struct ledger *ledger = ledger_new(&l, NULL);
  CHECK_INT(ledger_start(ledger, &err), GC_OK);
  const struct sqs_settings settings = {.options = &options,
                                        .connect = &connect,
                                        .credentials = &keys,
                                        .form = &form,
                                        .source = &source,
                                        .ledger = ledger,
                                        .notice = print_notice};
  struct sqs *sqs = sqs_start(&settings, &err);
  CHECK_STR(err.text, "");
  CHECK(gate_wait(&gate, is_received, NULL));
  CHECK_INT(exchanges, 1);
  CHECK(!stats.is_tried); /* the long poll may last 20 s */
  sqs_stop(sqs);
  ledger_stop(ledger);
  sqs_free(sqs);
  ledger_free(ledger);
  server_stop(server);
  credentials_source_clear(&keys);
}

int main(void) {
  char command[64];
  if (mkdtemp(folder) == NULL ||
      attribute_form_set(&form, "%{flow}Metric_%{metric}(%{time})", NULL) !=
          GC_OK)
    return 99;
  RUN(sts_is_reached_through_the_proxy_as_the_queue_is);
  snprintf(command, sizeof(command), "rm -rf %s", folder);
  CHECK_INT(system(command), 0);
  return check_done();
}
