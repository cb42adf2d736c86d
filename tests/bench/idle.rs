//! What the screen costs while nobody does anything: the built program in a terminal of its own, unlocked, watched from outside.
//!
//! `cargo bench -p amanat --bench idle -- [--seconds 60] [--dir D]`. Processor time and wake-ups of all its threads (schedstat and
//! status of each) from three seconds after the list is there. The clock on the screen is drawn once a minute;
//! the hub does not run, so the courier's tries to reach it are counted too.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints its figures and stops at the first surprise; this one measures what waiting costs"
)]

mod figure;
mod station;

use std::io::{Read as _, Write as _};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use figure::{Figure, Goal, Spread};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use station::{PASSPHRASE, Station};

fn main() {
    let seconds = figure::number("--seconds", 60);
    let station = Station::build();
    let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_amanat"));
    command.args(["--home", &station.text("officer")]);
    command.env("TERM", "xterm-256color");
    let mut child = pair.slave.spawn_command(command).unwrap();
    let id = child.process_id().unwrap();
    let drawn = listen(pair.master.try_clone_reader().unwrap());
    let mut keys = pair.master.take_writer().unwrap();
    quiet(&drawn);
    keys.write_all(format!("{PASSPHRASE}\r").as_bytes()).unwrap();
    keys.flush().unwrap();
    quiet(&drawn);
    let before = (spent(id), wakes(id));
    thread::sleep(Duration::from_secs(u64::try_from(seconds).unwrap()));
    let (spent, woken) = (spent(id) - before.0, wakes(id) - before.1);
    let bytes: usize = drawn.try_iter().sum();
    child.kill().unwrap();
    drop(child.wait());
    println!("idle: {seconds} s unlocked, list of cases on the screen; {bytes} bytes drawn meanwhile");
    let minutes = f64::from(u32::try_from(seconds).unwrap()) / 60.0;
    for (what, unit, number, goal) in [
        ("processor time of an idle minute", "ms", spent, 10.0),
        ("wake-ups of all threads in an idle minute", "times", woken, 5.0),
    ] {
        let spread = Spread::of(vec![number / minutes]);
        Figure { what, unit, spread, yardstick: None, goal: Goal::AtMost(goal) }.print();
    }
}

/// How many bytes were drawn each time some were.
fn listen(mut screen: Box<dyn std::io::Read + Send>) -> Receiver<usize> {
    let (sender, drawn) = channel();
    thread::spawn(move || {
        let mut buffer = [0; 65_536];
        while let Ok(read) = screen.read(&mut buffer) {
            if read == 0 || sender.send(read).is_err() {
                return;
            }
        }
    });
    drawn
}

/// Waits until something was drawn and then nothing for three seconds.
fn quiet(drawn: &Receiver<usize>) {
    drawn.recv_timeout(Duration::from_secs(30)).unwrap();
    while drawn.recv_timeout(Duration::from_secs(3)).is_ok() {}
}

/// Processor time of the threads of a process, in milliseconds (their schedstat counts nanoseconds).
fn spent(id: u32) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{id}/task")).unwrap();
    let of = |stat: String| stat.split(' ').next()?.parse::<f64>().ok();
    let nanoseconds = tasks.filter_map(|task| of(std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?));
    nanoseconds.sum::<f64>() / 1e6
}

/// How often any thread of it gave up the processor and was woken again.
fn wakes(id: u32) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{id}/task")).unwrap();
    let of = |status: String| {
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?.trim().to_owned();
        line.parse::<f64>().ok()
    };
    tasks.filter_map(|task| of(std::fs::read_to_string(task.ok()?.path().join("status")).ok()?)).sum()
}
