//! `Apache2::CmdParms`: a line of the configuration while it is read.

use super::directive::of_server;
use super::host::host;
use apr::{Pool, Reenter};
use httpd::{Command, CommandRec, Node};
use interp::*;

/// Its rows: no code of Lua's runs while the configuration is read. An object is void when the line has been read.
pub static CMD_PARMS: Class = Class::of::<Command>(&[
    ro("cmd", |p: &Command| command(p)).only(PERL).doc("The row of the line's directive."),
    ro("context", Command::context).only(PERL).doc("What modules keep for the section around it."),
    method("directive()", node).only(PERL).doc("The line in the tree of the configuration."),
    method("info()", |p: &Command| p.cmd_data().map(<[u8]>::to_vec))
        .only(PERL)
        .doc("What the module said as cmd_data with the directive."),
    ro("override", |p: &Command| i64::from(p.override_bits()))
        .only(PERL)
        .doc("What is allowed in the place where the line stands: OR_*."),
    method("override_opts()", |p: &Command| i64::from(p.override_options()))
        .only(PERL)
        .doc("Which Options are allowed in the place where the line stands: OPT_*."),
    ro("path", |p: &Command| p.path().map(<[u8]>::to_vec)).only(PERL).doc("What the section around it is for."),
    ro("pool", |p: &Command| pool(p.pool())).only(PERL).doc("The pool that lives as long as what the line configures."),
    ro("server", Command::server).only(PERL).doc("The server that the line belongs to."),
    ro("temp_pool", |p: &Command| pool(p.temp_pool()))
        .only(PERL)
        .doc("The pool that lives until the configuration is read; in .htaccess, until the request ends."),
    method("add_config(lines)", add_config)
        .only(PERL)
        .doc("Adds configuration lines in the place of this one, with what is allowed here."),
    method("check_cmd_context(forbidden)", |p: &Command, forbidden: u32| p.misplaced(forbidden).map(<[u8]>::to_vec))
        .only(PERL)
        .doc("Why the directive may not stand here, if one of these NOT_IN_* or GLOBAL_ONLY says so; else undef."),
    method("method_is_limited(method)", |p: &Command, method: &[u8]| p.is_limited(method))
        .only(PERL)
        .doc("Whether the line holds for a request method: false in a <Limit> that does not name it."),
])
.doc("A line of the configuration while it is read.");

/// Rows last as long as their module.
fn command(p: &Command) -> Option<Owned<CommandRec>> {
    p.command().map(|command| Owned::by(command, Ticket::FOREVER))
}

/// The tree of the files stays; that of other lines goes with the line.
fn node(p: Obj<Command>) -> Result<Option<Owned<Node>>> {
    if p.is_serving() { Ok(p.node().map(|node| Owned::by(node, p.ticket()))) } else { of_server(p.node()) }
}

fn pool(pool: &Pool) -> Result<Owned<Pool>> {
    Ok(Owned::by(pool, runtime()?.ticket(Owner::of(pool))))
}

fn add_config(p: &Command, _cx: Reenter, lines: Strings) -> Result<()> {
    if !lines.is_array() {
        return Err("$parms->add_config() has failed: not an array reference".into());
    }
    let lines: Vec<_> = lines.iter().collect();
    host()?.config.add_to_line(p, &lines).map_err(|e| e.prefixed("$parms->add_config() has failed: "))
}
