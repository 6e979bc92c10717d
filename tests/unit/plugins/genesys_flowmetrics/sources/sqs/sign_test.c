/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/sqs/sign.h"

#include "tests/support/check.h"

/* The signatures were made by a program of another language, which gives that
 * of AWS for its example "get-vanilla". */
static void a_request_has_the_signature_that_aws_expects(void) {
  static const struct {
    const char *url, *token, *signature;
  } rows[] = {
      {"https://sqs.eu-west-1.amazonaws.com/", "",
       "ff675953182b941685f4c938e17801c9bb3c211c41cf0c615e1e4096e5955d6f"},
      {"https://sqs.eu-west-1.amazonaws.com:443/", "",
       "ff675953182b941685f4c938e17801c9bb3c211c41cf0c615e1e4096e5955d6f"},
      {"https://sqs.eu-west-1.amazonaws.com/", "TOK",
       "796e09d0856d77714039332628befaf23f594bdcac213dde6a540e892f74de80"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct credentials keys = {.key_id = "AKIDEXAMPLE",
                               .secret =
                                   "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
    struct aws_headers h;
    const struct aws_request r = {.url = rows[i].url,
                                  .region = "eu-west-1",
                                  .service = "sqs",
                                  .action = "AmazonSQS.ReceiveMessage",
                                  .body = "{\"a\":1}",
                                  .body_len = 7,
                                  .keys = &keys,
                                  .time_ms = INT64_C(1678004284568)};
    CHECK_ROW(rows[i].url);
    snprintf(keys.token, sizeof(keys.token), "%s", rows[i].token);
    aws_sign(&r, &h);
    CHECK_STR(h.date, "X-Amz-Date: 20230305T081804Z");
    CHECK_HAS(h.authorization,
              "Credential=AKIDEXAMPLE/20230305/eu-west-1/sqs/aws4_request, ");
    CHECK_HAS(h.authorization, rows[i].signature);
    size_t count = 0;
    while (h.at[count] != NULL)
      count++;
    CHECK_INT(count, rows[i].token[0] != '\0' ? 5 : 4);
  }
}

int main(void) {
  RUN(a_request_has_the_signature_that_aws_expects);
  return check_done();
}
