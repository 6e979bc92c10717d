/* SPDX-License-Identifier: MIT */
/* Counters that pass to the next holder of a lease (docs/decisions/0017), as
 * fields of texts:
 *
 *   began                    1700000000000
 *   until                    1700000004321
 *   QUEUE/voice              offers=12 answers=10 le20000=7 le=3 c53=2
 *   QUEUE/voice/53/Sold it   2                        changes by wrap-up code
 *
 * A pair's field has the counters of conversations_totals that are not 0: waits
 * by the ms of their bound, changes by the numbers of their states, breaches by
 * the ms of their target. "bound", "owed" and "spared" have what is owed of
 * waits, changes and breaches. */
#include <ctype.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/lease_book.h"
#include "plugins/genesys_realtime/conversations/internal.h"

/* The counts of struct conversations_totals that are single numbers. */
#define PLAIN_COUNT_MAP(XX)                                                    \
  XX(offers)                                                                   \
  XX(answers)                                                                  \
  XX(abandons)                                                                 \
  XX(transfers)                                                                \
  XX(wait_ms)                                                                  \
  XX(wait_owed_ms)                                                             \
  XX(offers_owed)                                                              \
  XX(answers_owed)                                                             \
  XX(abandons_owed)                                                            \
  XX(transfers_owed)

static const char *const plain_counts[] = {
#define XX(member) #member,
    PLAIN_COUNT_MAP(XX)
#undef XX
};

static uint64_t *plain_count(struct conversations_totals *t, size_t i) {
  uint64_t *const counts[] = {
#define XX(member) &t->member,
      PLAIN_COUNT_MAP(XX)
#undef XX
  };
  return counts[i];
}

/* ---- writing ---- */

/* CLOCKS_DIFFER_MS: the estimates of the server's time by two agents differ by
 * less. */
enum { PAIR_TEXT_MAX = 8192, CLOCKS_DIFFER_MS = 60000 };

struct pair_text {
  char text[PAIR_TEXT_MAX];
  size_t len;
};

static void add_count(struct pair_text *out, uint64_t count, const char *name,
                      int64_t number) {
  char suffix[32] = "";
  if (count == 0)
    return;
  if (number >= 0)
    snprintf(suffix, sizeof(suffix), "%" PRId64, number);
  int len =
      snprintf(out->text + out->len, sizeof(out->text) - out->len,
               "%s%s%s=%" PRIu64, out->len > 0 ? " " : "", name, suffix, count);
  if (len > 0 && (size_t)len < sizeof(out->text) - out->len)
    out->len += (size_t)len;
  else
    out->text[out->len] = '\0';
}

static void add_breaches(const struct conversations *m, struct pair_text *out,
                         const struct pair *pair, uint32_t queue,
                         enum cv_media media) {
  int64_t target_ms = cv_queue_target_ms(m, queue, media);
  if (target_ms != 0) {
    add_count(out, pair->t.breaches, "target", target_ms);
    add_count(out, pair->t.breaches_owed, "spared", target_ms);
  }
  for (unsigned i = 0; i < CV_PAST_TARGETS; i++) {
    uint32_t past_ms = pair->past[i].target_ms;
    if (past_ms == 0 || past_ms == target_ms)
      continue;
    add_count(out, pair->past[i].breaches, "target", past_ms);
    add_count(out, pair->past[i].owed, "spared", past_ms);
  }
}

static void write_pair(const struct conversations *m, struct pair_text *out,
                       struct pair *pair, uint32_t queue, enum cv_media media) {
  out->len = 0;
  snprintf(out->text, sizeof(out->text), "none");
  for (size_t i = 0; i < GC_COUNT(plain_counts); i++)
    add_count(out, *plain_count(&pair->t, i), plain_counts[i], -1);
  for (size_t i = 0; i <= m->s.bound_count; i++)
    add_count(out, pair->t.waits[i], "le",
              i < m->s.bound_count ? m->bounds_ms[i] : -1);
  for (size_t i = 0; i < m->s.bound_count; i++)
    add_count(out, pair->t.waits_owed[i], "bound", m->bounds_ms[i]);
  for (int from = 0; from < CV_STATE_COUNT; from++)
    for (int to = 0; to < CV_STATE_COUNT; to++) {
      add_count(out, pair->t.changes[from][to], "c", from * 10 + to);
      add_count(out, pair->t.changes_owed[from][to], "owed", from * 10 + to);
    }
  add_breaches(m, out, pair, queue, media);
}

static enum gc_code write_wrapups(const struct conversations *m,
                                  const struct queue *q, const char *media,
                                  const struct pair *pair,
                                  struct gc_buf *fields) {
  char field[GC_NAME_SIZE + CV_QUEUE_ID_SIZE + 64], text[32];
  for (uint32_t i = 0; i < pair->wrapup_count; i++) {
    const struct wrapup_change *w = &pair->wrapups[i];
    snprintf(field, sizeof(field), "%s/%s/%u%u/%s", q->text, media, w->from,
             w->to, gc_intern_text(&m->codes, w->code));
    snprintf(text, sizeof(text), "%" PRIu64, w->count);
    GC_TRY(gc_fields_add(fields, field, text));
  }
  return GC_OK;
}

enum gc_code cv_write_queue(const struct conversations *m, uint32_t queue,
                            struct gc_buf *fields) {
  const struct queue *q = &m->queues[queue];
  struct pair_text out;
  char field[CV_QUEUE_ID_SIZE + 32];
  for (unsigned i = 0; i < CV_MEDIA_COUNT; i++) {
    const char *media = cv_media_label((enum cv_media)i);
    if (q->pairs[i] == NULL)
      continue;
    snprintf(field, sizeof(field), "%s/%s", q->text, media);
    write_pair(m, &out, q->pairs[i], queue, (enum cv_media)i);
    GC_TRY(gc_fields_add(fields, field, out.text));
    GC_TRY(write_wrapups(m, q, media, q->pairs[i], fields));
  }
  return GC_OK;
}

enum gc_code conversations_write_times(const struct conversations *m,
                                       struct gc_buf *fields) {
  char text[32];
  snprintf(text, sizeof(text), "%" PRId64, m->s.started_ms);
  GC_TRY(gc_fields_add(fields, "began", text));
  snprintf(text, sizeof(text), "%" PRId64,
           m->newest_ms > m->s.started_ms ? m->newest_ms : m->s.started_ms);
  return gc_fields_add(fields, "until", text);
}

/* ---- reading ---- */

static bool read_number(const char *text, uint64_t *ret) {
  char *end = NULL;
  if (!isdigit((unsigned char)*text))
    return false;
  *ret = strtoull(text, &end, 10);
  return (*end == '\0' || *end == ' ') && *ret <= INT64_MAX;
}

void conversations_read_times(const struct gc_buf *fields,
                              struct conversations_settings *s) {
  const char *field, *text;
  size_t at = 0;
  uint64_t began_ms = 0, until_ms = 0;
  while (gc_fields_next(fields, &at, &field, &text)) {
    if (strcmp(field, "began") == 0)
      (void)read_number(text, &began_ms);
    else if (strcmp(field, "until") == 0)
      (void)read_number(text, &until_ms);
  }
  if (began_ms == 0 || until_ms < began_ms || (int64_t)began_ms > s->now_ms)
    return;
  int64_t last_ms = s->now_ms + CLOCKS_DIFFER_MS;
  s->counted_ms = (int64_t)until_ms < last_ms ? (int64_t)until_ms : last_ms;
  s->started_ms = (int64_t)began_ms;
}

static void read_wait(struct conversations *m, struct pair *pair,
                      const char *bound, uint64_t count) {
  size_t i = 0;
  bool is_beyond = *bound == '=';
  int64_t ms = strtoll(bound, NULL, 10);
  while (i < m->s.bound_count && (is_beyond || m->bounds_ms[i] < ms))
    i++;
  pair->t.waits[i] += count;
}

static void read_change(struct pair *pair, const char *states, bool is_owed,
                        uint64_t count) {
  unsigned long code = strtoul(states, NULL, 10), from = code / 10,
                to = code % 10;
  if (from >= CV_STATE_COUNT || to >= CV_STATE_COUNT)
    return;
  if (is_owed)
    pair->t.changes_owed[from][to] = count;
  else
    pair->t.changes[from][to] = count;
  if (!is_owed)
    pair->changes_shown[from][to] = true;
}

/* Reads what is owed of the waits up to a bound, if there is such a bound. */
static void read_waits_owed(const struct conversations *m, struct pair *pair,
                            const char *bound, uint64_t count) {
  int64_t ms = strtoll(bound, NULL, 10);
  for (size_t i = 0; i < m->s.bound_count && count <= UINT32_MAX; i++)
    if (m->bounds_ms[i] == ms)
      pair->t.waits_owed[i] = (uint32_t)count;
}

/* Finds the target among the past ones, or a place for it; CV_PAST_TARGETS:
 * there is none. */
static unsigned take_past(struct pair *pair, uint32_t target_ms) {
  unsigned i = 0;
  while (i < CV_PAST_TARGETS && pair->past[i].target_ms != 0 &&
         pair->past[i].target_ms != target_ms)
    i++;
  if (i < CV_PAST_TARGETS && pair->past[i].target_ms == 0) {
    pair->past[i].target_ms = target_ms;
    pair->next_past = (i + 1) % CV_PAST_TARGETS;
  }
  return i;
}

static void read_breaches(const struct conversations *m, struct pair *pair,
                          const char *target, bool is_owed, uint64_t count) {
  uint32_t target_ms = (uint32_t)strtoul(target, NULL, 10);
  bool is_present = m->s.target_ms != 0 && target_ms == m->s.target_ms;
  unsigned i = is_present ? CV_PAST_TARGETS : take_past(pair, target_ms);
  if (!is_present && i == CV_PAST_TARGETS)
    return;
  uint64_t *breaches = is_present ? &pair->t.breaches : &pair->past[i].breaches;
  uint64_t *owed = is_present ? &pair->t.breaches_owed : &pair->past[i].owed;
  *(is_owed ? owed : breaches) = count;
  pair->breaches_shown |= is_present;
}

/* Reads "offers=12". Ignores a name that this version does not know. */
static void read_count(struct conversations *m, struct pair *pair,
                       const char *word, size_t name_len, uint64_t count) {
  for (size_t i = 0; i < GC_COUNT(plain_counts); i++)
    if (strlen(plain_counts[i]) == name_len &&
        memcmp(plain_counts[i], word, name_len) == 0) {
      *plain_count(&pair->t, i) = count;
      return;
    }
  if (strncmp(word, "le", 2) == 0)
    read_wait(m, pair, word + 2, count);
  else if (strncmp(word, "bound", 5) == 0)
    read_waits_owed(m, pair, word + 5, count);
  else if (strncmp(word, "target", 6) == 0)
    read_breaches(m, pair, word + 6, false, count);
  else if (strncmp(word, "spared", 6) == 0)
    read_breaches(m, pair, word + 6, true, count);
  else if (strncmp(word, "owed", 4) == 0)
    read_change(pair, word + 4, true, count);
  else if (*word == 'c' && isdigit((unsigned char)word[1]))
    read_change(pair, word + 1, false, count);
}

static void read_pair_counts(struct conversations *m, struct pair *pair,
                             const char *text) {
  while (*text != '\0') {
    size_t len = strcspn(text, "= ");
    uint64_t count;
    if (text[len] == '=' && read_number(text + len + 1, &count))
      read_count(m, pair, text, len, count);
    text += strcspn(text, " ");
    text += strspn(text, " ");
  }
  pair->shown = true;
}

/* Finds or makes the pair of "QUEUE/voice" or "QUEUE/voice/…". */
static struct pair *read_pair(struct conversations *m, const char *field,
                              const char **ret_rest) {
  char queue[CV_QUEUE_ID_SIZE], media[32];
  uint32_t number;
  size_t queue_len = strcspn(field, "/");
  if (queue_len == 0 || queue_len >= sizeof(queue) || field[queue_len] != '/')
    return NULL;
  const char *label = field + queue_len + 1;
  size_t label_len = strcspn(label, "/");
  if (label_len >= sizeof(media))
    return NULL;
  snprintf(queue, sizeof(queue), "%.*s", (int)queue_len, field);
  snprintf(media, sizeof(media), "%.*s", (int)label_len, label);
  enum cv_media found = cv_media_find(media);
  struct uuid_key id = uuid_key_read(queue, queue_len);
  *ret_rest = label + label_len;
  if (found == CV_MEDIA_COUNT || uuid_key_is_none(id) ||
      cv_queue_intern(m, id, queue, &number) != GC_OK)
    return NULL;
  return cv_queue_pair(m, number, found);
}

/* Reads "/53/Sold it". */
static void read_wrapup(struct conversations *m, struct pair *pair,
                        const char *rest, const char *text) {
  uint64_t count;
  bool is_change = isdigit((unsigned char)rest[1]) &&
                   isdigit((unsigned char)rest[2]) && rest[3] == '/';
  if (!is_change || !read_number(text, &count))
    return;
  int from = rest[1] - '0', to = rest[2] - '0';
  if (from < CV_STATE_COUNT && to < CV_STATE_COUNT)
    cv_restore_wrapup(m, pair, rest + 4, (enum cv_state)from, (enum cv_state)to,
                      count);
}

void conversations_restore(struct conversations *m,
                           const struct gc_buf *fields) {
  const char *field, *text, *rest = NULL;
  size_t at = 0;
  while (gc_fields_next(fields, &at, &field, &text)) {
    struct pair *pair = read_pair(m, field, &rest);
    if (pair != NULL && *rest == '\0')
      read_pair_counts(m, pair, text);
    else if (pair != NULL)
      read_wrapup(m, pair, rest, text);
  }
}

/* ---- conversations that the former holder has counted ---- */

/* A callback is there from when it is made, before its time. */
static bool is_counted_contact(const struct conversations *m,
                               const struct cv_party *p) {
  int64_t begin_ms = p->made_ms != 0 ? p->made_ms : p->connected_ms;
  return p->purpose == CV_ACD && begin_ms != 0 && begin_ms <= m->s.counted_ms;
}

/* Returns true if a contact of the event had begun by counted_ms, so that the
 * former holder knew it. The former holder may also have known each agent of
 * the contact, even one who is listed before the contact: the start of an alert
 * has no time, and must not count twice. Facts with a time count by their time.
 */
static bool has_counted_contact(const struct conversations *m,
                                const struct cv_event *e) {
  bool has_counted = false;
  for (unsigned i = 0; i < e->count && !has_counted; i++)
    has_counted =
        cv_is_kept(&e->parties[i]) && is_counted_contact(m, &e->parties[i]);
  return has_counted;
}

/* A contact that still waits at counted_ms, past its target, was a breach. */
bool cv_describe_counted(const struct conversations *m,
                         const struct cv_event *e, struct cv_removed *ret) {
  int64_t counted_ms = m->s.counted_ms;
  *ret = (struct cv_removed){.id = e->id,
                             .fact_ms = counted_ms,
                             .left_ms = counted_ms,
                             .seen_ms = counted_ms,
                             .facts = UINT16_MAX};
  if (m->s.counted_ms == 0 || !has_counted_contact(m, e))
    return false;
  for (unsigned i = 0; i < e->count; i++) {
    const struct cv_party *p = &e->parties[i];
    if (!cv_is_kept(p))
      continue;
    bool was_counted = p->purpose == CV_AGENT || is_counted_contact(m, p);
    if (ret->count == CV_PARTS_MAX || !was_counted)
      break;
    ret->count++;
  }
  return ret->count > 0;
}
