//! The WIT types as components see them, and their conversion from and into the words of the contract.
