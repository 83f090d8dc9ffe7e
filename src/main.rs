//! The `kvctl` program: hands the process to the library.

fn main() {}
