//! A hub that serves goes over to another store, at the word of whoever moves its things there, by the socket in its folder.
//!
//! ```text
//! mover  amanat-hub move, the store that it moves from                     one line each, JSON after the word
//! hub    {"held": true}        from here on what would be written is answered with 503 and comes again
//! mover  the settings to go on with, once both stores hold the same
//! hub    {"moved": true}       the settings are written, the store is the other one, and writes go on
//! ```
//!
//! The hub alone writes the settings: were it the mover, one that stops in between could have them name a store that lacks what the hub
//! took in again meanwhile. Whatever else happens (the line ends, the time is over), the hub goes on where it is.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use crate::Hub;
use crate::config::Settings;
use crate::home::{HomeFault, HubHome};
use crate::limits::{MOVE_HELD, MOVE_SAID};
use crate::store::SwapStore;

/// With which a mover begins; no stick does.
pub(crate) const WORD: &[u8] = b"amanat-hub move\n";

/// A line of talk between a mover and a hub.
struct Talk {
    hears: tokio::io::Take<BufReader<OwnedReadHalf>>,
    says: OwnedWriteHalf,
}

impl Talk {
    fn new(stream: UnixStream) -> Self {
        let (hears, says) = stream.into_split();
        Self { hears: BufReader::new(hears).take(MOVE_SAID), says }
    }

    async fn say(&mut self, what: &Value) -> std::io::Result<()> {
        self.says.write_all(format!("{what}\n").as_bytes()).await
    }

    async fn hear(&mut self) -> std::io::Result<Value> {
        let mut line = String::new();
        let heard = tokio::time::timeout(MOVE_HELD, self.hears.read_line(&mut line)).await;
        heard.map_err(|_elapsed| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
        if line.is_empty() { Err(std::io::ErrorKind::UnexpectedEof.into()) } else { Ok(serde_json::from_str(&line)?) }
    }
}

fn says_so(answer: &Value, what: &str) -> bool {
    answer.get(what) == Some(&Value::Bool(true))
}

/// The hub's side.
pub(crate) async fn serve(hub: &Arc<Hub>, home: &HubHome, stream: UnixStream) -> std::io::Result<()> {
    let mut talk = Talk::new(stream);
    let from = talk.hear().await?;
    let Some(swap) = &hub.swap else { return talk.say(&json!({"error": "this hub stays where it is"})).await };
    if !swap.hold(from.get("from").and_then(Value::as_str)).await {
        return talk.say(&json!({"error": "this hub serves from another store"})).await;
    }
    tracing::info!("the store moves: nothing new is kept for a moment");
    let gone = go_over(swap, home, &mut talk).await;
    match gone {
        Ok(()) => {
            // How far words were followed is counted by what a store holds; it is cheap to follow them again.
            hub.settled.lock().await.clear();
            tracing::info!("this hub goes on in another store");
            talk.say(&json!({"moved": true})).await
        }
        Err(fault) => {
            swap.release().await;
            // Whoever moved it is perhaps gone.
            let _gone = talk.say(&json!({"error": fault.to_string()})).await;
            Err(fault)
        }
    }
}

async fn go_over(swap: &SwapStore, home: &HubHome, talk: &mut Talk) -> std::io::Result<()> {
    talk.say(&json!({"held": true})).await?;
    let said = talk.hear().await?;
    let text = said.get("settings").and_then(Value::as_str).ok_or(std::io::ErrorKind::InvalidData)?;
    let settings = Settings::from_text(text).map_err(std::io::Error::other)?;
    let store = home.store(&settings).await.map_err(std::io::Error::other)?;
    home.write("settings.toml", text.as_bytes()).map_err(std::io::Error::other)?;
    swap.go_over(store, settings.store).await;
    Ok(())
}

/// The mover's side: a hub that keeps nothing new until this is dropped or has gone over.
pub(crate) struct Held(Talk);

impl Held {
    /// Asks the hub that runs, if one does and listens; none where the store must move as a hub without this would have it.
    pub(crate) async fn ask(home: &HubHome, from: Option<&str>) -> Result<Option<Self>, HomeFault> {
        let path = home.path("control");
        let Ok(stream) = UnixStream::connect(&path).await else { return Ok(None) };
        let failed = |source| HomeFault::Disk(path.clone(), source);
        let mut talk = Talk::new(stream);
        talk.says.write_all(WORD).await.map_err(failed)?;
        talk.say(&json!({"from": from})).await.map_err(failed)?;
        let answer = talk.hear().await.map_err(failed)?;
        Ok(says_so(&answer, "held").then_some(Self(talk)))
    }

    /// Has it go on with these settings.
    pub(crate) async fn go_over(mut self, home: &HubHome, settings: &str) -> Result<(), HomeFault> {
        let failed = |source| HomeFault::Disk(home.path("control"), source);
        self.0.say(&json!({"settings": settings})).await.map_err(failed)?;
        let answer = self.0.hear().await.map_err(failed)?;
        let refused = || failed(std::io::Error::other(answer.to_string()));
        if says_so(&answer, "moved") { Ok(()) } else { Err(refused()) }
    }
}
