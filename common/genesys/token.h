/* SPDX-License-Identifier: MIT */
/* Reads the answers of the token endpoint, and decides when a token is renewed.
 * Pure. The platform uses OAuth 2 client credentials: POST /oauth/token, answer
 * {"access_token","token_type","expires_in"}; errors have "error",
 * "description" and "error_description", or the API's own error body. */
#ifndef GC_GENESYS_TOKEN_H
#define GC_GENESYS_TOKEN_H

#include "common/base/buf.h"

#include <stdint.h>

enum {
  GC_TOKEN_MIN_LIFE_S = 300, /* the platform's limits */
  GC_TOKEN_MAX_LIFE_S = 172800,
};

struct gc_token {
  char *bearer;    /* secret; printable ASCII without spaces */
  uint32_t life_s; /* from 1 to GC_TOKEN_MAX_LIFE_S */
  char *scope;     /* scope that the answer names; NULL: none */
};

/* Reads an answer. GC_ERR_PARSE when it is not a token answer, or when
 * expires_in is below 1. Some gateways write expires_in as a text or a
 * fraction, which is cut. One that is missing or no number counts as the
 * shortest lifetime that a client can have, one above GC_TOKEN_MAX_LIFE_S as
 * GC_TOKEN_MAX_LIFE_S. Without a member `scope`, that of a JWT counts (claims
 * scope and scp). */
GC_API GC_MUST_CHECK enum gc_code gc_token_parse(const char *body, size_t len,
                                                 struct gc_token *ret_token,
                                                 struct gc_err *err);
/* What the member `error` of a body means (RFC 6749, 5.2, and identity
 * gateways), whatever the status: some answer 200. */
enum gc_token_refusal {
  GC_TOKEN_NOT_REFUSED, /* no such member, or a word that is not known */
  GC_TOKEN_REFUSED,     /* the credentials, the client or its scope */
  GC_TOKEN_LATER,       /* the server is busy */
};
GC_API enum gc_token_refusal gc_token_refusal(const char *body, size_t len);

/* Overwrites the bearer token and frees the texts. */
GC_API void gc_token_clear(struct gc_token *t);

/* Returns when to renew a token, in ms after the answer: `margin_s` before its
 * end, but never earlier than after four fifths of its lifetime. Example:
 * lifetime 86399 s, margin 300 s: after 86099 s. Lifetime 60 s: after 48 s. */
GC_API uint64_t gc_token_renew_ms(uint32_t life_s, uint32_t margin_s);

/* Writes the first of the blank-separated `wanted` scopes that the answer does
 * not name to `out`, cut to `size`, and returns true. False, with `out`
 * untouched, when the answer names all scopes, or has no scope member (the
 * official platform uses roles). An empty scope member grants nothing. */
GC_API bool gc_token_lacks(const struct gc_token *t, const char *wanted,
                           char *out, size_t size);

/* Writes the message of an error body, for a log: "invalid_client: client not
 * found" from the token endpoint, "missing.permissions: …" from the API; "" for
 * another body, such as a proxy's HTML page. The first message of `errors`
 * follows: "bad.request: Bad Request; metric x is unknown; and 2 more". Of a
 * body that is cut off, writes the member `message` alone, as far as it is
 * there. One line, printable. */
GC_API void gc_error_words(const char *body, size_t len, char *out,
                           size_t size);

/* The header of an answer that has the request's correlation id, for which the
 * vendor's support asks. */
#define GC_CORRELATION_HEADER "ININ-Correlation-Id"

/* Writes the `contextId` of an error body, which is the request's correlation
 * id; "" when there is none. One line, printable. */
GC_API void gc_error_context(const char *body, size_t len, char *out,
                             size_t size);

/* True if a body begins like HTML: a proxy, firewall or CDN answered, not the
 * API or the token endpoint. */
GC_API bool gc_error_is_page(const char *body, size_t len);

#endif
