/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/sqs/sts.h"

#include <stdio.h>
#include <string.h>

#include "common/base/ascii.h"
#include "common/base/timestamp.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define ALPHANUMERIC LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS

#define ROOT "AssumeRoleWithWebIdentityResponse"
#define KEYS ROOT "/AssumeRoleWithWebIdentityResult/Credentials"

/* ---- the request ---- */

bool sts_is_region(const char *region) {
  size_t len = strspn(region, LOWER DIGITS "-");
  return region[len] == '\0' && len >= 1 && len <= 32;
}

bool sts_is_session_name(const char *name) {
  size_t len = strspn(name, ALPHANUMERIC "_+=,.@-");
  return name[len] == '\0' && len >= 2 && len <= 64;
}

/* Returns true for the regions that use the global endpoint in legacy mode (AWS
 * SDKs and Tools Reference Guide, "AWS STS Regional endpoints"). */
static bool is_legacy_region(const char *region) {
  static const char *const regions[] = {
      "ap-northeast-1", "ap-south-1",   "ap-southeast-1", "ap-southeast-2",
      "ca-central-1",   "eu-central-1", "eu-north-1",     "eu-west-1",
      "eu-west-2",      "eu-west-3",    "sa-east-1",      "us-east-1",
      "us-east-2",      "us-west-1",    "us-west-2"};
  for (size_t i = 0; i < GC_COUNT(regions); i++)
    if (strcmp(region, regions[i]) == 0)
      return true;
  return false;
}

void sts_endpoint(const char *region, bool is_legacy, char out[GC_URL_SIZE]) {
  if (is_legacy && is_legacy_region(region))
    snprintf(out, GC_URL_SIZE, "https://sts.amazonaws.com");
  else
    snprintf(out, GC_URL_SIZE, "https://sts.%s.amazonaws.com%s", region,
             strncmp(region, "cn-", 3) == 0 ? ".cn" : "");
}

/* Adds "NAME=VALUE", with the value escaped for a form. */
static enum gc_code add_field(struct gc_buf *out, const char *name,
                              const char *value, size_t len) {
  GC_TRY(gc_buf_print(out, "&%s=", name));
  for (size_t i = 0; i < len; i++) {
    bool is_plain =
        value[i] != '\0' && strchr(ALPHANUMERIC "-._~", value[i]) != NULL;
    GC_TRY(is_plain ? gc_buf_add(out, &value[i], 1)
                    : gc_buf_print(out, "%%%02X", (unsigned char)value[i]));
  }
  return GC_OK;
}

enum gc_code sts_request_body(const char *role_arn, const char *session_name,
                              const char *token, size_t len, struct gc_buf *out,
                              struct gc_err *err) {
  while (len > 0 && gc_is_space(*token))
    token++, len--;
  while (len > 0 && gc_is_space(token[len - 1]))
    len--;
  if (len == 0 || len > STS_TOKEN_MAX_BYTES)
    return gc_fail(err, GC_ERR_AUTH,
                   len == 0 ? "the web identity token is empty"
                            : "the web identity token is too long");
  gc_buf_reset(out);
  if (gc_buf_text(out, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15") ==
          GC_OK &&
      add_field(out, "RoleArn", role_arn, strlen(role_arn)) == GC_OK &&
      add_field(out, "RoleSessionName", session_name, strlen(session_name)) ==
          GC_OK &&
      add_field(out, "WebIdentityToken", token, len) == GC_OK)
    return GC_OK;
  return gc_fail(err, GC_ERR_MEMORY, "out of memory");
}

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

struct xml_field {
  const char *path;
  char *out;
  size_t room;
};

/* Copies the fields of a document. Returns false when the document is broken or
 * a field is missing, occurs twice, is too long or not printable. */
static bool read_fields(const char *text, size_t len,
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

/* ---- the answer ---- */

enum gc_code sts_parse_answer(const char *text, size_t len,
                              struct credentials *ret, struct gc_err *err) {
  struct credentials c = {.expires_ms = 0};
  char end[64];
  const struct xml_field fields[] = {
      {KEYS "/AccessKeyId", c.key_id, sizeof(c.key_id)},
      {KEYS "/SecretAccessKey", c.secret, sizeof(c.secret)},
      {KEYS "/SessionToken", c.token, sizeof(c.token)},
      {KEYS "/Expiration", end, sizeof(end)},
  };
  bool is_good =
      read_fields(text, len, fields, GC_COUNT(fields)) &&
      gc_timestamp_parse(end, strlen(end), &c.expires_ms, NULL) == GC_OK;
  if (is_good)
    *ret = c;
  explicit_bzero(&c, sizeof(c));
  return is_good ? GC_OK
                 : gc_fail(err, GC_ERR_AUTH, "the answer holds no credentials");
}

/* Advice by error code. Source: AWS STS API Reference,
 * AssumeRoleWithWebIdentity, "Errors", and "Common error types". */
static const struct {
  const char *code, *hint;
} faults[] = {
    {"AccessDenied",
     "the trust policy of AWS_ROLE_ARN must allow "
     "sts:AssumeRoleWithWebIdentity to the pod's service account"},
    {"ExpiredTokenException",
     "the token has expired: see why the kubelet does not renew the file"},
    {"IDPCommunicationError", "AWS does not reach the cluster's OIDC provider"},
    {"IDPRejectedClaim", "check audience and issuer of the token"},
    {"InvalidIdentityToken",
     "create an IAM OIDC provider for the cluster, with the audience "
     "sts.amazonaws.com"},
    {"RegionDisabledException",
     "activate STS in this region, or set AWS_REGION to another one"},
    {"ValidationError", "check AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME"},
};

enum gc_code sts_refused(int status, const char *text, size_t len,
                         struct gc_err *err) {
  char code[64];
  const struct xml_field fields[] = {
      {"ErrorResponse/Error/Code", code, sizeof(code)}};
  const char *hint = "";
  if (!read_fields(text, len, fields, GC_COUNT(fields)))
    code[0] = '\0';
  for (size_t i = 0; i < GC_COUNT(faults); i++)
    if (strcmp(code, faults[i].code) == 0)
      hint = faults[i].hint;
  return gc_fail(err, GC_ERR_AUTH,
                 "AssumeRoleWithWebIdentity: answered %d%s%s%s%s", status,
                 code[0] != '\0' ? ", " : "", code, *hint != '\0' ? "; " : "",
                 hint);
}
