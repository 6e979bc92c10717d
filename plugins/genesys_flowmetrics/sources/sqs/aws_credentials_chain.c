/* SPDX-License-Identifier: MIT */
/* Finds the place of the credentials, and reads files and answers. */
#include "plugins/genesys_flowmetrics/sources/sqs/aws_credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/ascii.h"
#include "common/base/json/document.h"
#include "common/base/timestamp.h"
#include "common/base/url.h"
#include "common/net/api/secret.h"
#include "common/net/file.h"
#include "plugins/genesys_flowmetrics/sources/sqs/aws_answer.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define ALPHANUMERIC LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS

/* Longest wait for a file whose disk may hang. */
enum { FILE_WAIT_MAX_MS = 200 };

#define CONTAINER_HOST "http://169.254.170.2"
#define DEFAULT_SESSION "collectd-genesys_flowmetrics"
#define INSTANCE_HOST "http://169.254.169.254"

/* Returns a variable of the environment; NULL when it is missing or empty. */
static const char *get_env(const char *name) {
  const char *value = getenv(name);
  return value != NULL && *value != '\0' ? value : NULL;
}

/* Removes a secret from the environment, which child processes and core dumps
 * show. */
static void remove_from_env(const char *name) {
  GC_AUTO(gc_buf_wipe) struct gc_buf taken = {.max = GC_SECRET_MAX_BYTES};
  const struct gc_secret secret = {.env = name};
  if (get_env(name) != NULL &&
      gc_secret_read(NULL, &secret, &taken, NULL) != GC_OK)
    gc_buf_reset(&taken);
}

static void find_environment(struct credentials_source *s) {
  static const char token[] = "AWS_SESSION_TOKEN";
  s->place = CREDENTIALS_ENVIRONMENT;
  s->key_id = gc_strdup(get_env("AWS_ACCESS_KEY_ID"));
  s->secret_env = gc_strdup("AWS_SECRET_ACCESS_KEY");
  s->token_env = gc_strdup(get_env(token) != NULL ? token : NULL);
  remove_from_env("AWS_SECRET_ACCESS_KEY");
  remove_from_env(token);
}

/* Finds the address of STS. AWS_ENDPOINT_URL_STS may name a service endpoint of
 * the VPC. Plain http is accepted for the loopback address only. */
static enum gc_code find_sts(const char *region, char url[GC_URL_SIZE],
                             struct gc_err *err) {
  static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
  const char *named = get_env("AWS_ENDPOINT_URL_STS"), *variable = "AWSRegion";
  for (size_t i = GC_COUNT(names); i > 0; i--)
    if (get_env(names[i - 1]) != NULL)
      region = get_env(variable = names[i - 1]);
  if (named != NULL)
    return gc_url_check("AWS_ENDPOINT_URL_STS", named, url, err);
  if (!sts_is_region(region))
    return gc_fail(err, GC_ERR_CONFIG,
                   "%s \"%.40s\" is not a region such as \"eu-west-1\"",
                   variable, region);
  sts_endpoint(region, url);
  return GC_OK;
}

/* Reads the variables that EKS sets for a pod whose service account has a role.
 */
static enum gc_code find_web_identity(const char *region,
                                      struct credentials_source *s,
                                      struct gc_err *err) {
  char url[GC_URL_SIZE];
  const char *arn = get_env("AWS_ROLE_ARN");
  const char *name = get_env("AWS_ROLE_SESSION_NAME");
  s->place = CREDENTIALS_WEB_IDENTITY;
  if (arn == NULL || strncmp(arn, "arn:", 4) != 0 ||
      strlen(arn) > STS_ARN_MAX_BYTES)
    return gc_fail(err, GC_ERR_CONFIG,
                   "AWS_ROLE_ARN \"%.60s\" is no role, but "
                   "AWS_WEB_IDENTITY_TOKEN_FILE is set; set both, or neither",
                   arn != NULL ? arn : "");
  if (name != NULL && !sts_is_session_name(name))
    return gc_fail(err, GC_ERR_CONFIG,
                   "AWS_ROLE_SESSION_NAME \"%.70s\": accepted are 2 to 64 "
                   "letters, digits and _+=,.@-",
                   name);
  GC_TRY(find_sts(region, url, err));
  s->role_arn = gc_strdup(arn);
  s->session_name = gc_strdup(name != NULL ? name : DEFAULT_SESSION);
  s->token_file = gc_strdup(get_env("AWS_WEB_IDENTITY_TOKEN_FILE"));
  s->url = gc_strdup(url);
  return GC_OK;
}

/* Finds the credentials file of AWS's tools. Returns false when there is none.
 */
static bool find_file(struct credentials_source *s) {
  char path[4096];
  const char *named = get_env("AWS_SHARED_CREDENTIALS_FILE"),
             *home = get_env("HOME");
  if (named == NULL && home == NULL)
    return false;
  if (named != NULL)
    snprintf(path, sizeof(path), "%s", named);
  else
    snprintf(path, sizeof(path), "%s/.aws/credentials", home);
  if (gc_file_mode(path, FILE_WAIT_MAX_MS) == 0)
    return false;
  s->place = CREDENTIALS_FILE;
  const char *profile = get_env("AWS_PROFILE");
  s->file = gc_strdup(path);
  s->profile = gc_strdup(profile != NULL ? profile : "default");
  return true;
}

/* Returns true when nothing but a port and a path follows the host: "@" would
 * make the host a user's name. */
static bool ends_host(const char *rest) {
  if (*rest == ':')
    rest += 1 + strspn(rest + 1, "0123456789");
  return *rest == '\0' || *rest == '/';
}

/* Accepts plain http only for the loopback address and for the addresses of the
 * cloud's own endpoints. */
static enum gc_code check_container(const char *url, struct gc_err *err) {
  static const char *const own[] = {"169.254.170.2", "169.254.170.23",
                                    "[fd00:ec2::23]"};
  char checked[GC_URL_SIZE];
  for (size_t i = 0; i < GC_COUNT(own); i++) {
    size_t len = strlen(own[i]);
    if (strncmp(url, "http://", 7) == 0 && strncmp(url + 7, own[i], len) == 0 &&
        ends_host(url + 7 + len))
      return GC_OK;
  }
  return gc_url_check("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, checked, err);
}

static enum gc_code find_container(struct credentials_source *s,
                                   struct gc_err *err) {
  char url[GC_URL_SIZE];
  const char *relative = get_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const char *full = get_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  s->place = CREDENTIALS_CONTAINER;
  snprintf(url, sizeof(url), "%s%s", relative != NULL ? CONTAINER_HOST : "",
           relative != NULL ? relative : full);
  GC_TRY(check_container(url, err));
  static const char token[] = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
  s->url = gc_strdup(url);
  s->header_file = gc_strdup(get_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"));
  s->header_env = gc_strdup(get_env(token) != NULL ? token : NULL);
  remove_from_env(token);
  return GC_OK;
}

static void find_instance(struct credentials_source *s) {
  const char *url = get_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  s->place = CREDENTIALS_INSTANCE;
  s->url = gc_strdup(url != NULL ? url : INSTANCE_HOST);
  size_t len = strlen(s->url);
  while (len > 0 && s->url[len - 1] == '/')
    s->url[--len] = '\0';
}

enum gc_code credentials_find_source(const char *key_id,
                                     const char *secret_file,
                                     const char *region,
                                     struct credentials_source *ret,
                                     struct gc_err *err) {
  *ret = (struct credentials_source){.place = CREDENTIALS_OPTION};
  if ((key_id != NULL) != (secret_file != NULL))
    return gc_fail(err, GC_ERR_CONFIG,
                   "AccessKeyId and SecretAccessKeyFile: one needs the other");
  if (key_id != NULL) {
    ret->key_id = gc_strdup(key_id);
    ret->secret_file = gc_strdup(secret_file);
  } else if (get_env("AWS_ACCESS_KEY_ID") != NULL)
    find_environment(ret);
  else if (get_env("AWS_WEB_IDENTITY_TOKEN_FILE") != NULL)
    return find_web_identity(region, ret, err);
  else if (find_file(ret))
    return GC_OK;
  else if (get_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != NULL ||
           get_env("AWS_CONTAINER_CREDENTIALS_FULL_URI") != NULL)
    return find_container(ret, err);
  else
    find_instance(ret);
  return GC_OK;
}

void credentials_source_clear(struct credentials_source *s) {
  char *const all[] = {s->key_id,    s->secret_file,  s->secret_env,
                       s->token_env, s->file,         s->profile,
                       s->url,       s->header_file,  s->header_env,
                       s->role_arn,  s->session_name, s->token_file};
  for (size_t i = 0; i < GC_COUNT(all); i++)
    free(all[i]);
  *s = (struct credentials_source){0};
}

/* ---- the shared credentials file ---- */

struct piece {
  const char *at;
  size_t len;
};

static struct piece trim_blanks(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\t'))
    at++;
  while (at < end && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
    end--;
  return (struct piece){at, (size_t)(end - at)};
}

static bool is_word(struct piece p, const char *word) {
  return p.len == strlen(word) && memcmp(p.at, word, p.len) == 0;
}

static bool is_section(struct piece line, const char *profile) {
  return line.len >= 2 && line.at[line.len - 1] == ']' &&
         is_word(trim_blanks(line.at + 1, line.at + line.len - 1), profile);
}

static void copy_piece(char *out, size_t room, struct piece value) {
  if (value.len >= room)
    return;
  memcpy(out, value.at, value.len);
  out[value.len] = '\0';
}

static void take_setting(struct piece line, struct credentials *c) {
  const char *equals = memchr(line.at, '=', line.len);
  if (equals == NULL)
    return;
  struct piece key = trim_blanks(line.at, equals);
  struct piece value = trim_blanks(equals + 1, line.at + line.len);
  if (is_word(key, "aws_access_key_id"))
    copy_piece(c->key_id, sizeof(c->key_id), value);
  if (is_word(key, "aws_secret_access_key"))
    copy_piece(c->secret, sizeof(c->secret), value);
  if (is_word(key, "aws_session_token"))
    copy_piece(c->token, sizeof(c->token), value);
}

enum gc_code credentials_parse_file(const char *text, size_t len,
                                    const char *profile,
                                    struct credentials *ret,
                                    struct gc_err *err) {
  struct credentials c = {.expires_ms = 0};
  bool inside = false;
  for (const char *p = text, *end = text + len; p < end;) {
    const char *line_end = memchr(p, '\n', (size_t)(end - p));
    if (line_end == NULL)
      line_end = end;
    struct piece line = trim_blanks(p, line_end);
    if (line.len > 0 && line.at[0] == '[')
      inside = is_section(line, profile);
    else if (inside && line.len > 0 && line.at[0] != '#' && line.at[0] != ';')
      take_setting(line, &c);
    p = line_end + 1;
  }
  bool good = c.key_id[0] != '\0' && c.secret[0] != '\0';
  if (good)
    *ret = c;
  explicit_bzero(&c, sizeof(c));
  return good ? GC_OK
              : gc_fail(err, GC_ERR_AUTH, "no keys for the profile [%.60s]",
                        profile);
}

/* ---- the endpoints ---- */

static bool take_text(struct json_object *root, const char *key, char *out,
                      size_t room) {
  const char *text = gc_document_text(root, key);
  if (text == NULL || strlen(text) >= room)
    return false;
  memcpy(out, text, strlen(text) + 1);
  return true;
}

enum gc_code credentials_parse_json(const char *text, size_t len,
                                    struct credentials *ret,
                                    struct gc_err *err) {
  GC_AUTO(gc_document_clear) struct gc_document answer = {.root = NULL};
  struct credentials c = {.expires_ms = 0};
  GC_TRY(gc_document_read(&answer, text, len, 65536, err));
  struct json_object *root = answer.root;
  bool good = take_text(root, "AccessKeyId", c.key_id, sizeof(c.key_id)) &&
              take_text(root, "SecretAccessKey", c.secret, sizeof(c.secret));
  (void)take_text(root, "Token", c.token, sizeof(c.token));
  const char *end = gc_document_text(root, "Expiration");
  if (end != NULL &&
      gc_timestamp_parse(end, strlen(end), &c.expires_ms, NULL) != GC_OK)
    good = false;
  if (good)
    *ret = c;
  explicit_bzero(&c, sizeof(c));
  return good ? GC_OK
              : gc_fail(err, GC_ERR_AUTH, "the answer holds no credentials");
}

/* ---- STS: the request ---- */

bool sts_is_region(const char *region) {
  size_t len = strspn(region, LOWER DIGITS "-");
  return region[len] == '\0' && len >= 1 && len <= 32;
}

bool sts_is_session_name(const char *name) {
  size_t len = strspn(name, ALPHANUMERIC "_+=,.@-");
  return name[len] == '\0' && len >= 2 && len <= 64;
}

void sts_endpoint(const char *region, char out[GC_URL_SIZE]) {
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

/* ---- STS: the answer ---- */

enum gc_code sts_parse_answer(const char *text, size_t len,
                              struct credentials *ret, struct gc_err *err) {
  struct credentials c = {.expires_ms = 0};
  char end[64];
  const struct xml_field fields[] = {
      {"AccessKeyId", c.key_id, sizeof(c.key_id)},
      {"SecretAccessKey", c.secret, sizeof(c.secret)},
      {"SessionToken", c.token, sizeof(c.token)},
      {"Expiration", end, sizeof(end)},
  };
  bool is_good =
      xml_read_fields(text, len, "AssumeRoleWithWebIdentityResponse", fields,
                      GC_COUNT(fields)) &&
      gc_timestamp_parse(end, strlen(end), &c.expires_ms, NULL) == GC_OK;
  if (is_good)
    *ret = c;
  explicit_bzero(&c, sizeof(c));
  return is_good ? GC_OK
                 : gc_fail(err, GC_ERR_AUTH, "the answer holds no credentials");
}

int64_t credentials_renew_at(int64_t expires_ms, int64_t now_ms) {
  int64_t left = expires_ms - now_ms, margin = 5 * 60 * 1000;
  return expires_ms - (left / 4 < margin ? left / 4 : margin);
}
