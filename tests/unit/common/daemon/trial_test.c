/* SPDX-License-Identifier: MIT */
#include "common/daemon/trial.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectd.h"
#include "plugin.h"

#include "common/daemon/emit.h"
#include "common/daemon/write_tracker.h"
#include "tests/support/check.h"
#include "tests/support/fake_daemon.h"

/* A plugin of <Thing> blocks with one source, whose state the test sets. */
static enum { SILENT, UP, FAILED, EMPTY, UNSENT } state;
static int started;

static const struct gc_opt no_rows[] = {GC_OPT_END};

static enum gc_code start_block(struct gc_block *b, struct gc_err *err) {
  (void)b;
  started++;
  return strcmp(b->name, "broken") == 0
             ? gc_fail(err, GC_ERR_STATE, "it cannot start")
             : GC_OK;
}

static struct gc_sample depth_sample(void) {
  return (struct gc_sample){.metric = GC_METRIC_QUEUE_DEPTH,
                            .instance = "Sales",
                            .qualifier = "voice",
                            .parts = "queue_id=q1\n",
                            .values = {{.gauge = 4}},
                            .interval_ms = 10000};
}

static void read_new(struct gc_block *b) {
  struct gc_sample sample = depth_sample();
  struct gc_write_ticket *ticket = gc_write_ticket_new();
  (void)b;
  CHECK_INT(gc_emit("h", &sample), GC_OK);
  CHECK_INT(gc_write_tracker_emit(ticket, "h", &sample), GC_OK);
  CHECK_INT(gc_write_tracker_pending(ticket), 0);
  gc_write_ticket_free(ticket);
}

static void read_state(struct gc_block *b, uint32_t interval_ms,
                       const struct gc_samples *out) {
  const struct gc_sample_writer w = {
      .out = out, .instance = b->instance, .interval_ms = interval_ms};
  if (state == UP || state == UNSENT)
    gc_put_gauge(&w, GC_METRIC_SOURCE_UP, "aggregates", 1.0);
  if (state == FAILED)
    gc_put_count(&w, GC_METRIC_QUERY_REQUESTS, "failed", 1);
  if (state == EMPTY)
    gc_put_gauge(&w, GC_METRIC_QUEUES, "matched", 0.0);
  if (state == UNSENT)
    gc_put_count(&w, GC_METRIC_WINDOWS, "done", 0);
}

static void clear_block(struct gc_block *b) { (void)b; }

static const char *prepare_block(struct gc_block *b) {
  return strcmp(b->name, "events") == 0 ? "it takes events" : NULL;
}

static unsigned one_source(struct gc_block *b) {
  (void)b;
  return 1;
}

static void report_block(struct gc_block *b,
                         const struct gc_block_trial_report *out) {
  out->requests(out->ctx, GC_ENDPOINT_QUEUE_OBSERVATIONS, 6.0);
  out->note(out->ctx, b->name);
}

static const struct gc_block_trial thing_trial = {
    .prepare = prepare_block, .sources = one_source, .report = report_block};
static const struct gc_block_class things = {.prefix = "things",
                                             .rows = no_rows,
                                             .size = sizeof(struct gc_block),
                                             .start = start_block,
                                             .read_new = read_new,
                                             .read_state = read_state,
                                             .clear = clear_block,
                                             .trial = &thing_trial};
static const struct gc_block_class writers = {.prefix = "writers",
                                              .rows = no_rows,
                                              .size = sizeof(struct gc_block),
                                              .start = start_block,
                                              .clear = clear_block};
static const struct gc_block_kind kinds[] = {{.key = NULL}};
static struct gc_plugin plugin = {.name = "genesys_things", .kinds = kinds};

/* ---- the report of the trial ---- */

static char said[2048];

__attribute__((format(printf, 1, 2))) static void print_said(const char *format,
                                                             ...) {
  size_t len = strlen(said);
  va_list args;
  va_start(args, format);
  vsnprintf(said + len, sizeof(said) - len, format, args);
  va_end(args);
}

static void on_value(void *ctx, const char *from, const char *block,
                     const value_list_t *vl, const char *parts) {
  (void)ctx, (void)from;
  print_said("value %s %s/%s/%s-%s %s", block, vl->host, vl->plugin_instance,
             vl->type, vl->type_instance, parts[0] != '\0' ? parts : "\n");
}

static void on_tried(void *ctx, const char *from, const char *block,
                     const char *subject) {
  (void)ctx;
  print_said("tried %s %s: %s\n", from, block, subject);
}

static void on_left_out(void *ctx, const char *from, const char *block,
                        const char *subject, const char *why) {
  (void)ctx, (void)from;
  print_said("left out %s: %s: %s\n", block, subject, why);
}

static void on_answered(void *ctx, const char *from, const char *block) {
  (void)ctx, (void)from;
  print_said("answered %s\n", block);
}

static void on_requests(void *ctx, const char *from, const char *block,
                        const char *account, const char *family,
                        double per_minute) {
  (void)ctx, (void)from;
  print_said("requests %s \"%s\" %s %g\n", block, account, family, per_minute);
}

static void on_budget(void *ctx, const char *account, uint32_t per_minute) {
  (void)ctx;
  print_said("budget %s %u\n", account, (unsigned)per_minute);
}

static void on_note(void *ctx, const char *from, const char *block,
                    const char *text) {
  (void)ctx, (void)from;
  print_said("note %s: %s\n", block, text);
}

static const char *take_said(void) {
  static char copy[sizeof(said)];
  snprintf(copy, sizeof(copy), "%s", said);
  said[0] = '\0';
  return copy;
}

/* A trial cannot be undone, so this is one test. */
static void blocks_poll_and_the_daemon_gets_nothing(void) {
  static const struct gc_trial trial = {.value = on_value,
                                        .tried = on_tried,
                                        .left_out = on_left_out,
                                        .answered = on_answered,
                                        .requests = on_requests,
                                        .budget = on_budget,
                                        .note = on_note};
  static const struct {
    const char *name;
    const struct gc_block_class *is;
  } blocks[] = {{"all", &things},
                {"events", &things},
                {"broken", &things},
                {"main", &writers}};
  struct gc_err err;
  fake_reset();
  gc_plugin_register(&plugin);
  for (size_t i = 0; i < GC_COUNT(blocks); i++)
    CHECK_INT(gc_plugin_add(&plugin, blocks[i].is, blocks[i].name, calloc(1, 1),
                            &err),
              GC_OK);

  gc_trial_begin(&trial);
  CHECK_STR(take_said(),
            "tried genesys_things things-all: genesys_things <things \"all\">\n"
            "left out things-events: genesys_things <things \"events\">: it "
            "takes events\n");
  CHECK_INT(started, 2); /* no writer */

  CHECK_INT(gc_trial_read(), 1);
  CHECK_STR(take_said(),
            "value things-all h/Sales/queue_depth-voice queue_id=q1\n"
            "value things-all h/Sales/queue_depth-voice "
            "queue_id=q1\n");
  static const struct {
    int state;
    size_t waiting;
  } rows[] = {{UP, 0}, {FAILED, 0}, {EMPTY, 0}, {UNSENT, 1}, {SILENT, 1}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    state = rows[i].state;
    CHECK_INT(gc_trial_read(), rows[i].waiting);
    /* Once, when its source is up for the first time. */
    CHECK((strstr(take_said(), "answered things-all\n") != NULL) == (i == 0));
  }

  state = UP;
  gc_trial_read_state();
  const char *text = take_said();
  CHECK(strstr(text, "/things-all/source_up-aggregates") != NULL);
  gc_trial_report();
  CHECK_STR(take_said(), "requests things-all \"\" queue_observations 6\n"
                         "note things-all: all\n");
  CHECK_INT(fake_value_count(), 0);
}

int main(void) {
  RUN(blocks_poll_and_the_daemon_gets_nothing);
  gc_plugin_stop(&plugin);
  gc_log_free(plugin.log);
  fake_reset();
  return check_done();
}
