//! The WebAssembly engine, with Spin's configuration: `Config::default` in `crates/core/src/lib.rs`.

use wasmtime::{Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

use crate::error::Error;

/// The limit of instances at the same time. The sizes of the pool follow from it.
const MAX_INSTANCES: u32 = 1_000;

/// Makes the engine. It has an instance pool if the address space is large enough.
///
/// # Errors
///
/// [`Error::Engine`] when the machine has no support for it.
pub(crate) fn engine() -> Result<Engine, Error> {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.wasm_component_model_async(true);
    config.cranelift_opt_level(OptLevel::Speed);
    // This host needs no deadlines. Spin does, and the checks for them cost time: they belong to a fair
    // comparison.
    config.epoch_interruption(true);
    let mut pooled = config.clone();
    pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    Engine::new(&pooled)
        .or_else(|_| Engine::new(&config))
        .map_err(|error| Error::Engine(format!("{error:#}")))
}

fn pool() -> PoolingAllocationConfig {
    const MB: usize = 1 << 20;
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(MAX_INSTANCES)
        .total_memories(MAX_INSTANCES)
        .total_tables(2 * MAX_INSTANCES)
        .total_stacks(MAX_INSTANCES)
        .total_core_instances(4 * MAX_INSTANCES)
        .table_elements(100_000)
        .max_component_instance_size(10 * MB)
        .max_core_instance_size(10 * MB)
        .max_core_instances_per_component(200)
        .max_tables_per_component(64)
        .max_memories_per_component(32)
        .max_tables_per_module(2)
        .max_memories_per_module(2)
        .max_memory_size(4096 * MB)
        .linear_memory_keep_resident(2 * MB)
        .table_keep_resident(MB / 2);
    pool
}
