-- flowmetrics.db as version 1 made it. The keys are those of host "agent1",
-- conversation "c-1".
PRAGMA journal_mode = WAL;
CREATE TABLE seen (key BLOB NOT NULL PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE counters ( id INTEGER PRIMARY KEY, scope TEXT NOT NULL, flow TEXT NOT NULL, metric TEXT NOT NULL, flow_label TEXT NOT NULL, metric_label TEXT NOT NULL, count INTEGER NOT NULL, sum REAL NOT NULL, has_sum INTEGER NOT NULL, shown INTEGER NOT NULL, UNIQUE (scope, flow, metric));
CREATE TABLE floor (minute INTEGER NOT NULL);
INSERT INTO seen VALUES(X'01c186202b50d090ffcf0a2648582bb4'); -- RoutingMetric_Hit(2026-01-05T08:00:00Z)
INSERT INTO seen VALUES(X'01c18621612fd4b1238e81f42414906d'); -- RoutingMetric_Hit(2026-01-05T08:01:00Z)
INSERT INTO seen VALUES(X'01c186223703d568f4a6c039574d19f2'); -- RoutingMetric_Hit(2026-01-05T08:02:00Z)
INSERT INTO counters VALUES(1,'agent1','Routing','Hit','Routing','Hit',3,0.0,0,1);
INSERT INTO counters VALUES(2,'agent1','Café/Süd','Time','Café_Süd','Time',7,12.5,1,1);
INSERT INTO floor VALUES(29370000);
PRAGMA application_id = 1195600998;
PRAGMA user_version = 1;
