/* SPDX-License-Identifier: MIT */
/* The keys that sign requests to AWS. They come from the places that AWS's own
 * tools use, in the same order: options, environment, web identity (EKS, "IAM
 * roles for service accounts"), shared credentials file, container endpoint,
 * instance metadata (version 2). Source of the order: AWS SDKs and Tools
 * Reference Guide, "Default credential provider chain". Temporary keys are
 * renewed before they expire. credentials_get, credentials_refused and
 * credentials_is_held run on one loop's thread. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_SQS_AWS_CREDENTIALS_H
#define GENESYS_FLOWMETRICS_SOURCES_SQS_AWS_CREDENTIALS_H

#include "common/base/buf.h"
#include "common/base/env.h"
#include "common/base/url.h"

/* A pair of AWS keys with its session token. */
enum {
  CREDENTIALS_ID_SIZE = 160,
  CREDENTIALS_SECRET_SIZE = 256,
  CREDENTIALS_TOKEN_SIZE = 8192,
};

struct credentials {
  char key_id[CREDENTIALS_ID_SIZE];
  char secret[CREDENTIALS_SECRET_SIZE];
  char token[CREDENTIALS_TOKEN_SIZE]; /* "": none */
  int64_t expires_ms;                 /* epoch; 0: never */
};

/* The source of the keys, chosen once. */
enum credentials_place {
  CREDENTIALS_OPTION,
  CREDENTIALS_ENVIRONMENT,
  CREDENTIALS_WEB_IDENTITY,
  CREDENTIALS_FILE,
  CREDENTIALS_CONTAINER,
  CREDENTIALS_INSTANCE,
};

struct credentials_source {
  enum credentials_place place;
  char *key_id;      /* option and environment */
  char *secret_file; /* option */
  char *secret_env;  /* environment: the variable's name */
  char *token_env;
  char *file, *profile; /* shared credentials file */
  char *url; /* web identity: that of STS; container: complete; instance:
                without path */
  char *role_arn, *session_name, *token_file; /* web identity */
  char *header_file; /* container: holds the Authorization header */
  char *header_env;
};

/* Decides on the place, by the options (may be NULL) and the environment.
 * `region`: the region of STS when the environment names none. Removes secrets
 * from the environment (net/api/secret): configuration phase, one thread.
 * GC_ERR_CONFIG: half a pair, a variable that STS would refuse, or an address
 * that may not receive a token. */
GC_MUST_CHECK enum gc_code
credentials_find_source(const char *key_id, const char *secret_file,
                        const char *region, struct credentials_source *ret,
                        struct gc_err *err);
void credentials_source_clear(struct credentials_source *s);

/* Reads the section [PROFILE] of a shared credentials file. Returns GC_ERR_AUTH
 * when it has no keys. Pure. */
GC_MUST_CHECK enum gc_code credentials_parse_file(const char *text, size_t len,
                                                  const char *profile,
                                                  struct credentials *ret,
                                                  struct gc_err *err);
/* Reads the answer of a container or instance endpoint. Returns GC_ERR_AUTH
 * when it has no keys. Pure. */
GC_MUST_CHECK enum gc_code credentials_parse_json(const char *text, size_t len,
                                                  struct credentials *ret,
                                                  struct gc_err *err);

/* ---- AssumeRoleWithWebIdentity (AWS STS API Reference, version 2011-06-15):
 * a form is posted over TLS, unsigned, and the answer is XML. Pure. ---- */

enum {
  STS_ARN_MAX_BYTES = 2048,
  STS_TOKEN_MAX_BYTES = 20000,
  /* Each byte escaped, and the names of the fields. */
  STS_BODY_MAX_BYTES = 3 * (STS_TOKEN_MAX_BYTES + STS_ARN_MAX_BYTES + 64) + 256,
};

/* Returns true for lower-case letters, digits and "-", 1 to 32 of them. */
bool sts_is_region(const char *region);
/* Returns true for 2 to 64 letters, digits and "_+=,.@-". */
bool sts_is_session_name(const char *name);

/* Makes "https://sts.eu-west-1.amazonaws.com" of "eu-west-1". */
void sts_endpoint(const char *region, char out[GC_URL_SIZE]);

/* Replaces `out` by the form. White space around the token is dropped.
 * GC_ERR_AUTH: the token is empty or too long. */
GC_MUST_CHECK enum gc_code sts_request_body(const char *role_arn,
                                            const char *session_name,
                                            const char *token, size_t len,
                                            struct gc_buf *out,
                                            struct gc_err *err);

/* Reads the answer to a successful request. GC_ERR_AUTH: the answer is no XML
 * or lacks a part of the keys, and `ret` is unchanged. */
GC_MUST_CHECK enum gc_code sts_parse_answer(const char *text, size_t len,
                                            struct credentials *ret,
                                            struct gc_err *err);

/* Returns the time to renew keys that expire at `expires_ms`: five minutes
 * earlier, or a quarter of the time that is left at `now_ms`, whichever is
 * shorter. */
int64_t credentials_renew_at(int64_t expires_ms, int64_t now_ms);

struct credentials_keeper;

/* Makes a keeper that fetches and renews the credentials. `source` and
 * `transport` are borrowed. `transport` must reach the metadata addresses
 * without a proxy; for CREDENTIALS_WEB_IDENTITY it must reach STS, with the
 * settings of requests to the queue. The wall clock is read once for new keys,
 * to learn for how long they are valid; a later step of that clock does not
 * change when they are renewed. */
struct credentials_keeper *
credentials_keeper_new(const struct credentials_source *source,
                       const struct gc_transport *transport,
                       uint64_t (*now_ms)(void), int64_t (*wall_ms)(void));
void credentials_keeper_free(struct credentials_keeper *k);

/* Returns the credentials when valid ones are there, also while their renewal
 * runs or has failed (the next attempt follows 30 s later). Otherwise returns
 * NULL, fetches them and calls `ready` once, perhaps before it returns, with
 * GC_OK or the reason (GC_ERR_AUTH and the like). Then call the function again,
 * after a pause if the fetch failed. */
const struct credentials *
credentials_get(struct credentials_keeper *k,
                void (*ready)(void *ctx, const struct gc_err *err), void *ctx);
/* Drops credentials that AWS has refused, so that the next credentials_get
 * fetches new ones. Keeps those of a service that were refused twice within
 * five minutes, because new ones would not help (credentials_is_held). */
void credentials_refused(struct credentials_keeper *k);
/* True when AWS would probably refuse the present credentials: less than five
 * minutes ago it refused the same ones, or those of a service twice in a row.
 * Send no request then. Meanwhile each credentials_get reads credentials of an
 * option, the environment or a file again, so that a change applies at once. */
bool credentials_is_held(const struct credentials_keeper *k);

#endif
