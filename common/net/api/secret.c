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

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/net/detached.h"
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

/* ---- on a thread of its own ---- */

/* The texts of a struct gc_secret that is in a file. */
struct place {
  char *file, *credential;
  const char *what; /* a literal */
};

struct gc_secret_reader {
  struct gc_detached *reads;
  struct place place;
};

/* One read. */
struct reading {
  struct place place;
  struct gc_secret_answer answer;
  struct gc_secret_stat stat;
  void (*done)(void *ctx, const struct gc_secret_answer *answer);
  void *ctx;
};

void gc_secret_answer_read(const struct gc_secret *secret,
                           struct gc_secret_answer *ret_answer) {
  ret_answer->secret.max = GC_SECRET_MAX_BYTES;
  /* The version is read before the secret, so that a change between the two is
   * noticed later. */
  ret_answer->version = gc_secret_version(secret);
  ret_answer->code =
      gc_secret_read(secret, &ret_answer->secret, &ret_answer->err);
}

void gc_secret_answer_clear(struct gc_secret_answer *answer) {
  gc_buf_wipe(&answer->secret);
}

static void clear_place(struct place *place) {
  free(place->file);
  free(place->credential);
}

static struct place copy_place(const struct gc_secret *s) {
  return (struct place){.file = gc_strdup(s->file),
                        .credential = gc_strdup(s->credential),
                        .what = s->what};
}

static struct gc_secret secret_at(const struct place *place) {
  return (struct gc_secret){.file = place->file,
                            .credential = place->credential,
                            .what = place->what};
}

static void run_reading(void *ctx) {
  struct reading *r = ctx;
  const struct gc_secret secret = secret_at(&r->place);
  gc_secret_answer_read(&secret, &r->answer);
}

static void end_reading(void *ctx) {
  struct reading *r = ctx;
  r->done(r->ctx, &r->answer);
}

static void drop_reading(void *ctx) {
  struct reading *r = ctx;
  gc_secret_answer_clear(&r->answer);
  clear_place(&r->place);
  free(r);
}

static struct reading *new_reading(const struct gc_secret *secret) {
  struct reading *r = gc_zalloc(1, sizeof(*r));
  r->place = copy_place(secret);
  return r;
}

enum gc_code gc_secret_read_bounded(struct gc_detached *b,
                                    const struct gc_secret *secret,
                                    struct gc_buf *out, struct gc_err *err) {
  struct reading *r = new_reading(secret);
  enum gc_code code = gc_detached_run(b, run_reading, drop_reading, r);
  if (code == GC_ERR_TIMEOUT) {
    char place[320];
    gc_secret_place(secret, place, sizeof(place));
    return gc_file_hangs(place, err);
  }
  if (code != GC_OK)
    return gc_fail(err, code, "secret: %s", gc_code_words(code));
  code = r->answer.code;
  if (code == GC_OK)
    code =
        gc_buf_add(out, gc_buf_string(&r->answer.secret), r->answer.secret.len);
  else
    *err = r->answer.err;
  drop_reading(r);
  return code;
}

static void stat_place(void *ctx) {
  struct reading *r = ctx;
  const struct gc_secret secret = secret_at(&r->place);
  r->stat.version = gc_secret_version(&secret);
  if (!gc_secret_is_exposed(&secret, &r->stat.exposed))
    r->stat.exposed.code = GC_OK;
}

enum gc_code gc_secret_stat_bounded(struct gc_detached *b,
                                    const struct gc_secret *secret,
                                    struct gc_secret_stat *ret) {
  *ret = (struct gc_secret_stat){.version = 0};
  struct reading *r = new_reading(secret);
  enum gc_code code = gc_detached_run(b, stat_place, drop_reading, r);
  if (code != GC_OK)
    return code;
  *ret = r->stat;
  drop_reading(r);
  return GC_OK;
}

static enum gc_code
start_read(void *ctx,
           void (*done)(void *done_ctx, const struct gc_secret_answer *answer),
           void *done_ctx, struct gc_err *err) {
  struct gc_secret_reader *reader = ctx;
  const struct gc_secret secret = secret_at(&reader->place);
  struct reading *r = new_reading(&secret);
  r->done = done;
  r->ctx = done_ctx;
  enum gc_code code = gc_detached_start(reader->reads, run_reading, end_reading,
                                        drop_reading, r);
  return code == GC_OK ? code : gc_fail(err, code, "no thread gc-secret");
}

static void cancel_read(void *ctx) {
  struct gc_secret_reader *reader = ctx;
  gc_detached_cancel(reader->reads);
}

struct gc_secret_reader *gc_secret_reader_new(struct gc_loop *loop,
                                              const struct gc_secret *secret) {
  struct gc_secret_reader *reader = gc_zalloc(1, sizeof(*reader));
  reader->reads = gc_detached_new("gc-secret", 0, loop);
  reader->place = copy_place(secret);
  return reader;
}

void gc_secret_reader_free(struct gc_secret_reader *reader) {
  if (reader == NULL)
    return;
  gc_detached_free(reader->reads);
  clear_place(&reader->place);
  free(reader);
}

struct gc_secret_source gc_secret_reader_source(struct gc_secret_reader *r) {
  return (struct gc_secret_source){
      .read = start_read, .cancel = cancel_read, .ctx = r};
}

/* ---- modes ---- */

/* One look at the modes of the files. */
struct modes {
  struct place places[GC_SECRETS_MAX];
  struct gc_err warnings[GC_SECRETS_MAX];
  size_t count;
  void (*found)(void *ctx, const struct gc_err *warning);
  void *ctx;
};

static void read_modes(void *ctx) {
  struct modes *m = ctx;
  for (size_t i = 0; i < m->count; i++) {
    const struct gc_secret secret = secret_at(&m->places[i]);
    if (!gc_secret_is_exposed(&secret, &m->warnings[i]))
      m->warnings[i].code = GC_OK;
  }
}

static void report_modes(void *ctx) {
  const struct modes *m = ctx;
  for (size_t i = 0; i < m->count; i++)
    if (m->warnings[i].code != GC_OK)
      m->found(m->ctx, &m->warnings[i]);
}

static void drop_modes(void *ctx) {
  struct modes *m = ctx;
  for (size_t i = 0; i < m->count; i++)
    clear_place(&m->places[i]);
  free(m);
}

void gc_secrets_check_modes(
    struct gc_detached *d, const struct gc_secret *secrets, size_t count,
    void (*found)(void *ctx, const struct gc_err *warning), void *ctx) {
  struct modes *m = gc_zalloc(1, sizeof(*m));
  GC_ASSERT(count <= GC_SECRETS_MAX);
  *m = (struct modes){.count = count, .found = found, .ctx = ctx};
  for (size_t i = 0; i < count; i++)
    m->places[i] = copy_place(&secrets[i]);
  (void)!gc_detached_start(d, read_modes, report_modes, drop_modes, m);
}
