//! Keys typed and what they lead to: data in, data out.
