/* SPDX-License-Identifier: MIT */
#include "common/net/redis/lease.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "common/base/utf8.h"

#define LEASE_KEYS "genesys:{lease}:"

/* The rules are those of enum gc_lease_verb. Owners are compared as text: they
 * have 64 bits, and Lua's numbers 53. A renewal writes the pages first and the
 * record last: if the server refuses the record, the script fails, and nobody
 * sees a beat; a page that fails (pcall) costs no beat. A renewal that finds an
 * older beat of its agent than ARGV[8] marks that data was lost: the mark
 * stays, and its agent learns of it also when the answer to this renewal is
 * lost. */
#define LEASE_READ                                                             \
  "local r = redis.call('HMGET', KEYS[1], 'fence', 'owner', 'beat') "          \
  "local fence, owner, beat = r[1] or '0', r[2] or '0', r[3] or '0' "          \
  "local me, mine, my, bad = ARGV[1], ARGV[2], ARGV[3], '' "                   \
  "local had = owner == me and tonumber(beat) or 0 "                           \
  "local function write(f, o) "                                                \
  "fence, owner, beat = string.format('%.0f', f), o, mine "                    \
  "redis.call('HSET', KEYS[1], 'fence', fence, 'owner', owner, 'beat', beat, " \
  "'ttl', ARGV[9], 'replicas', ARGV[10], 'goes_on', ARGV[11]) end "
#define LEASE_RETURN                                                           \
  " local f = redis.call('HMGET', KEYS[1], 'lost', 'ttl', 'replicas', "        \
  "'goes_on') return {fence, owner, beat, f[1] or '', f[2] or '0', "           \
  "f[3] or '0', f[4] or '0', bad}"

static const char *const scripts[] = {
    [GC_LEASE_OBSERVE] = LEASE_READ LEASE_RETURN,
    [GC_LEASE_CLAIM] = LEASE_READ
    "local same = fence == ARGV[5] and owner == ARGV[6] and beat == ARGV[7] "
    "if same then write(math.max(tonumber(fence), tonumber(my)) + 1, me) "
    "end" LEASE_RETURN,
    [GC_LEASE_RENEW] = LEASE_READ
    "local have, want = tonumber(fence), tonumber(my) "
    "if (owner == me and have == want and tonumber(mine) > tonumber(beat)) "
    "or (ARGV[4] == '1' and have < want) then "
    "for i = 12, #ARGV, 3 do local page, r = KEYS[1] .. '/' .. ARGV[i] "
    "if ARGV[i + 2] == '' then r = redis.pcall('HDEL', page, ARGV[i + 1]) "
    "else r = redis.pcall('HSET', page, ARGV[i + 1], ARGV[i + 2]) end "
    "if type(r) == 'table' and r.err then "
    "bad = string.sub(ARGV[i] .. ': ' .. r.err, 1, 160) end end "
    "if had < tonumber(ARGV[8]) then "
    "redis.call('HSET', KEYS[1], 'lost', mine .. ' ' .. me) end "
    "write(want, me) end" LEASE_RETURN,
    [GC_LEASE_RELEASE] =
        LEASE_READ "local held = owner == me "
                   "if held then write(tonumber(fence), '0') end" LEASE_RETURN,
};

/* ---- the server ---- */

static const struct {
  const char *member, *value; /* of the answer to HELLO */
  enum gc_code code;
  const char *words;
} unfit_servers[] = {
    {"mode", "sentinel", GC_ERR_CONFIG,
     "LeaseURL names a Sentinel, which keeps no lease: name an address that "
     "always leads to the master"},
    {"mode", "cluster", GC_ERR_CONFIG,
     "LeaseURL names a node of a Redis Cluster: a lease needs one master, so "
     "name a Redis without cluster mode"},
    {"role", "replica", GC_ERR_REMOTE,
     "LeaseURL leads to a replica, which keeps no lease: it must lead to the "
     "master"},
};

static bool is_text(const redisReply *r, const char *text) {
  return (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS) &&
         strcmp(r->str, text) == 0;
}

static bool has_member(const redisReply *r, const char *member,
                       const char *value) {
  for (size_t i = 0; r->type == REDIS_REPLY_ARRAY && i + 1 < r->elements;
       i += 2)
    if (is_text(r->element[i], member) && is_text(r->element[i + 1], value))
      return true;
  return false;
}

enum gc_code redis_lease_check_server(struct redis_link *link,
                                      struct gc_err *err) {
  struct redis_words words = {.count = 0};
  struct redisReply *reply = NULL;
  enum gc_code code;
  redis_print(&words, "HELLO");
  code = redis_request(link, &words, &reply, err);
  redis_words_clear(&words);
  /* The server does not know HELLO, or does not permit it. */
  if (code == GC_ERR_REMOTE || code == GC_ERR_PERMISSION) {
    *err = (struct gc_err){.code = GC_OK};
    return GC_OK;
  }
  for (size_t i = 0; code == GC_OK && i < GC_COUNT(unfit_servers); i++)
    if (has_member(reply, unfit_servers[i].member, unfit_servers[i].value))
      code = gc_fail(err, unfit_servers[i].code, "%s", unfit_servers[i].words);
  freeReplyObject(reply);
  return code;
}

struct redis_rights redis_lease_rights(bool has_replicas) {
  static const char *const commands[] = {"WAIT 0 0",
                                         "EVAL return 1 KEY",
                                         "HMGET KEY fence",
                                         "HSET KEY fence 0",
                                         "HDEL KEY fence",
                                         "HGETALL KEY",
                                         NULL};
  return (struct redis_rights){has_replicas ? commands : commands + 1,
                               LEASE_KEYS "probe"};
}

/* ---- requests ---- */

static void add_field(void *ctx, const char *page, const char *field,
                      const char *text) {
  struct redis_words *w = ctx;
  redis_word(w, page, strlen(page));
  redis_word(w, field, strlen(field));
  redis_word(w, text, strlen(text));
}

static void add_words(struct redis_words *w, const struct redis_lease_share *s,
                      const struct gc_lease_request *q) {
  redis_print(w, "EVAL");
  redis_print(w, "%s", scripts[q->verb]);
  redis_print(w, "1");
  redis_print(w, LEASE_KEYS "%.*s", REDIS_LEASE_NAME_MAX, s->name);
  redis_print(w, "%" PRIu64, q->owner);
  redis_print(w, "%" PRIu64, q->beat);
  redis_print(w, "%" PRIu64, q->fence);
  redis_print(w, "%d", q->restores ? 1 : 0);
  redis_print(w, "%" PRIu64, q->seen.fence);
  redis_print(w, "%" PRIu64, q->seen.owner);
  redis_print(w, "%" PRIu64, q->seen.beat);
  redis_print(w, "%" PRIu64, s->kept_beat);
  redis_print(w, "%" PRIu32, s->terms.ttl_ms);
  redis_print(w, "%u", s->terms.replicas);
  redis_print(w, "%d", s->terms.goes_on ? 1 : 0);
  if (q->verb == GC_LEASE_RENEW && s->book != NULL)
    gc_lease_book_collect(s->book, q->fence, add_field, w);
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

static bool read_mark(const redisReply *r, char ret[REDIS_LEASE_LOST_SIZE]) {
  if (r->type != REDIS_REPLY_STRING || r->len >= REDIS_LEASE_LOST_SIZE)
    return false;
  memcpy(ret, r->str, r->len + 1);
  return true;
}

struct answer {
  struct gc_lease_record record;  /* after the request */
  struct redis_lease_terms terms; /* of its writer */
  char lost[REDIS_LEASE_LOST_SIZE];
  char bad[256]; /* the page that could not be written, and why; "": none */
};

/* Reads an answer of a script. A fence above 2^53 is refused, since the script
 * could not increase it. */
static bool read_answer(const redisReply *r, struct answer *ret) {
  const uint64_t exact_max = UINT64_C(1) << 53;
  uint64_t ttl_ms, replicas, goes_on;
  if (r->type != REDIS_REPLY_ARRAY || r->elements != 8 ||
      !read_number(r->element[0], exact_max, &ret->record.fence) ||
      !read_number(r->element[1], UINT64_MAX, &ret->record.owner) ||
      !read_number(r->element[2], exact_max, &ret->record.beat) ||
      !read_mark(r->element[3], ret->lost) ||
      !read_number(r->element[4], GC_LEASE_TTL_MAX_S * 1000, &ttl_ms) ||
      !read_number(r->element[5], UINT32_MAX, &replicas) ||
      !read_number(r->element[6], 1, &goes_on) ||
      r->element[7]->type != REDIS_REPLY_STRING)
    return false;
  ret->terms.ttl_ms = (uint32_t)ttl_ms;
  ret->terms.replicas = (uint32_t)replicas;
  ret->terms.goes_on = goes_on == 1;
  gc_utf8_copy_printable(ret->bad, sizeof(ret->bad), r->element[7]->str, ' ');
  return true;
}

/* Waits until enough replicas have the renewal: the record then survives the
 * master, and a master that is cut from its replicas keeps no lease. */
static enum gc_code wait_for_replicas(struct redis_link *link,
                                      const struct redis_lease_share *s,
                                      struct gc_err *err) {
  struct redis_words words = {.count = 0};
  struct redisReply *reply = NULL;
  redis_print(&words, "WAIT");
  redis_print(&words, "%u", s->terms.replicas);
  redis_print(&words, "%" PRIu32, s->wait_ms);
  enum gc_code code = redis_request(link, &words, &reply, err);
  redis_words_clear(&words);
  if (code != GC_OK)
    return code;
  long long count = reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
  freeReplyObject(reply);
  return count >= (long long)s->terms.replicas
             ? GC_OK
             : gc_fail(err, GC_ERR_REMOTE,
                       "%lld of %u replicas have the lease (LeaseReplicas): "
                       "look at the replication of the Redis",
                       count, s->terms.replicas);
}

static enum gc_code send_request(struct redis_link *link,
                                 const struct redis_lease_share *s,
                                 const struct gc_lease_request *q,
                                 struct answer *ret, struct gc_err *err) {
  struct redis_words words = {.count = 0};
  struct redisReply *reply = NULL;
  add_words(&words, s, q);
  enum gc_code code = redis_request(link, &words, &reply, err);
  redis_words_clear(&words);
  if (code != GC_OK)
    return code;
  if (!read_answer(reply, ret))
    code = gc_fail(err, GC_ERR_PARSE, "the key %s%s has no record of a lease",
                   LEASE_KEYS, s->name);
  freeReplyObject(reply);
  return code == GC_OK && q->verb == GC_LEASE_RENEW && s->terms.replicas > 0
             ? wait_for_replicas(link, s, err)
             : code;
}

/* ---- pages ---- */

/* Takes the answer to HGETALL. */
static enum gc_code read_fields(const redisReply *r, struct gc_buf *fields) {
  if (r->type != REDIS_REPLY_ARRAY || r->elements % 2 != 0)
    return GC_ERR_PARSE;
  for (size_t i = 0; i < r->elements; i += 2) {
    const redisReply *field = r->element[i], *text = r->element[i + 1];
    if (field->type != REDIS_REPLY_STRING || text->type != REDIS_REPLY_STRING)
      return GC_ERR_PARSE;
    GC_TRY(gc_fields_add(fields, field->str, text->str));
  }
  return GC_OK;
}

static enum gc_code read_page(struct redis_link *link, const char *name,
                              const char *page, struct gc_buf *fields,
                              struct gc_err *err) {
  struct redis_words words = {.count = 0};
  struct redisReply *reply = NULL;
  redis_print(&words, "HGETALL");
  redis_print(&words, LEASE_KEYS "%.*s/%s", REDIS_LEASE_NAME_MAX, name, page);
  enum gc_code code = redis_request(link, &words, &reply, err);
  redis_words_clear(&words);
  if (code != GC_OK)
    return code;
  code = read_fields(reply, fields);
  freeReplyObject(reply);
  return code == GC_OK
             ? GC_OK
             : gc_fail(err, code, "the key %s%s/%s has no counters of a lease",
                       LEASE_KEYS, name, page);
}

/* True if the answer says that this page alone cannot be read: a key of another
 * type, a command that the user may not run, or fields that are no texts or too
 * many. Any other failure is one of the link or the server. */
static bool is_of_the_page(enum gc_code code, const struct gc_err *err) {
  return code == GC_ERR_PERMISSION || code == GC_ERR_PARSE ||
         code == GC_ERR_LIMIT ||
         (code == GC_ERR_REMOTE && strstr(err->text, "WRONGTYPE") != NULL);
}

/* Reads the pages of the former holders, and after a loss of data those of this
 * one. The claim is executed: no agent with an older lease can write any more.
 */
static enum gc_code read_unread_pages(struct redis_link *link,
                                      struct redis_lease_share *s,
                                      uint64_t fence, struct gc_err *err) {
  char page[GC_LEASE_PAGE_NAME_SIZE];
  while (gc_lease_book_find_unread(s->book, fence, page)) {
    GC_AUTO(gc_buf_clear)
    struct gc_buf fields = {.max = GC_LEASE_BOOK_MAX_BYTES};
    enum gc_code code = read_page(link, s->name, page, &fields, err);
    if (code != GC_OK && !is_of_the_page(code, err))
      return code;
    if (code != GC_OK) {
      s->page_err = *err;
      gc_buf_clear(&fields);
    }
    if (gc_lease_book_read(s->book, page, fence, &fields) != GC_OK)
      return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  }
  return GC_OK;
}

static enum gc_code update_book(struct redis_link *link,
                                struct redis_lease_share *s,
                                const struct gc_lease_request *q,
                                const struct answer *a, struct gc_err *err) {
  bool has_lost = strcmp(a->lost, s->lost) != 0;
  memcpy(s->lost, a->lost, sizeof(s->lost));
  if (a->record.owner != q->owner) {
    gc_lease_book_leave(s->book, a->record.owner != 0);
    s->kept_beat = 0;
    return GC_OK;
  }
  if (has_lost)
    gc_lease_book_lost(s->book);
  if (a->record.beat > s->kept_beat) /* an older one: the renewal marks it */
    s->kept_beat = a->record.beat;
  return read_unread_pages(link, s, a->record.fence, err);
}

enum gc_code redis_lease_request(struct redis_link *link,
                                 struct redis_lease_share *s,
                                 const struct gc_lease_request *q,
                                 struct gc_lease_record *ret_record,
                                 struct gc_err *err) {
  struct answer a = {.lost = ""};
  enum gc_code code = send_request(link, s, q, &a, err);
  bool is_executed = code == GC_OK && a.record.owner == q->owner &&
                     a.record.fence == q->fence && a.record.beat == q->beat;
  *ret_record = a.record;
  s->seen = a.terms;
  if (s->book == NULL)
    return code;
  if (q->verb == GC_LEASE_RENEW) {
    gc_lease_book_settle(s->book, is_executed && a.bad[0] == '\0');
    if (is_executed)
      s->page_err = (struct gc_err){.code = GC_OK};
    if (a.bad[0] != '\0')
      (void)gc_fail(&s->page_err, GC_ERR_REMOTE, "%s", a.bad);
  }
  return code == GC_OK ? update_book(link, s, q, &a, err) : code;
}
