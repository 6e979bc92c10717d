/* SPDX-License-Identifier: MIT */
/* What AWS answers: the fields of an XML document, and refusals. A refusal is
 * read by its words, not by its status, which gateways and services choose
 * differently: by the error's type, in JSON or in XML, and one table. Pure. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_SQS_AWS_ANSWER_H
#define GENESYS_FLOWMETRICS_SOURCES_SQS_AWS_ANSWER_H

#include "common/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* An element without children, "AccessKeyId", and where to copy its text. */
struct xml_field {
  const char *name;
  char *out;
  size_t room;
};
/* Copies elements of a document that ends with the root. Returns false when one
 * is missing, occurs twice, is too long or not printable ASCII without blanks,
 * since it becomes part of a header or a message. */
bool xml_read_fields(const char *text, size_t len, const char *root,
                     const struct xml_field *fields, size_t count);

enum aws_service { AWS_SQS, AWS_STS };

/* Fills err by an answer that is a refusal, with advice, and returns its code:
 *   GC_ERR_AUTH        the credentials are wrong or expired: get new ones
 *   GC_ERR_STATE       the time of the request is wrong (aws_clock_of)
 *   GC_ERR_PERMISSION, GC_ERR_NOT_FOUND, GC_ERR_THROTTLED, GC_ERR_REMOTE,
 *   GC_ERR_REQUEST
 * The text has the error's type, not its message. */
enum gc_code aws_refused(enum aws_service service, int status, const char *body,
                         size_t len, const char *action, struct gc_err *err);

/* Finds the server's time, epoch ms, in the words of a refusal for its time:
 * "Signature expired: … is now earlier than … (20230305T083804Z - 15 min.)".
 * Returns false when it has none. */
bool aws_clock_of(const char *body, size_t len, int64_t *ret_ms);

#endif
