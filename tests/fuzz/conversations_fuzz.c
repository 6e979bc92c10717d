/* SPDX-License-Identifier: MIT */
/* Both ways into the model; the first byte chooses one.
 *
 * 0: messages, each ended by a NUL: bytes → decoder → model → samples.
 * Else: a sequence of moves, each of one or more bytes: participants appear,
 * connect, end and are held; snapshots are sent, old ones again, some with
 * participants missing; time advances, polls arrive, and queues are retired.
 * The laws are checked after each move: no counter falls, a repeat changes
 * nothing, an offer has one end (outcomes that were taken back aside, and one
 * more for each time that moved), and bounds hold. */
#include <stddef.h>
#include <string.h>

#include "plugins/genesys_realtime/conversations/internal.h"
#include "tests/fuzz/fuzz.h"

static const char *const queues[] = {"q1", "q2", "q3"};
static const enum cv_media media[] = {CV_UNKNOWN, CV_CALLBACK, CV_VOICE,
                                      CV_CHAT};
enum {
  MAX = 5,
  PAIRS_MAX = 6,
  CONVERSATIONS = 8,
  OLD_MAX = 16,
  MOVES_MAX = 300,
  CONFERENCES_MAX = 3,
};

#define T0_MS INT64_C(1785578400000)

struct sums {
  struct conversations_totals of[GC_COUNT(queues)][GC_COUNT(media)];
  unsigned moved_times; /* how often a start or an end became another one */
};

static struct conversations *new_model(int64_t target_ms) {
  static const double bounds[] = {0.5, 1, 20};
  struct conversations_settings s = {.started_ms = T0_MS,
                                     .bounds_s = bounds,
                                     .bound_count = 3,
                                     .target_ms = target_ms,
                                     .max = MAX,
                                     .age_ms = 3600000,
                                     .pairs_max = PAIRS_MAX};
  struct conversations *m = conversations_new(&s, NULL);
  LAW(m != NULL);
  return m;
}

static void read_totals(struct conversations *m, struct sums *ret) {
  memset(ret->of, 0, sizeof(ret->of));
  cv_queue_count_states(m); /* once, unlike conversations_totals */
  for (size_t q = 0; q < GC_COUNT(queues); q++) {
    const struct queue *queue = cv_queue_find(m, queues[q]);
    for (size_t i = 0; i < GC_COUNT(media); i++)
      if (queue != NULL && queue->pairs[media[i]] != NULL)
        ret->of[q][i] = queue->pairs[media[i]]->t;
  }
}

static void check_waits(const struct cv_counters *c) {
  for (int i = 0; i < 3; i++)
    LAW(c->waits[i] <= (i < 2 ? c->waits[i + 1] : c->answers));
}

static void check_pair(const struct conversations_totals *t,
                       const struct conversations_totals *before) {
  for (unsigned i = 0; i < CV_COUNTERS; i++)
    LAW(t->facts.at[i] <= t->counted.at[i] &&
        t->counted.at[i] >= before->counted.at[i]);
  check_waits(&t->facts);
  check_waits(&t->counted);
  LAW(t->active <= MAX);
  for (int from = 0; from < CV_STATE_COUNT; from++)
    LAW(t->counted.changes[from][from] == 0 &&
        t->counted.changes[from][CV_STATE_NONE] == 0);
}

/* An offer has one outcome and one breach. Its medium may become another one
 * after its conversation was removed, so this is a law of the queue. A start or
 * an end that moves while the conversation is removed is a second outcome, and
 * maybe a second breach. */
static void check_queue(const struct conversations_totals *of_media,
                        unsigned moved_times) {
  uint64_t offers = 0, outcomes = 0, breaches = 0;
  for (size_t i = 0; i < GC_COUNT(media); i++) {
    const struct conversations_totals *t = &of_media[i];
    offers += t->facts.offers;
    outcomes += t->facts.answers + t->facts.abandons;
    breaches += t->facts.breaches;
  }
  LAW(outcomes <= offers + moved_times && breaches <= offers + moved_times);
}

static void check_totals(struct conversations *m, struct sums *before) {
  struct sums now;
  struct conversations_stats stats;
  read_totals(m, &now);
  for (size_t q = 0; q < GC_COUNT(queues); q++) {
    for (size_t i = 0; i < GC_COUNT(media); i++)
      check_pair(&now.of[q][i], &before->of[q][i]);
    check_queue(now.of[q], before->moved_times);
  }
  memcpy(before->of, now.of, sizeof(now.of));
  conversations_stats(m, &stats);
  LAW(stats.count <= MAX && stats.live <= stats.count);
  LAW(stats.pairs <= PAIRS_MAX);
}

static void apply_twice(struct conversations *m, const struct cv_event *e,
                        struct sums *before) {
  struct sums once, twice;
  LAW(conversations_apply(m, e) == GC_OK);
  check_totals(m, before);
  read_totals(m, &once);
  LAW(conversations_apply(m, e) == GC_OK);
  read_totals(m, &twice);
  LAW(memcmp(once.of, twice.of, sizeof(once.of)) == 0);
}

/* ---- samples ---- */

static void check_sample(void *ctx, const struct gc_sample *s) {
  (void)ctx;
  LAW(s->qualifier[0] != '\0' && strlen(s->qualifier) < 64);
  LAW(s->instance[0] != '\0');
  if (gc_metric(s->metric)->ds[0].kind == GC_DERIVE)
    LAW(s->values[0].derive >= 0);
}

static bool accepts_queue(void *ctx, const struct gc_entry *queue) {
  (void)ctx;
  return queue->id[0] != '!';
}

static void read_samples(struct conversations *m) {
  struct queue_display queues_view = {.accepts = accepts_queue,
                                      .label = QUEUE_LABEL_ID};
  struct conversations_view view = {.queues = &queues_view, .active = true};
  struct conversations_cursor cursor = {0};
  while (conversations_samples(
      m, &view, &(struct gc_samples){check_sample, NULL}, &cursor)) {
  }
}

static bool covers_pair(void *ctx, const char *queue, enum cv_media of) {
  (void)ctx;
  return queue[1] != '3' && of != CV_CHAT;
}

/* ---- messages ---- */

static void check_times(const struct cv_event *e) {
  for (unsigned i = 0; i < e->count; i++) {
    const struct cv_party *p = &e->parties[i];
    int64_t times[] = {p->connected_ms, p->end_ms, p->acw_start_ms,
                       p->acw_end_ms, p->hold_ms};
    for (size_t k = 0; k < GC_COUNT(times); k++)
      LAW(times[k] >= 0 && times[k] < CV_TIME_END_MS);
  }
}

static void run_messages(const uint8_t *data, size_t size) {
  struct conversations *m = new_model(20000);
  struct cv_decoder *d = cv_decoder_new();
  struct sums before = {.moved_times = 0};
  read_totals(m, &before);
  LAW(d != NULL);
  while (size > 0) {
    const uint8_t *nul = memchr(data, '\0', size);
    size_t len = nul != NULL ? (size_t)(nul - data) : size;
    const struct cv_event *e;
    if (cv_decoder_read(d, (const char *)data, len, &e, NULL) == GC_OK &&
        e != NULL) {
      check_times(e);
      apply_twice(m, e, &before);
    }
    len += nul != NULL;
    data += len;
    size -= len;
  }
  conversations_tick(
      m, &(struct conversations_now){T0_MS + 60000, T0_MS + 60000, 60000});
  read_samples(m);
  read_samples(m);
  cv_decoder_free(d);
  conversations_free(m);
}

/* ---- moves ---- */

struct world {
  struct conversations *m;
  struct sums before;
  const uint8_t *data;
  size_t size;
  int64_t now_ms;
  uint64_t monotonic_ms, ids;
  unsigned conferences;
  struct cv_event now[CONVERSATIONS];
  struct cv_event old[OLD_MAX];
  unsigned olds;
};

/* Copies an event and only the participants that it has. */
static void copy_event(struct cv_event *to, const struct cv_event *from) {
  memcpy(to, from, offsetof(struct cv_event, parties));
  memcpy(to->parties, from->parties, from->count * sizeof(from->parties[0]));
}

static void begin_event(struct cv_event *e, uint64_t id) {
  e->id = (struct uuid_key){1, id};
  e->count = e->dropped = 0;
}

static uint8_t next_byte(struct world *w) {
  if (w->size == 0)
    return 0;
  w->size--;
  return *w->data++;
}

/* The platform no longer lists the first ones. */
static void shed_parties(struct cv_event *e, unsigned count) {
  if (count > e->count)
    count = e->count;
  e->count -= count;
  memmove(&e->parties[0], &e->parties[count], e->count * sizeof(e->parties[0]));
}

static void add_party(struct world *w, struct cv_event *e, uint8_t what) {
  if (e->count == CV_PARTIES_MAX)
    return;
  e->dropped = what == 255;
  struct cv_party *p = &e->parties[e->count++];
  memset(p, 0, sizeof(*p));
  p->id = ++w->ids;
  p->purpose = what % 4;
  p->media = (uint8_t)(what >> 4 & 1 ? CV_CHAT : CV_VOICE);
  if (what >> 5 > 0) {
    strcpy(p->queue_text, queues[what >> 5 & 1]);
    p->queue = uuid_key_read(p->queue_text, 2);
  }
  if (what & 8)
    p->connected_ms = w->now_ms;
}

/* Adds up to 120 participants; the input decides whether all but the last three
 * have ended. */
static void add_conference(struct world *w, struct cv_event *e) {
  uint8_t how = next_byte(w), first = next_byte(w), second = next_byte(w);
  for (unsigned n = (how & 15u) * 8; n > 0; n--) {
    w->now_ms += how >> 4 & 1 ? 7 : 0;
    add_party(w, e, n % 2 == 0 ? first : second);
    if (how >> 5 & 1 && n > 3)
      e->parties[e->count - 1].end_ms = w->now_ms + 3;
    if (how >> 6 & 1)
      e->parties[e->count - 1].transferred = true;
  }
  if (how >> 7 & 1)
    shed_parties(e, second);
}

/* Any time that the decoder accepts. */
static int64_t any_time(struct world *w) {
  uint64_t high = next_byte(w), low = next_byte(w);
  return (int64_t)((high << 40 | low) % CV_TIME_END_MS);
}

static void move_time(struct world *w, int64_t *at_ms, int64_t to_ms) {
  w->before.moved_times += *at_ms != 0 && *at_ms != to_ms;
  *at_ms = to_ms;
}

static void change_party(struct world *w, struct cv_event *e) {
  uint8_t what = next_byte(w), how = next_byte(w);
  if (e->count == 0)
    return;
  struct cv_party *p = &e->parties[what % e->count];
  p->scheduled ^= (how & 0xe0) == 0x20;
  p->parked ^= (how & 0xe0) == 0x40;
  p->acw_skipped ^= (how & 0xe0) == 0x60;
  if ((how & 0xe0) == 0x80)
    p->purpose = p->purpose == CV_WATCHER ? CV_AGENT : CV_WATCHER;
  switch (how % 8) {
  case 0:
    move_time(w, &p->connected_ms, w->now_ms);
    break;
  case 1:
    move_time(w, &p->end_ms, w->now_ms);
    break;
  case 2:
    move_time(w, &p->end_ms, w->now_ms);
    p->acw_start_ms = w->now_ms;
    break;
  case 3:
    p->acw_end_ms = w->now_ms;
    break;
  case 4:
    p->held = !p->held;
    p->hold_ms = p->held ? w->now_ms : 0;
    break;
  case 5:
    p->transferred = true;
    break;
  case 6:
    move_time(w, &p->connected_ms, any_time(w));
    break;
  default:
    p->media = (uint8_t)media[next_byte(w) % GC_COUNT(media)];
    break;
  }
}

/* Applies one of the last snapshots, chosen by `which`, without some
 * participants. */
static void say_old(struct world *w) {
  uint8_t which = next_byte(w), without = next_byte(w);
  if (w->olds == 0)
    return;
  struct cv_event e;
  copy_event(&e, &w->old[which % (w->olds < OLD_MAX ? w->olds : OLD_MAX)]);
  unsigned kept = 0;
  for (unsigned i = 0; i < e.count; i++)
    if (!(without >> i % 8 & 1))
      e.parties[kept++] = e.parties[i];
  e.count = kept;
  apply_twice(w->m, &e, &w->before);
}

static bool is_q1(void *ctx, const char *queue) {
  (void)ctx;
  return strcmp(queue, "q1") == 0;
}

/* A queue loses all its counters or none of them. */
static void retire_queues(struct world *w) {
  static const struct conversations_totals none;
  struct sums now;
  size_t retired = conversations_retire(w->m, 60000, is_q1, NULL);
  LAW(retired <= GC_COUNT(queues));
  read_totals(w->m, &now);
  for (size_t q = 0; q < GC_COUNT(queues); q++)
    for (size_t i = 0; i < GC_COUNT(media); i++)
      if (memcmp(&now.of[q][i], &none, sizeof(none)) == 0 && retired > 0 &&
          strcmp(queues[q], "q1") != 0)
        w->before.of[q][i] = none;
}

static void let_time_go(struct world *w) {
  static const int64_t steps_ms[] = {1,      100,     1000,  22000,
                                     601000, 3600000, -5000, 60000};
  uint8_t how = next_byte(w);
  int64_t step_ms = steps_ms[how % 8];
  w->now_ms += step_ms;
  w->monotonic_ms += step_ms > 0 ? (uint64_t)step_ms : 0;
  conversations_tick(
      w->m, &(struct conversations_now){w->now_ms, w->now_ms, w->monotonic_ms});
  if (how & 8)
    retire_queues(w);
}

static void poll_conversations(struct world *w) {
  uint8_t listed = next_byte(w);
  conversations_poll_begin(w->m);
  for (unsigned i = 0; i < CONVERSATIONS; i++)
    if (listed >> i & 1)
      (void)conversations_poll_list(w->m, w->now[i].id);
  conversations_poll_end(w->m, covers_pair, NULL);
}

static void close_conversation(struct conversations *m, struct uuid_key id) {
  uint32_t number = cv_table_find(m, id);
  if (number != CV_NONE)
    cv_close(m, number);
}

static void make_step(struct world *w) {
  uint8_t what = next_byte(w);
  struct cv_event *e = &w->now[what >> 4 & 7];
  switch (what % 16) {
  case 0:
  case 1:
  case 2:
    add_party(w, e, next_byte(w));
    break;
  case 3:
  case 4:
  case 5:
  case 6:
    change_party(w, e);
    break;
  case 7:
  case 8:
  case 9:
  case 10:
    copy_event(&w->old[w->olds++ % OLD_MAX], e);
    apply_twice(w->m, e, &w->before);
    break;
  case 11:
    say_old(w);
    break;
  case 12:
    let_time_go(w);
    break;
  case 13:
    poll_conversations(w);
    break;
  case 14:
    if (what & 128)
      close_conversation(w->m, e->id);
    else
      conversations_gap(w->m);
    break;
  default:
    if (what & 128 && w->conferences++ < CONFERENCES_MAX)
      add_conference(w, e);
    else
      read_samples(w->m);
    break;
  }
  check_totals(w->m, &w->before);
}

static void run_moves(const uint8_t *data, size_t size, int64_t target_ms) {
  static struct world w;
  w.olds = w.conferences = w.before.moved_times = 0;
  w.monotonic_ms = w.ids = 0;
  w.m = new_model(target_ms);
  w.data = data;
  w.size = size;
  w.now_ms = T0_MS;
  for (unsigned i = 0; i < CONVERSATIONS; i++)
    begin_event(&w.now[i], i + 1);
  if (target_ms == 0)
    LAW(conversations_target(w.m, "q1", CV_VOICE, 5000) == GC_OK);
  read_totals(w.m, &w.before);
  for (int i = 0; i < MOVES_MAX && w.size > 0; i++)
    make_step(&w);
  conversations_free(w.m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1)
    return 0;
  if (data[0] == 0)
    run_messages(data + 1, size - 1);
  else
    run_moves(data + 1, size - 1, data[0] % 2 == 0 ? 0 : 1000);
  return 0;
}
