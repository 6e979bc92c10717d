# SPDX-License-Identifier: MIT
"""Lists, names and single objects."""
from __future__ import annotations

import unittest
from collections import Counter

from simulator.api.routing import name_matches

from .support import Sim, SimCase


class Queues(SimCase):
    WORDS = ("--frozen", "--queues", "130", "--agents", "40")

    def test_all_pages_together_are_all_queues_once(self) -> None:
        truth = set(self.sim.sim("truth")["queues"])
        for size in (10, 25, 100):
            found = [q["id"] for q in self.sim.pages("/routing/queues?pageSize=%d" % size)]
            self.assertEqual((len(found), set(found)), (len(truth), truth))

    def test_a_page_names_its_neighbours(self) -> None:
        first, last = self.sim.get("/routing/queues"), self.sim.get("/routing/queues?pageNumber=6&pageSize=25")
        self.assertEqual((first["pageSize"], first["pageNumber"], first["total"], first["pageCount"]), (25, 1, 130, 6))
        self.assertIn("/api/v2/routing/queues?", first["nextUri"])
        self.assertNotIn("previousUri", first)
        self.assertNotIn("nextUri", last)
        self.assertEqual(len(last["entities"]), 5)
        self.assertEqual(self.sim.get("/routing/queues?pageNumber=7")["entities"], [])

    def test_next_pages_keep_the_other_parameters(self) -> None:
        page = self.sim.get("/routing/queues?pageSize=2&name=*a*&sortOrder=desc")
        self.assertIn("name=%2Aa%2A", page["nextUri"])
        self.assertIn("sortOrder=desc", page["nextUri"])
        names = [q["name"].lower() for q in self.sim.pages("/routing/queues?pageSize=7&name=*a*&sortOrder=desc")]
        self.assertEqual(names, sorted(names, reverse=True))
        self.assertTrue(all("a" in name for name in names) and len(names) > 7)

    def test_an_oversized_page_is_clamped_or_refused(self) -> None:
        self.assertEqual(self.sim.get("/routing/queues?pageSize=500")["pageSize"], 100)
        self.sim.sim("config", {"page_max": 50})
        self.assertEqual(len(self.sim.get("/routing/queues?pageSize=500")["entities"]), 50)
        self.sim.sim("config", {"page_refuse": True})
        self.refused(self.sim.call("GET", "/routing/queues?pageSize=51"), 400, "bad.request")
        for wrong in ("pageSize=0", "pageNumber=0", "pageSize=x"):
            self.refused(self.sim.call("GET", "/routing/queues?" + wrong), 400, "bad.request")

    def test_ids_and_divisions_select(self) -> None:
        truth = self.sim.sim("truth")["queues"]
        some = list(truth)[:3]
        for query in ("id=" + "&id=".join(some), "id=" + ",".join(some)):
            self.assertEqual({q["id"] for q in self.sim.get("/routing/queues?" + query)["entities"]}, set(some))
        division = next(d for d in self.sim.get("/authorization/divisions")["entities"] if d["name"] == "Sales")
        found = self.sim.pages("/routing/queues?divisionId=" + division["id"])
        self.assertEqual({q["id"] for q in found}, {i for i, q in truth.items() if q["division"] == "Sales"})

    def test_queues_of_invisible_divisions_are_left_out_silently(self) -> None:
        hidden = next(i for i, q in self.sim.sim("truth")["queues"].items() if q["division"] != "Home")
        self.sim.sim("config", {"divisions": ["Home"]})
        self.assertEqual({q["division"]["name"] for q in self.sim.pages("/routing/queues")}, {"Home"})
        self.refused(self.sim.call("GET", "/routing/queues/" + hidden), 404, "not.found")
        self.assertEqual(self.sim.observe([hidden], ["oWaiting"])["results"], [])
        self.assertEqual(len(self.sim.get("/authorization/divisions")["entities"]), 1)

    def test_a_queue_is_found_by_its_id(self) -> None:
        queue = self.sim.get("/routing/queues?pageSize=1")["entities"][0]
        self.assertEqual(self.sim.get("/routing/queues/" + queue["id"]), queue)
        self.assertEqual(queue["mediaSettings"]["call"]["serviceLevel"], {"percentage": 0.8, "durationMs": 20000})
        self.refused(self.sim.call("GET", "/routing/queues/nobody"), 404, "not.found")
        self.assertIn("entities", self.sim.get("/routing/queues/%s/wrapupcodes" % queue["id"]))
        self.assertEqual(len(self.sim.get("/routing/wrapupcodes")["entities"]), 5)

    def test_members_have_no_total(self) -> None:
        truth = self.sim.sim("truth")["queues"]
        queue = max(truth, key=lambda q: truth[q]["members"])
        page = self.sim.get("/routing/queues/%s/members?pageSize=3" % queue)
        self.assertFalse({"total", "lastUri", "pageCount"} & set(page))
        self.assertIn("nextUri", page)
        everybody = self.sim.pages("/routing/queues/%s/members?pageSize=3" % queue)
        self.assertEqual(len(everybody), truth[queue]["members"])
        self.assertEqual(Counter(m["routingStatus"]["status"] for m in everybody), truth[queue]["routing"])
        joined = self.sim.pages("/routing/queues/%s/members?joined=true" % queue)
        self.assertEqual(len(joined), truth[queue]["active"])
        off = self.sim.pages("/routing/queues/%s/members?routingStatus=OFF_QUEUE" % queue)
        self.assertEqual(len(off), truth[queue]["routing"].get("OFF_QUEUE", 0))

    def test_division_views_list_all_queues_with_few_fields(self) -> None:
        whole = self.sim.get("/routing/queues/divisionviews/all?pageSize=500")
        self.assertEqual((len(whole["entities"]), whole["pageSize"]), (130, 500))
        self.assertEqual(set(whole["entities"][0]), {"id", "name", "division", "selfUri"})
        self.assertEqual(self.sim.get("/routing/queues/divisionviews/all?pageSize=9999")["pageSize"], 500)
        self.refused(self.sim.call("GET", "/routing/queues/divisionviews?pageNumber=6"), 400, "bad.request")

    def test_names_are_as_odd_as_real_ones(self) -> None:
        truth = self.sim.sim("truth")["queues"].values()
        names = [q["name"] for q in truth]
        self.assertTrue({"Sales/EMEA", " ", "🎧 Helpdesk 😀", 'VIP "Gold" customers', "billing.v2"} <= set(names))
        self.assertEqual(sorted(len(n.encode()) for n in names)[-2:], [300, 300])
        twice = [q["division"] for q in truth if q["name"] == "Support"]
        self.assertEqual(len(set(twice)), 2)

    def test_unknown_paths_and_methods_are_refused(self) -> None:
        self.refused(self.sim.call("GET", "/queues/nonsense"), 404, "not.found")
        self.refused(self.sim.call("DELETE", "/users"), 405, "method.not.allowed")


class Others(SimCase):
    def test_presence_definitions_are_one_list(self) -> None:
        record = self.sim.get("/presence/definitions")
        self.assertEqual(set(record), {"total", "entities", "selfUri"})
        systems = Counter(p["systemPresence"] for p in record["entities"])
        self.assertEqual((len(systems), systems["OnQueue"], record["total"]), (10, 2, 15))
        self.assertEqual(len(self.sim.get("/presence/definitions?deactivated=any")["entities"]), 16)
        self.assertEqual([p["deactivated"] for p in self.sim.get("/presence/definitions?deactivated=true")["entities"]],
                         [True])
        german = self.sim.get("/presence/definitions?localeCode=de")["entities"]
        self.assertIn({"de": "Kaffee ☕"}, [p["languageLabels"] for p in german])

    def test_older_presence_lists_are_answered_too(self) -> None:
        self.assertEqual(self.sim.get("/presencedefinitions?pageSize=4")["pageCount"], 4)
        self.assertEqual(len(self.sim.pages("/presencedefinitions?pageSize=4")), 15)
        plain = self.sim.get("/systempresences")
        self.assertIn("OnQueue", [p["name"] for p in plain])
        self.assertEqual(len(plain), 10)

    def test_users_have_presence_and_status_on_request(self) -> None:
        plain = self.sim.get("/users")
        self.assertEqual((plain["total"], len(plain["entities"])), (80, 25))
        self.assertNotIn("presence", plain["entities"][0])
        for query in ("expand=presence&expand=routingStatus", "expand=presence,routingStatus"):
            users = self.sim.pages("/users?pageSize=100&" + query)
            self.assertEqual(len(users), 80)
            for user in users:
                on_queue = user["presence"]["presenceDefinition"]["systemPresence"] == "ON_QUEUE"
                self.assertEqual(user["routingStatus"]["status"] != "OFF_QUEUE", on_queue)
        one = users[0]["id"]
        self.assertEqual(self.sim.get("/users/%s/routingstatus" % one), users[0]["routingStatus"])
        self.assertEqual(self.sim.get("/users/%s/presences/PURECLOUD" % one), users[0]["presence"])
        self.assertEqual(self.sim.get("/users/" + one)["name"], users[0]["name"])
        self.assertEqual([u["id"] for u in self.sim.get("/users?id=" + one)["entities"]], [one])
        self.assertEqual(self.sim.get("/users?state=inactive")["entities"], [])
        self.refused(self.sim.call("GET", "/users/x"), 404, "not.found")

    def test_organisation_and_limits_are_answered(self) -> None:
        self.assertEqual(self.sim.get("/organizations/me")["state"], "active")
        listed = self.sim.get("/organizations/limits/namespaces/platform.api")["entities"]
        limits = {x["key"]: x["value"] for x in listed}
        self.assertEqual(limits["client.credentials.token.rate.per.minute"], 300)
        self.assertIn("platform.api", self.sim.get("/organizations/limits/namespaces")["entities"])
        self.refused(self.sim.call("GET", "/organizations/limits/namespaces/x"), 404, "not.found")

    def test_queues_have_plain_names_on_request(self) -> None:
        sim = Sim("--frozen", "--plain-names", "--queues", "3", "--agents", "0")
        self.addCleanup(sim.close)
        self.assertEqual([q["name"] for q in sim.get("/routing/queues")["entities"]],
                         ["Queue 0001", "Queue 0002", "Queue 0003"])


class Wildcards(unittest.TestCase):
    def test_an_asterisk_matches_any_part_of_a_name(self) -> None:
        rows = [("Support", "support", True), ("Support", "Support 2", False), ("Supp*", "Support", True),
                ("*port", "Support", True), ("*up*or*", "Support", True), ("a*a", "a", False),
                ("*", "", True), (None, "x", True), ("[x]*", "[x] y", True), ("s?pport", "Support", False)]
        for pattern, name, expected in rows:
            with self.subTest(pattern=pattern, name=name):
                self.assertEqual(name_matches(pattern, name), expected)
