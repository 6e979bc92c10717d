/* SPDX-License-Identifier: MIT */
/* A tree can be walked in every way, and what we write of it is read back as
 * the same. */
#include <string.h>

#include "common/base/json/tree.h"
#include "common/base/json/writer.h"
#include "tests/fuzz/fuzz.h"

static void write_scalar(struct gc_json_out *out, const struct gc_json *j) {
  int64_t whole;
  double real;
  bool truth;
  if (gc_json_text(j, NULL) != NULL)
    gc_json_out_string(out, gc_json_text(j, NULL));
  else if (gc_json_whole(j, NULL, &whole))
    gc_json_out_int(out, whole);
  else if (gc_json_number(j, NULL, &real))
    gc_json_out_real(out, real);
  else if (gc_json_bool(j, NULL, &truth))
    gc_json_out_bool(out, truth);
  else
    gc_json_out_null(out);
}

/* Members come out as [key, value]: keys may be there twice. */
static void write(struct gc_json_out *out, const struct gc_json *j,
                  unsigned depth) {
  size_t count = 0;
  if (gc_json_first(j) == NULL || depth > 10) {
    write_scalar(out, j);
    return;
  }
  gc_json_out_array(out);
  for (const struct gc_json *i = gc_json_first(j); i != NULL;
       i = gc_json_next(i)) {
    count++;
    gc_json_out_array(out);
    gc_json_out_string(out, gc_json_name(i));
    write(out, i, depth + 1);
    gc_json_out_close(out);
    if (gc_json_name(i)[0] != '\0')
      (void)gc_json_text(j, gc_json_name(i));
  }
  gc_json_out_close(out);
  LAW(gc_json_count(j) == count);
}

static struct gc_buf written(const struct gc_json *j) {
  struct gc_buf text = {.max = 1 << 22};
  struct gc_json_out out = {.out = &text};
  write(&out, j, 0);
  LAW(gc_json_out_end(&out, NULL) == GC_OK);
  return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct gc_err err = {0};
  struct gc_json *root = NULL;
  if (gc_json_parse((const char *)data, size, 8192, &root, &err) != GC_OK) {
    LAW(root == NULL && err.code != GC_OK && err.text[0] != '\0');
    return 0;
  }
  struct gc_buf text = written(root);
  struct gc_json *again = NULL;
  LAW(gc_json_parse(text.data, text.len, 1 << 22, &again, &err) == GC_OK);
  gc_buf_clear(&text);
  gc_json_free(root);
  gc_json_free(again);
  return 0;
}
