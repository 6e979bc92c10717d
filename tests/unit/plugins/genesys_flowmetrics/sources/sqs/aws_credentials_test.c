/* SPDX-License-Identifier: MIT */
/* The renewal of credentials: the web identity of EKS with a scripted STS. */
#include "plugins/genesys_flowmetrics/sources/sqs/aws_credentials.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/replay.h"

#define ROLE "arn:aws:iam::123456789012:role/collectd"
#define PAIR(id, end)                                                          \
  "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>"       \
  "<Credentials><AccessKeyId>" id "</AccessKeyId><SecretAccessKey>S"           \
  "</SecretAccessKey><SessionToken>T</SessionToken><Expiration>" end           \
  "</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"              \
  "</AssumeRoleWithWebIdentityResponse>"
/* An hour and two hours after REPLAY_START_WALL_MS, 2023-11-14T22:13:20Z. */
#define FIRST PAIR("ASIA1", "2023-11-14T23:13:20Z")
#define SECOND PAIR("ASIA2", "2023-11-15T00:13:20Z")

enum { HOUR_MS = 3600 * 1000, MINUTE_MS = 60 * 1000 };

static struct replay r;
static struct credentials_source source;
static struct credentials_keeper *keeper;
static char path[] = "token-XXXXXX";
static struct gc_err ready_err;
static unsigned ready_count;

static uint64_t now_ms(void) { return r.env.now_ms(r.env.ctx); }
static int64_t wall_ms(void) { return r.env.wall_ms(r.env.ctx); }

static void on_ready(void *ctx, const struct gc_err *err) {
  (void)ctx;
  ready_err = *err;
  ready_count++;
}

static const struct credentials *get_credentials(void) {
  return credentials_get(keeper, on_ready, NULL);
}

static void write_token(const char *text) {
  FILE *f = fopen(path, "w");
  CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void forget_environment(void) {
  static const char *const names[] = {
      "AWS_ACCESS_KEY_ID",     "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
      "AWS_ROLE_SESSION_NAME", "AWS_REGION",   "AWS_DEFAULT_REGION",
      "AWS_ENDPOINT_URL_STS"};
  for (size_t i = 0; i < GC_COUNT(names); i++)
    unsetenv(names[i]);
}

static void begin_keeper(void) {
  struct gc_err err = {.text = ""};
  forget_environment();
  setenv("AWS_ROLE_ARN", ROLE, 1);
  setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
  setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:4566/", 1);
  write_token("first.token\n");
  replay_init(&r);
  ready_count = 0;
  CHECK_INT(credentials_find_source(NULL, NULL, "eu-west-1", &source, &err),
            GC_OK);
  keeper = credentials_keeper_new(&source, &r.env.transport, now_ms, wall_ms);
  CHECK(keeper != NULL);
}

static void end_keeper(void) {
  credentials_keeper_free(keeper);
  credentials_source_clear(&source);
  CHECK_INT(r.in_flight, 0);
  replay_clear(&r);
}

static void answer_sts(int status, const char *body) {
  replay_answer(&r, &(struct replay_answer){
                        .match = "POST /", .status = status, .body = body});
}

static void the_address_follows_the_environment(void) {
  static const struct {
    const char *name, *value, *second_name, *second_value;
    const char *url, *error;
  } rows[] = {
      {"AWS_REGION", "", "", "", "https://sts.eu-west-1.amazonaws.com", NULL},
      {"AWS_REGION", "eu-north-1", "AWS_DEFAULT_REGION", "us-east-1",
       "https://sts.eu-north-1.amazonaws.com", NULL},
      {"AWS_DEFAULT_REGION", "us-east-1", "", "",
       "https://sts.us-east-1.amazonaws.com", NULL},
      {"AWS_REGION", "evil.example/", "", "", NULL, "AWS_REGION \"evil"},
      {"AWS_ENDPOINT_URL_STS", "http://[::1]:80/x", "", "", "http://[::1]:80/x",
       NULL},
      {"AWS_ENDPOINT_URL_STS", "https://vpce-1.sts.example", "", "",
       "https://vpce-1.sts.example", NULL},
      {"AWS_ENDPOINT_URL_STS", "http://sts.example", "", "", NULL,
       "AWS_ENDPOINT_URL_STS"},
      {"AWS_ROLE_SESSION_NAME", "two words", "", "", NULL,
       "AWS_ROLE_SESSION_NAME \"two words\""},
      {"AWS_ROLE_ARN", "", "", "", NULL, "AWS_ROLE_ARN"},
      {"AWS_ROLE_ARN", "collectd", "", "", NULL, "AWS_ROLE_ARN \"collectd\""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct credentials_source s;
    struct gc_err err = {.text = ""};
    forget_environment();
    setenv("AWS_ROLE_ARN", ROLE, 1);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/run/token", 1);
    setenv(rows[i].name, rows[i].value, 1);
    if (rows[i].second_name[0] != '\0')
      setenv(rows[i].second_name, rows[i].second_value, 1);
    CHECK_ROW(rows[i].url != NULL ? rows[i].url : rows[i].error);
    CHECK_INT(credentials_find_source(NULL, NULL, "eu-west-1", &s, &err),
              rows[i].url != NULL ? GC_OK : GC_ERR_CONFIG);
    if (rows[i].url != NULL)
      CHECK_STR(s.url, rows[i].url);
    else
      CHECK_HAS(err.text, rows[i].error);
    credentials_source_clear(&s);
  }
}

static void a_role_without_a_token_file_is_left_to_other_places(void) {
  struct credentials_source s;
  struct gc_err err = {.text = ""};
  forget_environment();
  setenv("AWS_ROLE_ARN", ROLE, 1);
  setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
  CHECK_INT(credentials_find_source(NULL, NULL, "eu-west-1", &s, &err), GC_OK);
  CHECK_INT(s.place, CREDENTIALS_FILE);
  credentials_source_clear(&s);
}

static void the_token_is_exchanged_for_keys(void) {
  begin_keeper();
  answer_sts(200, FIRST);
  CHECK(get_credentials() == NULL);
  replay_run(&r, 1);
  CHECK_INT(ready_count, 1);
  CHECK_INT(ready_err.code, GC_OK);
  const struct credentials *keys = get_credentials();
  CHECK(keys != NULL);
  CHECK_STR(keys != NULL ? keys->key_id : "", "ASIA1");
  CHECK_STR(keys != NULL ? keys->token : "", "T");
  const struct replay_request *request = replay_last(&r, "POST /");
  CHECK_STR(request->url, "http://127.0.0.1:4566/");
  CHECK_HAS(request->headers, "application/x-www-form-urlencoded");
  CHECK_HAS(request->body, "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole"
                           "%2Fcollectd&RoleSessionName=collectd-genesys_"
                           "flowmetrics&WebIdentityToken=first.token");
  end_keeper();
}

static void the_token_is_read_again_at_each_renewal(void) {
  begin_keeper();
  answer_sts(200, FIRST);
  answer_sts(200, SECOND);
  CHECK(get_credentials() == NULL);
  replay_run(&r, 54 * MINUTE_MS);
  CHECK(get_credentials() != NULL);
  CHECK_INT(replay_count(&r, "POST /"), 1);
  write_token("second.token");
  replay_run(&r, 2 * MINUTE_MS);
  CHECK(get_credentials() != NULL); /* the old keys, while the renewal runs */
  replay_run(&r, 1);
  CHECK_INT(replay_count(&r, "POST /"), 2);
  CHECK_HAS(replay_last(&r, "POST /")->body, "WebIdentityToken=second.token");
  const struct credentials *keys = get_credentials();
  CHECK_STR(keys != NULL ? keys->key_id : "", "ASIA2");
  end_keeper();
}

/* The service signs by its own clock; a step of ours changes no keys. */
static void a_step_of_the_wall_clock_renews_nothing(void) {
  static const int64_t steps_ms[] = {25 * 60 * MINUTE_MS, -25 * 60 * MINUTE_MS};
  for (size_t i = 0; i < GC_COUNT(steps_ms); i++) {
    begin_keeper();
    answer_sts(200, FIRST);
    answer_sts(200, SECOND);
    CHECK(get_credentials() == NULL);
    replay_run(&r, 1);
    r.wall_ms += steps_ms[i];
    CHECK(get_credentials() != NULL);
    replay_run(&r, 53 * MINUTE_MS);
    CHECK(get_credentials() != NULL);
    CHECK_INT(replay_count(&r, "POST /"), 1);
    replay_run(&r, 3 * MINUTE_MS);
    CHECK(get_credentials() != NULL);
    CHECK_INT(replay_count(&r, "POST /"), 2);
    replay_run(&r, 1);
    end_keeper();
  }
}

/* Keys that are expired by a wrong clock are used and renewed without haste. */
static void a_clock_that_is_ahead_causes_few_requests_for_keys(void) {
  begin_keeper();
  r.wall_ms += 25 * 60 * MINUTE_MS;
  replay_answer(&r, &(struct replay_answer){.match = "POST /",
                                            .times = REPLAY_ALWAYS,
                                            .status = 200,
                                            .body = FIRST});
  CHECK(get_credentials() == NULL);
  for (int i = 0; i < 600; i++) {
    replay_run(&r, 100);
    CHECK(get_credentials() != NULL);
  }
  CHECK(replay_count(&r, "POST /") <= 4);
  replay_run(&r, 1);
  end_keeper();
}

static void a_failed_renewal_is_repeated_after_a_pause(void) {
  begin_keeper();
  answer_sts(200, FIRST);
  replay_answer(&r, &(struct replay_answer){.match = "POST /",
                                            .times = REPLAY_ALWAYS,
                                            .status = 500});
  CHECK(get_credentials() == NULL);
  replay_run(&r, 56 * MINUTE_MS);
  for (int i = 0; i < 100; i++) {
    CHECK(get_credentials() != NULL);
    replay_run(&r, 10);
  }
  CHECK_INT(replay_count(&r, "POST /"), 2);
  replay_run(&r, 30 * 1000);
  CHECK(get_credentials() != NULL);
  CHECK_INT(replay_count(&r, "POST /"), 3);
  replay_run(&r, 4 * MINUTE_MS);
  CHECK(get_credentials() == NULL); /* expired */
  replay_run(&r, 1);
  CHECK_INT(ready_err.code, GC_ERR_AUTH);
  end_keeper();
}

/* A pipe that is not opened for writing hangs, like a disk. */
static void a_file_that_hangs_leaves_the_present_keys_and_is_named(void) {
  for (int is_renewal = 0; is_renewal < 2; is_renewal++) {
    CHECK_ROW(is_renewal ? "renewal" : "first");
    begin_keeper();
    if (is_renewal) {
      answer_sts(200, FIRST);
      CHECK(get_credentials() == NULL);
      replay_run(&r, 56 * MINUTE_MS);
    }
    ready_err = (struct gc_err){.code = GC_OK};
    CHECK_INT(unlink(path), 0);
    CHECK_INT(mkfifo(path, 0600), 0);
    CHECK_INT(get_credentials() != NULL, is_renewal);
    CHECK_INT(replay_count(&r, "POST /"), is_renewal);
    if (!is_renewal)
      CHECK_HAS(ready_err.text, "no answer of the file system");

    int fd = open(path, O_WRONLY | O_NONBLOCK);
    CHECK(fd >= 0);
    CHECK_INT(unlink(path), 0);
    write_token("first.token\n");
    close(fd);
    replay_answer(&r, &(struct replay_answer){.match = "POST /",
                                              .times = REPLAY_ALWAYS,
                                              .status = 200,
                                              .body = SECOND});
    uint64_t end_ms = gc_clock_now_ms() + 20000;
    const struct credentials *c = get_credentials();
    while ((c == NULL || strcmp(c->key_id, "ASIA2") != 0) &&
           gc_clock_now_ms() < end_ms) {
      replay_run(&r, c != NULL ? 30 * 1000 : 1); /* the old keys expire */
      c = get_credentials();
    }
    CHECK_STR(c != NULL ? c->key_id : "none", "ASIA2");
    end_keeper();
  }
}

static void errors_name_the_variable_and_the_file(void) {
  begin_keeper();
  CHECK_INT(unlink(path), 0);
  CHECK(get_credentials() == NULL);
  CHECK_INT(ready_count, 1);
  CHECK_INT(ready_err.code, GC_ERR_AUTH);
  CHECK_HAS(ready_err.text, "AWS_WEB_IDENTITY_TOKEN_FILE");
  CHECK_HAS(ready_err.text, path);
  CHECK_HAS(ready_err.text, "mount the service account's token");
  write_token(" \n");
  CHECK(get_credentials() == NULL);
  CHECK_HAS(ready_err.text, "AWS_WEB_IDENTITY_TOKEN_FILE token-");
  CHECK_HAS(ready_err.text, "is empty");
  CHECK_INT(r.request_count, 0);
  end_keeper();
}

static void a_refusal_names_the_file_and_no_secret(void) {
  begin_keeper();
  answer_sts(403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>m"
                  "</Message></Error></ErrorResponse>");
  CHECK(get_credentials() == NULL);
  replay_run(&r, 1);
  CHECK_INT(ready_err.code, GC_ERR_AUTH);
  CHECK_HAS(ready_err.text, "AWS credentials from the web identity token ");
  CHECK_HAS(ready_err.text, path);
  CHECK_HAS(ready_err.text, "trust policy of AWS_ROLE_ARN");
  CHECK(strstr(ready_err.text, "first.token") == NULL);
  answer_sts(200, "<html>");
  CHECK(get_credentials() == NULL);
  replay_run(&r, 1);
  CHECK_HAS(ready_err.text, "the answer holds no credentials");
  end_keeper();
}

static void an_address_without_an_answer_has_its_own_advice(void) {
  begin_keeper();
  replay_answer(&r, &(struct replay_answer){.match = "POST /",
                                            .failure = GC_FAILURE_CONNECT});
  CHECK(get_credentials() == NULL);
  replay_run(&r, 1);
  CHECK_INT(ready_err.code, GC_ERR_AUTH);
  CHECK_HAS(ready_err.text, "check AWS_REGION, Proxy and the firewall");
  end_keeper();
}

/* The last place is asked on every host without keys. */
static void without_a_role_the_options_are_named(void) {
  static const struct replay_answer answers[] = {
      {.match = "PUT /latest/api/token", .status = 403},
      {.match = "PUT /latest/api/token", .failure = GC_FAILURE_TIMEOUT},
      {.match = "PUT /latest/api/token", .status = 200, .body = ""},
  };
  for (size_t i = 0; i < GC_COUNT(answers); i++) {
    begin_keeper();
    source.place = CREDENTIALS_INSTANCE;
    replay_answer(&r, &answers[i]);
    CHECK(get_credentials() == NULL);
    replay_run(&r, 1);
    CHECK_INT(ready_err.code, GC_ERR_AUTH);
    CHECK_HAS(ready_err.text, "the instance metadata");
    CHECK_HAS(ready_err.text, "set AccessKeyId and SecretAccessKeyFile");
    end_keeper();
  }
}

static void use_option(void) {
  credentials_keeper_free(keeper);
  credentials_source_clear(&source);
  CHECK_INT(credentials_find_source("AKIA1", path, "eu-west-1", &source, NULL),
            GC_OK);
  keeper = credentials_keeper_new(&source, &r.env.transport, now_ms, wall_ms);
}

static void a_replaced_key_counts_after_five_minutes(void) {
  begin_keeper();
  use_option();
  write_token("first\n");
  CHECK_STR(get_credentials()->secret, "first");
  write_token("second\n");
  replay_run(&r, 5 * MINUTE_MS - 1);
  CHECK_STR(get_credentials()->secret, "first");
  replay_run(&r, 1);
  CHECK_STR(get_credentials()->secret, "second");
  end_keeper();
}

/* AWS would refuse them once more; a changed file is used at once. */
static void refused_keys_are_held_until_they_change(void) {
  begin_keeper();
  use_option();
  CHECK(get_credentials() != NULL);
  CHECK(!credentials_is_held(keeper));
  credentials_refused(keeper);
  for (int i = 0; i < 9; i++) {
    CHECK(get_credentials() != NULL);
    CHECK(credentials_is_held(keeper));
    replay_run(&r, MINUTE_MS / 2);
  }
  write_token("second\n");
  CHECK_STR(get_credentials()->secret, "second");
  CHECK(!credentials_is_held(keeper));
  credentials_refused(keeper);
  CHECK(get_credentials() != NULL && credentials_is_held(keeper));
  replay_run(&r, 5 * MINUTE_MS);
  CHECK(get_credentials() != NULL && !credentials_is_held(keeper));
  credentials_refused(keeper);
  CHECK(get_credentials() != NULL && credentials_is_held(keeper));
  end_keeper();
}

/* The first refusal may be of keys that have expired. */
static void keys_of_a_service_are_held_when_new_ones_are_refused_too(void) {
  begin_keeper();
  for (int i = 0; i < 2; i++)
    answer_sts(200, i == 0 ? FIRST : SECOND);
  CHECK(get_credentials() == NULL);
  replay_run(&r, 1);
  CHECK(get_credentials() != NULL && !credentials_is_held(keeper));
  credentials_refused(keeper);
  credentials_refused(keeper); /* by another request with the same keys */
  CHECK(get_credentials() == NULL);
  replay_run(&r, 1);
  CHECK(get_credentials() != NULL && !credentials_is_held(keeper));
  credentials_refused(keeper);
  for (int i = 0; i < 4; i++) {
    CHECK(get_credentials() != NULL && credentials_is_held(keeper));
    replay_run(&r, MINUTE_MS);
  }
  CHECK_INT(replay_count(&r, "POST /"), 2);
  replay_run(&r, MINUTE_MS);
  CHECK(get_credentials() != NULL && !credentials_is_held(keeper));
  end_keeper();
}

static void a_request_under_way_is_cancelled(void) {
  begin_keeper();
  replay_answer(&r,
                &(struct replay_answer){.match = "POST /", .is_silent = true});
  CHECK(get_credentials() == NULL);
  replay_run(&r, 1000);
  CHECK_INT(r.in_flight, 1);
  end_keeper();
  CHECK_INT(ready_count, 0);
}

int main(void) {
  int fd = mkstemp(path);
  CHECK(fd >= 0 && close(fd) == 0);
  RUN(the_address_follows_the_environment);
  RUN(a_role_without_a_token_file_is_left_to_other_places);
  RUN(the_token_is_exchanged_for_keys);
  RUN(the_token_is_read_again_at_each_renewal);
  RUN(a_step_of_the_wall_clock_renews_nothing);
  RUN(a_clock_that_is_ahead_causes_few_requests_for_keys);
  RUN(a_failed_renewal_is_repeated_after_a_pause);
  RUN(a_file_that_hangs_leaves_the_present_keys_and_is_named);
  RUN(errors_name_the_variable_and_the_file);
  RUN(a_refusal_names_the_file_and_no_secret);
  RUN(an_address_without_an_answer_has_its_own_advice);
  RUN(without_a_role_the_options_are_named);
  RUN(a_replaced_key_counts_after_five_minutes);
  RUN(refused_keys_are_held_until_they_change);
  RUN(keys_of_a_service_are_held_when_new_ones_are_refused_too);
  RUN(a_request_under_way_is_cancelled);
  CHECK_INT(unlink(path), 0);
  return check_done();
}
