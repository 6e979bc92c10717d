/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strcasestr */
#endif
#include "tests/support/ws_peer.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

bool ws_peer_accept_of(const struct request *r, char accept[64]) {
  char key[64] = "", salted[128];
  unsigned char sha1[EVP_MAX_MD_SIZE];
  /* Header names are case-insensitive; Go writes Sec-Websocket-Key. */
  const char *at = strcasestr(r->head, "\r\nSec-WebSocket-Key: ");
  if (at == NULL ||
      sscanf(at + strlen("\r\nSec-WebSocket-Key: "), "%63s", key) != 1)
    return false;
  snprintf(salted, sizeof(salted), "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
           key);
  EVP_Digest(salted, strlen(salted), sha1, NULL, EVP_sha1(), NULL);
  EVP_EncodeBlock((unsigned char *)accept, sha1, 20);
  return true;
}

bool ws_peer_upgrade(struct conn *c, struct request *r) {
  char accept[64];
  return conn_request(c, r) && ws_peer_accept_of(r, accept) &&
         conn_say(c,
                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                  accept);
}

size_t ws_peer_header(unsigned char first, size_t len,
                      unsigned char out[WS_PEER_HEADER]) {
  out[0] = first;
  if (len < 126) {
    out[1] = (unsigned char)len;
    return 2;
  }
  size_t bytes = len < 65536 ? 2 : 8;
  out[1] = bytes == 2 ? 126 : 127;
  for (size_t i = 0; i < bytes; i++)
    out[2 + i] = (unsigned char)(len >> 8 * (bytes - 1 - i));
  return 2 + bytes;
}

bool ws_peer_send(struct conn *c, unsigned char first, const char *payload,
                  size_t len) {
  unsigned char header[WS_PEER_HEADER];
  return conn_write(c, header, ws_peer_header(first, len, header)) &&
         conn_write(c, payload, len);
}

bool ws_peer_say(struct conn *c, unsigned char first, const char *text) {
  return ws_peer_send(c, first, text, strlen(text));
}

bool ws_peer_close(struct conn *c, unsigned code, const char *reason) {
  char payload[125] = {(char)(code >> 8), (char)code};
  size_t len = strlen(reason);
  memcpy(payload + 2, reason, len);
  return ws_peer_send(c, 0x88, payload, 2 + len);
}

static bool read_all(struct conn *c, void *bytes, size_t len) {
  char *at = bytes;
  while (len > 0) {
    ssize_t got = conn_read(c, at, len);
    if (got <= 0)
      return false;
    at += got;
    len -= (size_t)got;
  }
  return true;
}

static bool read_len(struct conn *c, struct ws_peer_frame *f,
                     unsigned char short_len) {
  unsigned char more[8];
  size_t count = short_len == 126 ? 2 : short_len == 127 ? 8 : 0;
  if (!read_all(c, more, count))
    return false;
  f->len = count == 0 ? short_len : 0;
  for (size_t i = 0; i < count; i++)
    f->len = f->len << 8 | more[i];
  return f->len < sizeof(f->payload);
}

bool ws_peer_read(struct conn *c, struct ws_peer_frame *f) {
  unsigned char begin[2];
  if (!read_all(c, begin, 2) || !read_len(c, f, begin[1] & 0x7f))
    return false;
  f->first = begin[0];
  f->is_masked = (begin[1] & 0x80) != 0;
  memset(f->mask, 0, sizeof(f->mask));
  if (f->is_masked && !read_all(c, f->mask, 4))
    return false;
  if (!read_all(c, f->payload, f->len))
    return false;
  for (size_t i = 0; i < f->len; i++)
    f->payload[i] = (char)(f->payload[i] ^ (char)f->mask[i % 4]);
  f->payload[f->len] = '\0';
  return true;
}
