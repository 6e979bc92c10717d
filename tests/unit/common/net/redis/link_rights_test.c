/* SPDX-License-Identifier: MIT */
/* The rights of users of a real Redis. */
#include "common/net/redis/link.h"

#include <string.h>
#include <unistd.h>

#include "common/net/redis/lease.h"
#include "tests/support/check.h"
#include "tests/support/redis_server.h"

enum { SKIPPED = 77 };

static struct redis_server server;

/* Tries the rights as the default user. Returns GC_OK with *ret_tried. */
static enum gc_code try_rights(const struct redis_rights *rights,
                               bool *ret_tried, struct gc_err *err) {
  struct redis_settings settings = {.answer_ms = 5000};
  struct redis_link *link = NULL;
  CHECK_INT(redis_url_parse(server.url, &settings.url, err), GC_OK);
  CHECK_INT(redis_link_open(&settings, -1, &link, err), GC_OK);
  enum gc_code code = redis_try_rights(link, rights, ret_tried, err);
  redis_link_close(link);
  return code;
}

#define LEASE "~genesys:{lease}:* +eval +hmget +hset +hdel +hgetall "
static void each_missing_right_is_named(void) {
  static const struct {
    const char *name, *rights;
    bool has_replicas;
    enum gc_code code;
    bool is_tried;
    const char *words;
  } rows[] = {
      {"lease", LEASE "+multi", false, GC_OK, true, ""},
      {"lease, no hdel", LEASE "+multi -hdel", false, GC_ERR_PERMISSION, true,
       "hdel"},
      {"lease, no eval", LEASE "+multi -eval", false, GC_ERR_PERMISSION, true,
       "eval"},
      {"lease, other keys", "~other:* +multi +eval", false, GC_ERR_PERMISSION,
       true, "key"},
      {"lease, no multi", LEASE, false, GC_OK, false, ""},
      {"replicas", LEASE "+multi +wait", true, GC_OK, true, ""},
      {"replicas, no wait", LEASE "+multi", true, GC_ERR_PERMISSION, true,
       "wait"},
  };
  redis_server_start(&server, NULL);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_err err = {.code = GC_OK};
    bool is_tried = false;
    char acl[512];
    struct redis_rights rights = redis_lease_rights(rows[i].has_replicas);
    CHECK_ROW(rows[i].name);
    snprintf(acl, sizeof(acl),
             "ACL SETUSER default resetkeys -@all +acl +dbsize %s",
             rows[i].rights);
    CHECK_STR(redis_server_ask(&server, acl), "OK");
    CHECK_INT(try_rights(&rights, &is_tried, &err), rows[i].code);
    CHECK_INT(is_tried, rows[i].is_tried);
    CHECK_HAS(err.text, rows[i].words);
    CHECK_STR(redis_server_ask(&server, "DBSIZE"), "0");
  }
  CHECK_ROW("");
  redis_server_end(&server);
}

int main(void) {
  if (!redis_is_installed())
    return SKIPPED;
  RUN(each_missing_right_is_named);
  return check_done();
}
