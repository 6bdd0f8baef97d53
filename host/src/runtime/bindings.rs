//! The Rust side of `wit/`: what components import beyond WASI.

wasmtime::component::bindgen!({
    path: "wit",
    imports: {
        // They have no error of their own: an invalid connection is a trap, as in Spin.
        "spin:sqlite/sqlite.[method]connection.changes": async | trappable,
        "spin:sqlite/sqlite.[method]connection.changes-async": trappable,
        "spin:sqlite/sqlite.[method]connection.last-insert-rowid": async | trappable,
        "spin:sqlite/sqlite.[method]connection.last-insert-rowid-async": trappable,
        default: async,
    },
    with: {
        "spin:sqlite/sqlite.connection": crate::sqlite::Connection,
    },
});

pub(crate) use spin::{sqlite::sqlite, variables::variables};
