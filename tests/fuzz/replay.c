/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target without a fuzzer on each file, and each file of each
 * folder, that the arguments name. Without arguments it runs its own corpus
 * ($top_srcdir/tests/fuzz/corpus/NAME for NAME_fuzz). An empty folder is a
 * failure: a missing corpus must not look like a corpus that passed. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

enum { MAX_BYTES = 1 << 20 };

static int run_file(const char *path) {
  FILE *file = fopen(path, "rb");
  uint8_t *bytes = malloc(MAX_BYTES);
  if (file == NULL || bytes == NULL) {
    perror(path);
    exit(1);
  }
  size_t size = fread(bytes, 1, MAX_BYTES, file);
  fclose(file);
  /* Allocated in exact size, so that the sanitizer sees a read beyond its
   * end. */
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

static int run_path(const char *path) {
  DIR *folder = opendir(path);
  int count = folder != NULL ? run_folder(path, folder) : run_file(path);
  if (count == 0) {
    fprintf(stderr, "%s: no inputs\n", path);
    exit(1);
  }
  return count;
}

/* "tests/fuzz/glob_fuzz" is the target "glob". */
static int run_own_corpus(const char *program) {
  const char *top = getenv("top_srcdir"), *slash = strrchr(program, '/');
  const char *name = slash != NULL ? slash + 1 : program;
  size_t len = strcspn(name, ".");
  size_t tail = strlen("_fuzz");
  char path[4096];
  snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%.*s",
           top != NULL ? top : ".", (int)(len > tail ? len - tail : len), name);
  return run_path(path);
}

int main(int argc, char **argv) {
  int count = 0;
  for (int i = 1; i < argc; i++)
    count += run_path(argv[i]);
  if (argc == 1)
    count = run_own_corpus(argv[0]);
  printf("%d inputs\n", count);
  return 0;
}
