/* SPDX-License-Identifier: MIT */
#include "tests/support/sender_bench.h"

#include <stdio.h>
#include <string.h>

static void make_sender(struct sender_bench *b) {
  struct gc_err err = {.code = GC_OK};
  b->spool = spool_opened();
  b->sender = influx_sender_new(&b->settings, &b->world.env, b->spool, &err);
}

void sender_begin(struct sender_bench *b) {
  *b = (struct sender_bench){.spool = NULL};
  spool_fresh(0, 1 << 20);
  replay_init(&b->world);
  b->settings =
      (struct influx_sender_settings){.target = {.url = "http://db:8086",
                                                 .version = INFLUX_V2,
                                                 .organization = "ops",
                                                 .bucket = "a b"},
                                      .folder = spool_folder,
                                      .batch_size = 2,
                                      .flush_interval_ms = 10000,
                                      .secret_option = "TokenFile"};
  make_sender(b);
}

void sender_end(struct sender_bench *b) {
  influx_sender_free(b->sender);
  gc_spool_free(b->spool);
  replay_clear(&b->world);
}

void sender_restart(struct sender_bench *b) {
  influx_sender_free(b->sender);
  gc_spool_free(b->spool);
  make_sender(b);
}

void sender_put(struct sender_bench *b, const char *text) {
  spool_put(b->spool, text);
  influx_sender_add(b->sender, 1);
}

void sender_answers(struct sender_bench *b, int times, int status,
                    const char *body) {
  struct replay_answer answer = {
      .match = WRITE, .times = times, .status = status, .body = body};
  replay_answer(&b->world, &answer);
}

const char *sender_bodies(const struct sender_bench *b) {
  static char text[8192];
  size_t len = 0;
  text[0] = '\0';
  for (size_t i = 0; i < b->world.request_count; i++)
    len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ",
                            b->world.requests[i].body);
  for (char *c = text; *c != '\0'; c++)
    if (*c == '\n')
      *c = ';';
  return text;
}
