/* SPDX-License-Identifier: MIT */
/* The files of the certificates, which may be on a disk that hangs. */
#include "common/net/listener/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/file.h"

enum { PEM_MAX_BYTES = 1 << 20 };

static const char *const names[PEM_COUNT] = {"TLSCert", "TLSKey",
                                             "TLSClientCA"};

/* One check of the files; it may outlive the listener (net/detached). */
struct pem_read {
  char *paths[PEM_COUNT]; /* NULL: none */
  bool reads;             /* the texts, too */
  struct pems found;
  enum gc_code code;
  struct gc_err err;
};

static const char *path_of(const struct gc_listener_options *o, size_t which) {
  const char *const paths[PEM_COUNT] = {
      [PEM_CERT] = o->tls_cert,
      [PEM_KEY] = o->tls_key != NULL ? o->tls_key : o->tls_cert,
      [PEM_CA] = o->tls_client_ca};
  return paths[which];
}

void gc_listener_clear_pems(struct pems *p) {
  for (size_t i = 0; i < PEM_COUNT; i++)
    gc_buf_wipe(&p->texts[i]);
}

static void free_pem_read(void *ctx) {
  struct pem_read *l = ctx;
  for (size_t i = 0; i < PEM_COUNT; i++)
    free(l->paths[i]);
  gc_listener_clear_pems(&l->found);
  free(l);
}

static void read_pems(void *ctx) {
  struct pem_read *l = ctx;
  for (size_t i = 0; i < PEM_COUNT; i++) {
    struct stat *st = &l->found.files[i];
    if (l->paths[i] != NULL && stat(l->paths[i], st) != 0)
      *st = (struct stat){0};
  }
  for (size_t i = 0; i < PEM_COUNT && l->reads && l->code == GC_OK; i++) {
    struct gc_buf *text = &l->found.texts[i];
    struct gc_err why;
    text->max = PEM_MAX_BYTES;
    if (l->paths[i] != NULL &&
        (gc_file_read(l->paths[i], text, &why) != GC_OK || text->len == 0))
      l->code = gc_fail(&l->err, GC_ERR_CONFIG, "%s %s cannot be read",
                        names[i], l->paths[i]);
  }
}

static struct pem_read *new_pem_read(const struct gc_listener_options *o,
                                     bool reads) {
  struct pem_read *l = calloc(1, sizeof(*l));
  bool has_all = l != NULL;
  for (size_t i = 0; i < PEM_COUNT && has_all; i++)
    if (path_of(o, i) != NULL) {
      l->paths[i] = strdup(path_of(o, i));
      has_all = l->paths[i] != NULL;
    }
  if (has_all) {
    l->reads = reads;
    return l;
  }
  if (l != NULL)
    free_pem_read(l);
  return NULL;
}

/* Names all files, since any of them may be the one that hangs. */
static enum gc_code fail_hanging(const struct gc_listener_options *o,
                                 struct gc_err *err) {
  char what[400];
  snprintf(what, sizeof(what), "%s %.120s%s%.120s", names[PEM_CERT],
           o->tls_cert, o->tls_key != NULL ? " or TLSKey " : "",
           o->tls_key != NULL ? o->tls_key : "");
  return gc_file_hangs(what, err);
}

enum gc_code gc_listener_read_pems(struct gc_listener *l, bool reads,
                                   struct pems *ret, struct gc_err *err) {
  const struct gc_listener_options *o = l->settings.options;
  *ret = (struct pems){.texts = {{0}}};
  if (o->tls_cert == NULL)
    return GC_OK;
  struct pem_read *read = new_pem_read(o, reads);
  if (read == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  enum gc_code code =
      gc_detached_run(l->pem_reads, read_pems, free_pem_read, read);
  if (code == GC_ERR_TIMEOUT)
    return fail_hanging(o, err);
  if (code != GC_OK)
    return gc_fail(err, code, "%s: %s", names[PEM_CERT], gc_code_words(code));
  code = read->code;
  if (code == GC_OK) {
    *ret = read->found;
    memset(&read->found, 0, sizeof(read->found));
  } else
    *err = read->err;
  free_pem_read(read);
  return code;
}
