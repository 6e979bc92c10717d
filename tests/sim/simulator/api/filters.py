# SPDX-License-Identifier: MIT
"""The filter grammar of the analytics queries.

    filter    = {type: and|or, clauses: [clause], predicates: [predicate]}
    clause    = {type: and|or, predicates: [predicate]}     one level only
    predicate = {type, dimension, operator: matches|exists|notExists, value}
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from ..web.message import bad_request, invalid_value

PREDICATES_MAX = 200
MANY = 1_000_000
Lookup = Callable[[str], Optional[str]]


@dataclass
class Node:
    """and/or over value sets, existence tests and clauses."""
    every: bool
    sets: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    exists: list[tuple[str, bool]] = field(default_factory=list)
    clauses: list["Node"] = field(default_factory=list)

    def matches(self, lookup: Lookup) -> bool:
        results = (*(lookup(d) in values for d, values in self.sets),
                   *((lookup(d) is not None) is wanted for d, wanted in self.exists),
                   *(clause.matches(lookup) for clause in self.clauses))
        return all(results) if self.every else any(results)

    def only(self, dimension: str) -> Optional[frozenset[str]]:
        """The only values of a dimension that can match; None: no such bound."""
        bounds = [values if d == dimension else None for d, values in self.sets]
        bounds += [None] * len(self.exists) + [clause.only(dimension) for clause in self.clauses]
        if self.every:
            known = [b for b in bounds if b is not None]
            return frozenset.intersection(*known) if known else None
        if not bounds or None in bounds:
            return None
        return frozenset().union(*[b for b in bounds if b is not None])


def parse(raw: Any, dimensions: list[str], label: str, required: bool = True,
          most: int = PREDICATES_MAX) -> Optional[Node]:
    """`label` names the query in the words of the errors: QueueObservation…"""
    if raw is None and not required:
        return None
    if not isinstance(raw, dict):
        raise bad_request("The filter is required.")
    count = len(raw.get("predicates") or []) + sum(
        len(c.get("predicates") or []) for c in raw.get("clauses") or [] if isinstance(c, dict))
    if count > most:
        raise bad_request("The query contains [%d] predicates, the maximum is [%d]."
                          % (count, most))
    if count == 0 and required:
        raise bad_request("The filter must contain at least one predicate.")
    node = _node(raw, dimensions, label, 0)
    return node if count else None  # an empty filter filters nothing


def _choice(value: Any, kind: str, allowed: list[str], default: Optional[str] = None) -> str:
    """Letter case does not matter: official samples send "AND"."""
    if value is None and default is not None:
        return default
    for one in allowed:
        if isinstance(value, str) and value.lower() == one.lower():
            return one
    raise invalid_value(value, kind, allowed)


def _node(raw: dict[str, Any], dimensions: list[str], label: str, depth: int) -> Node:
    node = Node(_choice(raw.get("type"), "QueryFilterType", ["and", "or"]) == "and")
    alternatives: dict[str, set[str]] = {}
    for predicate in raw.get("predicates") or []:
        if not isinstance(predicate, dict):
            raise bad_request("A predicate must be an object.")
        _choice(predicate.get("type"), "PredicateType", ["dimension", "property", "metric"], "dimension")
        dimension = _choice(predicate.get("dimension"), label + "Dimension", dimensions)
        operator = _choice(predicate.get("operator"), "PredicateOperator",
                           ["matches", "exists", "notExists"], "matches")
        if operator != "matches":
            node.exists.append((dimension, operator == "exists"))
            continue
        value = predicate.get("value")
        if not isinstance(value, str):
            raise bad_request("A predicate with operator matches needs a value.")
        if node.every:
            node.sets.append((dimension, frozenset([value])))
        else:
            alternatives.setdefault(dimension, set()).add(value)
    node.sets += [(d, frozenset(values)) for d, values in alternatives.items()]
    clauses = raw.get("clauses") or []
    if clauses and depth:
        raise bad_request("Clauses must not be nested.")
    for clause in clauses:
        node.clauses.append(_node(clause if isinstance(clause, dict) else {}, dimensions, label, depth + 1))
    return node
