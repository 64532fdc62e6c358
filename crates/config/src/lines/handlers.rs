//! Lines that name handlers and providers.

use crate::context::{Applied, Context};
use crate::directive::Directive;
use crate::effect::{Effect, Group, Named, NamedProvider};
use crate::error::{Cause, Why};
use crate::handler::{Handler, Load};
use crate::hooks::{Position, Scope};
use crate::lines::{name_at, second};
use crate::phases::Phase;
use crate::vocabulary::Language;

/// Whether the server lets this language run anything.
pub(crate) fn check_enabled(row: &Directive, cmd: &Context<'_>) -> Result<(), Cause> {
    if cmd.server().is_enabled() { Ok(()) } else { Err(Cause::SwitchedOff(row.language)) }
}

/// `Perl*Handler`, `Lua*Handler`: adds handlers to the list of a phase. If one is wrong, none is added.
pub(crate) fn push(row: &'static Directive, cmd: &mut Context<'_>, phase: Phase, words: &[&[u8]]) -> Applied {
    check_enabled(row, cmd)?;
    if row.language == Language::Perl && !cmd.server().options.allows(phase) {
        return Err(Cause::PhaseOff(phase.name()));
    }
    let mut handlers = words.iter().map(|word| handler(row.language, word, cmd)).collect::<Result<Vec<_>, _>>()?;
    if phase.row().scope == Scope::Filter {
        // Attributes say what a filter is for; so its module is loaded when the server starts.
        for handler in handlers.iter_mut().filter(|handler| handler.load == Load::OnDemand) {
            handler.load = Load::Early;
        }
    }
    let is_of_phase = row.name == phase.directive_of(row.language);
    for handler in &mut handlers {
        handler.by = (!is_of_phase).then_some(row.name);
        match phase.row().scope {
            Scope::Directory | Scope::Filter => cmd.dir_mut()?.push_handler(phase, handler.clone()),
            _ => cmd.server_mut()?.push_handler(phase, handler.clone()),
        };
    }
    Ok(Effect::Handlers(Named { directive: row.plain_name(), phase, position: Position::Handlers, handlers }))
}

/// `PerlSetInputFilter`.
pub(crate) fn httpd_input_filters(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    httpd_filters(row, cmd, args, Phase::InputFilter)
}

/// `PerlSetOutputFilter`.
pub(crate) fn httpd_output_filters(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    httpd_filters(row, cmd, args, Phase::OutputFilter)
}

fn httpd_filters(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]], phase: Phase) -> Applied {
    check_enabled(row, cmd)?;
    if !cmd.server().options.allows(phase) {
        return Err(Cause::PhaseOff(phase.name()));
    }
    let names = name_at(args, 0)?.split(|b| *b == b';').map(<[u8]>::trim_ascii).filter(|name| !name.is_empty());
    let named = |name| Handler { by: Some(row.name), ..Handler::of_httpd(name, cmd.at.clone()) };
    let handlers: Vec<Handler> = names.map(named).collect();
    for handler in &handlers {
        cmd.dir_mut()?.push_handler(phase, handler.clone());
    }
    Ok(Effect::Handlers(Named { directive: row.plain_name(), phase, position: Position::Handlers, handlers }))
}

fn handler(language: Language, word: &[u8], cmd: &Context<'_>) -> Result<Handler, Cause> {
    let (handler, why) = match language {
        Language::Perl if is_cut_code(word) => (None, Why::CutCode),
        Language::Perl => (Handler::new(word, cmd.at.clone()), Why::NotAHandler),
        Language::Lua => (Handler::of_script(word, cmd.at.clone()), Why::NotALuaHandler),
    };
    handler.ok_or_else(|| Cause::Word(word.into(), why))
}

/// Whether the word is what httpd leaves of a sub that stands there without quotes.
fn is_cut_code(word: &[u8]) -> bool {
    let word = word.strip_prefix(b"+").or(word.strip_prefix(b"-")).unwrap_or(word);
    word == b"sub" || (word.starts_with(b"sub{") && !word.ends_with(b"}"))
}

/// `PerlInitHandler`.
pub(crate) fn init(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let phase = if cmd.place.is_server_level() { Phase::PostReadRequest } else { Phase::HeaderParser };
    push(row, cmd, phase, args)
}

/// `PerlAddAuthnProvider`.
pub(crate) fn authn_provider(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    provider(Group::Authn, row, cmd, args)
}

/// `PerlAddAuthzProvider`.
pub(crate) fn authz_provider(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    provider(Group::Authz, row, cmd, args)
}

fn provider(group: Group, row: &'static Directive, cmd: &Context<'_>, args: &[&[u8]]) -> Applied {
    let name = name_at(args, 0)?.into();
    let Some(handler) = Handler::new(second(args), cmd.at.clone()) else {
        return Err(Cause::Word(second(args).into(), Why::NotAProvider));
    };
    Ok(Effect::Provider(NamedProvider { directive: row.plain_name(), group, name, handler }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::world::{LOCATION, World, refused};
    use crate::place::LinePlace;

    #[test]
    fn switched_off_phases_refuse_their_directive() {
        let mut world = World::default();
        world.line(LinePlace::Server, "PerlOptions -Access -PostReadRequest -Response").unwrap();
        assert_eq!(
            refused(&mut world, LOCATION, "PerlAccessHandler A"),
            "PerlAccessHandler: this phase is switched off for this server by PerlOptions -Access"
        );
        assert_eq!(
            refused(&mut world, LinePlace::Server, "PerlInitHandler A"),
            "PerlInitHandler: this phase is switched off for this server by PerlOptions -PostReadRequest"
        );
        assert_eq!(
            refused(&mut world, LOCATION, "PerlHandler A"),
            "PerlHandler: this phase is switched off for this server by PerlOptions -Response"
        );
        assert!(world.line(LOCATION, "PerlInitHandler A").is_ok());
        world.line(LinePlace::Server, "PerlOptions -Enable").unwrap();
        assert_eq!(
            refused(&mut world, LinePlace::Server, "PerlTransHandler A"),
            "PerlTransHandler: Perl is switched off for this server by PerlOptions -Enable"
        );
    }

    #[test]
    fn filters_keep_the_order_of_their_lines_and_each_direction_has_its_switch() {
        let mut world = World::default();
        world.line(LOCATION, "PerlOutputFilterHandler A -B").unwrap();
        world.line(LOCATION, "PerlSetOutputFilter INCLUDES;DEFLATE").unwrap();
        world.line(LOCATION, "PerlOutputFilterHandler C").unwrap();
        let shown = |h: &Handler| (h.display_name(), h.load == Load::Early, h.is_httpds);
        let filters: Vec<_> = world.dir.handlers(Phase::OutputFilter).iter().map(shown).collect();
        let row = |name: &str, early, httpds| (name.to_owned(), early, httpds);
        let wanted = [
            row("A", true, false),
            row("B", false, false),
            row("INCLUDES", false, true),
            row("DEFLATE", false, true),
            row("C", true, false),
        ];
        assert_eq!(filters, wanted);
        world.line(LinePlace::Server, "PerlOptions -OutputFilter").unwrap();
        assert_eq!(
            refused(&mut world, LOCATION, "PerlSetOutputFilter DEFLATE"),
            "PerlSetOutputFilter: this phase is switched off for this server by PerlOptions -OutputFilter"
        );
        assert!(world.line(LOCATION, "PerlSetInputFilter DEFLATE").is_ok());
    }

    #[test]
    fn handlers_go_to_the_record_of_their_scope_and_remember_their_line() {
        let mut world = World::default();
        world.line(LinePlace::Server, "PerlTransHandler A +B").unwrap();
        world.line(LinePlace::Server, "PerlFixupHandler C").unwrap();
        world.line(LOCATION, "PerlHandler D").unwrap();
        let names = |list: &[Handler]| list.iter().map(Handler::display_name).collect::<Vec<_>>();
        assert_eq!(names(world.server.handlers(Phase::Trans)), ["A", "B"]);
        assert_eq!(names(world.dir.handlers(Phase::Fixup)), ["C"]);
        assert_eq!(names(world.dir.handlers(Phase::Response)), ["D"]);
        assert_eq!(world.dir.handlers(Phase::Fixup)[0].at.to_string(), "httpd.conf:12");
        assert_eq!(world.server.all_handlers().count(), 2);
        assert_eq!(
            world.dir.all_handlers().map(|(phase, _)| phase).collect::<Vec<_>>(),
            [Phase::Fixup, Phase::Response]
        );
    }

    #[test]
    fn init_handler_means_the_first_phase_that_its_place_knows() {
        let mut world = World::default();
        world.line(LinePlace::VirtualHost, "PerlInitHandler A").unwrap();
        world.line(LOCATION, "PerlInitHandler B").unwrap();
        assert_eq!(world.server.handlers(Phase::PostReadRequest).len(), 1);
        assert_eq!(world.dir.handlers(Phase::HeaderParser).len(), 1);
    }
}
