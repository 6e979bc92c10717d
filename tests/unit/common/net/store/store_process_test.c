/* SPDX-License-Identifier: MIT */
#include "common/net/store/store.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/store_bench.h"

/* ---- several at once ---- */

static void a_second_process_is_refused_and_the_holder_is_named(void) {
  char holder[64];
  struct gc_store *two = NULL;
  struct gc_err warning = {.code = GC_OK}, err = {.code = GC_OK};
  store_fresh();
  struct gc_store *one = store_opened(NULL);
  store_save(one, "prod", "queue", store_ab, 2, 1000);
  CHECK_INT(gc_store_open(store_folder, 60000, &two, &warning, &err),
            GC_ERR_UNAVAILABLE);
  snprintf(holder, sizeof(holder), "pid %ld on ", (long)getpid());
  CHECK_HAS(err.text, holder);
  CHECK_HAS(err.text, "its own StateDir");
  CHECK(gc_store_is_held(two));
  CHECK_INT(gc_store_save_channel(two, "prod", 1, "theirs", &err),
            GC_ERR_UNAVAILABLE);
  gc_store_close(one);
  CHECK_INT(gc_store_save_channel(two, "prod", 1, "ours", &err), GC_OK);
  CHECK(!gc_store_is_held(two));
  CHECK_STR(store_names(two, "prod", "queue"), STORE_AB);
  gc_store_close(two);
}

static void *save_often(void *ctx) {
  struct gc_err err = {.code = GC_OK};
  for (int i = 0; i < 30; i++)
    if (gc_store_save_names(ctx, "prod", "queue", store_ab, 2, 1000 + i, 100,
                            &err) != GC_OK)
      return ctx;
  return NULL;
}

static void threads_take_turns(void) {
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    CHECK_INT(pthread_create(&threads[i], NULL, save_often, s), 0);
  for (int i = 0; i < 4; i++) {
    void *failed = NULL;
    CHECK_INT(pthread_join(threads[i], &failed), 0);
    CHECK(failed == NULL);
  }
  CHECK_STR(store_names(s, "prod", "queue"), STORE_AB);
  gc_store_close(s);
}

/* Several processes create the same new file; each of them opens it in the
 * end. */
static void processes_that_begin_together_all_begin(void) {
  for (int round = 0; round < 10; round++) {
    store_fresh();
    pid_t pids[4];
    int gate[2];
    if (pipe(gate) != 0)
      exit(1);
    fflush(stdout);
    for (int i = 0; i < 4; i++)
      if ((pids[i] = fork()) == 0) {
        char go;
        close(gate[1]);
        ssize_t n = read(gate[0], &go, 1); /* until all have started */
        struct gc_store *s = NULL;
        struct gc_err warning = {.code = GC_OK}, err = {.code = GC_OK};
        time_t deadline = time(NULL) + DEADLINE_S;
        enum gc_code code;
        do {
          gc_store_close(s);
          code = gc_store_open(store_folder, 60000, &s, &warning, &err);
        } while (code == GC_ERR_UNAVAILABLE && time(NULL) < deadline);
        if (code != GC_OK)
          printf("child: %s\n", err.text);
        gc_store_close(s);
        fflush(stdout);
        _exit(n == 0 && code == GC_OK && warning.code == GC_OK ? 0 : 1);
      }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < 4; i++) {
      int status = -1;
      CHECK(waitpid(pids[i], &status, 0) == pids[i]);
      CHECK_INT(status, 0);
    }
  }
}

/* ---- kill -9 ---- */

static void die_in_a_transaction(void) {
  sqlite3 *db = store_raw();
  store_sql(db, "BEGIN IMMEDIATE; DELETE FROM pages; INSERT INTO pages VALUES "
                "('prod','names queue','z','half',1)");
}

static void a_kill_in_a_transaction_leaves_the_saved_names(void) {
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  store_save(s, "prod", "queue", store_ab, 2, 1000);
  gc_store_close(s);
  store_in_a_process_that_dies(die_in_a_transaction);
  s = store_opened(NULL);
  CHECK_STR(store_names(s, "prod", "queue"), STORE_AB);
  store_save(s, "prod", "queue", store_ab, 2, 1001);
  gc_store_close(s);
}

enum { GENERATION = 3000 };

static void save_generations(void) {
  static struct gc_entry entries[GENERATION];
  static char ids[GENERATION][16];
  struct gc_store *s = NULL;
  struct gc_err err;
  if (gc_store_open(store_folder, 60000, &s, &err, &err) != GC_OK)
    _exit(1);
  for (int g = 0;; g++) {
    char name[16];
    snprintf(name, sizeof(name), "g%d", g);
    for (int i = 0; i < GENERATION; i++) {
      snprintf(ids[i], sizeof(ids[i]), "q%d", i);
      entries[i] = (struct gc_entry){ids[i], name, name, ""};
    }
    if (gc_store_save_names(s, "prod", "queue", entries, GENERATION, g, 100000,
                            &err) != GC_OK)
      _exit(1);
  }
}

static off_t wal_size(void) {
  struct stat st;
  return stat(store_in_folder("state.db-wal"), &st) == 0 ? st.st_size : 0;
}

/* The saving process may be killed at any moment: one whole generation is in
 * the file. The test finds the moment by the growth of the write-ahead log. */
static void a_kill_at_any_moment_leaves_one_whole_saving(void) {
  for (int round = 0; round < 6; round++) {
    store_fresh();
    gc_store_close(store_opened(NULL));
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
      save_generations();
      _exit(0);
    }
    time_t deadline = time(NULL) + 20;
    off_t last = 0;
    for (int seen = 0; seen < 2 + 3 * round && time(NULL) < deadline;) {
      off_t size = wal_size();
      seen += size != last;
      last = size;
    }
    kill(pid, SIGKILL);
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status));
    struct gc_store *s = store_opened(NULL);
    struct gc_store_names names = {.count = 0};
    struct gc_err err = {.code = GC_OK};
    bool is_mixed = false;
    CHECK_INT(gc_store_load_names(s, "prod", "queue", &names, &err), GC_OK);
    CHECK(names.count == 0 || names.count == GENERATION);
    for (size_t i = 1; i < names.count; i++)
      is_mixed |= strcmp(names.at[0].name, names.at[i].name) != 0;
    CHECK(!is_mixed);
    gc_store_names_clear(&names);
    gc_store_close(s);
  }
}

int main(void) {
  store_bench_begin();
  RUN(a_second_process_is_refused_and_the_holder_is_named);
  RUN(threads_take_turns);
  RUN(processes_that_begin_together_all_begin);
  RUN(a_kill_in_a_transaction_leaves_the_saved_names);
  RUN(a_kill_at_any_moment_leaves_one_whole_saving);
  store_bench_end();
  return check_done();
}
