//! Each example run as the program that it is, against peers that know nothing of wsproto.

mod deadlines;
mod files;
mod h2;
mod http1;
mod program;
mod tls;
