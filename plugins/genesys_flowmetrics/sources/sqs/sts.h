/* SPDX-License-Identifier: MIT */
/* The request AssumeRoleWithWebIdentity of the AWS Security Token Service and
 * its answers, by the AWS STS API Reference (version 2011-06-15): a form is
 * posted over TLS, unsigned, and the answer is XML. Pure. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_SQS_STS_H
#define GENESYS_FLOWMETRICS_SOURCES_SQS_STS_H

#include "common/base/buf.h"
#include "common/base/url.h"

#include <stdint.h>

/* A pair of AWS keys with its session token. */
enum {
  CREDENTIALS_ID_SIZE = 160,
  CREDENTIALS_SECRET_SIZE = 256,
  CREDENTIALS_TOKEN_SIZE = 8192,
};

struct credentials {
  char key_id[CREDENTIALS_ID_SIZE];
  char secret[CREDENTIALS_SECRET_SIZE];
  char token[CREDENTIALS_TOKEN_SIZE]; /* "": none */
  int64_t expires_ms;                 /* epoch; 0: never */
};

enum {
  STS_ARN_MAX_BYTES = 2048,
  STS_TOKEN_MAX_BYTES = 20000,
  /* Each byte escaped, and the names of the fields. */
  STS_BODY_MAX_BYTES = 3 * (STS_TOKEN_MAX_BYTES + STS_ARN_MAX_BYTES + 64) + 256,
};

/* Returns true for lower-case letters, digits and "-", 1 to 32 of them. */
bool sts_is_region(const char *region);
/* Returns true for 2 to 64 letters, digits and "_+=,.@-". */
bool sts_is_session_name(const char *name);

/* Makes "https://sts.eu-west-1.amazonaws.com" of "eu-west-1". With `is_legacy`
 * (AWS_STS_REGIONAL_ENDPOINTS "legacy") makes "https://sts.amazonaws.com" for
 * the regions that this endpoint serves. */
void sts_endpoint(const char *region, bool is_legacy, char out[GC_URL_SIZE]);

/* Replaces `out` by the form. White space around the token is dropped.
 * GC_ERR_AUTH: the token is empty or too long. */
GC_MUST_CHECK enum gc_code sts_request_body(const char *role_arn,
                                            const char *session_name,
                                            const char *token, size_t len,
                                            struct gc_buf *out,
                                            struct gc_err *err);

/* Reads the answer to a successful request. GC_ERR_AUTH: the answer is no XML
 * or lacks a part of the keys, and `ret` is unchanged. */
GC_MUST_CHECK enum gc_code sts_parse_answer(const char *text, size_t len,
                                            struct credentials *ret,
                                            struct gc_err *err);

#endif
