/* SPDX-License-Identifier: MIT */
/* Counters that pass to the next holder of a lease (docs/decisions/0017), as
 * fields of texts:
 *
 *   began                    1700000000000
 *   until                    1700000004321
 *   QUEUE/voice              offers0=12/12 answers0=10/9 le20000=7/7 c53=2/2
 *   QUEUE/voice/53/Sold it   2                        changes by wrap-up code
 *
 * A pair's field has the counters that are not 0 and what follows from the
 * facts: waits by the ms of their bound, breaches ("target") by the ms of their
 * target, changes ("c") by the numbers of their states. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/lease_book.h"
#include "plugins/genesys_realtime/conversations/internal.h"

/* The words of counters; one word for all bounds, and one for all changes. */
static const char *const words[CV_CHANGES + 1] = {
    [CV_OFFERS] = "offers",     [CV_ANSWERS] = "answers",
    [CV_ABANDONS] = "abandons", [CV_TRANSFERS] = "transfers",
    [CV_BREACHES] = "target",   [CV_WAIT_MS] = "wait_ms",
    [CV_WAITS] = "le",          [CV_CHANGES] = "c"};

/* ---- writing ---- */

/* CLOCKS_DIFFER_MS: the estimates of the server's time by two agents differ by
 * less. */
enum { PAIR_TEXT_MAX = 8192, CLOCKS_DIFFER_MS = 60000 };

struct pair_text {
  char text[PAIR_TEXT_MAX];
  size_t len;
};

static void add_count(struct pair_text *out, unsigned word, int64_t number,
                      uint64_t counted, uint64_t facts) {
  char *end = out->text + out->len;
  size_t room = sizeof(out->text) - out->len;
  if (counted == 0)
    return;
  int len =
      snprintf(end, room, "%s%s%" PRId64 "=%" PRIu64 "/%" PRIu64,
               out->len > 0 ? " " : "", words[word], number, counted, facts);
  if (len > 0 && (size_t)len < room)
    out->len += (size_t)len;
  else
    *end = '\0';
}

static void add_counter(struct pair_text *out, const struct pair *pair,
                        unsigned counter, unsigned word, int64_t number) {
  add_count(out, word, number, pair->t.counted.at[counter],
            pair->t.facts.at[counter]);
}

static void write_pair(const struct conversations *m, struct pair_text *out,
                       const struct pair *pair, int64_t target_ms) {
  out->len = 0;
  snprintf(out->text, sizeof(out->text), "none");
  for (unsigned i = 0; i < CV_WAITS; i++)
    if (i != CV_BREACHES || target_ms != 0)
      add_counter(out, pair, i, i, i == CV_BREACHES ? target_ms : 0);
  for (unsigned i = 0; i < m->s.bound_count; i++)
    add_counter(out, pair, CV_WAITS + i, CV_WAITS, m->bounds_ms[i]);
  for (unsigned i = 0; i < CV_COUNTERS - CV_CHANGES; i++)
    add_counter(out, pair, CV_CHANGES + i, CV_CHANGES,
                i / CV_STATE_COUNT * 10 + i % CV_STATE_COUNT);
  for (unsigned i = 0; i < CV_PAST_TARGETS; i++)
    if (pair->past[i].target_ms != target_ms)
      add_count(out, CV_BREACHES, pair->past[i].target_ms,
                pair->past[i].counted, pair->past[i].facts);
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
    write_pair(m, &out, q->pairs[i],
               cv_queue_target_ms(m, queue, (enum cv_media)i));
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

/* Reads digits, and moves *at behind them. */
static bool read_number(const char **at, uint64_t *ret) {
  char *end = NULL;
  if (!isdigit((unsigned char)**at))
    return false;
  *ret = strtoull(*at, &end, 10);
  *at = end;
  return *ret <= INT64_MAX;
}

static bool read_whole(const char *text, uint64_t *ret) {
  return read_number(&text, ret) && *text == '\0';
}

void conversations_read_times(const struct gc_buf *fields,
                              struct conversations_settings *s) {
  const char *field, *text;
  size_t at = 0;
  uint64_t began_ms = 0, until_ms = 0;
  while (gc_fields_next(fields, &at, &field, &text)) {
    if (strcmp(field, "began") == 0)
      (void)read_whole(text, &began_ms);
    else if (strcmp(field, "until") == 0)
      (void)read_whole(text, &until_ms);
  }
  if (began_ms == 0 || until_ms < began_ms || (int64_t)began_ms > s->now_ms)
    return;
  int64_t last_ms = s->now_ms + CLOCKS_DIFFER_MS;
  s->counted_ms = (int64_t)until_ms < last_ms ? (int64_t)until_ms : last_ms;
  s->started_ms = (int64_t)began_ms;
}

/* A count as it was written. */
struct count {
  const char *word;
  size_t word_len;
  uint64_t number, counted, facts;
};

static bool read_count(const char *text, struct count *ret) {
  ret->word = text;
  ret->word_len = strcspn(text, "0123456789= ");
  text += ret->word_len;
  return read_number(&text, &ret->number) && *text++ == '=' &&
         read_number(&text, &ret->counted) && *text++ == '/' &&
         read_number(&text, &ret->facts) && (*text == ' ' || *text == '\0') &&
         ret->facts <= ret->counted;
}

/* The series has begun. */
static void set_counter(struct pair *pair, unsigned counter,
                        const struct count *c) {
  pair->t.counted.at[counter] = c->counted;
  pair->t.facts.at[counter] = c->facts;
  pair->sent.at[counter] = 1;
}

/* A target may come with the list of queues, after the model was made. */
static void set_breaches(const struct conversations *m, struct pair *pair,
                         const struct count *c) {
  if (c->number == (uint64_t)m->s.target_ms)
    set_counter(pair, CV_BREACHES, c);
  else if (pair->next_past < CV_PAST_TARGETS && c->number <= UINT32_MAX)
    pair->past[pair->next_past++] =
        (struct cv_breaches){(uint32_t)c->number, c->facts, c->counted};
}

/* Sets the waits up to this bound, and up to all higher ones. */
static void set_waits(const struct conversations *m, struct pair *pair,
                      const struct count *c) {
  for (unsigned i = 0; i < m->s.bound_count; i++)
    if ((uint64_t)m->bounds_ms[i] >= c->number)
      set_counter(pair, CV_WAITS + i, c);
}

static void set_change(struct pair *pair, const struct count *c) {
  uint64_t from = c->number / 10, to = c->number % 10;
  if (from < CV_STATE_COUNT && to < CV_STATE_COUNT)
    set_counter(pair, (unsigned)(CV_CHANGES + from * CV_STATE_COUNT + to), c);
}

/* Ignores a word that this version does not know. */
static void set_count(const struct conversations *m, struct pair *pair,
                      const struct count *c) {
  unsigned i = 0;
  while (i <= CV_CHANGES &&
         (words[i] == NULL || strlen(words[i]) != c->word_len ||
          memcmp(words[i], c->word, c->word_len) != 0))
    i++;
  if (i == CV_BREACHES)
    set_breaches(m, pair, c);
  else if (i < CV_WAITS)
    set_counter(pair, i, c);
  else if (i == CV_WAITS)
    set_waits(m, pair, c);
  else if (i == CV_CHANGES)
    set_change(pair, c);
}

static void read_pair_counts(const struct conversations *m, struct pair *pair,
                             const char *text) {
  struct count c;
  for (unsigned i = 0; i < CV_CHANGES; i++)
    pair->sent.at[i] = i != CV_BREACHES;
  while (*text != '\0') {
    if (read_count(text, &c))
      set_count(m, pair, &c);
    text += strcspn(text, " ");
    text += strspn(text, " ");
  }
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
  if (!is_change || !read_whole(text, &count))
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
