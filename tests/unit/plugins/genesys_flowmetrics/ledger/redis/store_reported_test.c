/* SPDX-License-Identifier: MIT */
/* Agents that count together in a real Redis: the reports about a server that
 * is not reachable, refuses commands, or may lose data. */
#include "tests/support/redis_bench.h"

#include <string.h>

#include "tests/support/check.h"

static void a_name_without_an_address_is_reported(void) {
  struct agent a = {0};
  rb_begin(&a, "redis://nowhere.test:6379", "one", "ivr");
  rb_wait_reported(&a.state);
  CHECK_INT(a.state.code, GC_ERR_NETWORK);
  CHECK_HAS(a.state.text, "redis://nowhere.test:6379/0");
  CHECK_HAS(a.state.text, "cannot resolve");
  rb_end(&a);
}

static void nothing_is_acknowledged_until_the_server_is_there(void) {
  struct agent a = {0};
  struct tracked t;
  redis_server_start(&rb_server, NULL);
  redis_server_kill(&rb_server);
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_wait_reported(&a.state);
  CHECK_INT(a.state.code, GC_ERR_NETWORK);
  CHECK_HAS(a.state.text, "is Redis running");
  CHECK(!ledger_is_healthy(a.ledger));
  rb_prepare(&t, &a);
  rb_put(&t, "c", "A", 1, NOW, 0);
  CHECK_INT(rb_hand_in(&t), GC_ERR_STATE);
  redis_server_start(&rb_server, NULL);
  rb_deliver(&t);
  CHECK(ledger_is_healthy(a.ledger));
  CHECK_INT(rb_count_of(&a, "A"), 1);
  batch_clear(&t.batch);
  rb_end(&a);
  redis_server_end(&rb_server);
}

/* Redis repeats only the first 128 bytes of a command. */
#define TEN_HORSES "horsehorsehorsehorsehorsehorsehorsehorsehorsehorse"
#define WORDY TEN_HORSES TEN_HORSES TEN_HORSES

static void a_wrong_password_is_reported_without_its_text(void) {
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
      {"rename-command AUTH \"\"", NULL, WORDY, "unknown command",
       GC_ERR_REMOTE},
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
    redis_server_start(&rb_server, rows[i].server);
    if (rows[i].password != NULL)
      rb_write_secret(path, rows[i].password);
    a.password_file = rows[i].password != NULL ? path : NULL;
    a.user = rows[i].user;
    rb_begin(&a, rb_server.url, "one", "ivr");
    rb_wait_reported(&a.state);
    CHECK_INT(a.state.code, rows[i].code);
    CHECK_HAS(a.state.text, rows[i].says);
    CHECK(strstr(a.state.text, "horse") == NULL);
    rb_end(&a);
    redis_server_end(&rb_server);
  }
}

static void the_rights_that_the_readme_lists_are_enough(void) {
  struct agent a = {0};
  char path[128];
  redis_server_start(
      &rb_server, "user gc on >correct-horse ~genesys:{flowmetrics}:* -@all "
                  "+select +ping +eval +evalsha +script|load +config|get +hget "
                  "+hset +hsetnx +hgetall +hlen +time +zadd +zrangebyscore "
                  "+zrem +del +persist");
  rb_write_secret(path, "correct-horse");
  a.password_file = path;
  a.user = "gc";
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_count_one(&a, "A", 1, 1);
  ledger_first_sent(a.ledger, rb_view_of(&a, "A").series);
  CHECK(rb_is_shown(&a));
  CHECK_INT(a.failed, 0);
  CHECK_INT(a.durability.code, GC_OK);
  rb_end(&a);
  redis_server_end(&rb_server);
}

static void a_server_that_may_lose_counts_is_reported(void) {
  static const struct {
    const char *server, *says;
  } rows[] = {
      {"appendonly no", "last snapshot"},
      {"appendfsync everysec", "two seconds"},
      {"appendfsync no", "30 s"},
      {"appendfsync everysec\nmaxmemory-policy volatile-ttl",
       "instead of volatile-ttl"},
      {"maxmemory-policy allkeys-lru", "noeviction"},
      {"no-appendfsync-on-rewrite yes", "set it to no"},
      {"rename-command CONFIG \"\"", "refuses CONFIG GET"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct agent a = {0};
    CHECK_ROW(rows[i].server);
    redis_server_start(&rb_server, rows[i].server);
    rb_begin(&a, rb_server.url, "one", "ivr");
    rb_wait_reported(&a.state);
    CHECK_INT(a.state.code, GC_OK);
    CHECK_INT(a.durability.code, GC_ERR_REMOTE);
    CHECK_HAS(a.durability.text, rows[i].says);
    rb_end(&a);
    redis_server_end(&rb_server);
  }
}

/* A check that was under way may still report the earlier setting. */
static void wait_for_durability(struct agent *a, enum gc_code code) {
  enum gc_code reported = GC_CODE_COUNT;
  for (int i = 0; i < 3 && reported != code; i++) {
    rb_forget_report(&a->durability);
    rb_wait_reported(&a->durability);
    reported = a->durability.code;
  }
  CHECK_INT(reported, code);
}

static void settings_that_change_are_noticed_without_a_reconnect(void) {
  struct agent a = {0};
  redis_server_start(&rb_server, NULL);
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_wait_reported(&a.state);
  CHECK_INT(a.durability.code, GC_OK);
  CHECK_STR(redis_server_ask(&rb_server, "CONFIG SET appendfsync everysec"),
            "OK");
  wait_for_durability(&a, GC_ERR_REMOTE);
  CHECK_HAS(a.durability.text, "two seconds");
  CHECK_STR(redis_server_ask(&rb_server, "CONFIG SET appendfsync always"),
            "OK");
  wait_for_durability(&a, GC_OK);
  rb_end(&a);
  redis_server_end(&rb_server);
}

int main(void) {
  if (!rb_is_ready())
    return RB_SKIPPED;
  RUN(a_name_without_an_address_is_reported);
  RUN(nothing_is_acknowledged_until_the_server_is_there);
  RUN(a_wrong_password_is_reported_without_its_text);
  RUN(the_rights_that_the_readme_lists_are_enough);
  RUN(a_server_that_may_lose_counts_is_reported);
  RUN(settings_that_change_are_noticed_without_a_reconnect);
  return check_done();
}
