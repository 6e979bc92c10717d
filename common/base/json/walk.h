/* SPDX-License-Identifier: MIT */
/* The two halves of json_stream: json_walk.c turns what yajl finds into events
 * with a path, json_stream.c sees to the document, its chunks and its end.
 * Nobody else includes this. */
#ifndef GC_BASE_JSON_WALK_H
#define GC_BASE_JSON_WALK_H

#include <yajl/yajl_parse.h>

#include "common/base/json/keys.h"

/* An open container: what `at` says about it, and where the copies of its
 * members' keys begin. */
struct gc_json_level {
  uint64_t path;
  const char *known_key; /* NULL: the key is a copy, at names + key_at */
  size_t key_at, key_len;
  size_t names_len; /* of the names that belong to outer levels */
  enum gc_json_kind kind;
};

struct gc_json_stream {
  const struct gc_json_reader *reader;
  void *ctx;
  yajl_handle yajl;

  struct gc_json_keys keys;
  struct gc_json_at at;
  const char *known_key; /* of `at`, as in struct gc_json_level */
  size_t key_at;
  struct gc_json_level levels[GC_JSON_DEPTH_MAX];
  char *names; /* copies of unknown keys, one for each open level */
  size_t names_len, names_cap;

  /* 0: reporting. 1: the value that comes is skipped. More: inside of it, as
   * many containers deep, less one. */
  unsigned skipped;

  bool done;       /* the root value is complete */
  bool used;       /* yajl has seen bytes of this document */
  bool heard;      /* an event came out of the bytes of this feed */
  uint64_t silent; /* bytes in a row without an event */
  uint64_t base;   /* bytes before the ones yajl has now */
  uint64_t end;    /* where the root value ended */
  enum gc_code failed;
  struct gc_err why; /* of `failed` */
};

/* For yajl_alloc, with the stream as the context. */
extern const yajl_callbacks gc_json_walk;

/* Bytes of the document that yajl has taken. */
uint64_t gc_json_walk_offset(const struct gc_json_stream *s);

/* Notes a failure; always 0, which is what ends yajl's parse. */
int gc_json_walk_fail(struct gc_json_stream *s, enum gc_code code,
                      const char *what);

#endif
