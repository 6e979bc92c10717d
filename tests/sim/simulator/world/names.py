# SPDX-License-Identifier: MIT
"""Names as administrators give them: not unique, any UTF-8.

Genesys docs: queue names are not unique across divisions and may hold any
UTF-8, slashes and spaces.  The unusual names come first, so that a small centre
has them too.
"""
from __future__ import annotations

LONG = "Kundenservice für Geschäftskunden – Störungsannahme, Terminvereinbarung und Rückfragen "

VARIED = [
    "Support",
    "Sales/EMEA",
    "Sales_EMEA",  # equal to the name before when "/" is replaced by "_"
    "billing.v2",
    'VIP "Gold" customers',
    "Überweisungen – Zürich",
    "サポート窓口",
    "🎧 Helpdesk 😀",
    (LONG * 4).encode()[:298].decode(errors="ignore") + "-A",  # 300 bytes
    (LONG * 4).encode()[:298].decode(errors="ignore") + "-B",  # differs after byte 127 only
    " ",
    "support",  # differs by case only
    "Support",  # a duplicate; lies in another division
    "two  spaces, a comma=and equals",
    "O'Brien's back\\slash",
    "دعم العملاء",
    "a" * 126 + "é and the cut falls into a character",
    "\u200b",
    "tab\there",
    "*star* [x] {y} $HOME; %s %n",
    "trailing dot.",
    "-leading dash",
    "Cafe\u0301",  # decomposed; looks like the next name
    "Caf\u00e9",
    "null",
    "42",
    "../../etc/passwd",
    "<b>Hotline</b> & more",
    "Test Support",
    "unassigned",
]

FIRST = ["Ada", "Björn", "Chloé", "Dmitri", "Ewa", "Fatima", "Goran", "Hana", "Íris", "José",
         "Kenji", "Lucía", "Mónica", "Noor", "Olga", "Priya", "Quentin", "Rosa", "Søren", "Tomás"]
LAST = ["Almeida", "Brown", "Çelik", "Dubois", "Eriksson", "Fischer", "García", "Haddad", "Ito",
        "Jansen", "Kowalski", "López", "Müller", "Nguyễn", "O'Neill", "Popov", "Quinn", "Rossi",
        "Śliwa", "Tanaka", "Ünal", "van der Berg", "Weiß", "Young"]


def queue_name(index: int, plain: bool) -> str:
    if plain:
        return "Queue %04d" % (index + 1)
    if index < len(VARIED):
        return VARIED[index]
    return "%s %d" % (("Campaign", "Región", "Line/Desk", "team.alpha")[index % 4], index + 1)


def agent_name(index: int) -> str:
    """Pairs repeat after 160 agents: names of people are not unique either."""
    return "%s %s" % (FIRST[index % len(FIRST)], LAST[(index * 7 + index // len(FIRST)) % len(LAST)])


# (name, system presence, language labels) of presences that an organisation adds.
ORGANISATION_PRESENCES = [
    ("Coaching", "Training", {"en_US": "Coaching", "de": "Einzelgespräch"}),
    ("Mittagspause – Kantine", "Meal", {"en_US": "Lunch – canteen", "de": "Mittagspause – Kantine"}),
    ("Back office", "Busy", {"en_US": "Back office"}),
    ("Kaffee ☕", "Break", {"en_US": "Coffee ☕", "de": "Kaffee ☕"}),
    ("On Queue (remote)", "OnQueue", {"en_US": "On Queue (remote)"}),
]
DEACTIVATED_PRESENCE = ("Old: project work", "Away", {"en_US": "Old: project work"})

WRAPUP_CODES = ["Resolved", "Call back", "Wrong number", "Escalated", "Reklamation / Beschwerde"]
DIVISIONS = ["Home", "Sales", "Servicio al cliente", "北日本"]
