//! `--module`, `--set` and `--chain`: a module chain from the command line.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::{ArgMatches, Args};

use crate::module::{ChainSpec, ModuleSpec, Policy, parse_policy};
use crate::table::Schema;

/// Options that name a module chain.
#[derive(Debug, Args)]
pub(super) struct Modules {
    /// Run rows through a module: a .wasm file, or the name of a stock module (see `thalweg module list`); several run in order
    #[arg(long, value_name = "NAME|FILE")]
    module: Vec<String>,
    /// Configure the --module before it
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Run rows through the modules of a file
    #[arg(long, value_name = "chain.toml", conflicts_with_all = ["module", "set"])]
    chain: Option<PathBuf>,
}

/// Where each `--module` and each `--set` stands on the command line.
#[derive(Debug, Default)]
pub(in crate::cli) struct Order {
    modules: Vec<usize>,
    sets: Vec<usize>,
}

impl Order {
    /// Reads the places out of the matches of the command in use.
    pub(in crate::cli) fn of(matches: &ArgMatches) -> Self {
        let Some((_, matches)) = matches.subcommand() else { return Self::default() };
        let places = |id: &str| match matches.try_contains_id(id) {
            Ok(true) => matches.indices_of(id).into_iter().flatten().collect(),
            _ => Vec::new(),
        };
        Self { modules: places("module"), sets: places("set") }
    }
}

impl Modules {
    /// The chain that the options name; `None` if they name none.
    pub(super) fn chain(&self, order: &Order) -> anyhow::Result<Option<ChainSpec>> {
        if let Some(path) = &self.chain {
            return Ok(Some(ChainSpec::read(path)?));
        }
        if self.module.is_empty() {
            ensure!(
                self.set.is_empty(),
                "--set stands before any --module; put it behind the module that it configures"
            );
            return Ok(None);
        }
        let mut modules: Vec<_> = self.module.iter().map(|module| ModuleSpec::new(module, Path::new(""))).collect();
        for (setting, place) in self.set.iter().zip(&order.sets) {
            let before = order.modules.iter().take_while(|module| *module < place).count();
            let module = before.checked_sub(1).and_then(|position| modules.get_mut(position));
            let module = module.with_context(|| {
                format!("--set {setting:?} stands before any --module; put it behind the module that it configures")
            })?;
            module.set(setting)?;
        }
        Ok(Some(ChainSpec { modules, ..ChainSpec::default() }))
    }
}

impl Modules {
    /// Whether no chain is named.
    pub(super) fn is_empty(&self) -> bool {
        self.chain.is_none() && self.module.is_empty()
    }

    /// The chain file, if the chain comes from one.
    pub(super) fn file(&self) -> Option<&Path> {
        self.chain.as_deref()
    }
}

/// Options that a command which writes lays over a chain.
#[derive(Debug, Clone, Args)]
pub(super) struct ChainSettings {
    /// What becomes of rows that a module refuses [default: fail, or as the chain file says]
    #[arg(long, value_name = "fail|drop|pass|dead-letter:TABLE", value_parser = parse_policy)]
    on_error: Option<Policy>,
    /// What becomes of all rows of a call that fails: a trap, a limit, a wrong answer [default: fail, or as the chain file says]
    #[arg(long, value_name = "fail|drop|pass|dead-letter:TABLE", value_parser = parse_policy)]
    on_failure: Option<Policy>,
    /// The columns of the rows where modules make those of the table of them, as SQL: 'payload STRING'
    #[arg(long, value_name = "COLUMNS", value_parser = Schema::parse_sql)]
    input_schema: Option<Schema>,
}

impl ChainSettings {
    /// Fails on what has no meaning without modules.
    pub(super) fn require_none(&self) -> anyhow::Result<()> {
        let message = "--input-schema is for rows that modules change; without any, rows have the columns of the table";
        ensure!(self.input_schema.is_none(), message);
        Ok(())
    }

    /// Sets the input columns, and the policies of all modules, that the options name.
    pub(super) fn apply(&self, spec: &mut ChainSpec) {
        if let Some(input) = &self.input_schema {
            spec.input = Some(input.clone());
        }
        for module in &mut spec.modules {
            if let Some(policy) = &self.on_error {
                module.on_error = policy.clone();
            }
            if let Some(policy) = &self.on_failure {
                module.on_failure = policy.clone();
            }
        }
    }
}
