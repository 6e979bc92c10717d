/* SPDX-License-Identifier: MIT */
/* Checks path, client certificate, shared secret and length before the body is
 * read. */
#include "plugins/genesys_flowmetrics/sources/webhook/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "common/net/api/secret_reader.h"

/* Compares hashes, which have one length, so that the time reveals nothing
 * about a prefix. */
bool webhook_same_secret(const char *a, size_t a_len, const char *b,
                         size_t b_len) {
  unsigned char x[SHA256_DIGEST_LENGTH], y[SHA256_DIGEST_LENGTH];
  SHA256((const unsigned char *)a, a_len, x);
  SHA256((const unsigned char *)b, b_len, y);
  return CRYPTO_memcmp(x, y, sizeof(x)) == 0;
}

/* Reads the file each time, so that a changed secret applies at once. */
static enum gc_code read_secret(struct webhook *w, struct gc_buf *ret) {
  const struct webhook_settings *s = &w->settings;
  const struct gc_secret secret = {.file = s->options->secret_file};
  struct gc_err err = {.code = GC_OK};
  enum gc_code code =
      gc_secret_read_bounded(w->secret_reads, &secret, ret, &err);
  s->notice(s->ctx, "SharedSecretFile", &err);
  w->is_secret_unread = code != GC_OK;
  webhook_note_up(w);
  return code;
}

/* Returns 0 when the secret is right, else the status. When our file cannot be
 * read the status is 503, because after 401 the sender would not try again. */
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
      webhook_same_secret(got, strlen(got), gc_buf_string(&want), want.len);
  return same ? 0 : 401;
}

/* Verifies the client's certificate. libmicrohttpd requests one of TLSClientCA,
 * but does not verify it. */
static bool has_certificate(struct webhook *w, struct MHD_Connection *c) {
  if (w->settings.options->tls_client_ca == NULL)
    return true;
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  unsigned status = ~0u;
  return info != NULL && info->tls_session != NULL &&
         gnutls_certificate_verify_peers2(info->tls_session, &status) == 0 &&
         status == 0;
}

/* Returns true and the length when the request has a Content-Length. */
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
  if (!has_certificate(w, c))
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
