/* SPDX-License-Identifier: MIT */
/* Signs requests for Amazon Web Services (Signature Version 4, by the AWS docs
 * "Create a signed AWS API request"). libcurl signs by this host's clock alone,
 * and AWS refuses a time that is 15 minutes off; here the time is an argument.
 * Pure. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_SQS_SIGN_H
#define GENESYS_FLOWMETRICS_SOURCES_SQS_SIGN_H

#include "plugins/genesys_flowmetrics/sources/sqs/sts.h"

/* A POST of JSON to the root of a service. All borrowed for the call. */
struct aws_request {
  const char *url;    /* "https://sqs.eu-west-1.amazonaws.com/" */
  const char *region; /* "eu-west-1" */
  const char *service;
  const char *action; /* "AmazonSQS.ReceiveMessage" */
  const char *body;
  size_t body_len;
  const struct credentials *keys;
  int64_t time_ms; /* epoch, by the server's clock */
};

/* The headers of a signed request. The struct may not be copied; wipe it when
 * the request has ended. */
struct aws_headers {
  const char *at[6]; /* "Name: value", NULL at the end */
  char host[GC_URL_SIZE], date[40], action[80];
  char token[CREDENTIALS_TOKEN_SIZE + 32], authorization[512];
};

void aws_sign(const struct aws_request *r, struct aws_headers *ret);

#endif
