//! What is measured.

use crate::rows::Oddity;

/// A chain over some rows, against the same done otherwise.
pub(crate) struct Case {
    pub(crate) title: &'static str,
    pub(crate) rows: usize,
    pub(crate) oddity: Oddity,
    /// Of tests/bench-modules, in order.
    pub(crate) modules: &'static [&'static str],
    /// The column of the one module, where it is measured over Arrow IPC too.
    pub(crate) ipc: Option<&'static str>,
}

const fn case(
    title: &'static str,
    rows: usize,
    oddity: Oddity,
    modules: &'static [&'static str],
    ipc: Option<&'static str>,
) -> Case {
    Case { title, rows, oddity, modules, ipc }
}

/// As many rows as a call carries.
pub(crate) const CALL: usize = 8_192;

/// As many rows as the command line reads at once.
const READ: usize = 65_536;

pub(crate) const CASES: &[Case] = &[
    case("filter, INT", CALL, Oddity::None, &["late"], Some("delay")),
    case("filter, INT", READ, Oddity::None, &["late"], Some("delay")),
    case("filter, INT", 64, Oddity::None, &["late"], Some("delay")),
    case("filter, INT, nulls", CALL, Oddity::Nulls, &["late"], Some("delay")),
    case("filter, STRING", CALL, Oddity::None, &["seattle"], Some("origin")),
    case("map, DOUBLE", CALL, Oddity::None, &["kilometres"], Some("distance")),
    case("map, DOUBLE", READ, Oddity::None, &["kilometres"], Some("distance")),
    case("map, DOUBLE", 64, Oddity::None, &["kilometres"], Some("distance")),
    case("map, DOUBLE, nulls", CALL, Oddity::Nulls, &["kilometres"], Some("distance")),
    case("map, STRING, a part", CALL, Oddity::None, &["city"], Some("destination")),
    case("map, STRING, a new one", CALL, Oddity::None, &["lower"], None),
    case("map, 1% refused", CALL, Oddity::Negative, &["checked"], None),
    case("flat-map, 3 of each", CALL, Oddity::None, &["thrice"], None),
];

/// Maps that do the same work.
pub(crate) const ALIKE: [&str; 5] = ["kilometres", "euros", "litres", "kilograms", "kilometres"];

/// Maps and filters over different columns.
pub(crate) const MIXED: [&str; 5] = ["kilometres", "late", "euros", "seattle", "litres"];
