/* SPDX-License-Identifier: MIT */
#include "common/net/store/store.h"

#include <sys/stat.h>

#include "tests/support/check.h"
#include "tests/support/store_bench.h"

static void saved_names_are_there_after_a_restart(void) {
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  CHECK_STR(store_names(s, "prod", "queue"), "");
  store_save(s, "prod", "queue", store_ab, 2, 1000);
  CHECK_STR(store_names(s, "prod", "queue"), STORE_AB);
  gc_store_close(s);
  s = store_opened(NULL);
  CHECK_STR(store_names(s, "prod", "queue"), STORE_AB);
  gc_store_close(s);
  gc_store_close(NULL);
}

static void accounts_and_kinds_are_kept_apart(void) {
  static const struct gc_entry x = {"x", "X", "X", ""};
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  store_save(s, "prod", "queue", store_ab, 2, 1000);
  store_save(s, "prod", "user", &x, 1, 5000);
  store_save(s, "test", "queue", &x, 1, 9000);
  CHECK_STR(store_names(s, "prod", "queue"), STORE_AB);
  CHECK_STR(store_names(s, "prod", "user"), "x=X|X| ");
  CHECK_STR(store_names(s, "test", "queue"), "x=X|X| ");
  CHECK_STR(store_names(s, "test", "user"), "");
  gc_store_close(s);
}

static void the_last_saving_of_a_name_counts(void) {
  static const struct gc_entry again = {"b", "EMEA", "EMEA", "x"};
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  store_save(s, "prod", "queue", store_ab, 2, 1000);
  store_save(s, "prod", "queue", &again, 1, 1001);
  CHECK_STR(store_names(s, "prod", "queue"),
            "a=Sales/\xc3\xbc|Sales|AWAY b=EMEA|EMEA|x ");
  gc_store_close(s);
}

static void names_that_were_not_saved_for_long_are_deleted(void) {
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  store_save(s, "prod", "queue", store_ab, 2, 1000);
  store_save(s, "prod", "queue", store_ab, 1,
             1100); /* only b; 100 s are kept */
  CHECK_STR(store_names(s, "prod", "queue"), STORE_AB);
  store_save(s, "prod", "queue", store_ab, 1, 1101);
  CHECK_STR(store_names(s, "prod", "queue"), "b=Sales|Sales~2| ");
  store_save(s, "prod", "queue", NULL, 0, 5000);
  CHECK_STR(store_names(s, "prod", "queue"), "");
  gc_store_close(s);
}

static void any_text_can_be_a_name(void) {
  static const struct gc_entry odd = {"'; DROP TABLE names; --", "\"\\%s\n",
                                      "\xff\xfe", " "};
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  store_save(s, "o'brien", "queue", &odd, 1, 1000);
  CHECK_STR(store_names(s, "o'brien", "queue"),
            "'; DROP TABLE names; --=\"\\%s\n|\xff\xfe|  ");
  gc_store_close(s);
}

/* ---- modes ---- */

static void only_our_user_may_read_it(void) {
  store_fresh();
  mode_t old = umask(0);
  struct gc_store *s = store_opened(NULL);
  store_save(s, "prod", "queue", store_ab, 2, 1000);
  static const char *const files[] = {"state.db", "state.db-wal",
                                      "state.db-shm"};
  struct stat st;
  CHECK_INT(stat(store_folder, &st), 0);
  CHECK_INT(st.st_mode & 07777, 0700);
  for (size_t i = 0; i < GC_COUNT(files); i++) {
    CHECK_ROW(files[i]);
    CHECK_INT(stat(store_in_folder(files[i]), &st), 0);
    CHECK_INT(st.st_mode & 07777, 0600);
  }
  gc_store_close(s);
  umask(old);
}

int main(void) {
  store_bench_begin();
  RUN(saved_names_are_there_after_a_restart);
  RUN(accounts_and_kinds_are_kept_apart);
  RUN(the_last_saving_of_a_name_counts);
  RUN(names_that_were_not_saved_for_long_are_deleted);
  RUN(any_text_can_be_a_name);
  RUN(only_our_user_may_read_it);
  store_bench_end();
  return check_done();
}
