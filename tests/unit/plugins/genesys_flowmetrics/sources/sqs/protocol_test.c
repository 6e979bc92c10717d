/* SPDX-License-Identifier: MIT */
/* Messages of SQS, and the places of AWS credentials. */
#include "plugins/genesys_flowmetrics/sources/sqs/protocol.h"

#include <stdlib.h>

#include "plugins/genesys_flowmetrics/sources/sqs/aws_credentials.h"
#include "tests/support/check.h"

static void the_region_is_in_the_queues_address(void) {
  static const struct {
    const char *url, *region;
  } rows[] = {
      {"https://sqs.eu-west-1.amazonaws.com/123/q", "eu-west-1"},
      {"https://sqs-fips.us-gov-west-1.amazonaws.com/1/q", "us-gov-west-1"},
      {"https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/1/q", "eu-west-1"},
      {"https://us-east-2.queue.amazonaws.com/1/q", "us-east-2"},
      {"https://sqs.cn-north-1.amazonaws.com.cn:443/1/q", "cn-north-1"},
      {"http://127.0.0.1:9324/000/sqs", ""},
      {"http://localhost:9324/queue/x", ""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char region[64] = "";
    CHECK_ROW(rows[i].url);
    CHECK_INT(sqs_region_of(rows[i].url, region), rows[i].region[0] != '\0');
    CHECK_STR(region, rows[i].region);
  }
}

static void the_endpoint_is_the_queues_host(void) {
  char out[GC_URL_SIZE];
  sqs_endpoint("https://sqs.eu-west-1.amazonaws.com/123/q", out);
  CHECK_STR(out, "https://sqs.eu-west-1.amazonaws.com/");
  sqs_endpoint("http://localhost:9324", out);
  CHECK_STR(out, "http://localhost:9324/");
}

static void requests_follow_the_protocol(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 4096};
  static char one[] = "r\"1", two[] = "r2";
  char *at[] = {one, two};
  const struct sqs_receipts receipts = {.at = at, .count = 2};
  CHECK_INT(sqs_receive_body("https://h/1/q", 10, 20, 60, &out, NULL), GC_OK);
  CHECK_STR(gc_buf_string(&out),
            "{\"QueueUrl\":\"https://h/1/q\",\"MaxNumberOfMessages\":10,"
            "\"WaitTimeSeconds\":20,\"VisibilityTimeout\":60,"
            "\"MessageSystemAttributeNames\":[\"SentTimestamp\"]}");
  CHECK_INT(sqs_delete_body("u", &receipts, &out, NULL), GC_OK);
  CHECK_STR(gc_buf_string(&out),
            "{\"QueueUrl\":\"u\",\"Entries\":[{\"Id\":\"0\",\"ReceiptHandle\":"
            "\"r\\\"1\"},{\"Id\":\"1\",\"ReceiptHandle\":\"r2\"}]}");
}

static struct gc_buf got = {.max = 4096};
static enum gc_code on_message(void *ctx, const struct sqs_message *m) {
  (void)ctx;
  return gc_buf_print(&got, "%s|%.*s|%lld ", m->receipt, (int)m->body_len,
                      m->body, (long long)m->sent_ms);
}

static enum gc_code read_answer(const char *text, size_t step) {
  struct sqs_answer *a = sqs_answer_new(on_message, NULL);
  struct gc_sink sink = sqs_answer_sink(a);
  enum gc_code code = GC_OK;
  size_t len = strlen(text);
  gc_buf_reset(&got);
  sink.begin(sink.ctx);
  for (size_t at = 0; at < len && code == GC_OK; at += step)
    code = sink.write(sink.ctx, text + at, len - at < step ? len - at : step,
                      NULL);
  if (code == GC_OK)
    code = sqs_answer_end(a, NULL);
  sqs_answer_free(a);
  return code;
}

static void messages_are_read_from_pieces_of_any_size(void) {
  static const char text[] =
      "{\"Messages\":[{\"MessageId\":\"m\",\"ReceiptHandle\":\"r1\",\"Body\":"
      "\"{\\\"a\\\":1}\",\"Attributes\":{\"SentTimestamp\":\"1660000000000\"}},"
      "{\"Attributes\":{},\"Body\":\"\",\"ReceiptHandle\":\"r2\"}]}";
  for (size_t step = 1; step < sizeof(text); step += 7) {
    CHECK_INT(read_answer(text, step), GC_OK);
    CHECK_STR(gc_buf_string(&got), "r1|{\"a\":1}|1660000000000 r2||0 ");
  }
  CHECK_INT(read_answer("{}", 1), GC_OK);
  CHECK_STR(gc_buf_string(&got), "");
}

static void an_incomplete_answer_is_an_error(void) {
  CHECK_INT(read_answer("{\"Messages\":[", 5), GC_ERR_PARSE);
  CHECK_INT(read_answer("<html>", 5), GC_ERR_PARSE);
  CHECK_INT(read_answer("{\"__type\":\"InternalFailure\"}", 5), GC_ERR_PARSE);
  CHECK_INT(read_answer("{\"Messages\":[{\"Body\":\"x\"}]}", 5), GC_ERR_PARSE);
  CHECK_INT(read_answer("{\"Messages\":[{\"ReceiptHandle\":\"x\"}]}", 5),
            GC_ERR_PARSE);
}

/* Such an answer would otherwise be an empty queue, without a word. */
static void messages_of_another_type_are_an_error(void) {
  CHECK_INT(read_answer("{\"Messages\":\"none\"}", 5), GC_ERR_PARSE);
  CHECK_INT(read_answer("{\"Messages\":17}", 5), GC_ERR_PARSE);
  CHECK_INT(read_answer("{\"Messages\":[17]}", 5), GC_ERR_PARSE);
  CHECK_INT(read_answer("{\"Messages\":null}", 5), GC_OK);
}

static void a_short_visibility_is_reported(void) {
  struct gc_err err = {.text = ""};
  CHECK_INT(sqs_check_visibility(4999, 5, &err), GC_OK);
  CHECK_INT(sqs_check_visibility(7200, 5, &err), GC_ERR_TIMEOUT);
  CHECK_HAS(err.text, "committed 7 s after their receipt");
  CHECK_HAS(err.text, "VisibilityTimeout is 5 s");
}

static void only_named_entries_count_as_deleted(void) {
  static const struct {
    const char *text;
    size_t deleted;
  } rows[] = {
      {"{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"1\"}]}", 2},
      {"{\"Successful\":[{\"Id\":\"0\"}],\"Failed\":[{\"Id\":\"1\"}]}", 1},
      {"{\"Failed\":[{\"Id\":\"0\"}]}", 0},
      {"{\"Successful\":[1,2,3]}", 2},
      {"{}", 0},
      {"", 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    CHECK_INT(sqs_deleted(rows[i].text, strlen(rows[i].text), 2),
              rows[i].deleted);
  }
}

/* ---- credentials ---- */

static void a_profile_of_the_shared_file_is_read(void) {
  static const char text[] = "# mine\n"
                             "[default]\naws_access_key_id=A\n"
                             "aws_secret_access_key = S1\r\n\n"
                             "[ ops ]\n  aws_access_key_id = B  \n"
                             "aws_secret_access_key=S=2\n"
                             "aws_session_token = T\n"
                             "[half]\naws_access_key_id = C";
  struct credentials c = {.key_id = ""};
  struct gc_err err;
  CHECK_INT(credentials_parse_file(text, strlen(text), "default", &c, &err),
            GC_OK);
  CHECK_STR(c.key_id, "A");
  CHECK_STR(c.secret, "S1");
  CHECK_STR(c.token, "");
  CHECK_INT(credentials_parse_file(text, strlen(text), "ops", &c, &err), GC_OK);
  CHECK_STR(c.key_id, "B");
  CHECK_STR(c.secret, "S=2");
  CHECK_STR(c.token, "T");
  CHECK_INT(credentials_parse_file(text, strlen(text), "half", &c, &err),
            GC_ERR_AUTH);
  CHECK_INT(credentials_parse_file(text, strlen(text), "none", &c, &err),
            GC_ERR_AUTH);
  CHECK_HAS(err.text, "[none]");
  CHECK_STR(c.key_id, "B");
}

static void an_endpoint_names_the_expiry_of_its_keys(void) {
  static const char text[] =
      "{\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\","
      "\"Token\":\"T\",\"Expiration\":\"1970-01-01T01:00:00Z\"}";
  struct credentials c;
  struct gc_err err;
  CHECK_INT(credentials_parse_json(text, strlen(text), &c, &err), GC_OK);
  CHECK_INT(c.expires_ms, 3600000);
  CHECK_STR(c.token, "T");
  CHECK_INT(credentials_parse_json("{\"AccessKeyId\":\"A\"}", 19, &c, &err),
            GC_ERR_AUTH);
  CHECK(credentials_parse_json("<html>", 6, &c, &err) != GC_OK);
}

static void keys_are_renewed_before_they_expire(void) {
  CHECK_INT(credentials_renew_at(3600000, 0), 3300000);
  CHECK_INT(credentials_renew_at(4000, 0), 3000);
}

static void the_places_are_tried_in_the_order_of_awss_tools(void) {
  struct credentials_source s;
  struct gc_err err;
  unsetenv("AWS_ACCESS_KEY_ID");
  unsetenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
  CHECK_INT(credentials_find_source(NULL, NULL, "eu-west-1", &s, &err), GC_OK);
  CHECK_INT(s.place, CREDENTIALS_INSTANCE);
  CHECK_STR(s.url, "http://169.254.169.254");
  credentials_source_clear(&s);

  setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/x", 1);
  CHECK_INT(credentials_find_source(NULL, NULL, "eu-west-1", &s, &err),
            GC_ERR_CONFIG);
  credentials_source_clear(&s);
  static const char *const disguised[] = {
      "http://169.254.170.2:80@example.com/x",
      "http://169.254.170.2:@example.com", "http://169.254.170.2.example.com/",
      "http://169.254.170.2:80.example.com/"};
  for (size_t i = 0; i < GC_COUNT(disguised); i++) {
    CHECK_ROW(disguised[i]);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", disguised[i], 1);
    CHECK_INT(credentials_find_source(NULL, NULL, "eu-west-1", &s, &err),
              GC_ERR_CONFIG);
    credentials_source_clear(&s);
  }
  setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.2:80/v1", 1);
  CHECK_INT(credentials_find_source(NULL, NULL, "eu-west-1", &s, &err), GC_OK);
  credentials_source_clear(&s);
  setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1", 1);
  CHECK_INT(credentials_find_source(NULL, NULL, "eu-west-1", &s, &err), GC_OK);
  CHECK_INT(s.place, CREDENTIALS_CONTAINER);
  credentials_source_clear(&s);

  setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
  CHECK_INT(credentials_find_source(NULL, NULL, "eu-west-1", &s, &err), GC_OK);
  CHECK_INT(s.place, CREDENTIALS_FILE);
  credentials_source_clear(&s);

  setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/run/token", 1);
  setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/collectd", 1);
  CHECK_INT(credentials_find_source(NULL, NULL, "eu-west-1", &s, &err), GC_OK);
  CHECK_INT(s.place, CREDENTIALS_WEB_IDENTITY);
  credentials_source_clear(&s);

  setenv("AWS_ACCESS_KEY_ID", "A", 1);
  setenv("AWS_SECRET_ACCESS_KEY", "S", 1);
  CHECK_INT(credentials_find_source(NULL, NULL, "eu-west-1", &s, &err), GC_OK);
  CHECK_INT(s.place, CREDENTIALS_ENVIRONMENT);
  CHECK(getenv("AWS_SECRET_ACCESS_KEY") == NULL);
  credentials_source_clear(&s);

  CHECK_INT(credentials_find_source("B", "/secret", "eu-west-1", &s, &err),
            GC_OK);
  CHECK_INT(s.place, CREDENTIALS_OPTION);
  credentials_source_clear(&s);
  CHECK_INT(credentials_find_source("B", NULL, "eu-west-1", &s, &err),
            GC_ERR_CONFIG);
  CHECK_HAS(err.text, "SecretAccessKeyFile");
  credentials_source_clear(&s);
}

int main(void) {
  RUN(the_region_is_in_the_queues_address);
  RUN(the_endpoint_is_the_queues_host);
  RUN(requests_follow_the_protocol);
  RUN(messages_are_read_from_pieces_of_any_size);
  RUN(an_incomplete_answer_is_an_error);
  RUN(messages_of_another_type_are_an_error);
  RUN(a_short_visibility_is_reported);
  RUN(only_named_entries_count_as_deleted);
  RUN(a_profile_of_the_shared_file_is_read);
  RUN(an_endpoint_names_the_expiry_of_its_keys);
  RUN(keys_are_renewed_before_they_expire);
  RUN(the_places_are_tried_in_the_order_of_awss_tools);
  gc_buf_clear(&got);
  return check_done();
}
