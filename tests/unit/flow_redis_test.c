/* SPDX-License-Identifier: MIT */
/* Agents that count together in a real Redis: what is counted once, what a lost
 * connection, a crash and a second owner do to it. */
#include "plugins/genesys_flowmetrics/ledger.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/redis_server.h"
#include "tests/support/resolver.h"

#define MINUTE INT64_C(60000)
#define NOW (INT64_C(30000000) * MINUTE)
enum { HOUR = 60, SKIPPED = 77 };

static struct redis_server server;
static struct gate gate = GATE_INIT;

/* One process that counts: a ledger, one source, what it was told. */
struct agent {
  struct ledger *ledger;
  struct redis_settings redis;
  struct gc_connect tls;
  struct stats stats;
  struct ledger_source source;
  unsigned finished, failed;
  struct gc_err state, durability, forgotten;
  const char *password_file, *user;
  bool backwards;
};

static int64_t wall(void) { return NOW; }

static void notice(void *ctx, const char *cause, const struct gc_err *err) {
  struct agent *a = ctx;
  GATE_CHANGE(&gate, if (strcmp(cause, "state") == 0) a->state = *err;
              else if (strcmp(cause, "durability of the state") == 0)
                  a->durability = *err;
              else a->forgotten = *err;);
}

static void begin(struct agent *a, const char *url, const char *host,
                  const char *block) {
  struct gc_err err = {.text = ""};
  CHECK_INT(state_url_parse(url, &a->redis.url, &err), GC_OK);
  a->redis.tls = &a->tls;
  a->redis.user = a->user;
  a->redis.password_file = a->password_file;
  a->state = (struct gc_err){.code = GC_CODE_COUNT};
  const struct ledger_settings settings = {.folder = "/nonexistent",
                                           .redis = &a->redis,
                                           .retention_ms = 24 * HOUR * MINUTE,
                                           .wall_ms = wall,
                                           .notice = notice,
                                           .ctx = a};
  a->ledger = ledger_new(&settings, &err);
  CHECK(a->ledger != NULL);
  CHECK_INT(ledger_identify(a->ledger, "", host, "another", NULL), GC_OK);
  CHECK_INT(ledger_identify(a->ledger, "", host, block, NULL), GC_OK);
  a->source =
      (struct ledger_source){.scope = "",
                             .retention_ms = 24 * HOUR * MINUTE,
                             .max_series = 10,
                             .values = true,
                             .stats = &a->stats,
                             .is_shared = ledger_is_shared(a->ledger),
                             .identity = ledger_identity(a->ledger, "", block)};
  CHECK(a->source.is_shared);
  CHECK_INT(a->source.identity, 1);
  CHECK_INT(ledger_start(a->ledger, NULL), GC_OK);
}

static void end(struct agent *a) {
  ledger_free(a->ledger);
  *a = (struct agent){.ledger = NULL};
}

struct tracked {
  struct batch batch;
  struct agent *agent;
  enum gc_code code;
  bool is_back;
};

static void on_done(struct batch *b, enum gc_code code) {
  struct tracked *t = (struct tracked *)b;
  GATE_CHANGE(&gate, t->code = code; t->is_back = true; t->agent->finished++;
              t->agent->failed += code != GC_OK);
}

static void put(struct tracked *t, const char *conversation, const char *metric,
                unsigned number, int64_t time_ms, double value) {
  char name[64];
  int len = snprintf(name, sizeof(name), "%s %u %lld", metric, number,
                     (long long)time_ms);
  struct event_metric m = {.conversation = conversation,
                           .name = name,
                           .name_len = (size_t)len,
                           .kind = value != 0 ? VALUE_NUMBER : VALUE_OTHER,
                           .value = value};
  m.parts = (struct attribute){.flow = "Flow: a/b",
                               .flow_len = 9,
                               .metric = metric,
                               .metric_len = strlen(metric),
                               .time_ms = time_ms};
  if (batch_take(&t->batch, &m) != GC_OK)
    abort();
}

static void prepare(struct tracked *t, struct agent *a) {
  *t = (struct tracked){.agent = a};
  t->batch.source = &a->source;
  t->batch.done = on_done;
}

static bool is_back(void *ctx) { return ((struct tracked *)ctx)->is_back; }

/* Hands it in and waits; what became of it. Any thread. */
static enum gc_code hand_in(struct tracked *t) {
  t->is_back = false;
  ledger_submit(t->agent->ledger, &t->batch);
  return gate_wait(&gate, is_back, t) ? t->code : GC_CODE_COUNT;
}

/* As a queue would: until it is taken. Any thread. */
static bool try_deliver(struct tracked *t) {
  const struct timespec pause = {.tv_nsec = 2000000};
  uint64_t until = gc_clock_now_ms() + DEADLINE_S * 1000;
  enum gc_code code;
  while ((code = hand_in(t)) != GC_OK && gc_clock_now_ms() < until)
    nanosleep(&pause, NULL);
  return code == GC_OK;
}

static void deliver(struct tracked *t) { CHECK(try_deliver(t)); }

static void count_one(struct agent *a, const char *metric, unsigned number,
                      double value) {
  struct tracked t;
  prepare(&t, a);
  put(&t, "c", metric, number, NOW, value);
  deliver(&t);
  batch_clear(&t.batch);
}

static struct ledger_view view_of(struct agent *a, const char *metric) {
  struct ledger_view v;
  for (size_t i = 0; ledger_read(a->ledger, i, &v); i++)
    if (v.series != NULL && strcmp(v.metric, metric) == 0)
      return v;
  return (struct ledger_view){.count = -1};
}

static int64_t count_of(struct agent *a, const char *metric) {
  return view_of(a, metric).count;
}

static bool has_told(void *ctx) {
  return ((struct gc_err *)ctx)->code != GC_CODE_COUNT;
}
static void wait_told(const struct gc_err *what) {
  CHECK(gate_wait(&gate, has_told, (void *)what));
}

/* ---- counting ---- */

static void two_agents_count_each_attribute_once(void) {
  struct agent a = {0}, b = {0};
  redis_server_start(&server, NULL);
  begin(&a, server.url, "one", "ivr");
  begin(&b, server.url, "two", "ivr");
  for (unsigned i = 0; i < 20; i++) {
    count_one(i % 2 ? &a : &b, "A", i, 1);
    count_one(i % 3 ? &a : &b, "A", i, 1);
  }
  CHECK_INT(count_of(&a, "A") + count_of(&b, "A"), 20);
  CHECK(count_of(&a, "A") > 0 && count_of(&b, "A") > 0);
  CHECK_INT(a.stats.outcomes[OUTCOME_COUNTED] +
                b.stats.outcomes[OUTCOME_COUNTED],
            20);
  CHECK_INT(a.stats.outcomes[OUTCOME_DUPLICATE] +
                b.stats.outcomes[OUTCOME_DUPLICATE],
            20);
  CHECK_STR(view_of(&a, "A").flow, "Flow: a_b");
  CHECK_INT(a.durability.code, GC_OK);
  end(&a);
  end(&b);
  redis_server_end(&server);
}

static void a_replacement_goes_on_where_the_other_was(void) {
  redis_server_start(&server, NULL);
  for (unsigned turn = 0; turn < 3; turn++) {
    struct agent a = {0};
    begin(&a, server.url, "one", "ivr");
    count_one(&a, "A", turn, 0.1);
    count_one(&a, "A", 0, 0.1);
    CHECK_INT(count_of(&a, "A"), turn + 1);
    end(&a);
  }
  struct agent other = {0};
  begin(&other, server.url, "one", "another block");
  count_one(&other, "A", 0, 0.1);
  CHECK_INT(count_of(&other, "A"), -1); /* a duplicate, and nothing before */
  end(&other);
  redis_server_end(&server);
}

static bool is_shown(struct agent *a) {
  const struct timespec pause = {.tv_nsec = 2000000};
  uint64_t until = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (!view_of(a, "A").is_shown && gc_clock_now_ms() < until)
    nanosleep(&pause, NULL);
  return view_of(a, "A").is_shown;
}

static void that_the_first_zero_went_out_is_kept(void) {
  struct agent a = {0};
  redis_server_start(&server, NULL);
  begin(&a, server.url, "one", "ivr");
  count_one(&a, "A", 1, 0);
  CHECK(!view_of(&a, "A").is_shown);
  ledger_shown(a.ledger, view_of(&a, "A").series);
  CHECK(is_shown(&a));
  end(&a);
  begin(&a, server.url, "one", "ivr");
  wait_told(&a.state);
  CHECK(view_of(&a, "A").is_shown);
  end(&a);
  redis_server_end(&server);
}

static void sums_are_those_of_doubles_added_in_order(void) {
  static const double values[] = {0.1, 0.2, 1e17, -1e17, 3.25, 1e-300, 7};
  struct agent a = {0};
  double sum = 0;
  redis_server_start(&server, NULL);
  begin(&a, server.url, "one", "ivr");
  for (unsigned i = 0; i < GC_COUNT(values); i++) {
    count_one(&a, "A", i, values[i]);
    sum += values[i];
    CHECK(view_of(&a, "A").sum == sum); /* to the last bit */
  }
  count_one(&a, "A", 100, 1.7e308);
  count_one(&a, "A", 101, 1.7e308); /* would make it infinite */
  count_one(&a, "B", 102, 0);
  CHECK_INT(count_of(&a, "A"), GC_COUNT(values) + 2);
  CHECK(view_of(&a, "A").sum == sum + 1.7e308);
  CHECK_INT(a.stats.outcomes[OUTCOME_NO_NUMBER], 1);
  CHECK(!view_of(&a, "B").has_sum);
  end(&a);
  begin(&a, server.url, "one", "ivr");
  wait_told(&a.state);
  CHECK(view_of(&a, "A").sum == sum + 1.7e308);
  end(&a);
  redis_server_end(&server);
}

static void bounds_hold_as_with_sqlite(void) {
  struct agent a = {0};
  struct tracked t;
  char metric[16];
  redis_server_start(&server, NULL);
  begin(&a, server.url, "one", "ivr");
  prepare(&t, &a);
  put(&t, "c", "A", 1, NOW - 24 * HOUR * MINUTE, 0);
  put(&t, "c", "A", 2, NOW - 25 * HOUR * MINUTE, 0);
  put(&t, "c", "A", 3, NOW + 24 * HOUR * MINUTE, 0);
  put(&t, "c", "A", 4, NOW + 25 * HOUR * MINUTE, 0);
  deliver(&t);
  CHECK_INT(count_of(&a, "A"), 2);
  CHECK_INT(a.stats.outcomes[OUTCOME_LATE], 1);
  CHECK_INT(a.stats.malformed[MALFORMED_FUTURE], 1);
  batch_clear(&t.batch);
  prepare(&t, &a);
  for (unsigned i = 0; i < 15; i++) {
    snprintf(metric, sizeof(metric), "M%u", i);
    put(&t, "c", metric, i, NOW, 0);
  }
  deliver(&t);
  CHECK_INT(ledger_count(a.ledger, ""), 10);
  CHECK_INT(a.stats.outcomes[OUTCOME_OVERFLOW], 6);
  CHECK_INT(a.stats.outcomes[OUTCOME_COUNTED], 11);
  batch_clear(&t.batch);
  /* A minute lives as long as its attributes are in time, and an hour. */
  int64_t left = atoll(
      redis_server_ask(&server, "TTL genesys:{flowmetrics}:seen:30000000"));
  CHECK(left > 25 * 3600 && left <= 25 * 3600 + 60);
  CHECK_INT(atoll(redis_server_ask(&server, "DBSIZE")), 6);
  end(&a);
  redis_server_end(&server);
}

static void many_marks_go_in_many_scripts(void) {
  enum { MARKS = 3217 };
  struct agent a = {0};
  struct tracked t;
  redis_server_start(&server, NULL);
  begin(&a, server.url, "one", "ivr");
  prepare(&t, &a);
  for (unsigned i = 0; i < MARKS; i++)
    put(&t, "c", i % 2 ? "A" : "B", i, NOW - (i % 50) * MINUTE, 1);
  deliver(&t);
  deliver(&t);
  CHECK_INT(count_of(&a, "A"), MARKS / 2);
  CHECK_INT(count_of(&a, "B"), MARKS - MARKS / 2);
  CHECK_REAL(view_of(&a, "B").sum, MARKS - MARKS / 2);
  CHECK_INT(a.stats.outcomes[OUTCOME_DUPLICATE], MARKS);
  batch_clear(&t.batch);
  end(&a);
  redis_server_end(&server);
}

/* ---- what goes wrong ---- */

static void the_old_owner_of_an_identity_counts_nothing_more(void) {
  struct agent old = {0}, new = {0};
  struct tracked t;
  redis_server_start(&server, NULL);
  begin(&old, server.url, "one", "ivr");
  count_one(&old, "A", 1, 0);
  begin(&new, server.url, "one", "ivr");
  wait_told(&new.state);
  prepare(&t, &old);
  put(&t, "c", "A", 2, NOW, 0);
  CHECK_INT(hand_in(&t), GC_ERR_STATE);
  CHECK_HAS(old.state.text, "another process");
  CHECK_HAS(old.state.text, "Host");
  CHECK_INT(count_of(&new, "A"), 1);
  t.batch.source = &new.source; /* the queue delivers it to the new one */
  t.agent = &new;
  batch_clear(&t.batch);
  count_one(&new, "A", 2, 0);
  CHECK_INT(count_of(&new, "A"), 2);
  end(&old);
  end(&new);
  redis_server_end(&server);
}

static void a_script_that_was_forgotten_is_loaded_again(void) {
  struct agent a = {0};
  redis_server_start(&server, NULL);
  begin(&a, server.url, "one", "ivr");
  count_one(&a, "A", 1, 0);
  CHECK_STR(redis_server_ask(&server, "SCRIPT FLUSH"), "OK");
  count_one(&a, "A", 2, 0);
  CHECK_INT(count_of(&a, "A"), 2);
  CHECK_INT(a.failed, 0);
  end(&a);
  redis_server_end(&server);
}

static void what_a_server_loses_goes_on_from_memory(void) {
  struct agent a = {0};
  redis_server_start(&server, NULL);
  begin(&a, server.url, "one", "ivr");
  count_one(&a, "A", 1, 0.5);
  count_one(&a, "A", 2, 0.5);
  a.forgotten.code = GC_CODE_COUNT;
  CHECK_STR(redis_server_ask(&server, "FLUSHALL"), "OK");
  count_one(&a, "A", 3, 0.5);
  CHECK_INT(count_of(&a, "A"), 3);
  CHECK_REAL(view_of(&a, "A").sum, 1.5);
  CHECK_INT(a.forgotten.code, GC_ERR_STATE);
  CHECK_HAS(a.forgotten.text, "appendfsync always");
  end(&a);
  begin(&a, server.url, "one", "ivr");
  wait_told(&a.state);
  CHECK_INT(count_of(&a, "A"), 3);
  end(&a);
  redis_server_end(&server);
}

static void a_script_that_is_refused_has_written_nothing(void) {
  struct agent a = {0};
  struct tracked t;
  redis_server_start(&server, NULL);
  begin(&a, server.url, "one", "ivr");
  CHECK_STR(redis_server_ask(&server,
                             "SET genesys:{flowmetrics}:seen:30000000 letter"),
            "OK");
  prepare(&t, &a);
  put(&t, "c", "A", 1, NOW - MINUTE, 0); /* this minute would be fine */
  put(&t, "c", "A", 2, NOW, 0);
  CHECK(hand_in(&t) != GC_OK);
  CHECK_HAS(a.state.text, "WRONGTYPE");
  CHECK_STR(
      redis_server_ask(&server, "EXISTS genesys:{flowmetrics}:seen:29999999"),
      "0");
  redis_server_ask(&server, "DEL genesys:{flowmetrics}:seen:30000000");
  deliver(&t);
  CHECK_INT(count_of(&a, "A"), 2);
  batch_clear(&t.batch);
  end(&a);
  redis_server_end(&server);
}

enum { BATCHES = 60, MARKS_EACH = 40 };

/* One from the front, the other from the back: each is first with some. */
static void *send_all(void *arg) {
  bool backwards = ((struct agent *)arg)->backwards;
  for (unsigned i = 0; i < BATCHES; i++) {
    unsigned nth = backwards ? BATCHES - 1 - i : i;
    struct tracked t;
    prepare(&t, arg);
    for (unsigned k = 0; k < MARKS_EACH; k++)
      put(&t, "c", k % 2 ? "A" : "B", nth * MARKS_EACH + k, NOW, 1);
    bool taken = try_deliver(&t);
    batch_clear(&t.batch);
    if (!taken)
      return arg;
  }
  return NULL;
}

/* Both agents are delivered everything, each batch until it is taken, while
 * connections are cut and the server crashes. */
static void answers_that_are_lost_change_nothing(void) {
  struct agent a = {0}, b = {.backwards = true};
  pthread_t threads[2];
  struct agent *agents[] = {&a, &b};
  const struct timespec pause = {.tv_nsec = 15000000};
  redis_server_start(&server, NULL);
  begin(&a, server.url, "one", "ivr");
  begin(&b, server.url, "two", "ivr");
  for (int i = 0; i < 2; i++)
    CHECK_INT(pthread_create(&threads[i], NULL, send_all, agents[i]), 0);
  for (unsigned i = 0; i < 12; i++) {
    nanosleep(&pause, NULL); /* nothing waits for it: cuts come at any time */
    if (i % 4 == 3) {
      redis_server_kill(&server);
      redis_server_start(&server, NULL);
    } else
      redis_server_ask(&server, "CLIENT KILL TYPE normal SKIPME yes");
  }
  for (int i = 0; i < 2; i++) {
    void *given_up = NULL;
    pthread_join(threads[i], &given_up);
    CHECK(given_up == NULL);
  }
  CHECK(count_of(&a, "A") > 0 && count_of(&b, "A") > 0);
  CHECK_INT(count_of(&a, "A") + count_of(&b, "A"), BATCHES * MARKS_EACH / 2);
  CHECK_INT(count_of(&a, "B") + count_of(&b, "B"), BATCHES * MARKS_EACH / 2);
  CHECK_REAL(view_of(&a, "A").sum + view_of(&b, "A").sum,
             BATCHES * MARKS_EACH / 2);
  CHECK_INT(a.forgotten.code, GC_OK);
  CHECK_INT(b.forgotten.code, GC_OK);
  end(&a);
  end(&b);
  redis_server_end(&server);
}

/* Between an agent and the server: hands on what is asked, and, when told so,
 * not what is answered: the connection is cut then. */
static struct {
  char socket[96], url[128];
  int listener;
  pthread_t thread;
  _Atomic bool swallows, ends;
  _Atomic unsigned swallowed;
} between;

static bool hand_on(int from, int to, bool is_answer) {
  char bytes[65536];
  ssize_t len = read(from, bytes, sizeof(bytes));
  if (len > 0 && is_answer && between.swallows) {
    between.swallows = false;
    between.swallowed++;
    return false;
  }
  return len > 0 && write(to, bytes, (size_t)len) == len;
}

static void *pump(void *unused) {
  (void)unused;
  while (!between.ends) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int agent = accept(between.listener, NULL, NULL);
    int redis = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(at.sun_path, sizeof(at.sun_path), "%s", server.socket);
    bool lives =
        agent >= 0 && connect(redis, (struct sockaddr *)&at, sizeof(at)) == 0;
    struct pollfd fds[] = {{.fd = agent, .events = POLLIN},
                           {.fd = redis, .events = POLLIN}};
    while (lives && poll(fds, 2, -1) > 0)
      lives = (fds[0].revents == 0 || hand_on(agent, redis, false)) &&
              (fds[1].revents == 0 || hand_on(redis, agent, true));
    close(agent);
    close(redis);
  }
  return NULL;
}

static void step_between(void) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  snprintf(between.socket, sizeof(between.socket), "%s/between", server.folder);
  snprintf(between.url, sizeof(between.url), "unix://%s", between.socket);
  snprintf(at.sun_path, sizeof(at.sun_path), "%s", between.socket);
  between.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK_INT(bind(between.listener, (struct sockaddr *)&at, sizeof(at)), 0);
  CHECK_INT(listen(between.listener, 8), 0);
  CHECK_INT(pthread_create(&between.thread, NULL, pump, NULL), 0);
}

static void step_aside(void) {
  between.ends = true;
  shutdown(between.listener, SHUT_RDWR);
  pthread_join(between.thread, NULL);
  close(between.listener);
}

/* It was counted, but nobody knows: the queue delivers it again, where it is a
 * duplicate. The counter must have it all the same. */
static void an_answer_that_is_lost_is_no_lost_count(void) {
  struct agent a = {0};
  struct tracked t;
  redis_server_start(&server, NULL);
  step_between();
  begin(&a, between.url, "one", "ivr");
  count_one(&a, "A", 1, 0.5);
  prepare(&t, &a);
  put(&t, "c", "A", 2, NOW, 0.25);
  put(&t, "c", "A", 3, NOW, 0.25);
  between.swallows = true;
  CHECK_INT(hand_in(&t), GC_ERR_NETWORK);
  CHECK_INT(between.swallowed, 1);
  deliver(&t);
  CHECK_INT(a.stats.outcomes[OUTCOME_COUNTED], 1);
  CHECK_INT(a.stats.outcomes[OUTCOME_DUPLICATE], 2);
  CHECK_INT(count_of(&a, "A"), 3);
  CHECK_REAL(view_of(&a, "A").sum, 1);
  batch_clear(&t.batch);
  end(&a);
  step_aside();
  redis_server_end(&server);
}

static void what_was_handed_in_before_the_stop_is_counted(void) {
  struct agent a = {0};
  struct tracked t;
  redis_server_start(&server, NULL);
  begin(&a, server.url, "one", "ivr");
  count_one(&a, "A", 1, 0);
  prepare(&t, &a);
  put(&t, "c", "A", 2, NOW, 0);
  ledger_submit(a.ledger, &t.batch);
  ledger_stop(a.ledger);
  CHECK_INT(t.code, GC_OK);
  CHECK_INT(count_of(&a, "A"), 2);
  batch_clear(&t.batch);
  end(&a);
  redis_server_end(&server);
}

static void a_server_that_hangs_does_not_hold_the_stop(void) {
  struct agent a = {0};
  struct tracked t;
  redis_server_start(&server, NULL);
  begin(&a, server.url, "one", "ivr");
  count_one(&a, "A", 1, 0);
  kill(server.pid, SIGSTOP);
  prepare(&t, &a);
  put(&t, "c", "A", 2, NOW, 0);
  ledger_submit(a.ledger, &t.batch);
  uint64_t begun = gc_clock_now_ms();
  ledger_stop(a.ledger);
  CHECK(gc_clock_now_ms() - begun < 2000);
  CHECK(t.is_back);
  CHECK_INT(t.code, GC_ERR_STOPPED);
  batch_clear(&t.batch);
  end(&a);
  redis_server_end(&server);
}

static void a_resolver_that_hangs_does_not_hold_the_stop(void) {
  const struct timespec pause = {.tv_nsec = 2000000};
  struct agent a = {0};
  begin(&a, "redis://hang.test:6379", "one", "ivr");
  for (int i = 0; i < DEADLINE_S * 500 && resolver_hanging() == 0; i++)
    nanosleep(&pause, NULL);
  CHECK(resolver_hanging() > 0);
  uint64_t begun = gc_clock_now_ms();
  end(&a);
  CHECK(gc_clock_now_ms() - begun < 2000);
  resolver_release();
}

static void a_name_without_an_address_is_told(void) {
  struct agent a = {0};
  begin(&a, "redis://nowhere.test:6379", "one", "ivr");
  wait_told(&a.state);
  CHECK_INT(a.state.code, GC_ERR_NETWORK);
  CHECK_HAS(a.state.text, "redis://nowhere.test:6379/0");
  CHECK_HAS(a.state.text, "cannot resolve");
  end(&a);
}

static void nothing_is_acknowledged_until_it_is_there(void) {
  struct agent a = {0};
  struct tracked t;
  redis_server_start(&server, NULL);
  redis_server_kill(&server);
  begin(&a, server.url, "one", "ivr");
  wait_told(&a.state);
  CHECK_INT(a.state.code, GC_ERR_NETWORK);
  CHECK_HAS(a.state.text, "is Redis running");
  CHECK(!ledger_is_well(a.ledger));
  prepare(&t, &a);
  put(&t, "c", "A", 1, NOW, 0);
  CHECK_INT(hand_in(&t), GC_ERR_STATE);
  redis_server_start(&server, NULL);
  deliver(&t);
  CHECK(ledger_is_well(a.ledger));
  CHECK_INT(count_of(&a, "A"), 1);
  batch_clear(&t.batch);
  end(&a);
  redis_server_end(&server);
}

static void write_secret(char path[128], const char *text) {
  snprintf(path, 128, "%s/secret", server.folder);
  FILE *f = fopen(path, "w");
  CHECK(f != NULL);
  fprintf(f, "%s\n", text);
  fclose(f);
}

static void a_wrong_password_is_told_without_it(void) {
  static const struct {
    const char *server, *user, *password, *says;
    enum gc_code code;
  } rows[] = {
      {"requirepass correct-horse", NULL, "correct-horse", "", GC_OK},
      {"requirepass correct-horse", NULL, "wrong-horse", "StatePasswordFile",
       GC_ERR_AUTH},
      {"requirepass correct-horse", NULL, NULL, "StatePasswordFile",
       GC_ERR_AUTH},
      {"", NULL, "wrong-horse", "it has no password", GC_ERR_AUTH},
      {"user gc on >correct-horse ~genesys:{flowmetrics}:* +@all", "gc",
       "correct-horse", "", GC_OK},
      {"user gc on >correct-horse ~genesys:{flowmetrics}:* +@all", "gc",
       "wrong-horse", "StateUser", GC_ERR_AUTH},
      {"user gc on >correct-horse ~other:* +@all", "gc", "correct-horse",
       "README", GC_ERR_PERMISSION},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct agent a = {0};
    char path[128];
    CHECK_ROW(rows[i].says);
    redis_server_start(&server, rows[i].server);
    if (rows[i].password != NULL)
      write_secret(path, rows[i].password);
    a.password_file = rows[i].password != NULL ? path : NULL;
    a.user = rows[i].user;
    begin(&a, server.url, "one", "ivr");
    wait_told(&a.state);
    CHECK_INT(a.state.code, rows[i].code);
    CHECK_HAS(a.state.text, rows[i].says);
    CHECK(strstr(a.state.text, "horse") == NULL);
    end(&a);
    redis_server_end(&server);
  }
}

static void the_rights_that_the_readme_lists_are_enough(void) {
  struct agent a = {0};
  char path[128];
  redis_server_start(
      &server, "user gc on >correct-horse ~genesys:{flowmetrics}:* -@all "
               "+select +ping +eval +evalsha +script|load +config|get +hget "
               "+hset +hsetnx +hgetall +hlen +ttl +expire");
  write_secret(path, "correct-horse");
  a.password_file = path;
  a.user = "gc";
  begin(&a, server.url, "one", "ivr");
  count_one(&a, "A", 1, 1);
  ledger_shown(a.ledger, view_of(&a, "A").series);
  CHECK(is_shown(&a));
  CHECK_INT(a.failed, 0);
  CHECK_INT(a.durability.code, GC_OK);
  end(&a);
  redis_server_end(&server);
}

static void what_a_crash_can_cost_is_told(void) {
  static const struct {
    const char *server, *says;
  } rows[] = {
      {"appendonly no", "last snapshot"},
      {"appendfsync everysec", "two seconds"},
      {"maxmemory-policy allkeys-lru", "noeviction"},
      {"rename-command CONFIG \"\"", "CONFIG GET is refused"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct agent a = {0};
    CHECK_ROW(rows[i].server);
    redis_server_start(&server, rows[i].server);
    begin(&a, server.url, "one", "ivr");
    wait_told(&a.state);
    CHECK_INT(a.state.code, GC_OK);
    CHECK_INT(a.durability.code, GC_ERR_REMOTE);
    CHECK_HAS(a.durability.text, rows[i].says);
    end(&a);
    redis_server_end(&server);
  }
}

int main(void) {
  if (!redis_is_installed())
    return SKIPPED;
  signal(SIGPIPE, SIG_IGN);
  RUN(two_agents_count_each_attribute_once);
  RUN(a_replacement_goes_on_where_the_other_was);
  RUN(that_the_first_zero_went_out_is_kept);
  RUN(sums_are_those_of_doubles_added_in_order);
  RUN(bounds_hold_as_with_sqlite);
  RUN(many_marks_go_in_many_scripts);
  RUN(the_old_owner_of_an_identity_counts_nothing_more);
  RUN(a_script_that_was_forgotten_is_loaded_again);
  RUN(what_a_server_loses_goes_on_from_memory);
  RUN(a_script_that_is_refused_has_written_nothing);
  RUN(answers_that_are_lost_change_nothing);
  RUN(an_answer_that_is_lost_is_no_lost_count);
  RUN(what_was_handed_in_before_the_stop_is_counted);
  RUN(a_server_that_hangs_does_not_hold_the_stop);
  RUN(a_resolver_that_hangs_does_not_hold_the_stop);
  RUN(a_name_without_an_address_is_told);
  RUN(nothing_is_acknowledged_until_it_is_there);
  RUN(a_wrong_password_is_told_without_it);
  RUN(the_rights_that_the_readme_lists_are_enough);
  RUN(what_a_crash_can_cost_is_told);
  return check_done();
}
