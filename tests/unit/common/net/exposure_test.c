/* SPDX-License-Identifier: MIT */
#include "common/net/exposure.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/check.h"

static char folder[] = "/tmp/exposure_test_XXXXXX";
static char texts[4][512];
static size_t count;

static void record_warning(void *ctx, const struct gc_err *err) {
  (void)ctx;
  CHECK_INT(err->code, GC_ERR_STATE);
  if (count < GC_COUNT(texts))
    snprintf(texts[count++], sizeof(texts[0]), "%s", err->text);
}

static const char *make_file(const char *name, const char *text, mode_t mode) {
  static char paths[8][128];
  static unsigned turn;
  char *path = paths[turn++ % 8];
  snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
  FILE *f = fopen(path, "w");
  if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 ||
      chmod(path, mode) != 0)
    exit(1);
  return path;
}

static void find_warnings(const struct gc_exposure *e) {
  count = 0;
  gc_exposure_find(e, record_warning, NULL);
}

static void each_exposed_secret_has_its_own_warning(void) {
  struct gc_exposure e = {
      .secret = {.file = make_file("secret", "s3cr3t", 0644)},
      .client_cert = make_file("cert", "x", 0644),
      .client_key = make_file("key", "x", 0604)};
  find_warnings(&e);
  CHECK_INT(count, 2);
  CHECK_HAS(texts[0], e.secret.file);
  CHECK_HAS(texts[0], "chmod 0640");
  CHECK_HAS(texts[1], e.client_key);
  CHECK_HAS(texts[1], "key of the client certificate");
  e.secret.file = make_file("secret", "s3cr3t", 0640);
  e.client_key = make_file("key", "x", 0600);
  find_warnings(&e);
  CHECK_INT(count, 0);
  e.client_key = NULL; /* the key is in the certificate's file */
  find_warnings(&e);
  CHECK_INT(count, 1);
  CHECK_HAS(texts[0], e.client_cert);
}

static void a_secret_in_a_readable_configuration_is_found(void) {
  char config[300];
  const char *main_file = make_file("collectd.conf", "Hostname x\n", 0644);
  const char *ours =
      make_file("genesys.conf", "ClientSecret \"s3cr3t\"\n", 0644);
  snprintf(config, sizeof(config), "%s:/nowhere/*.conf:%s/g*.conf", main_file,
           folder);
  struct gc_exposure e = {.secret = {.literal = "s3cr3t"}, .config = config};
  find_warnings(&e);
  CHECK_INT(count, 1);
  CHECK_HAS(texts[0], ours);
  CHECK_HAS(texts[0], "ClientSecretFile");
  CHECK(strstr(texts[0], "s3cr3t") == NULL);
  CHECK_INT(chmod(ours, 0640), 0);
  find_warnings(&e);
  CHECK_INT(count, 0);
}

/* Each literal has its own warning; an address without a password has none. */
static void other_secrets_in_the_configuration_are_found(void) {
  struct gc_exposure e = {.secret = {.literal = "s3cr3t"},
                          .client_key_pass = "w0rds",
                          .proxy = "http://me:pa55@proxy:3128",
                          .config =
                              make_file("genesys.conf",
                                        "ClientSecret \"s3cr3t\"\n"
                                        "ClientKeyPass \"w0rds\"\n"
                                        "Proxy \"http://me:pa55@proxy:3128\"\n"
                                        "Proxy \"http://me@proxy:3128\"\n",
                                        0644)};
  find_warnings(&e);
  CHECK_INT(count, 3);
  CHECK_HAS(texts[1], "ClientKeyPass is in ");
  CHECK_HAS(texts[2], "the password of Proxy is in ");
  for (size_t i = 0; i < count; i++) {
    CHECK_HAS(texts[i], "genesys.conf");
    CHECK_HAS(texts[i], "chmod the file 0640");
    CHECK(strstr(texts[i], "w0rds") == NULL);
    CHECK(strstr(texts[i], "pa55") == NULL);
  }
  e.proxy = "http://me@proxy:3128";
  find_warnings(&e);
  CHECK_INT(count, 2);
}

static void the_command_line_names_the_configuration(void) {
  static const struct {
    const char *words; /* a blank stands for the NUL between two */
    const char *has;
  } rows[] = {
      {"collectd -f -C /x/c.conf ", "/x/c.conf:/x/collectd.conf.d/*.conf:"},
      {"collectd -C/x/c.conf -f ", "/x/c.conf:/x/collectd.conf.d/*.conf:"},
      {"collectd ", "/etc/collectd/collectd.conf:"},
      {"collectd -C ", ""},
      {"", "/etc/collectd.conf:"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].words);
    char words[64], out[512];
    size_t len = strlen(rows[i].words);
    memcpy(words, rows[i].words, len);
    for (size_t k = 0; k < len; k++)
      if (words[k] == ' ')
        words[k] = '\0';
    gc_exposure_config(words, len, out, sizeof(out));
    CHECK_HAS(out, rows[i].has);
  }
}

int main(void) {
  if (mkdtemp(folder) == NULL)
    return 1;
  RUN(each_exposed_secret_has_its_own_warning);
  RUN(a_secret_in_a_readable_configuration_is_found);
  RUN(other_secrets_in_the_configuration_are_found);
  RUN(the_command_line_names_the_configuration);
  static const char *const names[] = {"secret", "cert", "key", "collectd.conf",
                                      "genesys.conf"};
  for (size_t i = 0; i < GC_COUNT(names); i++) {
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
    unlink(path);
  }
  rmdir(folder);
  return check_done();
}
