/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/telemetry.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"

static char lines[1024];

static void record_line(void *ctx, const char *line) {
  size_t used = strlen(lines);
  (void)ctx;
  snprintf(lines + used, sizeof(lines) - used, "%s\n", line);
}

static const char *announced_lines(struct announced *a,
                                   const struct gc_account_stats *stats) {
  lines[0] = '\0';
  announce_account(a, stats, "https://api.example as client c1", record_line,
                   NULL);
  return lines;
}

static void each_line_is_logged_once_when_it_is_true(void) {
  struct announced a = {0};
  struct gc_account_stats s = {.auth.state = GC_AUTH_REQUESTING};
  CHECK_STR(announced_lines(&a, &s), "");
  s.auth.state = GC_AUTH_READY; /* the API has not answered yet */
  CHECK_STR(announced_lines(&a, &s), "");
  s.api.answers = 1; /* a refusal */
  s.api.requests[GC_ENDPOINT_QUEUES][GC_4XX] = 1;
  CHECK_STR(announced_lines(&a, &s), "");
  s.api.requests[GC_ENDPOINT_QUEUES][GC_2XX] = 1;
  CHECK_STR(announced_lines(&a, &s),
            "connected to https://api.example as client c1\n");
  s.names_read[GC_QUEUE] = true;
  s.names[GC_QUEUE] = 157;
  CHECK_STR(announced_lines(&a, &s), "157 queues known\n");
  s.channels = 2;
  s.stream = (struct gc_channel_stats){
      .connected = true, .wanted = 157, .topics = 100};
  CHECK_STR(announced_lines(&a, &s), "");
  s.stream.topics = 156;
  s.stream.rejected = 1;
  CHECK_STR(announced_lines(&a, &s), "156 topics subscribed, on 2 channels\n");
  CHECK_STR(announced_lines(&a, &s), "");
}

static void one_channel_is_no_plural(void) {
  struct announced a = {.is_connected = true, .has_queues = true};
  struct gc_account_stats s = {.auth.state = GC_AUTH_READY, .channels = 1};
  s.stream =
      (struct gc_channel_stats){.connected = true, .wanted = 1, .topics = 1};
  CHECK_STR(announced_lines(&a, &s), "1 topic subscribed, on 1 channel\n");
}

static void an_account_without_a_block_is_mentioned_once(void) {
  struct announced a = {0};
  CHECK_HAS(announced_lines(&a, NULL), "no block uses it");
  CHECK_STR(announced_lines(&a, NULL), "");
}

int main(void) {
  RUN(each_line_is_logged_once_when_it_is_true);
  RUN(one_channel_is_no_plural);
  RUN(an_account_without_a_block_is_mentioned_once);
  return check_done();
}
