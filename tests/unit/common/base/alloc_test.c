/* SPDX-License-Identifier: MIT */
#include "common/base/alloc.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/check.h"

static void new_objects_are_zeroed(void) {
  int *numbers = gc_zalloc(3, sizeof(*numbers));
  CHECK_INT(numbers[0] + numbers[1] + numbers[2], 0);
  free(numbers);
}

static void a_resized_object_keeps_its_content(void) {
  int *numbers = gc_resize(NULL, 1, sizeof(*numbers));
  numbers[0] = 7;
  numbers = gc_resize(numbers, 1000, sizeof(*numbers));
  CHECK_INT(numbers[0], 7);
  free(numbers);
}

static void a_copy_has_memory_of_its_own(void) {
  static const char text[] = "text";
  char *copy = gc_strdup(text);
  CHECK(copy != text);
  CHECK_STR(copy, "text");
  free(copy);
  CHECK(gc_strdup(NULL) == NULL);
}

static void the_process_ends_without_memory(void) {
  int status = 0;
  pid_t child = fork();
  if (child == 0) {
    int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDERR_FILENO);
    free(gc_resize(NULL, (size_t)-1, 2));
    _exit(0);
  }
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK_INT(WEXITSTATUS(status), 3);
}

int main(void) {
  RUN(new_objects_are_zeroed);
  RUN(a_resized_object_keeps_its_content);
  RUN(a_copy_has_memory_of_its_own);
  RUN(the_process_ends_without_memory);
  return check_done();
}
