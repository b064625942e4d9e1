//! One request's life: phases, each at its hour, each of steps that go to the ledger together.

use std::collections::VecDeque;

use probity::model::approval::Kind;
use probity::model::id::RequestId;
use probity::practice::DAEMON;
use probity::practice::vocabulary::EventType;
use serde_json::Value;

/// One thing that is done.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// An event that is known in full.
    Say { type_: EventType, actor: &'static str, data: Value },
    /// A person signs what the case then has to approve.
    Approve { kind: Kind, person: &'static str, role: &'static str },
    /// `disclosure.opened`, on the review that stands.
    Open,
    /// `bundle.sealed`, to the agency's recipients in the directory.
    Seal { data: Value },
    /// `bundle.released`, on the release that was approved last.
    Release,
    /// `delivery.acknowledged`, signed by the agency.
    Acknowledge { agency: &'static str },
}

impl Step {
    /// What the log will call it.
    const fn event_type(&self) -> EventType {
        match self {
            Self::Say { type_, .. } => *type_,
            Self::Approve { .. } => EventType::ApprovalGiven,
            Self::Open => EventType::DisclosureOpened,
            Self::Seal { .. } => EventType::BundleSealed,
            Self::Release => EventType::BundleReleased,
            Self::Acknowledge { .. } => EventType::DeliveryAcknowledged,
        }
    }
}

/// The phases of a request, or of something that is none.
#[derive(Debug)]
pub(super) struct Tale {
    /// Its name, and the beginning of its events' ids.
    name: String,
    /// Whether it is a request.
    is_request: bool,
    phases: VecDeque<(i64, Vec<Step>)>,
    said: u32,
}

impl Tale {
    /// The tick of its first phase.
    pub(super) fn begins(&self) -> i64 {
        self.phases.front().map_or(0, |(tick, _)| *tick)
    }

    pub(super) fn is_over(&self) -> bool {
        self.phases.is_empty()
    }

    pub(super) fn request(&self) -> Option<RequestId> {
        self.is_request.then(|| RequestId::new(&self.name).expect("tales are named like ids"))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The tale up to the first event of that type, which is left out with all that follows.
    pub(super) fn before(mut self, type_: EventType) -> Self {
        let is_it = |step: &Step| step.event_type() == type_;
        if let Some(last) = self.phases.iter().position(|(_, steps)| steps.iter().any(is_it)) {
            self.phases.truncate(last + 1);
            if let Some((tick, mut steps)) = self.phases.pop_back() {
                steps.truncate(steps.iter().take_while(|step| !is_it(step)).count());
                // A phase that is left empty is no hour to wait for.
                self.phases.extend((!steps.is_empty()).then_some((tick, steps)));
            }
        }
        self
    }

    /// The steps of this tick, if it has any.
    pub(super) fn take(&mut self, tick: i64) -> Vec<Step> {
        match self.phases.front() {
            Some((at, _)) if *at <= tick => self.phases.pop_front().map_or_else(Vec::new, |(_, steps)| steps),
            _ => Vec::new(),
        }
    }

    /// A number for the next event's id.
    pub(super) fn next(&mut self) -> u32 {
        self.said += 1;
        self.said
    }
}

/// Writes a tale.
#[derive(Debug)]
pub(super) struct Writer {
    tale: Tale,
    tick: i64,
}

impl Writer {
    pub(super) fn request(name: String, tick: i64) -> Self {
        Self::named(name, tick, true)
    }

    /// Of what is about no request.
    pub(super) fn of_the_log(name: String, tick: i64) -> Self {
        Self::named(name, tick, false)
    }

    fn named(name: String, tick: i64, is_request: bool) -> Self {
        let phases = VecDeque::from([(tick, Vec::new())]);
        Self { tale: Tale { name, is_request, phases, said: 0 }, tick }
    }

    pub(super) const fn tick(&self) -> i64 {
        self.tick
    }

    /// The following steps come that many ticks later.
    pub(super) fn later(&mut self, ticks: i64) -> &mut Self {
        self.tick += ticks;
        self.tale.phases.push_back((self.tick, Vec::new()));
        self
    }

    pub(super) fn step(&mut self, step: Step) -> &mut Self {
        if let Some((_, steps)) = self.tale.phases.back_mut() {
            steps.push(step);
        }
        self
    }

    pub(super) fn say(&mut self, type_: EventType, actor: &'static str, data: Value) -> &mut Self {
        self.step(Step::Say { type_, actor, data })
    }

    /// An event of the daemon.
    pub(super) fn daemon(&mut self, type_: EventType, data: Value) -> &mut Self {
        self.say(type_, DAEMON, data)
    }

    pub(super) fn approve(&mut self, kind: Kind, person: &'static str, role: &'static str) -> &mut Self {
        self.step(Step::Approve { kind, person, role })
    }

    pub(super) fn end(self) -> Tale {
        self.tale
    }
}
