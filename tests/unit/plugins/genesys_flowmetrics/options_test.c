/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/options.h"

#include <stdlib.h>

#include "tests/support/fake_daemon.h"

#include "plugins/genesys_flowmetrics/ledger/ledger.h"
#include "tests/support/check.h"
#include "tests/support/conf_text.h"
#include "tests/support/folder.h"

static struct attributes_options options;
static struct gc_err warning, second;
static size_t warning_count;
static char region[64], url[128];
static int64_t retention_ms;

static enum gc_code on_block(const char *name, void *settings,
                             struct gc_err *err) {
  struct attributes_config config = {.retention_ms = 0};
  (void)name;
  options = *(struct attributes_options *)settings;
  enum gc_code code = attributes_check(&options, &config, err);
  warning = config.warnings[0];
  second = config.warnings[1];
  warning_count = config.warning_count;
  snprintf(region, sizeof(region), "%s",
           options.sqs.region != NULL ? options.sqs.region : "");
  snprintf(url, sizeof(url), "%s",
           options.sqs.queue_url != NULL ? options.sqs.queue_url : "");
  retention_ms = config.retention_ms;
  attributes_config_clear(&config);
  gc_options_clear(attributes_rows, &options);
  free(settings);
  return code;
}

static enum gc_code read_attributes(const char *inside, struct gc_err *err) {
  static const struct gc_block_kind blocks[] = {
      {.key = "Attributes",
       .rows = attributes_rows,
       .size = sizeof(struct attributes_options),
       .named = true,
       .read = on_block},
      {.key = NULL}};
  struct gc_config_seen seen = {.begun = false};
  const struct gc_config config = {
      .plugin = "genesys_flowmetrics", .blocks = blocks, .seen = &seen};
  char text[2000];
  snprintf(text, sizeof(text),
           "<Plugin genesys_flowmetrics>\n<Attributes \"ivr\">\n%s\n"
           "</Attributes>\n</Plugin>\n",
           inside);
  oconfig_item_t *root = conf_parse(text);
  enum gc_code code = gc_config_read(&config, &root->children[0], err);
  conf_free(root);
  gc_config_seen_clear(&seen);
  return code;
}

#define QUEUE "QueueURL \"https://sqs.eu-west-1.amazonaws.com/123/q\"\n"

static void sqs_needs_only_a_queue(void) {
  struct gc_err err = {.text = ""};
  CHECK_INT(read_attributes(QUEUE, &err), GC_OK);
  CHECK_STR(region, "eu-west-1");
  CHECK_STR(url, "https://sqs.eu-west-1.amazonaws.com/123/q");
  CHECK_INT(retention_ms, INT64_C(14) * 24 * 3600 * 1000);
  CHECK_INT(warning.code, GC_OK);
  CHECK_INT(read_attributes("Source \"webhook\"\n", &err), GC_OK);
  CHECK_INT(
      read_attributes("Source \"notifications\"\nAccount \"prod\"\n", &err),
      GC_OK);
}

/* A shared state finds the counts of a block by its name. */
static void a_name_that_would_be_cut_is_refused_with_a_shared_state(void) {
  static char url_text[] = "redis://127.0.0.1";
  struct attributes_options alone = {.account = NULL},
                            shared = {.state_url = url_text};
  struct gc_err err = {.text = ""};
  char name[129];
  memset(name, 'n', sizeof(name));
  name[127] = '\0';
  CHECK_INT(attributes_check_name(&shared, name, &err), GC_OK);
  name[127] = 'n';
  name[128] = '\0';
  CHECK_INT(attributes_check_name(&shared, name, &err), GC_ERR_CONFIG);
  CHECK_HAS(err.text, "longer than 127 bytes");
  CHECK_INT(attributes_check_name(&alone, name, &err), GC_OK);
}

static void contradictory_options_are_refused(void) {
  static const struct {
    const char *text, *says;
  } rows[] = {
      {"Source \"sqs\"", "QueueURL is missing"},
      {"Source \"kafka\"", "\"sqs\", \"webhook\", \"notifications\""},
      {"Source \"notifications\"", "Account is missing"},
      {"QueueURL \"http://sqs.eu-west-1.amazonaws.com/1/q\"", "QueueURL"},
      {"QueueURL \"http://127.0.0.1:1/1/q\"", "AWSRegion is missing"},
      {QUEUE "AWSRegion \"Ireland!\"", "AWSRegion"},
      {QUEUE "AccessKeyId \"A\"", "SecretAccessKeyFile"},
      {QUEUE "StateURL \"redis://:s3cret@127.0.0.1/0\"", "StatePasswordFile"},
      {QUEUE "StateURL \"redis://127.0.0.1/x\"",
       "expected /DATABASE after the host"},
      {QUEUE "StateURL \"redis://127.0.0.1\"\nStateUser \"gc\"",
       "StatePasswordFile"},
      {QUEUE "StateUser \"gc\"", "StateURL"},
      {QUEUE "Retention \"PT1M\"", "PT1H to P366D"},
      {QUEUE "Retention \"two weeks\"", "Retention"},
      {QUEUE "AttributeFormat \"%{flow}\"", "AttributeFormat"},
      {QUEUE "MaxSeries 0", "MaxSeries"},
      {QUEUE "Path \"/events\"",
       "Path: an option of Source \"webhook\", without effect here, where "
       "Source is \"sqs\""},
      {"Source \"webhook\"\nQueueURL \"no address\"",
       "QueueURL: an option of Source \"sqs\""},
      {QUEUE "Handshake \"*.eventgrid.azure.net\"",
       "Handshake: an option of Source \"webhook\", without effect here, "
       "where Source is \"sqs\""},
      {"Source \"notifications\"\nAccount \"prod\"\nConsumers 4",
       "Consumers: an option of Source \"sqs\""},
      {"Source \"webhook\"\nListen \"0.0.0.0\"", "SharedSecretFile"},
      {"Source \"webhook\"\nListen \"::\"", "SharedSecretFile"},
      {"Source \"webhook\"\nPath \"x\"", "Path"},
      {"Source \"webhook\"\nTLSKey \"/k\"", "TLSCert"},
      {"Source \"webhook\"\nSharedSecretHeader \"a b\"", "SharedSecretHeader"},
  };
  unsetenv("AWS_REGION");
  unsetenv("AWS_DEFAULT_REGION");
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_err err = {.text = ""};
    CHECK_ROW(rows[i].text);
    CHECK_INT(read_attributes(rows[i].text, &err), GC_ERR_CONFIG);
    CHECK_HAS(err.text, rows[i].says);
    CHECK_HAS(err.text, "<Attributes \"ivr\">");
  }
}

static void a_short_visibility_is_a_warning(void) {
  struct gc_err err = {.text = ""};
  static const char queue[] =
      "QueueURL \"https://sqs.eu-west-1.amazonaws.com/1/q\"\n";
  char inside[200];
  snprintf(inside, sizeof(inside), "%sVisibilityTimeout 5", queue);
  CHECK_INT(read_attributes(inside, &err), GC_OK);
  CHECK_HAS(warning.text, "VisibilityTimeout 5 is short");
  CHECK_INT(warning_count, 1);
  snprintf(inside, sizeof(inside), "%sVisibilityTimeout 30", queue);
  CHECK_INT(read_attributes(inside, &err), GC_OK);
  CHECK_INT(warning_count, 0);
}

static void a_public_listener_without_tls_or_secret_is_a_warning(void) {
  struct gc_err err;
  CHECK_INT(read_attributes("Source \"webhook\"\nListen \"0.0.0.0\"\n"
                            "SharedSecretFile \"/nonexistent\"",
                            &err),
            GC_OK);
  CHECK_HAS(warning.text, "unencrypted");
  CHECK_INT(read_attributes(
                "Source \"webhook\"\nListen \"0.0.0.0\"\nTLSCert \"/c\"", &err),
            GC_OK);
  CHECK_HAS(warning.text, "any host that reaches it");
  CHECK_INT(
      read_attributes("Source \"webhook\"\nListen \"0.0.0.0\"\nTLSCert \"/c\"\n"
                      "SharedSecretFile \"/nonexistent\"",
                      &err),
      GC_OK);
  CHECK_INT(warning.code, GC_OK);
}

static void each_warning_is_a_line_of_its_own(void) {
  char text[300], folder[] = "/tmp/gc-options-XXXXXX";
  struct gc_err err;
  CHECK(mkdtemp(folder) != NULL);
  snprintf(text, sizeof(text), "touch %s/s %s/k && chmod 0644 %s/s %s/k",
           folder, folder, folder, folder);
  CHECK_INT(system(text), 0);
  snprintf(text, sizeof(text),
           "Source \"webhook\"\nListen \"0.0.0.0\"\n"
           "SharedSecretFile \"%s/s\"\nTLSCert \"/c\"\nTLSKey \"%s/k\"",
           folder, folder);
  CHECK_INT(read_attributes(text, &err), GC_OK);
  CHECK_INT(warning_count, 2);
  CHECK_HAS(warning.text, "SharedSecretFile /tmp");
  CHECK_HAS(warning.text, "/s is readable by every user");
  CHECK_HAS(second.text, "TLSKey");
  CHECK_HAS(second.text, "/k is readable by every user");
  snprintf(text, sizeof(text), "%s/k", folder);
  setenv("AWS_SHARED_CREDENTIALS_FILE", text, 1);
  CHECK_INT(read_attributes(QUEUE, &err), GC_OK);
  CHECK_INT(warning_count, 1);
  CHECK_HAS(warning.text, "the shared credentials file");
  unsetenv("AWS_SHARED_CREDENTIALS_FILE");
  CHECK(folder_remove(folder));
}

static void a_shared_state_needs_a_build_with_hiredis(void) {
  static const struct {
    const char *text, *warns;
  } rows[] = {
      {QUEUE "StateURL \"redis://127.0.0.1:6379/0\"", ""},
      {QUEUE "StateURL \"redis://[::1]/3\"", ""},
      {QUEUE "StateURL \"unix:///run/redis/s\"", ""},
      {QUEUE "StateURL \"redis://redis.example:6379/0\"", "unencrypted"},
      {QUEUE "StateURL \"rediss://redis.example:6379/0\"", ""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_err err = {.text = ""};
    bool can = ledger_has_redis();
    CHECK_ROW(rows[i].text);
    CHECK_INT(read_attributes(rows[i].text, &err), can ? GC_OK : GC_ERR_CONFIG);
    CHECK_HAS(can ? warning.text : err.text, can ? rows[i].warns : "hiredis");
  }
}

static void blocks_keep_their_state_in_one_place(void) {
  char one[] = "redis://a", two[] = "redis://b", file[] = "/f";
  struct attributes_options a = {.state_url = one}, b = {.state_url = one};
  struct gc_err err = {.text = ""};
  CHECK_INT(attributes_check_state(&a, &b, "hook", &err), GC_OK);
  b.state_url = two;
  CHECK_INT(attributes_check_state(&a, &b, "hook", &err), GC_ERR_CONFIG);
  CHECK_HAS(err.text, "\"hook\"");
  b.state_url = NULL;
  CHECK_INT(attributes_check_state(&a, &b, "hook", &err), GC_ERR_CONFIG);
  b.state_url = one;
  b.state_password_file = file;
  CHECK_INT(attributes_check_state(&a, &b, "hook", &err), GC_ERR_CONFIG);
}

int main(void) {
  RUN(sqs_needs_only_a_queue);
  RUN(a_name_that_would_be_cut_is_refused_with_a_shared_state);
  RUN(contradictory_options_are_refused);
  RUN(a_short_visibility_is_a_warning);
  RUN(a_public_listener_without_tls_or_secret_is_a_warning);
  RUN(each_warning_is_a_line_of_its_own);
  RUN(a_shared_state_needs_a_build_with_hiredis);
  RUN(blocks_keep_their_state_in_one_place);
  return check_done();
}
