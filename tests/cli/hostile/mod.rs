//! Services, networks and moments that mean harm.

mod kills;
mod matrix;
