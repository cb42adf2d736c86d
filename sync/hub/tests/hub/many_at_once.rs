//! A whole district comes back from the field on one evening: forty devices sync with a hub process at the same moment. Thirty phones at once had
//! stalled another program's server, whose advice was four at a time.

use std::{sync::Barrier, thread, time::Duration};

use amanat_sync::courier::End;

use super::{
    keeping::{Writer, read_all},
    running::serving_crowd,
};

const DEVICES: usize = 40;
const ENTRIES: u64 = 25;

#[test]
fn forty_devices_that_sync_in_the_same_moment_are_all_served_and_nothing_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving_crowd(folder.path(), DEVICES);
    let together = Barrier::new(DEVICES);
    let received: Vec<u64> = thread::scope(|scope| {
        let one = |actor: usize| {
            let (agency, url, together) = (&agency, &running.url, &together);
            scope.spawn(move || {
                let mut writer = Writer::new(agency, actor);
                writer.writes(ENTRIES);
                together.wait();
                loop {
                    let outcome = writer.syncs(agency, url);
                    match outcome.end {
                        End::Done if outcome.trouble.is_empty() => return writer.received(agency),
                        // Told when to come again, as any device is.
                        End::Busy(seconds) => thread::park_timeout(Duration::from_secs(seconds)),
                        _ => unreachable!("{outcome:?}"),
                    }
                }
            })
        };
        // The first four of an agency are of other roles as well.
        let all: Vec<_> = (4..4 + DEVICES).map(one).collect();
        all.into_iter().map(|device| device.join().unwrap()).collect()
    });
    assert_eq!(received, [ENTRIES; DEVICES], "headquarters has signed for each entry of each");
    assert_eq!(read_all(&agency, &running.url), ENTRIES * u64::try_from(DEVICES).unwrap(), "and serves them all");
    assert_eq!(running.terminate(), Some(0));
}
