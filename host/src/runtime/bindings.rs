//! Rust code for the interfaces in `wit/`: what components import besides WASI.

wasmtime::component::bindgen!({
    path: "wit",
    imports: {
        // These interfaces have no errors: an invalid connection is a trap, as in Spin.
        "spin:sqlite/sqlite.[method]connection.changes": async | trappable,
        "spin:sqlite/sqlite.[method]connection.changes-async": trappable,
        "spin:sqlite/sqlite.[method]connection.last-insert-rowid": async | trappable,
        "spin:sqlite/sqlite.[method]connection.last-insert-rowid-async": trappable,
        default: async,
    },
    with: {
        "spin:sqlite/sqlite.connection": crate::runtime::connection::Connection,
    },
});

pub(crate) use spin::{sqlite::sqlite, variables::variables};
