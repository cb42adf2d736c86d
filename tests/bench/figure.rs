//! One figure as every bench prints it: a row of the table with its number of runs, median, quartiles, the yardstick of the same
//! run, the goal, and whether it holds. `run` gathers the rows; nothing here ever fails a build for being slow.
#![allow(dead_code, reason = "every bench uses its own part of it")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Lower quartile, median, upper quartile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    /// How many runs.
    pub(crate) n: usize,
    /// Lower quartile.
    pub(crate) low: f64,
    /// Median.
    pub(crate) median: f64,
    /// Upper quartile.
    pub(crate) high: f64,
}

impl Spread {
    /// Of some measurements; of none, zeros.
    pub(crate) fn of(mut all: Vec<f64>) -> Self {
        all.sort_by(f64::total_cmp);
        let n = all.len();
        let at = |quarter: usize| all.get((n * quarter / 4).min(n.saturating_sub(1))).copied().unwrap_or(0.0);
        Self { n, low: at(1), median: at(2), high: at(3) }
    }

    /// Of times, in milliseconds.
    pub(crate) fn ms(all: &[Duration]) -> Self {
        Self::of(all.iter().map(|time| time.as_secs_f64() * 1e3).collect())
    }

    /// Of times for `count` things each, as things a second.
    pub(crate) fn rate(all: &[Duration], count: usize) -> Self {
        let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        Self::of(all.iter().map(|time| count / time.as_secs_f64()).collect())
    }
}

/// What is to be reached, and by which number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// The figure, at most.
    AtMost(f64),
    /// The figure, at least.
    AtLeast(f64),
    /// The figure divided by its yardstick, at most.
    RatioAtMost(f64),
    /// The figure divided by its yardstick, at least.
    RatioAtLeast(f64),
    /// Said and not judged.
    None,
}

/// One row of the table.
pub(crate) struct Figure<'a> {
    /// What was done.
    pub(crate) what: &'a str,
    /// What the numbers are, for example `ms` or `rows/s`.
    pub(crate) unit: &'a str,
    /// The numbers.
    pub(crate) spread: Spread,
    /// What stands beside it, in the same unit.
    pub(crate) yardstick: Option<(&'a str, Spread)>,
    /// What was to be reached.
    pub(crate) goal: Goal,
}

impl Figure<'_> {
    /// Prints the row.
    #[expect(clippy::print_stdout, reason = "a bench prints its figures")]
    pub(crate) fn print(&self) {
        let Spread { n, low, median, high } = self.spread;
        let ratio = self.yardstick.map_or(0.0, |(_, yardstick)| median / yardstick.median);
        let beside = self.yardstick.map_or_else(
            || "–".to_owned(),
            |(what, yardstick)| format!("{what}: {} → {ratio:.2} ×", short(yardstick.median)),
        );
        let (goal, holds) = match self.goal {
            Goal::AtMost(most) => (format!("≤ {} {}", short(most), self.unit), Some(median <= most)),
            Goal::AtLeast(least) => (format!("≥ {} {}", short(least), self.unit), Some(median >= least)),
            Goal::RatioAtMost(most) => (format!("≤ {most} ×"), Some(ratio <= most)),
            Goal::RatioAtLeast(least) => (format!("≥ {least} ×"), Some(ratio >= least)),
            Goal::None => ("–".to_owned(), None),
        };
        let holds = holds.map_or("–", |holds| if holds { "yes" } else { "**no**" });
        println!(
            "| {} | {n} | {} {} | {} to {} | {beside} | {goal} | {holds} |",
            self.what,
            short(median),
            self.unit,
            short(low),
            short(high)
        );
    }
}

/// Three digits that mean something, thousands apart.
fn short(number: f64) -> String {
    if number < 10.0 {
        return format!("{number:.2}");
    }
    if number < 100.0 {
        return format!("{number:.1}");
    }
    let whole = format!("{number:.0}");
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// How long some work takes.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// User and system time of this process and of its ended children, in seconds (proc_pid_stat(5), fields 14 to 17, in
/// hundredths); zeros off Linux. On a machine that others use too it says more than the clock.
pub(crate) fn processor_seconds() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let Some((_, fields)) = stat.rsplit_once(") ") else { return (0.0, 0.0) };
    let ticks: Vec<f64> = fields.split(' ').skip(11).take(4).map(|ticks| ticks.parse().unwrap_or(0.0)).collect();
    let pair = |at: usize| ticks.iter().skip(at).take(2).sum::<f64>() / 100.0;
    (pair(0), pair(2))
}

/// The word after `name` on the command line.
pub(crate) fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

/// The number after `name` on the command line.
pub(crate) fn number(name: &str, otherwise: usize) -> usize {
    argument(name).and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

/// Where benches write: on the disk that builds go to, which is a real one, not memory.
pub(crate) fn folder() -> PathBuf {
    argument("--dir").map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from)
}

/// `n` appends of `bytes` bytes to one file, each with fdatasync: nothing that is kept can be faster.
#[expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]
pub(crate) fn raw_syncs(n: usize, bytes: usize) -> Vec<Duration> {
    use std::io::Write as _;
    let mut file = tempfile::tempfile_in(folder()).unwrap();
    let block = vec![7_u8; bytes];
    let once = |_| {
        timed(|| {
            file.write_all(&block).unwrap();
            file.sync_data().unwrap();
        })
    };
    (0..n).map(once).collect()
}

/// Numbers without a pattern, the same for the same seed (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// The next number below `below`.
    pub(crate) fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let below = u64::try_from(below.max(1)).unwrap_or(1);
        usize::try_from((z ^ (z >> 31)) % below).unwrap_or(0)
    }

    /// One of several.
    pub(crate) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of.get(self.roll(of.len())).copied().unwrap_or("")
    }
}
