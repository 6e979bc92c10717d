/* SPDX-License-Identifier: MIT */
/* The envelope against the thorough reader: what is JSON is read, with the same
 * topic, and the body's range is the member's value. What is not JSON may be
 * read or refused, within the bytes. */
#include <string.h>

#include "common/base/json/tree.h"
#include "common/genesys/notification.h"
#include "tests/fuzz/fuzz.h"

static void check_topic(const struct gc_json *root,
                        const struct gc_notification *n) {
  char want[GC_TOPIC_SIZE] = "";
  const char *text = gc_json_text(root, "topicName");
  if (text != NULL && strlen(text) <= GC_TOPIC_MAX)
    memcpy(want, text, strlen(text) + 1);
  gc_topic_lower(want);
  LAW(strcmp(n->topic, want) == 0);
}

static void check_body(const struct gc_json *root,
                       const struct gc_notification *n) {
  const struct gc_json *want = gc_json_member(root, "eventBody");
  GC_AUTO(gc_json_free_auto) struct gc_json *body = NULL;
  if (n->body == NULL) {
    LAW(want == NULL);
    return;
  }
  LAW(gc_json_parse(n->body, n->body_len, n->body_len, &body, NULL) == GC_OK);
  LAW(gc_json_count(want) == gc_json_count(body));
  const char *a = gc_json_text(want, NULL), *b = gc_json_text(body, NULL);
  LAW((a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct gc_notification n = {.kind = GC_NOTIFICATION_OTHER};
  struct gc_err err = {.code = GC_OK};
  GC_AUTO(gc_json_free_auto) struct gc_json *root = NULL;
  char *text = calloc(1, size > 0 ? size : 1);
  LAW(text != NULL);
  if (size > 0)
    memcpy(text, data, size);

  enum gc_code code = gc_notification_read(text, size, &n, &err);
  LAW((code == GC_OK) == (err.text[0] == '\0'));
  LAW(code == GC_OK || code == GC_ERR_PARSE);
  if (code == GC_OK) {
    LAW(memchr(n.topic, '\0', sizeof(n.topic)) != NULL);
    LAW(n.body == NULL || (n.body_len > 0 && n.body >= text &&
                           n.body + n.body_len <= text + size));
  }
  /* yajl takes \v and \f for white space, RFC 8259 does not. */
  bool is_object = text[0] == '{' && memchr(text, '\v', size) == NULL &&
                   memchr(text, '\f', size) == NULL &&
                   gc_json_parse(text, size, size, &root, NULL) == GC_OK;
  if (is_object) {
    LAW(code == GC_OK);
    check_topic(root, &n);
    check_body(root, &n);
  }
  free(text);
  return 0;
}
