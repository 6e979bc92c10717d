/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/options.h"

#include <stdio.h>

#include "tests/support/check.h"

enum { IDS = 6000 };

/* Makes an id as the platform does; the ids of one organisation may be very
 * similar. */
static const char *id_at(unsigned i) {
  static char id[64];
  snprintf(id, sizeof(id), "b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d%04x", i);
  return id;
}

/* Returns the agent of n that has the id; 0: none, or several. */
static uint32_t owner_of(const char *id, uint32_t n) {
  uint32_t found = 0, count = 0;
  for (uint32_t k = 1; k <= n; k++)
    if (shard_has(&(struct shard){k, n}, id)) {
      found = k;
      count++;
    }
  return count == 1 ? found : 0;
}

static void all_agents_together_have_every_queue_once(void) {
  for (uint32_t n = 1; n <= 9; n++) {
    unsigned orphans = 0;
    for (unsigned i = 0; i < IDS; i++)
      orphans += owner_of(id_at(i), n) == 0;
    CHECK_INT(orphans, 0);
  }
  CHECK(owner_of("", 3) != 0);
}

static void each_agent_has_its_fair_share(void) {
  for (uint32_t n = 2; n <= 9; n++) {
    unsigned counts[10] = {0};
    for (unsigned i = 0; i < IDS; i++)
      counts[owner_of(id_at(i), n)]++;
    for (uint32_t k = 1; k <= n; k++)
      CHECK_THAT(counts[k] > IDS / n * 85 / 100 &&
                     counts[k] < IDS / n * 115 / 100,
                 "agent %u of %u has %u of %d", k, n, counts[k], (int)IDS);
  }
}

static void one_agent_more_takes_queues_and_moves_no_others(void) {
  for (uint32_t n = 1; n <= 8; n++) {
    unsigned moved = 0, astray = 0;
    for (unsigned i = 0; i < IDS; i++) {
      uint32_t before = owner_of(id_at(i), n),
               after = owner_of(id_at(i), n + 1);
      moved += before != after;
      astray += before != after && after != n + 1;
    }
    CHECK_INT(astray, 0);
    CHECK(moved > 0 && moved < IDS / (n + 1) * 115 / 100);
  }
}

static void capitals_make_no_other_queue(void) {
  for (uint32_t n = 2; n <= 9; n++)
    CHECK_INT(owner_of("B1F7A2C4-6B0E-4F7E-9C55-0A1B2C3D4E01", n),
              owner_of("b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d4e01", n));
}

static void the_shares_are_those_of_every_version(void) {
  static const struct {
    const char *id;
    uint32_t n, owner;
  } rows[] = {
      {"b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d4e01", 2, 2},
      {"b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d4e02", 3, 2},
      {"00000000-0000-0000-0000-000000000000", 5, 4},
      {"q1", 7, 1},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].id);
    CHECK_INT(owner_of(rows[i].id, rows[i].n), rows[i].owner);
  }
}

static void without_a_shard_every_queue_is_ours(void) {
  CHECK(shard_has(NULL, "q1"));
  CHECK(shard_has(&(struct shard){0}, "q1"));
  CHECK(shard_has(&(struct shard){1, 1}, "q1"));
}

static void a_shard_is_read_as_k_of_n(void) {
  static const struct {
    const char *text;
    uint32_t number, of; /* 0: refused */
  } rows[] = {
      {"1/3", 1, 3},
      {"3/3", 3, 3},
      {"1/1", 1, 1},
      {"1000/1000", 1000, 1000},
      {"0/3", 0, 0},
      {"4/3", 0, 0},
      {"1/0", 0, 0},
      {"1/1001", 0, 0},
      {"", 0, 0},
      {"1", 0, 0},
      {"1/", 0, 0},
      {"/3", 0, 0},
      {"1/3/5", 0, 0},
      {" 1/3", 0, 0},
      {"1/3 ", 0, 0},
      {"+1/3", 0, 0},
      {"-1/3", 0, 0},
      {"1.0/3", 0, 0},
      {"4294967297/4294967299", 0, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct shard s = {0};
    struct gc_err err = {.code = GC_OK};
    CHECK_ROW(rows[i].text);
    enum gc_code want = rows[i].of != 0 ? GC_OK : GC_ERR_CONFIG;
    CHECK_INT(shard_parse(rows[i].text, &s, &err), want);
    CHECK_INT(s.number, rows[i].number);
    CHECK_INT(s.of, rows[i].of);
    if (want != GC_OK)
      CHECK_HAS(err.text, rows[i].text);
  }
}

int main(void) {
  RUN(all_agents_together_have_every_queue_once);
  RUN(each_agent_has_its_fair_share);
  RUN(one_agent_more_takes_queues_and_moves_no_others);
  RUN(capitals_make_no_other_queue);
  RUN(the_shares_are_those_of_every_version);
  RUN(without_a_shard_every_queue_is_ours);
  RUN(a_shard_is_read_as_k_of_n);
  return check_done();
}
