/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/http/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/base64.h"
#include "common/base/buf.h"
#include "common/net/api/secret.h"

enum { CREDENTIALS_MAX = 2 * GC_SECRET_MAX_BYTES };

/* Reads a file with a secret and reports the outcome under the option's name.
 */
static enum gc_code read_file(struct endpoint *e, const char *option,
                              const char *path, struct gc_buf *ret) {
  const struct gc_secret secret = {.file = path, .what = option};
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = gc_secret_read_bounded(e->file_reads, &secret, ret, &err);
  if (code != GC_OK && code != GC_ERR_TIMEOUT)
    gc_fail(&err, code, "%s %s cannot be read or is empty", option, path);
  e->settings.notice(e->settings.ctx, option, &err);
  return code;
}

/* Returns the credentials of a header of that scheme; NULL for another scheme.
 */
static const char *credentials_of(const char *header, const char *scheme) {
  size_t len = strlen(scheme);
  if (header == NULL || strncasecmp(header, scheme, len) != 0 ||
      header[len] != ' ')
    return NULL;
  header += len;
  return header + strspn(header, " ");
}

static bool is_same(const char *got, const struct gc_buf *want) {
  return gc_listener_same_secret(got, strlen(got), gc_buf_string(want),
                                 want->len);
}

/* Encodes the configured user and password. The client's are compared without
 * decoding them. */
static enum gc_code encode_basic(const char *user,
                                 const struct gc_buf *password,
                                 struct gc_buf *ret) {
  GC_AUTO(gc_buf_wipe) struct gc_buf plain = {.max = CREDENTIALS_MAX};
  GC_TRY(gc_buf_print(&plain, "%s:%s", user, gc_buf_string(password)));
  size_t size = GC_BASE64_LEN(plain.len) + 1;
  char *text = malloc(size);
  if (text == NULL)
    return GC_ERR_MEMORY;
  gc_base64_write((const uint8_t *)plain.data, plain.len, text);
  enum gc_code code = gc_buf_add(ret, text, size - 1);
  explicit_bzero(text, size);
  free(text);
  return code;
}

static enum endpoint_status check_basic(struct endpoint *e, const char *got) {
  const struct endpoint_options *o = e->settings.options;
  GC_AUTO(gc_buf_wipe) struct gc_buf password = {.max = GC_SECRET_MAX_BYTES};
  GC_AUTO(gc_buf_wipe) struct gc_buf want = {.max = 2 * CREDENTIALS_MAX};
  if (read_file(e, "PasswordFile", o->password_file, &password) != GC_OK ||
      encode_basic(o->user, &password, &want) != GC_OK)
    return ENDPOINT_503;
  return is_same(got, &want) ? ENDPOINT_200 : ENDPOINT_401;
}

static enum endpoint_status check_bearer(struct endpoint *e, const char *got) {
  GC_AUTO(gc_buf_wipe) struct gc_buf want = {.max = GC_SECRET_MAX_BYTES};
  if (read_file(e, "BearerTokenFile", e->settings.options->bearer_file,
                &want) != GC_OK)
    return ENDPOINT_503;
  return is_same(got, &want) ? ENDPOINT_200 : ENDPOINT_401;
}

enum endpoint_status endpoint_authorize(struct endpoint *e,
                                        struct MHD_Connection *c) {
  const struct endpoint_options *o = e->settings.options;
  const char *header =
      MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");
  const char *basic = credentials_of(header, "Basic");
  const char *bearer = credentials_of(header, "Bearer");
  if (!gc_listener_has_certificate(e->listener, c))
    return ENDPOINT_401;
  if (o->user == NULL && o->bearer_file == NULL)
    return ENDPOINT_200;
  if (o->user != NULL && basic != NULL)
    return check_basic(e, basic);
  if (o->bearer_file != NULL && bearer != NULL)
    return check_bearer(e, bearer);
  return ENDPOINT_401;
}

void endpoint_check_files(struct endpoint *e) {
  const struct endpoint_options *o = e->settings.options;
  GC_AUTO(gc_buf_wipe) struct gc_buf one = {.max = GC_SECRET_MAX_BYTES};
  GC_AUTO(gc_buf_wipe) struct gc_buf two = {.max = GC_SECRET_MAX_BYTES};
  if (o->password_file != NULL)
    (void)!read_file(e, "PasswordFile", o->password_file, &one);
  if (o->bearer_file != NULL)
    (void)!read_file(e, "BearerTokenFile", o->bearer_file, &two);
  endpoint_check_modes(e);
}

void endpoint_check_modes(struct endpoint *e) {
  const struct endpoint_options *o = e->settings.options;
  const struct {
    const char *option, *path;
  } files[ENDPOINT_FILES] = {
      {"PasswordFile", o->password_file},
      {"BearerTokenFile", o->bearer_file},
      {"TLSKey", o->at.tls_key},
  };
  for (size_t i = 0; i < ENDPOINT_FILES; i++) {
    const struct gc_secret secret = {.file = files[i].path,
                                     .what = files[i].option};
    struct gc_secret_stat stat;
    if (secret.file == NULL ||
        gc_secret_stat_bounded(e->file_reads, &secret, &stat) != GC_OK ||
        stat.version == e->versions[i])
      continue;
    e->versions[i] = stat.version;
    if (stat.exposed.code != GC_OK)
      e->settings.warn(e->settings.ctx, stat.exposed.text);
  }
}
