/* SPDX-License-Identifier: MIT */
#include "common/net/name_cache.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/base/targets.h"
#include "tests/support/check.h"
#include "tests/support/replay.h"

#define MINUTE_MS 60000ull
#define QUEUES "GET /api/v2/routing/queues"
#define USERS "GET /api/v2/users"
#define PRESENCES "GET /api/v2/presence/definitions"
#define FLOWS "GET /api/v2/flows?"
#define OUTCOMES "GET /api/v2/flows/outcomes?"
#define MILESTONES "GET /api/v2/flows/milestones?"

static struct replay r;
static struct gc_auth *auth;
static struct gc_api *api;
static struct gc_shared_budget *budget;
static struct gc_names *names;
static struct gc_store *store;
static char folder[] = "/tmp/name_cache_test_XXXXXX";

static void wake(void *ctx) {
  (void)ctx;
  if (api != NULL)
    gc_api_wake(api);
}

struct ear {
  struct gc_names_listener listener;
  unsigned heard;
  char labels[256]; /* "id=label/detail " of the last directory */
  bool refused;
};

static void changed(void *ctx, struct gc_directory *d) {
  struct ear *e = ctx;
  size_t used = 0;
  e->heard++;
  e->refused = gc_directory_is_refused(d);
  e->labels[0] = '\0';
  for (size_t i = 0; i < gc_directory_count(d) && used < sizeof(e->labels);
       i++) {
    const struct gc_entry *entry = gc_directory_at(d, i);
    used +=
        (size_t)snprintf(e->labels + used, sizeof(e->labels) - used,
                         "%s=%s/%s ", entry->id, entry->label, entry->detail);
  }
}

static void listen_to(struct ear *e, enum gc_name_kind kind) {
  *e = (struct ear){.listener = {.kind = kind, .changed = changed}};
  e->listener.ctx = e;
  gc_names_listen(names, &e->listener);
}

static void begin_with_store(struct gc_store *s) {
  static struct gc_auth_settings auth_settings = {
      .url = "https://login.example.test/oauth/token",
      .client_id = "client",
      .secret = {.literal = "s3cr3t"},
      .margin_s = 300};
  static struct gc_api_settings settings = {
      .base_url = "https://api.example.test", .max_concurrent = 4};
  replay_init(&r);
  replay_answer(&r, &(struct replay_answer){
                        .match = "POST /oauth/token",
                        .times = REPLAY_ALWAYS,
                        .status = 200,
                        .body = "{\"access_token\":\"t\",\"expires_in\":"
                                "86399}"});
  budget = gc_budgets_get("client", 300, r.now_ms);
  auth = gc_auth_new(&auth_settings, &r.edge, wake, NULL);
  api = gc_api_new(&settings, &r.edge, auth, budget);
  names = gc_names_new("prod", api, &r.edge, s);
}

static void begin(void) { begin_with_store(NULL); }

static void end(void) {
  gc_names_free(names);
  gc_api_free(api);
  gc_auth_free(auth);
  gc_budgets_put(budget);
  names = NULL;
  api = NULL;
  CHECK_INT(r.in_flight, 0);
  CHECK_INT(r.timers.count, 0);
  CHECK_INT(r.unscripted, 0);
  replay_clear(&r);
}

static void answer(const char *match, int times, int status, const char *body) {
  replay_answer(&r, &(struct replay_answer){.match = match,
                                            .times = times,
                                            .status = status,
                                            .body = body,
                                            .chunk = 7});
}

/* What the queues' list says from now on. */
static void now_says(int status, const char *body) {
  replay_forget_answers(&r);
  answer(QUEUES, REPLAY_ALWAYS, status, body);
}

#define ONE "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"}]}"
#define TWO                                                                    \
  "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"},{\"id\":\"q2\","          \
  "\"name\":\"Support/DE\"}]}"

/* ---- reading ---- */

static void nothing_is_read_until_somebody_listens(void) {
  begin();
  replay_run(&r, 60 * MINUTE_MS);
  CHECK_INT(r.request_count, 0);
  CHECK(gc_names_directory(names, GC_QUEUE) == NULL);
  gc_names_miss(names, GC_QUEUE); /* nobody wants it */
  replay_run(&r, 60 * MINUTE_MS);
  CHECK_INT(r.request_count, 0);
  end();
}

static void all_pages_are_read(void) {
  begin();
  answer(QUEUES "?pageSize=100&pageNumber=1", 0, 200,
         "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"}],\"nextUri\":"
         "\"/api/v2/routing/queues?pageSize=100&pageNumber=2\"}");
  answer(QUEUES "?pageSize=100&pageNumber=2", 0, 200,
         "{\"nextUri\":\"/n\",\"entities\":[{\"id\":\"q2\",\"name\":"
         "\"Sales\"}]}");
  answer(QUEUES "?pageSize=100&pageNumber=3", 0, 200,
         "{\"entities\":[{\"id\":\"q0\",\"name\":\"Support/DE\"}]}");
  struct ear e;
  listen_to(&e, GC_QUEUE);
  CHECK_INT(e.heard, 0);
  replay_run(&r, 1000);
  CHECK_INT(e.heard, 1);
  CHECK_STR(e.labels, "q0=Support_DE/ q1=Sales/ q2=Sales~2/ ");
  CHECK(!e.refused);
  CHECK_INT(replay_count(&r, QUEUES), 3);
  struct gc_directory *d = gc_names_directory(names, GC_QUEUE);
  CHECK_INT(gc_directory_count(d), 3);
  CHECK_STR(gc_directory_find(d, "q2")->name, "Sales");
  gc_directory_put(d);
  CHECK(gc_names_directory(names, GC_USER) == NULL);
  end();
}

static void presences_have_one_page_and_a_detail(void) {
  begin();
  answer(PRESENCES, 0, 200,
         "{\"entities\":[{\"id\":\"p1\",\"name\":\"Lunch\",\"systemPresence\":"
         "\"Meal\"}],\"nextUri\":\"/ignored\"}");
  struct ear e;
  listen_to(&e, GC_PRESENCE);
  replay_run(&r, 1000);
  CHECK_STR(e.labels, "p1=Lunch/Meal ");
  CHECK_STR(replay_last(&r, PRESENCES)->line, PRESENCES);
  end();
}

static void each_kind_has_its_period(void) {
  static const struct {
    enum gc_name_kind kind;
    const char *match;
    unsigned minutes;
  } rows[] = {
      {GC_QUEUE, QUEUES, 10},          {GC_USER, USERS, 30},
      {GC_PRESENCE, PRESENCES, 60},    {GC_FLOW, FLOWS, 10},
      {GC_FLOW_OUTCOME, OUTCOMES, 30}, {GC_FLOW_MILESTONE, MILESTONES, 30}};
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    for (int longest = 0; longest <= 1; longest++) {
      CHECK_ROW(gc_name_kind_name(rows[i].kind));
      begin();
      r.dice = longest == 1 ? 0 : UINT32_MAX;
      answer(rows[i].match, REPLAY_ALWAYS, 200, ONE);
      struct ear e;
      listen_to(&e, rows[i].kind);
      replay_run(&r, 1000);
      uint64_t first_ms = replay_last(&r, rows[i].match)->at_ms;
      replay_run(&r, rows[i].minutes * 10 * MINUTE_MS);
      size_t count = replay_count(&r, rows[i].match);
      uint64_t mean_ms =
          (replay_last(&r, rows[i].match)->at_ms - first_ms) / (count - 1);
      uint64_t period_ms = rows[i].minutes * MINUTE_MS;
      CHECK(mean_ms <= period_ms && mean_ms >= period_ms - period_ms / 10);
      CHECK_INT(replay_count(&r, "GET"), count); /* nothing but that */
      end();
    }
}

static void a_rename_a_deletion_and_a_new_one_are_followed(void) {
  begin();
  answer(QUEUES, REPLAY_ALWAYS, 200, TWO);
  struct ear e;
  listen_to(&e, GC_QUEUE);
  replay_run(&r, 1000);
  CHECK_STR(e.labels, "q1=Sales/ q2=Support_DE/ ");
  now_says(200, "{\"entities\":[{\"id\":\"q2\",\"name\":\"EMEA\"},{\"id\":"
                "\"q3\",\"name\":\"New\"}]}");
  replay_run(&r, 10 * MINUTE_MS);
  CHECK_INT(e.heard, 2);
  CHECK_STR(e.labels, "q2=EMEA/ q3=New/ ");
  end();
}

/* ---- misses ---- */

static void a_miss_reads_again_once_a_minute_at_most(void) {
  begin();
  answer(QUEUES, REPLAY_ALWAYS, 200, ONE);
  struct ear e;
  listen_to(&e, GC_QUEUE);
  replay_run(&r, 1000);
  for (int s = 0; s < 300; s++) { /* each second an answer names it */
    gc_names_miss(names, GC_QUEUE);
    gc_names_miss(names, GC_QUEUE);
    replay_run(&r, 1000);
  }
  CHECK_INT(replay_count(&r, QUEUES), 6);
  now_says(200, TWO);
  gc_names_miss(names, GC_QUEUE);
  replay_run(&r, 1000);
  CHECK_STR(e.labels, "q1=Sales/ q2=Support_DE/ ");
  end();
}

static void a_miss_does_not_hasten_what_fails(void) {
  static const int statuses[] = {400, 403, 503};
  for (size_t i = 0; i < GC_COUNT(statuses); i++) {
    begin();
    answer(QUEUES, REPLAY_ALWAYS, statuses[i], "{}");
    struct ear e;
    listen_to(&e, GC_QUEUE);
    for (int m = 0; m < 60; m++)
      replay_run(&r, MINUTE_MS);
    size_t without = replay_count(&r, QUEUES);
    end();
    begin();
    answer(QUEUES, REPLAY_ALWAYS, statuses[i], "{}");
    listen_to(&e, GC_QUEUE);
    for (int m = 0; m < 60; m++) {
      gc_names_miss(names, GC_QUEUE);
      replay_run(&r, MINUTE_MS);
    }
    CHECK_INT(replay_count(&r, QUEUES), without);
    end();
  }
}

/* ---- failures ---- */

static void a_failure_keeps_what_was_known(void) {
  static const struct {
    const char *row;
    struct replay_answer answer;
  } rows[] = {
      {"no list", {.status = 200, .body = "<html>"}},
      {"cut off",
       {.status = 200, .body = "{\"ent", .failure = GC_FAILURE_BROKEN}},
      {"500", {.status = 500}},
      {"connect", {.failure = GC_FAILURE_CONNECT}},
      {"400", {.status = 400}},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    begin();
    answer(QUEUES, 0, 200, TWO);
    struct replay_answer a = rows[i].answer;
    a.match = QUEUES;
    a.times = REPLAY_ALWAYS;
    replay_answer(&r, &a);
    struct ear e;
    listen_to(&e, GC_QUEUE);
    replay_run(&r, 60 * MINUTE_MS);
    CHECK(replay_count(&r, QUEUES) > 2);
    CHECK_INT(e.heard, 1);
    CHECK_STR(e.labels, "q1=Sales/ q2=Support_DE/ ");
    CHECK(!e.refused);
    now_says(200, ONE);
    replay_run(&r, 11 * MINUTE_MS);
    CHECK_STR(e.labels, "q1=Sales/ ");
    end();
  }
}

static void a_failed_page_begins_the_list_anew(void) {
  begin();
  answer(QUEUES "?pageSize=100&pageNumber=1", 0, 200,
         "{\"entities\":[{\"id\":\"old\",\"name\":\"Old\"}],\"nextUri\":"
         "\"/n\"}");
  answer(QUEUES "?pageSize=100&pageNumber=2", 0, 400, "{}");
  answer(QUEUES "?pageSize=100&pageNumber=1", REPLAY_ALWAYS, 200, TWO);
  struct ear e;
  listen_to(&e, GC_QUEUE);
  replay_run(&r, 1000);
  CHECK_INT(e.heard, 0);
  replay_run(&r, MINUTE_MS);
  CHECK_INT(e.heard, 1);
  CHECK_STR(e.labels, "q1=Sales/ q2=Support_DE/ ");
  end();
}

static void an_endless_list_ends(void) {
  begin();
  answer(QUEUES, REPLAY_ALWAYS, 200,
         "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"}],\"nextUri\":"
         "\"/n\"}"); /* each page is the first one */
  struct ear e;
  listen_to(&e, GC_QUEUE);
  replay_run(&r, 1000);
  CHECK_INT(replay_count(&r, QUEUES), 2);
  CHECK_INT(e.heard, 0);
  CHECK_INT(replay_noticed(&r, "list of queues", GC_ERR_PARSE), 1);
  CHECK_HAS(replay_last_notice(&r, "list of queues")->text, "repeats");
  end();
}

static void a_lasting_failure_is_asked_ever_more_rarely(void) {
  begin();
  answer(QUEUES, REPLAY_ALWAYS, 400, "{}");
  struct ear e;
  listen_to(&e, GC_QUEUE);
  replay_run(&r, 1000);
  replay_run(&r, 35000);
  CHECK_INT(replay_count(&r, QUEUES), 2);
  replay_run(&r, 10 * 60 * MINUTE_MS);
  size_t count = replay_count(&r, QUEUES);
  CHECK_THAT(count > 58 && count < 70, "%zu requests in ten hours", count);
  end();
}

static void a_refused_list_lets_ids_take_the_place_of_names(void) {
  static const int statuses[] = {403, 404};
  for (size_t i = 0; i < GC_COUNT(statuses); i++) {
    begin();
    answer(QUEUES, REPLAY_ALWAYS, statuses[i], "{}");
    struct ear e;
    listen_to(&e, GC_QUEUE);
    replay_run(&r, 60 * MINUTE_MS);
    CHECK_INT(e.heard, 1); /* once, though it is asked again */
    CHECK(e.refused);
    CHECK_STR(e.labels, "");
    CHECK_INT(replay_last_notice(&r, "list of queues")->code,
              statuses[i] == 403 ? GC_ERR_PERMISSION : GC_ERR_NOT_FOUND);
    now_says(200, ONE);
    replay_run(&r, 11 * MINUTE_MS);
    CHECK_INT(e.heard, 2);
    CHECK(!e.refused);
    CHECK_STR(e.labels, "q1=Sales/ ");
    CHECK_INT(replay_last_notice(&r, "list of queues")->code, GC_OK);
    end();
  }
}

static void what_was_known_outlives_a_refusal(void) {
  begin();
  answer(QUEUES, 0, 200, TWO);
  answer(QUEUES, REPLAY_ALWAYS, 403, "{}");
  struct ear e;
  listen_to(&e, GC_QUEUE);
  replay_run(&r, 60 * MINUTE_MS);
  CHECK_INT(e.heard, 2);
  CHECK(e.refused);
  CHECK_STR(e.labels, "q1=Sales/ q2=Support_DE/ ");
  end();
}

static void an_outage_is_the_accounts_to_tell(void) {
  begin();
  answer(QUEUES, REPLAY_ALWAYS, 503, "");
  struct ear e;
  listen_to(&e, GC_QUEUE);
  replay_run(&r, 10 * MINUTE_MS);
  CHECK_INT(replay_noticed(&r, "list", GC_ERR_REMOTE), 0);
  CHECK_INT(replay_noticed(&r, "list", GC_ERR_UNAVAILABLE), 0);
  CHECK(replay_noticed(&r, "api", GC_ERR_REMOTE) > 0);
  now_says(200, ONE);
  replay_run(&r, 2 * MINUTE_MS); /* soon after it is over */
  CHECK_STR(e.labels, "q1=Sales/ ");
  end();
}

static void names_that_collide_are_told(void) {
  begin();
  answer(QUEUES, 0, 200,
         "{\"entities\":[{\"id\":\"b\",\"name\":\"X/Y\"},{\"id\":\"a\","
         "\"name\":\"X_Y\"}]}");
  struct ear e;
  listen_to(&e, GC_QUEUE);
  replay_run(&r, 1000);
  CHECK_STR(e.labels, "a=X_Y/ b=X_Y~2/ ");
  CHECK_HAS(replay_last_notice(&r, "names of queues")->text, "X_Y~2");
  end();
}

/* ---- listeners ---- */

static void a_late_listener_is_told_with_the_next_turn(void) {
  begin();
  answer(QUEUES, REPLAY_ALWAYS, 200, ONE);
  struct ear early, late, other;
  listen_to(&early, GC_QUEUE);
  answer(USERS, REPLAY_ALWAYS, 200, TWO);
  listen_to(&other, GC_USER);
  replay_run(&r, 1000);
  size_t before = r.request_count;
  listen_to(&late, GC_QUEUE);
  CHECK_INT(late.heard, 0);
  replay_settle(&r);
  CHECK_INT(late.heard, 1);
  CHECK_STR(late.labels, "q1=Sales/ ");
  CHECK_INT(r.request_count, before);
  CHECK_INT(other.heard, 1);
  end();
}

static void who_has_left_is_not_told(void) {
  begin();
  answer(QUEUES, REPLAY_ALWAYS, 200, ONE);
  struct ear a, b, c;
  listen_to(&a, GC_QUEUE);
  listen_to(&b, GC_QUEUE);
  listen_to(&c, GC_QUEUE);
  gc_names_unlisten(names, &b.listener);
  gc_names_unlisten(names, &b.listener);
  replay_run(&r, 1000);
  CHECK(a.heard > 0 && c.heard > 0);
  CHECK_INT(b.heard, 0);
  gc_names_unlisten(names, &a.listener);
  gc_names_unlisten(names, &c.listener);
  unsigned heard = a.heard;
  replay_run(&r, 20 * MINUTE_MS);
  CHECK_INT(a.heard, heard);
  end();
}

static void leave_inside(void *ctx, struct gc_directory *d) {
  struct ear *e = ctx;
  (void)d;
  e->heard++;
  gc_names_unlisten(names, &e->listener);
}

static void a_listener_may_leave_when_it_is_told(void) {
  begin();
  answer(QUEUES, REPLAY_ALWAYS, 200, ONE);
  struct ear a, b;
  listen_to(&a, GC_QUEUE);
  listen_to(&b, GC_QUEUE);
  a.listener.changed = b.listener.changed = leave_inside;
  replay_run(&r, 20 * MINUTE_MS);
  CHECK_INT(a.heard, 1);
  CHECK_INT(b.heard, 1);
  end();
}

static void it_may_end_in_the_middle_of_a_list(void) {
  begin();
  replay_answer(&r,
                &(struct replay_answer){.match = QUEUES, .is_silent = true});
  struct ear e;
  listen_to(&e, GC_QUEUE);
  replay_run(&r, 1000);
  CHECK_INT(r.in_flight, 1);
  end();
  gc_names_free(NULL);
}

/* ---- the store ---- */

static void open_store(void) {
  struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
  if (gc_store_open(folder, &store, &warning, &err) != GC_OK) {
    printf("no store: %s\n", err.text);
    exit(1);
  }
}

static void close_store(void) {
  static const char *const files[] = {"state.db", "state.db-wal",
                                      "state.db-shm"};
  gc_store_close(store);
  store = NULL;
  for (size_t i = 0; i < GC_COUNT(files); i++) {
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
    unlink(path);
  }
}

static void a_restart_with_the_api_away_knows_the_names(void) {
  open_store();
  begin_with_store(store);
  answer(QUEUES, REPLAY_ALWAYS, 200,
         "{\"entities\":[{\"id\":\"b\",\"name\":\"Sales\"},{\"id\":\"c\","
         "\"name\":\"Sales\"}]}");
  struct ear e;
  listen_to(&e, GC_QUEUE);
  replay_run(&r, 1000);
  CHECK_STR(e.labels, "b=Sales/ c=Sales~2/ ");
  end();

  begin_with_store(store);
  answer(QUEUES, REPLAY_ALWAYS, 503, "");
  listen_to(&e, GC_QUEUE);
  CHECK_INT(e.heard, 0); /* with the next turn of the loop, not inside */
  replay_settle(&r);
  CHECK_INT(e.heard, 1);
  CHECK_STR(e.labels, "b=Sales/ c=Sales~2/ ");
  replay_run(&r, 10 * MINUTE_MS);
  CHECK_INT(e.heard, 1);
  /* Back again, with one more of that name: each keeps its label. */
  now_says(200, "{\"entities\":[{\"id\":\"a\",\"name\":\"Sales\"},{\"id\":"
                "\"b\",\"name\":\"Sales\"},{\"id\":\"c\",\"name\":"
                "\"Sales\"}]}");
  replay_run(&r, 2 * MINUTE_MS);
  CHECK_STR(e.labels, "a=Sales~3/ b=Sales/ c=Sales~2/ ");
  end();
  close_store();
}

static int64_t target_ms(const char *id, const char *media) {
  struct gc_directory *d = gc_names_directory(names, GC_QUEUE);
  const struct gc_entry *e = d != NULL ? gc_directory_find(d, id) : NULL;
  int64_t ms = e != NULL ? gc_entry_target_ms(e, media) : -1;
  gc_directory_put(d);
  return ms;
}

static void a_restart_with_the_api_away_knows_the_targets(void) {
  open_store();
  begin_with_store(store);
  answer(QUEUES, REPLAY_ALWAYS, 200,
         "{\"entities\":[{\"id\":\"a\",\"name\":\"A\",\"mediaSettings\":{"
         "\"call\":{\"serviceLevel\":{\"percentage\":0.8,\"durationMs\":"
         "20000}},\"email\":{\"serviceLevel\":{\"durationMs\":86400000}}}},"
         "{\"id\":\"b\",\"name\":\"B\"}]}");
  struct ear e;
  listen_to(&e, GC_QUEUE);
  replay_run(&r, 1000);
  CHECK_INT(target_ms("a", "voice"), 20000);
  end();

  begin_with_store(store);
  answer(QUEUES, REPLAY_ALWAYS, 503, "");
  listen_to(&e, GC_QUEUE);
  replay_run(&r, MINUTE_MS);
  CHECK_INT(target_ms("a", "voice"), 20000);
  CHECK_INT(target_ms("a", "email"), 86400000);
  CHECK_INT(target_ms("a", "chat"), 0);
  CHECK_INT(target_ms("b", "voice"), 0);
  /* Another target is followed with the next reading. */
  now_says(200, "{\"entities\":[{\"id\":\"a\",\"name\":\"A\","
                "\"mediaSettings\":{\"call\":{\"serviceLevel\":{"
                "\"durationMs\":30000}}}}]}");
  replay_run(&r, 12 * MINUTE_MS);
  CHECK_INT(target_ms("a", "voice"), 30000);
  CHECK_INT(target_ms("a", "email"), 0);
  end();
  close_store();
}

static void kinds_and_accounts_are_kept_apart(void) {
  open_store();
  begin_with_store(store);
  answer(QUEUES, REPLAY_ALWAYS, 200, ONE);
  struct ear e;
  listen_to(&e, GC_QUEUE);
  replay_run(&r, 1000);
  end();
  begin_with_store(store);
  answer(USERS, REPLAY_ALWAYS, 503, "");
  listen_to(&e, GC_USER);
  replay_run(&r, 1000);
  CHECK_INT(e.heard, 0);
  end();
  close_store();
}

static void a_queue_that_comes_back_has_its_old_label(void) {
  open_store();
  begin_with_store(store);
  answer(QUEUES, 0, 200,
         "{\"entities\":[{\"id\":\"a\",\"name\":\"Sales\"},{\"id\":\"b\","
         "\"name\":\"Sales\"}]}");
  answer(QUEUES, 0, 200, "{\"entities\":[{\"id\":\"b\",\"name\":\"Sales\"}]}");
  struct ear e;
  listen_to(&e, GC_QUEUE);
  replay_run(&r, 11 * MINUTE_MS - 100000);
  CHECK_STR(e.labels, "b=Sales~2/ ");
  end();
  begin_with_store(store);
  answer(QUEUES, 0, 200,
         "{\"entities\":[{\"id\":\"a\",\"name\":\"Sales\"},{\"id\":\"b\","
         "\"name\":\"Sales\"},{\"id\":\"c\",\"name\":\"Sales\"}]}");
  listen_to(&e, GC_QUEUE);
  replay_run(&r, 1000);
  CHECK_STR(e.labels, "a=Sales/ b=Sales~2/ c=Sales~3/ ");
  end();
  close_store();
}

static void kinds_have_names(void) {
  CHECK_STR(gc_name_kind_name(GC_QUEUE), "queue");
  CHECK_STR(gc_name_kind_name(GC_USER), "user");
  CHECK_STR(gc_name_kind_name(GC_PRESENCE), "presence");
  CHECK_STR(gc_name_kind_name((enum gc_name_kind)99), "unknown");
}

int main(void) {
  if (mkdtemp(folder) == NULL)
    return 1;
  RUN(nothing_is_read_until_somebody_listens);
  RUN(all_pages_are_read);
  RUN(presences_have_one_page_and_a_detail);
  RUN(each_kind_has_its_period);
  RUN(a_rename_a_deletion_and_a_new_one_are_followed);
  RUN(a_miss_reads_again_once_a_minute_at_most);
  RUN(a_miss_does_not_hasten_what_fails);
  RUN(a_failure_keeps_what_was_known);
  RUN(a_failed_page_begins_the_list_anew);
  RUN(an_endless_list_ends);
  RUN(a_lasting_failure_is_asked_ever_more_rarely);
  RUN(a_refused_list_lets_ids_take_the_place_of_names);
  RUN(what_was_known_outlives_a_refusal);
  RUN(an_outage_is_the_accounts_to_tell);
  RUN(names_that_collide_are_told);
  RUN(a_late_listener_is_told_with_the_next_turn);
  RUN(who_has_left_is_not_told);
  RUN(a_listener_may_leave_when_it_is_told);
  RUN(it_may_end_in_the_middle_of_a_list);
  RUN(a_restart_with_the_api_away_knows_the_names);
  RUN(a_restart_with_the_api_away_knows_the_targets);
  RUN(kinds_and_accounts_are_kept_apart);
  RUN(a_queue_that_comes_back_has_its_old_label);
  RUN(kinds_have_names);
  rmdir(folder);
  return check_done();
}
