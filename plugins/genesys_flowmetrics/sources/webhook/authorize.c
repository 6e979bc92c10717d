/* SPDX-License-Identifier: MIT */
/* At the door: nobody's body is looked at before path, certificate, secret and
 * length are right. */
#include "plugins/genesys_flowmetrics/sources/webhook/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "common/net/api/secret.h"

/* Both as their hashes: of one length, and nothing to guess from. */
bool webhook_same_secret(const char *a, size_t a_len, const char *b,
                         size_t b_len) {
  unsigned char x[SHA256_DIGEST_LENGTH], y[SHA256_DIGEST_LENGTH];
  SHA256((const unsigned char *)a, a_len, x);
  SHA256((const unsigned char *)b, b_len, y);
  return CRYPTO_memcmp(x, y, sizeof(x)) == 0;
}

/* Read anew each time: a file that changes is taken at once. */
static enum gc_code read_secret(struct webhook *w, struct gc_buf *ret) {
  const struct webhook_settings *s = &w->settings;
  const struct gc_secret secret = {.file = s->secret_file};
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = gc_secret_read(&secret, ret, &err);
  s->notice(s->ctx, "SharedSecretFile", &err);
  return code;
}

/* 0 when it is the secret. A file that we cannot read is no fault of the
 * sender: 401 would be its last try, 503 is not. */
static unsigned judge_secret(struct webhook *w, struct MHD_Connection *c) {
  const struct webhook_settings *s = &w->settings;
  GC_AUTO(gc_buf_wipe) struct gc_buf want = {.max = GC_SECRET_MAX_BYTES};
  const char *got =
      MHD_lookup_connection_value(c, MHD_HEADER_KIND, s->secret_header);
  if (s->secret_file == NULL)
    return 0;
  if (read_secret(w, &want) != GC_OK)
    return 503;
  bool same =
      got != NULL &&
      webhook_same_secret(got, strlen(got), gc_buf_string(&want), want.len);
  return same ? 0 : 401;
}

/* libmicrohttpd asks for a certificate of TLSClientCA and leaves it to us
 * whether it is a good one. */
static bool has_certificate(struct webhook *w, struct MHD_Connection *c) {
  if (w->settings.client_ca == NULL)
    return true;
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  unsigned status = ~0u;
  return info != NULL && info->tls_session != NULL &&
         gnutls_certificate_verify_peers2(info->tls_session, &status) == 0 &&
         status == 0;
}

/* True and the length when the request tells it. */
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
  if (strcmp(url, w->settings.path) != 0)
    return 404;
  if (strcmp(method, "POST") != 0)
    return 405;
  if (!has_certificate(w, c))
    return 401;
  unsigned refused = judge_secret(w, c);
  if (refused != 0)
    return refused;
  if (reported_length(c, &length) && length > w->settings.max_body_bytes)
    return 413;
  return w->is_stopping ? 503 : 0;
}

void webhook_check_secret_file(struct webhook *w) {
  GC_AUTO(gc_buf_wipe) struct gc_buf secret = {.max = GC_SECRET_MAX_BYTES};
  if (w->settings.secret_file != NULL)
    (void)!read_secret(w, &secret);
}
