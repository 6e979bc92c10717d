/* SPDX-License-Identifier: MIT */
#include "common/net/api/secret.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/hang.h"

static char folder[] = "/tmp/secret_test_XXXXXX";

static const char *path_of(const char *name) {
  static char path[128];
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  return path;
}

static void write_bytes(const char *path, const char *bytes, size_t len) {
  FILE *f = fopen(path, "w");
  if (f == NULL || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
    exit(1);
}

static void write_text(const char *path, const char *text) {
  write_bytes(path, text, strlen(text));
}

static struct gc_secret_stat stat_it(const struct gc_secret *s) {
  struct gc_secret_stat stat;
  CHECK_INT(gc_secret_stat(NULL, s, &stat), GC_OK);
  return stat;
}

static uint64_t version_of(const struct gc_secret *s) {
  return stat_it(s).version;
}

/* Returns the secret, or the words of the failure in parentheses. */
static const char *read_it(const struct gc_secret *s, enum gc_code *ret_code) {
  static char text[GC_SECRET_MAX_BYTES + 16];
  GC_AUTO(gc_buf_wipe) struct gc_buf out = {.max = GC_SECRET_MAX_BYTES};
  struct gc_err err = {.code = GC_OK};
  *ret_code = gc_secret_read(NULL, s, &out, &err);
  CHECK_INT(err.code, *ret_code);
  if (*ret_code != GC_OK)
    snprintf(text, sizeof(text), "(%s)", err.text);
  else
    snprintf(text, sizeof(text), "%s", gc_buf_string(&out));
  return text;
}

#define CHECK_READS(secret, want)                                              \
  do {                                                                         \
    enum gc_code check_code;                                                   \
    CHECK_STR(read_it(&(secret), &check_code), want);                          \
    CHECK_INT(check_code, GC_OK);                                              \
  } while (0)

#define CHECK_REFUSES(secret, part)                                            \
  do {                                                                         \
    enum gc_code check_code;                                                   \
    CHECK_HAS(read_it(&(secret), &check_code), part);                          \
    CHECK_INT(check_code, GC_ERR_AUTH);                                        \
  } while (0)

static void exactly_one_place_is_named(void) {
  for (int places = 0; places < 16; places++) {
    struct gc_secret s = {.literal = places & 1 ? "literal" : NULL,
                          .file = places & 2 ? "/file" : NULL,
                          .env = places & 4 ? "VARIABLE" : NULL,
                          .credential = places & 8 ? "credential" : NULL};
    bool one = places == 1 || places == 2 || places == 4 || places == 8;
    struct gc_err err = {.code = GC_OK};
    CHECK_INT(gc_secret_check(&s, &err), one ? GC_OK : GC_ERR_CONFIG);
    if (one)
      continue;
    CHECK_HAS(err.text, "ClientSecretFile");
    CHECK_HAS(err.text, "ClientSecretCredential");
    CHECK_HAS(err.text, "ClientSecretEnv");
    CHECK_HAS(err.text, ", ClientSecret");
    CHECK(strstr(err.text, "literal") == NULL);
  }
}

static void a_credential_is_a_name_and_no_path(void) {
  static const char *const names[] = {"a/b", "/etc/shadow", "../secret"};
  for (size_t i = 0; i < GC_COUNT(names); i++) {
    struct gc_secret s = {.credential = names[i]};
    struct gc_err err = {.code = GC_OK};
    CHECK_INT(gc_secret_check(&s, &err), GC_ERR_CONFIG);
    CHECK_HAS(err.text, "ClientSecretCredential");
  }
}

static void white_space_around_the_secret_is_removed(void) {
  static const struct {
    const char *text, *want;
  } rows[] = {
      {"abc", "abc"},         {"abc\n", "abc"},
      {"abc\r\n", "abc"},     {" \t\n abc \n\n", "abc"},
      {"a b  c\n", "a b  c"}, {"\xc3\xa9\n", "\xc3\xa9"},
  };
  char file[128];
  snprintf(file, sizeof(file), "%s", path_of("trim"));
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    write_text(file, rows[i].text);
    struct gc_secret from_file = {.file = file};
    CHECK_READS(from_file, rows[i].want);
    struct gc_secret literal = {.literal = rows[i].text};
    CHECK_READS(literal, rows[i].want);
  }
}

static void an_empty_secret_is_refused(void) {
  static const char *const texts[] = {"", "\n", "  \t\r\n"};
  char file[128];
  snprintf(file, sizeof(file), "%s", path_of("empty"));
  for (size_t i = 0; i < GC_COUNT(texts); i++) {
    write_text(file, texts[i]);
    struct gc_secret from_file = {.file = file};
    CHECK_REFUSES(from_file, "empty");
    struct gc_secret literal = {.literal = texts[i]};
    CHECK_REFUSES(literal, "empty");
    char name[32];
    snprintf(name, sizeof(name), "GC_TEST_EMPTY_%zu", i);
    setenv(name, texts[i], 1);
    struct gc_secret env = {.env = name};
    CHECK_REFUSES(env, "empty");
  }
}

static void a_failure_names_the_secret_that_is_meant(void) {
  char file[128];
  snprintf(file, sizeof(file), "%s", path_of("named"));
  struct gc_secret s = {.file = file, .what = "SecretAccessKeyFile"};
  unlink(file);
  CHECK_REFUSES(s, "cannot read SecretAccessKeyFile ");
  write_text(file, "\n");
  CHECK_REFUSES(s, "SecretAccessKeyFile is empty: ");
  write_bytes(file, "a\0b", 3);
  CHECK_REFUSES(s, " is not SecretAccessKeyFile: it contains a NUL byte");
  struct gc_secret env = {.env = "GC_TEST_NO_SUCH", .what = "the session key"};
  CHECK_REFUSES(env, "the session key: the variable GC_TEST_NO_SUCH is not in");
}

/* A NUL would cut the secret off in one form of the request and not in the
 * other. */
static void a_secret_with_a_nul_inside_is_refused(void) {
  char file[128];
  snprintf(file, sizeof(file), "%s", path_of("nul"));
  write_bytes(file, "abc\0def\n", 8);
  struct gc_secret s = {.file = file};
  CHECK_REFUSES(s, file);
}

static void the_size_is_limited(void) {
  static char text[GC_SECRET_MAX_BYTES + 100];
  char file[128];
  snprintf(file, sizeof(file), "%s", path_of("size"));
  memset(text, 'x', sizeof(text));
  struct gc_secret s = {.file = file};
  text[GC_SECRET_MAX_BYTES - 1] = '\0';
  write_text(file, text);
  CHECK_READS(s, text);
  text[GC_SECRET_MAX_BYTES - 1] = 'x';
  write_bytes(file, text, GC_SECRET_MAX_BYTES);
  CHECK_REFUSES(s, file);
  CHECK_REFUSES(s, "larger than");
  write_bytes(file, text, sizeof(text));
  CHECK_REFUSES(s, "larger than");

  text[sizeof(text) - 1] = '\0';
  struct gc_secret literal = {.literal = text};
  CHECK_REFUSES(literal, "larger than");
  setenv("GC_TEST_LARGE", text, 1);
  struct gc_secret env = {.env = "GC_TEST_LARGE"};
  CHECK_REFUSES(env, "larger than");
}

static void a_file_that_cannot_be_read_is_named(void) {
  struct gc_secret missing = {.file = "/nowhere/genesys.secret"};
  CHECK_REFUSES(missing, "/nowhere/genesys.secret");
  CHECK_REFUSES(missing, "No such file");
  CHECK_REFUSES(missing, "collectd's user");
  struct gc_secret is_folder = {.file = folder};
  CHECK_REFUSES(is_folder, folder);
  CHECK_REFUSES(is_folder, "directory");
}

/* Opening a pipe for reading would wait for its writer. */
static void a_pipe_does_not_hang(void) {
  char pipe_path[128];
  snprintf(pipe_path, sizeof(pipe_path), "%s", path_of("pipe"));
  CHECK_INT(mkfifo(pipe_path, 0600), 0);
  struct gc_secret s = {.file = pipe_path};
  CHECK_REFUSES(s, "");
}

static void the_file_is_read_each_time(void) {
  char file[128];
  snprintf(file, sizeof(file), "%s", path_of("new"));
  struct gc_secret s = {.file = file};
  write_text(file, "one\n");
  CHECK_READS(s, "one");
  write_text(file, "two\n");
  CHECK_READS(s, "two");
}

static void a_credential_comes_from_systemds_folder(void) {
  struct gc_secret s = {.credential = "genesys"};
  unsetenv("CREDENTIALS_DIRECTORY");
  CHECK_REFUSES(s, "LoadCredential=genesys");
  CHECK_REFUSES(s, "CREDENTIALS_DIRECTORY");
  CHECK_INT(version_of(&s), 0);
  setenv("CREDENTIALS_DIRECTORY", folder, 1);
  CHECK_REFUSES(s, path_of("genesys"));
  write_text(path_of("genesys"), "from systemd\n");
  CHECK_READS(s, "from systemd");
  CHECK(version_of(&s) != 0);
  unsetenv("CREDENTIALS_DIRECTORY");
}

/* ---- the environment ---- */

static void a_missing_variable_is_named(void) {
  struct gc_secret s = {.env = "GC_TEST_MISSING"};
  CHECK_REFUSES(s, "GC_TEST_MISSING");
  CHECK_REFUSES(s, "ClientSecretEnv");
}

static void a_variable_is_taken_and_read_again_from_memory(void) {
  setenv("GC_TEST_TAKEN", "  value\n", 1);
  struct gc_secret s = {.env = "GC_TEST_TAKEN"};
  CHECK_READS(s, "value");
  CHECK(getenv("GC_TEST_TAKEN") == NULL);
  CHECK_READS(s, "value");
}

/* The kernel shows the bytes with which a process was started; so this program
 * starts itself. */
static size_t read_environment(char *bytes, size_t size) {
  int fd = open("/proc/self/environ", O_RDONLY);
  if (fd < 0)
    return 0;
  ssize_t len = read(fd, bytes, size - 1);
  close(fd);
  for (ssize_t i = 0; i < len; i++)
    if (bytes[i] == '\0')
      bytes[i] = '\n';
  bytes[len > 0 ? len : 0] = '\0';
  return len > 0 ? (size_t)len : 0;
}

static int as_a_child(void) {
  /* make passes lists of tests in the environment, which has 2 MB at most. */
  static char bytes[2 * 1024 * 1024];
  if (read_environment(bytes, sizeof(bytes)) == 0)
    return 0; /* no /proc here */
  CHECK_HAS(bytes, "n0t-t0-be-seen");
  struct gc_secret s = {.env = "GC_TEST_CHILD"};
  CHECK_READS(s, "n0t-t0-be-seen");
  CHECK(read_environment(bytes, sizeof(bytes)) > 0);
  CHECK(strstr(bytes, "n0t-t0-be-seen") == NULL);
  CHECK(getenv("GC_TEST_CHILD") == NULL);
  CHECK_READS(s, "n0t-t0-be-seen");
  return check_done();
}

static void the_kernel_does_not_show_the_variable_any_more(void) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    unsetenv("TESTS"); /* make's lists of tests, which are long */
    unsetenv("MAKEFLAGS");
    setenv("GC_TEST_CHILD", "n0t-t0-be-seen", 1);
    execl("/proc/self/exe", "secret_test", "child", (char *)NULL);
    _exit(127);
  }
  int status = -1;
  CHECK(waitpid(pid, &status, 0) == pid);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- exposure and version ---- */

static void a_file_that_others_can_read_causes_a_warning(void) {
  static const struct {
    mode_t mode;
    bool exposed;
  } rows[] = {{0600, false}, {0400, false}, {0640, false},
              {0644, true},  {0604, true},  {0666, true}};
  char file[128];
  snprintf(file, sizeof(file), "%s", path_of("mode"));
  write_text(file, "abc");
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_secret s = {.file = file};
    CHECK_INT(chmod(file, rows[i].mode), 0);
    struct gc_err words = stat_it(&s).exposed;
    CHECK_INT(words.code, rows[i].exposed ? GC_ERR_STATE : GC_OK);
    if (!rows[i].exposed)
      continue;
    CHECK_HAS(words.text, file);
    CHECK_HAS(words.text, "chmod");
    CHECK(strstr(words.text, "abc") == NULL);
  }
}

static void only_a_file_can_be_exposed(void) {
  struct gc_secret rows[] = {{.literal = "x"},
                             {.env = "HOME"},
                             {.file = "/nowhere/x"},
                             {.credential = "none"}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_INT(stat_it(&rows[i]).exposed.code, GC_OK);
    CHECK_INT(version_of(&rows[i]), 0);
  }
}

static void the_version_changes_with_the_file(void) {
  char file[128], other[128];
  snprintf(file, sizeof(file), "%s", path_of("version"));
  snprintf(other, sizeof(other), "%s", path_of("version.new"));
  struct gc_secret s = {.file = file};
  CHECK_INT(version_of(&s), 0);
  write_text(file, "abc");
  uint64_t first = version_of(&s);
  CHECK(first != 0);
  CHECK(version_of(&s) == first);
  /* The file is changed in place, to another length. */
  write_text(file, "abcd");
  uint64_t second = version_of(&s);
  CHECK(second != first);
  /* Another file takes the name, as with a careful editor; here it has the same
   * length and time. */
  struct stat st;
  write_text(other, "abcd");
  CHECK_INT(stat(file, &st), 0);
  struct timespec times[2] = {st.st_atim, st.st_mtim};
  CHECK_INT(utimensat(AT_FDCWD, other, times, 0), 0);
  CHECK_INT(rename(other, file), 0);
  uint64_t third = version_of(&s);
  CHECK(third != second);
  CHECK_INT(unlink(file), 0);
  CHECK_INT(version_of(&s), 0);
}

static void a_file_on_a_disk_that_hangs_is_named(void) {
  GC_AUTO(gc_buf_wipe) struct gc_buf out = {.max = GC_SECRET_MAX_BYTES};
  struct gc_secret s = {.file = path_of("mode"), .what = "TokenFile"};
  struct gc_secret_stat stat;
  struct gc_err err;
  struct gc_detached *disk = gc_detached_new("gc-test", 500);
  hang_begin(disk);
  CHECK_INT(gc_secret_read(disk, &s, &out, &err), GC_ERR_TIMEOUT);
  CHECK_HAS(err.text, "TokenFile /tmp");
  CHECK_HAS(err.text, "no answer of the file system; check its disk");
  CHECK_INT(gc_secret_stat(disk, &s, &stat), GC_ERR_TIMEOUT);
  hang_end(disk);
  gc_detached_free(disk);
}

static void remove_folder(void) {
  static const char *const names[] = {"key",  "trim",   "empty", "nul",
                                      "size", "pipe",   "new",   "genesys",
                                      "mode", "version"};
  for (size_t i = 0; i < GC_COUNT(names); i++)
    unlink(path_of(names[i]));
  rmdir(folder);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "child") == 0) {
    check_law = "as_a_child";
    return as_a_child();
  }
  if (mkdtemp(folder) == NULL)
    return 1;
  RUN(exactly_one_place_is_named);
  RUN(a_credential_is_a_name_and_no_path);
  RUN(white_space_around_the_secret_is_removed);
  RUN(an_empty_secret_is_refused);
  RUN(a_failure_names_the_secret_that_is_meant);
  RUN(a_secret_with_a_nul_inside_is_refused);
  RUN(the_size_is_limited);
  RUN(a_file_that_cannot_be_read_is_named);
  RUN(a_pipe_does_not_hang);
  RUN(the_file_is_read_each_time);
  RUN(a_credential_comes_from_systemds_folder);
  RUN(a_missing_variable_is_named);
  RUN(a_variable_is_taken_and_read_again_from_memory);
  RUN(the_kernel_does_not_show_the_variable_any_more);
  RUN(a_file_that_others_can_read_causes_a_warning);
  RUN(only_a_file_can_be_exposed);
  RUN(the_version_changes_with_the_file);
  RUN(a_file_on_a_disk_that_hangs_is_named);
  remove_folder();
  return check_done();
}
