//! What the documents and the sources claim of each other, page by page.

mod circles;
mod layers;
mod links;
mod named_tests;
mod rfcs;
mod security;
