/* SPDX-License-Identifier: MIT */
/* The thread of a node: values are safe whatever the disk and the database do,
 * and a stop is short. */
#include "plugins/genesys_influxdb/node.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/net/clock.h"
#include "common/net/save_barrier.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/server.h"
#include "tests/support/spool_bench.h"

static struct gate gate = GATE_INIT;
static char said[4096]; /* notices: "CAUSE: TEXT\n" */
static unsigned requests, status = 204;
static char last_head[16384]; /* of the last request */
static struct gc_strs no_tags;

/* The disk: syncs fail on demand. */
static atomic_bool syncs_fail;

int fdatasync(int fd);
int fdatasync(int fd) {
  if (!syncs_fail)
    return (int)syscall(SYS_fdatasync, fd);
  errno = EIO;
  return -1;
}

static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  (void)ctx;
  size_t len = strlen(said);
  if (err->code != GC_OK)
    GATE_CHANGE(&gate, snprintf(said + len, sizeof(said) - len, "%s: %s\n",
                                cause, err->text));
}

static void serve_influxdb(struct conn *c, void *ctx) {
  struct request r;
  (void)ctx;
  while (conn_request(c, &r)) {
    snprintf(last_head, sizeof(last_head), "%s", r.head);
    unsigned answer;
    GATE_CHANGE(&gate, (requests++, answer = status));
    if (!conn_say(c, "HTTP/1.1 %u x\r\nContent-Length: 0\r\n\r\n", answer))
      return;
  }
}

static struct influx_node_settings settings_for(const char *url) {
  return (struct influx_node_settings){
      .target = {.url = url, .version = INFLUX_V2, .bucket = "b"},
      .connect = {.timeout_ms = 5000, .connect_timeout_ms = 5000},
      .secret_option = "TokenFile",
      .folder = spool_folder,
      .spool_max = 1 << 20,
      .batch_size = 2,
      .flush_interval_ms = 60000,
      .takes_intervals = true,
      .tags = &no_tags,
      .thread = "gc-db-test",
      .notice = on_notice};
}

static void put_sample(struct influx_node *n, int i) {
  struct influx_sample s = {.key = "h\0p\0\0users\0x",
                            .key_len = sizeof("h\0p\0\0users\0x"),
                            .parts = "",
                            .time_ns = i,
                            .count = 1};
  s.sources[0] = (struct influx_source){"value", INFLUX_INT, {.integer = i}};
  influx_node_put(n, &s);
}

#define LINE(i)                                                                \
  "collectd_p_users,host=h,plugin=p,type=users,type_instance=x value=" i       \
  "i " i " "

/* Returns the lines that wait in the spool of a node that has ended. */
static const char *spool_words(void) {
  struct gc_spool *s = spool_opened();
  static char words[4096];
  snprintf(words, sizeof(words), "%s", spool_peek(s));
  gc_spool_free(s);
  for (char *c = words; *c != '\0'; c++)
    if (*c == '\n')
      *c = ' ';
  return words;
}

static void a_stop_saves_the_lines_in_memory(void) {
  struct gc_err err = {.code = GC_OK};
  struct timespec from, to;
  spool_fresh(0, 1 << 20);
  struct influx_node_settings o = settings_for("http://127.0.0.1:1");
  struct influx_node *n = influx_node_new(&o, &err);
  CHECK(n != NULL);
  put_sample(n, 1);
  put_sample(n, 2);
  clock_gettime(CLOCK_MONOTONIC, &from);
  CHECK(influx_node_free(n));
  clock_gettime(CLOCK_MONOTONIC, &to);
  CHECK(to.tv_sec - from.tv_sec <= 3);
  CHECK_STR(spool_words(), LINE("1") LINE("2"));
}

static bool wait_for_save(void) {
  return gc_save_wait(gc_save_mark(), gc_clock_now_ms() + DEADLINE_S * 1000);
}

/* A source of intervals counts a window as sent only after this save. */
static void a_save_that_is_asked_for_has_each_value_of_before(void) {
  struct gc_err err = {.code = GC_OK};
  spool_fresh(0, 1 << 20);
  struct influx_node_settings o = settings_for("http://127.0.0.1:1");
  struct influx_node *n = influx_node_new(&o, &err);
  CHECK(n != NULL);
  for (int i = 1; i <= 50; i++) {
    char word[64];
    put_sample(n, i);
    CHECK(wait_for_save());
    snprintf(word, sizeof(word), "value=%di %d\n", i, i);
    struct gc_buf bytes = spool_file("0000000000000001.seg");
    CHECK(bytes.len > strlen(word) &&
          memcmp(bytes.data + bytes.len - strlen(word), word, strlen(word)) ==
              0);
    gc_buf_clear(&bytes);
  }
  CHECK(influx_node_free(n));
  CHECK(wait_for_save());
}

/* The values stay in memory, and other writers get theirs. */
static void a_disk_that_refuses_holds_no_source_up(void) {
  struct gc_err err = {.code = GC_OK};
  spool_fresh(0, 1 << 20);
  struct influx_node_settings o = settings_for("http://127.0.0.1:1");
  struct influx_node *n = influx_node_new(&o, &err);
  CHECK(n != NULL);
  syncs_fail = true;
  put_sample(n, 1);
  CHECK(wait_for_save());
  syncs_fail = false;
  CHECK(wait_for_save());
  CHECK(influx_node_free(n));
  CHECK_STR(spool_words(), LINE("1"));
}

static void a_node_without_intervals_is_not_asked(void) {
  struct gc_err err = {.code = GC_OK};
  spool_fresh(0, 1 << 20);
  struct influx_node_settings o = settings_for("http://127.0.0.1:1");
  o.takes_intervals = false;
  struct influx_node *n = influx_node_new(&o, &err);
  CHECK(n != NULL);
  put_sample(n, 1);
  CHECK(gc_save_wait(gc_save_mark(), 0)); /* at once */
  CHECK(influx_node_free(n));
}

static bool has_requests(void *ctx) { return requests >= *(unsigned *)ctx; }

/* A node that writes to a server in this program; the caller frees both. */
static struct influx_node *node_with_database(struct server **ret_server) {
  static struct server_plan plan = {.serve = serve_influxdb};
  static struct influx_node_settings o; /* the node borrows it */
  static char url[64];
  struct gc_err err = {.code = GC_OK};
  *ret_server = server_start(&plan);
  snprintf(url, sizeof(url), "http://127.0.0.1:%d", server_port(*ret_server));
  spool_fresh(0, 1 << 20);
  o = settings_for(url);
  requests = 0;
  struct influx_node *n = influx_node_new(&o, &err);
  CHECK(n != NULL);
  return n;
}

static void a_stop_sends_to_a_database_that_answers(void) {
  struct server *s;
  struct influx_node *n = node_with_database(&s);
  put_sample(n, 1);
  put_sample(n, 2); /* a batch */
  unsigned wanted = 1;
  CHECK(gate_wait(&gate, has_requests, &wanted));
  put_sample(n, 3); /* would wait a minute */
  CHECK(influx_node_free(n));
  CHECK_STR(spool_words(), "");
  CHECK_INT(requests, 2);
  server_stop(s);
}

/* A busy host may free a stopped node seconds later. */
static void a_stopped_node_does_nothing_more(void) {
  struct gc_err err = {.code = GC_OK};
  spool_fresh(0, 1 << 20);
  struct influx_node_settings o = settings_for("http://127.0.0.1:1");
  struct influx_node *n = influx_node_new(&o, &err);
  put_sample(n, 1);
  CHECK(influx_node_stop(n));
  put_sample(n, 2);
  influx_node_flush(n);
  CHECK(influx_node_stop(n));
  CHECK(influx_node_free(n));
  CHECK_STR(spool_words(), LINE("1"));
}

static bool has_spoken(void *ctx) { return strstr(said, ctx) != NULL; }

static void batches_share_a_connection(void) {
  struct server *s;
  struct influx_node *n = node_with_database(&s);
  for (int i = 0; i < 20; i++)
    put_sample(n, i);
  unsigned wanted = 10;
  CHECK(gate_wait(&gate, has_requests, &wanted));
  CHECK(influx_node_free(n));
  CHECK_INT(server_accepted(s), 1);
  CHECK_HAS(last_head, "\r\nContent-Encoding: gzip\r\n");
  server_stop(s);
}

static void a_folder_that_is_not_there_yet_recovers(void) {
  struct gc_err err = {.code = GC_OK};
  spool_fresh(0, 1 << 20);
  char inner[200], folder[160], what[] = "spool: SpoolDir ";
  snprintf(folder, sizeof(folder), "%s", spool_folder);
  snprintf(inner, sizeof(inner), "%s/in", folder);
  struct influx_node_settings o = settings_for("http://127.0.0.1:1");
  o.folder = inner;
  said[0] = '\0';
  struct influx_node *n = influx_node_new(&o, &err);
  put_sample(n, 1);
  CHECK(gate_wait(&gate, has_spoken, what));
  CHECK_INT(mkdir(folder, 0700), 0);
  CHECK(influx_node_free(n));
  snprintf(spool_folder, sizeof(spool_folder), "%.120s", inner);
  CHECK_INT(access(spool_in_folder("0000000000000001.seg"), F_OK), 0);
}

static void a_folder_that_others_can_write_to_gives_a_warning(void) {
  struct gc_err err = {.code = GC_OK};
  char what[] = "folder: SpoolDir ";
  spool_fresh(0, 1 << 20);
  CHECK(mkdir(spool_folder, 0700) == 0 && chmod(spool_folder, 0777) == 0);
  struct influx_node_settings o = settings_for("http://127.0.0.1:1");
  said[0] = '\0';
  struct influx_node *n = influx_node_new(&o, &err);
  CHECK(gate_wait(&gate, has_spoken, what));
  CHECK(influx_node_free(n));
  CHECK_HAS(said, "may be written by other users (mode 0777)");
}

static void dropped_lines_are_reported(void) {
  struct gc_err err = {.code = GC_OK};
  char what[] = "SpoolMax: ";
  spool_fresh(0, 1 << 20);
  struct influx_node_settings o = settings_for("http://127.0.0.1:1");
  o.spool_max = 128 * 1024;
  said[0] = '\0';
  struct influx_node *n = influx_node_new(&o, &err);
  for (int i = 0; i < 3000; i++)
    put_sample(n, i);
  CHECK(gate_wait(&gate, has_spoken, what));
  CHECK(influx_node_free(n));
}

/* The values are more than the memory has room for, and the disk takes no
 * lines. */
static void values_beyond_the_memory_are_counted_and_reported(void) {
  struct gc_err err = {.code = GC_OK};
  char what[] = "memory: ";
  spool_fresh(0, 1 << 20);
  struct influx_node_settings o = settings_for("http://127.0.0.1:1");
  o.folder = "/dev/null/none";
  said[0] = '\0';
  struct influx_node *n = influx_node_new(&o, &err);
  for (int i = 0; i < INFLUX_LINES_MAX + 5000; i++)
    put_sample(n, i);
  CHECK(gate_wait(&gate, has_spoken, what));
  CHECK(influx_node_free(n));
  CHECK_HAS(said, "values were lost: neither the disk nor the database");
}

static bool shows_memory(void *ctx) {
  struct influx_node_stats stats;
  influx_node_stats(ctx, &stats);
  return stats.disk_refuses && stats.spool.bytes > 0 && stats.spool_age_ms > 0;
}

static bool wait_until(bool (*holds)(void *ctx), void *ctx) {
  for (int i = 0; i < DEADLINE_S * 100 && !holds(ctx); i++)
    usleep(10 * 1000);
  return holds(ctx);
}

static bool has_sent_seven(void *ctx) {
  struct influx_node_stats stats;
  influx_node_stats(ctx, &stats);
  return stats.sender.sent == 7 && stats.spool.bytes == 0;
}

/* Each line leaves once, whatever fails first and recovers last. */
static void a_disk_that_takes_nothing_stops_only_the_disk(void) {
  struct server *s;
  struct influx_node_stats stats;
  struct influx_node *n = node_with_database(&s);
  put_sample(n, 1);
  put_sample(n, 2); /* a batch */
  unsigned wanted = 1;
  CHECK(gate_wait(&gate, has_requests, &wanted));
  syncs_fail = true;
  wanted = 2;
  put_sample(n, 3);
  CHECK(gate_wait(&gate, has_requests, &wanted));
  GATE_CHANGE(&gate, status = 503);
  wanted = 3;
  put_sample(n, 4);
  CHECK(gate_wait(&gate, has_requests, &wanted));
  CHECK(wait_until(shows_memory, n));
  GATE_CHANGE(&gate, status = 204);
  put_sample(n, 5);
  put_sample(n, 6);
  put_sample(n, 7);
  CHECK(wait_until(has_sent_seven, n));
  influx_node_stats(n, &stats);
  CHECK(stats.disk_refuses && stats.lost == 0 && stats.spool_age_ms == 0);
  CHECK(influx_node_free(n));
  syncs_fail = false;
  CHECK_STR(spool_words(), "");
  server_stop(s);
}

/* A batch that the sender took from memory returns to the disk. */
static void a_disk_that_recovers_gets_the_lines_in_memory(void) {
  struct server *s;
  struct influx_node *n = node_with_database(&s);
  syncs_fail = true;
  GATE_CHANGE(&gate, status = 503);
  put_sample(n, 1);
  unsigned wanted = 1;
  CHECK(gate_wait(&gate, has_requests, &wanted));
  put_sample(n, 2);
  CHECK(wait_until(shows_memory, n));
  syncs_fail = false;
  CHECK(wait_for_save());
  CHECK(influx_node_free(n));
  GATE_CHANGE(&gate, status = 204);
  CHECK_STR(spool_words(), LINE("1") LINE("2"));
  server_stop(s);
}

static void a_stop_reports_the_lines_that_the_disk_does_not_take(void) {
  struct gc_err err = {.code = GC_OK};
  spool_fresh(0, 1 << 20);
  struct influx_node_settings o = settings_for("http://127.0.0.1:1");
  said[0] = '\0';
  syncs_fail = true;
  struct influx_node *n = influx_node_new(&o, &err);
  for (int i = 0; i < 3; i++)
    put_sample(n, i);
  CHECK(influx_node_free(n));
  syncs_fail = false;
  CHECK_HAS(said, "stop: 3 lines were lost: the disk takes none");
}

int main(void) {
  spool_bench_begin();
  RUN(a_stop_saves_the_lines_in_memory);
  RUN(a_save_that_is_asked_for_has_each_value_of_before);
  RUN(a_disk_that_refuses_holds_no_source_up);
  RUN(a_node_without_intervals_is_not_asked);
  RUN(a_stop_sends_to_a_database_that_answers);
  RUN(a_stopped_node_does_nothing_more);
  RUN(a_folder_that_others_can_write_to_gives_a_warning);
  RUN(dropped_lines_are_reported);
  RUN(batches_share_a_connection);
  RUN(a_disk_that_takes_nothing_stops_only_the_disk);
  RUN(a_disk_that_recovers_gets_the_lines_in_memory);
  RUN(values_beyond_the_memory_are_counted_and_reported);
  RUN(a_folder_that_is_not_there_yet_recovers);
  RUN(a_stop_reports_the_lines_that_the_disk_does_not_take);
  spool_bench_end();
  return check_done();
}
