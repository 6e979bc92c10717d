/* SPDX-License-Identifier: MIT */
#include "common/daemon/writers.h"

#include "collectd.h"
#include "plugin.h"
#include "utils/common/common.h"
#include "utils/metadata/meta_data.h"

#include "common/daemon/emit.h"
#include "common/daemon/write_tracker.h"
#include "common/genesys/parts.h"
#include "common/net/clock.h"
#include "common/net/lease_gate.h"
#include "tests/support/check.h"
#include "tests/support/fake_daemon.h"

/* What the writer has taken. */
static struct {
  size_t count;
  struct gc_value value; /* the newest; its texts below */
  char key[GC_VALUE_KEY_SIZE], parts[GC_PARTS_SIZE], host[128];
} taken;

static void take(void *ctx, const struct gc_value *v) {
  (void)ctx;
  taken.count++;
  taken.value = *v;
  memcpy(taken.key, v->key, v->key_len);
  sstrncpy(taken.parts, v->parts, sizeof(taken.parts));
  sstrncpy(taken.host, v->host, sizeof(taken.host));
}

static struct gc_strs globs;
static struct gc_writer writer = {
    .name = "writer", .take = take, .plugins = &globs};

static void begin(const char *glob) {
  fake_reset();
  memset(&taken, 0, sizeof(taken));
  globs = (struct gc_strs){0};
  static char *at[1];
  at[0] = (char *)glob;
  if (glob != NULL)
    globs = (struct gc_strs){.at = at, .count = 1};
  gc_writer_add(&writer);
}

static void end(void) {
  gc_writer_remove(&writer);
  gc_emit_set_dispatch(true);
  (void)fake_shutdown();
}

static enum gc_code emit_with(const char *host, const char *parts) {
  struct gc_sample s = {.metric = GC_METRIC_QUEUE_METRIC,
                        .instance = "Sales",
                        .qualifier = "nOffered-voice-a-b-c",
                        .parts = parts,
                        .values = {{.derive = 1}},
                        .time_ms = 1700000000123,
                        .interval_ms = 10000};
  return gc_emit(host, &s);
}

static void a_value_is_taken_once_and_queued_without_meta_data(void) {
  begin(NULL);
  CHECK_INT(emit_with("h", "queue_id=q1\ndirection=a-b\n"), GC_OK);
  CHECK_INT(taken.count, 1); /* not a second time from the queue */
  CHECK_STR(taken.parts, "queue_id=q1\ndirection=a-b\n");
  CHECK_STR(taken.host, "h");
  CHECK_INT(taken.value.time_ns, UINT64_C(1700000000123000000));
  CHECK_INT(taken.value.interval_ms, 10000);
  CHECK_INT(taken.value.count, 1);
  CHECK_INT(taken.value.sources[0].bits, 1);
  CHECK_INT(fake_value_count(), 1);
  CHECK(fake_value(0)->meta == NULL);
  end();
}

static void a_value_is_taken_at_once_while_the_queue_is_held(void) {
  begin(NULL);
  fake_hold(true);
  CHECK_INT(emit_with("h", ""), GC_OK);
  CHECK_INT(taken.count, 1);
  CHECK_INT(fake_queued(), 1);
  CHECK_INT(fake_let_through(1), 1);
  CHECK_INT(taken.count, 1);
  fake_hold(false);
  end();
}

/* The caller emits the value again, and the writer gets it once. */
static void a_value_that_is_not_queued_is_not_taken(void) {
  begin(NULL);
  fake_dispatch_fails(true);
  CHECK_INT(emit_with("h", ""), GC_ERR_MEMORY);
  CHECK_INT(taken.count, 0);
  fake_dispatch_fails(false);
  CHECK_INT(emit_with("h", ""), GC_OK);
  CHECK_INT(taken.count, 1);
  end();
}

static void with_dispatch_false_the_writers_alone_get_a_value(void) {
  struct gc_write_ticket *ticket = gc_write_ticket_new();
  struct gc_sample s = {.metric = GC_METRIC_QUEUE_DEPTH,
                        .instance = "Sales",
                        .qualifier = "voice",
                        .values = {{.gauge = 1}}};
  begin(NULL);
  CHECK_INT(gc_write_tracker_register(gc_clock_now_ms, NULL), GC_OK);
  gc_emit_set_dispatch(false);
  CHECK_INT(emit_with("h", ""), GC_OK);
  CHECK_INT(taken.count, 1);
  CHECK_INT(gc_write_tracker_emit(ticket, "h", &s), GC_OK);
  CHECK_INT(gc_write_tracker_emit(ticket, "h", &s), GC_OK);
  CHECK_INT(taken.count, 3);
  CHECK_INT(fake_value_count(), 0);
  CHECK_INT(gc_write_tracker_pending(ticket), 0);
  CHECK(gc_write_tracker_wait(ticket, 0)); /* no writer has a spool */
  gc_write_tracker_close();
  gc_write_ticket_free(ticket);
  end();
}

/* Dispatches a list of another sender, received by the network plugin or not.
 */
static void dispatch_list(const char *plugin, const char *host, bool received) {
  value_t value = {.gauge = 2};
  value_list_t vl = {.values = &value, .values_len = 1};
  sstrncpy(vl.plugin, plugin, sizeof(vl.plugin));
  sstrncpy(vl.host, host, sizeof(vl.host));
  sstrncpy(vl.type, "queue_depth", sizeof(vl.type));
  if (received) {
    vl.meta = meta_data_create();
    meta_data_add_boolean(vl.meta, "network:received", true);
  }
  CHECK_INT(plugin_dispatch_values(&vl), 0);
  meta_data_destroy(vl.meta);
}

static void values_of_other_agents_are_taken_from_the_queue(void) {
  begin(NULL);
  CHECK_INT(emit_with("ours", ""), GC_OK);
  size_t before = taken.count;
  dispatch_list("genesys", "theirs", true);
  dispatch_list("genesys", "theirs", false); /* of amqp, mqtt, unixsock */
  dispatch_list("genesys", "ours", true);    /* the other agent of a pair */
  CHECK_INT(taken.count, before + 3);
  dispatch_list("genesys", "ours", false);
  dispatch_list("cpu", "ours", false);
  CHECK_INT(taken.count, before + 3);
  end();
}

static void globs_choose_the_plugins(void) {
  begin("*");
  dispatch_list("cpu", "h", false);
  CHECK_INT(emit_with("h", ""), GC_OK);
  CHECK_INT(taken.count, 2);
  CHECK(gc_writers_take_ours());
  end();
  CHECK(!gc_writers_take_ours());
  begin("cpu");
  dispatch_list("cpu", "h", false);
  CHECK_INT(emit_with("h", ""), GC_OK);
  CHECK_INT(taken.count, 1);
  CHECK(!gc_writers_take_ours());
  end();
}

static void a_standby_gives_no_value(void) {
  struct gc_lease_gate *gate = gc_lease_gate_make("prod", "pair");
  begin(NULL);
  CHECK_INT(emit_with("pair", ""), GC_ERR_UNAVAILABLE);
  CHECK_INT(taken.count, 0);
  gc_lease_gate_set(gate, &(struct gc_lease_status){
                              .state = GC_LEASE_HOLDER,
                              .valid_until_ms = gc_clock_boot_ms() + 3600000});
  CHECK_INT(emit_with("pair", ""), GC_OK);
  CHECK_INT(taken.count, 1);
  CHECK(taken.value.lease == gate);
  end();
}

static void one_identity_with_other_parts_is_another_series(void) {
  char one[GC_VALUE_KEY_SIZE], two[GC_VALUE_KEY_SIZE];
  begin(NULL);
  CHECK_INT(emit_with("h", "a=a-b\nb=c\n"), GC_OK);
  size_t len = taken.value.key_len;
  memcpy(one, taken.key, len);
  CHECK_INT(emit_with("h", "a=a\nb=b-c\n"), GC_OK);
  CHECK_INT(taken.value.key_len, len);
  memcpy(two, taken.key, len);
  CHECK_INT(emit_with("h", "a=a-b\nb=c\n"), GC_OK);
  CHECK(memcmp(one, two, len) != 0);
  CHECK(memcmp(one, taken.key, len) == 0);
  CHECK_STR(one, "h");
  CHECK_STR(one + 2, "genesys");
  end();
}

static void describe_source(void *ctx, const struct gc_value *v) {
  gc_value_identity(v, v->count - 1, ctx);
}

static void a_data_source_is_described(void) {
  struct gc_export_identity id;
  struct gc_writer describer = {.name = "describer",
                                .take = describe_source,
                                .ctx = &id,
                                .plugins = &globs};
  begin(NULL);
  gc_writer_add(&describer);
  CHECK_INT(emit_with("h", "a=b\n"), GC_OK);
  CHECK_STR(id.source, "value");
  CHECK(id.is_only_source && id.is_counter);
  struct gc_sample s = {.metric = GC_METRIC_QUEUE_INTERVAL_DURATION,
                        .instance = "Sales",
                        .qualifier = "tAnswered-voice",
                        .values = {{.gauge = 1}, {.gauge = 1}}};
  CHECK_INT(gc_emit("h", &s), GC_OK);
  CHECK(!id.is_only_source && !id.is_counter);
  gc_writer_remove(&describer);
  end();
}

static void whole_milliseconds_stay_whole(void) {
  value_list_t vl = {.time = MS_TO_CDTIME_T(UINT64_C(1700000000123))};
  CHECK_INT(gc_value_time_ns(&vl), UINT64_C(1700000000123000000));
  vl.time = NS_TO_CDTIME_T(UINT64_C(1700000000123456789));
  uint64_t ns = gc_value_time_ns(&vl);
  CHECK(ns >= UINT64_C(1700000000123456788) &&
        ns <= UINT64_C(1700000000123456790));
}

int main(void) {
  fake_reset();
  CHECK_INT(gc_emit_register(NULL), GC_OK);
  RUN(a_value_is_taken_once_and_queued_without_meta_data);
  RUN(a_value_is_taken_at_once_while_the_queue_is_held);
  RUN(a_value_that_is_not_queued_is_not_taken);
  RUN(with_dispatch_false_the_writers_alone_get_a_value);
  RUN(values_of_other_agents_are_taken_from_the_queue);
  RUN(globs_choose_the_plugins);
  RUN(a_standby_gives_no_value);
  RUN(one_identity_with_other_parts_is_another_series);
  RUN(a_data_source_is_described);
  RUN(whole_milliseconds_stay_whole);
  fake_reset();
  return check_done();
}
