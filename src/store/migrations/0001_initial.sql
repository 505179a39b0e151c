-- Scenarios with all their versions; runs, each of the exact version it ran; per second and request
-- name: counts and histograms. Times are Unix time in nanoseconds. Histograms are HdrHistogram V2 in
-- microseconds, not compressed: so they carry their exact extremes, and writing some hundred of them
-- a second costs next to nothing (the compressed form can be read, too). NULL: nothing was recorded.
-- The columns of counts in JSON have a status code or a kind of error as the key; NULL: none.

PRAGMA application_id = 0x5371756c; -- "Squl"

CREATE TABLE scenario (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,       -- the latest
    change INTEGER NOT NULL UNIQUE, -- grows with each change of any scenario: the order of lists
    created_ns INTEGER NOT NULL,
    updated_ns INTEGER NOT NULL,
    deleting INTEGER NOT NULL DEFAULT 0 CHECK (deleting IN (0, 1))
) STRICT;
CREATE INDEX scenario_deleting ON scenario (number) WHERE deleting;

CREATE TABLE scenario_version (
    scenario INTEGER NOT NULL REFERENCES scenario,
    version INTEGER NOT NULL CHECK (version >= 1),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    tags TEXT NOT NULL CHECK (json_type(tags) = 'array'),
    created_ns INTEGER NOT NULL,
    document TEXT NOT NULL, -- as it was sent, byte for byte
    UNIQUE (scenario, version)
) STRICT;

CREATE TABLE run (
    number INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of lists
    id TEXT NOT NULL UNIQUE,
    scenario INTEGER NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'provisioning', 'ready', 'running', 'collecting',
                                         'complete', 'failed', 'cancelled')),
    reason TEXT,
    passed INTEGER CHECK (passed IN (0, 1)), -- NULL until the state is final
    note TEXT NOT NULL,
    workers INTEGER NOT NULL,
    created_ns INTEGER NOT NULL,
    started_ns INTEGER NOT NULL DEFAULT 0, -- the instant of second 0
    ended_ns INTEGER NOT NULL DEFAULT 0,
    planned_ns INTEGER NOT NULL,
    names TEXT NOT NULL CHECK (json_type(names) = 'array'), -- of requests, by name_id
    summary TEXT,  -- JSON, of the document
    document TEXT, -- JSON, the result; so far, while the run is live
    deleting INTEGER NOT NULL DEFAULT 0 CHECK (deleting IN (0, 1)),
    FOREIGN KEY (scenario, version) REFERENCES scenario_version (scenario, version)
) STRICT;
CREATE INDEX run_of_scenario ON run (scenario, number);
CREATE INDEX run_of_version ON run (scenario, version);
CREATE INDEX run_live ON run (number) WHERE ended_ns = 0;
CREATE INDEX run_deleting ON run (number) WHERE deleting;

CREATE TABLE run_event (
    run INTEGER NOT NULL REFERENCES run,
    position INTEGER NOT NULL, -- in the run, from 1
    at_ns INTEGER NOT NULL,
    from_state TEXT, -- NULL: the run was created
    to_state TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE second (
    run INTEGER NOT NULL REFERENCES run,
    second INTEGER NOT NULL, -- whole seconds from the run's start to its beginning
    users INTEGER NOT NULL,
    connections INTEGER NOT NULL,
    workers INTEGER NOT NULL,
    arrivals INTEGER NOT NULL,
    dropped INTEGER NOT NULL,
    late INTEGER NOT NULL,
    cpu REAL NOT NULL,
    cpu_max REAL NOT NULL,
    send_lag BLOB,
    UNIQUE (run, second)
) STRICT;

CREATE TABLE point (
    run INTEGER NOT NULL REFERENCES run,
    second INTEGER NOT NULL,
    name_id INTEGER NOT NULL, -- index in run.names; their count stands for all together
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    status TEXT,
    error_kinds TEXT,
    latency BLOB, -- planned in this second
    service BLOB, -- ended in this second
    UNIQUE (run, second, name_id)
) STRICT;
