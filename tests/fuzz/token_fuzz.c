/* SPDX-License-Identifier: MIT */
/* Answers of a token endpoint, read as a token and as words for a log. */
#include <string.h>

#include "common/genesys/token.h"
#include "tests/fuzz/fuzz.h"

static void check_token(const struct gc_token *t) {
  LAW(t->bearer[0] != '\0');
  for (const char *c = t->bearer; *c != '\0'; c++)
    LAW(*c > ' ' && *c <= '~');
  LAW(t->life_s >= 1 && t->life_s <= GC_TOKEN_MAX_LIFE_S);

  char lacks[16] = "-";
  LAW(!gc_token_lacks(t, NULL, lacks, sizeof(lacks)));
  LAW(t->scope != NULL || !gc_token_lacks(t, "a b", lacks, sizeof(lacks)));
  if (t->scope != NULL)
    LAW(!gc_token_lacks(t, t->scope, lacks, sizeof(lacks)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = (const char *)data;
  struct gc_token token = {0};
  struct gc_err err = {.code = GC_OK};

  enum gc_code code = gc_token_parse(text, size, &token, &err);
  if (code == GC_OK)
    check_token(&token);
  else
    LAW(token.bearer == NULL && err.code == code && err.text[0] != '\0');
  gc_token_clear(&token);

  char words[64];
  memset(words, 'x', sizeof(words));
  gc_error_words(text, size, words, sizeof(words));
  size_t len = strnlen(words, sizeof(words));
  LAW(len < sizeof(words));
  for (size_t i = 0; i < len; i++)
    LAW(words[i] >= ' ' && words[i] <= '~');
  return 0;
}
