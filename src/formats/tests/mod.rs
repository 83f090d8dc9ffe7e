//! Every format held against the same records.
