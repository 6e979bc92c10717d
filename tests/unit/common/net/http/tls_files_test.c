/* SPDX-License-Identifier: MIT */
#include "common/net/http/tls_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/net/clock.h"
#include "common/net/file.h"
#include "tests/support/certs.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/folder.h"

enum { BOUND_MS = 15000, TEXT_SIZE = 200 };

static char folder[64];
static char texts[GC_TLS_FILE_COUNT][TEXT_SIZE];

static char *path_of(const char *name) {
  static char paths[4][128];
  static unsigned next;
  char *path = paths[next++ % GC_COUNT(paths)];
  snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
  return path;
}

static void write_file(const char *name, const char *text) {
  char *to = path_of(name), *from = path_of("new");
  FILE *f = fopen(from, "w");
  CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
  CHECK_INT(rename(from, to), 0);
}

static void begin_folder(void) {
  snprintf(folder, sizeof(folder), "/tmp/gc-tls-XXXXXX");
  CHECK(mkdtemp(folder) != NULL);
}

static void keep_text(void *ctx, enum gc_tls_file which, const char *text,
                      size_t len) {
  (void)ctx;
  snprintf(texts[which], TEXT_SIZE, "%.*s", (int)len, text);
}

static enum gc_code read_files(struct gc_tls_files *f, struct gc_err *err) {
  memset(texts, 0, sizeof(texts));
  return gc_tls_files_each(f, keep_text, NULL, err);
}

static struct gc_tls_files *new_files(char *ca, char *cert, char *key) {
  const struct gc_connect c = {
      .ca_cert = ca, .client_cert = cert, .client_key = key};
  return gc_tls_files_new(&c);
}

static void the_key_may_be_in_the_certificate_s_file(void) {
  struct gc_err err = {.code = GC_OK};
  begin_folder();
  write_file("ca", "A");
  write_file("cert", "C");
  CHECK(new_files(NULL, NULL, NULL) == NULL);
  struct gc_tls_files *f = new_files(path_of("ca"), path_of("cert"), NULL);
  CHECK_INT(read_files(f, &err), GC_OK);
  CHECK_STR(texts[GC_TLS_CA], "A");
  CHECK_STR(texts[GC_TLS_CERT], "C");
  CHECK_STR(texts[GC_TLS_KEY], "C");
  gc_tls_files_free(f);
  CHECK(folder_remove(folder));
}

static void the_end_of_a_certificate_is_known(void) {
  struct certs certs;
  struct gc_err err = {.code = GC_OK};
  certs_make(&certs);
  struct gc_tls_files *f = new_files(certs.expired, certs.client, NULL);
  int64_t now_s = gc_clock_wall_ms() / 1000;
  CHECK_INT(gc_tls_files_end_s(f, GC_TLS_CERT), 0);
  CHECK_INT(read_files(f, &err), GC_OK);
  CHECK(gc_tls_files_end_s(f, GC_TLS_CERT) > now_s);
  CHECK(gc_tls_files_end_s(f, GC_TLS_CA) < now_s);
  CHECK(gc_tls_files_end_s(f, GC_TLS_CA) > 0);
  CHECK_INT(gc_tls_files_end_s(NULL, GC_TLS_CA), 0);
  CHECK_INT(gc_tls_end_s("no PEM", 6), 0);
  gc_tls_files_free(f);
  certs_remove(&certs);
}

static void a_renewed_file_is_read_again(void) {
  struct gc_err err = {.code = GC_OK};
  begin_folder();
  write_file("ca", "old");
  struct gc_tls_files *f = new_files(path_of("ca"), NULL, NULL);
  CHECK_INT(read_files(f, &err), GC_OK);
  CHECK_STR(texts[GC_TLS_CA], "old");
  write_file("ca", "new");
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  bool good = true;
  while (strcmp(texts[GC_TLS_CA], "new") != 0 && gc_clock_now_ms() < until_ms)
    good &= read_files(f, &err) == GC_OK;
  CHECK_STR(texts[GC_TLS_CA], "new");
  unlink(path_of("ca")); /* libcurl reports it then */
  until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (texts[GC_TLS_CA][0] != '\0' && gc_clock_now_ms() < until_ms)
    good &= read_files(f, &err) == GC_OK;
  CHECK_STR(texts[GC_TLS_CA], "");
  CHECK(good);
  gc_tls_files_free(f);
  CHECK(folder_remove(folder));
}

/* The folder is as openssl-rehash(1) makes it. */
static void a_folder_gives_its_certificates(void) {
  struct gc_err err = {.code = GC_OK};
  begin_folder();
  write_file("0a1b2c3d.0", "one");
  write_file("0a1b2c3d.1", "two");
  write_file("README", "no");
  write_file("0a1b2c3d.r0", "no");
  write_file("0a1b2c3d", "no");
  CHECK_INT(symlink("nowhere", path_of("ffffffff.0")), 0);
  struct gc_tls_files *f = new_files(folder, NULL, NULL);
  CHECK_INT(read_files(f, &err), GC_OK);
  CHECK(strcmp(texts[GC_TLS_CA], "one\ntwo\n") == 0 ||
        strcmp(texts[GC_TLS_CA], "two\none\n") == 0);
  gc_tls_files_free(f);
  CHECK(folder_remove(folder));
}

/* A pipe that is not opened for writing hangs, like a disk. */
static int pipe_answers(const char *path) {
  int fd = open(path, O_WRONLY | O_NONBLOCK);
  CHECK(fd >= 0);
  return fd;
}

static void a_file_that_hangs_is_named_and_read_when_it_answers(void) {
  struct gc_err err = {.code = GC_OK};
  begin_folder();
  write_file("ca", "A");
  CHECK_INT(mkfifo(path_of("cert"), 0600), 0);
  struct gc_tls_files *f =
      new_files(path_of("ca"), path_of("cert"), path_of("cert"));
  uint64_t began_ms = gc_clock_now_ms();
  for (int i = 0; i < 100; i++)
    CHECK_INT(read_files(f, &err), GC_ERR_TIMEOUT);
  CHECK(gc_clock_now_ms() - began_ms < BOUND_MS);
  CHECK_HAS(err.text, "ClientCert /tmp");
  CHECK_HAS(err.text, "/cert: no answer of the file system; check its disk");

  int fd = pipe_answers(path_of("cert"));
  write_file("cert", "C");
  close(fd);
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (read_files(f, &err) != GC_OK && gc_clock_now_ms() < until_ms)
    continue; /* the read that hung ends */
  CHECK_STR(texts[GC_TLS_CA], "A");
  CHECK_STR(texts[GC_TLS_CERT], "C");
  gc_tls_files_free(f);
  CHECK(folder_remove(folder));
}

static void texts_read_earlier_count_while_the_disk_hangs(void) {
  struct gc_err err = {.code = GC_OK};
  begin_folder();
  write_file("ca", "A");
  struct gc_tls_files *f = new_files(path_of("ca"), NULL, NULL);
  CHECK_INT(read_files(f, &err), GC_OK);
  CHECK_INT(mkfifo(path_of("pipe"), 0600), 0);
  CHECK_INT(rename(path_of("pipe"), path_of("ca")), 0);
  int fd = -1;
  bool good = true;
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (fd < 0 && gc_clock_now_ms() < until_ms) { /* until a read hangs */
    good &= read_files(f, &err) == GC_OK && texts[GC_TLS_CA][0] == 'A';
    fd = open(path_of("ca"), O_WRONLY | O_NONBLOCK);
  }
  CHECK(fd >= 0);
  CHECK(good);
  close(fd);
  gc_tls_files_free(f);
  CHECK(folder_remove(folder));
}

int main(void) {
  RUN(the_key_may_be_in_the_certificate_s_file);
  RUN(the_end_of_a_certificate_is_known);
  RUN(a_renewed_file_is_read_again);
  RUN(a_folder_gives_its_certificates);
  RUN(a_file_that_hangs_is_named_and_read_when_it_answers);
  RUN(texts_read_earlier_count_while_the_disk_hangs);
  return check_done();
}
