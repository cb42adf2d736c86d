//! A push on its way out: how many entries of a pass have left, told as the system takes the bytes.

use std::io::{self, Read};

use crate::cbor::count;

/// Hears how many entries of a pass have left this program, once for each piece that the system takes of a push.
pub type Told = Box<dyn FnMut(u64) + Send>;

/// What a pass has carried so far, and who wants to know.
#[derive(Default)]
pub(crate) struct Load {
    pub(crate) told: Option<Told>,
    /// Entries of earlier pushes of this pass.
    carried: u64,
    /// Entries of the push under way.
    load: u64,
}

impl Load {
    /// A new pass begins.
    pub(crate) fn sets_out(&mut self) {
        (self.carried, self.load) = (0, 0);
    }

    /// The next push carries so many entries; the one before has been answered.
    pub(crate) fn takes(&mut self, entries: u64) {
        self.carried = self.carried.saturating_add(self.load);
        self.load = entries;
    }

    /// The body of a push, to be read piece by piece; `None` when nobody wants to know, or it carries nothing.
    pub(crate) fn leaving<'a>(&'a mut self, body: &'a [u8]) -> Option<Leaving<'a>> {
        let (carried, load) = (self.carried, self.load);
        let told = self.told.as_mut().filter(|_| load > 0)?;
        Some(Leaving { rest: body, whole: count(body.len()).max(1), carried, load, told })
    }
}

/// The bytes of a push that have not left yet.
pub(crate) struct Leaving<'a> {
    rest: &'a [u8],
    whole: u64,
    carried: u64,
    load: u64,
    told: &'a mut Told,
}

impl Read for Leaving<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.rest.read(buffer)?;
        let left = self.whole.saturating_sub(count(self.rest.len()));
        (self.told)(self.carried.saturating_add(self.load.saturating_mul(left) / self.whole));
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn what_has_left_only_rises_and_ends_at_all_of_it() {
        let (said, heard) = channel();
        let mut load = Load { told: Some(Box::new(move |entries| said.send(entries).unwrap())), ..Load::default() };
        assert!(load.leaving(&[1; 10]).is_none(), "a push that only asks carries nothing");
        for (entries, bytes) in [(30, 3_000), (70, 9_000)] {
            load.takes(entries);
            let body = vec![1; bytes];
            let mut leaving = load.leaving(&body).unwrap();
            let mut piece = [0; 512];
            while leaving.read(&mut piece).unwrap() > 0 {}
        }
        let told: Vec<u64> = heard.try_iter().collect();
        assert!(told.is_sorted() && told.len() > 20 && told[0] < 10, "{told:?}");
        assert!(told.contains(&30) && told.last() == Some(&100), "{told:?}");
        load.sets_out();
        load.takes(5);
        assert_eq!((load.carried, load.load), (0, 5));
    }
}
