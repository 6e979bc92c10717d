-- state.db as version 3 made it: with marks and totals of queries.
PRAGMA journal_mode = WAL;
CREATE TABLE names ( account TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, label TEXT NOT NULL, detail TEXT NOT NULL, seen_s INTEGER NOT NULL, PRIMARY KEY (account, kind, id)) WITHOUT ROWID;
CREATE TABLE channels ( account TEXT NOT NULL, slot INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (account, slot)) WITHOUT ROWID;
CREATE TABLE queries ( account TEXT NOT NULL, query TEXT NOT NULL, identity TEXT NOT NULL, settled_ms INTEGER NOT NULL, done_ms INTEGER NOT NULL, pending BLOB, PRIMARY KEY (account, query)) WITHOUT ROWID;
CREATE TABLE totals ( account TEXT NOT NULL, query TEXT NOT NULL, series TEXT NOT NULL, count INTEGER NOT NULL, sum REAL NOT NULL, sent INTEGER NOT NULL, changed_ms INTEGER NOT NULL, PRIMARY KEY (account, query, series)) WITHOUT ROWID;
INSERT INTO names VALUES('prod','presence','7f','Mittag','Mittag','MEAL',1767000000);
INSERT INTO names VALUES('prod','queue','a1','Support DE','Support DE','',1767000000);
INSERT INTO names VALUES('prod','queue','b2','Support DE','Support DE~2','',1767000600);
INSERT INTO names VALUES('prod','queue','c3','Büro/"Süd"','Büro_"Süd"','',1767000600);
INSERT INTO names VALUES('test','queue','a1','It''s a test','It''s a test','',1767000000);
INSERT INTO channels VALUES('prod',0,'{"id":"streaming-4-abc"}');
INSERT INTO channels VALUES('prod',1,'{"id":"streaming-4-def"}');
INSERT INTO queries VALUES('prod','queues','5d41402abc4b2a76',1767000000000,1767000060000,CAST('a window in flight' AS BLOB));
INSERT INTO queries VALUES('prod','agents','7d793037a0760186',1767000000000,1767000900000,NULL);
INSERT INTO totals VALUES('prod','queues','nOffered|a1|voice',4711,0.0,4711,1767000060000);
INSERT INTO totals VALUES('prod','queues','tAnswered|a1|voice',4242,98765.5,4240,1767000060000);
PRAGMA application_id = 1195600996;
PRAGMA user_version = 3;
