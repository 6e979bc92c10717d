/* SPDX-License-Identifier: MIT */
#include "common/analytics/series/claim.h"

#include <string.h>

#include "tests/support/check.h"

/* Splits "nOffered tHandle" into words, at most four. */
struct words {
  char text[128];
  char *at[4];
  size_t count;
};

static void split_words(struct words *w, const char *text) {
  w->count = 0;
  snprintf(w->text, sizeof(w->text), "%s", text);
  for (char *word = strtok(w->text, " "); word != NULL;
       word = strtok(NULL, " "))
    w->at[w->count++] = word;
}

struct block {
  const char *name, *account;
  enum gc_query_source source;
  const char *metrics, *groups, *selectors, *prefix;
  bool observes;
};

struct claim {
  struct words metrics, groups, selectors;
  struct gc_series_claim claim;
};

static void make_claim(struct claim *c, const struct block *b) {
  split_words(&c->metrics, b->metrics);
  split_words(&c->groups, b->groups);
  split_words(&c->selectors, b->selectors != NULL ? b->selectors : "");
  c->claim = (struct gc_series_claim){
      .name = b->name,
      .account = b->account != NULL ? b->account : "prod",
      .query = {.source = b->source,
                .metrics = {c->metrics.at, c->metrics.count},
                .group_by = {c->groups.at, c->groups.count},
                .chosen = {c->selectors.at, c->selectors.count},
                .prefix = (char *)b->prefix},
      .observes = b->observes};
}

/* Returns the identity that both blocks would write, "" if there is none.
 * Checks that the order of the blocks does not matter. */
static const char *common_identity(const struct block *a,
                                   const struct block *b) {
  static char what[GC_CLAIM_WHAT_SIZE];
  char other[GC_CLAIM_WHAT_SIZE];
  struct claim x, y;
  make_claim(&x, a);
  make_claim(&y, b);
  bool found = gc_series_claims_collide(&x.claim, &y.claim, what);
  CHECK(gc_series_claims_collide(&y.claim, &x.claim, other) == found);
  return found ? what : "";
}

#define C GC_QUERY_CONVERSATIONS
#define F GC_QUERY_FLOWS
/* Returns a block of the account "prod". */
#define B(block, from, names, by, ...)                                         \
  {                                                                            \
    .name = (block), .source = (from), .metrics = (names), .groups = (by),     \
    __VA_ARGS__                                                                \
  }
#define BY_MEDIA "queueId mediaType"

static void blocks_that_would_write_one_identity_are_found(void) {
  static const struct {
    const char *row;
    struct block a, b;
    const char *what;
  } rows[] = {
      {"one metric of both",
       B("a", C, "nOffered tHandle", BY_MEDIA, .account = NULL),
       B("b", C, "tAcw nOffered", BY_MEDIA, .account = NULL), "nOffered"},
      {"no metric of both", B("a", C, "nOffered", BY_MEDIA, .account = NULL),
       B("b", C, "tHandle", BY_MEDIA, .account = NULL), ""},
      {"two accounts", B("a", C, "nOffered", BY_MEDIA, .account = NULL),
       B("b", C, "nOffered", BY_MEDIA, .account = "test"), ""},
      {"a prefix", B("a", C, "nOffered", BY_MEDIA, .account = NULL),
       B("b", C, "nOffered", BY_MEDIA, .prefix = "30m-"), ""},
      {"a prefix that is a metric of the other",
       B("a", C, "nOffered", BY_MEDIA, .account = NULL),
       B("b", C, "tHandle", BY_MEDIA, .prefix = "nOffered-"), "tHandle"},
      {"another order of groups makes no difference: the medium is first",
       B("a", C, "nOffered", BY_MEDIA, .account = NULL),
       B("b", C, "nOffered", "mediaType queueId", .account = NULL), "nOffered"},
      {"with the medium and without",
       B("a", C, "nOffered", BY_MEDIA, .account = NULL),
       B("b", C, "nOffered", "queueId", .account = NULL), "nOffered"},
      {"one more value", B("a", C, "nOffered", BY_MEDIA, .account = NULL),
       B("b", C, "nOffered", BY_MEDIA " wrapUpCode", .account = NULL), ""},
      {"a conversation always names its medium",
       B("a", C, "nOffered", BY_MEDIA, .account = NULL),
       B("b", C, "nOffered", "queueId wrapUpCode", .account = NULL), ""},
      {"two dimensions: both may be \"none\"",
       B("a", C, "nOffered", "queueId direction", .account = NULL),
       B("b", C, "nOffered", "queueId wrapUpCode", .account = NULL),
       "nOffered"},
      {"queues of different names",
       B("a", C, "nOffered", BY_MEDIA, .selectors = "Sales*"),
       B("b", C, "nOffered", BY_MEDIA, .selectors = "!Sales* *"), ""},
      {"agents of queues of different names",
       B("a", C, "nOffered", "userId", .selectors = "Sales*"),
       B("b", C, "nOffered", "userId", .selectors = "Support*"), "nOffered"},
      {"queue and agent", B("a", C, "nOffered", "queueId", .account = NULL),
       B("b", C, "nOffered", "userId", .account = NULL), ""},
      {"without an owner the block's name is the instance",
       B("a", C, "nOffered", "mediaType", .account = NULL),
       B("b", C, "nOffered", "mediaType", .account = NULL), ""},
      {"names that are equal after cleaning",
       B("a/b", C, "nOffered", "mediaType", .account = NULL),
       B("a_b", C, "nOffered", "mediaType", .account = NULL), "nOffered"},
      {"rows of queue_details",
       B("a", GC_QUERY_QUEUE_DETAILS, "", "queueId", .account = NULL),
       B("b", GC_QUERY_QUEUE_DETAILS, "", "queueId", .account = NULL),
       "answered"},
      {"a flow and a queue of one name",
       B("a", F, "nFlow", "flowId", .account = NULL),
       B("b", F, "nFlow", "queueId", .account = NULL), "nFlow"},
      {"conversations by flow, and flows",
       B("a", C, "nFlow", "flowId", .account = NULL),
       B("b", F, "nFlow", "flowId", .account = NULL), ""},
      {"a value of flows may have the name of a medium",
       B("a", F, "nFlow", "flowId mediaType", .account = NULL),
       B("b", F, "nFlow", "flowId flowType", .account = NULL), "nFlow"},
      {"flows with the medium and without",
       B("a", F, "nFlow", "flowId mediaType", .account = NULL),
       B("b", F, "nFlow", "flowId", .account = NULL), ""},
      {"observations of flows",
       B("a", F, "nFlow", "flowId", .selectors = "IVR*", .observes = true),
       B("b", F, "tFlow", "flowId", .selectors = "*", .observes = true),
       "flow_active"},
      {"observations of flows with a prefix",
       B("a", F, "nFlow", "flowId", .selectors = "IVR*", .prefix = "x-",
         .observes = true),
       B("b", F, "tFlow", "flowId", .selectors = "*", .observes = true), ""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    CHECK_STR(common_identity(&rows[i].a, &rows[i].b), rows[i].what);
  }
}

int main(void) {
  RUN(blocks_that_would_write_one_identity_are_found);
  return check_done();
}
