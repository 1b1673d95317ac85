//! Nothing: this package is its tests, which hold `wsproto` against independent implementations.
