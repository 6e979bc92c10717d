/* SPDX-License-Identifier: MIT */
#include "common/net/api/outage.h"

#include "tests/support/check.h"

static struct gc_api_outage outage;

static void begin_outage(void) { outage = (struct gc_api_outage){0}; }

static bool note_failure(enum gc_endpoint_id id, uint64_t at_ms) {
  return gc_api_outage_note(&outage, id, GC_ERR_REMOTE, at_ms);
}

static bool note_success(enum gc_endpoint_id id, uint64_t at_ms) {
  return gc_api_outage_note(&outage, id, GC_OK, at_ms);
}

static void an_outage_ends_when_all_failed_functions_work(void) {
  begin_outage();
  CHECK(note_failure(GC_ENDPOINT_QUEUES, 1000));
  CHECK(note_failure(GC_ENDPOINT_USERS, 1000));
  CHECK(!note_success(GC_ENDPOINT_PRESENCES, 2000));
  CHECK(!note_success(GC_ENDPOINT_QUEUES, 3000));
  CHECK(note_success(GC_ENDPOINT_USERS, 4000));
}

static void a_refused_request_is_no_failure_of_the_service(void) {
  begin_outage();
  CHECK(note_failure(GC_ENDPOINT_QUEUES, 1000));
  CHECK(
      gc_api_outage_note(&outage, GC_ENDPOINT_QUEUES, GC_ERR_PERMISSION, 2000));
}

/* A channel whose check had no answer is used without a second check. */
static void one_call_of_the_channels_counts_for_the_others(void) {
  begin_outage();
  CHECK(note_failure(GC_ENDPOINT_CHANNEL_CHECK, 1000));
  CHECK(note_failure(GC_ENDPOINT_CHANNEL_CREATE, 1000));
  CHECK(!note_success(GC_ENDPOINT_QUEUE_OBSERVATIONS, 2000));
  CHECK(note_success(GC_ENDPOINT_SUBSCRIPTIONS_REPLACE, 3000));
}

/* A block that reads the activity in place of its observations never calls the
 * old function again. */
static void a_function_that_is_not_called_ends_with_another(void) {
  begin_outage();
  CHECK(note_failure(GC_ENDPOINT_QUEUE_OBSERVATIONS, 1000));
  CHECK(!note_success(GC_ENDPOINT_ROUTING_ACTIVITY, GC_API_OUTAGE_UNCALLED_MS));
  CHECK(note_success(GC_ENDPOINT_ROUTING_ACTIVITY,
                     GC_API_OUTAGE_UNCALLED_MS + 1000));
}

static void an_outage_without_any_success_never_ends(void) {
  begin_outage();
  for (uint64_t s = 0; s < 24 * 3600; s += 60)
    CHECK(note_failure(GC_ENDPOINT_QUEUES, s * 1000));
  CHECK(!note_success(GC_ENDPOINT_USERS, 24 * 3600 * 1000));
}

int main(void) {
  RUN(an_outage_ends_when_all_failed_functions_work);
  RUN(a_refused_request_is_no_failure_of_the_service);
  RUN(one_call_of_the_channels_counts_for_the_others);
  RUN(a_function_that_is_not_called_ends_with_another);
  RUN(an_outage_without_any_success_never_ends);
  return check_done();
}
