/* SPDX-License-Identifier: MIT */
/* A message that two sockets deliver passes once, whichever socket is first. */
#include "plugins/genesys_realtime/stream/guide_dedup.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"

/* "Ob" is b from the old socket, "Nb" from the new one. Returns the messages
 * that were new. */
static const char *reported(struct guide_dedup *o, const char *what) {
  static char out[256];
  size_t len = 0;
  for (const char *at = what; *at != '\0'; at += 2)
    if (guide_dedup_is_new(o, at[0] == 'N', &at[1], 1))
      out[len++] = at[1];
  out[len] = '\0';
  return out;
}

static void each_message_is_passed_on_once(void) {
  static const struct {
    const char *name, *comes, *reported;
  } rows[] = {
      {"old ahead", "OaObOcNbNcOdNdNe", "abcde"},
      {"new ahead", "OaNbNcObOcOdNdNe", "abcde"},
      {"in turns", "OaOcNcNdOdOeNeNf", "acdef"},
      {"the old one alone", "OaObOc", "abc"},
      {"the new one alone", "NaNbNc", "abc"},
      {"the new one lags until the old one has ended", "OaObOcObNbNcNbNd",
       "abcbd"},
      {"the old one lags with what it alone was told", "NcOaObOcNdOd", "cabd"},
      {"nothing in common", "OaObNxNyNz", "abxyz"},
      {"to and fro", "OhOaOhNaNhNa", "haha"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct guide_dedup o = {.count = 0};
    CHECK_ROW(rows[i].name);
    CHECK_STR(reported(&o, rows[i].comes), rows[i].reported);
  }
  CHECK_ROW(NULL);
}

static bool says(struct guide_dedup *o, bool from_new, int number) {
  char text[16];
  int len = snprintf(text, sizeof(text), "%d", number);
  return guide_dedup_is_new(o, from_new, text, (size_t)len);
}

/* Memory is bounded: a message too far back passes twice, the others once. */
static void only_so_many_are_kept(void) {
  struct guide_dedup o = {.count = 0};
  for (int i = 0; i < GUIDE_DEDUP_MAX + 10; i++)
    CHECK(says(&o, false, i));
  CHECK(!says(&o, true, 10));
  CHECK(!says(&o, true, GUIDE_DEDUP_MAX + 9));
  CHECK(says(&o, true, GUIDE_DEDUP_MAX + 10));
  struct guide_dedup late = {.count = 0};
  for (int i = 0; i < GUIDE_DEDUP_MAX + 10; i++)
    CHECK(says(&late, false, i));
  CHECK(says(&late, true, 9));
}

int main(void) {
  RUN(each_message_is_passed_on_once);
  RUN(only_so_many_are_kept);
  return check_done();
}
