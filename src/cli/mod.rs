//! The command line: one file a subcommand. Each reads its flags, chooses adapters, starts things and chooses the exit code.
//! What a command means is decided on the lower floors.
