-- state.db as version 5 makes it: one table of pages.
PRAGMA journal_mode = WAL;
CREATE TABLE pages ( account TEXT NOT NULL, page TEXT NOT NULL, field TEXT NOT NULL, text TEXT NOT NULL, saved_ms INTEGER NOT NULL, PRIMARY KEY (account, page, field)) WITHOUT ROWID;
INSERT INTO pages VALUES('prod','channels','0','{"id":"streaming-4-abc"}',0);
INSERT INTO pages VALUES('prod','channels','1','{"id":"streaming-4-def"}',0);
INSERT INTO pages VALUES('prod','names presence','7f','Mittag'||char(9)||'MEAL'||char(9)||'Mittag',1767000000000);
INSERT INTO pages VALUES('prod','names queue','a1','Support DE'||char(9)||''||char(9)||'Support DE',1767000000000);
INSERT INTO pages VALUES('prod','names queue','b2','Support DE~2'||char(9)||''||char(9)||'Support DE',1767000600000);
INSERT INTO pages VALUES('prod','names queue','c3','Büro_"Süd"'||char(9)||''||char(9)||'Büro/"Süd"',1767000600000);
INSERT INTO pages VALUES('prod','query-agents','mark','7d793037a0760186 1767000000000 1767000900000',1767000900000);
INSERT INTO pages VALUES('prod','query-queues','mark','5d41402abc4b2a76 1767000000000 1767000060000',1767000060000);
INSERT INTO pages VALUES('prod','query-queues','pending','a window in flight',1767000060000);
INSERT INTO pages VALUES('prod','query-queues','total nOffered|a1|voice','4711 0.0 4711',1767000060000);
INSERT INTO pages VALUES('prod','query-queues','total tAnswered|a1|voice','4242 98765.5 4240',1767000060000);
INSERT INTO pages VALUES('test','names queue','a1','It''s a test'||char(9)||''||char(9)||'It''s a test',1767000000000);
PRAGMA application_id = 1195600996;
PRAGMA user_version = 5;
