/* SPDX-License-Identifier: MIT */
#include "common/health/registry.h"

#include "tests/support/check.h"

static struct gc_health_event event;
static char text[GC_HEALTH_MESSAGE_SIZE];

static void begin_event(enum gc_health_state before,
                        enum gc_health_state state) {
  event = (struct gc_health_event){
      .id = {.name = "queues-all"}, .before = before, .state = state};
}

static void a_failure_names_cause_and_text(void) {
  begin_event(GC_HEALTH_UP, GC_HEALTH_PERMISSION);
  event.changes = 1;
  event.cause = (struct gc_health_cause){
      .name = "observations", .err = {GC_ERR_PERMISSION, "403: give a role"}};
  gc_health_event_message(&event, text);
  CHECK_STR(text, "queues-all: permission_missing (was up): observations: 403: "
                  "give a role");
}

static void without_a_cause_the_state_explains_itself(void) {
  begin_event(GC_HEALTH_SILENT, GC_HEALTH_UP);
  event.changes = 5;
  event.cause =
      (struct gc_health_cause){.name = "cost", .err = {GC_ERR_LIMIT, "much"}};
  gc_health_event_message(&event, text);
  CHECK_STR(text, "queues-all: up (was stream_silent) [5 changes since the "
                  "last one]: each source works and its values are current");
}

/* collectd cuts a notification at 255 bytes: what is to be done stays. */
static void a_long_text_keeps_its_last_clause(void) {
  static const char next[] =
      "; give the role of the OAuth client analytics:queueObservation:view";
  begin_event(GC_HEALTH_UP, GC_HEALTH_PERMISSION);
  snprintf(event.cause.name, sizeof(event.cause.name), "observations");
  event.cause.err.code = GC_ERR_PERMISSION;
  snprintf(event.cause.err.text, sizeof(event.cause.err.text),
           "403: %0150d%s, in every division that the agent reads; correlation "
           "id 70e837",
           0, next);
  gc_health_event_message(&event, text);
  CHECK_HAS(text, "queues-all: permission_missing (was up): observations: 403");
  CHECK_HAS(text, next);
  CHECK(strlen(text) < GC_HEALTH_MESSAGE_SIZE);
}

static void a_long_text_is_cut_at_a_character(void) {
  begin_event(GC_HEALTH_UP, GC_HEALTH_DOWN);
  snprintf(event.cause.name, sizeof(event.cause.name), "api");
  event.cause.err.code = GC_ERR_NETWORK;
  memset(event.cause.err.text, 'x', 300);
  for (size_t i = 100; i + 1 < 300; i += 2)
    memcpy(event.cause.err.text + i, "\xc3\xa9", 2);
  gc_health_event_message(&event, text);
  CHECK_INT(strlen(text) >= GC_HEALTH_MESSAGE_SIZE - 2, 1);
  CHECK(strcmp(text + strlen(text) - 2, "\xc3\xa9") == 0);
}

int main(void) {
  RUN(a_failure_names_cause_and_text);
  RUN(without_a_cause_the_state_explains_itself);
  RUN(a_long_text_keeps_its_last_clause);
  RUN(a_long_text_is_cut_at_a_character);
  return check_done();
}
