/* SPDX-License-Identifier: MIT */
#include "common/base/debug.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

enum { DEBUG_LINE_BYTES = 512 };

static gc_debug_fn *destination;

void gc_debug_to(gc_debug_fn *write) { destination = write; }

void gc_debug(const char *format, ...) {
  char line[DEBUG_LINE_BYTES];
  va_list args;
  if (destination == NULL)
    return;
  va_start(args, format);
  vsnprintf(line, sizeof(line), format, args);
  va_end(args);
  destination(line);
}
