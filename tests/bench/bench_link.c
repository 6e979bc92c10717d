/* SPDX-License-Identifier: MIT */
/* A collectd plugin that dispatches BENCH_SERIES series every 10 s. With
 * BENCH_URL and BENCH_CA it is the reference for memory: it links our
 * libraries, opens one TLS connection to that address and one SQLite database
 * in memory, and has the series because collectd itself keeps more than a
 * kilobyte for each of them. With BENCH_SPREAD they have the names of several
 * plugins, as the families of genesys_realtime are spread: 11 of 41 are buckets
 * of waits. */
#include <stdio.h>
#include <stdlib.h>

#include "collectd.h"
#include "plugin.h"

#include <curl/curl.h>
#include <sqlite3.h>

static CURL *easy;
static sqlite3 *db;

static size_t drop_bytes(char *bytes, size_t size, size_t count, void *ctx) {
  (void)bytes;
  (void)ctx;
  return size * count;
}

static int on_init(void) {
  const char *url = getenv("BENCH_URL"), *ca = getenv("BENCH_CA");
  if (url == NULL)
    return 0;
  curl_global_init(CURL_GLOBAL_ALL);
  easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop_bytes);
  if (curl_easy_perform(easy) != CURLE_OK)
    WARNING("bench_link: cannot connect");
  sqlite3_open(":memory:", &db);
  sqlite3_exec(db, "CREATE TABLE t (k TEXT PRIMARY KEY)", NULL, NULL, NULL);
  return 0;
}

static int read_series(user_data_t *ud) {
  (void)ud;
  const char *series = getenv("BENCH_SERIES");
  long count = series != NULL ? strtol(series, NULL, 10) : 0;
  bool is_spread = getenv("BENCH_SPREAD") != NULL;
  for (long i = 0; i < count; i++) {
    value_t value = {.gauge = 1};
    value_list_t vl = {.values = &value, .values_len = 1};
    long family = is_spread && i % 41 >= 11 ? i % 41 / 2 : 0;
    snprintf(vl.plugin, sizeof(vl.plugin), "bench%ld", family);
    snprintf(vl.plugin_instance, sizeof(vl.plugin_instance), "q%ld", i / 41);
    snprintf(vl.type, sizeof(vl.type), "gauge");
    snprintf(vl.type_instance, sizeof(vl.type_instance), "s%ld", i % 41);
    plugin_dispatch_values(&vl);
  }
  return 0;
}

__attribute__((visibility("default"))) void module_register(void);
void module_register(void) {
  plugin_register_init("bench_link", on_init);
  plugin_register_complex_read(NULL, "bench_link", read_series,
                               TIME_T_TO_CDTIME_T(10), NULL);
}
