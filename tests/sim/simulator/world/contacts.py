# SPDX-License-Identifier: MIT
"""Life cycle of conversations: arrival, waiting, alerting, interacting, wrap-up, end.

The history of a queue conversation (Genesys docs): an `acd`
participant of the queue appears with the offer and ends with disconnectType
`transfer` when an agent answers; each alerted agent is an `agent` participant
that stays in the history; a connected participant has a connectedTime.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from .model import Agent, Communication, Conversation, Participant, Queue, Visit, new_id

if TYPE_CHECKING:
    from .world import World

# Virtual seconds: mean patience, median talk, mean wrap-up.
PATIENCE_S = {"voice": 150, "chat": 240, "email": 20_000, "message": 1_500, "callback": 3_000}
TALK_S = {"voice": 165, "chat": 230, "email": 260, "message": 260, "callback": 165}
WRAPUP_S = {"voice": 25, "chat": 15, "email": 20, "message": 15, "callback": 25}
TALK_SPREAD = 0.6
IVR_SHARE, IVR_LOST = 0.6, 0.05
REFUSED, HOLD_SHARE, TRANSFER_SHARE, NO_WRAPUP = 0.06, 0.25, 0.08, 0.1


class Contacts:
    """Moves the conversations of a world."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self._serial = 0

    # ---- arrival ----------------------------------------------------------------

    def plan_arrival(self, queue: Queue) -> None:
        rate = queue.rate * self.world.load
        wait = self.world.rng.expovariate(rate) if rate > 0 else 60.0
        self.world.after(wait, self._arrival, queue)

    def _arrival(self, queue: Queue) -> None:
        if queue.deleted:
            return
        self.plan_arrival(queue)
        if queue.rate * self.world.load <= 0:
            return
        media = self.world.rng.choices(list(queue.mix), list(queue.mix.values()))[0]
        self.begin(queue, media)

    def begin(self, queue: Queue, media: str, direct: bool = False) -> Conversation:
        """Creates a contact for the queue; a call may pass an IVR first."""
        rng, now_ms = self.world.rng, self.world.at_ms()
        number = rng.randrange(600_000_000, 799_999_999)
        conversation = Conversation(
            id=new_id(rng), media=media, direction="inbound",
            ani=_address(media, number), dnis=_address(media, 900_000_000 + queue.index, "service"),
            customer="Customer %d" % number, start_ms=now_ms, division_id=queue.division.id)
        self.world.conversations[conversation.id] = conversation
        customer = self._participant("customer", conversation.customer, "connected")
        conversation.participants.append(customer)
        if media == "voice" and not direct and rng.random() < IVR_SHARE:
            conversation.participants.append(self._participant("ivr", "Main IVR", "connected"))
            self.world.flows.begin(conversation)
            self.world.changed(conversation)
            self.world.after(rng.uniform(3, 30), self._leave_ivr, conversation, queue)
        else:
            if media != "voice" and not direct:
                self.world.flows.begin(conversation)
                self.world.flows.end(conversation, queue)
            self.enter(conversation, queue)
        return conversation

    def _leave_ivr(self, conversation: Conversation, queue: Queue) -> None:
        if conversation.end_ms is not None:
            return
        ivr = conversation.participants[-1]
        if queue.deleted or self.world.rng.random() < IVR_LOST:
            self._end_participant(ivr, "peer")
            self._finish(conversation, "endpoint")
            return
        self._end_participant(ivr, "transfer")
        self.world.flows.end(conversation, queue)
        self.enter(conversation, queue)

    def _participant(self, purpose: str, name: str, state: str) -> Participant:
        rng, now_ms = self.world.rng, self.world.at_ms()
        comm = Communication(new_id(rng), state, "inbound", now_ms, initial_state=state)
        who = Participant(new_id(rng), purpose, name, comm)
        if state == "connected":
            who.connected_ms = comm.connected_ms = now_ms
        return who

    # ---- waiting -----------------------------------------------------------------

    def enter(self, conversation: Conversation, queue: Queue) -> Visit:
        """The offer: an acd participant of the queue appears."""
        self._serial += 1
        acd = self._participant("acd", queue.name, "connected")
        acd.queue = queue
        conversation.participants.append(acd)
        now_ms = self.world.at_ms()
        visit = Visit(conversation, queue, acd, self.world.now, now_ms, self._serial, since_ms=now_ms)
        conversation.visit = visit
        queue.waiting[visit.media].add(visit)
        queue.contacts_version += 1
        self.world.emit(queue, conversation, "nOffered")
        self.world.changed(conversation, queue)
        patience = self.world.rng.expovariate(1.0 / PATIENCE_S[visit.media])
        self.world.after(patience, self._lose_patience, visit)
        self._route(visit)
        return visit

    def _route(self, visit: Visit) -> None:
        agent = self.world.staff.best_for(visit)
        if agent is not None:
            self._alert(visit, agent)

    def _lose_patience(self, visit: Visit) -> None:
        if visit.conversation.visit is not visit or visit.state == "interacting":
            return
        world = self.world
        others = [q for q in world.serving[visit.media] if q is not visit.queue] if world.flow_out > 0 else []
        if others and world.rng.random() < world.flow_out:
            self.flow_out(visit, world.rng.choice(others))
        else:
            self.abandon(visit, "endpoint")

    def abandon(self, visit: Visit, how: str) -> None:
        """The customer leaves (endpoint) or the platform ends the contact (system)."""
        self._stop_ringing(visit, "peer" if how == "endpoint" else "system")
        self._out_of(visit)
        self._end_participant(visit.acd, "peer" if how == "endpoint" else "system")
        visit.conversation.visit = None
        waited = self.world.at_ms() - visit.entered_ms
        for name in ("tAbandon", "tAcd", "tWait"):
            self.world.emit(visit.queue, visit.conversation, name, waited)
        self._finish(visit.conversation, how, visit.queue)

    def flow_out(self, visit: Visit, target: Queue) -> None:
        """An unanswered contact goes to another queue: the acd participant ends, and the conversation continues."""
        self._stop_ringing(visit, "system")
        self._out_of(visit)
        self._end_participant(visit.acd, "transfer")
        waited = self.world.at_ms() - visit.entered_ms
        for name in ("tFlowOut", "tAcd", "tWait"):
            self.world.emit(visit.queue, visit.conversation, name, waited)
        visit.served_by = None
        self.enter(visit.conversation, target)

    def _stop_ringing(self, visit: Visit, how: str) -> None:
        """Stops the ringing at the alerted agent, if any."""
        ringing = visit.served_by
        if visit.state == "alerting" and ringing is not None:
            self._end_participant(ringing, how)
            self._release(ringing)

    # ---- alerting ------------------------------------------------------------------

    def offer_work(self, agent: Agent) -> None:
        """Gives a free agent the contacts that have waited longest in the queues of that agent."""
        staff = self.world.staff
        while True:
            first: Optional[Visit] = None
            for queue in agent.queues.values():
                if not queue.members[agent.id].joined:
                    continue
                for media, line in queue.waiting.items():
                    if not len(line) or not staff.can_take(agent, media):
                        continue
                    visit = next((v for v in line if agent.id not in v.refused_by), None)
                    if visit is not None and (first is None or visit.order < first.order):
                        first = visit
            if first is None:
                return
            self._alert(first, agent)

    def _alert(self, visit: Visit, agent: Agent) -> None:
        rng = self.world.rng
        who = self._participant("agent", agent.name, "alerting")
        who.queue, who.agent = visit.queue, agent
        visit.conversation.participants.append(who)
        self._move(visit, "alerting")
        visit.served_by = who
        agent.load[who.id] = visit.media
        agent.alerting.add(who.id)
        self.world.staff.settle(agent)
        self.world.changed(visit.conversation, visit.queue)
        timeout = visit.queue.alerting_timeout_s[visit.media]
        draw = rng.random()
        if draw < REFUSED / 2:
            self.world.after(timeout, self._refuse, visit, visit.ticket, "transfer.noanswer")
        elif draw < REFUSED:
            self.world.after(rng.uniform(1, timeout), self._refuse, visit, visit.ticket, "client")
        else:
            self.world.after(rng.uniform(1, min(6, timeout)), self._answer, visit, visit.ticket)

    def _refuse(self, visit: Visit, ticket: int, how: str) -> None:
        """The agent did not answer or declined: the contact returns to its place by the time of entering."""
        if ticket != visit.ticket:
            return
        who = visit.served_by
        self._end_participant(who, how)
        rang = self.world.at_ms() - visit.since_ms
        self.world.emit(visit.queue, visit.conversation, "tAlert", rang, who)
        self.world.emit(visit.queue, visit.conversation, "tNotResponding", rang, who)
        visit.refused_by.add(who.agent.id)
        visit.served_by = None
        self._move(visit, "waiting")
        self._release(who, free=False)
        self.world.staff.make_unavailable(who.agent, "NOT_RESPONDING", self.world.rng.uniform(20, 90))
        self.world.changed(visit.conversation, visit.queue)
        self.world.after(30.0, self._allow_agent_again, visit, who.agent.id)
        self._route(visit)

    def _allow_agent_again(self, visit: Visit, agent_id: str) -> None:
        """Allows the same agent again after a while; otherwise no agent could remain for the contact."""
        visit.refused_by.discard(agent_id)
        if visit.state == "waiting" and visit.conversation.visit is visit:
            self._route(visit)

    # ---- interacting ---------------------------------------------------------------

    def _answer(self, visit: Visit, ticket: int) -> None:
        if ticket != visit.ticket:
            return
        who, now_ms, world = visit.served_by, self.world.at_ms(), self.world
        waited, rang = now_ms - visit.entered_ms, now_ms - visit.since_ms
        who.comm.state = "connected"
        who.connected_ms = who.comm.connected_ms = now_ms
        self._end_participant(visit.acd, "transfer")
        visit.answered_ms = now_ms
        self._move(visit, "interacting")
        who.agent.alerting.discard(who.id)
        world.staff.settle(who.agent)
        for name, value in (("tAlert", rang), ("tAnswered", waited), ("tAcd", waited), ("tWait", waited)):
            world.emit(visit.queue, visit.conversation, name, value, who)
        world.emit(visit.queue, visit.conversation, "nConnected", None, who)
        if waited > visit.queue.sla_ms[visit.media] / world.clock.speed:
            world.emit(visit.queue, visit.conversation, "nOverSla", None, who)
        world.changed(visit.conversation, visit.queue)
        talk = world.rng.lognormvariate(0.0, TALK_SPREAD) * TALK_S[visit.media]
        if visit.media in ("voice", "callback") and world.rng.random() < HOLD_SHARE:
            begin = talk * world.rng.uniform(0.1, 0.6)
            world.after(begin, self._hold, visit, visit.ticket, talk - begin)
        else:
            world.after(talk, self._end_talk, visit, visit.ticket)

    def _hold(self, visit: Visit, ticket: int, rest: float) -> None:
        if ticket != visit.ticket:
            return
        comm = visit.served_by.comm
        comm.held, comm.start_hold_ms = True, self.world.at_ms()
        self.world.changed(visit.conversation, visit.queue)
        self.world.after(self.world.rng.uniform(10, 60), self._unhold, visit, ticket, rest)

    def _unhold(self, visit: Visit, ticket: int, rest: float) -> None:
        if ticket != visit.ticket:
            return
        self._take_off_hold(visit.served_by)
        self.world.changed(visit.conversation, visit.queue)
        self.world.after(rest, self._end_talk, visit, ticket)

    def _take_off_hold(self, who: Participant) -> None:
        comm = who.comm
        if comm.held:
            comm.held_total_ms += self.world.at_ms() - comm.start_hold_ms
            comm.held, comm.start_hold_ms = False, None

    def _end_talk(self, visit: Visit, ticket: int) -> None:
        """Ends the talk by a transfer to another queue or by the end of the contact."""
        if ticket != visit.ticket:
            return
        rng = self.world.rng
        others = self.world.serving[visit.media]
        if rng.random() < TRANSFER_SHARE and len(others) > 1:
            target = rng.choice(others)
            if target is not visit.queue:
                self._transfer(visit, target, consult=rng.random() < 0.4)
                return
        self.hang_up(visit, by_agent=rng.random() < 0.4)

    def _transfer(self, visit: Visit, target: Queue, consult: bool) -> None:
        conversation, who = visit.conversation, visit.served_by
        self._out_of(visit)
        self._end_participant(who, "transfer.consult" if consult else "transfer")
        kind = "nConsultTransferred" if consult else "nBlindTransferred"
        for name in ("nTransferred", kind):
            self.world.emit(visit.queue, conversation, name, None, who)
        self._wrap_up(conversation, visit.queue, who)
        self.world.changed(conversation, visit.queue)
        self.enter(conversation, target)

    def hang_up(self, visit: Visit, by_agent: bool) -> None:
        """Ends an interaction; its agent wraps up."""
        conversation, who = visit.conversation, visit.served_by
        self._out_of(visit)
        conversation.visit = None
        self._end_participant(who, "client" if by_agent else "peer")
        self._wrap_up(conversation, visit.queue, who)
        self._finish(conversation, "peer" if by_agent else "endpoint", visit.queue)

    # ---- wrap-up and end -------------------------------------------------------------

    def _wrap_up(self, conversation: Conversation, queue: Queue, who: Participant) -> None:
        """After-call work belongs to the agent's participant, not to the conversation."""
        talked = who.end_ms - who.connected_ms - who.comm.held_total_ms
        media, rng = conversation.media, self.world.rng
        self.world.emit(queue, conversation, "tTalkComplete", talked, who)
        if who.comm.held_total_ms:
            self.world.emit(queue, conversation, "tHeldComplete", who.comm.held_total_ms, who)
        if rng.random() < NO_WRAPUP:
            self.world.emit(queue, conversation, "tHandle", who.end_ms - who.connected_ms, who)
            self._release(who)
            return
        who.wrapup_required = True
        who.start_acw_ms = self.world.at_ms()
        conversation.open_acw += 1
        pause = 1.0 + rng.expovariate(1.0 / WRAPUP_S[media])
        self.world.after(pause, self._wrapped_up, conversation, queue, who)

    def _wrapped_up(self, conversation: Conversation, queue: Queue, who: Participant) -> None:
        world = self.world
        who.end_acw_ms = world.at_ms()
        who.wrapup_code = world.rng.choice(queue.codes)
        conversation.open_acw -= 1
        acw = who.end_acw_ms - who.start_acw_ms
        world.emit(queue, conversation, "tAcw", acw, who)
        world.emit(queue, conversation, "tHandle", who.end_ms - who.connected_ms + acw, who)
        world.changed(conversation, queue)
        self._retire(conversation)
        self._release(who)

    def _finish(self, conversation: Conversation, how: str, queue: Optional[Queue] = None) -> None:
        self._end_participant(conversation.participants[0], how)
        self.world.flows.end(conversation, None)
        conversation.end_ms = self.world.at_ms()
        self.world.changed(conversation, queue)
        self._retire(conversation)

    def _retire(self, conversation: Conversation) -> None:
        if conversation.over:
            self.world.ended.append((self.world.at_ms(), conversation.id))

    def close_queue(self, queue: Queue) -> None:
        """Disconnects the waiting and ringing contacts of a deleted queue."""
        for media in list(queue.waiting):
            for visit in [*queue.waiting[media], *queue.alerting[media].values()]:
                self.abandon(visit, "system")

    def disconnect(self, conversation: Conversation) -> bool:
        """The customer hangs up, in any state of the conversation."""
        visit = conversation.visit
        if conversation.end_ms is not None:
            return False
        if visit is None:  # in the IVR
            self._end_participant(conversation.participants[-1], "peer")
            self._finish(conversation, "endpoint")
        elif visit.state == "interacting":
            self.hang_up(visit, by_agent=False)
        else:
            self.abandon(visit, "endpoint")
        return True

    # ---- helpers ----------------------------------------------------------------------

    def _move(self, visit: Visit, state: str) -> None:
        self._out_of(visit)
        visit.state, visit.since_ms = state, self.world.at_ms()
        if state == "waiting":
            visit.queue.waiting[visit.media].add(visit)
        else:
            getattr(visit.queue, state)[visit.media][visit.conversation.id] = visit

    def _out_of(self, visit: Visit) -> None:
        visit.ticket += 1
        visit.queue.contacts_version += 1
        if visit.state == "waiting":
            visit.queue.waiting[visit.media].remove(visit)
        else:
            del getattr(visit.queue, visit.state)[visit.media][visit.conversation.id]

    def _end_participant(self, who: Participant, how: str) -> None:
        self._take_off_hold(who)
        who.end_ms = who.comm.disconnected_ms = self.world.at_ms()
        who.comm.state, who.comm.disconnect_type = "disconnected", how

    def _release(self, who: Participant, free: bool = True) -> None:
        agent = who.agent
        agent.load.pop(who.id, None)
        agent.alerting.discard(who.id)
        if free:
            self.world.staff.free(agent)
        else:
            self.world.staff.settle(agent)


def _address(media: str, number: int, who: str = "customer") -> str:
    if media in ("voice", "callback"):
        return "tel:+34%09d" % number
    return "%s%d@example.org" % (who, number)
