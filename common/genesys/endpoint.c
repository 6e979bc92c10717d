/* SPDX-License-Identifier: MIT */
#include "common/genesys/endpoint.h"

static const struct gc_endpoint endpoints[GC_ENDPOINT_COUNT] = {
#define XX(id, function, method, path, permission)                             \
  [GC_ENDPOINT_##id] = {function, method, path, permission},
    GC_ENDPOINT_MAP(XX)
#undef XX
};

const struct gc_endpoint *gc_endpoint(enum gc_endpoint_id id) {
  return &endpoints[(unsigned)id < GC_ENDPOINT_COUNT ? id : 0];
}
