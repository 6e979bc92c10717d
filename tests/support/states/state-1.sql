-- state.db as version 1 made it: with names only.
PRAGMA journal_mode = WAL;
CREATE TABLE names ( account TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, label TEXT NOT NULL, detail TEXT NOT NULL, seen_s INTEGER NOT NULL, PRIMARY KEY (account, kind, id)) WITHOUT ROWID;
INSERT INTO names VALUES('prod','presence','7f','Mittag','Mittag','MEAL',1767000000);
INSERT INTO names VALUES('prod','queue','a1','Support DE','Support DE','',1767000000);
INSERT INTO names VALUES('prod','queue','b2','Support DE','Support DE~2','',1767000600);
INSERT INTO names VALUES('prod','queue','c3','Büro/"Süd"','Büro_"Süd"','',1767000600);
INSERT INTO names VALUES('test','queue','a1','It''s a test','It''s a test','',1767000000);
PRAGMA application_id = 1195600996;
PRAGMA user_version = 1;
