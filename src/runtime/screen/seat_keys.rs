//! The desk's part in the keys: every key, what follows if a device is lost, and what a key could read and still opens.

use std::path::Path;

use super::{printing, seat::Seat, tellings};
use crate::{
    model::{DeviceId, Lang},
    runtime::roster::{audit_page, key_page},
    ui::{AuditPage, Audited, Msg},
    words::Tongue,
};

impl Seat {
    pub(super) fn show_keys(&mut self) {
        match self.with_home(|home| key_page::rows(home)) {
            Ok(rows) => self.say(Msg::KeysAre(rows)),
            Err(failure) => self.say(Msg::Notice(tellings::trouble(&failure))),
        }
    }

    pub(in crate::runtime) fn preview(&mut self, device: DeviceId) {
        match self.with_home(|home| key_page::preview(home, device.into())) {
            Ok(lines) => self.say(Msg::PreviewIs { device, lines }),
            Err(failure) => self.say(Msg::Notice(tellings::trouble(&failure))),
        }
    }

    pub(super) fn audit(&mut self, whose: Audited) {
        let found = self.with_home(|home| audit_page::of(home, whose));
        let page = found.map(Box::new).map_err(|failure| tellings::trouble(&failure));
        self.say(Msg::AuditIs { whose, page });
    }

    /// Writes what was shown, and nothing that has been found out since.
    pub(super) fn save_audit(&self, page: &AuditPage, programs: bool, lang: Lang, path: &str) {
        let tongue = if lang == Lang::En { Tongue::En } else { Tongue::Ur };
        let text = if programs { format!("{:#}\n", audit_page::json(page)) } else { audit_page::html(page, tongue) };
        match printing::to_file("the audit", Path::new(path), &text) {
            Ok(()) => self.say(Msg::PartSaved { path: path.to_owned() }),
            Err(failure) => self.say(Msg::SaveFailed(tellings::trouble(&failure))),
        }
    }
}
