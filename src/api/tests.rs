//! Goal: what the socket promises holds for clients that behave and for those that do not.
//! Method: a whole daemon in this process, over the store in memory and a socket in a scratch
//! directory; raw bytes where an HTTP client would be too polite.

mod harness;

mod clock;
mod disclosures;
mod due;
mod events;
mod hostile;
mod oracle;
mod reads;
