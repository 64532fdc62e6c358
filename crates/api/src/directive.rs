//! `Apache2::Directive`: the configuration as httpd read it. What is composed of several nodes is in `lib/Apache2/Directive.pm`.

use httpd::{Node, Server};
use interp::*;

/// Its rows.
pub static DIRECTIVE: Class = Class::of::<Node>(&[
    function("conftree()", first).only(PERL).doc("The first directive of the configuration."),
    method("next()", |node: &Node| of_server(node.next())).only(PERL).doc("The one behind it, in the same section."),
    method("first_child()", |node: &Node| of_server(node.child())).only(PERL).doc("The first within a section."),
    method("parent()", |node: &Node| of_server(node.parent())).only(PERL).doc("The section it stands in."),
    method("directive()", |node: &Node| node.name().to_vec()).only(PERL).doc("Its name; of a section `<Location`."),
    method("args()", |node: &Node| node.arguments().to_vec()).only(PERL).doc("What follows the name."),
    method("filename()", |node: &Node| node.file().to_vec()).only(PERL).doc("The file it stands in."),
    method("line_num()", Node::line).only(PERL).doc("Its line there."),
])
.doc("A directive or a section of the configuration. In Perl there are also as_string, as_hash and lookup.");

/// The tree lasts as long as a configuration, as its servers do.
pub(super) fn of_server(node: Option<&Node>) -> Result<Option<Owned<Node>>> {
    let Some(node) = node else { return Ok(None) };
    let ticket = Server::with_main(|main| Ok::<_, Fail>(runtime()?.ticket(Owner::of(main))));
    Ok(Some(Owned::by(node, ticket.ok_or("there is no server yet")??)))
}

fn first() -> Result<Option<Owned<Node>>> {
    Server::with_main(|main| of_server(Node::first(main))).ok_or("there is no server yet")?
}
