//! The command `probity`.

use std::process::ExitCode;

fn main() -> ExitCode {
    probity::cli::main()
}
