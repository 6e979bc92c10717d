/* SPDX-License-Identifier: MIT */
#include "common/net/exposure.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/strs.h"

enum {
  WARNINGS_MAX = 5,
  PATTERNS_BYTES = 8192,
  CONFIG_FILES_MAX = 256,
  CONFIG_MAX_BYTES = 1024 * 1024,
};

static bool all_may_read(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && (st.st_mode & S_IROTH) != 0;
}

/* ---- the configuration ---- */

/* Adds `file` and the folders that the packages' configuration includes. */
static void add_config(const char *file, char *out, size_t size) {
  const char *slash = strrchr(file, '/');
  int folder = slash != NULL ? (int)(slash - file) : 0;
  size_t used = strlen(out);
  snprintf(out + used, size - used,
           "%s%s:%.*s/collectd.conf.d/*.conf:%.*s/collectd.d/*.conf",
           used > 0 ? ":" : "", file, folder, file, folder, file);
}

void gc_exposure_config(const char *command_line, size_t len, char *out,
                        size_t size) {
  const char *end = command_line + len;
  out[0] = '\0';
  for (const char *word = command_line; word < end;
       word += strnlen(word, (size_t)(end - word)) + 1) {
    const char *next = word + strnlen(word, (size_t)(end - word)) + 1;
    if (strncmp(word, "-C", 2) != 0)
      continue;
    if (word[2] != '\0')
      add_config(word + 2, out, size);
    else if (next < end)
      add_config(next, out, size);
    return;
  }
  add_config("/etc/collectd/collectd.conf", out, size);
  add_config("/etc/collectd.conf", out, size);
}

static void find_config(char *out, size_t size) {
  char words[4096];
  int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  ssize_t len = fd >= 0 ? read(fd, words, sizeof(words) - 1) : -1;
  if (fd >= 0)
    close(fd);
  words[len > 0 ? len : 0] = '\0';
  gc_exposure_config(words, len > 0 ? (size_t)len : 0, out, size);
}

/* True if the beginning of the file contains the text. */
static bool file_has(const char *path, const char *text) {
  GC_AUTO(gc_buf_wipe) struct gc_buf all = {.max = CONFIG_MAX_BYTES};
  char bytes[4096];
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return false;
  ssize_t len;
  while ((len = read(fd, bytes, sizeof(bytes))) > 0)
    if (gc_buf_add(&all, bytes, (size_t)len) != GC_OK)
      break;
  close(fd);
  explicit_bzero(bytes, sizeof(bytes));
  return strstr(gc_buf_string(&all), text) != NULL;
}

/* Finds the first file of the pattern that all users may read and that contains
 * `text`. */
static bool find_in_pattern(const char *pattern, const char *text, char *out,
                            size_t size) {
  glob_t files;
  bool found = false;
  if (glob(pattern, GLOB_NOSORT, NULL, &files) != 0)
    return false;
  for (size_t i = 0; i < files.gl_pathc && i < CONFIG_FILES_MAX && !found; i++)
    if (all_may_read(files.gl_pathv[i]) && file_has(files.gl_pathv[i], text)) {
      snprintf(out, size, "%s", files.gl_pathv[i]);
      found = true;
    }
  globfree(&files);
  return found;
}

/* Finds a file of the configuration that all users may read and that contains
 * `text`. */
static bool find_exposing_file(const struct gc_exposure *e, const char *text,
                               char *out, size_t size) {
  char patterns[PATTERNS_BYTES];
  if (e->config != NULL)
    snprintf(patterns, sizeof(patterns), "%s", e->config);
  else
    find_config(patterns, sizeof(patterns));
  char *rest = NULL;
  for (char *p = strtok_r(patterns, ":", &rest); p != NULL;
       p = strtok_r(NULL, ":", &rest))
    if (find_in_pattern(p, text, out, size))
      return true;
  return false;
}

/* Returns true for an address of the form scheme://user:password@host. */
static bool has_password(const char *proxy) {
  const char *user = strstr(proxy, "://");
  user = user != NULL ? user + 3 : proxy;
  const char *end = strrchr(user, '@');
  return end != NULL && memchr(user, ':', (size_t)(end - user)) != NULL;
}

static void find_literals(const struct gc_exposure *e,
                          void (*found)(void *ctx, const struct gc_err *err),
                          void *ctx) {
  const struct {
    const char *what, *text, *remedy;
  } rows[] = {
      {"ClientSecret", e->secret.literal, "use ClientSecretFile, or "},
      {"ClientKeyPass", e->client_key_pass, ""},
      {"the password of Proxy",
       e->proxy != NULL && has_password(e->proxy) ? e->proxy : NULL, ""},
  };
  char path[4096];
  struct gc_err err = {.code = GC_OK};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    if (rows[i].text == NULL ||
        !find_exposing_file(e, rows[i].text, path, sizeof(path)))
      continue;
    (void)gc_fail(&err, GC_ERR_STATE,
                  "%s is in %.200s, which every user of this host can read; "
                  "%schmod the file 0640",
                  rows[i].what, path, rows[i].remedy);
    found(ctx, &err);
  }
}

/* ---- the search ---- */

void gc_exposure_find(const struct gc_exposure *e,
                      void (*found)(void *ctx, const struct gc_err *err),
                      void *ctx) {
  struct gc_err err = {.code = GC_OK};
  if (gc_secret_is_exposed(&e->secret, &err))
    found(ctx, &err);
  const struct gc_secret lease = {.file = e->lease_password_file,
                                  .what = "LeasePasswordFile"};
  if (lease.file != NULL && gc_secret_is_exposed(&lease, &err))
    found(ctx, &err);
  const char *key = e->client_key != NULL ? e->client_key : e->client_cert;
  if (key != NULL && all_may_read(key)) {
    (void)gc_fail(&err, GC_ERR_STATE,
                  "the key of the client certificate %.200s is readable by "
                  "every user of this host; chmod 0640 and chgrp it to "
                  "collectd's group",
                  key);
    found(ctx, &err);
  }
  find_literals(e, found, ctx);
}

/* ---- in the background ---- */

struct search {
  char *texts[9]; /* copies; the order of gc_exposure_start */
  struct gc_err warnings[WARNINGS_MAX];
  size_t count;
  void (*found)(void *ctx, const struct gc_err *err);
  void *ctx;
};

static void keep_warning(void *ctx, const struct gc_err *err) {
  struct search *s = ctx;
  if (s->count < WARNINGS_MAX)
    s->warnings[s->count++] = *err;
}

static void run_search(void *ctx) {
  struct search *s = ctx;
  struct gc_exposure e = {.secret = {.literal = s->texts[0],
                                     .file = s->texts[1],
                                     .credential = s->texts[2]},
                          .client_cert = s->texts[3],
                          .client_key = s->texts[4],
                          .config = s->texts[5],
                          .client_key_pass = s->texts[6],
                          .proxy = s->texts[7],
                          .lease_password_file = s->texts[8]};
  gc_exposure_find(&e, keep_warning, s);
}

static void end_search(void *ctx) {
  struct search *s = ctx;
  for (size_t i = 0; i < s->count; i++)
    s->found(s->ctx, &s->warnings[i]);
}

static void drop_search(void *ctx) {
  struct search *s = ctx;
  for (size_t i = 0; i < GC_COUNT(s->texts); i++) {
    if (s->texts[i] != NULL)
      explicit_bzero(s->texts[i], strlen(s->texts[i]));
    free(s->texts[i]);
  }
  free(s);
}

enum gc_code
gc_exposure_start(struct gc_background *b, const struct gc_exposure *e,
                  void (*found)(void *ctx, const struct gc_err *err), void *ctx,
                  struct gc_err *err) {
  const char *texts[] = {
      e->secret.literal,  e->secret.file, e->secret.credential,
      e->client_cert,     e->client_key,  e->config,
      e->client_key_pass, e->proxy,       e->lease_password_file};
  struct search *s = calloc(1, sizeof(*s));
  if (s == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  s->found = found;
  s->ctx = ctx;
  for (size_t i = 0; i < GC_COUNT(texts); i++) {
    if (!gc_copy_text(&s->texts[i], texts[i])) {
      drop_search(s);
      return gc_fail(err, GC_ERR_MEMORY, "out of memory");
    }
  }
  return gc_background_start(b,
                             &(struct gc_work){.name = "gc-exposure",
                                               .run = run_search,
                                               .done = end_search,
                                               .drop = drop_search,
                                               .ctx = s},
                             err);
}
