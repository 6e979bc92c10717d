/* SPDX-License-Identifier: MIT */
/* The identities under which a ledger counts, and which of them this agent may
 * count for by the leases of their accounts. */
#include <stdlib.h>
#include <string.h>

#include "plugins/genesys_flowmetrics/ledger/internal.h"

void ledger_choose_identities(struct ledger *l) {
  l->key_count = 0;
  for (size_t i = 0; i < l->identity_count; i++) {
    struct identity *id = &l->identities[i];
    uint32_t term = gc_lease_gate_term(id->lease);
    id->taken_term = gc_lease_gate_allows(id->lease) ? term : 0;
    id->key = id->taken_term != 0 ? ++l->key_count : 0;
  }
}

/* True if this agent has lost the lease since the store was opened, or has got
 * it. While the permission is closed within a term, no other agent counts. */
static bool is_stale(const struct identity *id) {
  uint32_t term = gc_lease_gate_term(id->lease);
  return id->taken_term != term &&
         (id->taken_term != 0 || gc_lease_gate_allows(id->lease));
}

bool ledger_has_lease_changed(const struct ledger *l) {
  for (size_t i = 0; i < l->identity_count; i++)
    if (is_stale(&l->identities[i]))
      return true;
  return false;
}

static bool is_of_new_term(const struct identity *id) {
  return id->lease != NULL && id->taken_term != 0 &&
         id->taken_term != id->loaded_term;
}

void ledger_forget_former_terms(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  for (size_t i = 0; i < l->identity_count; i++)
    if (is_of_new_term(&l->identities[i]))
      series_forget_scope(&l->set, l->identities[i].scope);
  pthread_mutex_unlock(&l->lock);
}

void ledger_note_loaded(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  l->has_sent_zero = l->has_sent_zero || l->has_lease;
  for (size_t i = 0; i < l->identity_count; i++)
    if (l->identities[i].taken_term != 0)
      l->identities[i].loaded_term = l->identities[i].taken_term;
  l->has_loaded = true;
  pthread_mutex_unlock(&l->lock);
}

bool ledger_is_loaded(const struct ledger *l, const char *scope) {
  for (size_t i = 0; i < l->identity_count; i++) {
    const struct identity *id = &l->identities[i];
    uint32_t term = gc_lease_gate_term(id->lease);
    if (strcmp(id->scope, scope) == 0 && (term == 0 || id->loaded_term != term))
      return false;
  }
  return l->has_loaded;
}

bool ledger_holds(const struct ledger *l, const struct batch *b) {
  if (!b->source->is_shared)
    return true;
  const struct identity *id = &l->identities[b->source->identity];
  return id->taken_term != 0 && id->taken_term == gc_lease_gate_term(id->lease);
}

static void identity_clear(struct identity *id) {
  free(id->scope);
  free(id->block);
  free(id->host);
}

enum gc_code ledger_identify(struct ledger *l, const struct ledger_identity *of,
                             struct gc_err *err) {
  struct identity id = {.scope = strdup(of->scope),
                        .block = strdup(of->block),
                        .host = strdup(of->host),
                        .lease = of->lease};
  struct identity *more =
      realloc(l->identities, (l->identity_count + 1) * sizeof(id));
  if (more != NULL)
    l->identities = more;
  if (more == NULL || id.scope == NULL || id.block == NULL || id.host == NULL) {
    identity_clear(&id);
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  }
  l->identities[l->identity_count++] = id;
  l->has_lease = l->has_lease || of->lease != NULL;
  return GC_OK;
}

unsigned ledger_identity(const struct ledger *l, const char *scope,
                         const char *block) {
  for (size_t i = 0; i < l->identity_count; i++)
    if (strcmp(l->identities[i].scope, scope) == 0 &&
        strcmp(l->identities[i].block, block) == 0)
      return (unsigned)i;
  return 0;
}

void ledger_clear_identities(struct ledger *l) {
  for (size_t i = 0; i < l->identity_count; i++)
    identity_clear(&l->identities[i]);
  free(l->identities);
}
