/* SPDX-License-Identifier: MIT */
/* AssumeRoleWithWebIdentity: addresses, the form, answers and refusals. */
#include "plugins/genesys_flowmetrics/sources/sqs/aws_credentials.h"

#include <stdlib.h>

#include "tests/support/check.h"

#define HEAD                                                                   \
  "<AssumeRoleWithWebIdentityResponse "                                        \
  "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
#define RESULT "<AssumeRoleWithWebIdentityResult>"
#define TAIL                                                                   \
  "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
#define ID "<AccessKeyId>ASIA1</AccessKeyId>"
#define SECRET "<SecretAccessKey>s/+=</SecretAccessKey>"
#define TOKEN "<SessionToken>T</SessionToken>"
#define END "<Expiration>1970-01-01T01:00:00Z</Expiration>"
#define KEYS(members) HEAD RESULT "<Credentials>" members "</Credentials>" TAIL

static void a_region_has_its_own_address(void) {
  static const struct {
    const char *region;
    const char *url;
  } rows[] = {
      {"eu-west-1", "https://sts.eu-west-1.amazonaws.com"},
      {"cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char url[GC_URL_SIZE];
    CHECK_ROW(rows[i].url);
    sts_endpoint(rows[i].region, url);
    CHECK_STR(url, rows[i].url);
  }
}

static void regions_and_session_names_are_checked(void) {
  static const struct {
    const char *text;
    bool is_region, is_name;
  } rows[] = {
      {"eu-west-1", true, true},
      {"", false, false},
      {"x", true, false},
      {"evil.example/", false, false},
      {"a@evil.example", false, true},
      {"Ops_1+2=3,4.5@6-7", false, true},
      {"two words", false, false},
      {"a23456789012345678901234567890123", false, true},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    CHECK_INT(sts_is_region(rows[i].text), rows[i].is_region);
    CHECK_INT(sts_is_session_name(rows[i].text), rows[i].is_name);
  }
}

static void the_form_is_escaped(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 4096};
  struct gc_err err = {.text = ""};
  CHECK_INT(sts_request_body("arn:aws:iam::1:role/a+b", "me@x", " t.o&k\n", 7,
                             &out, &err),
            GC_OK);
  CHECK_STR(gc_buf_string(&out),
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
            "&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%2Bb"
            "&RoleSessionName=me%40x&WebIdentityToken=t.o%26k");
}

static void the_longest_token_fits(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = STS_BODY_MAX_BYTES};
  struct gc_err err = {.text = ""};
  static char arn[STS_ARN_MAX_BYTES + 1], name[65];
  static char token[STS_TOKEN_MAX_BYTES + 1];
  memset(arn, ':', STS_ARN_MAX_BYTES);
  memset(name, '@', 64);
  memset(token, '&', sizeof(token));
  CHECK_INT(sts_request_body(arn, name, token, STS_TOKEN_MAX_BYTES, &out, &err),
            GC_OK);
  CHECK_INT(
      sts_request_body(arn, name, token, STS_TOKEN_MAX_BYTES + 1, &out, &err),
      GC_ERR_AUTH);
  CHECK_HAS(err.text, "too long");
  CHECK_INT(sts_request_body(arn, name, " \n", 2, &out, &err), GC_ERR_AUTH);
  CHECK_HAS(err.text, "empty");
}

static void the_keys_are_read_from_the_answer(void) {
  static const char text[] =
      "<?xml version=\"1.0\"?>\n" HEAD "\n  " RESULT
      "<Audience a='>'/><AssumedRoleUser><Arn>a</Arn></AssumedRoleUser>"
      "<Credentials>\n" TOKEN
      "<SecretAccessKey>s&amp;/+=&lt;</SecretAccessKey>" END ID
      "</Credentials>" TAIL "\n";
  struct credentials c = {.key_id = ""};
  struct gc_err err = {.text = ""};
  CHECK_INT(sts_parse_answer(text, strlen(text), &c, &err), GC_OK);
  CHECK_STR(c.key_id, "ASIA1");
  CHECK_STR(c.secret, "s&/+=<");
  CHECK_STR(c.token, "T");
  CHECK_INT(c.expires_ms, 3600000);
}

static void other_answers_hold_no_keys(void) {
  static const char *const rows[] = {
      "",
      "<html>",
      "{\"AccessKeyId\":\"A\"}",
      KEYS(ID SECRET TOKEN),
      KEYS(ID SECRET END),
      KEYS(ID ID SECRET TOKEN END),
      KEYS("<AccessKeyId/>" SECRET TOKEN END),
      KEYS("<AccessKeyId></AccessKeyId>" SECRET TOKEN END),
      KEYS(ID SECRET "<SessionToken>a\r\nHost: x</SessionToken>" END),
      KEYS(ID SECRET "<SessionToken>&#10;</SessionToken>" END),
      KEYS(ID SECRET "<SessionToken><![CDATA[T]]></SessionToken>" END),
      KEYS(ID SECRET TOKEN "<Expiration>soon</Expiration>"),
      "<!DOCTYPE a [<!ENTITY b \"c\">]>" KEYS(ID SECRET TOKEN END),
      KEYS(ID SECRET TOKEN END) "<Second/>",
      KEYS(ID SECRET TOKEN END) "words",
      HEAD RESULT "<Credentials>" ID SECRET TOKEN END "</Credentials>",
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct credentials c = {.key_id = "kept"};
    struct gc_err err = {.text = ""};
    CHECK_ROW(rows[i]);
    CHECK_INT(sts_parse_answer(rows[i], strlen(rows[i]), &c, &err),
              GC_ERR_AUTH);
    CHECK_HAS(err.text, "no credentials");
    CHECK_STR(c.key_id, "kept");
  }
}

static void each_cut_off_answer_is_refused(void) {
  static const char text[] = KEYS(ID SECRET TOKEN END);
  for (size_t len = 0; len < sizeof(text) - 1; len++) {
    char *cut = malloc(len + 1); /* the sanitizer sees a read past it */
    struct credentials c;
    if (cut == NULL)
      abort();
    memcpy(cut, text, len);
    CHECK_INT(sts_parse_answer(cut, len, &c, NULL), GC_ERR_AUTH);
    free(cut);
  }
}

int main(void) {
  RUN(a_region_has_its_own_address);
  RUN(regions_and_session_names_are_checked);
  RUN(the_form_is_escaped);
  RUN(the_longest_token_fits);
  RUN(the_keys_are_read_from_the_answer);
  RUN(other_answers_hold_no_keys);
  RUN(each_cut_off_answer_is_refused);
  return check_done();
}
