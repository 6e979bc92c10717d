/* SPDX-License-Identifier: MIT */
/* The envelope against the full reader: valid JSON is accepted, with the same
 * topic, and the body's range is the member's value. Invalid JSON may be
 * accepted or refused, but no read goes past the bytes. */
#include <string.h>

#include "common/base/ascii.h"
#include "common/base/json/document.h"
#include "common/genesys/notification.h"
#include "tests/fuzz/fuzz.h"

static void check_topic(struct json_object *root,
                        const struct gc_notification *n) {
  char want[GC_TOPIC_SIZE] = "";
  const char *text = gc_document_text(root, "topicName");
  if (text != NULL && strlen(text) <= GC_TOPIC_MAX)
    memcpy(want, text, strlen(text) + 1);
  gc_lower_text(want);
  LAW(strcmp(n->topic, want) == 0);
}

static void check_body(struct json_object *root,
                       const struct gc_notification *n) {
  struct json_object *want = gc_document_member(root, "eventBody");
  GC_AUTO(gc_document_clear) struct gc_document body = {.root = NULL};
  if (n->body == NULL) {
    LAW(want == NULL);
    return;
  }
  LAW(gc_document_read(&body, n->body, n->body_len, n->body_len, NULL) ==
      GC_OK);
  LAW(gc_document_count(want) == gc_document_count(body.root));
  const char *a = gc_document_text(want, NULL);
  const char *b = gc_document_text(body.root, NULL);
  LAW((a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct gc_notification n = {.kind = GC_NOTIFICATION_OTHER};
  struct gc_err err = {.code = GC_OK};
  GC_AUTO(gc_document_clear) struct gc_document whole = {.root = NULL};
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
  bool is_object = text[0] == '{' &&
                   gc_document_read(&whole, text, size, size, NULL) == GC_OK;
  if (is_object) {
    LAW(code == GC_OK);
    check_topic(whole.root, &n);
    check_body(whole.root, &n);
  }
  free(text);
  return 0;
}
