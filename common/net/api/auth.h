/* SPDX-License-Identifier: MIT */
/* The access token of one account: got with client credentials, renewed in the
 * background before it ends, one request at a time. Nobody waits for a
 * renewal: the old token serves until the new one is there.
 *
 *   refused (400, 401)   once each 5 min, and within 10 s when the secret's
 *                        file changes; ERR_AUTH with the client id
 *   network, 5xx, 429    exponential backoff with full jitter, up to 60 s;
 *                        Retry-After is kept; 5xx and no answer in a row open
 *                        the breaker
 *   the secret cannot be had   each 10 s; nothing is sent
 *
 * One thread, the account's. */
#ifndef GC_NET_API_AUTH_H
#define GC_NET_API_AUTH_H

#include "common/base/env.h"
#include "common/net/api/secret.h"

struct gc_auth;

struct gc_auth_settings { /* all borrowed */
  const char *url;        /* of the token endpoint */
  const char *client_id;
  struct gc_secret secret;
  bool in_body;      /* TokenAuth "body": id and secret as form fields */
  const char *scope; /* blank-separated; NULL or "": none is sent */
  uint32_t margin_s;
  const char *host_hint; /* Region as configured, for the refused message */
};

enum gc_auth_state {
  GC_AUTH_NONE,       /* nobody has asked yet */
  GC_AUTH_REQUESTING, /* no token; the answer is on its way */
  GC_AUTH_READY,      /* there is a token */
  GC_AUTH_FAILED,     /* no token; the next try comes by itself */
};

struct gc_auth_stats {
  uint64_t ok, failed; /* token requests */
  int64_t life_ms;     /* until the token ends; 0 without one */
};

/* `env` is borrowed. `changed` runs whenever the state changes, and with each
 * new token. NULL when out of memory. */
struct gc_auth *gc_auth_new(const struct gc_auth_settings *settings,
                            const struct gc_env *env,
                            void (*changed)(void *ctx), void *ctx);
void gc_auth_free(struct gc_auth *a);

/* The state; GC_AUTH_NONE turns into ASKING: who asks wants a token. */
enum gc_auth_state gc_auth_request(struct gc_auth *a);

/* The token and its number; NULL unless READY. Borrowed until the next turn of
 * the loop. */
const char *gc_auth_bearer(const struct gc_auth *a, uint32_t *ret_number);

/* The API answered 401 to token `number`, which serves no more. True: a renewal
 * is under way or due (or was done since), ask again once it is READY. False:
 * the token was renewed for the same reason less than a minute ago, asking
 * again will not help. */
bool gc_auth_reject(struct gc_auth *a, uint32_t number);

/* No token request before `until_ms` (Retry-After of the account). */
void gc_auth_pause(struct gc_auth *a, uint64_t until_ms);

void gc_auth_stats(const struct gc_auth *a, struct gc_auth_stats *ret_stats);
/* True while the breaker of the token endpoint is open. */
bool gc_auth_is_broken(const struct gc_auth *a);

#endif
