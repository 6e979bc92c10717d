/* SPDX-License-Identifier: MIT */
#include "common/genesys/channel_id.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json/document.h"
#include "common/base/timestamp.h"

enum { BODY_MAX_BYTES = 65536 };

static bool is_id(const char *text, size_t len) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-";
  /* "." and ".." have a meaning of their own in a path. */
  return len > 0 && len <= GC_CHANNEL_ID_MAX && text[0] != '.' &&
         strspn(text, letters) >= len;
}

static bool is_uri(const char *text, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (text[i] <= ' ' || text[i] > '~')
      return false;
  return len > 0 && len <= GC_CHANNEL_URI_MAX;
}

/* Reads a text such as "86400000", at most nine digits (eleven days). */
static bool read_life(const char *text, uint32_t *ret_life_ms) {
  size_t len = strlen(text);
  if (len == 0 || len > 9 || strspn(text, "0123456789") != len)
    return false;
  *ret_life_ms = (uint32_t)strtoul(text, NULL, 10);
  return true;
}

static enum gc_code copy_channel(const char *id, size_t id_len, const char *uri,
                                 size_t uri_len, struct gc_channel_id *ret_id) {
  if (!is_id(id, id_len) || !is_uri(uri, uri_len))
    return GC_ERR_PARSE;
  *ret_id = (struct gc_channel_id){.id = gc_strndup(id, id_len),
                                   .uri = gc_strndup(uri, uri_len)};
  return GC_OK;
}

enum gc_code gc_channel_id_parse(const char *body, size_t len,
                                 struct gc_channel_id *ret_id,
                                 int64_t *ret_expires_ms, struct gc_err *err) {
  GC_AUTO(gc_document_clear) struct gc_document answer = {.root = NULL};
  GC_TRY(gc_document_read(&answer, body != NULL ? body : "", len,
                          BODY_MAX_BYTES, err));
  const char *id = gc_document_text(answer.root, "id");
  const char *uri = gc_document_text(answer.root, "connectUri");
  const char *expires = gc_document_text(answer.root, "expires");
  if (id == NULL || uri == NULL ||
      copy_channel(id, strlen(id), uri, strlen(uri), ret_id) != GC_OK)
    return gc_fail(err, GC_ERR_PARSE,
                   "the answer has no usable id and connectUri");
  *ret_expires_ms = 0;
  if (expires != NULL)
    (void)!gc_timestamp_parse(expires, strlen(expires), ret_expires_ms, NULL);
  return GC_OK;
}

enum gc_code gc_channel_id_write(const struct gc_channel_id *id,
                                 struct gc_buf *out) {
  GC_TRY(gc_buf_print(out, "%s %s", id->id, id->uri));
  return id->life_ms > 0 ? gc_buf_print(out, " %u", (unsigned)id->life_ms)
                         : GC_OK;
}

enum gc_code gc_channel_id_read(const char *text,
                                struct gc_channel_id *ret_id) {
  uint32_t life_ms = 0;
  size_t id_len = strcspn(text, " ");
  const char *uri = text + id_len + (text[id_len] != '\0');
  size_t uri_len = strcspn(uri, " ");
  if (uri[uri_len] != '\0' && !read_life(uri + uri_len + 1, &life_ms))
    return GC_ERR_PARSE;
  GC_TRY(copy_channel(text, id_len, uri, uri_len, ret_id));
  ret_id->life_ms = life_ms;
  return GC_OK;
}

static void overwrite_secret(char *secret) {
  if (secret != NULL)
    explicit_bzero(secret, strlen(secret));
  free(secret);
}

void gc_channel_id_clear(struct gc_channel_id *id) {
  overwrite_secret(id->id);
  overwrite_secret(id->uri);
  *id = (struct gc_channel_id){.id = NULL};
}
