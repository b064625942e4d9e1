//! What only this machine knows: its clocks, its identity, its randomness.

use std::fs;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use ring::rand::{SecureRandom, SystemRandom};
use rustix::time::{ClockId, clock_gettime};
use sha2::{Digest as _, Sha256};

use crate::model::digest::Digest;
use crate::model::time::Timestamp;

const MACHINE_CONTEXT: &[u8] = b"probity/machine/v1\n";

/// Why this machine could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// The kernel's boot id could not be read.
    #[error("cannot read the boot id")]
    BootId(#[source] io::Error),
    /// The wall clock stands before 1970 or after 9999.
    #[error("the system clock is not between the years 1970 and 9999; set it right")]
    Clock,
    /// The system's random generator failed.
    #[error("the system's random generator failed")]
    Random,
}

/// The wall clock, to the millisecond.
///
/// # Errors
/// [`MachineError::Clock`] outside the years 1970 to 9999.
pub fn now() -> Result<Timestamp, MachineError> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| MachineError::Clock)?;
    let ms = i64::try_from(since.as_millis()).map_err(|_| MachineError::Clock)?;
    Timestamp::from_ms(ms).map_err(|_| MachineError::Clock)
}

/// `CLOCK_BOOTTIME` in ms: goes on while the machine sleeps, and nobody can set it.
#[must_use]
pub fn boottime_ms() -> i64 {
    let at = clock_gettime(ClockId::Boottime);
    at.tv_sec.saturating_mul(1000).saturating_add(at.tv_nsec / 1_000_000)
}

/// The kernel's id of this boot.
///
/// # Errors
/// [`MachineError::BootId`] where there is no procfs.
pub fn boot_id() -> Result<String, MachineError> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").map_err(MachineError::BootId)?;
    Ok(text.trim_end().to_owned())
}

/// Names this machine without telling its id: SHA-256 over a context and the contents of
/// `/etc/machine-id`; 32 zero bytes if there is none.
#[must_use]
pub fn machine_digest() -> Digest {
    match fs::read("/etc/machine-id") {
        Ok(id) => {
            Digest::from_bytes(Sha256::new().chain_update(MACHINE_CONTEXT).chain_update(id).finalize().into())
        }
        Err(_) => Digest::from_bytes([0; 32]),
    }
}

/// Fills an array from the system's generator.
///
/// # Errors
/// [`MachineError::Random`]; nothing is signed or sealed without randomness.
pub fn random<const N: usize>() -> Result<[u8; N], MachineError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| MachineError::Random)?;
    Ok(bytes)
}
