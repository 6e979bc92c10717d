/* SPDX-License-Identifier: MIT */
#include "tests/support/spool_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/folder.h"

static char top[64];
static unsigned turn;
static struct gc_spool_settings settings;
char spool_folder[128];

static void give_up(const char *what, const char *words) {
  fprintf(stderr, "spool_bench: %s: %s\n", what, words);
  exit(2);
}

static void remove_or_give_up(const char *path) {
  if (!folder_remove(path))
    give_up("rm", path);
}

void spool_bench_begin(void) {
  snprintf(top, sizeof(top), "/tmp/gc-spool-XXXXXX");
  if (mkdtemp(top) == NULL)
    give_up("mkdtemp", top);
}

void spool_bench_end(void) { remove_or_give_up(top); }

void spool_fresh(uint32_t segment_bytes, uint64_t max_bytes) {
  if (spool_folder[0] != '\0')
    remove_or_give_up(spool_folder);
  snprintf(spool_folder, sizeof(spool_folder), "%s/%u", top, turn++);
  settings = (struct gc_spool_settings){.folder = spool_folder,
                                        .segment_bytes = segment_bytes,
                                        .max_bytes = max_bytes};
}

const char *spool_in_folder(const char *name) {
  static char path[256];
  snprintf(path, sizeof(path), "%s/%s", spool_folder, name);
  return path;
}

struct gc_spool *spool_unopened(void) {
  struct gc_err err = {.code = GC_OK};
  struct gc_spool *s = gc_spool_new(&settings, &err);
  if (s == NULL)
    give_up("new", err.text);
  return s;
}

struct gc_spool *spool_opened(void) {
  struct gc_err err = {.code = GC_OK};
  struct gc_spool *s = spool_unopened();
  if (gc_spool_open(s, &err) != GC_OK)
    give_up("open", err.text);
  return s;
}

enum gc_code spool_try(struct gc_spool *s, const char *text,
                       struct gc_err *err) {
  char line[64 * 1024];
  snprintf(line, sizeof(line), "%s\n", text);
  struct gc_record r = {.payload = line,
                        .len = (uint32_t)strlen(line),
                        .lines = 1,
                        .time_ms = 1000};
  return gc_spool_append(s, &r, err);
}

void spool_put(struct gc_spool *s, const char *text) {
  struct gc_err err = {.code = GC_OK};
  if (spool_try(s, text, &err) != GC_OK)
    give_up("append", err.text);
}

static struct gc_buf seen = {.max = 1 << 24};

static const char *seen_words(void) {
  for (size_t i = 0; i < seen.len; i++)
    if (seen.data[i] == '\n')
      seen.data[i] = ' ';
  return gc_buf_string(&seen);
}

const char *spool_drain(struct gc_spool *s) {
  struct gc_err err = {.code = GC_OK};
  struct gc_record_place end;
  gc_buf_reset(&seen);
  for (size_t before = SIZE_MAX; before != seen.len;) {
    GC_AUTO(gc_buf_clear) struct gc_buf one = {.max = 1 << 20};
    before = seen.len;
    if (gc_spool_read(s, 1, &one, &end, &err) != GC_OK ||
        gc_spool_commit(s, end, &err) != GC_OK)
      give_up("read", err.text);
    (void)!gc_buf_add(&seen, one.data, one.len);
  }
  return seen_words();
}

const char *spool_peek(struct gc_spool *s) {
  struct gc_err err = {.code = GC_OK};
  struct gc_record_place end;
  gc_buf_reset(&seen);
  if (gc_spool_read(s, UINT64_MAX, &seen, &end, &err) != GC_OK)
    give_up("read", err.text);
  return seen_words();
}

struct gc_buf spool_file(const char *name) {
  struct gc_buf bytes = {.max = 1 << 26};
  char piece[4096];
  FILE *f = fopen(spool_in_folder(name), "rb");
  if (f == NULL)
    give_up("no file", name);
  for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
    (void)!gc_buf_add(&bytes, piece, n);
  fclose(f);
  return bytes;
}

void spool_file_set(const char *name, const char *bytes, size_t len) {
  FILE *f = fopen(spool_in_folder(name), "wb");
  if (f == NULL || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
    give_up("cannot write", name);
}
