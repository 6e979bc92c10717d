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

/* ---- XML ---- */

enum { XML_DEPTH_MAX = 8 };

struct xml_piece {
  const char *at;
  size_t len;
};

/* The progress through a document. `open` has the names of the open elements.
 */
struct xml_scan {
  const char *p, *end;
  struct xml_piece open[XML_DEPTH_MAX];
  size_t depth;
  bool has_root;
  bool was_opened; /* the last tag was a start tag */
};

enum xml_step { XML_LEAF, XML_TAG, XML_END, XML_BROKEN };

static bool is_blank_piece(struct xml_piece piece) {
  for (size_t i = 0; i < piece.len; i++)
    if (!gc_is_space(piece.at[i]))
      return false;
  return true;
}

/* Returns the ">" that ends the tag at `p`. One in quotes is part of an
 * attribute. */
static const char *find_tag_end(const char *p, const char *end) {
  char quote = '\0';
  for (; p < end; p++) {
    if (quote == '\0' && *p == '>')
      return p;
    if (quote == '\0' && (*p == '"' || *p == '\''))
      quote = *p;
    else if (*p == quote)
      quote = '\0';
  }
  return NULL;
}

static struct xml_piece name_of_tag(const char *at, const char *end) {
  const char *p = at;
  while (p < end && !gc_is_space(*p) && *p != '/')
    p++;
  return (struct xml_piece){at, (size_t)(p - at)};
}

static enum xml_step open_element(struct xml_scan *s, const char *at,
                                  const char *end) {
  struct xml_piece name = name_of_tag(at, end);
  bool is_second_root = s->depth == 0 && s->has_root;
  if (name.len == 0 || is_second_root || s->depth == XML_DEPTH_MAX)
    return XML_BROKEN;
  s->has_root = true;
  bool is_empty = end[-1] == '/';
  s->was_opened = !is_empty;
  if (!is_empty)
    s->open[s->depth++] = name;
  return XML_TAG;
}

/* Closes an element. Returns XML_LEAF if it had only text; its name stays in
 * `open` until the next element is opened. */
static enum xml_step close_element(struct xml_scan *s, const char *at,
                                   const char *end) {
  struct xml_piece name = name_of_tag(at, end);
  bool was_opened = s->was_opened;
  s->was_opened = false;
  if (s->depth == 0 || name.len != s->open[s->depth - 1].len ||
      memcmp(name.at, s->open[s->depth - 1].at, name.len) != 0)
    return XML_BROKEN;
  s->depth--;
  return was_opened ? XML_LEAF : XML_TAG;
}

/* Reads up to the end of the next tag; `text` is the text before the tag.
 * Document types, comments and CDATA do not occur in answers of STS and are
 * refused. */
static enum xml_step next_step(struct xml_scan *s, struct xml_piece *text) {
  const char *tag = memchr(s->p, '<', (size_t)(s->end - s->p));
  const char *stop = tag != NULL ? tag : s->end;
  *text = (struct xml_piece){s->p, (size_t)(stop - s->p)};
  if (s->depth == 0 && !is_blank_piece(*text))
    return XML_BROKEN;
  if (tag == NULL)
    return s->depth == 0 && s->has_root ? XML_END : XML_BROKEN;
  const char *tag_end = find_tag_end(tag, s->end);
  if (tag_end == NULL || tag_end == tag + 1 || tag[1] == '!')
    return XML_BROKEN;
  s->p = tag_end + 1;
  if (tag[1] == '?')
    return s->depth == 0 && !s->has_root ? XML_TAG : XML_BROKEN;
  return tag[1] == '/' ? close_element(s, tag + 2, tag_end)
                       : open_element(s, tag + 1, tag_end);
}

/* Returns true when the leaf just closed is at `path`, "Root/Child/Leaf". */
static bool is_at(const struct xml_scan *s, const char *path) {
  for (size_t i = 0; i <= s->depth; i++) {
    size_t len = strcspn(path, "/");
    if (len != s->open[i].len || memcmp(path, s->open[i].at, len) != 0)
      return false;
    path += len;
    if (i < s->depth && *path++ != '/')
      return false;
  }
  return *path == '\0';
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

/* Copies a text. Returns false unless it is printable ASCII without blanks,
 * because it becomes part of a header. */
static bool copy_printable(struct xml_piece text, char *out, size_t room) {
  size_t n = 0;
  for (size_t i = 0, len; i < text.len; i += len) {
    char c = text.at[i];
    len = 1;
    if (c == '&')
      c = read_reference(text.at + i, text.len - i, &len);
    if (c <= ' ' || c > '~' || n + 1 >= room)
      return false;
    out[n++] = c;
  }
  out[n] = '\0';
  return n > 0;
}

bool xml_read_fields(const char *text, size_t len,
                     const struct xml_field *fields, size_t count) {
  struct xml_scan s = {.p = text, .end = text + len};
  struct xml_piece value;
  size_t found = 0;
  enum xml_step step;
  for (size_t i = 0; i < count; i++)
    fields[i].out[0] = '\0';
  while ((step = next_step(&s, &value)) != XML_END) {
    if (step == XML_BROKEN)
      return false;
    for (size_t i = 0; step == XML_LEAF && i < count; i++) {
      if (!is_at(&s, fields[i].path))
        continue;
      if (fields[i].out[0] != '\0' ||
          !copy_printable(value, fields[i].out, fields[i].room))
        return false;
      found++;
    }
  }
  return found == count;
}

/* ---- refusals ---- */

enum { TYPE_SIZE = 64, BODY_MAX_BYTES = 65536 };

/* The errors by their types. Sources: Amazon SQS API Reference, "Common error
 * types" and the errors of each action; AWS STS API Reference,
 * AssumeRoleWithWebIdentity; recorded answers in aws_answer_test. A type comes
 * with or without "Exception" at its end. */
static const struct {
  const char *type;
  int services; /* enum aws_service */
  enum gc_code code;
  const char *advice;
} faults[] = {
    {"QueueDoesNotExist", AWS_SQS, GC_ERR_NOT_FOUND,
     "check QueueURL and AWSRegion"},
    {"NonExistentQueue", AWS_SQS, GC_ERR_NOT_FOUND,
     "check QueueURL and AWSRegion"},
    {"QueueDeletedRecently", AWS_SQS, GC_ERR_NOT_FOUND,
     "check QueueURL and AWSRegion"},
    {"InvalidAddress", AWS_SQS, GC_ERR_NOT_FOUND,
     "check QueueURL and AWSRegion"},
    {"AccessDenied", AWS_SQS, GC_ERR_PERMISSION,
     "the role needs sqs:ReceiveMessage and sqs:DeleteMessage"},
    {"InvalidSecurity", AWS_SQS, GC_ERR_REQUEST,
     "the queue wants https: check QueueURL"},
    {"KmsAccessDenied", AWS_SQS, GC_ERR_PERMISSION,
     "the role needs kms:Decrypt on the queue's key"},
    {"KmsDisabled", AWS_SQS, GC_ERR_PERMISSION,
     "see the state of the queue's key in KMS"},
    {"KmsInvalidState", AWS_SQS, GC_ERR_PERMISSION,
     "see the state of the queue's key in KMS"},
    {"KmsNotFound", AWS_SQS, GC_ERR_PERMISSION,
     "see the state of the queue's key in KMS"},
    {"KmsOptInRequired", AWS_SQS, GC_ERR_PERMISSION,
     "see the state of the queue's key in KMS"},
    {"KmsThrottled", AWS_SQS, GC_ERR_THROTTLED, "fewer Consumers help"},
    {"OverLimit", AWS_SQS, GC_ERR_THROTTLED,
     "too many messages are in flight: check whether VisibilityTimeout is too "
     "long"},
    {"RequestThrottled", AWS_SQS, GC_ERR_THROTTLED, "fewer Consumers help"},
    {"Throttling", AWS_SQS, GC_ERR_THROTTLED, "fewer Consumers help"},
    {"TooManyRequests", AWS_SQS, GC_ERR_THROTTLED, "fewer Consumers help"},
    {"InvalidClientTokenId", AWS_SQS, GC_ERR_AUTH, "check AccessKeyId"},
    {"UnrecognizedClient", AWS_SQS, GC_ERR_AUTH, "check AccessKeyId"},
    {"InvalidAccessKeyId", AWS_SQS, GC_ERR_AUTH, "check AccessKeyId"},
    {"SignatureDoesNotMatch", AWS_SQS, GC_ERR_AUTH,
     "check the secret access key, AWSRegion and the host's clock"},
    {"InvalidSignature", AWS_SQS, GC_ERR_AUTH,
     "check the secret access key, AWSRegion and the host's clock"},
    {"IncompleteSignature", AWS_SQS, GC_ERR_AUTH, "check the credentials"},
    {"MissingAuthenticationToken", AWS_SQS, GC_ERR_AUTH,
     "check the credentials"},
    {"NotAuthorized", AWS_SQS, GC_ERR_PERMISSION,
     "see the policies of the queue and of the role"},
    {"OptInRequired", AWS_SQS, GC_ERR_PERMISSION,
     "see the policies of the queue and of the role"},
    {"RequestExpired", AWS_SQS, GC_ERR_STATE, "check the host's clock"},
    {"RequestTimeTooSkewed", AWS_SQS, GC_ERR_STATE, "check the host's clock"},
    {"ExpiredToken", AWS_SQS, GC_ERR_AUTH, "the credentials have expired"},
    {"InternalError", AWS_SQS, GC_ERR_REMOTE, "the fault is AWS's"},
    {"InternalFailure", AWS_SQS, GC_ERR_REMOTE, "the fault is AWS's"},
    {"InternalServerError", AWS_SQS, GC_ERR_REMOTE, "the fault is AWS's"},
    {"ServiceUnavailable", AWS_SQS, GC_ERR_REMOTE, "the fault is AWS's"},
    {"UnknownOperation", AWS_SQS, GC_ERR_REQUEST,
     "no SQS with the JSON protocol answers at QueueURL"},
    {"InvalidAction", AWS_SQS, GC_ERR_REQUEST,
     "no SQS with the JSON protocol answers at QueueURL"},
    {"UnsupportedOperation", AWS_SQS, GC_ERR_REQUEST,
     "no SQS with the JSON protocol answers at QueueURL"},

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
  static const char *const paths[] = {"ErrorResponse/Error/Code",
                                      "Response/Errors/Error/Code"};
  GC_AUTO(gc_document_clear) struct gc_document answer = {.root = NULL};
  char code[2 * TYPE_SIZE] = "";
  const char *type = NULL;
  if (gc_document_read(&answer, body, len, BODY_MAX_BYTES, NULL) == GC_OK) {
    for (size_t i = 0; type == NULL && i < GC_COUNT(members); i++)
      type = gc_document_text(answer.root, members[i]);
  } else {
    for (size_t i = 0; type == NULL && i < GC_COUNT(paths); i++) {
      const struct xml_field field = {paths[i], code, sizeof(code)};
      type = xml_read_fields(body, len, &field, 1) ? code : NULL;
    }
  }
  copy_type(out, type != NULL ? type : "");
}

/* True for the same type, with or without "Exception" at its end. */
static bool is_type(const char *text, const char *type) {
  size_t len = strlen(type);
  return strncmp(text, type, len) == 0 &&
         (text[len] == '\0' || strcmp(text + len, "Exception") == 0);
}

enum gc_code aws_refused(enum aws_service service, int status, const char *body,
                         size_t len, const char *action, struct gc_err *err) {
  char type[TYPE_SIZE];
  int64_t clock_ms;
  enum gc_code code = service == AWS_STS ? GC_ERR_AUTH : code_of_status(status);
  const char *advice = NULL;
  read_type(type, body, len);
  for (size_t i = 0; advice == NULL && i < GC_COUNT(faults); i++)
    if ((faults[i].services & service) != 0 && is_type(type, faults[i].type)) {
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
