/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/queues/selection.h"

#include "tests/support/check.h"

#define UUID_A "b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d4e01"
#define UUID_B "B1F7A2C4-6B0E-4F7E-9C55-0A1B2C3D4E02"

static struct gc_entities *list_queues(bool refused) {
  static const struct gc_entry entries[] = {
      {"q3", "Support DE", "Support DE", ""},
      {"q1", "Sales", "Sales", ""},
      {"q2", "Support test", "Support test", ""},
      {UUID_A, "Claims", "Claims", ""}};
  return gc_entities_new(entries, GC_COUNT(entries), refused);
}

/* The agent's share; NULL: it is the only one. */
static const struct shard *shard;
static bool any_id;
/* The other blocks of the account; the one that chooses is the last. */
static const struct queues_options *const *blocks;
static size_t block_count, taken;
static enum queue_part part;

/* Returns the ids that the selectors choose, "id id …". */
static const char *choose_ids(bool refused, char *const *selectors,
                              size_t count) {
  static char text[400];
  struct selection s = {0};
  struct gc_entities *entities = list_queues(refused);
  text[0] = '\0';
  struct queues_options self = {.queues = {(char **)selectors, count}};
  if (shard != NULL)
    self.shard = *shard;
  struct ownership owner = {
      .self = &self, .blocks = blocks, .count = block_count, .part = part};
  CHECK_INT(selection_make(&s, entities, &owner, any_id), GC_OK);
  taken = s.taken;
  for (size_t i = 0; i < s.count; i++) {
    strcat(text, i > 0 ? " " : "");
    strcat(text, s.ids[i]);
  }
  selection_clear(&s);
  CHECK_INT(s.count, 0);
  CHECK(s.ids == NULL);
  gc_entities_put(entities);
  return text;
}

#define CHOOSE(refused, ...)                                                   \
  choose_ids(refused, (char *const[]){__VA_ARGS__},                            \
             sizeof((char *const[]){__VA_ARGS__}) / sizeof(char *))
#define S(text) ((char[]){text})

static void without_a_selector_all_queues_are_chosen_by_id(void) {
  CHECK_STR(choose_ids(false, NULL, 0), UUID_A " q1 q2 q3");
}

static void the_first_match_decides(void) {
  CHECK_STR(CHOOSE(false, S("Support*")), "q2 q3");
  CHECK_STR(CHOOSE(false, S("!*test*"), S("Support*")), "q3");
  CHECK_STR(CHOOSE(false, S("Support*"), S("!*test*")), "q2 q3");
  CHECK_STR(CHOOSE(false, S("!*test*")), UUID_A " q1 q3");
  CHECK_STR(CHOOSE(false, S("q1"), S("Claims")), "q1 " UUID_A);
  CHECK_STR(CHOOSE(false, S("nothing")), "");
}

/* Queues of the first option are the first to get a topic. */
static void the_order_of_the_options_is_that_of_the_queues(void) {
  CHECK_STR(CHOOSE(false, S("Support DE"), S("*")), "q3 " UUID_A " q1 q2");
  CHECK_STR(CHOOSE(false, S("!*test"), S("Sales"), S("S*"), S("*")),
            "q1 q3 " UUID_A);
}

static void an_id_that_the_list_lacks_is_not_requested(void) {
  CHECK_STR(CHOOSE(false, S(UUID_B)), "");
}

static void where_the_list_is_refused_literal_ids_are_taken(void) {
  CHECK_STR(CHOOSE(true, S(UUID_B), S("Support*")), "q2 q3 " UUID_B);
  CHECK_STR(CHOOSE(true, S(UUID_A)), UUID_A);
  CHECK_STR(CHOOSE(true, S(UUID_B), S(UUID_B)), UUID_B);
  CHECK_STR(CHOOSE(true, S("!" UUID_B), S(UUID_B)), "");
  /* These are not UUIDs: too short, too long, a wrong digit, a wrong dash. */
  CHECK_STR(CHOOSE(true, S("b1f7a2c4"), S(UUID_B "0"),
                   S("g1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d4e01"),
                   S("b1f7a2c46-b0e-4f7e-9c55-0a1b2c3d4e01")),
            "");
}

static void a_new_selection_replaces_the_old_one(void) {
  struct selection s = {0};
  struct gc_entities *entities = list_queues(false);
  char *sales[] = {S("Sales")}, *support[] = {S("Support*")};
  struct queues_options one = {.queues = {sales, 1}},
                        other = {.queues = {support, 1}};
  struct ownership owner = {.self = &one};
  CHECK_INT(selection_make(&s, entities, &owner, false), GC_OK);
  CHECK_INT(s.count, 1);
  owner.self = &other;
  CHECK_INT(selection_make(&s, entities, &owner, false), GC_OK);
  CHECK_INT(s.count, 2);
  selection_clear(&s);
  gc_entities_put(entities);
}

/* Listed and literal ids have shares; another spelling is the same id. */
static void agents_share_the_selected_queues(void) {
  static const char *const all[] = {UUID_A, "q2", "q3", UUID_B};
  unsigned shown[GC_COUNT(all)] = {0};
  for (uint32_t k = 1; k <= 3; k++) {
    struct shard share = {k, 3};
    shard = &share;
    const char *ours = CHOOSE(true, S(UUID_A), S(UUID_B), S("Support*"));
    for (size_t i = 0; i < GC_COUNT(all); i++)
      shown[i] += strstr(ours, all[i]) != NULL;
    CHECK(strstr(ours, "q1") == NULL);
  }
  shard = NULL;
  for (size_t i = 0; i < GC_COUNT(all); i++)
    CHECK_INT(shown[i], 1);
}

static void an_earlier_block_has_the_queues_that_it_selects(void) {
  char *support[] = {S("Support*")};
  const struct queues_options first = {.queues = {support, 1}};
  const struct queues_options *all[] = {&first};
  blocks = all;
  block_count = 1;
  CHECK_STR(choose_ids(false, NULL, 0), UUID_A " q1");
  CHECK_INT(taken, 2);
  CHECK_STR(CHOOSE(false, S("q3"), S("Sales")), "q1");
  CHECK_INT(taken, 1);
  CHECK_STR(CHOOSE(false, S("Sales")), "q1");
  CHECK_INT(taken, 0);
  CHECK_STR(CHOOSE(true, S("q3"), S(UUID_B)), UUID_B);
  CHECK_INT(taken, 1);
  blocks = NULL;
  block_count = 0;
}

/* Gauges and counters are different series. */
static void blocks_of_other_series_may_have_the_same_queues(void) {
  const struct queues_options counts = {.observations = OBS_OFF},
                              gauges = {.stream = STREAM_NONE};
  const struct queues_options *all[] = {&counts, &gauges};
  blocks = all;
  block_count = 1;
  CHECK_STR(CHOOSE(false, S("Sales")), "q1");
  part = QUEUE_STREAMED;
  CHECK_STR(CHOOSE(false, S("Sales")), "");
  blocks = all + 1;
  CHECK_STR(CHOOSE(false, S("Sales")), "q1");
  part = QUEUE_OBSERVED;
  CHECK_STR(CHOOSE(false, S("Sales")), "");
  blocks = NULL;
  block_count = 0;
}

/* In the guide dialect the operator writes the ids of the gateway. */
static void where_any_text_is_an_id_literals_are_taken_as_they_are(void) {
  any_id = true;
  CHECK_STR(CHOOSE(true, S("billing-1"), S("!*test*"), S("sup?"), S(UUID_B),
                   S("billing-1")),
            "billing-1 " UUID_B);
  CHECK_STR(CHOOSE(true, S("!billing-1"), S("billing-1")), "");
  CHECK_STR(CHOOSE(false, S("billing-1"), S("Sales")), "q1");
  any_id = false;
  CHECK_STR(CHOOSE(true, S("billing-1")), "");
}

int main(void) {
  RUN(where_any_text_is_an_id_literals_are_taken_as_they_are);
  RUN(without_a_selector_all_queues_are_chosen_by_id);
  RUN(the_first_match_decides);
  RUN(the_order_of_the_options_is_that_of_the_queues);
  RUN(an_id_that_the_list_lacks_is_not_requested);
  RUN(where_the_list_is_refused_literal_ids_are_taken);
  RUN(a_new_selection_replaces_the_old_one);
  RUN(agents_share_the_selected_queues);
  RUN(an_earlier_block_has_the_queues_that_it_selects);
  RUN(blocks_of_other_series_may_have_the_same_queues);
  return check_done();
}
