/* SPDX-License-Identifier: MIT */
#include "common/daemon/log.h"

#include <pthread.h>

#include "collectd.h"
#include "plugin.h"

#include "tests/support/check.h"
#include "tests/support/fake_daemon.h"

static uint64_t now_s;
static uint64_t stepped_ms(void) { return now_s * 1000; }

static struct gc_log *start_log(void) {
  fake_reset();
  now_s = 0;
  return gc_log_new_at("genesys", stepped_ms);
}

static void log_failure(struct gc_log *c, const char *cause, enum gc_code code,
                        const char *text) {
  struct gc_err err;
  gc_fail(&err, code, "%s", text);
  gc_log_failure(c, cause, &err);
}

static void an_error_is_logged_repeated_and_ended(void) {
  struct gc_log *c = start_log();
  for (now_s = 0; now_s <= 600; now_s += 10)
    log_failure(c, "account prod", GC_ERR_NETWORK, "no route");
  now_s = 1205;
  gc_log_failure(c, "account prod", NULL);
  gc_log_failure(c, "account prod", NULL);
  CHECK_INT(fake_log_count(), 3);
  CHECK_STR(fake_log(0), "WARNING genesys: account prod: no route");
  CHECK_STR(fake_log(1), "WARNING genesys: account prod: no route [held back "
                         "59 such failures]");
  CHECK_STR(fake_log(2),
            "INFO genesys: account prod: good again after 20 min 5 s");
  gc_log_free(c);
}

static void one_line_held_back_is_counted_as_one(void) {
  struct gc_log *c = start_log();
  log_failure(c, "x", GC_ERR_NETWORK, "no route");
  log_failure(c, "x", GC_ERR_NETWORK, "no route");
  now_s = 7300;
  gc_log_failure(c, "x", &(struct gc_err){.code = GC_OK});
  CHECK_STR(fake_log(1), "INFO genesys: x: good again after 2 h 1 min [held "
                         "back 1 such failure]");
  gc_log_free(c);
}

static void errors_that_only_an_operator_can_mend_have_level_error(void) {
  static const enum gc_code errors[] = {GC_ERR_AUTH, GC_ERR_PERMISSION,
                                        GC_ERR_CONFIG, GC_ERR_STATE};
  struct gc_log *c = start_log();
  for (int code = GC_OK + 1; code < GC_CODE_COUNT; code++) {
    bool is_error = false;
    CHECK_ROW(gc_code_name((enum gc_code)code));
    for (size_t i = 0; i < GC_COUNT(errors); i++)
      is_error = is_error || code == (int)errors[i];
    fake_log_clear();
    log_failure(c, gc_code_name((enum gc_code)code), (enum gc_code)code, "why");
    if (code == GC_ERR_STOPPED)
      CHECK_INT(fake_log_count(), 0);
    else
      CHECK_INT(strncmp(fake_log(0), "ERROR ", 6) == 0, is_error);
  }
  gc_log_free(c);
}

static void a_stop_is_neither_an_error_nor_a_recovery(void) {
  struct gc_log *c = start_log();
  log_failure(c, "x", GC_ERR_NETWORK, "no route");
  log_failure(c, "x", GC_ERR_STOPPED, "stopping");
  gc_log_failure(c, "x", NULL);
  CHECK_INT(fake_log_count(), 2);
  CHECK_STR(fake_log(1), "INFO genesys: x: good again after 0 s");
  gc_log_free(c);
}

static void causes_are_independent(void) {
  struct gc_log *c = start_log();
  log_failure(c, "a", GC_ERR_NETWORK, "no route");
  log_failure(c, "b", GC_ERR_NETWORK, "no route");
  gc_log_failure(c, "a", NULL);
  gc_log_failure(c, "never named", NULL);
  log_failure(c, "b", GC_ERR_NETWORK, "no route");
  CHECK_INT(fake_log_count(), 3);
  CHECK_STR(fake_log(2), "INFO genesys: a: good again after 0 s");
  gc_log_free(c);
}

static void a_line_is_one_line_of_less_than_a_kilobyte(void) {
  struct gc_log *c = start_log();
  char cause[3000];
  memset(cause, 'c', sizeof(cause));
  cause[sizeof(cause) - 1] = '\0';
  struct gc_err err = {.code = GC_ERR_PARSE};
  memset(err.text, 't', sizeof(err.text) - 1);
  memcpy(err.text, "a\r\nb\tc\x1b[31m\xff€", 15);
  gc_log_failure(c, cause, &err);
  CHECK_HAS(fake_log(0), "ccc: a  b c [31m €ttt");
  CHECK(strlen(fake_log(0)) < 1024);
  gc_log_failure(c, cause, &err);
  now_s = 600;
  gc_log_failure(c, cause, &err);
  CHECK_HAS(fake_log(1), "[held back 1 such failure]");

  gc_log_failure(c, "no\ntext", &(struct gc_err){.code = GC_ERR_PARSE});
  CHECK_STR(fake_log(2), "WARNING genesys: no?text: the answer is not what the "
                         "API documents");
  gc_log_free(c);
}

static void a_line_is_logged_once_at_its_level(void) {
  struct gc_log *c = start_log();
  gc_log_line(c, GC_LOG_ERROR, "a %d", 1);
  gc_log_line(c, GC_LOG_WARNING, "b\n%%");
  gc_log_line(c, GC_LOG_NOTICE, "%s", "%s%n");
  gc_log_line(c, GC_LOG_INFO, "%02000d", 7);
  CHECK_STR(fake_log(0), "ERROR genesys: a 1");
  CHECK_STR(fake_log(1), "WARNING genesys: b %");
  CHECK_STR(fake_log(2), "NOTICE genesys: %s%n");
  CHECK_INT(strlen(fake_log(3)), strlen("INFO ") + 1023);
  gc_log_free(c);
}

static void a_cause_too_many_replaces_the_one_named_longest_ago(void) {
  struct gc_log *c = start_log();
  char name[32];
  for (int i = 0; i < 1000; i++) {
    snprintf(name, sizeof(name), "cause %d", i);
    log_failure(c, name, GC_ERR_NETWORK, "no route");
  }
  log_failure(c, "cause 0", GC_ERR_NETWORK, "no route");
  CHECK_INT(fake_log_count(), 1000);
  log_failure(c, "one more", GC_ERR_NETWORK, "no route");
  CHECK_INT(fake_log_count(), 1001);
  log_failure(c, "cause 0", GC_ERR_NETWORK, "no route");
  log_failure(c, "cause 999", GC_ERR_NETWORK, "no route");
  CHECK_INT(fake_log_count(), 1001);
  log_failure(c, "cause 1", GC_ERR_NETWORK, "no route");
  CHECK_INT(fake_log_count(), 1002);
  gc_log_free(c);
}

static void *complain_a_lot(void *arg) {
  for (int i = 0; i < 2000; i++) {
    log_failure(arg, i % 3 == 0 ? "a" : "b", GC_ERR_NETWORK, "no route");
    gc_log_failure(arg, "a", NULL);
  }
  return NULL;
}

static void threads_may_log_together(void) {
  struct gc_log *c = start_log();
  pthread_t threads[4];
  for (size_t i = 0; i < GC_COUNT(threads); i++)
    pthread_create(&threads[i], NULL, complain_a_lot, c);
  for (size_t i = 0; i < GC_COUNT(threads); i++)
    pthread_join(threads[i], NULL);
  CHECK_INT(fake_log_count(), 3); /* a, its end, b */
  gc_log_free(c);
}

static void the_usual_clock_is_the_real_one(void) {
  fake_reset();
  struct gc_log *c = gc_log_new("genesys");
  log_failure(c, "x", GC_ERR_NETWORK, "no route");
  log_failure(c, "x", GC_ERR_NETWORK, "no route");
  CHECK_INT(fake_log_count(), 1);
  gc_log_free(c);
  gc_log_free(NULL);
}

int main(void) {
  RUN(an_error_is_logged_repeated_and_ended);
  RUN(one_line_held_back_is_counted_as_one);
  RUN(errors_that_only_an_operator_can_mend_have_level_error);
  RUN(a_stop_is_neither_an_error_nor_a_recovery);
  RUN(causes_are_independent);
  RUN(a_line_is_one_line_of_less_than_a_kilobyte);
  RUN(a_line_is_logged_once_at_its_level);
  RUN(a_cause_too_many_replaces_the_one_named_longest_ago);
  RUN(threads_may_log_together);
  RUN(the_usual_clock_is_the_real_one);
  fake_reset();
  return check_done();
}
