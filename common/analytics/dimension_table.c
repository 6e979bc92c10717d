/* SPDX-License-Identifier: MIT */
#include "common/analytics/dimension_table.h"

#include <string.h>

#include "common/net/name_cache.h"

/* The queries that accept a dimension. */
enum {
  CONVERSATIONS = 1 << GC_QUERY_CONVERSATIONS,
  FLOWS = 1 << GC_QUERY_FLOWS,
  BOTH = CONVERSATIONS | FLOWS
};

static const struct row {
  const char *name;
  enum gc_dimension_kind kind;
  unsigned sources;
} dimensions[] = {
    {"activeRouting", GC_DIMENSION_WORD, BOTH},
    {"activeSkillId", GC_DIMENSION_WORD, BOTH},
    {"addressFrom", GC_DIMENSION_PERSONAL, BOTH},
    {"addressTo", GC_DIMENSION_PERSONAL, BOTH},
    {"agentAssistantId", GC_DIMENSION_WORD, BOTH},
    {"agentBullseyeRing", GC_DIMENSION_WORD, BOTH},
    {"agentOwned", GC_DIMENSION_WORD, BOTH},
    {"agentRank", GC_DIMENSION_WORD, BOTH},
    {"agentScore", GC_DIMENSION_WORD, BOTH},
    {"ani", GC_DIMENSION_PERSONAL, BOTH},
    {"assignerId", GC_DIMENSION_WORD, BOTH},
    {"authenticated", GC_DIMENSION_WORD, BOTH},
    {"conversationId", GC_DIMENSION_PERSONAL, BOTH},
    {"conversationInitiator", GC_DIMENSION_WORD, BOTH},
    {"convertedFrom", GC_DIMENSION_WORD, BOTH},
    {"convertedTo", GC_DIMENSION_WORD, BOTH},
    {"customerParticipation", GC_DIMENSION_WORD, BOTH},
    {"deliveryStatus", GC_DIMENSION_WORD, BOTH},
    {"destinationAddress", GC_DIMENSION_PERSONAL, BOTH},
    {"direction", GC_DIMENSION_WORD, BOTH},
    {"disconnectType", GC_DIMENSION_WORD, BOTH},
    {"divisionId", GC_DIMENSION_WORD, BOTH},
    {"dnis", GC_DIMENSION_PERSONAL, BOTH},
    {"edgeId", GC_DIMENSION_WORD, BOTH},
    {"eligibleAgentCount", GC_DIMENSION_WORD, BOTH},
    {"endingLanguage", GC_DIMENSION_WORD, FLOWS},
    {"entryReason", GC_DIMENSION_PERSONAL, FLOWS},
    {"entryType", GC_DIMENSION_CODE, FLOWS},
    {"errorCode", GC_DIMENSION_WORD, BOTH},
    {"exitReason", GC_DIMENSION_CODE, FLOWS},
    {"extendedDeliveryStatus", GC_DIMENSION_WORD, BOTH},
    {"externalContactId", GC_DIMENSION_PERSONAL, BOTH},
    {"externalMediaCount", GC_DIMENSION_WORD, BOTH},
    {"externalOrganizationId", GC_DIMENSION_WORD, BOTH},
    {"externalTag", GC_DIMENSION_PERSONAL, BOTH},
    {"firstQueue", GC_DIMENSION_WORD, BOTH},
    {"flaggedReason", GC_DIMENSION_WORD, BOTH},
    {"flowId", GC_DIMENSION_FLOW, FLOWS},
    {"flowInType", GC_DIMENSION_WORD, BOTH},
    {"flowMilestoneId", GC_DIMENSION_MILESTONE, FLOWS},
    {"flowName", GC_DIMENSION_WORD, FLOWS},
    {"flowOutcome", GC_DIMENSION_WORD, FLOWS},
    {"flowOutcomeId", GC_DIMENSION_OUTCOME, FLOWS},
    {"flowOutcomeValue", GC_DIMENSION_CODE, FLOWS},
    {"flowOutType", GC_DIMENSION_WORD, BOTH},
    {"flowSubType", GC_DIMENSION_CODE, FLOWS},
    {"flowType", GC_DIMENSION_CODE, FLOWS},
    {"flowVersion", GC_DIMENSION_WORD, FLOWS},
    {"groupId", GC_DIMENSION_WORD, BOTH},
    {"interactionType", GC_DIMENSION_WORD, BOTH},
    {"journeyActionId", GC_DIMENSION_WORD, BOTH},
    {"journeyActionMapId", GC_DIMENSION_WORD, BOTH},
    {"journeyActionMapVersion", GC_DIMENSION_WORD, BOTH},
    {"journeyCustomerId", GC_DIMENSION_PERSONAL, BOTH},
    {"journeyCustomerIdType", GC_DIMENSION_WORD, BOTH},
    {"journeyCustomerSessionId", GC_DIMENSION_PERSONAL, BOTH},
    {"journeyCustomerSessionIdType", GC_DIMENSION_WORD, BOTH},
    {"knowledgeBaseId", GC_DIMENSION_WORD, BOTH},
    {"mediaCount", GC_DIMENSION_WORD, BOTH},
    {"mediaType", GC_DIMENSION_MEDIA, BOTH},
    {"messageType", GC_DIMENSION_WORD, BOTH},
    {"originatingDirection", GC_DIMENSION_WORD, BOTH},
    {"originatingSocialMediaPublic", GC_DIMENSION_WORD, CONVERSATIONS},
    {"outboundCampaignId", GC_DIMENSION_WORD, BOTH},
    {"outboundContactId", GC_DIMENSION_PERSONAL, BOTH},
    {"outboundContactListId", GC_DIMENSION_WORD, BOTH},
    {"participantName", GC_DIMENSION_PERSONAL, BOTH},
    {"peerId", GC_DIMENSION_PERSONAL, BOTH},
    {"proposedAgentId", GC_DIMENSION_WORD, BOTH},
    {"provider", GC_DIMENSION_WORD, BOTH},
    {"purpose", GC_DIMENSION_WORD, BOTH},
    {"queueId", GC_DIMENSION_QUEUE, BOTH},
    {"recognitionFailureReason", GC_DIMENSION_CODE, FLOWS},
    {"remote", GC_DIMENSION_PERSONAL, BOTH},
    {"removedSkillId", GC_DIMENSION_WORD, BOTH},
    {"requestedLanguageId", GC_DIMENSION_WORD, BOTH},
    {"requestedRouting", GC_DIMENSION_WORD, BOTH},
    {"requestedRoutingSkillId", GC_DIMENSION_WORD, BOTH},
    {"roomId", GC_DIMENSION_PERSONAL, BOTH},
    {"routingPriority", GC_DIMENSION_WORD, BOTH},
    {"routingRing", GC_DIMENSION_WORD, BOTH},
    {"routingRule", GC_DIMENSION_WORD, BOTH},
    {"routingRuleType", GC_DIMENSION_WORD, BOTH},
    {"scoredAgentId", GC_DIMENSION_WORD, BOTH},
    {"selectedAgentId", GC_DIMENSION_WORD, BOTH},
    {"selectedAgentRank", GC_DIMENSION_WORD, BOTH},
    {"selfServed", GC_DIMENSION_WORD, BOTH},
    {"sessionDnis", GC_DIMENSION_PERSONAL, BOTH},
    {"sessionId", GC_DIMENSION_PERSONAL, BOTH},
    {"skillExpressionId", GC_DIMENSION_WORD, BOTH},
    {"startingLanguage", GC_DIMENSION_WORD, FLOWS},
    {"stationId", GC_DIMENSION_WORD, BOTH},
    {"teamId", GC_DIMENSION_WORD, BOTH},
    {"transferTargetAddress", GC_DIMENSION_PERSONAL, FLOWS},
    {"transferTargetName", GC_DIMENSION_WORD, FLOWS},
    {"transferType", GC_DIMENSION_CODE, FLOWS},
    {"usedRouting", GC_DIMENSION_WORD, BOTH},
    {"userId", GC_DIMENSION_USER, BOTH},
    {"videoPresent", GC_DIMENSION_WORD, BOTH},
    {"waitingInteractionCount", GC_DIMENSION_WORD, BOTH},
    {"wrapUpCode", GC_DIMENSION_WORD, BOTH},
};

static const struct row *find_dimension(const char *name) {
  for (size_t i = 0; i < GC_COUNT(dimensions); i++)
    if (strcmp(dimensions[i].name, name) == 0)
      return &dimensions[i];
  return NULL;
}

enum gc_dimension_kind gc_dimension_of(const char *name) {
  const struct row *row = find_dimension(name);
  return row != NULL ? row->kind : GC_DIMENSION_WORD;
}

int gc_dimension_list(enum gc_dimension_kind kind) {
  switch (kind) {
  case GC_DIMENSION_QUEUE:
    return GC_QUEUE;
  case GC_DIMENSION_USER:
    return GC_USER;
  case GC_DIMENSION_FLOW:
    return GC_FLOW;
  case GC_DIMENSION_OUTCOME:
    return GC_FLOW_OUTCOME;
  case GC_DIMENSION_MILESTONE:
    return GC_FLOW_MILESTONE;
  case GC_DIMENSION_PRESENCE:
    return GC_PRESENCE;
  default:
    return -1;
  }
}

/* Checks a dimension. The guide dialect and the query of users are grouped by
 * one dimension (gc_source.only), which conversations have too. */
enum gc_code gc_dimension_check(const char *name, enum gc_query_source source,
                                struct gc_err *err) {
  const struct row *row = find_dimension(name);
  unsigned bit = source == GC_QUERY_FLOWS ? FLOWS : CONVERSATIONS;
  bool is_known = row != NULL && (row->sources & bit) != 0;
  if (!is_known && source == GC_QUERY_FLOWS)
    return gc_fail(err, GC_ERR_CONFIG,
                   "GroupBy: \"%.40s\" is not a dimension of the flow "
                   "aggregates such as \"flowId\", \"flowOutcomeId\", "
                   "\"flowMilestoneId\", \"flowType\", \"mediaType\"",
                   name);
  if (!is_known)
    return gc_fail(err, GC_ERR_CONFIG,
                   "GroupBy: \"%.40s\" is not a dimension of the aggregate "
                   "queries such as \"queueId\", \"mediaType\", \"userId\", "
                   "\"direction\", \"divisionId\", \"wrapUpCode\"",
                   name);
  if (row->kind == GC_DIMENSION_PERSONAL)
    return gc_fail(err, GC_ERR_CONFIG,
                   "GroupBy: \"%s\" identifies single conversations or "
                   "customers, which never become series",
                   name);
  return GC_OK;
}
