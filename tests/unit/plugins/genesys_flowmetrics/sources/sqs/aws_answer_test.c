/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/sqs/aws_answer.h"

#include "common/base/buf.h"
#include "tests/support/check.h"

#define CORAL "com.amazon.coral.service#"
#define JSON(type) "{\"__type\":\"" type "\",\"message\":\"customer-4711\"}"
#define XML(code)                                                              \
  "<?xml version=\"1.0\"?><ErrorResponse "                                     \
  "xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><Error><Type>Sender"   \
  "</Type><Code>" code "</Code><Message>customer-4711</Message><Detail/>"      \
  "</Error><RequestId>r</RequestId></ErrorResponse>"

/* Recorded answers; the statuses are those of AWS, and others. */
static void the_words_of_a_refusal_decide_not_its_status(void) {
  static const struct {
    int status;
    const char *body;
    enum gc_code code;
    const char *says;
  } rows[] = {
      {400, JSON("com.amazonaws.sqs#QueueDoesNotExist"), GC_ERR_NOT_FOUND,
       "answered 400, QueueDoesNotExist; check QueueURL"},
      {500, JSON("com.amazonaws.sqs#QueueDoesNotExist"), GC_ERR_NOT_FOUND,
       "QueueURL"},
      {400, XML("AWS.SimpleQueueService.NonExistentQueue"), GC_ERR_NOT_FOUND,
       "NonExistentQueue; check QueueURL"},
      {400, "{\"__type\":\"AWS.SimpleQueueService.NonExistentQueue;Sender\"}",
       GC_ERR_NOT_FOUND, "QueueURL"},
      {404, "{\"code\":\"NonExistentQueue\"}", GC_ERR_NOT_FOUND, "QueueURL"},
      {400, JSON("RequestThrottled"), GC_ERR_THROTTLED, "Consumers"},
      {400, JSON("com.amazon.coral.availability#ThrottlingException"),
       GC_ERR_THROTTLED, "ThrottlingException"},
      {403, JSON("com.amazonaws.sqs#OverLimit"), GC_ERR_THROTTLED,
       "VisibilityTimeout"},
      {400, JSON("com.amazonaws.sqs#KmsThrottled"), GC_ERR_THROTTLED, "Kms"},
      {400, JSON("com.amazonaws.sqs#KmsDisabled"), GC_ERR_PERMISSION, "KMS"},
      {403, JSON("ExpiredTokenException"), GC_ERR_AUTH, "expired"},
      {400, JSON(CORAL "AccessDeniedException"), GC_ERR_PERMISSION,
       "sqs:ReceiveMessage"},
      {503, XML("AccessDenied"), GC_ERR_PERMISSION, "sqs:ReceiveMessage"},
      {400, JSON(CORAL "UnrecognizedClientException"), GC_ERR_AUTH,
       "AccessKeyId"},
      {403, JSON(CORAL "InvalidSignatureException"), GC_ERR_AUTH, "AWSRegion"},
      {403, XML("SignatureDoesNotMatch"), GC_ERR_AUTH, "AWSRegion"},
      {400, JSON(CORAL "RequestExpired"), GC_ERR_STATE, "clock"},
      {403,
       "{\"__type\":\"" CORAL "InvalidSignatureException\",\"message\":"
       "\"Signature expired: 20230305T081804Z is now earlier than "
       "20230305T082304Z (20230305T083804Z - 15 min.)\"}",
       GC_ERR_STATE, "clock"},
      {400, JSON("com.amazonaws.sqs#InvalidSecurity"), GC_ERR_REQUEST, "https"},
      {400, JSON(CORAL "InternalFailure"), GC_ERR_REMOTE, "AWS's"},
      {400, JSON(CORAL "UnknownOperationException"), GC_ERR_REQUEST,
       "JSON protocol"},
      {403, "<html>", GC_ERR_AUTH, "answered 403; look for this error"},
      {500, "", GC_ERR_REMOTE, "500; look for"},
      {429, "", GC_ERR_THROTTLED, "429"},
      {400, JSON("NewException"), GC_ERR_REQUEST,
       "NewException; look for this error in the SQS API reference; check "
       "QueueURL"},
      {400, "{\"__type\":7}", GC_ERR_REQUEST, "answered 400; look"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_err err = {.text = ""};
    const char *body = rows[i].body;
    CHECK_ROW(body);
    CHECK_INT(
        aws_refused(AWS_SQS, rows[i].status, body, strlen(body), "Act", &err),
        rows[i].code);
    CHECK_HAS(err.text, rows[i].says);
    CHECK_HAS(err.text, "Act: answered");
    CHECK(strstr(err.text, "customer-4711") == NULL);
  }
}

static void refusals_of_sts_have_advice_of_their_own(void) {
  static const struct {
    const char *code, *says;
  } rows[] = {
      {"AccessDenied", "trust policy of AWS_ROLE_ARN"},
      {"ExpiredTokenException", "the token has expired"},
      {"IDPCommunicationError", "OIDC provider"},
      {"IDPRejectedClaim", "audience"},
      {"InvalidIdentityToken", "IAM OIDC provider"},
      {"RegionDisabledException", "AWS_REGION"},
      {"ValidationError", "AWS_ROLE_SESSION_NAME"},
      {"InternalFailure", "answered 400, InternalFailure"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = 4096};
    struct gc_err err = {.text = ""};
    CHECK_ROW(rows[i].code);
    CHECK_INT(gc_buf_print(&body,
                           "<ErrorResponse><Error><Type>Sender</Type><Code>%s"
                           "</Code><Message>customer-4711</Message></Error>"
                           "<RequestId>r</RequestId></ErrorResponse>",
                           rows[i].code),
              GC_OK);
    CHECK_INT(aws_refused(AWS_STS, 400, body.data, body.len, "Act", &err),
              GC_ERR_AUTH);
    CHECK_HAS(err.text, rows[i].code);
    CHECK_HAS(err.text, rows[i].says);
    CHECK(strstr(err.text, "customer-4711") == NULL);
  }
  struct gc_err err = {.text = ""};
  CHECK_INT(aws_refused(AWS_STS, 502, "<html>", 6, "Act", &err), GC_ERR_AUTH);
  CHECK_STR(err.text, "Act: answered 502");
}

static void the_words_of_a_refusal_tell_the_servers_time(void) {
  static const struct {
    const char *text;
    int64_t ms; /* 0: none */
  } rows[] = {
      {"Signature expired: 20230305T080304Z is now earlier than "
       "20230305T080304Z (20230305T081804Z - 15 min.)",
       INT64_C(1678004284000)},
      {"Signature not yet current: 20230305T084804Z is still later than "
       "20230305T083304Z (20230305T081804Z + 15 min.)",
       INT64_C(1678004284000)},
      {"Signature expired: 20230305T080304Z is now earlier than 20230305", 0},
      {"Signature expired: 20230305T080304Z is now earlier than "
       "20230230T081804Z",
       0},
      {"message 1 is now earlier than 20230305T080304Z", 0},
      {"", 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    int64_t ms = 0;
    CHECK_ROW(rows[i].text);
    CHECK(aws_clock_of(rows[i].text, strlen(rows[i].text), &ms) ==
          (rows[i].ms != 0));
    CHECK_INT(rows[i].ms != 0 ? ms : 0, rows[i].ms);
  }
}

int main(void) {
  RUN(the_words_of_a_refusal_decide_not_its_status);
  RUN(refusals_of_sts_have_advice_of_their_own);
  RUN(the_words_of_a_refusal_tell_the_servers_time);
  return check_done();
}
