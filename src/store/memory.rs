//! A store in memory that fails when told to, for tests of everything above it.
//!
//! It keeps two images: *live*, what this process sees (the page cache), and *durable*, what a
//! power cut leaves. A commit that goes well changes both. Faults come in pairs, because a
//! failed write tells nothing about what it left behind: see [`Fault`].

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use super::{Batch, Family, MediumError, Row, Rows, Store, StoreError, View};

type Image = BTreeMap<(Family, Box<[u8]>), Box<[u8]>>;

/// What a failing commit leaves behind. The caller gets the same error for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Failed, and nothing was written.
    Lost,
    /// Failed, and yet all of it is on the disk.
    Persisted,
    /// Failed, is not on the disk, and yet the page cache shows it until the power is cut.
    Visible,
}

#[derive(Default)]
struct Images {
    live: Arc<Image>,
    durable: Arc<Image>,
    /// One element per coming commit; none left means that commits go well.
    plan: VecDeque<Option<Fault>>,
}

/// The store in memory. Clones share one pair of images, as two opens of a directory would.
#[doc(hidden)]
#[derive(Clone, Default)]
pub struct MemoryStore {
    images: Arc<Mutex<Images>>,
    /// Reads left before every read fails; `u64::MAX` means never.
    reads_left: Arc<AtomicU64>,
    limited: Arc<std::sync::atomic::AtomicBool>,
    /// Rows asked for so far, by family.
    reads: Arc<Mutex<BTreeMap<Family, u64>>>,
}

impl MemoryStore {
    /// An empty store that does not fail.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the coming commits fail or go well, one element each; after them all go well.
    pub fn plan(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.lock().plan = faults.into_iter().collect();
    }

    /// Lets `reads` more reads go well and fails all later ones, until [`Self::heal_reads`].
    pub fn fail_reads_after(&self, reads: u64) {
        self.reads_left.store(reads, Ordering::SeqCst);
        self.limited.store(true, Ordering::SeqCst);
    }

    /// Reads go well again.
    pub fn heal_reads(&self) {
        self.limited.store(false, Ordering::SeqCst);
    }

    /// How many rows of a family were asked for so far, found or not.
    #[must_use]
    pub fn reads(&self, family: Family) -> u64 {
        let reads = self.reads.lock().expect("no holder of this lock panics");
        reads.get(&family).copied().unwrap_or_default()
    }

    /// The process died and the machine did not: what the page cache shows is settled on the
    /// disk by the recovery of the next open, as [`super::RocksStore::open`] does.
    #[must_use]
    pub fn reopen(&self) -> Self {
        let mut images = self.lock();
        images.durable = Arc::clone(&images.live);
        drop(images);
        self.clone()
    }

    /// The power failed: only what was synced is there.
    #[must_use]
    pub fn power_cut(&self) -> Self {
        let mut images = self.lock();
        images.live = Arc::clone(&images.durable);
        drop(images);
        self.clone()
    }

    /// An independent copy of what is durable: a backup, or yesterday's disk.
    #[must_use]
    pub fn fork(&self) -> Self {
        let durable = Arc::clone(&self.lock().durable);
        let images = Images { live: Arc::clone(&durable), durable, plan: VecDeque::new() };
        Self { images: Arc::new(Mutex::new(images)), ..Self::default() }
    }

    /// Changes a row in both images behind the owner's back: a flipped bit, a cut tail.
    pub fn tamper(&self, family: Family, key: &[u8], value: Option<&[u8]>) {
        let mut images = self.lock();
        let images = &mut *images;
        for image in [&mut images.live, &mut images.durable] {
            let image = Arc::make_mut(image);
            match value {
                Some(value) => drop(image.insert((family, key.into()), value.into())),
                None => drop(image.remove(&(family, key.into()))),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Images> {
        self.images.lock().expect("no holder of this lock panics")
    }

    fn live(&self) -> MemoryView {
        MemoryView { image: Arc::clone(&self.lock().live), store: self.clone() }
    }

    fn spend_read(&self, family: Family) -> Result<(), StoreError> {
        *self.reads.lock().expect("no holder of this lock panics").entry(family).or_default() += 1;
        if !self.limited.load(Ordering::SeqCst) {
            return Ok(());
        }
        let spent = self.reads_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        spent.map(|_| ()).map_err(|_| StoreError::Read { family, source: MediumError::Injected })
    }
}

impl View for MemoryStore {
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.live().get(family, key)
    }

    fn scan(&self, family: Family, from: &[u8]) -> Rows<'_> {
        let view = self.live();
        Box::new(view.rows(family, from))
    }

    fn last(&self, family: Family) -> Result<Option<Row>, StoreError> {
        self.live().last(family)
    }
}

impl Store for MemoryStore {
    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let mut images = self.lock();
        let fault = images.plan.pop_front().flatten();
        if fault != Some(Fault::Lost) {
            let live = Arc::make_mut(&mut images.live);
            for op in batch.ops() {
                let key = (op.family, op.key.as_slice().into());
                match &op.value {
                    Some(value) => drop(live.insert(key, value.as_slice().into())),
                    None => drop(live.remove(&key)),
                }
            }
        }
        if matches!(fault, None | Some(Fault::Persisted)) {
            images.durable = Arc::clone(&images.live);
        }
        match fault {
            None => Ok(()),
            Some(_) => Err(StoreError::Commit { source: MediumError::Injected }),
        }
    }

    fn snapshot(&self) -> Box<dyn View + '_> {
        Box::new(self.live())
    }
}

/// One moment of a [`MemoryStore`].
struct MemoryView {
    image: Arc<Image>,
    store: MemoryStore,
}

impl MemoryView {
    fn rows(self, family: Family, from: &[u8]) -> impl Iterator<Item = Result<Row, StoreError>> + use<> {
        let mut next = Some(Bound::Included((family, Box::<[u8]>::from(from))));
        std::iter::from_fn(move || {
            let start = next.take()?;
            if let Err(error) = self.store.spend_read(family) {
                return Some(Err(error));
            }
            let ((found, key), value) = self.image.range((start, Bound::Unbounded)).next()?;
            if *found != family {
                return None;
            }
            next = Some(Bound::Excluded((family, key.clone())));
            Some(Ok((key.clone(), value.clone())))
        })
    }
}

impl View for MemoryView {
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.spend_read(family)?;
        Ok(self.image.get(&(family, key.into())).map(|value| value.to_vec()))
    }

    fn scan(&self, family: Family, from: &[u8]) -> Rows<'_> {
        let view = Self { image: Arc::clone(&self.image), store: self.store.clone() };
        Box::new(view.rows(family, from))
    }

    fn last(&self, family: Family) -> Result<Option<Row>, StoreError> {
        self.store.spend_read(family)?;
        let rows = self.image.iter().rev();
        let mut rows = rows.skip_while(|((found, _), _)| *found > family);
        let row = rows.next().filter(|((found, _), _)| *found == family);
        Ok(row.map(|((_, key), value)| (key.clone(), value.clone())))
    }
}
