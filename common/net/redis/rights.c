/* SPDX-License-Identifier: MIT */
#include "common/net/redis/rights.h"

#include <string.h>

#include <hiredis/hiredis.h>

static void add_command(struct redis_words *w, const char *command,
                        const char *key) {
  for (size_t len; *command != '\0'; command += len + (command[len] == ' ')) {
    len = strcspn(command, " ");
    if (len == strlen("KEY") && strncmp(command, "KEY", len) == 0)
      redis_word(w, key, strlen(key));
    else
      redis_word(w, command, len);
  }
}

static enum gc_code send_command(struct redis_link *link, const char *command,
                                 const char *key, struct gc_err *err) {
  struct redis_words words = {.count = 0};
  struct redisReply *reply = NULL;
  add_command(&words, command, key);
  enum gc_code code = redis_request(link, &words, &reply, err);
  redis_words_clear(&words);
  freeReplyObject(reply);
  return code;
}

enum gc_code redis_try_rights(struct redis_link *link,
                              const struct redis_rights *rights,
                              bool *ret_tried, struct gc_err *err) {
  enum gc_code code = send_command(link, "MULTI", rights->key, err);
  *ret_tried = code == GC_OK;
  if (code == GC_ERR_PERMISSION) {
    *err = (struct gc_err){.code = GC_OK};
    return GC_OK;
  }
  for (const char *const *c = rights->commands; code == GC_OK && *c != NULL;
       c++)
    code = send_command(link, *c, rights->key, err);
  return code;
}
