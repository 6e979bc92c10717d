/* SPDX-License-Identifier: MIT */
/* One series, one writer: of random configurations, each identity that the
 * blocks of one account may write has one block and one series. The names and
 * values are made so that they collide wherever they can. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/analytics/series/claim.h"
#include "common/analytics/series/name.h"
#include "common/base/glob.h"
#include "common/genesys/clean_name.h"
#include "common/genesys/labels.h"
#include "common/net/account.h"
#include "plugins/genesys_flowmetrics/ledger/series.h"
#include "plugins/genesys_realtime/block.h"
#include "plugins/genesys_realtime/queues/queue_label.h"
#include "plugins/genesys_realtime/queues/selection.h"
#include "tests/support/check.h"
#include "tests/support/names_bench.h"

enum {
  ROUNDS = 400,
  BLOCKS_MAX = 4,
  PATTERNS_MAX = 3,
  ENTITIES = 12,
  IDENTITIES_MAX = 60000,
  TEXT_SIZE = 1024,
};

static uint32_t seed;

static uint32_t random_below(size_t n) {
  seed = seed * 1664525 + 1013904223;
  return (uint32_t)((seed >> 8) % n);
}

#define PICK(list) ((list)[random_below(GC_COUNT(list))])

/* ---- the written identities and their writers ---- */

static struct written { char *identity, *writer; } all[IDENTITIES_MAX];
static size_t count;
static unsigned long checked; /* identities, of all rounds of a test */

static void forget_values(void) {
  for (size_t i = 0; i < count; i++) {
    free(all[i].identity);
    free(all[i].writer);
  }
  count = 0;
}

/* Records the identity as collectd cuts and Graphite folds its parts. */
static void write_identity(const char *type, const char *instance,
                           const char *qualifier, const char *writer) {
  char text[TEXT_SIZE];
  snprintf(text, sizeof(text), "%s/%.127s/%.127s", type, instance, qualifier);
  for (char *c = text; *c != '\0'; c++)
    if (strchr(". \"\\:!,()", *c) != NULL)
      *c = '_';
  CHECK(count < IDENTITIES_MAX);
  if (count < IDENTITIES_MAX)
    all[count++] = (struct written){strdup(text), strdup(writer)};
}

static int by_identity(const void *a, const void *b) {
  const struct written *x = a, *y = b;
  int order = strcmp(x->identity, y->identity);
  return order != 0 ? order : strcmp(x->writer, y->writer);
}

static void check_writers(uint32_t round) {
  qsort(all, count, sizeof(all[0]), by_identity);
  for (size_t i = 1; i < count; i++)
    if (strcmp(all[i - 1].identity, all[i].identity) == 0)
      CHECK_THAT(strcmp(all[i - 1].writer, all[i].writer) == 0,
                 "round %u: %s has two writers: %s and %s", round,
                 all[i].identity, all[i - 1].writer, all[i].writer);
  checked += count;
}

/* Checks that the rounds of a test had identities to compare. */
static void check_end(void) {
  CHECK_THAT(checked >= 2 * ROUNDS, "only %lu identities", checked);
  checked = 0;
}

/* ---- the names of the platform ---- */

#define LONG                                                                   \
  "a name that is much longer than the one hundred and twenty-seven bytes "    \
  "that are left for it in an identity of collectd, whose end is cut "

static const char *const entity_names[] = {
    "Sales",      "Sales",      "Sales~2",  "Support", "billing.v2",
    "billing v2", "billing_v2", "none",     "voice",   "unassigned",
    LONG "1",     LONG "2",     "a/b",      "a_b",     "Sales DE",
    "nOffered",   "~2",         "Claims-1", "Claims"};

/* Makes an account's list with labels, as the name cache does. */
static struct gc_entities *make_list(char kind) {
  char ids[ENTITIES][40];
  struct gc_entry entries[ENTITIES];
  for (int i = 0; i < ENTITIES; i++) {
    snprintf(ids[i], sizeof(ids[i]), "%c1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d%04d",
             kind, i);
    entries[i] = (struct gc_entry){ids[i], PICK(entity_names), "", ""};
  }
  struct gc_entities *entities = gc_entities_new(entries, ENTITIES, false);
  struct gc_labels *l = gc_labels_new();
  struct gc_entities *made =
      entities != NULL && l != NULL ? gc_labels_by_list(l, entities) : NULL;
  gc_labels_free(l);
  gc_entities_put(entities);
  CHECK(made != NULL);
  return made;
}

static char *const patterns[] = {
    (char[]){"*"},          (char[]){"Sales*"},
    (char[]){"!Sales*"},    (char[]){"Support"},
    (char[]){"!*DE"},       (char[]){"[a-c]*"},
    (char[]){"billing?v2"}, (char[]){"!none"},
    (char[]){"Claims*"},    (char[]){"b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d0001"}};

struct selectors {
  char *at[PATTERNS_MAX];
  size_t count;
};

static void make_selectors(struct selectors *s) {
  s->count = random_below(PATTERNS_MAX + 1);
  for (size_t i = 0; i < s->count; i++)
    s->at[i] = PICK(patterns);
}

/* ---- <Queues> ---- */

static bool accepts_queue(void *ctx, const struct gc_entry *queue) {
  return ownership_has(ctx, queue->name, queue->id);
}

/* Returns true if the block's observations have active conversations; if not,
 * its stream may have them. */
static bool observes_active(const struct queues_options *o) {
  return o->observations != OBS_OFF && o->observations != OBS_QUEUE_METRICS;
}

static void write_queue(const struct queue_display *display,
                        enum queue_part part, const char *id,
                        const struct queues_options *block,
                        const char *writer) {
  static const char *const types[] = {"queue_depth", "queue_offer"};
  char label[GC_NAME_SIZE];
  if (queue_label_of(display, id, label) != QUEUE_SHOWN)
    return;
  write_identity(types[part], label, "voice", writer);
  if (observes_active(block)
          ? part == QUEUE_OBSERVED
          : part == QUEUE_STREAMED && queue_display_has_active(display, id))
    write_identity("active_conversations", label, "voice", writer);
}

static void write_part(const struct queues_options *const *blocks,
                       size_t block_count, size_t self, enum queue_part part,
                       const struct gc_entities *queues) {
  struct ownership owner = {blocks[self], blocks, block_count, part};
  struct ownership active = {blocks[self], blocks, block_count, QUEUE_ACTIVE};
  struct queue_display display = {.queues = queues,
                                  .accepts = accepts_queue,
                                  .accepts_ctx = &owner,
                                  .active = &active,
                                  .shard = &blocks[self]->shard};
  for (size_t i = 0; i < gc_entities_count(queues); i++) {
    char writer[80];
    const char *id = gc_entities_at(queues, i)->id;
    snprintf(writer, sizeof(writer), "block %zu, %s", self, id);
    write_queue(&display, part, id, blocks[self], writer);
  }
}

static void queues_have_one_writer(void) {
  for (uint32_t round = 1; round <= ROUNDS; round++) {
    seed = round;
    struct selectors s[BLOCKS_MAX];
    struct queues_options options[BLOCKS_MAX];
    const struct queues_options *blocks[BLOCKS_MAX];
    size_t block_count = 2 + random_below(BLOCKS_MAX - 1);
    struct gc_entities *queues = make_list('b');
    for (size_t i = 0; i < block_count; i++) {
      make_selectors(&s[i]);
      options[i] = (struct queues_options){
          .queues = {s[i].at, s[i].count},
          .stream = (int)random_below(3),
          .observations = (int)random_below(OBS_OFF + 1),
          .shard = random_below(3) == 0 ? (struct shard){1 + random_below(2), 2}
                                        : (struct shard){0}};
      blocks[i] = &options[i];
    }
    for (size_t i = 0; i < block_count; i++) {
      if (options[i].observations != OBS_OFF)
        write_part(blocks, block_count, i, QUEUE_OBSERVED, queues);
      if (options[i].stream != STREAM_NONE)
        write_part(blocks, block_count, i, QUEUE_STREAMED, queues);
    }
    check_writers(round);
    forget_values();
    gc_entities_put(queues);
  }
  check_end();
}

/* ---- <Queues> of an account whose list of queues changes ---- */

#define OBSERVATIONS "POST /api/v2/analytics/queues/observations/query"
#define QUEUE_ID "b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d%04d"

enum { LISTS_MAX = 3, BODY_SIZE = ENTITIES * 512, REREAD_MS = 11 * 60000 };

/* One agent: its blocks share the account of names_bench. */
struct agent {
  struct gc_loop *loop;
  struct selectors selectors[BLOCKS_MAX];
  struct queues_options options[BLOCKS_MAX];
  const struct queues_options *all[BLOCKS_MAX];
  struct block *blocks[BLOCKS_MAX];
  size_t count;
};

static void ignore_notice(void *ctx, const char *cause,
                          const struct gc_err *err) {
  (void)ctx;
  (void)cause;
  (void)err;
}

static void make_options(struct agent *a) {
  a->count = 2 + random_below(BLOCKS_MAX - 1);
  for (size_t i = 0; i < a->count; i++) {
    make_selectors(&a->selectors[i]);
    a->options[i] = (struct queues_options){
        .queues = {a->selectors[i].at, a->selectors[i].count},
        .stream = STREAM_NONE,
        .observations = OBS_QUERY,
        .interval_s = 300,
        .series_max = 200000,
        .queue_expiry_s = 86400,
        .shard = random_below(2) == 0 ? (struct shard){1 + random_below(2), 2}
                                      : (struct shard){0}};
    a->all[i] = &a->options[i];
  }
}

static void start_blocks(struct agent *a) {
  struct gc_err err;
  a->loop = gc_loop_new(&err); /* never started: calls run at once */
  for (size_t i = 0; i < a->count; i++) {
    struct queues_deps deps = {.notice = ignore_notice,
                               .loop = a->loop,
                               .env = &names_world.env,
                               .api = names_api(),
                               .names = names,
                               .requests_per_minute = 300,
                               .blocks = a->all,
                               .block_count = a->count};
    a->blocks[i] = block_new(&a->options[i], &deps);
    block_start(a->blocks[i]);
  }
}

static void free_blocks(struct agent *a) {
  for (size_t i = 0; i < a->count; i++)
    block_free(a->blocks[i]);
  gc_loop_free(a->loop);
}

/* Answers from now on with a list of some queues, and with a waiting contact of
 * each of them. */
static void answer_queues(char list[BODY_SIZE], char waiting[BODY_SIZE]) {
  size_t listed = (size_t)snprintf(list, BODY_SIZE, "{\"entities\":[");
  size_t used = (size_t)snprintf(waiting, BODY_SIZE, "{\"results\":[");
  const char *comma = "";
  for (int i = 0; i < ENTITIES; i++) {
    if (random_below(3) == 0)
      continue;
    listed += (size_t)snprintf(list + listed, BODY_SIZE - listed,
                               "%s{\"id\":\"" QUEUE_ID "\",\"name\":\"%s\"}",
                               comma, i, PICK(entity_names));
    used += (size_t)snprintf(
        waiting + used, BODY_SIZE - used,
        "%s{\"group\":{\"queueId\":\"" QUEUE_ID
        "\",\"mediaType\":\"voice\"},\"data\":[{\"metric\":\"oWaiting\","
        "\"stats\":{\"count\":1}}]}",
        comma, i);
    comma = ",";
  }
  snprintf(list + listed, BODY_SIZE - listed, "]}");
  snprintf(waiting + used, BODY_SIZE - used, "]}");
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 200, list);
  names_answer(OBSERVATIONS, REPLAY_ALWAYS, 200, waiting);
}

static void write_sample(void *ctx, const struct gc_sample *s) {
  char writer[TEXT_SIZE];
  snprintf(writer, sizeof(writer), "block %zu, %s", *(size_t *)ctx, s->parts);
  write_identity(gc_metric(s->metric)->name, s->instance, s->qualifier, writer);
}

/* The lists come before or after the start of the blocks; some of these have a
 * Shard. */
static void queues_of_a_list_that_changes_have_one_writer(void) {
  static char lists[LISTS_MAX][BODY_SIZE], waiting[LISTS_MAX][BODY_SIZE];
  for (uint32_t round = 1; round <= ROUNDS; round++) {
    struct agent a;
    struct names_recorder first;
    seed = round;
    make_options(&a);
    names_begin();
    names_listen(&first, GC_QUEUE);
    size_t start_at = random_below(LISTS_MAX);
    for (size_t i = 0; i < LISTS_MAX; i++) {
      if (i > 0)
        replay_forget_answers(&names_world);
      answer_queues(lists[i], waiting[i]);
      if (i == start_at)
        start_blocks(&a);
      replay_run(&names_world, REREAD_MS);
    }
    for (size_t i = 0; i < a.count; i++)
      block_read(a.blocks[i], &(struct gc_samples){write_sample, &i});
    check_writers(round);
    forget_values();
    free_blocks(&a);
    gc_names_unlisten(names, &first.listener);
    names_end();
  }
  check_end();
}

/* Each queue that a block selects has a writer, too. */
static void no_selected_queue_is_left_without_a_writer(void) {
  for (uint32_t round = 1; round <= ROUNDS; round++) {
    seed = round;
    struct selectors s[BLOCKS_MAX];
    struct queues_options options[BLOCKS_MAX];
    const struct queues_options *blocks[BLOCKS_MAX];
    struct gc_entities *queues = make_list('b');
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
      make_selectors(&s[i]);
      options[i] = (struct queues_options){.queues = {s[i].at, s[i].count}};
      blocks[i] = &options[i];
    }
    for (size_t q = 0; q < gc_entities_count(queues); q++) {
      const struct gc_entry *e = gc_entities_at(queues, q);
      size_t wanted = 0, writers = 0;
      for (size_t i = 0; i < BLOCKS_MAX; i++) {
        struct ownership owner = {blocks[i], blocks, BLOCKS_MAX,
                                  QUEUE_OBSERVED};
        wanted += gc_glob_accepts(s[i].at, s[i].count, e->name, e->id);
        writers += ownership_has(&owner, e->name, e->id);
      }
      CHECK_THAT(writers == (wanted > 0), "round %u: %s has %zu writers", round,
                 e->name, writers);
    }
    gc_entities_put(queues);
  }
}

/* ---- <Query> and <Flows> ---- */

static char *const metrics[] = {(char[]){"nOffered"}, (char[]){"tHandle"},
                                (char[]){"nFlow"}};
static char *const groups[][4] = {
    {(char[]){"queueId"}, (char[]){"mediaType"}},
    {(char[]){"queueId"}},
    {(char[]){"mediaType"}, (char[]){"queueId"}},
    {(char[]){"queueId"}, (char[]){"wrapUpCode"}},
    {(char[]){"queueId"}, (char[]){"mediaType"}, (char[]){"direction"}},
    {(char[]){"wrapUpCode"}, (char[]){"queueId"}, (char[]){"direction"}},
    {(char[]){"userId"}},
    {(char[]){"userId"}, (char[]){"queueId"}},
    {(char[]){"mediaType"}},
    {(char[]){"flowId"}},
    {(char[]){"flowId"}, (char[]){"wrapUpCode"}},
};
enum { NO_OWNER = 8 }; /* an index in `groups` */
/* Values that make one text with others of their group, or to Graphite. */
static const char *const values[] = {
    "",    "none", "voice", "a",   "c",   "b",   "b-voice", LONG "x", LONG "y",
    "a-b", "b-c",  "a/b",   "a_b", "a b", "a.b", "A",       "A/b",    "A b"};
enum { VALUES_MAX = 9 }; /* of a group; a block has other ones than the next */
static const char *const media[] = {"voice", "chat"};
static const char *const prefixes[] = {NULL, NULL, NULL, "30m-", "nOffered-"};

struct analytics {
  struct selectors selectors;
  char *metrics[2];
  struct gc_series_claim claim;
  char name[16];
  size_t values_from, values_step; /* which of `values` its groups have */
};

static void make_query(struct analytics *a, size_t number) {
  bool has_owner = number > 0 || random_below(2) == 0;
  char *const *by = has_owner ? PICK(groups) : groups[NO_OWNER];
  size_t by_count = 0;
  while (by_count < 4 && by[by_count] != NULL)
    by_count++;
  make_selectors(&a->selectors);
  a->values_from = random_below(GC_COUNT(values));
  a->values_step = 2 * random_below(2) + 5; /* prime to their number */
  a->metrics[0] = PICK(metrics);
  a->metrics[1] = PICK(metrics);
  if (number == 0) /* also possible as a queue's name */
    snprintf(a->name, sizeof(a->name), "Claims");
  else
    snprintf(a->name, sizeof(a->name), "block %zu", number);
  a->claim = (struct gc_series_claim){
      .name = a->name,
      .account = "prod",
      .query = {.source = random_below(3) == 0 ? GC_QUERY_FLOWS
                                               : GC_QUERY_CONVERSATIONS,
                .metrics = {a->metrics, a->metrics[0] == a->metrics[1] ? 1 : 2},
                .group_by = {(char **)by, by_count},
                .chosen = {a->selectors.at, a->selectors.count},
                .prefix = (char *)PICK(prefixes)}};
}

/* The values that a dimension may have in an answer to the query. */
static size_t values_of(const struct analytics *a, const char *dimension,
                        const struct gc_dimension_names *n,
                        const char *out[ENTITIES]) {
  int list = gc_dimension_list(gc_dimension_of(dimension));
  const char *chosen = gc_source(a->claim.query.source)->chosen;
  size_t found = 0;
  if (list < 0) {
    for (size_t i = a->values_from; found < VALUES_MAX; i += a->values_step)
      out[found++] = values[i % GC_COUNT(values)];
    return found;
  }
  const struct gc_entities *entities = n->lists[list].now;
  for (size_t i = 0; i < gc_entities_count(entities); i++) {
    const struct gc_entry *e = gc_entities_at(entities, i);
    if (strcmp(dimension, chosen) != 0 ||
        gc_glob_accepts(a->selectors.at, a->selectors.count, e->name, e->id))
      out[found++] = e->id;
  }
  return found;
}

static void write_series(const struct analytics *a,
                         const struct gc_dimension_names *n, const char *key) {
  struct gc_samples_view view = {
      .query = &a->claim.query, .dimension_names = n, .block = a->name};
  struct gc_identity id;
  char writer[2 * TEXT_SIZE];
  CHECK(gc_identity_make(&view, key, &id));
  snprintf(writer, sizeof(writer), "%s, %s", a->name, key);
  write_identity(gc_metric(id.types->count)->name, id.instance, id.qualifier,
                 writer);
}

/* Writes all combinations of the values of the groups from number `at` on. */
static void write_groups(const struct analytics *a,
                         const struct gc_dimension_names *n, size_t at,
                         const char *key) {
  const struct gc_query *q = &a->claim.query;
  const char *found[ENTITIES];
  char longer[TEXT_SIZE];
  if (at == q->group_by.count) {
    write_series(a, n, key);
    return;
  }
  if (gc_dimension_of(q->group_by.at[at]) == GC_DIMENSION_MEDIA) {
    write_groups(a, n, at + 1, key);
    return;
  }
  size_t value_count = values_of(a, q->group_by.at[at], n, found);
  for (size_t i = 0; i < value_count; i++) {
    snprintf(longer, sizeof(longer), "%s%c%s", key, GC_SERIES_SEP, found[i]);
    write_groups(a, n, at + 1, longer);
  }
}

static void write_query(const struct analytics *a,
                        const struct gc_dimension_names *n) {
  const struct gc_query *q = &a->claim.query;
  bool by_media = gc_source(q->source)->is_by_media ||
                  gc_query_place_of(q, "mediaType") >= 0;
  char key[TEXT_SIZE];
  for (size_t m = 0; m < q->metrics.count; m++)
    for (size_t i = 0; i < (by_media ? GC_COUNT(media) : 1); i++) {
      snprintf(key, sizeof(key), "%s%c%c%s", q->metrics.at[m], GC_SERIES_SEP,
               GC_SERIES_SEP, by_media ? media[i] : "");
      write_groups(a, n, 0, key);
    }
}

static void queries_have_one_writer(void) {
  unsigned accepted = 0, refused = 0;
  for (uint32_t round = 1; round <= ROUNDS; round++) {
    seed = round;
    struct analytics a[BLOCKS_MAX];
    struct gc_dimension_names n = {.label = GC_QUERY_LABEL_NAME};
    size_t used = 0;
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
      char what[GC_CLAIM_WHAT_SIZE];
      bool collides = false;
      make_query(&a[used], i);
      for (size_t k = 0; k < used; k++)
        collides = collides ||
                   gc_series_claims_collide(&a[k].claim, &a[used].claim, what);
      refused += collides;
      used += !collides;
    }
    for (size_t i = 0; i < used; i++)
      if (gc_series_claim_has_name(&a[i].claim))
        gc_labels_reserve(a[i].name);
    n.lists[GC_QUEUE].now = make_list('b');
    n.lists[GC_USER].now = make_list('c');
    n.lists[GC_FLOW].now = make_list('d');
    /* The claims point into their own elements, which have not moved. */
    for (size_t i = 0; i < used; i++)
      write_query(&a[i], &n);
    accepted += (unsigned)used;
    check_writers(round);
    forget_values();
    gc_dimension_name_clear(&n);
  }
  CHECK(refused > ROUNDS / 10);
  CHECK(accepted > ROUNDS * 3 / 2);
  check_end();
}

/* ---- accounts ---- */

static const char *const hosts[] = {NULL,  "agent", "agent.x", "agent_x", "h 1",
                                    "h/1", "h_1",   LONG "1",  LONG "2",  "h2"};

static const char *default_host(void) { return "agent.x"; }

/* Writes an identity of the account's block: the part after the host is the
 * same for all accounts. */
static void write_account(const char *host, size_t number) {
  char clean[GC_NAME_SIZE], writer[32];
  (void)gc_name_clean(clean, host, strlen(host));
  snprintf(writer, sizeof(writer), "account %zu", number);
  write_identity(clean, "Sales", "voice", writer);
}

static void accounts_have_one_writer(void) {
  static const struct gc_accounts_hooks hooks = {.default_host = default_host};
  unsigned accepted = 0, refused = 0;
  gc_accounts_set_hooks(&hooks);
  for (uint32_t round = 1; round <= ROUNDS; round++) {
    seed = round;
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
      const char *host = PICK(hosts);
      char name[16];
      struct gc_err err;
      snprintf(name, sizeof(name), "a%zu", i);
      struct gc_account_options s = {
          .name = strdup(name), .host = host != NULL ? strdup(host) : NULL};
      bool is_defined = gc_accounts_define(&s, &err) == GC_OK;
      if (is_defined)
        write_account(host != NULL ? host : default_host(), i);
      accepted += is_defined;
      refused += !is_defined;
    }
    check_writers(round);
    forget_values();
    gc_accounts_close();
  }
  CHECK(refused > ROUNDS / 10);
  CHECK(accepted > ROUNDS);
  check_end();
}

/* ---- <Attributes> ---- */

/* Blocks of one host, whichever their accounts are, count in one scope. The
 * names of flows and metrics come in any order. */
static void attributes_have_one_writer(void) {
  static const char *const scopes[] = {"", "h1", "h2"};
  for (uint32_t round = 1; round <= ROUNDS; round++) {
    struct series_set set = {.count = 0};
    seed = round;
    for (unsigned i = 0; i < 40; i++) {
      const char *scope = PICK(scopes), *flow = PICK(entity_names),
                 *metric = PICK(entity_names);
      struct series *s = NULL;
      char type[32], writer[TEXT_SIZE];
      CHECK_INT(series_find(&set, scope, flow, metric, 1000, &s), GC_OK);
      snprintf(type, sizeof(type), "%s/flow_metric", scope);
      snprintf(writer, sizeof(writer), "%s|%s|%s", scope, flow, metric);
      write_identity(type, s->kept.flow_label, s->kept.metric_label, writer);
    }
    check_writers(round);
    forget_values();
    series_clear(&set);
  }
  check_end();
}

int main(void) {
  RUN(accounts_have_one_writer);
  RUN(attributes_have_one_writer);
  RUN(queues_have_one_writer);
  RUN(queues_of_a_list_that_changes_have_one_writer);
  RUN(no_selected_queue_is_left_without_a_writer);
  RUN(queries_have_one_writer);
  return check_done();
}
