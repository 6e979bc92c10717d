/* SPDX-License-Identifier: MIT */
/* Answers senders that need more than a status. Some ask before they send:
 * Azure Event Grid with a separate request (aeg-event-type), CloudEvents with
 * OPTIONS (WebHook-Request-Origin), SNS with a message
 * (x-amz-sns-message-type). Firehose requires the id of its request in the
 * answer. Facts: Microsoft, "Endpoint validation with Event Grid event schema";
 * CloudEvents, "HTTP 1.1 Web Hooks"; Amazon Data Firehose, "HTTP endpoint
 * delivery request and response specifications". */
#include "plugins/genesys_flowmetrics/sources/webhook/internal.h"

#include <stdio.h>
#include <string.h>

#include "common/base/glob.h"
#include "common/base/json/document.h"
#include "common/net/clock.h"

enum { HOST_SIZE = 128, BODY_MAX_BYTES = 65536, FIREHOSE_ID_MAX_BYTES = 256 };

static const char *header_of(struct MHD_Connection *c, const char *name) {
  const char *text = MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
  return text != NULL ? text : "";
}

/* Copies a host's name. Returns false for anything else. */
static bool copy_host(const char *text, size_t len, char out[HOST_SIZE]) {
  static const char letters[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
  if (len == 0 || len >= HOST_SIZE)
    return false;
  memcpy(out, text, len);
  out[len] = '\0';
  return strspn(out, letters) == len;
}

/* Copies the host of "https://HOST/…". Returns false for any other text. */
static bool host_of(const char *url, char out[HOST_SIZE]) {
  static const char scheme[] = "https://";
  size_t skip = sizeof(scheme) - 1;
  if (url == NULL || strncmp(url, scheme, skip) != 0)
    return false;
  size_t len = strcspn(url + skip, "/:@?#");
  return strchr("/?", url[skip + len]) != NULL &&
         copy_host(url + skip, len, out);
}

static bool is_allowed(struct webhook *w, const char *host) {
  const struct name_filter *f = &w->settings.handshakes;
  struct gc_err err = {.code = GC_OK};
  bool allowed =
      f->count > 0 && gc_glob_accepts(f->patterns, f->count, host, NULL);
  if (!allowed)
    (void)gc_fail(&err, GC_ERR_PERMISSION,
                  "%s asks whether it may send events; it is refused: name it "
                  "in Handshake if it may",
                  host);
  w->settings.notice(w->settings.ctx, "handshake", &err);
  return allowed;
}

const char *webhook_allowed_origin(struct webhook *w,
                                   struct MHD_Connection *c) {
  char host[HOST_SIZE];
  const char *origin = header_of(c, "WebHook-Request-Origin");
  return copy_host(origin, strlen(origin), host) && is_allowed(w, host) ? origin
                                                                        : NULL;
}

/* Answers with the code of the request, which is an object, alone or the first
 * of an array. */
static unsigned answer_validation(struct webhook *w, const struct gc_buf *body,
                                  struct gc_buf *out) {
  GC_AUTO(gc_document_clear) struct gc_document asked = {.root = NULL};
  GC_AUTO(gc_document_clear) struct gc_document answer = {.root = NULL};
  char host[HOST_SIZE];
  if (gc_document_read(&asked, gc_buf_string(body), body->len, BODY_MAX_BYTES,
                       NULL) != GC_OK)
    return 400;
  struct json_object *event = gc_document_element(asked.root, 0);
  struct json_object *data =
      gc_document_member(event != NULL ? event : asked.root, "data");
  const char *code = gc_document_text(data, "validationCode");
  if (code == NULL || !host_of(gc_document_text(data, "validationUrl"), host))
    return 400;
  if (!is_allowed(w, host))
    return 401;
  struct json_object *root = gc_document_add_object(&answer, NULL, NULL);
  gc_document_add_text(&answer, root, "validationResponse", code);
  return gc_document_write(&answer, out, NULL) == GC_OK ? 200 : 503;
}

/* Finds the address that confirms a subscription of SNS. */
static unsigned find_confirmation(struct webhook *w, const struct gc_buf *body,
                                  struct gc_buf *ret_url) {
  GC_AUTO(gc_document_clear) struct gc_document asked = {.root = NULL};
  char host[HOST_SIZE];
  if (gc_document_read(&asked, gc_buf_string(body), body->len, BODY_MAX_BYTES,
                       NULL) != GC_OK)
    return 400;
  const char *url = gc_document_text(asked.root, "SubscribeURL");
  if (!confirm_host(url, host, sizeof(host)))
    return 400;
  if (!is_allowed(w, host))
    return 401;
  return gc_buf_print(ret_url, "%s", url) == GC_OK ? 0 : 400;
}

unsigned webhook_answer_handshake(struct webhook *w, struct MHD_Connection *c,
                                  const struct gc_buf *body, struct gc_buf *out,
                                  struct gc_buf *ret_url) {
  if (strcmp(header_of(c, "aeg-event-type"), "SubscriptionValidation") == 0)
    return answer_validation(w, body, out);
  if (strcmp(header_of(c, "x-amz-sns-message-type"),
             "SubscriptionConfirmation") == 0)
    return find_confirmation(w, body, ret_url);
  return 0;
}

const char *webhook_firehose_id(struct MHD_Connection *c) {
  const char *id = header_of(c, "X-Amz-Firehose-Request-Id");
  return *id != '\0' && strlen(id) <= FIREHOSE_ID_MAX_BYTES ? id : NULL;
}

enum gc_code webhook_answer_firehose(const char *id, const char *error,
                                     struct gc_buf *out) {
  GC_AUTO(gc_document_clear) struct gc_document answer = {.root = NULL};
  struct json_object *root = gc_document_add_object(&answer, NULL, NULL);
  gc_document_add_text(&answer, root, "requestId", id);
  gc_document_add_int(&answer, root, "timestamp", gc_clock_wall_ms());
  if (error != NULL)
    gc_document_add_text(&answer, root, "errorMessage", error);
  return gc_document_write(&answer, out, NULL);
}
