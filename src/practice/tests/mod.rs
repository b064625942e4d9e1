//! Goal: what the rule sets admit, and each rule's refusal.
//! Method: a log in memory that admits through `apply` as the daemon does; the straight path;
//! one break of each rule; random walks judged by a second, naive implementation; a replay
//! of what was admitted, dropped, swapped and altered; the page of events with its examples.

mod actors;
mod arrival;
mod beside;
mod bounds;
mod cases;
mod decisions;
mod demands;
mod duties;
mod examples;
mod figures;
mod findings;
mod forms;
mod founding;
mod gags;
mod hostile;
mod instruments;
mod lateness;
mod log;
mod metamorphic;
mod mutations;
mod next;
mod path2;
mod promises;
mod public;
mod publishing;
mod rechecks;
mod references;
mod regimes;
mod replayed;
mod rules;
mod schema;
mod screening;
mod screening_cases;
mod special;
mod statements;
mod telling;
mod templates;
mod validity;
mod walks;
mod walks2;
mod words;
mod yields;
mod yields_cases;
