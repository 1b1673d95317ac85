//! How fast the engine is, beside what bounds it: `cargo run --release -- [FILTER]`.
//!
//! Each line is a routine and the least that any routine for the purpose has to do, such as a copy of the bytes. Both take
//! turns, and the best time of each counts: on a busy machine that is what can be compared.

mod browser_request;
#[cfg(feature = "deflate")]
mod compress;
#[cfg(feature = "deflate")]
mod decompress;
mod handshake;
mod mask;
mod receive;
mod send;
mod utf8;

use std::time::Instant;

fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    let bench = Bench { filter };
    println!("{:<44} {:>12} {:>12} {:>7} {:>7}", "", "ns", "bound, ns", "ratio", "goal");
    receive::run(&bench);
    send::run(&bench);
    mask::run(&bench);
    utf8::run(&bench);
    handshake::run(&bench);
    #[cfg(feature = "deflate")]
    {
        compress::run(&bench);
        decompress::run(&bench);
    }
}

struct Bench {
    filter: String,
}

impl Bench {
    fn wants(&self, name: &str) -> bool {
        name.contains(&self.filter)
    }

    /// Prints the best time of `routine` and of `bound`, for one of the `count` things that a call of either does.
    fn compare(
        &self,
        name: &str,
        count: usize,
        goal: f64,
        mut routine: impl FnMut(),
        mut bound: impl FnMut(),
    ) {
        if !self.wants(name) {
            return;
        }
        let started = Instant::now();
        let (mut ours, mut least) = (f64::MAX, f64::MAX);
        let mut rounds = 0;
        while rounds < 15 || rounds < 4000 && started.elapsed().as_millis() < 250 {
            ours = ours.min(nanoseconds(&mut routine));
            least = least.min(nanoseconds(&mut bound));
            rounds += 1;
        }
        let count = count as f64;
        let ratio = ours / least;
        let missed = if ratio > goal { "  missed" } else { "" };
        println!(
            "{name:<44} {:>12.1} {:>12.1} {ratio:>7.2} {goal:>7.2}{missed}",
            ours / count,
            least / count
        );
    }
}

fn nanoseconds(work: &mut impl FnMut()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_nanos() as f64
}
