/* SPDX-License-Identifier: MIT */
#include "common/intervals/dimensions.h"

#include <string.h>

static const struct {
  const char *name;
  enum gc_dimension_kind kind;
} dimensions[] = {
    {"activeRouting", GC_DIMENSION_WORD},
    {"activeSkillId", GC_DIMENSION_WORD},
    {"addressFrom", GC_DIMENSION_PERSONAL},
    {"addressTo", GC_DIMENSION_PERSONAL},
    {"agentAssistantId", GC_DIMENSION_WORD},
    {"agentBullseyeRing", GC_DIMENSION_WORD},
    {"agentOwned", GC_DIMENSION_WORD},
    {"agentRank", GC_DIMENSION_WORD},
    {"agentScore", GC_DIMENSION_WORD},
    {"ani", GC_DIMENSION_PERSONAL},
    {"assignerId", GC_DIMENSION_WORD},
    {"authenticated", GC_DIMENSION_WORD},
    {"conversationId", GC_DIMENSION_PERSONAL},
    {"conversationInitiator", GC_DIMENSION_WORD},
    {"convertedFrom", GC_DIMENSION_WORD},
    {"convertedTo", GC_DIMENSION_WORD},
    {"customerParticipation", GC_DIMENSION_WORD},
    {"deliveryStatus", GC_DIMENSION_WORD},
    {"destinationAddress", GC_DIMENSION_PERSONAL},
    {"direction", GC_DIMENSION_WORD},
    {"disconnectType", GC_DIMENSION_WORD},
    {"divisionId", GC_DIMENSION_WORD},
    {"dnis", GC_DIMENSION_PERSONAL},
    {"edgeId", GC_DIMENSION_WORD},
    {"eligibleAgentCount", GC_DIMENSION_WORD},
    {"errorCode", GC_DIMENSION_WORD},
    {"extendedDeliveryStatus", GC_DIMENSION_WORD},
    {"externalContactId", GC_DIMENSION_PERSONAL},
    {"externalMediaCount", GC_DIMENSION_WORD},
    {"externalOrganizationId", GC_DIMENSION_WORD},
    {"externalTag", GC_DIMENSION_PERSONAL},
    {"firstQueue", GC_DIMENSION_WORD},
    {"flaggedReason", GC_DIMENSION_WORD},
    {"flowInType", GC_DIMENSION_WORD},
    {"flowOutType", GC_DIMENSION_WORD},
    {"groupId", GC_DIMENSION_WORD},
    {"interactionType", GC_DIMENSION_WORD},
    {"journeyActionId", GC_DIMENSION_WORD},
    {"journeyActionMapId", GC_DIMENSION_WORD},
    {"journeyActionMapVersion", GC_DIMENSION_WORD},
    {"journeyCustomerId", GC_DIMENSION_PERSONAL},
    {"journeyCustomerIdType", GC_DIMENSION_WORD},
    {"journeyCustomerSessionId", GC_DIMENSION_PERSONAL},
    {"journeyCustomerSessionIdType", GC_DIMENSION_WORD},
    {"knowledgeBaseId", GC_DIMENSION_WORD},
    {"mediaCount", GC_DIMENSION_WORD},
    {"mediaType", GC_DIMENSION_MEDIA},
    {"messageType", GC_DIMENSION_WORD},
    {"originatingDirection", GC_DIMENSION_WORD},
    {"originatingSocialMediaPublic", GC_DIMENSION_WORD},
    {"outboundCampaignId", GC_DIMENSION_WORD},
    {"outboundContactId", GC_DIMENSION_PERSONAL},
    {"outboundContactListId", GC_DIMENSION_WORD},
    {"participantName", GC_DIMENSION_PERSONAL},
    {"peerId", GC_DIMENSION_PERSONAL},
    {"proposedAgentId", GC_DIMENSION_WORD},
    {"provider", GC_DIMENSION_WORD},
    {"purpose", GC_DIMENSION_WORD},
    {"queueId", GC_DIMENSION_QUEUE},
    {"remote", GC_DIMENSION_PERSONAL},
    {"removedSkillId", GC_DIMENSION_WORD},
    {"requestedLanguageId", GC_DIMENSION_WORD},
    {"requestedRouting", GC_DIMENSION_WORD},
    {"requestedRoutingSkillId", GC_DIMENSION_WORD},
    {"roomId", GC_DIMENSION_PERSONAL},
    {"routingPriority", GC_DIMENSION_WORD},
    {"routingRing", GC_DIMENSION_WORD},
    {"routingRule", GC_DIMENSION_WORD},
    {"routingRuleType", GC_DIMENSION_WORD},
    {"scoredAgentId", GC_DIMENSION_WORD},
    {"selectedAgentId", GC_DIMENSION_WORD},
    {"selectedAgentRank", GC_DIMENSION_WORD},
    {"selfServed", GC_DIMENSION_WORD},
    {"sessionDnis", GC_DIMENSION_PERSONAL},
    {"sessionId", GC_DIMENSION_PERSONAL},
    {"skillExpressionId", GC_DIMENSION_WORD},
    {"stationId", GC_DIMENSION_WORD},
    {"teamId", GC_DIMENSION_WORD},
    {"usedRouting", GC_DIMENSION_WORD},
    {"userId", GC_DIMENSION_USER},
    {"videoPresent", GC_DIMENSION_WORD},
    {"waitingInteractionCount", GC_DIMENSION_WORD},
    {"wrapUpCode", GC_DIMENSION_WORD},
};

enum gc_dimension_kind gc_dimension_of(const char *name) {
  for (size_t i = 0; i < GC_COUNT(dimensions); i++)
    if (strcmp(dimensions[i].name, name) == 0)
      return dimensions[i].kind;
  return GC_DIMENSION_WORD;
}

static bool is_known(const char *name) {
  for (size_t i = 0; i < GC_COUNT(dimensions); i++)
    if (strcmp(dimensions[i].name, name) == 0)
      return true;
  return false;
}

enum gc_code gc_dimension_check(const char *name, struct gc_err *err) {
  if (!is_known(name))
    return gc_fail(err, GC_ERR_CONFIG,
                   "GroupBy: \"%.40s\" is no dimension of the aggregate "
                   "queries, as \"queueId\", \"mediaType\", \"userId\", "
                   "\"direction\", \"divisionId\", \"wrapUpCode\" are",
                   name);
  if (gc_dimension_of(name) == GC_DIMENSION_PERSONAL)
    return gc_fail(err, GC_ERR_CONFIG,
                   "GroupBy: \"%s\" tells single conversations or customers "
                   "apart, which never become series",
                   name);
  return GC_OK;
}
