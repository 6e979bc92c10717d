/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include "plugins/genesys_flowmetrics/sources/sqs/aws_answer.h"

#include <stdio.h>
#include <string.h>

#include "common/base/ascii.h"
#include "common/base/json/document.h"
#include "common/base/timestamp.h"

enum { TYPE_SIZE = 64, BODY_MAX_BYTES = 65536, XML_TAG_SIZE = 64 };

/* ---- XML ----
 * Answers of AWS are flat enough to find an element by its name. */

/* Returns the text after the only place of `mark`; NULL when it does not occur
 * or occurs twice. */
static const char *find_once(const char *text, const char *end,
                             const char *mark) {
  size_t len = strlen(mark);
  const char *at = memmem(text, (size_t)(end - text), mark, len);
  if (at == NULL ||
      memmem(at + len, (size_t)(end - at) - len, mark, len) != NULL)
    return NULL;
  return at + len;
}

/* Returns the character that the reference at `p` (such as "&amp;") stands for;
 * '\0' for any other reference. */
static char read_reference(const char *p, size_t left, size_t *ret_len) {
  static const struct {
    const char *text;
    char c;
  } rows[] = {{"&amp;", '&'},
              {"&lt;", '<'},
              {"&gt;", '>'},
              {"&quot;", '"'},
              {"&apos;", '\''}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    *ret_len = strlen(rows[i].text);
    if (*ret_len <= left && memcmp(p, rows[i].text, *ret_len) == 0)
      return rows[i].c;
  }
  return '\0';
}

/* Copies the text up to the next tag, which is `close`. Returns false unless it
 * is printable ASCII without blanks. */
static bool copy_element(const char *p, const char *end, const char *close,
                         const struct xml_field *f) {
  size_t n = 0;
  for (size_t len; p < end && *p != '<'; p += len) {
    char c = *p;
    len = 1;
    if (c == '&')
      c = read_reference(p, (size_t)(end - p), &len);
    if (c <= ' ' || c > '~' || n + 1 >= f->room)
      return false;
    f->out[n++] = c;
  }
  f->out[n] = '\0';
  size_t len = strlen(close);
  return n > 0 && (size_t)(end - p) >= len && memcmp(p, close, len) == 0;
}

bool xml_read_fields(const char *text, size_t len, const char *root,
                     const struct xml_field *fields, size_t count) {
  char open[XML_TAG_SIZE], close[XML_TAG_SIZE];
  const char *end = text + len;
  while (end > text && gc_is_space(end[-1]))
    end--;
  snprintf(close, sizeof(close), "</%s>", root);
  const char *after = find_once(text, end, close);
  if (after != end || memmem(text, len, "<!", 2) != NULL)
    return false;
  for (size_t i = 0; i < count; i++) {
    snprintf(open, sizeof(open), "<%s>", fields[i].name);
    snprintf(close, sizeof(close), "</%s>", fields[i].name);
    const char *at = find_once(text, end, open);
    if (at == NULL || !copy_element(at, end, close, &fields[i]))
      return false;
  }
  return true;
}

/* ---- refusals ---- */

/* The errors by their types. Sources: Amazon SQS API Reference, "Common error
 * types" and the errors of each action; AWS STS API Reference,
 * AssumeRoleWithWebIdentity; recorded answers in aws_answer_test. A type comes
 * with or without "Exception" at its end. */
static const struct {
  const char *types; /* separated by "|" */
  enum aws_service service;
  enum gc_code code;
  const char *advice;
} faults[] = {
    {"QueueDoesNotExist|NonExistentQueue|QueueDeletedRecently|InvalidAddress",
     AWS_SQS, GC_ERR_NOT_FOUND, "check QueueURL and AWSRegion"},
    {"AccessDenied", AWS_SQS, GC_ERR_PERMISSION,
     "the role needs sqs:ReceiveMessage and sqs:DeleteMessage"},
    {"InvalidSecurity", AWS_SQS, GC_ERR_REQUEST,
     "the queue wants https: check QueueURL"},
    {"KmsAccessDenied", AWS_SQS, GC_ERR_PERMISSION,
     "the role needs kms:Decrypt on the queue's key"},
    {"KmsDisabled|KmsInvalidState|KmsNotFound|KmsOptInRequired", AWS_SQS,
     GC_ERR_PERMISSION, "see the state of the queue's key in KMS"},
    {"KmsThrottled|RequestThrottled|Throttling|TooManyRequests", AWS_SQS,
     GC_ERR_THROTTLED, "fewer Consumers help"},
    {"OverLimit", AWS_SQS, GC_ERR_THROTTLED,
     "too many messages are in flight: check whether VisibilityTimeout is too "
     "long"},
    {"InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId", AWS_SQS,
     GC_ERR_AUTH, "check AccessKeyId"},
    {"SignatureDoesNotMatch|InvalidSignature", AWS_SQS, GC_ERR_AUTH,
     "check the secret access key, AWSRegion and the host's clock"},
    {"IncompleteSignature|MissingAuthenticationToken", AWS_SQS, GC_ERR_AUTH,
     "check the credentials"},
    {"NotAuthorized|OptInRequired", AWS_SQS, GC_ERR_PERMISSION,
     "see the policies of the queue and of the role"},
    {"RequestExpired|RequestTimeTooSkewed", AWS_SQS, GC_ERR_STATE,
     "check the host's clock"},
    {"ExpiredToken", AWS_SQS, GC_ERR_AUTH, "the credentials have expired"},
    {"InternalError|InternalFailure|InternalServerError|ServiceUnavailable",
     AWS_SQS, GC_ERR_REMOTE, "the fault is AWS's"},
    {"UnknownOperation|InvalidAction|UnsupportedOperation", AWS_SQS,
     GC_ERR_REQUEST, "no SQS with the JSON protocol answers at QueueURL"},

    {"AccessDenied", AWS_STS, GC_ERR_AUTH,
     "the trust policy of AWS_ROLE_ARN must allow "
     "sts:AssumeRoleWithWebIdentity to the pod's service account"},
    {"ExpiredToken", AWS_STS, GC_ERR_AUTH,
     "the token has expired: see why the kubelet does not renew the file"},
    {"IDPCommunicationError", AWS_STS, GC_ERR_AUTH,
     "AWS does not reach the cluster's OIDC provider"},
    {"IDPRejectedClaim", AWS_STS, GC_ERR_AUTH,
     "check audience and issuer of the token"},
    {"InvalidIdentityToken", AWS_STS, GC_ERR_AUTH,
     "create an IAM OIDC provider for the cluster, with the audience "
     "sts.amazonaws.com"},
    {"RegionDisabled", AWS_STS, GC_ERR_AUTH,
     "activate STS in this region, or set AWS_REGION to another one"},
    {"ValidationError", AWS_STS, GC_ERR_AUTH,
     "check AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME"},
};

static const char unknown_advice[] =
    "look for this error in the SQS API reference; check QueueURL, AWSRegion "
    "and the policies of queue and role";

static enum gc_code code_of_status(int status) {
  return status == 429                    ? GC_ERR_THROTTLED
         : status == 401 || status == 403 ? GC_ERR_AUTH
         : status >= 500                  ? GC_ERR_REMOTE
                                          : GC_ERR_REQUEST;
}

/* Copies the last word of a type: "com.amazonaws.sqs#QueueDoesNotExist",
 * "AWS.SimpleQueueService.NonExistentQueue;Sender". */
static void copy_type(char out[TYPE_SIZE], const char *type) {
  for (const char *p = type; *p != '\0'; p++)
    if (*p == '#' || *p == '.')
      type = p + 1;
  size_t len = 0;
  while (len + 1 < TYPE_SIZE && gc_is_letter(type[len]))
    len++;
  memcpy(out, type, len);
  out[len] = '\0';
}

/* Reads the type of an error: JSON, or the XML of STS and of the older
 * protocol of SQS. "" when there is none. */
static void read_type(char out[TYPE_SIZE], const char *body, size_t len) {
  static const char *const members[] = {"__type", "code", "Code"};
  static const char *const roots[] = {"ErrorResponse", "Response"};
  GC_AUTO(gc_document_clear) struct gc_document answer = {.root = NULL};
  char code[2 * TYPE_SIZE] = "";
  const char *type = NULL;
  if (gc_document_read(&answer, body, len, BODY_MAX_BYTES, NULL) == GC_OK) {
    for (size_t i = 0; type == NULL && i < GC_COUNT(members); i++)
      type = gc_document_text(answer.root, members[i]);
  } else {
    const struct xml_field field = {"Code", code, sizeof(code)};
    for (size_t i = 0; type == NULL && i < GC_COUNT(roots); i++)
      type = xml_read_fields(body, len, roots[i], &field, 1) ? code : NULL;
  }
  copy_type(out, type != NULL ? type : "");
}

/* True if the type is in the list, with or without "Exception" at its end. */
static bool is_listed(const char *type, const char *list) {
  for (const char *p = list; *p != '\0'; p += strspn(p, "|")) {
    size_t len = strcspn(p, "|");
    if (strncmp(type, p, len) == 0 &&
        (type[len] == '\0' || strcmp(type + len, "Exception") == 0))
      return true;
    p += len;
  }
  return false;
}

enum gc_code aws_refused(enum aws_service service, int status, const char *body,
                         size_t len, const char *action, struct gc_err *err) {
  char type[TYPE_SIZE];
  int64_t clock_ms;
  enum gc_code code = service == AWS_STS ? GC_ERR_AUTH : code_of_status(status);
  const char *advice = NULL;
  read_type(type, body, len);
  for (size_t i = 0; advice == NULL && i < GC_COUNT(faults); i++)
    if (faults[i].service == service && is_listed(type, faults[i].types)) {
      code = faults[i].code;
      advice = faults[i].advice;
    }
  if (service == AWS_SQS && aws_clock_of(body, len, &clock_ms)) {
    code = GC_ERR_STATE;
    advice = "check the host's clock";
  }
  if (advice == NULL)
    advice = service == AWS_SQS ? unknown_advice : "";
  return gc_fail(err, code, "%s: answered %d%s%s%s%s", action, status,
                 type[0] != '\0' ? ", " : "", type, *advice != '\0' ? "; " : "",
                 advice);
}

/* ---- the server's time ---- */

enum { STAMP_BYTES = 16, VALID_MS = 15 * 60 * 1000 };

/* Reads "20230305T081804Z" behind `word`. */
static bool read_stamp(const char *body, size_t len, const char *word,
                       int64_t *ret_ms) {
  size_t skip = strlen(word);
  const char *at = memmem(body, len, word, skip);
  char text[] = "dddd-dd-ddTdd:dd:ddZ";
  if (at == NULL || body + len - at < (ptrdiff_t)(skip + STAMP_BYTES))
    return false;
  at += skip;
  for (size_t i = 0; text[i] != '\0'; i++)
    if (text[i] != '-' && text[i] != ':')
      text[i] = *at++;
  return gc_timestamp_parse(text, strlen(text), ret_ms, NULL) == GC_OK;
}

bool aws_clock_of(const char *body, size_t len, int64_t *ret_ms) {
  static const struct {
    const char *word;
    int64_t more_ms; /* from the time there to the server's */
  } rows[] = {
      {" is now earlier than ", VALID_MS},
      {" is still later than ", -VALID_MS},
  };
  if (memmem(body, len, "Signature ", 10) == NULL)
    return false;
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    if (read_stamp(body, len, rows[i].word, ret_ms)) {
      *ret_ms += rows[i].more_ms;
      return true;
    }
  return false;
}
