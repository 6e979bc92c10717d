/* SPDX-License-Identifier: MIT */
#include "probe/values/agent.c"

#include "common/daemon/log.h"
#include "common/daemon/write_tracker.h"
#include "tests/support/check.h"
#include "tests/support/fake_daemon.h"

/* A plugin of <Thing> blocks with one source, whose state the test sets. */
static enum { SILENT, UP, FAILED, EMPTY, UNSENT } state;
static int started;

static const struct gc_opt no_rows[] = {GC_OPT_END};

static enum gc_code start_thing(struct gc_block *b, struct gc_err *err) {
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

static void put_state(struct gc_block *b, uint32_t interval_ms,
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

static void report_thing(struct gc_block *b,
                         void (*note)(void *ctx, const char *text), void *ctx) {
  note(ctx, b->name);
}

static const struct gc_block_trial thing_trial = {
    .prepare = prepare_block, .sources = one_source, .report = report_thing};
static const struct gc_block_class things = {.prefix = "things",
                                             .rows = no_rows,
                                             .size = sizeof(struct gc_block),
                                             .start = start_thing,
                                             .read_new = read_new,
                                             .read_state = put_state,
                                             .clear = clear_block,
                                             .trial = &thing_trial};
static const struct gc_block_class writers = {.prefix = "writers",
                                              .rows = no_rows,
                                              .size = sizeof(struct gc_block),
                                              .start = start_thing,
                                              .clear = clear_block};
static const struct gc_block_kind kinds[] = {{.key = NULL}};
static struct gc_plugin plugin = {.name = "genesys_things", .kinds = kinds};

/* ---- the report of the trial ---- */

static char said[2048];

static void add_line(const char *line) {
  size_t len = strlen(said);
  snprintf(said + len, sizeof(said) - len, "%s\n", line);
}

static const char *take_said(void) {
  static char copy[sizeof(said)];
  snprintf(copy, sizeof(copy), "%s", said);
  said[0] = '\0';
  return copy;
}

/* A trial cannot be undone, so this is one test. */
static void blocks_poll_and_the_daemon_gets_nothing(void) {
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

  report_line = add_line;
  start_blocks();
  CHECK_STR(take_said(),
            "tried\tgenesys_things\tthings-all\tgenesys_things <things "
            "\"all\">\nleft-out\tgenesys_things\tthings-events\t"
            "genesys_things <things \"events\">\tit takes events\n");
  CHECK_INT(started, 2); /* no writer */

  CHECK_INT(read_values(), 1);
  static const char value[] = "value\tgenesys_things\tthings-all\th\tSales\t"
                              "queue_depth\tvoice\t";
  const char *text = take_said(), *second = strchr(text, '\n');
  CHECK(strncmp(text, value, strlen(value)) == 0);
  CHECK(strncmp(second, "\n", 1) == 0 &&
        strncmp(second + 1, value, strlen(value)) == 0);
  CHECK(strstr(text, "\t10000\t4\tqueue_id=q1\x1f\n") != NULL);
  static const struct {
    int state;
    size_t waiting;
  } rows[] = {{UP, 0}, {FAILED, 0}, {EMPTY, 0}, {UNSENT, 1}, {SILENT, 1}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    state = rows[i].state;
    CHECK_INT(read_values(), rows[i].waiting);
    /* Once, when its source is up for the first time. */
    CHECK((strstr(take_said(), "answered\tgenesys_things\tthings-all\n") !=
           NULL) == (i == 0));
  }

  state = UP;
  read_state();
  text = take_said();
  CHECK(strncmp(text, "state\t", strlen("state\t")) == 0);
  CHECK(strstr(text, "\tthings-all\tsource_up\taggregates\t") != NULL);
  report_all();
  CHECK_STR(take_said(), "note\tgenesys_things\tthings-all\tall\n");
  CHECK_INT(fake_value_count(), 0);
}

int main(void) {
  RUN(blocks_poll_and_the_daemon_gets_nothing);
  gc_plugin_stop(&plugin);
  gc_log_free(plugin.log);
  fake_reset();
  return check_done();
}
