//! The desk's part in the keys: every key, what follows if a device is trusted no more and that signed, and what a key could read and still opens.

use std::path::Path;

use amanat_keys::{error::KeysError, passphrase::Passphrase, roster::DeviceState};

use super::{printing, seat::Seat, tellings};
use crate::{
    model::{DeviceId, Lang},
    runtime::{
        fault,
        roster::{audit_page, enrol::Admin, key_page},
    },
    ui::{AuditPage, Audited, Effect, Msg, Secret},
    words::Tongue,
};

/// Why a device is trusted no more.
const fn state(lost: bool) -> DeviceState {
    if lost { DeviceState::Lost } else { DeviceState::Left }
}

impl Seat {
    pub(super) fn show_keys(&mut self) {
        match self.with_home(|home| key_page::rows(home)) {
            Ok(rows) => self.say(Msg::KeysAre(rows)),
            Err(failure) => self.say(Msg::Notice(tellings::trouble(&failure))),
        }
    }

    /// What follows if a device is trusted no more, or that signed.
    pub(super) fn revocation(&mut self, effect: Effect) {
        match effect {
            Effect::PreviewRevocation { device, lost } => self.preview(device, lost),
            Effect::Revoke { device, lost, passphrase } => self.revoke(device, lost, &passphrase),
            _ => {}
        }
    }

    fn preview(&mut self, device: DeviceId, lost: bool) {
        match self.with_home(|home| key_page::preview(home, device.into(), state(lost))) {
            Ok(lines) => self.say(Msg::PreviewIs { device, lines }),
            Err(failure) => self.say(Msg::Notice(tellings::trouble(&failure))),
        }
    }

    /// Signs with the root key beside this home, which its passphrase opens for as long as that takes.
    fn revoke(&mut self, device: DeviceId, lost: bool, passphrase: &Secret) {
        let passphrase = match Passphrase::to_open(passphrase.reveal().as_bytes()) {
            Ok(passphrase) => passphrase,
            Err(weakness) => {
                let failure = fault::keys("opening the root key", &KeysError::Locked(weakness.into()));
                return self.say(Msg::RevokeFailed(tellings::trouble(&failure)));
            }
        };
        let Some(home) = self.home.take() else { return };
        let (home, signed) = match Admin::beside(home, &passphrase) {
            Ok(mut admin) => {
                let signed = admin.revoke_known(device.into(), state(lost));
                (admin.home, signed)
            }
            Err((home, failure)) => (*home, Err(failure)),
        };
        self.home = Some(home);
        match signed {
            Ok(lines) => {
                self.say(Msg::Revoked { device, lines });
                self.show_keys();
                self.show_roster();
            }
            Err(failure) => self.say(Msg::RevokeFailed(tellings::trouble(&failure))),
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
