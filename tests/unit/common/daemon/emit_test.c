/* SPDX-License-Identifier: MIT */
#include "common/daemon/emit.h"

#include <pthread.h>

#include "collectd.h"
#include "plugin.h"

#include "common/daemon/write_tracker.h"
#include "common/net/clock.h"
#include "common/net/lease_gate.h"
#include "tests/support/check.h"
#include "tests/support/fake_daemon.h"

static struct gc_sample depth_sample(const char *instance,
                                     const char *qualifier, double value) {
  return (struct gc_sample){.metric = GC_METRIC_QUEUE_DEPTH,
                            .instance = instance,
                            .qualifier = qualifier,
                            .values = {{.gauge = value}},
                            .interval_ms = 10000};
}

/* Registration happens once per process, so this test is the first. */
static void *register_once(void *arg) {
  *(enum gc_code *)arg = gc_emit_register(NULL);
  return NULL;
}

static void data_sets_are_registered_once_by_the_first_caller(void) {
  fake_reset();
  pthread_t threads[4];
  enum gc_code codes[4];
  for (size_t i = 0; i < GC_COUNT(threads); i++)
    pthread_create(&threads[i], NULL, register_once, &codes[i]);
  for (size_t i = 0; i < GC_COUNT(threads); i++) {
    pthread_join(threads[i], NULL);
    CHECK_INT(codes[i], GC_OK);
  }
  for (unsigned id = 0; id < GC_METRIC_COUNT; id++) {
    const struct gc_metric *m = gc_metric((enum gc_metric_id)id);
    CHECK_ROW(m->name);
    CHECK_INT(fake_data_set_count(m->name), 1);
    const data_set_t *ds = plugin_get_ds(m->name);
    CHECK_INT(ds->ds_num, m->ds_count);
    for (unsigned i = 0; i < m->ds_count; i++) {
      bool derive = m->ds[i].kind == GC_DERIVE;
      CHECK_STR(ds->ds[i].name, m->ds[i].name);
      CHECK_INT(ds->ds[i].type, derive ? DS_TYPE_DERIVE : DS_TYPE_GAUGE);
      CHECK(derive ? ds->ds[i].min == 0 : isnan(ds->ds[i].min));
      CHECK(isnan(ds->ds[i].max));
    }
  }
}

static void a_sample_becomes_a_value_list(void) {
  struct gc_sample s = depth_sample("Sales", "voice", 4);
  s.time_ms = 1700000000500;
  CHECK_INT(gc_emit("genesys-prod", &s), GC_OK);
  const value_list_t *vl =
      fake_value_of("genesys-prod/genesys-Sales/queue_depth-voice");
  CHECK(vl != NULL);
  if (vl == NULL)
    return;
  CHECK_REAL(vl->values[0].gauge, 4);
  CHECK_INT(vl->time, MS_TO_CDTIME_T(1700000000500));
  CHECK_INT(CDTIME_T_TO_MS(vl->time), 1700000000500);
  CHECK_INT(vl->interval, TIME_T_TO_CDTIME_T_STATIC(10));
  CHECK_STR(vl->plugin, "genesys");
  CHECK(vl->meta == NULL);
}

static void the_daemon_fills_in_missing_parts(void) {
  struct gc_sample s = depth_sample("A", "", 1);
  s.interval_ms = 0;
  fake_interval_set(TIME_T_TO_CDTIME_T(30));
  fake_time_set(MS_TO_CDTIME_T(1234567));
  fake_hostname_set("here/there");
  CHECK_INT(gc_emit(NULL, &s), GC_OK);
  CHECK_INT(gc_emit("", &s), GC_OK);
  CHECK_INT(fake_value_count_of("here_there/genesys-A/queue_depth"), 2);
  const value_list_t *vl = fake_value_of("genesys-A/queue_depth");
  CHECK(vl != NULL && vl->interval == TIME_T_TO_CDTIME_T_STATIC(30));
  CHECK(vl != NULL && CDTIME_T_TO_MS(vl->time) == 1234567);

  static const int64_t no_times[] = {-5, INT64_MIN, INT64_MAX,
                                     INT64_C(20000000000000)};
  for (size_t i = 0; i < GC_COUNT(no_times); i++) {
    s.time_ms = no_times[i];
    gc_emit(NULL, &s);
    vl = fake_value_of("genesys-A/queue_depth");
    CHECK(vl != NULL && CDTIME_T_TO_MS(vl->time) == 1234567);
  }
  fake_time_set(0);
  fake_interval_set(TIME_T_TO_CDTIME_T(10));
  fake_hostname_set("host.example");
}

static void derives_and_gauges_keep_their_kind(void) {
  struct gc_sample s = {.metric = GC_METRIC_API_REQUESTS,
                        .instance = "account-prod",
                        .qualifier = "queues-2xx",
                        .values = {{.derive = INT64_C(9007199254740993)}},
                        .interval_ms = 60000};
  CHECK_INT(gc_emit(NULL, &s), GC_OK);
  CHECK_INT(fake_derive("genesys-account-prod/api_requests-queues-2xx"),
            INT64_C(9007199254740993));
}

static void unknown_values_are_not_dispatched(void) {
  static const double unknown[] = {NAN, INFINITY, -INFINITY};
  size_t before = fake_value_count();
  for (size_t i = 0; i < GC_COUNT(unknown); i++) {
    struct gc_sample s = depth_sample("Silent", "voice", unknown[i]);
    CHECK_INT(gc_emit(NULL, &s), GC_OK);
  }
  CHECK_INT(fake_value_count(), before);
  CHECK_INT(fake_log_count(), 0);
}

static void a_full_memory_is_reported(void) {
  struct gc_sample s = depth_sample("Sales", "voice", 4);
  fake_dispatch_fails(true);
  CHECK_INT(gc_emit(NULL, &s), GC_ERR_MEMORY);
  gc_emit_samples(NULL).put(gc_emit_samples(NULL).ctx, &s);
  fake_dispatch_fails(false);
}

static void a_sink_dispatches_to_its_host(void) {
  struct gc_samples sink = gc_emit_samples("other");
  struct gc_sample s = depth_sample("Sink", "chat", 7);
  sink.put(sink.ctx, &s);
  CHECK_REAL(fake_gauge("other/genesys-Sink/queue_depth-chat"), 7);
}

/* 125 letters, then the characters that may or may not fit. */
#define LETTERS_25 "abcdefghijklmnopqrstuvwxy"
#define LETTERS_125 LETTERS_25 LETTERS_25 LETTERS_25 LETTERS_25 LETTERS_25

static void long_names_are_cut_at_a_character(void) {
  static const struct {
    const char *name, *part;
  } rows[] = {
      {LETTERS_125 "zz", LETTERS_125 "zz"},
      {LETTERS_125 "zzz", LETTERS_125 "zz"},
      {LETTERS_125 "ä", LETTERS_125 "ä"},
      {LETTERS_125 "zä", LETTERS_125 "z"},
      {LETTERS_125 "€", LETTERS_125},
      {LETTERS_125 "😀", LETTERS_125},
      {"short", "short"},
      {"", ""},
      {"a/b", "a_b"},
      {"/a", "_a"},
      {"/", "_"},
      {"a\nb\x7f", "a_b_"},
      {"\xff\xfe", "__"},
      {"\xc3", "_"},
      {"\xed\xa0\x80", "___"},      /* half of a surrogate pair */
      {"\xc0\xaf", "__"},           /* overlong slash */
      {"\xf4\x90\x80\x80", "____"}, /* past U+10FFFF */
      {"a\xc2\x85z", "a_z"},        /* NEXT LINE, white space */
      {"Verkauf–Süd 日本", "Verkauf–Süd 日本"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    struct gc_sample s = depth_sample(rows[i].name, rows[i].name, 1);
    CHECK_INT(gc_emit(rows[i].name, &s), GC_OK);
    const value_list_t *vl = fake_value(fake_value_count() - 1);
    CHECK_STR(vl->plugin_instance, rows[i].part);
    CHECK_STR(vl->type_instance, rows[i].part);
    if (rows[i].name[0] != '\0')
      CHECK_STR(vl->host, rows[i].part);
  }
}

/* Every output is UTF-8 without control characters. */
static bool is_clean(const char *text) {
  const unsigned char *s = (const unsigned char *)text;
  if (strlen(text) >= DATA_MAX_NAME_LEN)
    return false;
  while (*s != '\0') {
    unsigned more = *s < 0x80 ? 0 : *s >= 0xf0 ? 3 : *s >= 0xe0 ? 2 : 1;
    if (*s < 0x20 || *s == '/' || *s == 0x7f || (*s >= 0x80 && *s < 0xc2) ||
        *s > 0xf4)
      return false;
    for (s++; more > 0; more--, s++)
      if ((*s & 0xc0) != 0x80)
        return false;
  }
  return true;
}

static void every_dispatched_text_is_clean(void) {
  uint32_t random32 = 7;
  for (unsigned round = 0; round < 3000; round++) {
    char names[3][301];
    for (size_t n = 0; n < 3; n++) {
      random32 = random32 * 1664525 + 1013904223;
      size_t len = (random32 >> 16) % 300;
      for (size_t i = 0; i < len; i++) {
        random32 = random32 * 1664525 + 1013904223;
        unsigned char byte = (unsigned char)(random32 >> 24);
        names[n][i] = (char)(byte != 0 ? byte : 1);
      }
      names[n][len] = '\0';
    }
    struct gc_sample s = depth_sample(names[0], names[1], 1);
    gc_emit(names[2], &s);
    const value_list_t *vl = fake_value(fake_value_count() - 1);
    CHECK(is_clean(vl->host) && is_clean(vl->plugin_instance) &&
          is_clean(vl->type_instance));
  }
}

/* The agent's own telemetry has another host and leaves nevertheless. */
static void a_value_leaves_only_while_its_lease_is_held(void) {
  struct gc_sample s = depth_sample("Sales", "voice", 4);
  struct gc_write_ticket *ticket = gc_write_ticket_new();
  struct gc_lease_gate *gate = gc_lease_gate_make("prod", "pair");
  fake_hostname_set("web1");
  size_t before = fake_value_count();
  CHECK_INT(gc_emit("pair", &s), GC_ERR_UNAVAILABLE);
  CHECK_INT(gc_write_tracker_emit(ticket, "pair", &s), GC_ERR_UNAVAILABLE);
  CHECK_INT(gc_write_tracker_pending(ticket), 0);
  CHECK(!gc_emit_allows("pair"));
  CHECK_INT(fake_value_count(), before);
  CHECK_INT(gc_emit(gc_emit_state_host("pair"), &s), GC_OK);
  CHECK_INT(fake_value_count_of("web1/genesys-Sales/queue_depth-voice"), 1);
  gc_lease_gate_set(gate, &(struct gc_lease_status){
                              .state = GC_LEASE_HOLDER,
                              .valid_until_ms = gc_clock_boot_ms() + 3600000});
  CHECK_INT(gc_emit("pair", &s), GC_OK);
  CHECK_INT(fake_value_count_of("pair/genesys-Sales/queue_depth-voice"), 1);
  CHECK_STR(gc_emit_state_host("another"), "another");
  gc_write_ticket_free(ticket);
}

static void emit_count(enum gc_metric_id metric, const char *instance,
                       const char *qualifier, double value) {
  struct gc_sample s = {.metric = metric,
                        .instance = instance,
                        .qualifier = qualifier,
                        .values = {{.gauge = value}}};
  CHECK_INT(gc_emit("h", &s), GC_OK);
}

static void the_newest_count_of_each_block_is_added(void) {
  CHECK_INT(gc_series_total(), 0);
  emit_count(GC_METRIC_SERIES, "queues-a", "", 5000);
  emit_count(GC_METRIC_SERIES, "queues-b", "", 6000);
  emit_count(GC_METRIC_SERIES, "flows-a", "observations", 10);
  emit_count(GC_METRIC_QUEUE_DEPTH, "queues-c", "", 7000);
  CHECK_INT(gc_series_total(), 11010);
  emit_count(GC_METRIC_SERIES, "queues-a", "", 1);
  CHECK_INT(gc_series_total(), 6011);
}

int main(void) {
  RUN(the_newest_count_of_each_block_is_added);
  RUN(data_sets_are_registered_once_by_the_first_caller);
  RUN(a_sample_becomes_a_value_list);
  RUN(the_daemon_fills_in_missing_parts);
  RUN(derives_and_gauges_keep_their_kind);
  RUN(unknown_values_are_not_dispatched);
  RUN(a_full_memory_is_reported);
  RUN(a_sink_dispatches_to_its_host);
  RUN(long_names_are_cut_at_a_character);
  RUN(every_dispatched_text_is_clean);
  RUN(a_value_leaves_only_while_its_lease_is_held);
  fake_reset();
  return check_done();
}
