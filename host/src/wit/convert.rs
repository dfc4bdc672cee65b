//! Schemas, the catalogue and the engine's surface, from and into the words of the contract.

use super::{catalog, codec, engine, settings, types};

thalweg_contract::types_from_and_into_wit!(types);
thalweg_contract::catalog_from_and_into_wit!(catalog, types);
thalweg_contract::settings_from_and_into_wit!(settings);
thalweg_contract::engine_from_and_into_wit!(engine, codec);
