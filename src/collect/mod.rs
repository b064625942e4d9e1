//! Sources of data: opened without following a link, read twice.
//!
//! The first read plans: it decides every record by [`crate::minimise`], and keeps byte ranges,
//! sizes and digests, never contents. The second read ([`PlannedFile::copy_to`]) goes back to
//! the kept ranges only, and refuses if what comes out is not byte for byte what was planned.
//! Between the two nothing is written to a disk.
//!
//! **In scope**: the declaration of sources (`sources.toml`), mbox, EML, CSV, NDJSON and plain
//! files with an index; what was kept, withheld and touched; fingerprints of the sources.
//! **Out of scope**: what a record means and whether it is selected (minimise), archives,
//! encryption, the log.
//!
//! Memory does not grow with the size of a source or of a message, only with the number of
//! records kept ([`KEPT_RECORDS_MAX`]) and of files listed.

mod config;
mod dir;
mod sources;

mod copy;
mod plan;
mod planner;

mod files;
mod mailbox;
mod records;

pub use config::ConfigError;
pub use plan::{
    Commitment, Fingerprint, KEPT_RECORDS_MAX, Plan, PlannedFile, Progress, ProvenanceKey, ProvenanceRow,
    SUSPECTS_MAX, SourceReport, Suspect,
};
pub use planner::plan;
pub use sources::Sources;

use crate::minimise::csv::HeaderError;
use crate::model::id::SourceId;

/// Why data cannot be collected. Sources are named by id; nothing of their contents is.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// `sources.toml` cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The directory that the sources are in cannot be opened.
    #[error("the directory of the sources cannot be opened")]
    Directory(#[source] std::io::Error),
    /// A declared source is not there.
    #[error("source {source_id}: not found below the directory of the sources")]
    Missing {
        /// The source.
        source_id: SourceId,
    },
    /// The source is a link, or lies behind one, or is not of the type its kind needs.
    #[error("source {source_id}: a link or not a regular file; links are never followed")]
    NotRegular {
        /// The source.
        source_id: SourceId,
    },
    /// The source's header row has no single reading.
    #[error("source {source_id}: {cause}")]
    Header {
        /// The source.
        source_id: SourceId,
        /// What is wrong with it.
        #[source]
        cause: HeaderError,
    },
    /// A declared column is not in the header row: the export changed, or the declaration is wrong.
    #[error("source {source_id}: the declared column {column:?} is not in the header row")]
    Column {
        /// The source.
        source_id: SourceId,
        /// The column, as `sources.toml` has it.
        column: String,
    },
    /// The file of an mbox source does not begin like one.
    #[error("source {source_id}: not an mbox, the first line is no separator")]
    NotMbox {
        /// The source.
        source_id: SourceId,
    },
    /// More files in a directory than are listed at once.
    #[error("source {source_id}: more than {files_max} files in the directory")]
    TooManyFiles {
        /// The source.
        source_id: SourceId,
        /// The bound.
        files_max: usize,
    },
    /// The source is not what it was when it was planned.
    #[error("source {source_id} changed while it was read; nothing of it was released")]
    SourceChanged {
        /// The source.
        source_id: SourceId,
    },
    /// Reading failed.
    #[error("source {source_id}: reading failed")]
    Read {
        /// The source.
        source_id: SourceId,
        /// The system's reason.
        #[source]
        cause: std::io::Error,
    },
    /// The writer that a planned file is copied to failed.
    #[error("writing a planned file failed")]
    Write(#[source] std::io::Error),
    /// An account of the scope has no label.
    #[error("an account of the scope has no label")]
    Unlabelled,
    /// More records than one production may hold.
    #[error("more than {KEPT_RECORDS_MAX} records are in scope; split the disclosure by interval or account")]
    TooManyRecords,
}

#[cfg(test)]
mod tests;
