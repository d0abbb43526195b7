// Burns CPU in a function of a known name, profiled by the real pyroscope crate.
use std::error::Error;
use std::time::{Duration, Instant};

/// Reports go out every ten seconds, by the clock.
const RUNS: Duration = Duration::from_secs(12);
/// CPU time as well, for the machine may be busy; in ticks of 10 ms.
const CPU_TICKS: u64 = 300;

#[inline(never)]
fn burn_rust_cpu() -> u64 {
    let end = Instant::now() + RUNS;
    let mut sum = 1u64;
    while Instant::now() < end || used_cpu_ticks() < CPU_TICKS {
        for i in 0..100_000u64 {
            sum = sum.wrapping_mul(31).wrapping_add(i);
        }
    }
    sum
}

/// User time of the process: field 14 of proc(5) stat, counted behind the name of the program.
fn used_cpu_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = behind_name
        .split_whitespace()
        .nth(11)
        .and_then(|ticks| ticks.parse().ok());
    ticks.unwrap_or(CPU_TICKS)
}

fn main() -> Result<(), Box<dyn Error>> {
    let backend = pyroscope::backend::pprof_backend(Default::default(), Default::default());
    let server = std::env::var("SERVER")?;
    let agent = pyroscope::pyroscope::PyroscopeAgentBuilder::new(
        server,
        "sdk.rust",
        100,
        "pyroscope-rs",
        "2",
        backend,
    )
    .tags(vec![("env", "test")])
    .build()?;
    let running = agent.start()?;
    println!("{}", burn_rust_cpu());
    running.stop()?.shutdown();
    Ok(())
}
