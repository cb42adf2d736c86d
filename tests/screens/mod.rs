//! The interface as data: what was there before, the keys typed, the screen after, whole.

mod abroad;
mod aside;
mod assigning;
mod begun;
mod casework;
mod due;
mod files;
mod followed;
mod gone;
mod handing;
mod hours;
mod joining;
mod keys;
mod listing;
mod looks;
mod papers;
mod pasting;
mod pointer;
mod practised;
mod reviewing;
mod searching;
mod stage;
mod stopping;
mod told;
mod tongues;
mod typed;
