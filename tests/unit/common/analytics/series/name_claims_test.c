/* SPDX-License-Identifier: MIT */
#include "common/analytics/series/name.h"

#include "tests/support/check.h"

#define KEY(queue) "nOffered\x1f\x1fvoice\x1f" queue

/* The ids of the list are the names of others: q1 is "q2", and so on. */
static const struct gc_entry crossed[] = {{"q1", "q2", "q2", ""}};
static const struct gc_entry renamed[] = {{"q1", "Sales", "Sales", ""}};

static char *const by_queue[] = {(char[]){"queueId"}};
static const struct gc_query query = {
    .source = GC_QUERY_CONVERSATIONS,
    .group_by = {(char **)by_queue, GC_COUNT(by_queue)}};

static struct gc_series_set set;
static struct gc_identity_claims claims;
static struct gc_dimension_names dimension_names;
static const struct gc_samples_view view = {
    .query = &query, .dimension_names = &dimension_names};

static void begin(const struct gc_entry *entries) {
  static const char *const keys[] = {KEY("q1"), KEY("q2"), KEY("q3")};
  uint32_t number;
  set = (struct gc_series_set){.keys.max = 3};
  for (size_t i = 0; i < GC_COUNT(keys); i++)
    CHECK_INT(gc_series_put(&set, keys[i], strlen(keys[i]), &number), GC_OK);
  dimension_names.lists[GC_QUEUE].now = gc_entities_new(entries, 1, true);
}

static void end(void) {
  gc_dimension_name_clear(&dimension_names);
  gc_identity_claims_clear(&claims);
  gc_series_clear(&set);
}

static bool take(uint32_t number) {
  struct gc_identity id;
  CHECK(gc_identity_make(&view, gc_intern_text(&set.keys, number), &id));
  return gc_identity_claim(&claims, &view, &set, number, &id);
}

static void the_first_series_keeps_its_identity(void) {
  begin(crossed);
  for (int i = 0; i < 3; i++) {
    CHECK(take(0));
    CHECK(!take(1));
    CHECK(take(2));
  }
  end();
}

static void a_series_with_another_name_gives_its_identity_back(void) {
  begin(crossed);
  CHECK(take(0));
  CHECK(!take(1));
  gc_dimension_name_clear(&dimension_names);
  dimension_names.lists[GC_QUEUE].now = gc_entities_new(renamed, 1, true);
  CHECK(take(1));
  CHECK(take(0));
  CHECK(take(1));
  end();
}

static void a_series_that_is_forgotten_gives_its_identity_back(void) {
  begin(crossed);
  CHECK(take(0));
  gc_series_clear(&set);
  uint32_t number;
  CHECK_INT(gc_series_put(&set, KEY("q2"), strlen(KEY("q2")), &number), GC_OK);
  CHECK(take(0));
  end();
}

/* Names change more often than there is room for: old ones are forgotten. */
static void many_names_need_no_more_room_than_the_series(void) {
  begin(crossed);
  for (int i = 0; i < 1000; i++) {
    char name[16];
    snprintf(name, sizeof(name), "Queue %d", i);
    const struct gc_entry entry = {"q1", name, name, ""};
    gc_dimension_name_clear(&dimension_names);
    dimension_names.lists[GC_QUEUE].now = gc_entities_new(&entry, 1, true);
    CHECK(take(0));
    CHECK(claims.identities.count <= 2 * set.keys.max);
  }
  end();
}

int main(void) {
  RUN(the_first_series_keeps_its_identity);
  RUN(a_series_with_another_name_gives_its_identity_back);
  RUN(a_series_that_is_forgotten_gives_its_identity_back);
  RUN(many_names_need_no_more_room_than_the_series);
  return check_done();
}
