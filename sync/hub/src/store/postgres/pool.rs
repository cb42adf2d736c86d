//! The connections: how many, what each promises when it is made, and how a server that went away is waited for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_sync::documents::{Document, DocumentKind};
use amanat_sync::wire::parts::PartAt;
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio_postgres::NoTls;

use super::super::{
    Accepted, Answer, Asker, Beside, Complete, Depth, Due, Grant, HubStore, KeptCheckpoint, Ledger, Page, PartBook,
    Run, Sought, StoreFault,
};
use super::address::PostgresAddress;
use super::fault::Failure;
use super::{erase, grants, migrate, moving, parts, read, write};

/// Connections. More would only wait for the same disk.
const CONNECTIONS: usize = 8;
/// Waiting for one of them, or for a new one.
const TURN: Duration = Duration::from_secs(10);
/// A server that went away is waited for so long: a restart takes a second, a change of leaders about ten. Then the device is told
/// to come again, and loses nothing.
const PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks whether it is back.
const PAUSE: Duration = Duration::from_millis(200);
/// The same is tried so often when the server goes away in the middle of it.
const TRIES: usize = 4;
/// The same is tried so often when others are in its way. One of them always comes through.
const TURNS: u32 = 40;
/// After the first time that others were in the way; then a little longer each time.
const STEP_ASIDE: Duration = Duration::from_millis(2);

/// What each connection is told first. Kept is on the disk, here and on the standbys that the server waits for, whatever its own
/// settings say; and nobody waits without end, nor leaves a transaction open. Where the tables are spread over shards each statement is
/// planned for its values: a plan for any values would ask every shard, and one that is away would stop the devices of all.
const SESSION: &str = "
    set synchronous_commit = on;
    set default_transaction_isolation = 'read committed';
    set statement_timeout = '30s';
    set lock_timeout = '20s';
    set idle_in_transaction_session_timeout = '60s';
    do $$ begin
        if (select relkind from pg_class where oid = to_regclass('entries')) = 'p' then
            set plan_cache_mode = force_custom_plan;
        end if;
    end $$;
";

/// The hub's memory in a PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore {
    pool: Pool,
    address: PostgresAddress,
}

impl PostgresStore {
    /// Connects, brings the tables up to date, and makes grants that were owed when a hub stopped.
    ///
    /// # Errors
    /// [`StoreFault`] when the server does not answer in time or refuses, or when a newer program made the tables.
    pub async fn open(address: &PostgresAddress) -> Result<Self, StoreFault> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let promise = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
            Box::pin(async move { client.batch_execute(SESSION).await.map_err(HookError::Backend) })
        });
        let pool = Pool::builder(Manager::from_config(address.config(), NoTls, recycling))
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(TURN))
            .create_timeout(Some(TURN))
            .post_create(promise)
            .build()
            .map_err(|source| StoreFault::Database(Box::new(source)))?;
        let store = Self { pool, address: address.clone() };
        store.patiently(migrate::migrate).await?;
        for device in store.patiently(grants::debtors).await? {
            store.pay(device).await?;
        }
        Ok(store)
    }

    /// Does something on a connection, again if the server went away in the middle: whatever is asked here can be asked twice.
    async fn patiently<T, F>(&self, act: impl Fn(Object) -> F + Send + Sync) -> Result<T, StoreFault>
    where
        F: Future<Output = Result<T, Failure>> + Send,
    {
        let (mut tries, mut turns) = (1, 1);
        loop {
            let tried = async { act(self.pool.get().await?).await }.await;
            match tried {
                Ok(done) => return Ok(done),
                Err(Failure::Away(told)) if tries < TRIES => {
                    tracing::warn!(store = %self.address, cause = %told, "the database went away; waiting for it");
                    self.wait().await?;
                    tries += 1;
                }
                Err(Failure::Crossed(_)) if turns < TURNS => {
                    tokio::time::sleep(STEP_ASIDE * turns).await;
                    turns += 1;
                }
                Err(failure) => return Err(failure.into_fault()),
            }
        }
    }

    /// Until the server takes connections and writes again, or patience ends.
    async fn wait(&self) -> Result<(), StoreFault> {
        let mut last = StoreFault::Stopped;
        let back = async {
            loop {
                // Idle connections may lead to a server that is gone, or that leads no more.
                drop(self.pool.retain(|_, _| false));
                match self.pool.get().await.map_err(Failure::from) {
                    Ok(_connection) => return Ok(()),
                    Err(Failure::Store(fault)) => return Err(fault),
                    Err(away) => last = away.into_fault(),
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let came_back = tokio::time::timeout(PATIENCE, back).await;
        came_back.unwrap_or(Err(last))
    }

    async fn pay(&self, device: DeviceId) -> Result<(), StoreFault> {
        self.patiently(|client| async move { grants::pay(client, &device).await }).await
    }

    async fn accept_of(&self, device: DeviceId, runs: Vec<Run>) -> Result<Vec<Accepted>, StoreFault> {
        let runs: Arc<[Run]> = runs.into();
        let accepted = self.patiently(|client| {
            let runs = Arc::clone(&runs);
            async move { write::accept(client, &device, &runs).await }
        });
        let (accepted, owes) = accepted.await?;
        if owes {
            self.pay(device).await?;
        }
        Ok(accepted)
    }
}

impl HubStore for PostgresStore {
    fn accept(&self, runs: Vec<Run>) -> Answer<'_, Vec<Accepted>> {
        let mut of_device: BTreeMap<DeviceId, (Vec<usize>, Vec<Run>)> = BTreeMap::new();
        for (at, run) in runs.into_iter().enumerate() {
            let (places, of_device) = of_device.entry(run.place.0).or_default();
            places.push(at);
            of_device.push(run);
        }
        Box::pin(async move {
            let mut answers: BTreeMap<usize, Accepted> = BTreeMap::new();
            for (device, (places, runs)) in of_device {
                answers.extend(places.into_iter().zip(self.accept_of(device, runs).await?));
            }
            Ok(answers.into_values().collect())
        })
    }

    fn page(&self, sought: Sought) -> Answer<'_, Page> {
        let sought = Arc::new(sought);
        Box::pin(self.patiently(move |client| {
            let sought = Arc::clone(&sought);
            async move { read::page(client, &sought).await }
        }))
    }

    fn ledger(&self) -> Answer<'_, Ledger> {
        Box::pin(self.patiently(read::ledger))
    }

    fn keep_checkpoint(&self, checkpoint: KeptCheckpoint) -> Answer<'_, ()> {
        let checkpoint = Arc::new(checkpoint);
        Box::pin(self.patiently(move |client| {
            let checkpoint = Arc::clone(&checkpoint);
            async move { write::keep_checkpoint(client, &checkpoint).await }
        }))
    }

    fn keep_document(&self, document: Document) -> Answer<'_, bool> {
        let document = Arc::new(document);
        Box::pin(self.patiently(move |client| {
            let document = Arc::clone(&document);
            async move { write::keep_document(client, &document).await }
        }))
    }

    fn documents(&self, kind: DocumentKind, from: u64, most: usize) -> Answer<'_, Vec<Document>> {
        Box::pin(self.patiently(move |client| read::documents(client, kind, from, most)))
    }

    fn depth(&self) -> Answer<'_, Depth> {
        Box::pin(self.patiently(read::depth))
    }

    fn order(&self, doomed: Vec<Doomed>) -> Answer<'_, ()> {
        Box::pin(async move {
            for (device, doomed) in by_device(doomed) {
                self.patiently(|client| {
                    let doomed = Arc::clone(&doomed);
                    async move { erase::order(client, &device, &doomed).await }
                })
                .await?;
            }
            Ok(())
        })
    }

    fn due(&self) -> Answer<'_, Vec<Due>> {
        Box::pin(self.patiently(erase::due))
    }

    fn erase(&self, doomed: Vec<Doomed>) -> Answer<'_, ()> {
        Box::pin(async move {
            for (device, doomed) in by_device(doomed) {
                self.patiently(|client| {
                    let doomed = Arc::clone(&doomed);
                    async move { erase::erase(client, &device, &doomed).await }
                })
                .await?;
            }
            Ok(())
        })
    }

    fn parts(&self, asker: Asker, asked: Vec<PartAt>) -> Answer<'_, Vec<Option<PartBook>>> {
        let asked = Arc::new((asker, asked));
        Box::pin(self.patiently(move |client| {
            let asked = Arc::clone(&asked);
            async move { parts::books(client, &asked.0, &asked.1).await }
        }))
    }

    fn hold_part(&self, device: DeviceId, digest: Digest) -> Answer<'_, Vec<Complete>> {
        Box::pin(self.patiently(move |client| async move { parts::turn(client, &device, &digest, false).await }))
    }

    fn lose_part(&self, device: DeviceId, digest: Digest) -> Answer<'_, Vec<Complete>> {
        Box::pin(self.patiently(move |client| async move { parts::turn(client, &device, &digest, true).await }))
    }

    fn incomplete(&self, device: DeviceId) -> Answer<'_, Vec<Complete>> {
        Box::pin(self.patiently(move |client| async move { parts::incomplete(client, &device).await }))
    }

    fn doomed_parts(&self) -> Answer<'_, Vec<(DeviceId, Digest)>> {
        Box::pin(self.patiently(parts::doomed))
    }

    fn parts_gone(&self, gone: Vec<(DeviceId, Digest)>) -> Answer<'_, ()> {
        let mut of_device: BTreeMap<DeviceId, Vec<Digest>> = BTreeMap::new();
        for (device, digest) in gone {
            of_device.entry(device).or_default().push(digest);
        }
        Box::pin(async move {
            for (device, digests) in of_device {
                let digests: Arc<[Digest]> = digests.into();
                self.patiently(|client| {
                    let digests = Arc::clone(&digests);
                    async move { parts::gone(client, &device, &digests).await }
                })
                .await?;
            }
            Ok(())
        })
    }

    fn beside(&self, device: DeviceId) -> Answer<'_, Beside> {
        Box::pin(self.patiently(move |client| moving::beside(client, device)))
    }

    fn orders(&self) -> Answer<'_, Vec<(Doomed, bool)>> {
        Box::pin(self.patiently(moving::orders))
    }

    fn checkpoints(&self, after: (u64, u64), most: usize) -> Answer<'_, Vec<KeptCheckpoint>> {
        Box::pin(self.patiently(move |client| moving::checkpoints(client, after, most)))
    }

    fn let_in(&self, grants: Vec<Grant>) -> Answer<'_, ()> {
        let mut of_device: BTreeMap<DeviceId, Vec<Grant>> = BTreeMap::new();
        for grant in grants {
            of_device.entry(grant.place.0).or_default().push(grant);
        }
        Box::pin(async move {
            for (device, made) in of_device {
                let made: Arc<[Grant]> = made.into();
                self.patiently(|client| {
                    let made = Arc::clone(&made);
                    async move { moving::let_in(client, &device, &made).await }
                })
                .await?;
            }
            Ok(())
        })
    }
}

fn by_device(doomed: Vec<Doomed>) -> BTreeMap<DeviceId, Arc<[Doomed]>> {
    let mut of_device: BTreeMap<DeviceId, Vec<Doomed>> = BTreeMap::new();
    for target in doomed {
        of_device.entry(target.device).or_default().push(target);
    }
    of_device.into_iter().map(|(device, doomed)| (device, doomed.into())).collect()
}
