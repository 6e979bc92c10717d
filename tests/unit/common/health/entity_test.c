/* SPDX-License-Identifier: MIT */
#include "common/health/entity.h"

#include "tests/support/check.h"

static struct gc_health_entity entity;
static struct gc_health_time t;

static void begin_entity(enum gc_health_kind kind) {
  const struct gc_health_id id = {.kind = kind, .name = "queues-all"};
  t = (struct gc_health_time){1000, 1000000};
  gc_health_entity_init(&entity, &id, &t);
}

static void pass_ms(uint64_t ms) {
  t.now_ms += ms;
  t.wall_ms += (int64_t)ms;
}

static void read_source(const char *name, bool is_up) {
  struct gc_health_reading r;
  struct gc_samples sink = gc_health_reading_begin(&r);
  struct gc_sample s = {.metric = GC_METRIC_SOURCE_UP,
                        .qualifier = name,
                        .values = {{.gauge = is_up ? 1 : 0}}};
  sink.put(sink.ctx, &s);
  gc_health_entity_read(&entity, &r, &t);
}

static void note_cause(const char *cause, enum gc_code code, const char *text) {
  struct gc_err err = {.code = code};
  snprintf(err.text, sizeof(err.text), "%s", text);
  gc_health_entity_note(&entity, cause, &err, &t);
}

/* Reads for `ms`, a second apart. Returns the notifications that were due. */
static unsigned read_for(uint64_t ms, bool is_up) {
  unsigned sent = 0;
  uint32_t changes = 0;
  for (; ms >= 1000; ms -= 1000) {
    pass_ms(1000);
    read_source("observations", is_up);
    sent += gc_health_entity_report(&entity, &t, &changes);
  }
  return sent;
}

static void a_success_ends_its_cause_and_no_other(void) {
  begin_entity(GC_HEALTH_BLOCK);
  read_source("observations", true);
  note_cause("selection", GC_ERR_NOT_FOUND, "no queue");
  note_cause("cost", GC_ERR_LIMIT, "too many");
  CHECK_INT(entity.cause_count, 2);
  CHECK_INT(entity.state, GC_HEALTH_LIMIT);
  note_cause("cost", GC_OK, "");
  CHECK_INT(entity.state, GC_HEALTH_DEGRADED);
  CHECK_STR(gc_health_entity_cause(&entity)->name, "selection");
  note_cause("selection", GC_OK, "");
  CHECK_INT(entity.state, GC_HEALTH_UP);
  CHECK(gc_health_entity_cause(&entity) == NULL);
  CHECK_STR(entity.last_error.name, "cost");
}

/* Two queues whose names become one have series of their own; a gateway of the
 * guide dialect has no list of queues. */
static void a_cause_that_costs_no_value_degrades_nothing(void) {
  begin_entity(GC_HEALTH_ACCOUNT);
  read_source("token", true);
  note_cause("names of queues", GC_ERR_PARSE, "1 of the queues share");
  note_cause("list of queues", GC_ERR_NOT_FOUND, "404");
  CHECK_INT(entity.cause_count, 0);
  CHECK_INT(entity.state, GC_HEALTH_UP);
  note_cause("list of queues", GC_ERR_PERMISSION, "403");
  CHECK_INT(entity.state, GC_HEALTH_DEGRADED);
}

static void a_message_that_is_too_large_is_no_overflow_of_series(void) {
  begin_entity(GC_HEALTH_BLOCK);
  read_source("observations", true);
  note_cause("messages", GC_ERR_LIMIT, "a message is larger than 16 MB");
  CHECK_INT(entity.state, GC_HEALTH_DEGRADED);
  note_cause("series", GC_ERR_LIMIT, "MaxSeries is reached");
  CHECK_INT(entity.state, GC_HEALTH_LIMIT);
}

static void an_occurrence_is_over_after_a_while(void) {
  static const char *const names[] = {
      "messages",        "topic v2.routing.queues.1.conversations",
      "stream 2 frames", "medium \"pigeon\"",
      "state file",      "state file moved aside",
      "quarantine"};
  for (size_t i = 0; i < GC_COUNT(names); i++) {
    begin_entity(GC_HEALTH_BLOCK);
    read_source("observations", true);
    note_cause(names[i], GC_ERR_PARSE, "odd");
    read_for(GC_HEALTH_OCCURRENCE_MS, true);
    CHECK_INT(entity.state, GC_HEALTH_DEGRADED);
    read_for(1000, true);
    CHECK_INT(entity.state, GC_HEALTH_UP);
  }
}

/* A list is saved after ten minutes or more; a pattern is reported once.
 */
static void a_condition_stays_until_its_success(void) {
  static const char *const names[] = {
      "kept names of queues", "Queue \"Sales*\"", "stream renewal", "api"};
  for (size_t i = 0; i < GC_COUNT(names); i++) {
    begin_entity(GC_HEALTH_BLOCK);
    read_source("observations", true);
    note_cause(names[i], GC_ERR_NOT_FOUND, "nothing");
    read_for(24 * 3600 * 1000, true);
    CHECK_INT(entity.state, GC_HEALTH_DEGRADED);
    note_cause(names[i], GC_OK, "");
    CHECK_INT(entity.state, GC_HEALTH_UP);
  }
}

static void an_occurrence_makes_room_for_a_condition(void) {
  char cause[32];
  begin_entity(GC_HEALTH_BLOCK);
  note_cause("list of queues", GC_ERR_PERMISSION, "403");
  note_cause("messages", GC_ERR_PARSE, "odd");
  for (int i = 0; i < GC_HEALTH_CAUSES_MAX - 1; i++) {
    snprintf(cause, sizeof(cause), "Queue \"%d\"", i);
    note_cause(cause, GC_ERR_NOT_FOUND, "x");
  }
  CHECK_STR(entity.causes[0].name, "list of queues");
  CHECK_STR(entity.causes[1].name, "Queue \"0\"");
}

/* Channels 2 to 16 fail while the API does not answer. */
static void no_other_cause_replaces_that_of_the_account(void) {
  char cause[32];
  begin_entity(GC_HEALTH_ACCOUNT);
  note_cause("api", GC_ERR_NETWORK, "refused");
  for (int i = 2; i <= 16; i++) {
    snprintf(cause, sizeof(cause), "stream %d", i);
    note_cause(cause, GC_ERR_NETWORK, "no WebSocket");
  }
  CHECK_STR(entity.causes[0].name, "api");
  CHECK_INT(entity.state, GC_HEALTH_DOWN);
  CHECK_STR(gc_health_entity_cause(&entity)->name, "api");
}

static void read_breaker(bool is_open) {
  struct gc_health_reading r;
  struct gc_samples sink = gc_health_reading_begin(&r);
  struct gc_sample token = {.metric = GC_METRIC_TOKEN_STATE,
                            .qualifier = "",
                            .values = {{.gauge = 2}}};
  struct gc_sample s = {.metric = GC_METRIC_API_BREAKER,
                        .qualifier = "",
                        .values = {{.gauge = is_open ? 1 : 0}}};
  sink.put(sink.ctx, &token);
  sink.put(sink.ctx, &s);
  gc_health_entity_read(&entity, &r, &t);
}

/* The API works again, which the next reading will show. */
static void a_warning_is_not_the_cause_of_an_outage(void) {
  begin_entity(GC_HEALTH_ACCOUNT);
  note_cause("names of queues", GC_ERR_PARSE, "two of a name");
  note_cause("list of flows", GC_ERR_PERMISSION, "403");
  note_cause("api", GC_ERR_NETWORK, "refused");
  read_breaker(true);
  CHECK_STR(gc_health_entity_cause(&entity)->name, "api");
  note_cause("stream 2", GC_ERR_NETWORK, "no WebSocket");
  CHECK_STR(gc_health_entity_cause(&entity)->name, "api");
  note_cause("stream 2", GC_OK, "");
  note_cause("api", GC_OK, "");
  CHECK_INT(entity.state, GC_HEALTH_DOWN);
  CHECK(gc_health_entity_cause(&entity) == NULL);
  read_breaker(false);
  CHECK_INT(entity.state, GC_HEALTH_DEGRADED);
  CHECK_STR(gc_health_entity_cause(&entity)->name, "list of flows");
}

static void threads_that_hang_have_no_cause_of_a_source(void) {
  begin_entity(GC_HEALTH_BLOCK);
  read_source("observations", true);
  note_cause("selection", GC_ERR_NOT_FOUND, "no queue");
  pass_ms(GC_HEALTH_STUCK_MS);
  gc_health_entity_tick(&entity, &t);
  CHECK_INT(entity.state, GC_HEALTH_STUCK);
  CHECK(gc_health_entity_cause(&entity) == NULL);
}

static void a_limit_is_not_the_cause_of_an_outage(void) {
  begin_entity(GC_HEALTH_BLOCK);
  read_source("observations", false);
  note_cause("series", GC_ERR_LIMIT, "MaxSeries");
  pass_ms(GC_HEALTH_EARLY_MS);
  read_source("observations", false);
  CHECK_INT(entity.state, GC_HEALTH_DOWN);
  CHECK(gc_health_entity_cause(&entity) == NULL);
  note_cause("observations", GC_ERR_PARSE, "odd");
  CHECK_STR(gc_health_entity_cause(&entity)->name, "observations");
}

/* A 403 of a side task must not send the operator to the roles while the API
 * does not answer. */
static void a_permission_of_a_side_task_hides_no_outage(void) {
  begin_entity(GC_HEALTH_BLOCK);
  read_source("observations", true);
  note_cause("list of flows", GC_ERR_PERMISSION, "403");
  note_cause("observations", GC_ERR_TIMEOUT, "no answer");
  read_source("observations", false);
  CHECK_INT(entity.state, GC_HEALTH_DOWN);
  CHECK_STR(gc_health_entity_cause(&entity)->name, "observations");
  CHECK_INT(entity.cause_count, 2);
  note_cause("observations", GC_ERR_PERMISSION, "403");
  note_cause("list of flows", GC_ERR_TIMEOUT, "no answer");
  CHECK_INT(entity.state, GC_HEALTH_PERMISSION);
  CHECK_STR(gc_health_entity_cause(&entity)->name, "observations");
}

static void an_account_that_is_away_is_no_missing_permission(void) {
  begin_entity(GC_HEALTH_BLOCK);
  note_cause("list of flows", GC_ERR_PERMISSION, "403");
  note_cause("observations", GC_ERR_UNAVAILABLE, "see the account");
  entity.account = (struct gc_health_cause){.name = "api",
                                            .err = {GC_ERR_NETWORK, "refused"}};
  read_source("observations", false);
  CHECK_INT(entity.state, GC_HEALTH_DOWN);
  CHECK_STR(gc_health_entity_cause(&entity)->name, "api");
}

static void the_stop_is_no_failure(void) {
  begin_entity(GC_HEALTH_BLOCK);
  note_cause("observations", GC_ERR_STOPPED, "");
  CHECK_INT(entity.cause_count, 0);
}

static void causes_without_room_replace_the_oldest(void) {
  char cause[32];
  begin_entity(GC_HEALTH_BLOCK);
  for (int i = 0; i < GC_HEALTH_CAUSES_MAX + 3; i++) {
    snprintf(cause, sizeof(cause), "topic %d", i);
    note_cause(cause, GC_ERR_PARSE, "x");
  }
  CHECK_INT(entity.cause_count, GC_HEALTH_CAUSES_MAX);
  CHECK_STR(entity.causes[0].name, "topic 3");
  CHECK_STR(entity.causes[GC_HEALTH_CAUSES_MAX - 1].name, "topic 10");
}

static void one_change_is_one_notification(void) {
  begin_entity(GC_HEALTH_BLOCK);
  CHECK_INT(read_for(10 * 1000, true), 0); /* the start sends none */
  CHECK_INT(read_for(3600 * 1000, false), 1);
  CHECK_INT(entity.reported, GC_HEALTH_DOWN);
  CHECK_INT(read_for(3600 * 1000, true), 1);
  CHECK_INT(entity.reported, GC_HEALTH_UP);
}

static void a_short_failure_sends_no_notification(void) {
  begin_entity(GC_HEALTH_BLOCK);
  read_for(10 * 1000, true);
  CHECK_INT(read_for(2 * 1000, false), 0);
  CHECK_INT(read_for(60 * 1000, true), 0);
}

static void
a_flapping_source_sends_few_events_and_ends_with_its_true_state(void) {
  begin_entity(GC_HEALTH_BLOCK);
  read_for(10 * 1000, true);
  unsigned sent = 0;
  for (int i = 0; i < 30; i++) /* ten minutes */
    sent += read_for(10 * 1000, false) + read_for(10 * 1000, true);
  CHECK_INT(sent, GC_HEALTH_EVENTS_MAX);
  read_for(10 * 1000, false);
  read_for(GC_HEALTH_EVENTS_MS, false);
  CHECK_INT(entity.reported, GC_HEALTH_DOWN);
  CHECK_INT(entity.state, GC_HEALTH_DOWN);
}

static void a_block_without_readings_is_stuck_until_the_next_one(void) {
  begin_entity(GC_HEALTH_BLOCK);
  read_for(2000, true);
  pass_ms(GC_HEALTH_STUCK_MS - 1);
  gc_health_entity_tick(&entity, &t);
  CHECK_INT(entity.state, GC_HEALTH_UP);
  pass_ms(1);
  gc_health_entity_tick(&entity, &t);
  CHECK_INT(entity.state, GC_HEALTH_STUCK);
  read_source("observations", true);
  CHECK_INT(entity.state, GC_HEALTH_UP);
}

static void a_block_that_could_not_start_stays_down(void) {
  struct gc_err err = {.code = GC_ERR_CONFIG, .text = "no account"};
  begin_entity(GC_HEALTH_BLOCK);
  gc_health_entity_fail(&entity, &err, &t);
  pass_ms(24 * 3600 * 1000);
  gc_health_entity_tick(&entity, &t);
  CHECK_INT(entity.state, GC_HEALTH_DOWN);
  CHECK_STR(gc_health_entity_cause(&entity)->err.text, "no account");
  CHECK(!gc_health_entity_is_ready(&entity, &t));
}

static void an_account_without_an_api_is_down(void) {
  begin_entity(GC_HEALTH_ACCOUNT);
  note_cause("api", GC_ERR_NETWORK, "refused");
  CHECK_INT(entity.state, GC_HEALTH_DOWN);
  note_cause("api", GC_OK, "");
  note_cause("list of queues", GC_ERR_PERMISSION, "403");
  read_source("token", true);
  CHECK_INT(entity.state, GC_HEALTH_DEGRADED);
}

static void read_answers(uint64_t answers) {
  struct gc_health_reading r;
  (void)gc_health_reading_begin(&r);
  r.answers = answers;
  r.source_count = 1;
  r.sources[0] = (struct gc_health_source){"token", true};
  pass_ms(1000);
  gc_health_entity_read(&entity, &r, &t);
}

static void an_account_with_one_endpoint_that_fails_is_not_down(void) {
  begin_entity(GC_HEALTH_ACCOUNT);
  read_answers(5);
  note_cause("api", GC_ERR_TIMEOUT, "conversation_details: no answer");
  read_answers(6); /* that answer may be older than the failure */
  CHECK_INT(entity.state, GC_HEALTH_DOWN);
  for (int s = 0; s < 60; s++)
    read_answers(6);
  CHECK_INT(entity.state, GC_HEALTH_DOWN);
  read_answers(7);
  CHECK_INT(entity.state, GC_HEALTH_DEGRADED);
  note_cause("api", GC_ERR_TIMEOUT, "conversation_details: no answer");
  CHECK_INT(entity.state, GC_HEALTH_DEGRADED);
  note_cause("api", GC_OK, "");
  CHECK_INT(entity.state, GC_HEALTH_UP);
}

static void requests_that_wait_for_half_a_minute_are_a_spent_budget(void) {
  begin_entity(GC_HEALTH_ACCOUNT);
  struct gc_health_reading r;
  (void)gc_health_reading_begin(&r);
  r.figures[GC_HEALTH_FIGURE_BUDGET] = 0;
  r.figures[GC_HEALTH_FIGURE_PENDING] = 12;
  r.source_count = 1;
  r.sources[0] = (struct gc_health_source){"token", true};
  for (int s = 0; s < 29; s++) {
    pass_ms(1000);
    gc_health_entity_read(&entity, &r, &t);
  }
  CHECK(entity.state != GC_HEALTH_BUDGET);
  note_cause("names of queues", GC_ERR_PARSE, "two of a name");
  pass_ms(2000);
  gc_health_entity_read(&entity, &r, &t);
  CHECK_INT(entity.state, GC_HEALTH_BUDGET);
  CHECK(gc_health_entity_cause(&entity) == NULL);
  note_cause("throttle", GC_ERR_THROTTLED, "429");
  CHECK_STR(gc_health_entity_cause(&entity)->name, "throttle");
}

static void a_writer_that_has_not_sent_yet_is_no_growing_spool(void) {
  begin_entity(GC_HEALTH_BLOCK);
  read_source("writer", false);
  pass_ms(GC_HEALTH_EARLY_MS);
  read_source("writer", false);
  CHECK_INT(entity.state, GC_HEALTH_STARTING);
  note_cause("database", GC_ERR_NETWORK, "refused");
  CHECK_INT(entity.state, GC_HEALTH_SPOOLING);
}

static void ready_is_not_taken_back(void) {
  begin_entity(GC_HEALTH_BLOCK);
  read_source("observations", false);
  CHECK(!gc_health_entity_is_ready(&entity, &t));
  read_for(1000, true);
  CHECK(gc_health_entity_is_ready(&entity, &t));
  read_for(60 * 1000, false);
  CHECK(gc_health_entity_is_ready(&entity, &t));
}

static void a_silent_channel_of_the_account_silences_the_stream(void) {
  begin_entity(GC_HEALTH_BLOCK);
  read_source("stream", true);
  entity.stream = (struct gc_health_cause){
      .name = "stream", .err = {GC_ERR_TIMEOUT, "no message for 40 s"}};
  gc_health_entity_tick(&entity, &t);
  CHECK_INT(entity.state, GC_HEALTH_SILENT);
  CHECK_STR(gc_health_entity_cause(&entity)->err.text, "no message for 40 s");
  entity.stream.err.code = GC_ERR_NETWORK; /* the channel reconnects */
  gc_health_entity_tick(&entity, &t);
  CHECK_INT(entity.state, GC_HEALTH_UP);
}

/* Reads the account with this lease_state until its change is reported. */
static void read_lease(double lease_state, enum gc_health_state reported) {
  struct gc_health_reading r;
  uint32_t changes = 0;
  unsigned sent = 0;
  (void)gc_health_reading_begin(&r);
  r.figures[GC_HEALTH_FIGURE_LEASE_STATE] = lease_state;
  r.source_count = 1;
  r.sources[0] = (struct gc_health_source){"token", true};
  for (int s = 0; s < 5; s++) {
    pass_ms(1000);
    gc_health_entity_read(&entity, &r, &t);
    sent += gc_health_entity_report(&entity, &t, &changes);
  }
  CHECK_INT(sent, 1);
  CHECK_STR(gc_health_row(entity.reported)->word,
            gc_health_row(reported)->word);
}

static void a_take_over_is_reported_while_a_warning_stands(void) {
  begin_entity(GC_HEALTH_ACCOUNT);
  note_cause("list of queues", GC_ERR_PERMISSION, "403");
  read_lease(0, GC_HEALTH_STANDBY);
  CHECK_INT(entity.concern, GC_HEALTH_DEGRADED);
  CHECK_STR(gc_health_entity_cause(&entity)->name, "list of queues");
  read_lease(2, GC_HEALTH_DEGRADED);
  read_lease(0, GC_HEALTH_STANDBY);
  note_cause("list of queues", GC_OK, "");
  CHECK_INT(entity.concern, GC_HEALTH_STANDBY);
  read_lease(2, GC_HEALTH_UP);
}

int main(void) {
  RUN(a_success_ends_its_cause_and_no_other);
  RUN(a_cause_that_costs_no_value_degrades_nothing);
  RUN(a_message_that_is_too_large_is_no_overflow_of_series);
  RUN(an_occurrence_is_over_after_a_while);
  RUN(a_condition_stays_until_its_success);
  RUN(an_occurrence_makes_room_for_a_condition);
  RUN(no_other_cause_replaces_that_of_the_account);
  RUN(a_warning_is_not_the_cause_of_an_outage);
  RUN(threads_that_hang_have_no_cause_of_a_source);
  RUN(a_limit_is_not_the_cause_of_an_outage);
  RUN(a_permission_of_a_side_task_hides_no_outage);
  RUN(an_account_that_is_away_is_no_missing_permission);
  RUN(the_stop_is_no_failure);
  RUN(causes_without_room_replace_the_oldest);
  RUN(one_change_is_one_notification);
  RUN(a_short_failure_sends_no_notification);
  RUN(a_flapping_source_sends_few_events_and_ends_with_its_true_state);
  RUN(a_block_without_readings_is_stuck_until_the_next_one);
  RUN(a_block_that_could_not_start_stays_down);
  RUN(an_account_without_an_api_is_down);
  RUN(an_account_with_one_endpoint_that_fails_is_not_down);
  RUN(requests_that_wait_for_half_a_minute_are_a_spent_budget);
  RUN(a_writer_that_has_not_sent_yet_is_no_growing_spool);
  RUN(ready_is_not_taken_back);
  RUN(a_silent_channel_of_the_account_silences_the_stream);
  RUN(a_take_over_is_reported_while_a_warning_stands);
  return check_done();
}
