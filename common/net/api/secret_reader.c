/* SPDX-License-Identifier: MIT */
#include "common/net/api/secret_reader.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/strs.h"
#include "common/net/background.h"
#include "common/net/file.h"

/* The texts of a struct gc_secret that is in a file. */
struct place {
  char *file, *credential;
  const char *what; /* a literal */
};

struct gc_secret_reader {
  struct gc_background *background;
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

/* Copies the texts. False, with nothing to free, when out of memory. */
static bool copy_place(struct place *out, const char *file,
                       const char *credential) {
  *out = (struct place){.file = NULL};
  if (gc_copy_text(&out->file, file) &&
      gc_copy_text(&out->credential, credential))
    return true;
  clear_place(out);
  return false;
}

static void run_reading(void *ctx) {
  struct reading *r = ctx;
  struct gc_secret secret = {.file = r->place.file,
                             .credential = r->place.credential,
                             .what = r->place.what};
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

static struct reading *new_reading(const char *file, const char *credential) {
  struct reading *r = calloc(1, sizeof(*r));
  if (r != NULL && copy_place(&r->place, file, credential))
    return r;
  free(r);
  return NULL;
}

enum gc_code gc_secret_read_bounded(struct gc_bounded *b,
                                    const struct gc_secret *secret,
                                    struct gc_buf *out, struct gc_err *err) {
  struct reading *r = new_reading(secret->file, secret->credential);
  if (r == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "secret: out of memory");
  r->place.what = secret->what;
  enum gc_code code = gc_bounded_run(b, run_reading, drop_reading, r);
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
  const struct gc_secret secret = {.file = r->place.file,
                                   .credential = r->place.credential,
                                   .what = r->place.what};
  r->stat.version = gc_secret_version(&secret);
  if (!gc_secret_is_exposed(&secret, &r->stat.exposed))
    r->stat.exposed.code = GC_OK;
}

enum gc_code gc_secret_stat_bounded(struct gc_bounded *b,
                                    const struct gc_secret *secret,
                                    struct gc_secret_stat *ret) {
  *ret = (struct gc_secret_stat){.version = 0};
  struct reading *r = new_reading(secret->file, secret->credential);
  if (r == NULL)
    return GC_ERR_MEMORY;
  r->place.what = secret->what;
  enum gc_code code = gc_bounded_run(b, stat_place, drop_reading, r);
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
  struct reading *r = new_reading(reader->place.file, reader->place.credential);
  if (r == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "client secret: out of memory");
  r->done = done;
  r->ctx = done_ctx;
  return gc_background_start(reader->background,
                             &(struct gc_work){.name = "gc-secret",
                                               .run = run_reading,
                                               .done = end_reading,
                                               .drop = drop_reading,
                                               .ctx = r},
                             err);
}

static void cancel_read(void *ctx) {
  struct gc_secret_reader *reader = ctx;
  gc_background_cancel(reader->background);
}

struct gc_secret_reader *gc_secret_reader_new(struct gc_loop *loop,
                                              const struct gc_secret *secret) {
  struct gc_secret_reader *reader = calloc(1, sizeof(*reader));
  if (reader == NULL)
    return NULL;
  reader->background = gc_background_new(loop);
  if (reader->background != NULL &&
      copy_place(&reader->place, secret->file, secret->credential))
    return reader;
  gc_background_free(reader->background);
  free(reader);
  return NULL;
}

void gc_secret_reader_free(struct gc_secret_reader *reader) {
  if (reader == NULL)
    return;
  gc_background_free(reader->background);
  clear_place(&reader->place);
  free(reader);
}

struct gc_secret_source gc_secret_reader_source(struct gc_secret_reader *r) {
  return (struct gc_secret_source){
      .read = start_read, .cancel = cancel_read, .ctx = r};
}
