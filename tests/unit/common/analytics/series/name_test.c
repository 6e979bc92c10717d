/* SPDX-License-Identifier: MIT */
#include "common/analytics/series/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "tests/support/check.h"

static const struct gc_entry entries[] = {{"q1", "Sales", "Sales", ""},
                                          {"q2", "Test", "Test", ""},
                                          {"q3", "Sales", "Sales~2", ""}};

static void names_are_the_labels_of_the_list(void) {
  static const struct {
    enum gc_query_label label;
    const char *id, *text; /* NULL: not known yet */
  } rows[] = {
      {GC_QUERY_LABEL_NAME, "q3", "Sales~2"},
      {GC_QUERY_LABEL_ID, "q3", "q3"},
      {GC_QUERY_LABEL_BOTH, "q3", "Sales@q3"},
      {GC_QUERY_LABEL_NAME, "q9", "Gone"},
      {GC_QUERY_LABEL_NAME, "q8", NULL},
      {GC_QUERY_LABEL_ID, "q8", "q8"},
      {GC_QUERY_LABEL_BOTH, "q8", NULL},
      {GC_QUERY_LABEL_NAME, "", "none"},
  };
  static const struct gc_entry old = {"q9", "Gone", "Gone", ""};
  struct gc_dimension_names n = {
      .lists = {[GC_QUEUE] = {gc_entities_new(entries, 3, false),
                              gc_entities_new(&old, 1, false)}}};
  char text[GC_NAME_SIZE];
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].id);
    n.label = rows[i].label;
    CHECK(gc_dimension_name_text(&n, GC_DIMENSION_QUEUE, rows[i].id, text) ==
          (rows[i].text != NULL));
    CHECK(gc_dimension_name_is_missing(&n, GC_DIMENSION_QUEUE, rows[i].id) ==
          (rows[i].text == NULL));
    if (rows[i].text != NULL)
      CHECK_STR(text, rows[i].text);
  }
  CHECK(gc_dimension_name_text(&n, GC_DIMENSION_WORD, "a/b", text));
  CHECK_STR(text, "a_b");
  gc_dimension_name_clear(&n);
}

/* ---- identities ---- */

#define ID_1 "b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d4e01"
#define ID_2 "b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d4e02"
#define SEP "\x1f"
#define OFFERED "nOffered" SEP SEP "voice" SEP "q1" SEP
#define FLOW "nFlow" SEP SEP SEP "f1" SEP

enum { IDENTITY_SIZE = 3 * GC_NAME_SIZE };

static char *const two_values[] = {(char[]){"queueId"}, (char[]){"direction"},
                                   (char[]){"wrapUpCode"}};
static char *const one_value[] = {(char[]){"flowId"},
                                  (char[]){"transferTargetName"}};
static char *const one_code[] = {(char[]){"flowId"}, (char[]){"exitReason"}};
static char *const one_user[] = {(char[]){"userId"}};

static char *const with_names[] = {(char[]){"queueId"}, (char[]){"userId"},
                                   (char[]){"direction"},
                                   (char[]){"wrapUpCode"}};

#define BY(list)                                                               \
  { (char **)(list), GC_COUNT(list) }

enum { TWO_VALUES, ONE_VALUE, ONE_CODE, ONE_USER, WITH_NAMES };
static const struct gc_query queries[] = {
    [TWO_VALUES] = {.source = GC_QUERY_CONVERSATIONS,
                    .group_by = BY(two_values)},
    [ONE_VALUE] = {.source = GC_QUERY_FLOWS, .group_by = BY(one_value)},
    [ONE_CODE] = {.source = GC_QUERY_FLOWS, .group_by = BY(one_code)},
    [ONE_USER] = {.source = GC_QUERY_USERS, .group_by = BY(one_user)},
    [WITH_NAMES] = {.source = GC_QUERY_CONVERSATIONS,
                    .group_by = BY(with_names)},
};

/* Writes "INSTANCE/QUALIFIER" of a series whose ids are shown as they are,
 * since the lists of names are refused. */
static void write_identity(const struct gc_query *q, const char *key,
                           char out[IDENTITY_SIZE]) {
  struct gc_dimension_names n = {
      .label =
          q == &queries[WITH_NAMES] ? GC_QUERY_LABEL_NAME : GC_QUERY_LABEL_ID,
      .lists = {[GC_QUEUE] = {gc_entities_new(NULL, 0, true)},
                [GC_USER] = {gc_entities_new(NULL, 0, true)}}};
  const struct gc_samples_view view = {
      .query = q, .dimension_names = &n, .block = "block"};
  struct gc_identity id;
  CHECK(gc_identity_make(&view, key, &id));
  CHECK(strlen(id.qualifier) < GC_NAME_SIZE);
  snprintf(out, IDENTITY_SIZE, "%s/%.127s", id.instance, id.qualifier);
  gc_dimension_name_clear(&n);
}

static void ordinary_values_stay_as_they_are(void) {
  static const struct {
    unsigned query;
    const char *key, *identity;
  } rows[] = {
      {TWO_VALUES, OFFERED "inbound" SEP ID_1,
       "q1/nOffered-voice-inbound-" ID_1},
      {TWO_VALUES, OFFERED ID_1 SEP ID_2, "q1/nOffered-voice-" ID_1 "-" ID_2},
      {TWO_VALUES, OFFERED SEP, "q1/nOffered-voice-none-none"},
      {TWO_VALUES, OFFERED "inbound" SEP "ININ-WRAP-UP-TIMEOUT",
       "q1/nOffered-voice-inbound-ININ-WRAP-UP-TIMEOUT"},
      {TWO_VALUES, OFFERED "ON_QUEUE" SEP "Sale Done",
       "q1/nOffered-voice-ON_QUEUE-Sale Done"},
      {TWO_VALUES, OFFERED "transfer.consult" SEP "12.0",
       "q1/nOffered-voice-transfer.consult-12.0"},
      {TWO_VALUES, OFFERED "a" SEP "b-c", "q1/nOffered-voice-a-b-c"},
      {TWO_VALUES,
       "oServiceLevel" SEP "\x1e"
       "numerator" SEP "voice" SEP "q1" SEP "a" SEP "c",
       "q1/oServiceLevel-numerator-voice-a-c"},
      {WITH_NAMES, OFFERED "Anna-Maria" SEP "inbound" SEP ID_1,
       "q1/nOffered-voice-Anna-Maria-inbound-" ID_1},
      {WITH_NAMES, OFFERED "Jo" SEP "inbound" SEP "ININ-WRAP-UP-TIMEOUT",
       "q1/nOffered-voice-Jo-inbound-ININ-WRAP-UP-TIMEOUT"},
      {ONE_VALUE, FLOW "Billing A", "f1/nFlow-Billing A"},
      {ONE_VALUE, FLOW "Billing - EMEA", "f1/nFlow-Billing - EMEA"},
      {ONE_VALUE, FLOW "Größe 1", "f1/nFlow-Größe 1"},
      {ONE_CODE, FLOW "flow_disconnect", "f1/nFlow-flow_disconnect"},
      {ONE_USER, "tSystemPresence" SEP "ON_QUEUE" SEP SEP "u1",
       "u1/tSystemPresence-on_queue"},
      {ONE_USER, "tOrganizationPresence" SEP ID_1 SEP SEP "u1",
       "u1/tOrganizationPresence-" ID_1},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char identity[IDENTITY_SIZE];
    CHECK_ROW(rows[i].identity);
    write_identity(&queries[rows[i].query], rows[i].key, identity);
    CHECK_STR(identity, rows[i].identity);
  }
}

/* The texts that Graphite has, without the hash. */
static void fold_identity(char *text) {
  for (char *c = text; *c != '\0'; c++)
    if (strchr(". \"\\:!,()", *c) != NULL)
      *c = '_';
}

static void two_groups_have_two_identities(void) {
  static const struct {
    unsigned query;
    const char *a, *b;
  } rows[] = {
      {TWO_VALUES, OFFERED "a-b" SEP "c", OFFERED "a" SEP "b-c"},
      {TWO_VALUES, OFFERED "01234567" SEP "89ab-cdef-0123-456789abcdef-x",
       OFFERED "01234567-89ab-cdef-0123-456789abcdef" SEP "x"},
      {TWO_VALUES, OFFERED "none" SEP "c", OFFERED SEP "c"},
      {TWO_VALUES, "nOffered" SEP SEP SEP "q1" SEP "voice" SEP "a-b",
       OFFERED "a" SEP "b"},
      {TWO_VALUES, "nOffered" SEP "VOICE" SEP "chat" SEP "q1" SEP "a" SEP "b",
       OFFERED "chat" SEP "a-b"},
      {TWO_VALUES, "nOffered" SEP SEP "sum" SEP "q1" SEP "voice" SEP "a-b",
       "nOffered" SEP "\x1e"
       "sum" SEP "voice" SEP "q1" SEP "a" SEP "b"},
      {TWO_VALUES, OFFERED "a" SEP "c~0123456789abcdef", OFFERED "a" SEP "c"},
      {TWO_VALUES, "nOffered" SEP SEP "voice" SEP "q/1" SEP "a" SEP "c",
       "nOffered" SEP SEP "voice" SEP "q_1" SEP "a" SEP "c"},
      {WITH_NAMES, OFFERED "Anna-Maria" SEP "a" SEP "c",
       OFFERED "Anna" SEP "Maria-a" SEP "c"},
      {WITH_NAMES, OFFERED "Anna-Maria" SEP "a" SEP "c",
       OFFERED "Anna" SEP "Maria" SEP "a-c"},
      {WITH_NAMES, OFFERED "a" SEP "b" SEP "ININ-WRAP-UP-TIMEOUT",
       OFFERED "a-b-ININ" SEP "WRAP" SEP "UP-TIMEOUT"},
      {ONE_VALUE, FLOW "Billing A/B", FLOW "Billing A_B"},
      {ONE_VALUE, FLOW "Billing A B", FLOW "Billing A_B"},
      {ONE_VALUE, FLOW "Billing.A", FLOW "Billing(A"},
      {ONE_VALUE, FLOW "Billing\\", FLOW "Billing "},
      {ONE_VALUE, FLOW "a\xff", FLOW "a_"},
      {ONE_VALUE, FLOW "a\x7f", FLOW "a."},
      {ONE_CODE, FLOW "flow.disconnect", FLOW "flow_disconnect"},
      {ONE_USER, "tSystemPresence" SEP "ON_QUEUE" SEP SEP "u1",
       "tSystemPresence" SEP "OnQueue" SEP SEP "u1"},
      {ONE_USER, "tSystemPresence" SEP "!" SEP SEP "u1",
       "tSystemPresence" SEP SEP SEP "u1"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char a[IDENTITY_SIZE], b[IDENTITY_SIZE];
    char row[16];
    snprintf(row, sizeof(row), "%zu", i);
    CHECK_ROW(row);
    write_identity(&queries[rows[i].query], rows[i].a, a);
    write_identity(&queries[rows[i].query], rows[i].b, b);
    fold_identity(a);
    fold_identity(b);
    CHECK_THAT(strcmp(a, b) != 0, "both are %s", a);
  }
}

/* The hash is that of the values as the platform sends them. */
static void the_hash_is_that_of_the_key(void) {
  static const char key[] = FLOW "Billing A/B";
  char identity[IDENTITY_SIZE], want[IDENTITY_SIZE];
  snprintf(want, sizeof(want), "f1/nFlow-Billing A_B~%016llx",
           (unsigned long long)gc_hash(key, strlen(key)));
  write_identity(&queries[ONE_VALUE], key, identity);
  CHECK_STR(identity, want);
}

static void a_value_that_ends_like_a_hash_is_no_other_series(void) {
  char none[IDENTITY_SIZE], like[IDENTITY_SIZE], key[IDENTITY_SIZE];
  write_identity(&queries[ONE_VALUE], FLOW "none", none);
  snprintf(key, sizeof(key), FLOW "none%s", strrchr(none, '~'));
  write_identity(&queries[ONE_VALUE], key, like);
  CHECK_THAT(strcmp(none, like) != 0, "both are %s", none);
}

/* ---- random groups ---- */

enum { GROUPS = 40000, SEEDS = 4 };

static struct made { char key[200], identity[IDENTITY_SIZE]; } made[GROUPS];

static uint32_t seed;

static uint32_t random_below(size_t n) {
  seed = seed * 1664525 + 1013904223;
  return (uint32_t)((seed >> 8) % n);
}

static void add_random_value(char *key, size_t size) {
  static const char *const pieces[] = {"a",
                                       "b",
                                       "A",
                                       "-",
                                       "-",
                                       "_",
                                       ".",
                                       " ",
                                       "/",
                                       "~",
                                       ":",
                                       "\\",
                                       "1",
                                       ID_1,
                                       "none",
                                       "voice",
                                       "sum",
                                       "\xff",
                                       "\x7f",
                                       "(a",
                                       "ü",
                                       "01234567",
                                       "-89ab-cdef-0123-456789abcdef",
                                       "ININ-WRAP",
                                       "0e9e-7fb3"};
  for (uint32_t i = random_below(5); i > 0; i--) {
    size_t len = strlen(key);
    snprintf(key + len, size - len, "%s",
             pieces[random_below(GC_COUNT(pieces))]);
  }
}

static int by_identity(const void *a, const void *b) {
  return strcmp(((const struct made *)a)->identity,
                ((const struct made *)b)->identity);
}

static void random_groups_have_identities_of_their_own(void) {
  static const char *const media[] = {"voice", "voice", "chat",
                                      "",      "a-b",   "sum"};
  for (uint32_t round = 0; round < SEEDS * GC_COUNT(queries); round++) {
    const struct gc_query *q = &queries[round % GC_COUNT(queries)];
    size_t same = 0;
    seed = round + 1;
    for (size_t i = 0; i < GROUPS; i++) {
      struct made *m = &made[i];
      bool has_media = gc_source(q->source)->is_by_media;
      snprintf(m->key, sizeof(m->key), "nOffered" SEP SEP "%s",
               has_media ? media[random_below(GC_COUNT(media))] : "");
      for (size_t g = 0; g < q->group_by.count; g++) {
        size_t len = strlen(m->key);
        snprintf(m->key + len, sizeof(m->key) - len, SEP);
        add_random_value(m->key, sizeof(m->key));
      }
      write_identity(q, m->key, m->identity);
      fold_identity(m->identity);
    }
    qsort(made, GROUPS, sizeof(made[0]), by_identity);
    for (size_t i = 1; i < GROUPS; i++)
      if (strcmp(made[i - 1].identity, made[i].identity) == 0) {
        CHECK_THAT(strcmp(made[i - 1].key, made[i].key) == 0,
                   "seed %u: %s has two groups: %s and %s", round + 1,
                   made[i].identity, made[i - 1].key, made[i].key);
        same++;
      }
    CHECK(same < GROUPS); /* some groups differ */
  }
}

int main(void) {
  RUN(names_are_the_labels_of_the_list);
  RUN(ordinary_values_stay_as_they_are);
  RUN(two_groups_have_two_identities);
  RUN(the_hash_is_that_of_the_key);
  RUN(a_value_that_ends_like_a_hash_is_no_other_series);
  RUN(random_groups_have_identities_of_their_own);
  return check_done();
}
