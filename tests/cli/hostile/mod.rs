//! Services, networks and moments that mean harm.

mod matrix;
