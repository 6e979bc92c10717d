/* SPDX-License-Identifier: MIT */
/* Removes the folder of a test. */
#ifndef GC_TESTS_SUPPORT_FOLDER_H
#define GC_TESTS_SUPPORT_FOLDER_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Removes a folder with all that it holds, or a file. Returns false on failure.
 * A missing path is no failure. */
static inline bool folder_remove(const char *path) {
  char command[256];
  snprintf(command, sizeof(command), "rm -rf '%s'", path);
  return system(command) == 0;
}

#endif
