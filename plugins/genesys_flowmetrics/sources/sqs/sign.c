/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/sqs/sign.h"

#include <stdio.h>
#include <string.h>

#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "common/base/timestamp.h"

#define TYPE "application/x-amz-json-1.0"

enum {
  HASH = SHA256_DIGEST_LENGTH,
  HEX_SIZE = 2 * HASH + 1,
  STAMP_SIZE = 17, /* 20230305T081804Z */
  DAY_BYTES = 8,
  CANONICAL_SIZE = CREDENTIALS_TOKEN_SIZE + GC_URL_SIZE + 1024,
};

static void print_hex(char out[HEX_SIZE], const unsigned char hash[HASH]) {
  for (int i = 0; i < HASH; i++)
    snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

static void hash_text(char out[HEX_SIZE], const char *text, size_t len) {
  unsigned char hash[HASH];
  SHA256((const unsigned char *)text, len, hash);
  print_hex(out, hash);
}

/* Replaces the key by the HMAC of a text with it. */
static void chain(unsigned char key[HASH], const char *text) {
  unsigned char next[HASH];
  HMAC(EVP_sha256(), key, HASH, (const unsigned char *)text, strlen(text), next,
       NULL);
  memcpy(key, next, HASH);
  explicit_bzero(next, sizeof(next));
}

/* Writes the time in the basic form of ISO 8601. */
static void print_stamp(char out[STAMP_SIZE], int64_t time_ms) {
  char text[GC_TIMESTAMP_SIZE];
  size_t n = 0;
  gc_timestamp_print(text, time_ms);
  for (const char *p = text; *p != '.' && n + 2 < STAMP_SIZE; p++)
    if (*p != '-' && *p != ':')
      out[n++] = *p;
  out[n++] = 'Z';
  out[n] = '\0';
}

/* Writes host and port of the address, as the header Host has them: without the
 * scheme's own port. */
static void print_host(char out[GC_URL_SIZE], const char *url) {
  const char *host = strstr(url, "://");
  host = host != NULL ? host + 3 : url;
  size_t len = strcspn(host, "/?#");
  const char *port = strncmp(url, "https:", 6) == 0 ? ":443" : ":80";
  size_t port_len = strlen(port);
  if (len > port_len && memcmp(host + len - port_len, port, port_len) == 0)
    len -= port_len;
  snprintf(out, GC_URL_SIZE, "%.*s", (int)len, host);
}

/* Writes the hash of the request as AWS sees it. */
static void hash_request(char out[HEX_SIZE], const struct aws_request *r,
                         const char *host, const char *stamp,
                         const char *names) {
  char text[CANONICAL_SIZE], body[HEX_SIZE];
  const char *token = r->keys->token;
  hash_text(body, r->body, r->body_len);
  int len = snprintf(text, sizeof(text),
                     "POST\n/\n\ncontent-type:" TYPE "\nhost:%s\n"
                     "x-amz-date:%s\n%s%s%sx-amz-target:%s\n\n%s\n%s",
                     host, stamp, *token != '\0' ? "x-amz-security-token:" : "",
                     token, *token != '\0' ? "\n" : "", r->action, names, body);
  hash_text(out, text, (size_t)len < sizeof(text) ? (size_t)len : 0);
  explicit_bzero(text, sizeof(text));
}

static void sign_text(char out[HEX_SIZE], const struct aws_request *r,
                      const char *day, const char *text) {
  char first[CREDENTIALS_SECRET_SIZE + 4];
  unsigned char key[HASH];
  int len = snprintf(first, sizeof(first), "AWS4%s", r->keys->secret);
  HMAC(EVP_sha256(), first, len, (const unsigned char *)day, strlen(day), key,
       NULL);
  chain(key, r->region);
  chain(key, r->service);
  chain(key, "aws4_request");
  chain(key, text);
  print_hex(out, key);
  explicit_bzero(first, sizeof(first));
  explicit_bzero(key, sizeof(key));
}

void aws_sign(const struct aws_request *r, struct aws_headers *ret) {
  char stamp[STAMP_SIZE], day[DAY_BYTES + 1], host[GC_URL_SIZE];
  char scope[128], text[512], request[HEX_SIZE], signature[HEX_SIZE];
  bool has_token = r->keys->token[0] != '\0';
  const char *names = has_token
                          ? "content-type;host;x-amz-date;x-amz-security-token;"
                            "x-amz-target"
                          : "content-type;host;x-amz-date;x-amz-target";
  print_stamp(stamp, r->time_ms);
  snprintf(day, sizeof(day), "%.8s", stamp);
  print_host(host, r->url);
  snprintf(scope, sizeof(scope), "%s/%.32s/%.32s/aws4_request", day, r->region,
           r->service);
  hash_request(request, r, host, stamp, names);
  snprintf(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n%s\n%s", stamp, scope,
           request);
  sign_text(signature, r, day, text);

  size_t n = 0;
  ret->at[n++] = "Content-Type: " TYPE;
  snprintf(ret->date, sizeof(ret->date), "X-Amz-Date: %s", stamp);
  ret->at[n++] = ret->date;
  snprintf(ret->action, sizeof(ret->action), "X-Amz-Target: %s", r->action);
  ret->at[n++] = ret->action;
  snprintf(ret->token, sizeof(ret->token), "X-Amz-Security-Token: %s",
           r->keys->token);
  if (has_token)
    ret->at[n++] = ret->token;
  snprintf(ret->authorization, sizeof(ret->authorization),
           "Authorization: AWS4-HMAC-SHA256 Credential=%.159s/%s, "
           "SignedHeaders=%s, Signature=%s",
           r->keys->key_id, scope, names, signature);
  ret->at[n++] = ret->authorization;
  ret->at[n] = NULL;
}
