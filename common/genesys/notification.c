/* SPDX-License-Identifier: MIT */
#include "common/genesys/notification.h"

#include <string.h>

#include "common/base/ascii.h"
#include "common/base/decimal.h"
#include "common/base/json/document.h"
#include "common/base/json/stream.h"

/* The longest texts that are compared, with the NUL. */
enum { KEY_SIZE = 16, WORDS_SIZE = 64 };

struct range {
  const char *at;
  size_t len;
};

/* A position in the bytes of the outermost object. */
struct cursor {
  const char *at, *end;
};

static void skip_space(struct cursor *cur) {
  while (cur->at < cur->end && gc_is_space(*cur->at))
    cur->at++;
}

static bool take_char(struct cursor *cur, char c) {
  skip_space(cur);
  if (cur->at == cur->end || *cur->at != c)
    return false;
  cur->at++;
  return true;
}

static bool ends_scalar(char c) {
  return c == ',' || c == '}' || c == ']' || gc_is_space(c);
}

static bool take_value(struct cursor *cur, struct range *ret) {
  skip_space(cur);
  if (cur->at == cur->end)
    return false;
  const char *begin = cur->at, *after = begin;
  if (*begin == '"')
    after = gc_json_string_end(begin, cur->end);
  else if (*begin == '{' || *begin == '[')
    after = gc_json_container_end(begin, cur->end);
  else
    while (after < cur->end && !ends_scalar(*after))
      after++;
  if (after == NULL || after == begin)
    return false;
  cur->at = after;
  *ret = (struct range){begin, (size_t)(after - begin)};
  return true;
}

/* Copies the text of a string value to `out`; "" for any other value and for a
 * text that does not fit. */
static void text_of(const struct range *value, char *out, size_t room) {
  out[0] = '\0';
  if (value->len < 2 || value->at[0] != '"')
    return;
  size_t len = value->len - 2;
  if (memchr(value->at, '\\', value->len) == NULL) {
    if (len >= room || memchr(value->at, '\0', value->len) != NULL)
      return;
    memcpy(out, value->at + 1, len);
    out[len] = '\0';
    return;
  }
  GC_AUTO(gc_document_clear) struct gc_document string = {.root = NULL};
  if (len >= room * 6 || gc_document_read(&string, value->at, value->len,
                                          value->len, NULL) != GC_OK)
    return;
  const char *text = gc_document_text(string.root, NULL);
  if (text != NULL && strlen(text) < room)
    memcpy(out, text, strlen(text) + 1);
}

struct envelope {
  struct range topic, body, result;
};

static void note_member(struct envelope *e, const char *key,
                        const struct range *value) {
  if (strcmp(key, "topicName") == 0)
    e->topic = *value;
  else if (strcmp(key, "eventBody") == 0)
    e->body = *value;
  else if (strcmp(key, "result") == 0)
    e->result = *value;
}

static bool read_members(struct cursor *cur, struct envelope *e) {
  if (!take_char(cur, '{'))
    return false;
  if (take_char(cur, '}'))
    return true;
  do {
    struct range key, value;
    char name[KEY_SIZE];
    skip_space(cur);
    if (cur->at == cur->end || *cur->at != '"' || !take_value(cur, &key) ||
        !take_char(cur, ':') || !take_value(cur, &value))
      return false;
    text_of(&key, name, sizeof(name));
    note_member(e, name, &value);
  } while (take_char(cur, ','));
  return take_char(cur, '}');
}

/* Messages of the platform about the channel itself. The topic may end with an
 * id: "v2.system.no_longer_subscribed.ID". */
static const struct {
  const char *topic;
  enum gc_notification_kind kind;
} system_topics[] = {
    {"v2.system.socket_closing", GC_NOTIFICATION_CLOSING},
    {"v2.system.no_longer_subscribed", GC_NOTIFICATION_DISPLACED},
    {"v2.system.token_revoked", GC_NOTIFICATION_REVOKED},
    {"v2.subscription.updated", GC_NOTIFICATION_SUBSCRIPTION},
    {"v2.system.subscription_changed", GC_NOTIFICATION_SUBSCRIPTION},
    {"v2.system.", GC_NOTIFICATION_OTHER},
};

/* Returns the kind of a channel.metadata message: {"message":"pong"} is an
 * answer; any other body is a heartbeat. */
static enum gc_notification_kind metadata_kind(const struct range *body) {
  GC_AUTO(gc_document_clear) struct gc_document metadata = {.root = NULL};
  const char *words = NULL;
  if (body->at != NULL && gc_document_read(&metadata, body->at, body->len,
                                           WORDS_SIZE * 16, NULL) == GC_OK)
    words = gc_document_text(metadata.root, "message");
  return words != NULL && strcmp(words, "pong") == 0
             ? GC_NOTIFICATION_PONG
             : GC_NOTIFICATION_HEARTBEAT;
}

static enum gc_notification_kind kind_of(const struct envelope *e,
                                         const char *topic) {
  if (e->topic.at == NULL)
    return GC_NOTIFICATION_REPLY;
  if (strcmp(topic, "channel.metadata") == 0)
    return metadata_kind(&e->body);
  for (size_t i = 0; i < GC_COUNT(system_topics); i++) {
    size_t len = strlen(system_topics[i].topic);
    if (strncmp(topic, system_topics[i].topic, len) == 0 &&
        (topic[len] == '\0' || topic[len] == '.' || topic[len - 1] == '.'))
      return system_topics[i].kind;
  }
  return GC_NOTIFICATION_EVENT;
}

/* Reads the result of a reply: the API documents a string; a number is accepted
 * too. */
static int result_of(const struct range *value) {
  char text[WORDS_SIZE];
  int64_t number = 0;
  text_of(value, text, sizeof(text));
  bool ok = text[0] != '\0'
                ? gc_decimal_int(text, strlen(text), &number)
                : value->len > 0 && value->at[0] != '"' &&
                      gc_decimal_int(value->at, value->len, &number);
  return ok && number >= 100 && number <= 999 ? (int)number : 0;
}

enum gc_code gc_notification_read(const char *bytes, size_t len,
                                  struct gc_notification *ret,
                                  struct gc_err *err) {
  struct cursor cur = {bytes, bytes + len};
  struct envelope e = {.topic = {NULL, 0}};
  bool ok = read_members(&cur, &e);
  size_t at = (size_t)(cur.at - bytes);
  skip_space(&cur);
  if (!ok || cur.at != cur.end)
    return gc_fail(err, GC_ERR_PARSE,
                   "a message on the notification socket is not a JSON object "
                   "(at byte %zu of %zu)",
                   at, len);
  ret->topic[0] = '\0';
  if (e.topic.at != NULL)
    text_of(&e.topic, ret->topic, sizeof(ret->topic));
  gc_lower_text(ret->topic);
  ret->kind = kind_of(&e, ret->topic);
  ret->body = e.body.at;
  ret->body_len = e.body.len;
  ret->result = e.result.at != NULL ? result_of(&e.result) : 0;
  return GC_OK;
}
