/* SPDX-License-Identifier: MIT */
#include "common/net/http/tls_files.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "common/base/alloc.h"
#include "common/base/strs.h"
#include "common/net/clock.h"
#include "common/net/file.h"
#include "common/net/timing.h"

/* All authorities of a system are some hundred KB. */
enum { TEXT_MAX_BYTES = 8 * 1024 * 1024 };

static const char *const options[GC_TLS_FILE_COUNT] = {
    [GC_TLS_CA] = "CACert",
    [GC_TLS_CERT] = "ClientCert",
    [GC_TLS_KEY] = "ClientKey"};

struct tls_file {
  char *path; /* NULL: none */
  struct gc_buf text;
  bool is_known; /* its text */
  int64_t end_s; /* of its certificates; 0: unknown */
};

struct gc_tls_files {
  pthread_mutex_t lock;
  struct gc_detached *reads;
  struct tls_file at[GC_TLS_FILE_COUNT];
  uint64_t read_ms;      /* all of them; 0: never */
  struct gc_err hanging; /* the words for the file that hangs */
};

int64_t gc_tls_end_s(const char *pem, size_t len) {
  int64_t now_s = gc_clock_wall_ms() / 1000, next_s = 0, last_s = 0;
  BIO *bio = len < INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
  X509 *cert;
  while (bio != NULL &&
         (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
    struct tm at = {.tm_sec = 0};
    int64_t end_s = ASN1_TIME_to_tm(X509_get0_notAfter(cert), &at) == 1
                        ? (int64_t)timegm(&at)
                        : 0;
    X509_free(cert);
    if (end_s > last_s)
      last_s = end_s;
    if (end_s > now_s && (next_s == 0 || end_s < next_s))
      next_s = end_s;
  }
  ERR_clear_error();
  BIO_free(bio);
  return next_s != 0 ? next_s : last_s;
}

int64_t gc_tls_files_end_s(struct gc_tls_files *f, enum gc_tls_file which) {
  if (f == NULL)
    return 0;
  pthread_mutex_lock(&f->lock);
  int64_t end_s = f->at[which].end_s;
  pthread_mutex_unlock(&f->lock);
  return end_s;
}

void gc_tls_files_free(struct gc_tls_files *f) {
  if (f == NULL)
    return;
  for (size_t i = 0; i < GC_TLS_FILE_COUNT; i++) {
    free(f->at[i].path);
    gc_buf_wipe(&f->at[i].text);
  }
  gc_detached_free(f->reads);
  pthread_mutex_destroy(&f->lock);
  free(f);
}

struct gc_tls_files *gc_tls_files_new(const struct gc_connect *c) {
  if (c->ca_cert == NULL && c->client_cert == NULL)
    return NULL;
  const char *key = c->client_key != NULL ? c->client_key : c->client_cert;
  struct gc_tls_files *f = gc_zalloc(1, sizeof(*f));
  pthread_mutex_init(&f->lock, NULL);
  f->reads = gc_detached_new("gc-certs", GC_FILES_WAIT_MS);
  f->at[GC_TLS_CA].path = gc_strdup(c->ca_cert);
  f->at[GC_TLS_CERT].path = gc_strdup(c->client_cert);
  f->at[GC_TLS_KEY].path = gc_strdup(key);
  return f;
}

/* True unless the file hangs. */
static bool read_file(struct gc_tls_files *f, enum gc_tls_file which) {
  struct tls_file *known = &f->at[which];
  struct gc_file file = {.text.max = TEXT_MAX_BYTES,
                         .holds_certificates = true};
  struct gc_err err;
  enum gc_code code = gc_file_look(f->reads, known->path, &file, &err);
  if (code == GC_ERR_TIMEOUT) {
    (void)gc_fail(&f->hanging, code, "%s %s", options[which], err.text);
    return false;
  }
  gc_buf_wipe(&known->text);
  known->text = file.text;
  known->is_known = code == GC_OK && file.text.len > 0;
  known->end_s =
      known->is_known ? gc_tls_end_s(file.text.data, file.text.len) : 0;
  return true;
}

static void read_all(struct gc_tls_files *f) {
  uint64_t now_ms = gc_clock_now_ms();
  if (gc_detached_hangs_ms(f->reads) > 0 ||
      (f->read_ms != 0 && now_ms - f->read_ms < GC_TLS_FILES_AGE_MS))
    return;
  for (size_t i = 0; i < GC_TLS_FILE_COUNT; i++)
    if (f->at[i].path != NULL && !read_file(f, (enum gc_tls_file)i))
      return;
  f->read_ms = now_ms;
}

enum gc_code gc_tls_files_each(struct gc_tls_files *f,
                               void (*each)(void *ctx, enum gc_tls_file which,
                                            const char *text, size_t len),
                               void *ctx, struct gc_err *err) {
  pthread_mutex_lock(&f->lock);
  read_all(f);
  enum gc_code code = GC_OK;
  if (f->read_ms == 0)
    code = gc_fail(err, f->hanging.code, "%s", f->hanging.text);
  for (size_t i = 0; code == GC_OK && i < GC_TLS_FILE_COUNT; i++)
    if (f->at[i].is_known)
      each(ctx, (enum gc_tls_file)i, f->at[i].text.data, f->at[i].text.len);
  pthread_mutex_unlock(&f->lock);
  return code;
}
