/* SPDX-License-Identifier: MIT */
/* Removes the folder of a test. */
#ifndef GC_TESTS_SUPPORT_FOLDER_H
#define GC_TESTS_SUPPORT_FOLDER_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Removes a folder, or a file, and all that it holds; false on failure. It may
 * be missing. */
static inline bool folder_remove(const char *path) {
  char command[256];
  snprintf(command, sizeof(command), "rm -rf '%s'", path);
  return system(command) == 0;
}

#endif
