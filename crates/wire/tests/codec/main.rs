//! The codecs in use: answers as clients read them, requests as nobody should send them, and what a call costs.

mod failures;
mod fixture;
mod hostile;
mod random;
mod speed;
