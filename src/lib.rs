//! The map of the app.
