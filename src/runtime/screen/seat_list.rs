//! The desk after an unlocking: everything is told to the screens, and the list of cases is kept for the next time, a part at a time between
//! whatever else is ordered.

use super::{
    desk::tell,
    seat::{Seat, note_forms},
    tellings,
};
use crate::{
    failure::Failure,
    model::Listed,
    ui::{Msg, Trouble},
    words::Both,
};

impl Seat {
    pub(in crate::runtime) fn replay(&mut self) -> Result<(), Failure> {
        let Self { home: Some(home), forms, wake, asked, .. } = self else { return Ok(()) };
        forms.clear();
        let replayed = home.show(asked, &mut |msg| {
            if let Msg::Arrived(entries) | Msg::Whole { entries, .. } = &msg {
                note_forms(forms, entries);
            }
            tell(wake, msg);
        })?;
        replayed.afterwards.iter().for_each(|failure| tell(wake, Msg::Notice(tellings::trouble(failure))));
        if !replayed.failed.is_empty() {
            let count = Both::same(replayed.failed.len());
            let detail = Both::fill("carrier.closed_entries", &[("n", count)]).joined();
            tell(wake, Msg::Notice(Trouble { word: String::new(), detail }));
        }
        Ok(())
    }

    /// Asks for the first lines, where the list is worth keeping again. That it cannot be kept costs the next unlocking some seconds and is no
    /// news to a person.
    pub(in crate::runtime) fn begin_list(&mut self) {
        self.listing = self.with_home(|home| home.begin_list()).ok().flatten();
        if let Some(listing) = &self.listing {
            self.say(listing.asks());
        }
    }

    /// Keeps some lines of it, and asks for the next ones.
    pub(in crate::runtime) fn file_list(&mut self, lines: &[Listed], last: bool) {
        let Some(mut listing) = self.listing.take() else { return };
        match self.with_home(|home| home.file_list(&mut listing, lines, last)) {
            Ok(true) => {
                self.say(listing.asks());
                self.listing = Some(listing);
            }
            Ok(false) => {}
            Err(_) => self.home.iter_mut().for_each(|home| home.leave_list(&listing)),
        }
    }
}
