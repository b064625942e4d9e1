//! What goes on beside the counted demands, and must not change a single figure of theirs.

use super::demand::DAY;
use super::press::{HALF_YEAR_TICK, TICKS_IN_HALF_YEAR, time_of};
use super::seed::Seed;
use super::special::{self, Emergency, Order};
use super::tale::Tale;

/// FISA content orders, and the accounts on services that they name together.
const FISA_CONTENT: (i64, u32) = (120, 21_734);
/// FISA noncontent orders, and theirs.
const FISA_NONCONTENT: (i64, u32) = (7, 41);
const HALF_YEAR_END: i64 = HALF_YEAR_TICK + TICKS_IN_HALF_YEAR;

/// All of it.
pub(super) fn all(seed: Seed) -> Vec<Tale> {
    let mut tales = Vec::new();
    let within = |name: &str| HALF_YEAR_TICK + 1 + seed.draw(name, TICKS_IN_HALF_YEAR - 2);
    for nth in 0..50 {
        let name = format!("EMR-{nth:03}");
        let ending = [Emergency::Content, Emergency::Noncontent, Emergency::Rejected];
        let ending = ending.into_iter().cycle().nth(usize::try_from(nth).unwrap_or(0));
        let ending = ending.unwrap_or(Emergency::Rejected);
        tales.push(special::emergency(&name, within(&name), nth < 30, ending));
    }
    for nth in 0..80 {
        let name = format!("PRE-{nth:03}");
        tales.push(special::preservation(&name, within(&name)));
    }
    for nth in 0..30 {
        let name = format!("CIV-{nth:03}");
        tales.push(special::civil(&name, within(&name), nth));
    }
    for nth in 0..25 {
        let name = format!("ncmec-{nth:03}");
        tales.push(special::ncmec(&name, within(&name)));
    }
    for nth in 0..4 {
        let name = format!("CAP-{nth:03}");
        tales.push(special::capability(&name, within(&name)));
    }
    tales.extend(national_security(seed));
    tales.extend(other_periods(seed));
    for nth in 0..15 {
        let name = format!("PEN-{nth:03}");
        tales.push(special::pending(&name, within(&name)));
    }
    tales
}

fn national_security(seed: Seed) -> Vec<Tale> {
    let mut tales = Vec::new();
    let nsl = Order {
        instrument: "us.nsl_2709",
        issuer: "fbi_director_or_designee",
        classes: &["bsi_nsl"],
        secrecy: "ndo.2709c",
        accounts: (0, 1),
        days: 30,
    };
    for nth in 0..12 {
        let name = format!("NSL-{nth:03}");
        let tick = HALF_YEAR_TICK + DAY + seed.draw(&name, 140 * DAY);
        tales.push(special::security(&name, tick, Order { accounts: (nth, 1), ..nsl }));
    }
    let content = Order {
        instrument: "us.fisa_1881a",
        issuer: "fisc",
        classes: &["content_stored"],
        secrecy: "ndo.fisa",
        ..nsl
    };
    for (nth, accounts) in shares(FISA_CONTENT) {
        let name = format!("FSC-{nth:03}");
        // 45 began before the half-year and 30 end after it; all of them are active in it.
        let (tick, days) = match nth {
            0..45 => (HALF_YEAR_TICK - DAY * (2 + nth % 30), 90),
            45..75 => (HALF_YEAR_END - DAY * (10 + nth % 30), 90),
            _ => (HALF_YEAR_TICK + DAY * (1 + nth % 60), 90),
        };
        tales.push(special::security(&name, tick, Order { accounts, days, ..content }));
    }
    let noncontent = Order { instrument: "us.fisa_1861", classes: &["records_other"], ..content };
    for (nth, accounts) in shares(FISA_NONCONTENT) {
        let name = format!("FSN-{nth:03}");
        let tick = HALF_YEAR_TICK + DAY * (3 + 20 * nth);
        tales.push(special::security(&name, tick, Order { accounts, days: 30, ..noncontent }));
    }
    tales
}

/// So many accounts, over so many orders, as evenly as can be; each account in one order.
fn shares((orders, accounts): (i64, u32)) -> Vec<(i64, (u32, u32))> {
    let count = u32::try_from(orders).unwrap_or(1).max(1);
    let (each, more) = (accounts / count, accounts % count);
    let mut first = 0;
    let share = |nth: u32| {
        let share = each + u32::from(nth < more);
        let of = (i64::from(nth), (first, share));
        first += share;
        of
    };
    (0..count).map(share).collect()
}

/// Demands that belong to other half-years, by the very instant.
fn other_periods(seed: Seed) -> Vec<Tale> {
    let mut tales = Vec::new();
    let (begin, end) = (time_of(HALF_YEAR_TICK), time_of(HALF_YEAR_END));
    let edges = [
        (HALF_YEAR_TICK, begin - 1_000),
        (HALF_YEAR_TICK, begin - 1_000),
        (HALF_YEAR_END, end),
        (HALF_YEAR_END, end),
        // 23:30 on 30 June at -07:00 is 06:30 on 1 July in UTC, the time zone of the reports.
        (HALF_YEAR_END + 2, end + 23_400_000),
    ];
    for (nth, (tick, received_ms)) in (0..).zip(edges) {
        tales.push(special::subpoena(&format!("EDG-{nth:03}"), tick, received_ms, 1));
    }
    for nth in 0..40 {
        let name = format!("OLD-{nth:03}");
        let tick = HALF_YEAR_TICK - DAY * (1 + seed.draw(&name, 10));
        tales.push(special::subpoena(&name, tick, time_of(tick) - 3_600_000, 20));
    }
    tales
}
