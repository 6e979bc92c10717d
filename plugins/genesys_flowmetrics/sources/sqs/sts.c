/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/sqs/sts.h"

#include <stdio.h>
#include <string.h>

#include "common/base/ascii.h"
#include "common/base/timestamp.h"
#include "plugins/genesys_flowmetrics/sources/sqs/aws_answer.h"

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
      xml_read_fields(text, len, fields, GC_COUNT(fields)) &&
      gc_timestamp_parse(end, strlen(end), &c.expires_ms, NULL) == GC_OK;
  if (is_good)
    *ret = c;
  explicit_bzero(&c, sizeof(c));
  return is_good ? GC_OK
                 : gc_fail(err, GC_ERR_AUTH, "the answer holds no credentials");
}
