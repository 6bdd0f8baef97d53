//! `tardist man`: writes the manual page from the definition of the command line.
//!
//! clap_mangen makes one page for each subcommand. One page for everything is easier to read, so this module
//! puts their sections together.

use std::io::{self, Write};

use clap_mangen::Man;

use crate::{Error, commands::output::Output};

const FILES: &str = r#".SH FILES
.TP
\fBtardist.toml\fR
The configuration file, in the folder where tardist is started. \fBtardist config\fR writes one.
.TP
\fIDATA\fR\fB/snapshot.db\fR
The published snapshot. \fIDATA\fR is the data directory, which \fB\-\-data\fR sets.
.TP
\fIDATA\fR\fB/dist/\fR
The tarballs, in a folder for each kind. A web server serves them at \fB/dist/\fR.
.TP
\fIDATA\fR\fB/mirror/\fR
Bare clones. They may be deleted when no cycle is running. The next cycle that needs them fetches them again.
.TP
\fIDATA\fR\fB/report.json\fR
The report of the last cycle.
"#;

/// Returns the manual page of `command`, in roff.
///
/// # Errors
/// [`Error::Bug`] if the page cannot be written to memory.
pub fn run(command: clap::Command) -> Result<Output, Error> {
    let mut page = Vec::new();
    write(command, &mut page).map_err(|error| Error::Bug(error.to_string()))?;
    Ok(Output { text: String::from_utf8_lossy(&page).into_owned(), exit_status: 0 })
}

fn write(command: clap::Command, out: &mut dyn Write) -> io::Result<()> {
    let commands: Vec<clap::Command> = command.get_subcommands().cloned().collect();
    let man = Man::new(command.disable_help_subcommand(true)).manual("tardist");
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    writeln!(out, ".SH COMMANDS")?;
    for command in commands {
        let command = command.disable_help_flag(true).disable_version_flag(true);
        let usage = format!("tardist {}", command.get_name());
        let has_arguments = command.get_arguments().next().is_some();
        let man = Man::new(command);
        writeln!(out, ".SS \"{usage}\"")?;
        out.write_all(&body(|part| man.render_description_section(part))?)?;
        if has_arguments {
            out.write_all(&body(|part| man.render_options_section(part))?)?;
        }
    }
    man.render_options_section(out)?;
    out.write_all(FILES.as_bytes())?;
    man.render_extra_section(out)
}

/// Renders a section and removes its heading.
fn body(render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<Vec<u8>> {
    let mut section = Vec::new();
    render(&mut section)?;
    let heading = section.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec);
    let kept = heading.filter(|line| !line.starts_with(b".SH ") && !line.starts_with(b".ie "));
    Ok(kept.filter(|line| !line.starts_with(b".el ")).flatten().collect())
}
