/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over files, without a fuzzer: every file of the folders
 * (and every file) that are named. An empty folder is a failure: a corpus that
 * went missing must not look like one that passed. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

enum { MOST_BYTES = 1 << 20 };

static int run_file(const char *path) {
  FILE *file = fopen(path, "rb");
  uint8_t *bytes = malloc(MOST_BYTES);
  if (file == NULL || bytes == NULL) {
    perror(path);
    exit(1);
  }
  size_t size = fread(bytes, 1, MOST_BYTES, file);
  fclose(file);
  /* As small as it is, so that the sanitizer sees a step beyond its end. */
  uint8_t *exact = malloc(size + (size == 0));
  if (exact == NULL)
    exit(1);
  memcpy(exact, bytes, size);
  free(bytes);
  LLVMFuzzerTestOneInput(exact, size);
  free(exact);
  return 1;
}

static int run_folder(const char *path, DIR *folder) {
  int count = 0;
  const struct dirent *entry;
  while ((entry = readdir(folder)) != NULL) {
    char file[4096];
    if (entry->d_name[0] == '.')
      continue;
    int len = snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
    if (len < 0 || (size_t)len >= sizeof(file))
      exit(1);
    count += run_file(file);
  }
  closedir(folder);
  return count;
}

int main(int argc, char **argv) {
  int count = 0;
  for (int i = 1; i < argc; i++) {
    DIR *folder = opendir(argv[i]);
    int here = folder != NULL ? run_folder(argv[i], folder) : run_file(argv[i]);
    if (here == 0) {
      fprintf(stderr, "%s: no inputs\n", argv[i]);
      return 1;
    }
    count += here;
  }
  printf("%d inputs\n", count);
  return count > 0 ? 0 : 1;
}
