//! A unit's next key before the first slip is touched: made, durable, read back and tried, offered to the admins, and then wrapped to
//! everybody who is to hold it, the recovery identity among them.

use std::collections::BTreeMap;

use amanat_keys::{
    Place,
    case_key::CaseKey,
    error::KeysError,
    fingerprint::{CaseId, JournalId, UnitId},
    join::JoinRequest,
    recipient::{ReadIdentity, RecipientKind},
    roster::Unit,
    rotation::Said,
    slip::Slip,
    statement::{Statement, Verified},
    unit_key::UnitKeys,
    vault::HeldUnit,
};
use amanat_sync::{documents::DocumentKind, journal::Journal as _};

use super::{
    units::{DOING, Rotated},
    work::Work,
};
use crate::{
    failure::Failure,
    runtime::{
        fault,
        homes::{
            home::Home,
            marks::{self, Mark},
        },
    },
};

impl Home {
    pub(in crate::runtime) fn offer(&mut self, unit: &Unit, kind: RecipientKind) -> Result<Rotated, Failure> {
        let refused = |error: KeysError| fault::keys(DOING, &error);
        if unit.recipient.is_some() && !self.holds_key_of(unit) {
            return Err(Failure::refused(
                format!("{DOING} — this device does not hold its present key, and opens none of its cases"),
                "Sync, so that another reader of the unit can wrap the key for this device; then again.",
            ));
        }
        let looked = self.look_at_slips(unit)?;
        let identity = ReadIdentity::of_kind(kind).map_err(refused)?;
        let held = HeldUnit { unit: UnitId::ZERO, epoch: 0, identity };
        let (agency, me) = (self.agency()?, self.listed()?.clone());
        let offered = held.identity.recipient().clone();
        let name = self.member()?.name.clone();
        let key = self.signer().verifying_key();
        let request = JoinRequest::for_device(agency, &name, key, me.recipient, Some(offered.clone()));
        let statement = request.sign(&self.signer()).map_err(refused)?;
        let work = Work {
            unit: unit.id,
            offered: offered.key_id(),
            request: statement.to_bytes(),
            epoch: 0,
            total: looked.open,
            rewrapped: 0,
            left: 0,
            done: false,
            passed: BTreeMap::new(),
        };
        // The identity first: a request without it would be a key that nobody has.
        self.remember(&Mark::Offered(&held))?;
        self.read_back(&held)?;
        self.vault.hold(held);
        self.remember(&Mark::Rotation(&unit.id, work.row()))?;
        Ok(Rotated::Offered { request: statement, words: request.words().to_string(), looked })
    }

    /// The identity as it lies on the disk opens what is sealed to the key that is offered.
    fn read_back(&self, held: &HeldUnit) -> Result<(), Failure> {
        let lost = || {
            Failure::failed(format!("{DOING} — the new key does not read back from the disk"), "Nothing was changed.")
        };
        let marks = marks::few(&self.journal).map_err(|error| fault::sync(DOING, &error))?;
        let id = held.identity.key_id();
        let read = marks::units(&marks).into_iter().find(|read| read.identity.key_id() == id).ok_or_else(lost)?;
        let key = CaseKey::generate();
        let place = Place {
            agency: self.agency()?,
            device: self.device(),
            journal: JournalId::ZERO,
            seq: 1,
            case: CaseId::ZERO,
            key: 1,
        };
        let slip = Slip::make(&key, &[held.identity.recipient().clone()]).map_err(|_fault| lost())?;
        let opened = Slip::parse(&slip, 1).and_then(|slip| slip.open([&read.identity], &place, &key.id(&place)));
        opened.map(drop).map_err(|_fault| lost())
    }

    pub(super) fn offer_again(&self, unit: &Unit, work: &Work) -> Result<Rotated, Failure> {
        let refused = |error: KeysError| fault::keys(DOING, &error);
        let statement = Statement::from_bytes(&work.request).map_err(|error| refused(error.into()))?;
        let request = JoinRequest::verify(&work.request).map_err(refused)?.into_value();
        let looked = self.look_at_slips(unit)?;
        Ok(Rotated::Offered { request: statement, words: request.words().to_string(), looked })
    }

    /// The unit's key as it lies wrapped on the shelf: for every reader of the unit, and for the recovery identity where the roster names
    /// one. Whether the latter.
    pub(super) fn wrapped_and_read_back(&self, unit: &Unit) -> Result<bool, Failure> {
        let trust = self.trust()?;
        let filed = self.journal.documents().map_err(|error| fault::sync(DOING, &error))?;
        let of_unit = filed.iter().filter(|it| it.document.kind == DocumentKind::UnitKeys);
        let wraps = of_unit.filter_map(|it| UnitKeys::verify(&it.document.bytes, trust).ok());
        let wraps: Vec<UnitKeys> = wraps
            .map(Verified::into_value)
            .filter(|keys| keys.unit == unit.id && Some(&keys.recipient) == unit.recipient.as_ref())
            .collect();
        let readers = trust.roster().unit_devices(&unit.id);
        let all = readers.iter().all(|device| wraps.iter().any(|keys| keys.is_for(&device.id)));
        let mine = wraps.iter().any(|keys| keys.open(&self.keys, trust).is_ok());
        let reads = readers.iter().any(|device| device.id == self.device());
        if !reads && !self.has_begun(unit)? {
            return Err(Failure::refused(
                format!("{DOING} — no reader of the unit has said that its new key is wrapped"),
                "Let its supervisor run this first, then sync. No slip was touched.",
            ));
        }
        if reads && !(all && mine) {
            return Err(Failure::refused(
                format!("{DOING} — the new key is not wrapped for every reader of the unit yet"),
                "Sync, then run this again. No slip was touched.",
            ));
        }
        let recovery = trust.roster().recovery.as_ref().map(UnitKeys::escrow_id);
        let escrowed = recovery.is_some_and(|id| wraps.iter().any(|keys| keys.is_for(&id)));
        if reads && recovery.is_some() && !escrowed {
            return Err(Failure::refused(
                format!("{DOING} — the new key is not wrapped for the recovery identity"),
                "Sync, then run this again. No slip was touched.",
            ));
        }
        Ok(escrowed)
    }

    /// Whether a reader of the unit has signed that slips were rewrapped to its present key: they did not before it was wrapped.
    fn has_begun(&self, unit: &Unit) -> Result<bool, Failure> {
        let roster = self.trust()?.roster();
        Ok(self.rotation_words()?.iter().any(|word| {
            let Said::Rewrapped { unit: of, epoch, .. } = &word.said else { return false };
            let by = roster.device(&word.by).is_some_and(|device| roster.reads_for(device, &unit.id));
            *of == unit.id && *epoch == unit.epoch && by
        }))
    }
}
