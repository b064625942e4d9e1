//! What the ledger takes from outside itself: clocks, randomness, the machine's name; and its bounds.
//!
//! Values and plain functions, so that a test drives the clock and repeats a run.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::agenda::Deadlines;
use super::clock::ClockReading;
use crate::model::digest::Digest;
use crate::ops::files;
use crate::ops::machine::{self, MachineError};

/// The clock, as a function.
pub type ReadClock = Arc<dyn Fn() -> Result<ClockReading, MachineError> + Send + Sync>;
/// A source of 32 random bytes, as a function.
pub type Draw32 = Arc<dyn Fn() -> Result<[u8; 32], MachineError> + Send + Sync>;

/// The free bytes of the home's file system, as a function.
pub type FreeSpace = Arc<dyn Fn() -> io::Result<u64> + Send + Sync>;

/// The world around one ledger.
#[derive(Clone)]
pub struct Environment {
    /// Reads the wall clock and `CLOCK_BOOTTIME`.
    pub clock: ReadClock,
    /// Draws 32 bytes for keys, salts and nonces.
    pub random: Draw32,
    /// Names the machine in the anchor; 32 zero bytes where it has no id.
    pub machine: Digest,
    /// Tells how much room is left for entries.
    pub free_space: FreeSpace,
}

impl Environment {
    /// This machine.
    ///
    /// # Errors
    /// [`MachineError`] if the boot id cannot be read.
    pub fn of_this_machine() -> Result<Self, MachineError> {
        // It stays the same as long as this process lives.
        let boot_id = machine::boot_id()?;
        let clock = move || {
            let wall = machine::now()?;
            Ok(ClockReading { wall, boot_id: boot_id.clone(), boottime_ms: machine::boottime_ms() })
        };
        Ok(Self {
            clock: Arc::new(clock),
            random: Arc::new(machine::random),
            machine: machine::machine_digest(),
            free_space: Arc::new(|| Ok(u64::MAX)),
        })
    }

    /// The same, with the room that is left where `home` is.
    #[must_use]
    pub fn with_space_of(self, home: &Path) -> Self {
        let home = home.to_owned();
        Self { free_space: Arc::new(move || files::free_bytes(&home)), ..self }
    }
}

/// The ledger's bounds. Each has a default that fits one machine.
#[derive(Clone, Copy, Debug)]
pub struct LedgerConfig {
    /// Events waiting for the sequencer; one more is refused with a time to come back.
    pub queue_events_max: usize,
    /// Bytes of events waiting for the sequencer.
    pub queue_bytes_max: usize,
    /// Events in one batch: bounds the time that the first of them waits for the last.
    pub batch_events_max: usize,
    /// Bytes of one event as posted, envelopes included.
    pub event_bytes_max: usize,
    /// What a refused caller is told to wait, in seconds.
    pub retry_after_s: u64,
    /// Requests whose state the sequencer keeps in memory between batches.
    pub cases_kept_max: usize,
    /// Bytes of that state, as long as its rows: one request alone may have tens of megabytes.
    pub cases_kept_bytes_max: usize,
    /// Free bytes of the home's file system below which nothing new is recorded; 0: no matter.
    pub low_water_bytes: u64,
    /// What computes deadlines.
    pub deadlines: Deadlines,
}

impl Default for LedgerConfig {
    fn default() -> Self {
        Self {
            queue_events_max: 4_096,
            queue_bytes_max: 64 << 20,
            batch_events_max: 1_024,
            event_bytes_max: 8 << 20,
            retry_after_s: 1,
            cases_kept_max: 4_096,
            cases_kept_bytes_max: 64 << 20,
            low_water_bytes: 0,
            deadlines: Deadlines::default(),
        }
    }
}
