//! The client for other components: the engine behind async functions, over WASI 0.3 sockets and clocks.
