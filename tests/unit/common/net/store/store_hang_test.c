/* SPDX-License-Identifier: MIT */
/* The state file on a disk that hangs. */
#include "common/net/store/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/net/clock.h"
#include "common/net/timing.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/folder.h"

/* WAIT_MS is as long as a busy host may need for a call that does not hang. */
enum { WAIT_MS = 3000, SHORT_MS = 800, BOUND_MS = 60000, AT_ONCE_MS = 2900 };

static struct gate gate = GATE_INIT;
static bool is_hanging, reads_hang;
static unsigned failures, ends; /* notices */
static char text[sizeof(((struct gc_err *)0)->text)];
static char folder[64];

/* ---- the disk ---- */

/* Replaces fsync of libc: the real disk, which other processes may keep
 * busy for seconds, has no part in the test. */
int fsync(int fd);
int fsync(int fd) {
  (void)fd;
  return 0;
}
int fdatasync(int fd);
int fdatasync(int fd) {
  (void)fd;
  return 0;
}

static void wait_for_disk(const bool *hangs) {
  pthread_mutex_lock(&gate.lock);
  while (*hangs)
    pthread_cond_wait(&gate.changed, &gate.lock);
  pthread_mutex_unlock(&gate.lock);
}

static int (*real_open)(const char *path, int flags, int mode);
static int hanging_open(const char *path, int flags, int mode) {
  wait_for_disk(&is_hanging);
  return real_open(path, flags, mode);
}

static ssize_t (*real_pwrite)(int fd, const void *from, size_t len, off_t at);
static ssize_t hanging_pwrite(int fd, const void *from, size_t len, off_t at) {
  wait_for_disk(&is_hanging);
  return real_pwrite(fd, from, len, at);
}

static ssize_t (*real_pread)(int fd, void *to, size_t len, off_t at);
static ssize_t hanging_pread(int fd, void *to, size_t len, off_t at) {
  wait_for_disk(&reads_hang);
  return real_pread(fd, to, len, at);
}

static void set_reads_hanging(bool hang) {
  GATE_CHANGE(&gate, reads_hang = hang);
}

static void set_hanging(bool hangs) { GATE_CHANGE(&gate, is_hanging = hangs); }

/* sqlite3.h: xSetSystemCall. SQLite reads with one of two system calls, and
 * writes with one of two. */
static void hold_calls(void) {
  static const char *const writes[] = {"pwrite", "pwrite64"};
  static const char *const reads[] = {"pread", "pread64"};
  sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
  *(sqlite3_syscall_ptr *)&real_open = vfs->xGetSystemCall(vfs, "open");
  vfs->xSetSystemCall(vfs, "open", (sqlite3_syscall_ptr)hanging_open);
  for (size_t i = 0; i < GC_COUNT(writes); i++) {
    sqlite3_syscall_ptr real = vfs->xGetSystemCall(vfs, writes[i]);
    if (real == NULL)
      continue;
    *(sqlite3_syscall_ptr *)&real_pwrite = real;
    vfs->xSetSystemCall(vfs, writes[i], (sqlite3_syscall_ptr)hanging_pwrite);
  }
  for (size_t i = 0; i < GC_COUNT(reads); i++) {
    sqlite3_syscall_ptr real = vfs->xGetSystemCall(vfs, reads[i]);
    if (real == NULL)
      continue;
    *(sqlite3_syscall_ptr *)&real_pread = real;
    vfs->xSetSystemCall(vfs, reads[i], (sqlite3_syscall_ptr)hanging_pread);
  }
  CHECK(real_open != NULL && real_pwrite != NULL && real_pread != NULL);
}

/* ---- the store ---- */

static void count_notice(void *ctx, const char *cause,
                         const struct gc_err *err) {
  (void)ctx, (void)cause;
  if (err->code != GC_OK)
    GATE_CHANGE(&gate, failures++;
                snprintf(text, sizeof(text), "%s", err->text));
  else
    GATE_CHANGE(&gate, ends++);
}

static bool has_ended(void *ctx) {
  (void)ctx;
  return ends == 1;
}

static enum gc_code open_with(uint32_t wait_ms, struct gc_store **ret) {
  struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
  enum gc_code code = gc_store_open(folder, wait_ms, ret, &warning, &err);
  gc_store_set_notice(*ret, count_notice, NULL);
  return code;
}

static enum gc_code open_store(struct gc_store **ret) {
  return open_with(WAIT_MS, ret);
}

static void begin_store(void) {
  snprintf(folder, sizeof(folder), "/tmp/gc-hang-XXXXXX");
  CHECK(mkdtemp(folder) != NULL);
  GATE_CHANGE(&gate, failures = ends = 0; is_hanging = false);
}

static enum gc_code save_name(struct gc_store *s, const char *id) {
  struct gc_err err = {.code = GC_OK};
  const struct gc_entry e = {id, "Support", "Support", ""};
  return gc_store_save_names(s, "prod", "queue", &e, 1, 1000, 1 << 20, &err);
}

/* -1: the store failed. */
static int names_of(struct gc_store *s) {
  GC_AUTO(gc_store_names_clear) struct gc_store_names names = {.count = 0};
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = gc_store_load_names(s, "prod", "queue", &names, &err);
  return code == GC_OK ? (int)names.count : -1;
}

/* More than SQLite keeps in memory. */
static char pending_text[4 << 20];

/* Begins or continues a save of a page with the number `n`. */
static enum gc_code save_page(struct gc_store *s, unsigned n,
                              struct gc_store_call **call) {
  GC_AUTO(gc_buf_clear) struct gc_buf fields = {.max = SIZE_MAX / 2};
  struct gc_err err = {.code = GC_OK};
  const struct gc_page_save how = {.at_ms = n, .is_all = true};
  char number[16];
  memset(pending_text, 'x', sizeof(pending_text) - 1);
  snprintf(number, sizeof(number), "%u", n);
  CHECK_INT(gc_fields_add(&fields, "pending", pending_text), GC_OK);
  CHECK_INT(gc_fields_add(&fields, "mark", number), GC_OK);
  return gc_store_save_page(s, "prod", "query-a", &how, &fields, call, &err);
}

/* Saves for a caller that does not ask again. */
static void save_once(struct gc_store *s, unsigned n, enum gc_code want) {
  struct gc_store_call *call = NULL;
  CHECK_INT(save_page(s, n, &call), want);
  gc_store_call_leave(&call);
}

/* Begins or continues a load of that page. */
static enum gc_code load_page(struct gc_store *s, struct gc_store_call **call,
                              int *ret_n) {
  GC_AUTO(gc_buf_clear) struct gc_buf fields = {.max = SIZE_MAX / 2};
  struct gc_err err = {.code = GC_OK};
  const char *field, *value;
  uint64_t generation = 0;
  size_t at = 0;
  enum gc_code code = gc_store_load_page(s, "prod", "query-a", call, &fields,
                                         &generation, &err);
  *ret_n = -1;
  while (code == GC_OK && gc_fields_next(&fields, &at, &field, &value))
    if (strcmp(field, "mark") == 0)
      *ret_n = atoi(value);
  return code;
}

/* -1: there is no page. */
static int page_of(struct gc_store *s) {
  struct gc_store_call *call = NULL;
  int n;
  CHECK_INT(load_page(s, &call, &n), GC_OK);
  return n;
}

/* Opens the store as soon as the call that hung has released the lock. */
static struct gc_store *open_next(void) {
  struct gc_store *s = NULL;
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (open_store(&s) != GC_OK && gc_clock_now_ms() < until_ms)
    gc_store_close(s);
  return s;
}

/* Calls the store, as its users do, until it has reported a failure. */
static int failures_in_time(struct gc_store *s) {
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (gate_read(&gate, &failures) == 0 && gc_clock_now_ms() < until_ms)
    if (names_of(s) < 0)
      usleep(1000);
  return (int)gate_read(&gate, &failures);
}

/* The disk answers again: waits until the call that hung has ended. */
static void wait_for_end_of_call(struct gc_store *s) {
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (!gc_store_works(s) && gc_clock_now_ms() < until_ms)
    usleep(1000);
  CHECK(gc_store_works(s));
}

static void a_save_that_hangs_returns_and_is_reported_once(void) {
  struct gc_store *s = NULL;
  begin_store();
  CHECK_INT(open_store(&s), GC_OK);
  CHECK_INT(save_name(s, "1"), GC_OK);
  CHECK(gc_store_works(s));
  set_hanging(true);
  uint64_t began_ms = gc_clock_now_ms();
  CHECK_INT(save_name(s, "2"), GC_ERR_UNAVAILABLE);
  CHECK(gc_clock_now_ms() - began_ms < BOUND_MS);
  began_ms = gc_clock_now_ms();
  CHECK_INT(names_of(s), -1);
  CHECK(!gc_store_works(s));
  CHECK(!gc_store_is_held(s));
  CHECK_INT(gc_store_generation(s), 1);
  CHECK(gc_clock_now_ms() - began_ms < AT_ONCE_MS);
  CHECK_INT(gate_read(&gate, &failures),
            0); /* a busy disk may need this time */
  CHECK_INT(failures_in_time(s), 1);
  CHECK_INT(names_of(s), -1);
  CHECK_INT(gate_read(&gate, &failures), 1);
  CHECK_HAS(text, "/state.db: no answer of the file system");

  set_hanging(false);
  CHECK(gate_wait(&gate, has_ended, NULL));
  gc_store_close(s);
  s = open_next();
  CHECK_INT(names_of(s), 2); /* saved at last */
  gc_store_close(s);
  CHECK(folder_remove(folder));
}

/* The caller of a save that hung has left it, and saves again. */
static void a_late_save_does_not_undo_a_later_one(void) {
  struct gc_store *s = NULL;
  begin_store();
  CHECK_INT(open_store(&s), GC_OK);
  save_once(s, 1, GC_OK);
  set_hanging(true);
  save_once(s, 2, GC_ERR_TIMEOUT);
  save_once(s, 3, GC_ERR_UNAVAILABLE); /* at once: it never runs */
  set_hanging(false);
  wait_for_end_of_call(s);
  CHECK_INT(page_of(s), 2);
  save_once(s, 3, GC_OK);
  CHECK_INT(page_of(s), 3);
  gc_store_close(s);
  CHECK(folder_remove(folder));
}

/* Asks until the call has ended. */
static enum gc_code end_of_load(struct gc_store *s, struct gc_store_call **call,
                                int *ret_n) {
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  enum gc_code code;
  while ((code = load_page(s, call, ret_n)) == GC_ERR_TIMEOUT &&
         gc_clock_now_ms() < until_ms)
    usleep(1000);
  return code;
}

/* Reads of a large page may always take longer than the bound. */
static void a_load_that_takes_longer_than_the_bound_ends(void) {
  struct gc_store *s = NULL;
  struct gc_store_call *call = NULL;
  int n;
  begin_store();
  CHECK_INT(open_store(&s), GC_OK);
  save_once(s, 1, GC_OK);
  gc_store_close(s);
  s = open_next();
  set_reads_hanging(true);
  CHECK_INT(load_page(s, &call, &n), GC_ERR_TIMEOUT);
  uint64_t began_ms = gc_clock_now_ms();
  CHECK_INT(load_page(s, &call, &n), GC_ERR_TIMEOUT);
  CHECK(gc_clock_now_ms() - began_ms < AT_ONCE_MS);
  set_reads_hanging(false);
  CHECK_INT(end_of_load(s, &call, &n), GC_OK);
  CHECK_INT(n, 1);
  CHECK(call == NULL);
  gc_store_close(s);
  CHECK(folder_remove(folder));
}

static void a_load_that_was_left_has_no_effect(void) {
  struct gc_store *s = NULL;
  struct gc_store_call *call = NULL;
  int n;
  begin_store();
  CHECK_INT(open_store(&s), GC_OK);
  save_once(s, 1, GC_OK);
  gc_store_close(s);
  s = open_next();
  set_reads_hanging(true);
  CHECK_INT(load_page(s, &call, &n), GC_ERR_TIMEOUT);
  gc_store_call_leave(&call);
  CHECK(call == NULL);
  set_reads_hanging(false);
  wait_for_end_of_call(s);
  save_once(s, 2, GC_OK);
  CHECK_INT(page_of(s), 2);
  gc_store_close(s);
  CHECK(folder_remove(folder));
}

static void a_save_that_takes_longer_than_the_bound_has_its_outcome(void) {
  struct gc_store *s = NULL;
  struct gc_store_call *call = NULL;
  enum gc_code code;
  begin_store();
  CHECK_INT(open_store(&s), GC_OK);
  set_hanging(true);
  CHECK_INT(save_page(s, 1, &call), GC_ERR_TIMEOUT);
  CHECK_INT(save_page(s, 1, &call), GC_ERR_TIMEOUT);
  set_hanging(false);
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while ((code = save_page(s, 1, &call)) == GC_ERR_TIMEOUT &&
         gc_clock_now_ms() < until_ms)
    usleep(1000);
  CHECK_INT(code, GC_OK);
  CHECK_INT(page_of(s), 1);
  gc_store_close(s);
  CHECK(folder_remove(folder));
}

/* A window is not held back for ever by a disk that hangs. */
static void a_save_that_hangs_is_given_up_and_reported(void) {
  struct gc_store *s = NULL;
  struct gc_store_call *call = NULL;
  enum gc_code code;
  begin_store();
  CHECK_INT(open_with(SHORT_MS, &s), GC_OK);
  set_hanging(true);
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while ((code = save_page(s, 1, &call)) == GC_ERR_TIMEOUT &&
         gc_clock_now_ms() < until_ms)
    usleep(1000);
  CHECK_INT(code, GC_ERR_UNAVAILABLE);
  CHECK(call == NULL);
  CHECK_INT(gate_read(&gate, &failures), 1);
  set_hanging(false);
  CHECK(gate_wait(&gate, has_ended, NULL));
  gc_store_close(s);
  CHECK(folder_remove(folder));
}

/* As collectd stops: the file is closed when the disk answers. */
static void a_close_does_not_wait_for_the_disk(void) {
  struct gc_store *s = NULL, *next;
  begin_store();
  CHECK_INT(open_store(&s), GC_OK);
  CHECK_INT(save_name(s, "1"), GC_OK);
  set_hanging(true);
  uint64_t began_ms = gc_clock_now_ms();
  gc_store_close(s);
  CHECK(gc_clock_now_ms() - began_ms < BOUND_MS);
  set_hanging(false);
  next = open_next();
  CHECK_INT(names_of(next), 1);
  gc_store_close(next);
  CHECK_INT(gate_read(&gate, &ends), 0); /* no notice after the close */
  CHECK(folder_remove(folder));
}

static void an_open_that_hangs_returns_and_goes_on(void) {
  struct gc_store *s = NULL;
  begin_store();
  set_hanging(true);
  uint64_t began_ms = gc_clock_now_ms();
  CHECK_INT(open_store(&s), GC_ERR_STATE);
  CHECK_INT(names_of(s), -1);
  CHECK(gc_clock_now_ms() - began_ms < BOUND_MS);
  set_hanging(false);
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (names_of(s) != 0 && gc_clock_now_ms() < until_ms)
    continue; /* not open yet */
  CHECK_INT(save_name(s, "1"), GC_OK);
  CHECK_INT(names_of(s), 1);
  gc_store_close(s);
  CHECK(folder_remove(folder));
}

int main(void) {
  hold_calls();
  RUN(a_save_that_hangs_returns_and_is_reported_once);
  RUN(a_late_save_does_not_undo_a_later_one);
  RUN(a_load_that_takes_longer_than_the_bound_ends);
  RUN(a_load_that_was_left_has_no_effect);
  RUN(a_save_that_takes_longer_than_the_bound_has_its_outcome);
  RUN(a_save_that_hangs_is_given_up_and_reported);
  RUN(a_close_does_not_wait_for_the_disk);
  RUN(an_open_that_hangs_returns_and_goes_on);
  return check_done();
}
