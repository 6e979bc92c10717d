/* SPDX-License-Identifier: MIT */
/* Checks path, client certificate, shared secret and length before the body is
 * read. */
#include "plugins/genesys_flowmetrics/sources/webhook/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/api/secret.h"

/* Reads the file each time, so that a changed secret applies at once. */
static enum gc_code read_secret(struct webhook *w, struct gc_buf *ret) {
  const struct webhook_settings *s = &w->settings;
  const struct gc_secret secret = {.file = s->options->secret_file,
                                   .what = "the shared secret"};
  struct gc_err err = {.code = GC_OK};
  enum gc_code code =
      gc_secret_read_bounded(w->secret_reads, &secret, ret, &err);
  s->notice(s->ctx, "SharedSecretFile", &err);
  w->is_secret_unread = code != GC_OK;
  webhook_note_up(w);
  return code;
}

/* Returns 0 when the secret is right, else the status. When the secret file
 * cannot be read the status is 503, because after 401 the sender would not try
 * again. */
static unsigned check_secret(struct webhook *w, struct MHD_Connection *c) {
  const struct webhook_options *o = w->settings.options;
  GC_AUTO(gc_buf_wipe) struct gc_buf want = {.max = GC_SECRET_MAX_BYTES};
  const char *got =
      MHD_lookup_connection_value(c, MHD_HEADER_KIND, o->secret_header);
  if (o->secret_file == NULL)
    return 0;
  if (read_secret(w, &want) != GC_OK)
    return 503;
  bool same =
      got != NULL &&
      gc_listener_same_secret(got, strlen(got), gc_buf_string(&want), want.len);
  return same ? 0 : 401;
}

/* True if the request has a Content-Length, which is returned in `ret`. */
static bool reported_length(struct MHD_Connection *c, uint64_t *ret) {
  const char *text = MHD_lookup_connection_value(
      c, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
  char *end = NULL;
  if (text == NULL || *text < '0' || *text > '9')
    return false;
  errno = 0;
  *ret = strtoull(text, &end, 10);
  if (errno != 0 || *end != '\0')
    *ret = UINT64_MAX;
  return true;
}

unsigned webhook_authorize(struct webhook *w, struct MHD_Connection *c,
                           const char *url, const char *method) {
  uint64_t length = 0;
  if (strcmp(url, w->settings.options->path) != 0)
    return 404;
  if (strcmp(method, "POST") != 0)
    return 405;
  if (!gc_listener_has_certificate(w->listener, c))
    return 401;
  unsigned refused = check_secret(w, c);
  if (refused != 0)
    return refused;
  if (reported_length(c, &length) &&
      length > w->settings.options->max_body_bytes)
    return 413;
  return w->is_stopping ? 503 : 0;
}

void webhook_check_secret_file(struct webhook *w) {
  GC_AUTO(gc_buf_wipe) struct gc_buf secret = {.max = GC_SECRET_MAX_BYTES};
  if (w->settings.options->secret_file != NULL)
    (void)!read_secret(w, &secret);
}
