/// One step of the schema. Steps are only ever added: what a server has applied is never edited here.
struct Migration: Sendable {
    let number: Int
    let name: String
    let sql: String

    static let all = [
        Migration(number: 1, name: "jobs and attempts", sql: jobsAndAttempts),
        Migration(number: 2, name: "notes on dead letters", sql: notes),
    ]

    /// The version that this program needs.
    static let newest = all.map(\.number).max() ?? 0

    /// `jobs` has one row a job, whatever its state; the last event applied stands in it, so that an older one changes
    /// nothing. `attempts` has one row a run, named by its stream entry. Columns say in their names what unit they have;
    /// states and outcomes are the words of `JobState` and `Event.Kind`.
    private static let jobsAndAttempts = """
        CREATE TABLE penstock.jobs (
            queue         text     NOT NULL,
            id            text     NOT NULL,
            type          text     NOT NULL,
            state         text     NOT NULL,
            priority      smallint NOT NULL,
            key           text,
            attempts      integer  NOT NULL,
            payload       jsonb,
            payload_bytes bytea,
            result        jsonb,
            error         text,
            source        text,
            enqueued_at   timestamptz,
            started_at    timestamptz,
            finished_at   timestamptz,
            run_ms        bigint,
            wait_ms       bigint,
            worker        text,
            event_ms      bigint   NOT NULL,
            event_seq     bigint   NOT NULL,
            PRIMARY KEY (queue, id)
        );
        CREATE INDEX jobs_id ON penstock.jobs (id);
        CREATE INDEX jobs_state_type_finished_at ON penstock.jobs (state, type, finished_at);
        CREATE TABLE penstock.attempts (
            queue         text     NOT NULL,
            level         text     NOT NULL,
            entry         text     NOT NULL,
            job_id        text     NOT NULL,
            attempt       integer  NOT NULL,
            outcome       text     NOT NULL,
            started_at    timestamptz,
            finished_at   timestamptz NOT NULL,
            run_ms        bigint,
            worker        text,
            error         text,
            PRIMARY KEY (queue, level, entry)
        );
        CREATE INDEX attempts_job_id ON penstock.attempts (job_id, queue);
        """

    /// What a person wrote who dealt with a dead letter, and when. Columns without a default rewrite no row.
    private static let notes = """
        ALTER TABLE penstock.jobs ADD COLUMN note text, ADD COLUMN resolved_at timestamptz;
        """
}
