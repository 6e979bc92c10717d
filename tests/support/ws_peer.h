/* SPDX-License-Identifier: MIT */
/* The server's side of a WebSocket for tests/support/server. It does not use
 * base/websocket, so that the two sides cannot share a misreading of the
 * standard. */
#ifndef GC_TESTS_SUPPORT_WS_PEER_H
#define GC_TESTS_SUPPORT_WS_PEER_H

#include "tests/support/server.h"

/* Computes Sec-WebSocket-Accept for the request's key; false when there is no
 * key. */
bool ws_peer_accept_of(const struct request *r, char accept[64]);
/* Reads the request and writes the 101. */
bool ws_peer_upgrade(struct conn *c, struct request *r);

/* The largest header of a frame, in bytes. */
enum { WS_PEER_HEADER = 10 };
/* Writes the header of an unmasked frame; `first` is 0x81 for text and so
 * on. Returns its bytes. */
size_t ws_peer_header(unsigned char first, size_t len,
                      unsigned char out[WS_PEER_HEADER]);
bool ws_peer_send(struct conn *c, unsigned char first, const char *payload,
                  size_t len);
bool ws_peer_say(struct conn *c, unsigned char first, const char *text);
bool ws_peer_close(struct conn *c, unsigned code, const char *reason);

struct ws_peer_frame {
  unsigned char first; /* FIN, RSV, opcode */
  bool is_masked;
  unsigned char mask[4];
  char payload[65536]; /* unmasked, with a NUL */
  size_t len;
};
/* False at the end, or for a frame larger than `payload`. */
bool ws_peer_read(struct conn *c, struct ws_peer_frame *ret);

#endif
