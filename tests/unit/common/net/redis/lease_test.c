/* SPDX-License-Identifier: MIT */
/* The script in a real Redis, held to lease_record_apply; and two agents that
 * share a server. */
#include "common/net/redis/lease.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/lease_record.h"
#include "tests/support/redis_server.h"

enum { SKIPPED = 77, TTL = 15000 };

static struct redis_server server;
static struct redis_settings settings;
static int stop_fds[2];
static struct redis_lease_share share = {.name = "prod"};

static struct redis_link *open_link(void) {
  struct redis_link *link = NULL;
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(redis_link_open(&settings, stop_fds[0], &link, &err), GC_OK);
  CHECK_STR(err.text, "");
  return link;
}

static void start_server(void) {
  struct gc_err err = {.code = GC_OK};
  redis_server_start(&server, NULL);
  settings = (struct redis_settings){.answer_ms = 5000};
  CHECK_INT(redis_url_parse(server.url, &settings.url, &err), GC_OK);
}

static uint32_t random_state = 1;

static uint32_t random_to(uint32_t max) {
  random_state = random_state * 1664525u + 1013904223u;
  return (random_state >> 16) % (max + 1);
}

static struct gc_lease_request random_request(struct gc_lease_record now) {
  static const uint64_t owners[] = {UINT64_MAX, UINT64_MAX - 1, 7};
  struct gc_lease_request q = {
      .verb = (enum gc_lease_verb)random_to(GC_LEASE_RELEASE),
      .owner = owners[random_to(GC_COUNT(owners) - 1)],
      .beat = random_to(40),
      .fence = now.fence + 2 - random_to(now.fence < 2 ? 2 : 4),
      .restores = random_to(1) == 1,
      .seen = now};
  if (random_to(2) == 0)
    q.seen.beat++;
  if (random_to(4) == 0)
    q.seen.owner = owners[random_to(GC_COUNT(owners) - 1)];
  return q;
}

static void the_script_and_the_model_give_the_same_records(void) {
  struct gc_lease_record model = {0}, got;
  struct gc_err err = {.code = GC_OK};
  unsigned writes = 0;
  start_server();
  struct redis_link *link = open_link();
  for (unsigned i = 0; i < 5000 && check_failed == 0; i++) {
    struct gc_lease_request q = random_request(model);
    struct gc_lease_record before = model;
    lease_record_apply(&model, &q);
    writes += memcmp(&before, &model, sizeof(model)) != 0;
    CHECK_INT(redis_lease_request(link, &share, &q, &got, &err), GC_OK);
    CHECK_INT(got.fence, model.fence);
    CHECK(got.owner == model.owner);
    CHECK_INT(got.beat, model.beat);
  }
  CHECK(writes > 500);
  redis_link_close(link);
  redis_server_end(&server);
}

/* The record is written, and counts only when enough replicas have it. */
static void a_renewal_waits_for_the_replicas(void) {
  struct gc_lease_record got;
  struct gc_err err = {.code = GC_OK};
  struct redis_lease_share replicated = {
      .name = "prod", .terms.replicas = 1, .wait_ms = 20};
  struct gc_lease_request q = {
      .verb = GC_LEASE_CLAIM, .owner = 7, .beat = 1, .fence = 0};
  start_server();
  struct redis_link *link = open_link();
  CHECK_INT(redis_lease_check_server(link, &err), GC_OK);
  CHECK_INT(redis_lease_request(link, &replicated, &q, &got, &err), GC_OK);
  q = (struct gc_lease_request){
      .verb = GC_LEASE_RENEW, .owner = 7, .beat = 2, .fence = got.fence};
  CHECK_INT(redis_lease_request(link, &replicated, &q, &got, &err),
            GC_ERR_REMOTE);
  CHECK(strstr(err.text, "0 of 1 replicas have the lease") != NULL);
  q.verb = GC_LEASE_OBSERVE;
  CHECK_INT(redis_lease_request(link, &replicated, &q, &got, &err), GC_OK);
  CHECK_INT(got.beat, 2);
  redis_link_close(link);
  redis_server_end(&server);
}

/* Takes the lease as owner 7, with beat 1. */
static void claim_lease(struct redis_link *link, struct redis_lease_share *s,
                        struct gc_lease_record *got) {
  struct gc_err err = {.code = GC_OK};
  const struct gc_lease_request q = {
      .verb = GC_LEASE_CLAIM, .owner = 7, .beat = 1};
  CHECK_INT(redis_lease_request(link, s, &q, got, &err), GC_OK);
  CHECK(got->owner == 7);
}

static enum gc_code renew_lease(struct redis_link *link,
                                struct redis_lease_share *s, uint64_t beat,
                                struct gc_lease_record *got) {
  struct gc_err err = {.code = GC_OK};
  const struct gc_lease_request q = {
      .verb = GC_LEASE_RENEW, .owner = 7, .beat = beat, .fence = 1};
  return redis_lease_request(link, s, &q, got, &err);
}

/* What is not confirmed does not beat: other agents see the record unchanged
 * and may claim it. */
static void a_renewal_that_is_refused_does_not_beat(void) {
  struct gc_lease_record got;
  struct gc_err err = {.code = GC_OK};
  const struct gc_lease_request look = {.verb = GC_LEASE_OBSERVE, .owner = 8};
  start_server();
  struct redis_link *link = open_link();
  claim_lease(link, &share, &got);
  CHECK_INT(renew_lease(link, &share, 2, &got), GC_OK);
  CHECK_STR(redis_server_ask(&server, "CONFIG SET maxmemory 1"), "OK");
  CHECK(renew_lease(link, &share, 3, &got) != GC_OK);
  CHECK_INT(redis_lease_request(link, &share, &look, &got, &err), GC_OK);
  CHECK_INT(got.beat, 2);
  redis_link_close(link);
  redis_server_end(&server);
}

static void write_page(struct gc_lease_book *book, const char *text) {
  struct gc_buf fields = {.max = 1000};
  uint64_t version;
  CHECK_INT(gc_fields_add(&fields, "count", text), GC_OK);
  CHECK_INT(gc_lease_page_write(gc_lease_book_page(book, "queues"), 1, &fields,
                                true, &version),
            GC_OK);
  gc_buf_clear(&fields);
}

/* The key of a page has another type: it is neither read nor written. */
static void a_page_that_fails_costs_no_lease(void) {
  struct gc_lease_record got;
  struct redis_lease_share s = {.name = "prod", .book = gc_lease_book_new()};
  CHECK(gc_lease_book_page(s.book, "queues") != NULL);
  start_server();
  CHECK_STR(redis_server_ask(&server, "SET genesys:{lease}:prod/queues x"),
            "OK");
  struct redis_link *link = open_link();
  claim_lease(link, &s, &got);
  CHECK_HAS(s.page_err.text, "WRONGTYPE");
  write_page(s.book, "5");
  CHECK_INT(renew_lease(link, &s, 2, &got), GC_OK);
  CHECK_INT(got.beat, 2);
  CHECK_HAS(s.page_err.text, "queues: WRONGTYPE");
  CHECK_STR(redis_server_ask(&server, "DEL genesys:{lease}:prod/queues"), "1");
  CHECK_INT(renew_lease(link, &s, 3, &got), GC_OK);
  CHECK_INT(s.page_err.code, GC_OK);
  CHECK_STR(redis_server_ask(&server, "HGET genesys:{lease}:prod/queues count"),
            "5");
  redis_link_close(link);
  gc_lease_book_free(s.book);
  redis_server_end(&server);
}

static void the_record_has_the_options_of_its_writer(void) {
  struct gc_lease_record got;
  struct redis_lease_share s = {
      .name = "prod",
      .terms = {.ttl_ms = 60000, .replicas = 2, .goes_on = true}};
  start_server();
  struct redis_link *link = open_link();
  claim_lease(link, &s, &got);
  CHECK_INT(s.seen.ttl_ms, 60000);
  CHECK_INT(s.seen.replicas, 2);
  CHECK(s.seen.goes_on);
  redis_link_close(link);
  redis_server_end(&server);
}

/* ---- two agents, their clock a number ---- */

struct agent {
  struct gc_lease l;
  struct redis_link *link;
};

static uint64_t now_ms = 1000;

static void run_agent(struct agent *a, bool reaches) {
  struct gc_lease_request q;
  struct gc_err err = {.code = GC_OK};
  struct gc_lease_event e = {.kind = GC_LEASE_TICK};
  gc_lease_step(&a->l, &e, now_ms);
  if (!gc_lease_next(&a->l, now_ms, 0, &q))
    return;
  bool ok = reaches &&
            redis_lease_request(a->link, &share, &q, &e.record, &err) == GC_OK;
  e.kind = ok ? GC_LEASE_ANSWER : GC_LEASE_NO_ANSWER;
  gc_lease_step(&a->l, &e, now_ms);
}

static void run_both(struct agent *a, bool a_reaches, struct agent *b,
                     uint32_t ms) {
  for (uint64_t end_ms = now_ms + ms; now_ms < end_ms; now_ms += 100) {
    if (a != NULL)
      run_agent(a, a_reaches);
    run_agent(b, true);
    CHECK(a == NULL || gc_lease_valid_until_ms(&a->l) <= now_ms ||
          gc_lease_valid_until_ms(&b->l) <= now_ms);
  }
}

static void begin_agents(struct agent *a, struct agent *b) {
  start_server();
  a->link = open_link();
  b->link = open_link();
  gc_lease_init(&a->l, TTL, false, 1, now_ms);
  run_both(NULL, false, a, 14000);
  CHECK_INT(a->l.state, GC_LEASE_HOLDER);
  gc_lease_init(&b->l, TTL, false, 2, now_ms);
  run_both(a, true, b, 30000);
  CHECK_INT(b->l.state, GC_LEASE_STANDBY);
}

static void end_agents(struct agent *a, struct agent *b) {
  redis_link_close(a->link);
  redis_link_close(b->link);
  redis_server_end(&server);
}

static void a_partitioned_holder_is_followed_by_the_other(void) {
  struct agent a, b;
  begin_agents(&a, &b);
  run_both(&a, false, &b, 15000);
  CHECK_INT(a.l.state, GC_LEASE_BLIND);
  CHECK_INT(b.l.state, GC_LEASE_HOLDER);
  run_both(&a, true, &b, 5000);
  CHECK_INT(a.l.state, GC_LEASE_STANDBY);
  CHECK_INT(b.l.fence, 2);
  end_agents(&a, &b);
}

static void a_holder_that_stops_is_followed_at_once(void) {
  struct agent a, b;
  begin_agents(&a, &b);
  gc_lease_step(&a.l, &(struct gc_lease_event){.kind = GC_LEASE_STOP}, now_ms);
  run_both(&a, true, &b, 2500);
  CHECK_INT(a.l.state, GC_LEASE_ENDED);
  CHECK_INT(b.l.state, GC_LEASE_HOLDER);
  end_agents(&a, &b);
}

static void a_step_of_the_servers_clock_changes_no_holder(void) {
  struct agent a, b;
  if (!redis_server_set_clock(&server))
    return;
  begin_agents(&a, &b);
  *server.later_ms = INT64_C(5) * 3600 * 1000;
  run_both(&a, true, &b, 30000);
  *server.later_ms = -INT64_C(5) * 3600 * 1000;
  run_both(&a, true, &b, 30000);
  *server.later_ms = 0;
  CHECK_INT(a.l.state, GC_LEASE_HOLDER);
  CHECK_INT(a.l.fence, 1);
  end_agents(&a, &b);
}

static void an_emptied_server_changes_no_holder(void) {
  struct agent a, b;
  begin_agents(&a, &b);
  CHECK_STR(redis_server_ask(&server, "FLUSHALL"), "OK");
  run_both(&a, true, &b, 30000);
  CHECK_INT(a.l.state, GC_LEASE_HOLDER);
  end_agents(&a, &b);
}

static void a_key_of_another_program_is_refused(void) {
  static const char *const damages[] = {
      "HSET genesys:{lease}:prod fence x",
      "HSET genesys:{lease}:prod owner -1",
      "HSET genesys:{lease}:prod beat 99999999999999999999",
  };
  struct gc_lease_request q = {.verb = GC_LEASE_OBSERVE, .owner = 1};
  struct gc_lease_record got;
  start_server();
  struct redis_link *link = open_link();
  for (size_t i = 0; i < GC_COUNT(damages); i++) {
    struct gc_err err = {.code = GC_OK};
    CHECK_ROW(damages[i]);
    CHECK_STR(redis_server_ask(&server, "DEL genesys:{lease}:prod"),
              i == 0 ? "0" : "1");
    CHECK_STR(redis_server_ask(&server, damages[i]), "1");
    CHECK_INT(redis_lease_request(link, &share, &q, &got, &err), GC_ERR_PARSE);
    CHECK_STR(err.text,
              "the key genesys:{lease}:prod has no record of a lease");
  }
  redis_link_close(link);
  redis_server_end(&server);
}

/* The account has no StateURL and no StatePasswordFile. */
static void advice_names_the_options_of_the_lease(void) {
  static const struct {
    const char *words, *lease, *state;
  } rows[] = {
      {"WRONGPASS invalid username-password pair",
       "check LeaseUser and LeasePasswordFile",
       "check StateUser and StatePasswordFile"},
      {"NOAUTH Authentication required.", "set LeasePasswordFile",
       "set StatePasswordFile"},
      {"ERR AUTH <password> called without any password configured",
       "remove LeasePasswordFile", "remove StatePasswordFile"},
      {"ERR invalid password", "check LeasePasswordFile",
       "check StatePasswordFile"},
      {"READONLY You can't write against a read only replica.",
       "LeaseURL must name the master", "StateURL must name the master"},
      {"MOVED 1 127.0.0.1:7000", "LeaseURL must not name a Cluster",
       "StateURL must name the node"},
      {"NOPERM this user has no permissions", "high-availability.md", "README"},
      {"OOM command not allowed", "maxmemory", "maxmemory"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_err err = {.code = GC_OK};
    CHECK_ROW(rows[i].words);
    enum gc_code code = redis_refused(rows[i].words, REDIS_LEASE, &err);
    CHECK_HAS(err.text, rows[i].lease);
    CHECK_INT(redis_refused(rows[i].words, REDIS_STATE, &err), code);
    CHECK_HAS(err.text, rows[i].state);
  }
}

static void a_refused_password_names_the_option_of_the_lease(void) {
  struct redis_link *link = NULL;
  struct gc_err err = {.code = GC_OK};
  redis_server_start(&server, "requirepass correct-horse");
  settings = (struct redis_settings){.use = REDIS_LEASE, .answer_ms = 5000};
  CHECK_INT(redis_url_parse(server.url, &settings.url, &err), GC_OK);
  enum gc_code code = redis_link_open(&settings, stop_fds[0], &link, &err);
  if (code == GC_OK)
    code = redis_lease_check_server(link, &err);
  CHECK_INT(code, GC_ERR_AUTH);
  CHECK_HAS(err.text, "LeasePasswordFile");
  redis_link_close(link);
  redis_server_end(&server);
}

static void write_password(const char *path, const char *password) {
  FILE *file = fopen(path, "w");
  CHECK(file != NULL && fputs(password, file) >= 0 && fclose(file) == 0);
}

static void a_corrected_password_counts_for_the_next_connection(void) {
  struct redis_link *link = NULL;
  struct gc_err err = {.code = GC_OK};
  char path[] = "lease-password-XXXXXX";
  int file = mkstemp(path);
  CHECK(file >= 0 && close(file) == 0);
  redis_server_start(&server, "requirepass right");
  settings = (struct redis_settings){
      .use = REDIS_LEASE, .answer_ms = 5000, .password_file = path};
  CHECK_INT(redis_url_parse(server.url, &settings.url, &err), GC_OK);
  write_password(path, "wrong");
  CHECK_INT(redis_link_open(&settings, stop_fds[0], &link, &err), GC_ERR_AUTH);
  CHECK_HAS(err.text, "LeasePasswordFile");
  write_password(path, "right\n");
  CHECK_INT(redis_link_open(&settings, stop_fds[0], &link, &err), GC_OK);
  CHECK_INT(redis_lease_check_server(link, &err), GC_OK);
  redis_link_close(link);
  redis_server_end(&server);
  CHECK_INT(unlink(path), 0);
}

int main(void) {
  if (!redis_is_installed() || pipe(stop_fds) != 0)
    return SKIPPED;
  RUN(the_script_and_the_model_give_the_same_records);
  RUN(a_renewal_waits_for_the_replicas);
  RUN(a_renewal_that_is_refused_does_not_beat);
  RUN(a_page_that_fails_costs_no_lease);
  RUN(the_record_has_the_options_of_its_writer);
  RUN(a_partitioned_holder_is_followed_by_the_other);
  RUN(a_holder_that_stops_is_followed_at_once);
  RUN(a_step_of_the_servers_clock_changes_no_holder);
  RUN(an_emptied_server_changes_no_holder);
  RUN(a_key_of_another_program_is_refused);
  RUN(advice_names_the_options_of_the_lease);
  RUN(a_refused_password_names_the_option_of_the_lease);
  RUN(a_corrected_password_counts_for_the_next_connection);
  return check_done();
}
