/* SPDX-License-Identifier: MIT */
/* A pair of AWS keys with its session token. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_SQS_AWS_KEYS_H
#define GENESYS_FLOWMETRICS_SOURCES_SQS_AWS_KEYS_H

#include <stdint.h>

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

#endif
