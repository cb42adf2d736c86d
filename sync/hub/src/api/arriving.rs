//! A push as it arrives: what is whole is kept while the rest is on the road, so a cut loses the entry in flight and nothing else.
//!
//! The caller signs the manifest that begins the body; each entry proves itself. Whatever lies in the buffer goes on as one piece, to be
//! checked and then kept: on a slow link that is an entry or two, on a fast one as many as came while the last piece was being checked.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use amanat_keys::fingerprint::Digest;
use amanat_sync::batch::{Run, Why};
use amanat_sync::signature;
use amanat_sync::wire::codec::{self, Arrived, Frames, ItemReader};
use amanat_sync::wire::limits::MAX_FRAME;
use amanat_sync::wire::messages::{PullRequest, PushReply};
use amanat_sync::wire::v1::PushManifest;
use axum::body::{Body, Bytes, HttpBody as _};
use http_body_util::{LengthLimitError, Limited};
use hyper::body::Frame;
use tokio::time::{Sleep, sleep, timeout};

use super::door::Admitted;
use super::reply::{Failure, unreadable};
use crate::Hub;
use crate::accept::Push;
use crate::limits::{BODY_PAUSE, PIECE, PIECE_ENTRIES, PUSH_ENTRIES, PUSH_LEAST, PUSH_MANIFEST, PUSH_WINDOW};
use crate::turns::Turn;

/// What a push came to.
pub(super) struct Taken {
    pub(super) reply: PushReply,
    /// The checkpoint that stands in the reply.
    pub(super) newest: Digest,
    /// What is asked besides.
    pub(super) question: Option<PullRequest>,
}

/// Takes a push in, to its end or as far as it comes.
pub(super) async fn push(hub: &Hub, admitted: &Admitted, body: &mut Limited<Body>) -> Result<Taken, Failure> {
    let mut stream = Stream {
        body,
        turn: &admitted.turn,
        frames: Frames::default(),
        over: false,
        moved: 0,
        window: Box::pin(sleep(PUSH_WINDOW)),
    };
    let mut manifest = stream.manifest(admitted).await?;
    let question = manifest.question.take();
    let entries = announced(&manifest);
    let mut arriving = Arriving {
        push: Push::new(hub, admitted.standing.clone(), admitted.caller.device, manifest.runs.len()),
        reader: ItemReader::new(manifest.agency, manifest.runs.clone()),
        manifest,
        piece: Vec::new(),
        weight: 0,
        entries: 0,
        arrived: 0,
        broken: None,
    };
    let came = arriving.all(&mut stream).await;
    hub.contacts.left(admitted.caller.device, entries.saturating_sub(arriving.arrived));
    // What was whole is kept, whatever ended the rest.
    arriving.keep().await?;
    came?;
    let (reply, newest) = arriving.conclude().await?;
    let (device, refused) = (admitted.caller.device, reply.refused.len());
    tracing::info!(%device, runs = reply.answers.len(), entries, refused, "push");
    Ok(Taken { reply, newest, question })
}

fn announced(manifest: &PushManifest) -> u64 {
    manifest.runs.iter().fold(0, |sum, head| sum.saturating_add(head.count))
}

/// The frames of a body.
struct Stream<'a> {
    body: &'a mut Limited<Body>,
    turn: &'a Turn,
    frames: Frames,
    over: bool,
    /// Bytes that came in this window.
    moved: usize,
    window: Pin<Box<Sleep>>,
}

impl Stream<'_> {
    /// The manifest, if it is the one that was signed and speaks of this agency and of no more than one push may bring.
    async fn manifest(&mut self, admitted: &Admitted) -> Result<PushManifest, Failure> {
        let first = loop {
            if let Some(first) = self.frames.next(PUSH_MANIFEST).map_err(unreadable)? {
                break first;
            }
            if self.over {
                return Err(Failure::Malformed("the body ended early"));
            }
            self.more().await?;
        };
        if signature::content_digest(&first) != admitted.content_digest {
            return Err(Failure::BadSignature);
        }
        codec::check_version(&first).map_err(unreadable)?;
        let manifest = PushManifest::from_bytes(&first).map_err(unreadable)?;
        if manifest.agency != admitted.standing.agency {
            return Err(Failure::WrongHub);
        }
        if announced(&manifest) > PUSH_ENTRIES {
            return Err(Failure::TooLarge);
        }
        Ok(manifest)
    }

    /// Waits for more of the body, or its end; not for one that only drips, nor for one that was left behind.
    async fn more(&mut self) -> Result<(), Failure> {
        // What went by while the store was busy is not the sender's fault.
        if self.window.is_elapsed() {
            self.begin_window();
        }
        loop {
            let Self { body, turn, window, .. } = &mut *self;
            let came = tokio::select! {
                biased;
                () = turn.is_over() => return Err(Failure::Overtaken),
                () = window.as_mut() => {
                    if self.moved < PUSH_LEAST {
                        return Err(Failure::Slow);
                    }
                    self.begin_window();
                    continue;
                }
                read = timeout(BODY_PAUSE, poll_fn(|context| Pin::new(&mut **body).poll_frame(context))) => {
                    read.map_err(|_elapsed| Failure::Slow)?
                }
            };
            return self.take(came);
        }
    }

    fn begin_window(&mut self) {
        self.moved = 0;
        self.window = Box::pin(sleep(PUSH_WINDOW));
    }

    /// Takes what is there already; `None` when nothing is.
    async fn at_hand(&mut self) -> Option<Result<(), Failure>> {
        let looked = poll_fn(|context| {
            Poll::Ready(match Pin::new(&mut *self.body).poll_frame(context) {
                Poll::Ready(came) => Some(came),
                Poll::Pending => None,
            })
        });
        looked.await.map(|came| self.take(came))
    }

    fn take(
        &mut self,
        came: Option<Result<Frame<Bytes>, Box<dyn std::error::Error + Send + Sync>>>,
    ) -> Result<(), Failure> {
        match came {
            None => {
                self.over = true;
                Ok(())
            }
            Some(Ok(frame)) => {
                let data = frame.into_data().unwrap_or_default();
                self.moved = self.moved.saturating_add(data.len());
                self.frames.feed(&data).map_err(unreadable)
            }
            Some(Err(source)) if source.is::<LengthLimitError>() => Err(Failure::TooLarge),
            Some(Err(_cut)) => Err(Failure::Malformed("the body ended early")),
        }
    }
}

/// A push whose manifest is known.
struct Arriving<'a> {
    push: Push<'a>,
    manifest: PushManifest,
    reader: ItemReader,
    /// What has been read and is not with the store yet.
    piece: Vec<(usize, Run)>,
    /// Bytes of the frames in the piece.
    weight: usize,
    /// Items in the piece.
    entries: usize,
    /// Items read of the whole push.
    arrived: u64,
    /// The run and number of an item that could not be read: nothing behind it can.
    broken: Option<(usize, u64)>,
}

impl Arriving<'_> {
    /// Reads the body to its end and hands piece after piece to the store.
    async fn all(&mut self, stream: &mut Stream<'_>) -> Result<(), Failure> {
        loop {
            while let Some(content) = stream.frames.next(MAX_FRAME).map_err(unreadable)? {
                let place = self.reader.place();
                match self.reader.item(&content) {
                    Ok(arrived) => self.add(arrived, content.len()),
                    Err(fault) => {
                        self.broken = place;
                        return if place.is_some() { Ok(()) } else { Err(unreadable(fault)) };
                    }
                }
                if self.weight >= PIECE || self.entries >= PIECE_ENTRIES {
                    self.offer().await?;
                }
            }
            if stream.over {
                let whole = self.reader.is_complete() && stream.frames.is_empty();
                return if whole { Ok(()) } else { Err(Failure::Malformed("fewer items than announced")) };
            }
            if let Some(came) = stream.at_hand().await {
                came?;
                continue;
            }
            if !self.piece.is_empty() && self.push.has_room() {
                self.offer().await?;
            }
            if self.push.is_busy() {
                tokio::select! {
                    biased;
                    done = self.push.progress() => done?,
                    came = stream.more() => came?,
                }
            } else {
                stream.more().await?;
            }
        }
    }

    fn add(&mut self, arrived: Arrived, weight: usize) {
        self.weight = self.weight.saturating_add(weight);
        self.entries = self.entries.saturating_add(arrived.items.len());
        self.arrived = self.arrived.saturating_add(u64::try_from(arrived.items.len()).unwrap_or(u64::MAX));
        match (self.piece.last_mut(), self.manifest.runs.get(arrived.run)) {
            (Some((index, run)), _) if *index == arrived.run => run.items.extend(arrived.items),
            (_, Some(head)) => {
                let Arrived { run: index, first, before, items } = arrived;
                let run = Run { first, before, items, ..codec::empty_run(&self.manifest.agency, head) };
                self.piece.push((index, run));
            }
            (_, None) => {}
        }
    }

    /// Hands the piece on to be checked and kept, and goes on reading meanwhile.
    async fn offer(&mut self) -> Result<(), Failure> {
        (self.weight, self.entries) = (0, 0);
        self.push.offer(std::mem::take(&mut self.piece)).await
    }

    /// Hands the piece on; all that came is durable when it returns.
    async fn keep(&mut self) -> Result<(), Failure> {
        (self.weight, self.entries) = (0, 0);
        self.push.take(std::mem::take(&mut self.piece)).await
    }

    /// The answer. A run of which nothing came, because nothing was announced or because an item before it could not be read, is
    /// judged as it stands: so whoever asks where the hub is announces nothing.
    async fn conclude(mut self) -> Result<(PushReply, Digest), Failure> {
        let heads = self.manifest.runs.iter().map(|head| codec::empty_run(&self.manifest.agency, head));
        let unheard = heads.enumerate().filter(|(index, _)| !self.push.has_answered(*index)).collect();
        self.push.take(unheard).await?;
        if let Some((run, seq)) = self.broken {
            self.push.refuse(run, seq, Why::Malformed);
        }
        self.push.conclude().await
    }
}
