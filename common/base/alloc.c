/* SPDX-License-Identifier: MIT */
#include "common/base/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Does not return. The status is that of collectd's smalloc. */
__attribute__((noreturn)) static void end_without_memory(void) {
  fputs("out of memory\n", stderr);
  _Exit(3);
}

void *gc_zalloc(size_t count, size_t bytes) {
  void *memory = calloc(count != 0 ? count : 1, bytes != 0 ? bytes : 1);

  if (memory == NULL)
    end_without_memory();
  return memory;
}

void *gc_resize(void *memory, size_t count, size_t bytes) {
  void *resized = NULL;

  if (bytes == 0 || count <= SIZE_MAX / bytes)
    resized = realloc(memory, count * bytes != 0 ? count * bytes : 1);
  if (resized == NULL)
    end_without_memory();
  return resized;
}

char *gc_strdup(const char *text) {
  return text != NULL ? gc_strndup(text, strlen(text)) : NULL;
}

char *gc_strndup(const char *text, size_t len) {
  return memcpy(gc_zalloc(len + 1, 1), text, len);
}
