/* SPDX-License-Identifier: MIT */
/* collectd stops while a window is open: the free_func of the read callback
 * dispatches the window's values and waits for the write tracker, a second at
 * most. Both plugins run on the fake daemon; a server on the loopback address
 * is the API. */
#include "tests/support/fake_daemon.h"

#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/net/account.h"
#include "tests/support/alone.h"
#include "tests/support/check.h"
#include "tests/support/server.h"

void genesys_module_register(void);
void genesys_realtime_module_register(void);

enum { DEADLINE_MS = 120000, DAY_S = 86400, POLL_MS = 5 };

static char folder[] = "/tmp/gc-last-words-XXXXXX";
static struct server *server;

static const char *answer_of(const struct request *r) {
  static const struct {
    const char *path, *body;
  } rows[] = {
      {"/oauth/token", "{\"access_token\":\"t\",\"expires_in\":86400}"},
      {"/api/v2/routing/queues",
       "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"},"
       "{\"id\":\"q2\",\"name\":\"Support\"}]}"},
      {"/api/v2/analytics/queues/observations/query",
       "{\"results\":[{\"group\":{\"queueId\":\"q1\",\"mediaType\":\"voice\"},"
       "\"data\":[{\"metric\":\"oWaiting\",\"stats\":{\"count\":4}}]},"
       "{\"group\":{\"queueId\":\"q2\",\"mediaType\":\"voice\"},"
       "\"data\":[{\"metric\":\"oWaiting\",\"stats\":{\"count\":4}}]}]}"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    if (strncmp(r->path, rows[i].path, strlen(rows[i].path)) == 0)
      return rows[i].body;
  return "{}";
}

static void serve_platform(struct conn *c, void *ctx) {
  struct request r;
  (void)ctx;
  while (conn_request(c, &r)) {
    const char *body = answer_of(&r);
    if (!conn_say(c,
                  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                  "Content-Length: %zu\r\n\r\n%s",
                  strlen(body), body))
      return;
  }
}

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool is_up(const char *block) {
  char name[128];
  snprintf(name, sizeof(name), "genesys_realtime/queues-%s/state", block);
  fake_read(name);
  snprintf(name, sizeof(name), "h1/genesys-queues-%s/source_up-observations",
           block);
  return fake_gauge(name) == 1;
}

/* Starts the blocks a and b and waits for an answer to each; neither has put a
 * value yet. Both select Sales, which belongs to a, the first in the file. */
static void begin_blocks(const char *options) {
  char text[2048];
  server = server_start(&(struct server_plan){.serve = serve_platform});
  fake_reset();
  fake_global_option_set("BaseDir", folder);
  snprintf(text, sizeof(text),
           "<Plugin genesys>\n<Account prod>\nBaseURL "
           "\"http://127.0.0.1:%d\"\nClientId c1\nClientSecret s3cret\n"
           "Host h1\n</Account>\n</Plugin>\n<Plugin genesys_realtime>\n"
           "<Queues a>\nAccount prod\nStream none\nQueue Sales\n%s</Queues>\n"
           "<Queues b>\nAccount prod\nStream none\nQueueLabel id\n%s"
           "</Queues>\n</Plugin>\n",
           server_port(server), options, options);
  genesys_module_register();
  genesys_realtime_module_register();
  CHECK_INT(fake_config(text), 0);
  CHECK_INT(fake_init(), 0);
  uint64_t end_ms = now_ms() + DEADLINE_MS;
  bool up = false;
  for (; !up && now_ms() < end_ms; up = is_up("a") && is_up("b"))
    (void)poll(NULL, 0, POLL_MS);
  CHECK(up);
}

static void end_blocks(void) {
  gc_accounts_close();
  server_stop(server);
}

static void check_window(const char *name) {
  const value_list_t *vl = fake_value_of(name);
  CHECK_INT(fake_value_count_of(name), 1);
  if (vl == NULL)
    return;
  CHECK_INT(vl->values_len, 3);
  for (size_t i = 0; i < vl->values_len; i++)
    CHECK_REAL(vl->values[i].gauge, 4);
  CHECK_INT(CDTIME_T_TO_TIME_T(vl->time) % DAY_S, 0);
  CHECK(vl->time > cdtime());
  CHECK_INT(CDTIME_T_TO_TIME_T(vl->interval), DAY_S);
}

#define WINDOW(queue) "h1/genesys-" queue "/queue_depth_window-voice"

static void *write_values(void *stop) {
  while (!atomic_load((atomic_bool *)stop))
    if (fake_let_through(1) == 0)
      (void)poll(NULL, 0, POLL_MS);
  return NULL;
}

/* As in collectd: values in the queue are lost when the read callbacks are
 * gone, and another thread writes. */
static void the_open_window_leaves_before_the_queue_is_lost(void) {
  atomic_bool stop = false;
  pthread_t writer;
  begin_blocks("Window 86400\nRaw false\n");
  CHECK_INT(fake_value_count_of(WINDOW("Sales")), 0);
  fake_values_clear();
  fake_hold(true);
  CHECK_INT(pthread_create(&writer, NULL, write_values, &stop), 0);
  CHECK_INT(fake_shutdown(), 0);
  atomic_store(&stop, true);
  pthread_join(writer, NULL);
  check_window(WINDOW("Sales"));
  check_window(WINDOW("q2"));
  CHECK_INT(fake_value_count_of(WINDOW("q1")), 0);
  CHECK(fake_log_has("INFO genesys_realtime: queues-b: 1 of the queues that it "
                     "selects are left to earlier blocks"));
  CHECK_INT(fake_value_count_of("h1/genesys-Sales/queue_depth-voice"), 0);
  CHECK(!fake_log_has("WARNING genesys_realtime"));
  end_blocks();
}

/* Sets the clock back by half a minute while the first block waits. */
static void *set_clock_back(void *unused) {
  (void)poll(NULL, 0, 300);
  fake_time_set(cdtime() - TIME_T_TO_CDTIME_T(30));
  return unused;
}

/* The writers hang: the two blocks together wait one second, not two, and no
 * step of the clock makes them wait longer. */
static void the_end_waits_a_second_at_most(void) {
  pthread_t stepper;
  begin_blocks("Window 86400\nRaw false\n");
  fake_hold(true);
  uint64_t began_ms = now_ms();
  CHECK_INT(pthread_create(&stepper, NULL, set_clock_back, NULL), 0);
  CHECK_INT(fake_shutdown(), 8); /* two queues of four gauges */
  pthread_join(stepper, NULL);
  uint64_t took_ms = now_ms() - began_ms;
  CHECK_THAT(took_ms >= 900 && took_ms < 1900, "it took %" PRIu64 " ms",
             took_ms);
  CHECK(fake_log_has("queues-a: 4 values of the last window were not written"));
  CHECK(fake_log_has("queues-b: 4 values of the last window were not written"));
  end_blocks();
}

static void without_windows_the_end_does_not_wait(void) {
  begin_blocks("");
  fake_values_clear();
  fake_hold(true);
  uint64_t began_ms = now_ms();
  CHECK_INT(fake_shutdown(), 0);
  CHECK(now_ms() - began_ms < 900);
  end_blocks();
}

int main(void) {
  static const char *const files[] = {"state.db", "state.db-wal", "state.lock",
                                      "state.db-shm", ""};
  char path[64];
  if (mkdtemp(folder) == NULL)
    return 99;
  RUN_ALONE(the_open_window_leaves_before_the_queue_is_lost);
  RUN_ALONE_TIMED(the_end_waits_a_second_at_most);
  RUN_ALONE_TIMED(without_windows_the_end_does_not_wait);
  for (size_t i = 0; i < GC_COUNT(files); i++) {
    snprintf(path, sizeof(path), "%s/genesys/%s", folder, files[i]);
    (void)remove(path);
  }
  CHECK_INT(rmdir(folder), 0);
  return check_done();
}
