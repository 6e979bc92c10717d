/* SPDX-License-Identifier: MIT */
/* An accepted URL is shown as an address of the same meaning, without any part
 * that could be a password. */
#include "common/net/redis/url.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char text[1024];
  struct redis_url u, again;
  struct gc_err err = {.text = ""};
  if (size >= sizeof(text) || memchr(data, '\0', size) != NULL)
    return 0;
  memcpy(text, data, size);
  text[size] = '\0';
  if (redis_url_parse(text, &u, &err) != GC_OK) {
    LAW(strstr(err.text, "StateURL") != NULL);
    LAW(strchr(text, '@') == NULL || strchr(err.text, '@') == NULL);
    return 0;
  }
  LAW(strchr(u.shown, '@') == NULL);
  LAW(redis_url_parse(u.shown, &again, NULL) == GC_OK);
  LAW(u.scheme == again.scheme && u.port == again.port && u.db == again.db);
  LAW(strcmp(u.host, again.host) == 0 && strcmp(u.shown, again.shown) == 0);
  return 0;
}
