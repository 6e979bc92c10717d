/* SPDX-License-Identifier: MIT */
#include "tests/support/store_bench.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/check.h"

char store_top[] = "/tmp/store_test_XXXXXX";
char store_folder[128];

const char *store_in_folder(const char *name) {
  static char path[400];
  snprintf(path, sizeof(path), "%s/%s", store_folder, name);
  return path;
}

static void empty_folder(const char *path) {
  DIR *d = opendir(path);
  struct dirent *e;
  while (d != NULL && (e = readdir(d)) != NULL) {
    char name[700];
    snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
    unlink(name);
  }
  if (d != NULL)
    closedir(d);
  rmdir(path);
}

void store_fresh(void) {
  static int count;
  if (store_folder[0] != '\0')
    empty_folder(store_folder);
  snprintf(store_folder, sizeof(store_folder), "%s/%d", store_top, count++);
}

struct gc_store *store_opened(struct gc_err *warning) {
  struct gc_store *s = NULL;
  struct gc_err err = {.code = GC_OK}, none = {.code = GC_OK};
  enum gc_code code = gc_store_open(store_folder, 60000, &s,
                                    warning != NULL ? warning : &none, &err);
  CHECK_THAT(code == GC_OK, "not opened: %s", err.text);
  if (warning == NULL)
    CHECK_THAT(none.code == GC_OK, "warned: %s", none.text);
  if (s == NULL)
    exit(1);
  return s;
}

const char *store_names(struct gc_store *s, const char *account,
                        const char *kind) {
  static char text[4096];
  GC_AUTO(gc_store_names_clear) struct gc_store_names names = {.count = 0};
  struct gc_err err = {.code = GC_OK};
  size_t len = 0;
  CHECK_INT(gc_store_load_names(s, account, kind, &names, &err), GC_OK);
  text[0] = '\0';
  for (size_t i = 0; i < names.count && len < sizeof(text); i++) {
    const struct gc_entry *e = &names.at[i];
    len += (size_t)snprintf(text + len, sizeof(text) - len, "%s=%s|%s|%s ",
                            e->id, e->name, e->label, e->detail);
  }
  return text;
}

void store_save(struct gc_store *s, const char *account, const char *kind,
                const struct gc_entry *entries, size_t count, int64_t now_s) {
  struct gc_err err = {.code = GC_OK};
  CHECK_THAT(gc_store_save_names(s, account, kind, entries, count, now_s, 100,
                                 &err) == GC_OK,
             "not saved: %s", err.text);
}

const struct gc_entry store_ab[2] = {{"b", "Sales", "Sales~2", ""},
                                     {"a", "Sales/\xc3\xbc", "Sales", "AWAY"}};

const char *store_channel(struct gc_store *s, const char *account,
                          unsigned slot) {
  static char text[64];
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 32};
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(gc_buf_text(&out, "what was there"), GC_OK);
  CHECK_INT(gc_store_load_channel(s, account, slot, &out, &err), GC_OK);
  snprintf(text, sizeof(text), "%s", gc_buf_string(&out));
  return text;
}

/* Appends "series=count,sum,sent ". */
static void add_total(struct gc_buf *totals, const char *series,
                      const char *text) {
  long long count = -1, sent = -1;
  double sum = -1.0;
  CHECK_INT(sscanf(text, "%lld %lf %lld", &count, &sum, &sent), 3);
  CHECK_INT(
      gc_buf_print(totals, "%s=%lld,%.15g,%lld ", series, count, sum, sent),
      GC_OK);
}

const char *store_query(struct gc_store *s, const char *account,
                        const char *query) {
  static char text[1024];
  GC_AUTO(gc_buf_clear) struct gc_buf fields = {.max = 1 << 20};
  GC_AUTO(gc_buf_clear) struct gc_buf totals = {.max = 900};
  struct gc_store_call *call = NULL;
  const char *field, *value, *mark = NULL, *pending = "";
  struct gc_err err = {.code = GC_OK};
  uint64_t generation;
  size_t at = 0;
  CHECK_INT(
      gc_store_load_page(s, account, query, &call, &fields, &generation, &err),
      GC_OK);
  while (gc_fields_next(&fields, &at, &field, &value)) {
    if (strcmp(field, "mark") == 0)
      mark = value;
    else if (strcmp(field, "pending") == 0)
      pending = value;
    else
      add_total(&totals, field + strlen("total "), value);
  }
  if (mark == NULL)
    return "";
  snprintf(text, sizeof(text), "%s [%s] %s", mark, pending,
           gc_buf_string(&totals));
  return text;
}

void store_put_query(struct gc_store *s, const char *account, const char *query,
                     const char *mark, const char *pending) {
  GC_AUTO(gc_buf_clear) struct gc_buf fields = {.max = 1 << 20};
  const struct gc_page_save how = {.is_all = true};
  struct gc_store_call *call = NULL;
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(gc_fields_add(&fields, "mark", mark), GC_OK);
  CHECK_INT(gc_fields_add(&fields, "pending", pending), GC_OK);
  CHECK_INT(gc_store_save_page(s, account, query, &how, &fields, &call, &err),
            GC_OK);
}

sqlite3 *store_raw(void) {
  sqlite3 *db = NULL;
  mkdir(store_folder, 0700);
  if (sqlite3_open(store_in_folder("state.db"), &db) != SQLITE_OK)
    exit(1);
  return db;
}

void store_sql(sqlite3 *db, const char *text) {
  char *why = NULL;
  if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK) {
    printf("%s: %s\n", text, why);
    exit(1);
  }
}

void store_in_a_process_that_dies(void (*f)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    f();
    _exit(0);
  }
  int status = -1;
  CHECK(waitpid(pid, &status, 0) == pid);
  CHECK_INT(status, 0);
}

void store_bench_begin(void) {
  if (mkdtemp(store_top) == NULL)
    exit(1);
}

void store_bench_end(void) {
  store_fresh();
  rmdir(store_top);
}
