//! RocksDB, set up so that it never opens with less than it acknowledged without our noticing.

use std::path::Path;

use rocksdb::{
    BlockBasedOptions, ColumnFamily, ColumnFamilyDescriptor, DB, DBPinnableSlice, DBRecoveryMode, Direction,
    FlushOptions, IteratorMode, Options, ReadOptions, WriteBatch, WriteOptions,
};

use super::{Batch, Family, MediumError, Row, Rows, Store, StoreError, View};

/// Memory per family before it is written to a file, in bytes: large enough that a burst of
/// appends meets no flush, small enough for ten families.
const WRITE_BUFFER_BYTES: usize = 32 << 20;
/// Log kept for families that rarely change, in bytes: bounds the time of a recovery.
const WAL_BYTES_MAX: u64 = 256 << 20;
/// Share of a write buffer that a filter over its keys takes.
const MEMTABLE_FILTER_RATIO: f64 = 0.1;
/// Size of the filter over a file's keys: one wrong answer in a hundred.
const FILTER_BITS_PER_KEY: f64 = 10.0;
/// RocksDB's own diary files that are kept.
const INFO_LOGS_MAX: usize = 4;
/// Threads for flushes and compactions, beside the sequencer.
const BACKGROUND_JOBS: i32 = 2;
/// Read ahead of a scan, in bytes: scans here are long and in order.
const READAHEAD_BYTES: usize = 1 << 20;

/// The database of a home.
pub struct RocksStore {
    db: DB,
    synced: WriteOptions,
}

impl RocksStore {
    /// Makes an empty database in `dir`, or opens one that an interrupted `init` left there.
    ///
    /// # Errors
    /// [`StoreError::Open`].
    pub fn create(dir: &Path) -> Result<Self, StoreError> {
        let mut options = database_options();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        Self::open_with(&options, dir)
    }

    /// Opens the database in `dir`, which must be there, and settles what its log held.
    ///
    /// # Errors
    /// [`StoreError::Open`], also when a checksum in the middle of the log does not match.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::open_with(&database_options(), dir)
    }

    fn open_with(options: &Options, dir: &Path) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Open { path: dir.to_owned(), source };
        let db = DB::open_cf_descriptors(options, dir, families()).map_err(failed)?;
        let mut synced = WriteOptions::default();
        synced.set_sync(true);
        // Rows of a batch are neighbours: each is looked for near the one before.
        synced.set_memtable_insert_hint_per_batch(true);
        let store = Self { db, synced };
        // After a failed sync the page cache can show at this open what never reached the disk.
        // Recovery writes it to synced files (its default: avoid_flush_during_recovery=false);
        // this flush makes sure of it before anything is built on what was found.
        store.flush().map_err(failed)?;
        Ok(store)
    }

    fn flush(&self) -> Result<(), rocksdb::Error> {
        let mut options = FlushOptions::default();
        options.set_wait(true);
        let families: Vec<_> = Family::ALL.iter().filter_map(|f| self.db.cf_handle(f.name())).collect();
        self.db.flush_cfs_opt(&families, &options)
    }
}

impl View for RocksStore {
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        get(&self.db, family, key)
    }

    fn scan(&self, family: Family, from: &[u8]) -> Rows<'_> {
        scan(&self.db, family, from)
    }

    fn last(&self, family: Family) -> Result<Option<Row>, StoreError> {
        last(&self.db, family)
    }
}

impl Store for RocksStore {
    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let failed = |source| StoreError::Commit { source };
        let mut write = WriteBatch::default();
        for op in batch.ops() {
            let handle = handle(&self.db, op.family).map_err(failed)?;
            match &op.value {
                Some(value) => write.put_cf(handle, &op.key, value),
                None => write.delete_cf(handle, &op.key),
            }
        }
        self.db.write_opt(write, &self.synced).map_err(|source| failed(source.into()))
    }

    fn snapshot(&self) -> Box<dyn View + '_> {
        Box::new(RocksSnapshot { db: &self.db, snapshot: self.db.snapshot() })
    }
}

/// One moment of the database.
struct RocksSnapshot<'db> {
    db: &'db DB,
    snapshot: rocksdb::Snapshot<'db>,
}

impl View for RocksSnapshot<'_> {
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let failed = |source| StoreError::Read { family, source };
        let handle = handle(self.db, family).map_err(failed)?;
        self.snapshot.get_cf(handle, key).map_err(|source| failed(source.into()))
    }

    fn scan(&self, family: Family, from: &[u8]) -> Rows<'_> {
        let handle = match handle(self.db, family) {
            Ok(handle) => handle,
            Err(source) => return Box::new(std::iter::once(Err(StoreError::Read { family, source }))),
        };
        let mode = IteratorMode::From(from, Direction::Forward);
        let rows = self.snapshot.iterator_cf_opt(handle, scan_options(), mode);
        Box::new(rows.map(move |row| row.map_err(|e| StoreError::Read { family, source: e.into() })))
    }

    fn last(&self, family: Family) -> Result<Option<Row>, StoreError> {
        let failed = |source| StoreError::Read { family, source };
        let handle = handle(self.db, family).map_err(failed)?;
        let row = self.snapshot.iterator_cf(handle, IteratorMode::End).next();
        row.transpose().map_err(|source| failed(source.into()))
    }
}

/// The database of a home that another process may be serving: read only, and nothing is
/// written to the home (RocksDB's notes on it go to a scratch directory).
pub struct SecondaryView {
    db: DB,
    _scratch: tempfile::TempDir,
}

impl SecondaryView {
    /// Opens the database in `dir` as it stands now.
    ///
    /// # Errors
    /// [`StoreError::Open`], [`StoreError::File`] if there is no scratch directory.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let scratch = tempfile::Builder::new().prefix("probity-verify-").tempdir();
        let scratch = scratch.map_err(|source| StoreError::File { path: std::env::temp_dir(), source })?;
        let failed = |source| StoreError::Open { path: dir.to_owned(), source };
        let mut options = database_options();
        // A secondary must hold every file open: the primary may delete one at any time.
        options.set_max_open_files(-1);
        let db = DB::open_cf_descriptors_as_secondary(&options, dir, scratch.path(), families());
        let view = Self { db: db.map_err(failed)?, _scratch: scratch };
        view.db.try_catch_up_with_primary().map_err(failed)?;
        Ok(view)
    }
}

impl View for SecondaryView {
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        get(&self.db, family, key)
    }

    fn scan(&self, family: Family, from: &[u8]) -> Rows<'_> {
        scan(&self.db, family, from)
    }

    fn last(&self, family: Family) -> Result<Option<Row>, StoreError> {
        last(&self.db, family)
    }
}

fn database_options() -> Options {
    let mut options = Options::default();
    // The default (point in time) stops at the first inconsistency and opens normally, without
    // a word about acknowledged rows it left out. This one refuses anything but a torn tail;
    // that a torn tail is not a cut-off one is for the anchor to say.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    // A recycled log file ends in the rows of an older one: a tail could not be told from rot.
    options.set_recycle_log_file_num(0);
    options.set_paranoid_checks(true);
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_max_total_wal_size(WAL_BYTES_MAX);
    options.set_keep_log_file_num(INFO_LOGS_MAX);
    options.set_max_background_jobs(BACKGROUND_JOBS);
    options
}

fn families() -> impl Iterator<Item = ColumnFamilyDescriptor> {
    Family::ALL.into_iter().map(|family| {
        let mut options = Options::default();
        options.set_write_buffer_size(WRITE_BUFFER_BYTES);
        if matches!(family, Family::Cases | Family::Idempotency | Family::Keys) {
            // Asked mostly for keys that are not there: "was this id used?".
            options.set_memtable_prefix_bloom_ratio(MEMTABLE_FILTER_RATIO);
            options.set_memtable_whole_key_filtering(true);
            let mut blocks = BlockBasedOptions::default();
            blocks.set_bloom_filter(FILTER_BITS_PER_KEY, false);
            options.set_block_based_table_factory(&blocks);
        }
        ColumnFamilyDescriptor::new(family.name(), options)
    })
}

fn handle(db: &DB, family: Family) -> Result<&ColumnFamily, MediumError> {
    db.cf_handle(family.name()).ok_or(MediumError::FamilyMissing(family.name()))
}

fn get(db: &DB, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    let failed = |source| StoreError::Read { family, source };
    let found = db.get_pinned_cf(handle(db, family).map_err(failed)?, key);
    let found: Option<DBPinnableSlice<'_>> = found.map_err(|source| failed(source.into()))?;
    Ok(found.map(|value| value.to_vec()))
}

fn scan<'a>(db: &'a DB, family: Family, from: &[u8]) -> Rows<'a> {
    let handle = match handle(db, family) {
        Ok(handle) => handle,
        Err(source) => return Box::new(std::iter::once(Err(StoreError::Read { family, source }))),
    };
    let rows = db.iterator_cf_opt(handle, scan_options(), IteratorMode::From(from, Direction::Forward));
    Box::new(rows.map(move |row| row.map_err(|e| StoreError::Read { family, source: e.into() })))
}

fn last(db: &DB, family: Family) -> Result<Option<Row>, StoreError> {
    let failed = |source| StoreError::Read { family, source };
    let mut rows = db.iterator_cf(handle(db, family).map_err(failed)?, IteratorMode::End);
    rows.next().transpose().map_err(|source| failed(source.into()))
}

fn scan_options() -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_readahead_size(READAHEAD_BYTES);
    options
}
