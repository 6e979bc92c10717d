/* SPDX-License-Identifier: MIT */
#include "common/net/api/secret.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
 * (with `err` set) systemd gave no credentials. */
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

static enum gc_code read_file(const struct gc_secret *s, const char *path,
                              struct gc_buf *out, struct gc_err *err) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return gc_fail(err, GC_ERR_AUTH,
                   "cannot read %s %s: %s; the file must be "
                   "readable by collectd's user",
                   what_of(s), path, strerror(errno));

  char bytes[GC_SECRET_MAX_BYTES];
  ssize_t len = read(fd, bytes, sizeof(bytes));
  int why = errno;
  close(fd);
  enum gc_code code = GC_OK;
  if (len < 0)
    code = gc_fail(err, GC_ERR_AUTH, "cannot read %s %s: %s", what_of(s), path,
                   strerror(why));
  else if ((size_t)len == sizeof(bytes))
    code = gc_fail(err, GC_ERR_AUTH, "%s is not %s: larger than %d bytes", path,
                   kind_of(s), GC_SECRET_MAX_BYTES - 1);
  else if (memchr(bytes, '\0', (size_t)len) != NULL)
    code = gc_fail(err, GC_ERR_AUTH, "%s is not %s: it contains a NUL byte",
                   path, kind_of(s));
  else
    code =
        describe_buf_error(s, path, gc_buf_add(out, bytes, (size_t)len), err);
  explicit_bzero(bytes, sizeof(bytes));
  return code;
}

/* Moves a variable out of the environment. The value is also overwritten in
 * place, since the kernel shows that memory (/proc/PID/environ). NULL: the
 * variable is not set, or out of memory. */
static struct variable *remove_variable(const char *name) {
  char *value = getenv(name);
  if (value == NULL)
    return NULL;
  struct variable *v = calloc(1, sizeof(*v));
  if (v == NULL)
    return NULL;
  v->name = strdup(name);
  v->value = strdup(value);
  if (v->name == NULL || v->value == NULL) {
    free(v->name);
    free(v->value);
    free(v);
    return NULL;
  }
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

enum gc_code gc_secret_read(const struct gc_secret *s, struct gc_buf *out,
                            struct gc_err *err) {
  char path[4096];
  struct gc_err why = {.code = GC_ERR_AUTH};

  if (s->literal != NULL)
    GC_TRY(describe_buf_error(s, "ClientSecret", gc_buf_text(out, s->literal),
                              err));
  else if (s->env != NULL)
    GC_TRY(read_env(s, out, err));
  else if (write_path(s, path, sizeof(path), &why))
    GC_TRY(read_file(s, path, out, err));
  else
    return gc_fail(err, GC_ERR_AUTH, "%s", why.text);

  if (out->data != NULL)
    trim_space(out);
  if (out->len > 0)
    return GC_OK;
  gc_secret_place(s, path, sizeof(path));
  return gc_fail(err, GC_ERR_AUTH, "%s is empty: %.300s", what_of(s), path);
}

void gc_secret_place(const struct gc_secret *s, char *out, size_t size) {
  if (write_path(s, out, size, NULL))
    return;
  if (s->env != NULL)
    snprintf(out, size, "%s %s",
             s->what != NULL ? "the variable" : "ClientSecretEnv", s->env);
  else if (s->credential != NULL)
    snprintf(out, size, "ClientSecretCredential %s", s->credential);
  else
    snprintf(out, size, "ClientSecret");
}

bool gc_secret_is_exposed(const struct gc_secret *s, struct gc_err *ret_words) {
  char path[4096];
  struct stat st;
  if (!write_path(s, path, sizeof(path), NULL) || stat(path, &st) != 0 ||
      (st.st_mode & S_IROTH) == 0)
    return false;
  (void)gc_fail(ret_words, GC_ERR_STATE,
                "%s %s is readable by every user of this host; chmod 0640 and "
                "chgrp it to collectd's group",
                what_of(s), path);
  return true;
}

uint64_t gc_secret_version(const struct gc_secret *s) {
  char path[4096];
  struct stat st;
  if (!write_path(s, path, sizeof(path), NULL) || stat(path, &st) != 0)
    return 0;
  return (uint64_t)st.st_mtim.tv_sec * 1000000007u +
         (uint64_t)st.st_mtim.tv_nsec + (uint64_t)st.st_ino * 31 +
         (uint64_t)st.st_size;
}
