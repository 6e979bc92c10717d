/* SPDX-License-Identifier: MIT */
#include "common/net/redis/lease.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#define LEASE_KEYS "genesys:{lease}:"

/* The rules are those of gc_lease_apply. Owners are compared as text: they have
 * 64 bits, and Lua's numbers 53. */
#define LEASE_READ                                                             \
  "local r = redis.call('HMGET', KEYS[1], 'fence', 'owner', 'beat') "          \
  "local fence, owner, beat = r[1] or '0', r[2] or '0', r[3] or '0' "          \
  "local me, mine, my = ARGV[1], ARGV[2], ARGV[3] "                            \
  "local function write(f, o) "                                                \
  "fence, owner, beat = string.format('%.0f', f), o, mine "                    \
  "redis.call('HSET', KEYS[1], 'fence', fence, 'owner', owner, 'beat', beat) " \
  "end "
#define LEASE_RETURN " local record = {fence, owner, beat} return record"

static const char *const scripts[] = {
    [GC_LEASE_OBSERVE] = LEASE_READ LEASE_RETURN,
    [GC_LEASE_CLAIM] = LEASE_READ
    "local same = fence == ARGV[5] and owner == ARGV[6] and beat == ARGV[7] "
    "if same then write(math.max(tonumber(fence), tonumber(my)) + 1, me) "
    "end" LEASE_RETURN,
    [GC_LEASE_RENEW] = LEASE_READ
    "local have, want = tonumber(fence), tonumber(my) "
    "if (owner == me and have == want and tonumber(mine) > tonumber(beat)) "
    "or (ARGV[4] == '1' and have < want) then write(want, me) end" LEASE_RETURN,
    [GC_LEASE_RELEASE] =
        LEASE_READ "local held = owner == me "
                   "if held then write(tonumber(fence), '0') end" LEASE_RETURN,
};

static void add_words(struct redis_words *w, const char *name,
                      const struct gc_lease_request *q) {
  redis_print(w, "EVAL");
  redis_print(w, "%s", scripts[q->verb]);
  redis_print(w, "1");
  redis_print(w, LEASE_KEYS "%.*s", REDIS_LEASE_NAME_MAX, name);
  redis_print(w, "%" PRIu64, q->owner);
  redis_print(w, "%" PRIu64, q->beat);
  redis_print(w, "%" PRIu64, q->fence);
  redis_print(w, "%d", q->restores ? 1 : 0);
  redis_print(w, "%" PRIu64, q->seen.fence);
  redis_print(w, "%" PRIu64, q->seen.owner);
  redis_print(w, "%" PRIu64, q->seen.beat);
}

static bool read_number(const redisReply *r, uint64_t max, uint64_t *ret) {
  if (r->type != REDIS_REPLY_STRING || r->len == 0 ||
      strspn(r->str, "0123456789") != (size_t)r->len)
    return false;
  errno = 0;
  unsigned long long n = strtoull(r->str, NULL, 10);
  *ret = n;
  return errno == 0 && n <= max;
}

/* 2^53: a larger fence would stand still in the script. */
static bool read_record(const redisReply *r, struct gc_lease_record *ret) {
  const uint64_t exact_max = UINT64_C(1) << 53;
  return r->type == REDIS_REPLY_ARRAY && r->elements == 3 &&
         read_number(r->element[0], exact_max, &ret->fence) &&
         read_number(r->element[1], UINT64_MAX, &ret->owner) &&
         read_number(r->element[2], exact_max, &ret->beat);
}

enum gc_code redis_lease_request(struct redis_link *link, const char *name,
                                 const struct gc_lease_request *q,
                                 struct gc_lease_record *ret_record,
                                 struct gc_err *err) {
  struct redis_words words = {.count = 0};
  struct redisReply *reply = NULL;
  add_words(&words, name, q);
  enum gc_code code = redis_request(link, &words, &reply, err);
  redis_words_clear(&words);
  if (code != GC_OK)
    return code;
  if (!read_record(reply, ret_record))
    code = gc_fail(err, GC_ERR_PARSE, "the key %s%s has no record of a lease",
                   LEASE_KEYS, name);
  freeReplyObject(reply);
  return code;
}
