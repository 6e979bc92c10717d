/* SPDX-License-Identifier: MIT */
#include "common/net/api/secret.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/net/file.h"

/* Variables that were removed from the environment; a few at most. */
struct variable {
  char *name, *value;
  struct variable *next;
};
static struct variable *variables;
static pthread_mutex_t variables_lock = PTHREAD_MUTEX_INITIALIZER;

enum gc_code gc_secret_check(const struct gc_secret *s, struct gc_err *err) {
  int set = (s->literal != NULL) + (s->file != NULL) + (s->env != NULL) +
            (s->credential != NULL);
  if (set == 0)
    return gc_fail(err, GC_ERR_CONFIG,
                   "no client secret: give one of ClientSecretFile, "
                   "ClientSecretCredential, ClientSecretEnv, ClientSecret");
  if (set > 1)
    return gc_fail(err, GC_ERR_CONFIG,
                   "more than one client secret: give only one of "
                   "ClientSecretFile, ClientSecretCredential, "
                   "ClientSecretEnv, ClientSecret");
  if (s->credential != NULL && strchr(s->credential, '/') != NULL)
    return gc_fail(err, GC_ERR_CONFIG,
                   "ClientSecretCredential is a name without \"/\", as in "
                   "systemd's LoadCredential=NAME:PATH");
  return GC_OK;
}

static const char *what_of(const struct gc_secret *s) {
  return s->what != NULL ? s->what : "the client secret";
}

/* Returns the words for the secret after "is not". */
static const char *kind_of(const struct gc_secret *s) {
  return s->what != NULL ? s->what : "a client secret";
}

/* Writes the path of the secret's file. False: the secret is in no file, or
 * (`err`) systemd gave no credentials. */
static bool write_path(const struct gc_secret *s, char *path, size_t size,
                       struct gc_err *err) {
  if (s->file != NULL) {
    snprintf(path, size, "%s", s->file);
    return true;
  }
  const char *folder = getenv("CREDENTIALS_DIRECTORY");
  if (s->credential == NULL)
    return false;
  if (folder == NULL) {
    (void)gc_fail(err, GC_ERR_AUTH,
                  "ClientSecretCredential \"%s\": systemd gave no credentials "
                  "(CREDENTIALS_DIRECTORY is not set); add "
                  "LoadCredential=%s:PATH to collectd's unit",
                  s->credential, s->credential);
    return false;
  }
  snprintf(path, size, "%s/%s", folder, s->credential);
  return true;
}

/* Describes the failure `code` of a gc_buf; GC_OK: there was none. */
static enum gc_code describe_buf_error(const struct gc_secret *s,
                                       const char *place, enum gc_code code,
                                       struct gc_err *err) {
  if (code == GC_ERR_LIMIT)
    return gc_fail(err, GC_ERR_AUTH, "%s is not %s: larger than %d bytes",
                   place, kind_of(s), GC_SECRET_MAX_BYTES - 1);
  if (code != GC_OK)
    return gc_fail(err, code, "%s: %s", what_of(s), gc_code_words(code));
  return GC_OK;
}

static enum gc_code read_file(struct gc_detached *d, const struct gc_secret *s,
                              const char *path, struct gc_buf *out,
                              struct gc_err *err) {
  struct gc_file file = {.text.max = GC_SECRET_MAX_BYTES - 1};
  struct gc_err why;
  enum gc_code code = gc_file_look(d, path, &file, &why);
  if (code == GC_ERR_TIMEOUT)
    return gc_fail(err, code, "%s %s", what_of(s), why.text);
  if (code == GC_ERR_STATE)
    return gc_fail(err, GC_ERR_AUTH,
                   "cannot read %s %s; the file must be readable by "
                   "collectd's user",
                   what_of(s), why.text);
  bool has_nul = memchr(gc_buf_string(&file.text), '\0', file.text.len) != NULL;
  if (code == GC_OK)
    code = gc_buf_add(out, gc_buf_string(&file.text), file.text.len);
  gc_buf_wipe(&file.text);
  if (has_nul)
    return gc_fail(err, GC_ERR_AUTH, "%s is not %s: it contains a NUL byte",
                   path, kind_of(s));
  return describe_buf_error(s, path, code, err);
}

/* Moves a variable out of the environment. The value is also overwritten in
 * place, since the kernel shows that memory (/proc/PID/environ). NULL: the
 * variable is not set. */
static struct variable *remove_variable(const char *name) {
  char *value = getenv(name);
  if (value == NULL)
    return NULL;
  struct variable *v = gc_zalloc(1, sizeof(*v));
  v->name = gc_strdup(name);
  v->value = gc_strdup(value);
  explicit_bzero(value, strlen(value));
  unsetenv(name);
  v->next = variables;
  variables = v;
  return v;
}

static enum gc_code read_env(const struct gc_secret *s, struct gc_buf *out,
                             struct gc_err *err) {
  const char *name = s->env;
  pthread_mutex_lock(&variables_lock);
  struct variable *v = variables;
  while (v != NULL && strcmp(v->name, name) != 0)
    v = v->next;
  if (v == NULL)
    v = remove_variable(name);
  enum gc_code code = v != NULL ? gc_buf_text(out, v->value) : GC_OK;
  pthread_mutex_unlock(&variables_lock);

  if (v == NULL)
    return gc_fail(err, GC_ERR_AUTH,
                   "%s: the variable %s is not in collectd's environment",
                   s->what != NULL ? s->what : "ClientSecretEnv", name);
  return describe_buf_error(s, name, code, err);
}

/* Removes white space: editors and echo append a newline, which the API would
 * refuse. */
static void trim_space(struct gc_buf *b) {
  while (b->len > 0 && isspace((unsigned char)b->data[b->len - 1]))
    b->data[--b->len] = '\0';
  size_t front = 0;
  while (front < b->len && isspace((unsigned char)b->data[front]))
    front++;
  memmove(b->data, b->data + front, b->len - front + 1);
  b->len -= front;
}

enum gc_code gc_secret_read(struct gc_detached *d, const struct gc_secret *s,
                            struct gc_buf *out, struct gc_err *err) {
  char place[4096] = "ClientSecret";
  if (s->literal != NULL) {
    GC_TRY(describe_buf_error(s, place, gc_buf_text(out, s->literal), err));
  } else if (s->env != NULL) {
    snprintf(place, sizeof(place), "%s %s",
             s->what != NULL ? "the variable" : "ClientSecretEnv", s->env);
    GC_TRY(read_env(s, out, err));
  } else if (write_path(s, place, sizeof(place), err)) {
    GC_TRY(read_file(d, s, place, out, err));
  } else {
    return GC_ERR_AUTH;
  }

  if (out->data != NULL)
    trim_space(out);
  return out->len > 0 ? GC_OK
                      : gc_fail(err, GC_ERR_AUTH, "%s is empty: %.300s",
                                what_of(s), place);
}

static uint64_t version_of(const struct stat *st) {
  return (uint64_t)st->st_mtim.tv_sec * 1000000007u +
         (uint64_t)st->st_mtim.tv_nsec + (uint64_t)st->st_ino * 31 +
         (uint64_t)st->st_size;
}

enum gc_code gc_secret_stat(struct gc_detached *d, const struct gc_secret *s,
                            struct gc_secret_stat *ret) {
  char path[4096];
  struct gc_file file = {.text.max = 0};
  struct gc_err err;
  *ret = (struct gc_secret_stat){.version = 0};
  if (!write_path(s, path, sizeof(path), NULL))
    return GC_OK;
  GC_TRY(gc_file_look(d, path, &file, &err));
  ret->version = file.st.st_mode != 0 ? version_of(&file.st) : 0;
  if ((file.st.st_mode & S_IROTH) != 0)
    (void)gc_fail(&ret->exposed, GC_ERR_STATE,
                  "%s %s is readable by every user of this host; chmod 0640 "
                  "and chgrp it to collectd's group",
                  what_of(s), path);
  return GC_OK;
}
