/* SPDX-License-Identifier: MIT */
/* A message that two sockets deliver passes once, whichever socket is first. */
#include "plugins/genesys_realtime/stream/guide_socket.c"

#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"

static char out[4096];
static size_t out_len;

static void record_message(void *ctx, const char *bytes, size_t len) {
  (void)ctx;
  memcpy(out + out_len, bytes, len);
  out_len += len;
  out[out_len] = '\0';
}

/* "Ob" is b from the old socket, "Nb" is b from the new one, and "-" is the
 * end of the overlap. Returns the messages that passed. */
static const char *replay_messages(const char *what) {
  struct guide_dedup o = {.count = 0};
  out_len = 0;
  out[0] = '\0';
  for (const char *at = what; *at != '\0'; at += 2)
    if (at[0] == '-')
      guide_dedup_flush(&o, record_message, NULL);
    else
      guide_dedup_message(&o, at[0] == 'N', &at[1], 1, record_message, NULL);
  guide_dedup_clear(&o);
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
      {"the old one is late with its own message", "NcOaObOcNdOd", "cabd"},
      {"nothing in common", "OaObNxNyNz", "abxyz"},
      {"the same two messages in turns", "OhOaOhNaNhNa", "haha"},
      {"new and equal to one before the query was read", "OaObNaNc", "abac"},
      {"the same, and the overlap ends", "OaObNa- ", "aba"},
      {"the same twice", "OaObNaNaNc", "abaac"},
      {"a repeat that began twice", "OaObOaOcNaNcNd", "abacd"},
      {"a repeat that the end of the overlap finds complete", "OaObNaNb- Nc",
       "abc"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    CHECK_STR(replay_messages(rows[i].comes), rows[i].reported);
  }
  CHECK_ROW(NULL);
}

static bool passes_number(struct guide_dedup *o, bool from_new, int number) {
  char text[16];
  int len = snprintf(text, sizeof(text), "%d", number);
  out_len = 0;
  guide_dedup_message(o, from_new, text, (size_t)len, record_message, NULL);
  return out_len > 0;
}

/* Memory is bounded: a message that is too old passes twice, the others once.
 */
static void only_a_limited_number_of_messages_is_kept(void) {
  enum { ALL = GUIDE_DEDUP_MAX + 10 };
  struct guide_dedup o = {.count = 0}, late = {.count = 0};
  for (int i = 0; i < ALL; i++)
    CHECK(passes_number(&o, false, i));
  for (int i = 10; i < ALL; i++)
    CHECK(!passes_number(&o, true, i));
  CHECK(passes_number(&o, true, ALL));
  guide_dedup_clear(&o);
  for (int i = 0; i < ALL; i++)
    CHECK(passes_number(&late, false, i));
  CHECK(passes_number(&late, true, 9));
  guide_dedup_clear(&late);
}

int main(void) {
  RUN(each_message_is_passed_on_once);
  RUN(only_a_limited_number_of_messages_is_kept);
  return check_done();
}
