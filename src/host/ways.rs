//! What one language does in a way of its own, for code that serves any language.

use config::{DirConf, Handler, Phase, ServerConf};
use httpd::made::MadeCommand;
use httpd::{Command, Request, Server};
use interp::{Entry, Fail, HandlerRef, Interp, Load, Outcome, Place, Raised, Val};

use super::about::About;
use super::filter::said::Said;
use super::lease::Hold;
use super::output::Output;
use super::start_error::StartError;
use super::step::Step;
use super::wire::{Life, Wire};

/// What one language does in a way of its own, for code that serves any language.
pub trait Ways: Sync {
    /// The first interpreter of a server or class, before any code of the configuration has run in it; `is_main`: of the main server itself.
    ///
    /// # Errors
    /// Directive and message.
    fn start(&self, s: &Server, conf: &ServerConf, is_main: bool) -> Result<Box<dyn Interp>, StartError>;

    /// Finds out whether a file of start-up code could be loaded, without running it.
    ///
    /// # Errors
    /// The language's own message.
    fn compiles(&self, entry: &dyn Entry, file: &[u8]) -> Result<(), Raised> {
        let _ = (entry, file);
        Ok(())
    }

    /// Checks that start-up code has loaded no other library's copy of our modules, nor what cannot work in this server.
    ///
    /// # Errors
    /// For the administrator.
    fn check_loaded(&self, entry: &dyn Entry) -> Result<(), StartError> {
        let _ = entry;
        Ok(())
    }

    /// Runs code that stands in the configuration, when its line is read.
    ///
    /// # Errors
    /// Directive and message.
    fn run_config(&self, entry: &dyn Entry, line: &Command, code: &config::Code) -> Result<(), StartError> {
        let _ = (entry, line, code);
        Ok(())
    }

    /// Makes a module of httpd's with directives whose code is in this language; gives the module's number.
    ///
    /// # Errors
    /// What is wrong with a directive; no room for another module.
    fn make_module(&self, name: &[u8], merges: bool, commands: &[MadeCommand<'_>]) -> Result<i32, String> {
        let _ = (name, merges, commands);
        Err("no directives can be made in this language".into())
    }

    /// Carries out a line that only this language has.
    ///
    /// # Errors
    /// For the administrator; begins with the directive.
    fn act(&self, effect: config::Effect) -> Result<(), StartError> {
        let _ = effect;
        Ok(())
    }

    /// Words for the `Server` header, asked of the main parent when the configuration is complete.
    fn version(&self, entry: Option<&dyn Entry>) -> Vec<Vec<u8>> {
        let _ = entry;
        Vec::new()
    }

    /// Called when httpd has opened its error log, on descriptor 2 as well.
    fn log_is_open(&self) {}

    /// Called when start-up code has run in this parent; clones are made next.
    fn seal(&self, entry: &dyn Entry) {
        entry.seal();
    }

    /// Called in a child that has one thread, with the interpreter that answers its requests.
    fn settle(&self, interp: &dyn Interp) {
        let _ = interp;
    }

    /// Lines for the log, one for each thing that start-up code keeps in this parent and clones cannot have.
    fn not_cloned(&self, entry: &dyn Entry) -> Vec<String> {
        let _ = entry;
        Vec::new()
    }

    /// Explains a message of the language that is about a classic mistake; `handler` is the handler that could not be found.
    fn explain(&self, message: &[u8], handler: Option<&[u8]>) -> Option<String> {
        let _ = (message, handler);
        None
    }

    /// Loads a program of `PerlNetServer` when the server starts.
    ///
    /// # Errors
    /// What it died of; why it cannot serve here.
    fn load_net_server(&self, entry: &dyn Entry, program: &config::NetServer) -> Result<(), Raised> {
        let _ = (entry, program);
        Ok(())
    }

    /// Tells it of the lives of the interpreters that serve for it: in the one whose life it is, or in their parent.
    ///
    /// # Errors
    /// What it died of.
    fn tell_net_server(&self, entry: &dyn Entry, program: &config::NetServer, life: Life) -> Result<(), Raised> {
        let _ = (entry, program, life);
        Ok(())
    }

    /// Has it serve a connection.
    ///
    /// # Errors
    /// What it died of.
    fn run_net_server(&self, entry: &dyn Entry, program: &config::NetServer, on: &Wire<'_>) -> Result<(), Raised> {
        let _ = (entry, program, on);
        Ok(())
    }

    /// Loads a module that a line of this server's names.
    ///
    /// # Errors
    /// As [`Entry::require_module`].
    fn require_module(&self, _s: &Server, entry: &dyn Entry, item: &config::Queued) -> Result<(), Raised> {
        entry.require_module(&item.name, Some(Place { file: &item.at.file, line: item.at.line }))
    }

    /// Runs a file that a line of this server's names.
    ///
    /// # Errors
    /// As [`Entry::require_file`].
    fn require_file(&self, _s: &Server, entry: &dyn Entry, item: &config::Queued) -> Result<(), Raised> {
        entry.require_file(&item.name, Some(Place { file: &item.at.file, line: item.at.line }))
    }

    /// Puts a variable of the server's into an interpreter that runs already.
    fn set_env(&self, entry: &dyn Entry, name: &[u8], value: &[u8]) {
        let _ = (entry, name, value);
    }

    /// What an interpreter has as a variable of the server's now.
    fn env(&self, entry: &dyn Entry, name: &[u8]) -> Option<Vec<u8>> {
        let _ = (entry, name);
        None
    }

    /// Runs a call about a request, of the phase and under the server's configuration: `f` in `interp`, with what the language does
    /// before and after each call.
    fn around(
        &self,
        r: &Request,
        server: &ServerConf,
        phase: Option<Phase>,
        interp: &dyn Interp,
        f: &mut dyn FnMut(&dyn Entry),
    ) {
        let _ = (r, server, phase);
        interp.with(f);
    }

    /// Runs a call about a connection, or a cleanup that a script registered: as [`Ways::around`].
    fn serve(&self, interp: &dyn Interp, f: &mut dyn FnMut(&dyn Entry)) {
        interp.with(f);
    }

    /// Calls a handler.
    ///
    /// # Errors
    /// Whatever it raised; [`Raised::Unresolved`] if it cannot be found.
    #[inline(always)]
    fn call(&self, about: &About, entry: &dyn Entry, handler: &Handler, args: &[Val]) -> Result<Outcome, Raised> {
        let _ = about;
        entry.call_handler(handler.id.index() as u32, &handler.name, Load::IfMissing, args)
    }

    /// Finds a handler at start-up and loads its code. `section` is the configuration of the section that names it.
    ///
    /// # Errors
    /// Why it cannot be found.
    fn resolve(
        &self,
        entry: &dyn Entry,
        handler: &Handler,
        s: &Server,
        section: Option<&DirConf>,
    ) -> Result<(), Raised> {
        let _ = (s, section);
        entry.resolve(handler.id.index() as u32, &handler.name, Load::IfMissing)
    }

    /// Asks a filter's handler what it says of itself; its code is loaded.
    ///
    /// # Errors
    /// Why it cannot be found, or what is wrong with what it says.
    fn filter_says(&self, entry: &dyn Entry, step: &Step) -> Result<Said, Raised> {
        let _ = (entry, step);
        Ok(Said::default())
    }

    /// Runs the code that a filter's handler begins with ([`Said::begins`]).
    ///
    /// # Errors
    /// What the code raised.
    fn begin_filter(&self, entry: &dyn Entry, step: &Step, filter: Val) -> Result<Outcome, Raised> {
        let _ = (entry, step, filter);
        Err(Raised::Unresolved(b"a filter of this language begins with no code".to_vec()))
    }

    /// The arguments that an authorization provider gets behind the request, from the words of a `Require` line.
    fn require_arguments(&self, r: &Request, line: &[u8]) -> Vec<Vec<u8>> {
        let _ = r;
        vec![line.to_vec()]
    }

    /// Called before the handlers of a request's phase; `dir` is the configuration of the directory, in phases that know it.
    fn before_handlers(&self, r: &Request, server: &ServerConf, dir: Option<&DirConf>, entry: &dyn Entry) {
        let _ = (r, server, dir, entry);
    }

    /// The name under which every interpreter finds code that is pushed to a server: the code's own name, or one that it gets here.
    /// `role` names the wrapper around the code; empty for none.
    ///
    /// # Errors
    /// Text, where a server cannot keep code.
    fn name_code(&self, entry: &dyn Entry, code: &HandlerRef, role: &[u8]) -> Result<Vec<u8>, Fail> {
        let _ = (entry, code, role);
        Err("a server keeps handlers by name".into())
    }

    /// The name by which every interpreter finds this code; empty for code that is found by none.
    fn name_of_code(&self, entry: &dyn Entry, code: &HandlerRef) -> Vec<u8> {
        let _ = entry;
        code.name().map(<[u8]>::to_vec).unwrap_or_default()
    }

    /// Called when a call ends while code of another module keeps the interpreter by its count.
    fn keep_for_others(&self, hold: &Hold) {
        let _ = hold;
    }

    /// Called when a request's state was made.
    fn request_begins(&self, r: &Request) {
        let _ = r;
    }

    /// The buffer into which scripts print the answer to a request, if there is one.
    fn output<'r>(&self, r: &'r Request) -> Option<&'r Output> {
        let _ = r;
        None
    }

    /// Puts into the request's `subprocess_env` what was left until somebody looks at it.
    fn complete_env(&self, cx: apr::Reenter, r: &Request) {
        let _ = (cx, r);
    }

    /// Fills the script's environment with CGI's variables.
    ///
    /// # Errors
    /// Where the language has no such environment.
    fn fill_env(&self, cx: apr::Reenter, r: &Request) -> Result<(), Fail> {
        let _ = (cx, r);
        Err("this language has no environment of its own".into())
    }
}
