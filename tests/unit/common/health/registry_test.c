/* SPDX-License-Identifier: MIT */
#include "common/health/registry.h"

#include "tests/support/check.h"

static struct gc_health_time t;
static struct gc_health *account, *block, *other;

static struct gc_health_time read_clock(void) { return t; }

static struct gc_health *add_health(enum gc_health_kind kind, const char *name,
                                    const char *short_name,
                                    const char *account_name) {
  struct gc_health *h = gc_health_add(kind, "genesys", name, short_name);
  gc_health_set_account(h, account_name, "host");
  return h;
}

static void begin_registry(void) {
  t = (struct gc_health_time){1000, 1000000};
  account = add_health(GC_HEALTH_ACCOUNT, "account-prod", "prod", NULL);
  block = add_health(GC_HEALTH_BLOCK, "queues-all", "all", "prod");
  other = add_health(GC_HEALTH_BLOCK, "node-db", "db", NULL);
}

static void end_registry(void) {
  gc_health_remove(account);
  gc_health_remove(block);
  gc_health_remove(other);
}

/* A reading of one source; its other figures are not known. */
static struct gc_health_reading reading_of(const char *source, bool is_up) {
  struct gc_health_reading r;
  (void)gc_health_reading_begin(&r);
  snprintf(r.sources[0].name, sizeof(r.sources[0].name), "%s", source);
  r.sources[0].is_up = is_up;
  r.source_count = source[0] != '\0';
  return r;
}

static void read_up(struct gc_health *h, bool is_up) {
  struct gc_health_reading r = reading_of("observations", is_up);
  gc_health_read(h, &r);
}

/* Reads all three for `s` seconds; notes the names of the notifications. */
static char sent[512];
static void read_for(int s, bool account_up, bool block_up) {
  struct gc_health_event event;
  sent[0] = '\0';
  for (; s > 0; s--) {
    t.now_ms += 1000;
    t.wall_ms += 1000;
    read_up(account, account_up);
    read_up(block, block_up);
    read_up(other, true);
    while (gc_health_next_event(&event)) {
      size_t used = strlen(sent);
      snprintf(sent + used, sizeof(sent) - used, "%s:%s ", event.id.name,
               gc_health_row(event.state)->word);
    }
  }
}

static void an_account_is_reported_in_place_of_its_blocks(void) {
  begin_registry();
  read_for(10, true, true);
  CHECK_STR(sent, "");
  read_for(60, false, false);
  CHECK_STR(sent, "account-prod:down ");
  read_for(60, true, true);
  CHECK_STR(sent, "account-prod:up ");
  read_for(60, true, false);
  CHECK_STR(sent, "queues-all:down ");
  end_registry();
}

static void a_block_that_stays_down_is_reported_after_its_account(void) {
  begin_registry();
  read_for(10, true, true);
  read_for(60, false, false);
  read_for(60, true, false);
  CHECK_STR(sent, "account-prod:up queues-all:down ");
  end_registry();
}

static void a_snapshot_is_of_this_moment_and_in_order(void) {
  struct gc_health_snapshot s;
  begin_registry();
  read_for(10, true, true);
  t.now_ms += GC_HEALTH_STUCK_MS;
  gc_health_snapshot_take(&s, &t);
  CHECK_INT(s.count, 3);
  CHECK_STR(s.at[0].id.name, "account-prod");
  CHECK_STR(s.at[1].id.account, "prod");
  CHECK_STR(s.at[2].id.host, "host");
  CHECK_INT(s.at[1].state, GC_HEALTH_STUCK);
  gc_health_snapshot_clear(&s);
  end_registry();
  gc_health_snapshot_take(&s, &t);
  CHECK_INT(s.count, 0);
  gc_health_snapshot_clear(&s);
}

static void a_block_takes_the_silence_of_its_accounts_channel(void) {
  struct gc_health_snapshot s;
  struct gc_health_reading r = reading_of("stream", true);
  struct gc_err err = {.code = GC_ERR_TIMEOUT, .text = "no message"};
  begin_registry();
  gc_health_read(block, &r);
  gc_health_note(account, "stream 2", &err);
  gc_health_snapshot_take(&s, &t);
  CHECK_INT(s.at[1].state, GC_HEALTH_SILENT);
  CHECK_INT(s.at[2].state, GC_HEALTH_STARTING);
  gc_health_snapshot_clear(&s);
  err.code = GC_OK;
  gc_health_note(account, "stream 2", &err);
  gc_health_snapshot_take(&s, &t);
  CHECK_INT(s.at[1].state, GC_HEALTH_UP);
  gc_health_snapshot_clear(&s);
  end_registry();
}

/* Notes the outcome of a channel and returns the state of the block. */
static enum gc_health_state state_after(const char *cause, enum gc_code code) {
  struct gc_err err = {.code = code, .text = "why"};
  struct gc_health_snapshot s;
  gc_health_note(account, cause, &err);
  gc_health_snapshot_take(&s, &t);
  enum gc_health_state state = s.at[1].state;
  gc_health_snapshot_clear(&s);
  return state;
}

static void only_a_silent_channel_silences_the_stream(void) {
  struct gc_health_reading r = reading_of("stream", true);
  begin_registry();
  gc_health_read(block, &r);
  CHECK_INT(state_after("stream renewal", GC_ERR_TIMEOUT), GC_HEALTH_UP);
  CHECK_INT(state_after("stream 2 renewal", GC_ERR_TIMEOUT), GC_HEALTH_UP);
  CHECK_INT(state_after("stream", GC_ERR_TIMEOUT), GC_HEALTH_SILENT);
  CHECK_INT(state_after("stream 2", GC_ERR_NETWORK), GC_HEALTH_SILENT);
  CHECK_INT(state_after("stream 2 frames", GC_ERR_PARSE), GC_HEALTH_SILENT);
  CHECK_INT(state_after("stream", GC_OK), GC_HEALTH_UP);
  CHECK_INT(state_after("stream 2", GC_ERR_TIMEOUT), GC_HEALTH_SILENT);
  end_registry();
}

static void a_block_has_the_cause_of_its_account(void) {
  struct gc_health_snapshot s;
  struct gc_err refused = {.code = GC_ERR_AUTH, .text = "wrong secret"};
  struct gc_err down = {.code = GC_ERR_UNAVAILABLE, .text = "see the account"};
  begin_registry();
  read_for(10, true, true);
  gc_health_note(account, "token", &refused);
  gc_health_note(block, "observations", &down);
  read_for(10, false, false);
  gc_health_snapshot_take(&s, &t);
  CHECK_INT(s.at[1].state, GC_HEALTH_REFUSED);
  CHECK_STR(gc_health_entity_cause(&s.at[1])->err.text, "wrong secret");
  gc_health_snapshot_clear(&s);
  end_registry();
}

/* The account waits as the platform asks, so the block has no new values. */
static void a_block_names_the_wait_of_its_account(void) {
  struct gc_health_snapshot s;
  struct gc_err wait = {.code = GC_ERR_THROTTLED, .text = "429"};
  begin_registry();
  read_for(10, true, true);
  gc_health_note(account, "throttle", &wait);
  read_for(10, true, false);
  gc_health_snapshot_take(&s, &t);
  CHECK_INT(s.at[0].state, GC_HEALTH_BUDGET);
  CHECK_INT(s.at[1].state, GC_HEALTH_DOWN);
  CHECK_STR(gc_health_entity_cause(&s.at[1])->name, "throttle");
  gc_health_snapshot_clear(&s);
  read_for(10, true, true);
  CHECK_STR(sent, "queues-all:up ");
  end_registry();
}

static void a_missing_entry_changes_nothing(void) {
  struct gc_err err = {.code = GC_ERR_PARSE};
  struct gc_health_reading r = reading_of("", false);
  struct gc_health_snapshot s;
  gc_health_note(NULL, "x", &err);
  gc_health_read(NULL, &r);
  gc_health_fail(NULL, &err);
  gc_health_set_account(NULL, "a", "b");
  gc_health_remove(NULL);
  gc_health_snapshot_take(&s, &t);
  CHECK_INT(s.count, 0);
  gc_health_snapshot_clear(&s);
}

int main(void) {
  gc_health_set_clock(read_clock);
  RUN(an_account_is_reported_in_place_of_its_blocks);
  RUN(a_block_that_stays_down_is_reported_after_its_account);
  RUN(a_snapshot_is_of_this_moment_and_in_order);
  RUN(a_block_takes_the_silence_of_its_accounts_channel);
  RUN(only_a_silent_channel_silences_the_stream);
  RUN(a_block_has_the_cause_of_its_account);
  RUN(a_block_names_the_wait_of_its_account);
  RUN(a_missing_entry_changes_nothing);
  return check_done();
}
