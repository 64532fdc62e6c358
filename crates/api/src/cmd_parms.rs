//! `Apache2::CmdParms`: a line of the configuration while it is carried out.

use super::{directive, host::host, module};
use apr::Reenter;
use httpd::{Command, CommandRec, Node};
use interp::*;

/// Its rows: no code of Lua's runs while the configuration is read.
pub static CMD_PARMS: Class = Class::of::<Command>(&only(
    PERL,
    [
        ro("override", |p: &Command| i64::from(p.override_bits()))
            .doc("What is allowed in the place where the line stands: OR_*."),
        ro("override_opts", Command::override_options)
            .doc("The options that AllowOverride Options= permits there: OPT_*."),
        ro("path", |p: &Command| p.path().map(<[u8]>::to_vec)).doc("What the section around it is for."),
        ro("server", Command::server).doc("The server that the line belongs to."),
        ro("pool", Command::pool).doc("The pool that lives as long as what the line configures."),
        ro("temp_pool", Command::temp_pool).doc("The pool that lives until the configuration is read."),
        ro("cmd", cmd).doc("The directive."),
        ro("directive", node).doc("The line in the configuration's tree."),
        ro("context", Command::context).doc("What modules keep for the section in which the line stands."),
        ro("info", |_: &Command| None::<Vec<u8>>)
            .doc("What a directive of a Perl module was given as cmd_data; undef for others."),
        method("check_cmd_context(forbidden)", |p: &Command, forbidden: u32| {
            p.misplaced(forbidden).map(<[u8]>::to_vec)
        })
        .doc("What is wrong with the line's place, if a line may not stand in these: NOT_IN_*, GLOBAL_ONLY."),
        method("method_is_limited(method)", |p: &Command, method: &[u8]| p.counts_for(method))
            .doc("Whether the line counts for this method: not where a <Limit> around it names others."),
        method("add_config(lines)", add_config)
            .doc("Reads these lines as if they stood in the place of this one; dies with httpd's message."),
    ],
))
.doc("A line of the configuration while it is carried out.");

fn cmd(p: &Command) -> Result<Option<Owned<CommandRec>>> {
    module::owned(p.directive())
}

fn node(p: &Command) -> Result<Option<Owned<Node>>> {
    directive::of_server(p.node())
}

fn add_config(p: &Command, _cx: Reenter, lines: Strings) -> Result<()> {
    if !lines.is_array() {
        return Err("$parms->add_config() has failed: not an array reference".into());
    }
    let lines: Vec<_> = lines.iter().collect();
    let added = host()?.config.add_to_section(p, &lines);
    added.map_err(|e| e.prefixed("$parms->add_config() has failed: "))
}
