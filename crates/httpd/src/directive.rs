//! httpd's command tables, made from the directive tables.
//!
//! Every row becomes a `command_rec` at compile time; its C callback depends only on how arguments are cut. httpd is told
//! that a directive may stand anywhere: [`Directive::apply`] says where it belongs, in better words. A line of ITERATE form
//! arrives once per argument, of ITERATE2 form once per further argument, with the first before it.

use crate::{
    Command, Host, Node, Slots, ffi, guard,
    module::NO_COMMAND,
    record::{Record, record},
};
use apr::bytes_at;
use config::{Args, Contexts, Directive, Language, covers, directives};
use std::{
    ffi::{CStr, c_char, c_int, c_void},
    marker::PhantomData,
    ptr,
};

/// What httpd reads if it calls for a directive without saying where that stands.
const NO_COMMAND_TEXT: &CStr = c"mod_interp: httpd names no server for this line";

// The command table.

type Take1 = unsafe extern "C" fn(*mut ffi::cmd_parms, *mut c_void, *const c_char) -> *const c_char;

/// What stands in a row's C texts: its name, and what httpd adds to "takes one argument".
const fn texts(row: &Directive) -> [&[u8]; 2] {
    // What Apache2::Command shows of mod_perl's.
    let usage = match (row.language, row.args, row.phase()) {
        (Language::Perl, Args::Iterate, Some(_)) => "Subroutine name ...",
        _ => row.syntax,
    };
    [row.name.as_bytes(), usage.as_bytes()]
}

const PERL: &[Directive] = directives(Language::Perl);
const LUA: &[Directive] = directives(Language::Lua);

const fn text_size(rows: &[Directive]) -> usize {
    let (mut size, mut i) = (0, 0);
    while i < rows.len() {
        let [name, syntax] = texts(&rows[i]);
        size += name.len() + syntax.len() + 2;
        i += 1;
    }
    size
}

/// All C texts of a table, one after the other, each with its NUL.
static PERL_TEXTS: [u8; text_size(PERL)] = all_texts(PERL);
static LUA_TEXTS: [u8; text_size(LUA)] = all_texts(LUA);

const fn all_texts<const N: usize>(rows: &[Directive]) -> [u8; N] {
    let mut all = [0; N];
    let (mut at, mut i) = (0, 0);
    while i < rows.len() {
        let [name, syntax] = texts(&rows[i]);
        at = put(&mut all, at, name);
        at = put(&mut all, at, syntax);
        i += 1;
    }
    all
}

const fn put(all: &mut [u8], at: usize, text: &[u8]) -> usize {
    let mut i = 0;
    while i < text.len() {
        assert!(text[i] != 0, "a directive's texts are C strings");
        all[at + i] = text[i];
        i += 1;
    }
    at + text.len() + 1
}

/// Everywhere: see the module's docs.
const ANYWHERE: c_int = ffi::OR_ALL as c_int;

/// The table for one host, in httpd's form.
pub(crate) struct Commands<H>(PhantomData<H>);

impl<H: Host> Commands<H> {
    /// Its first record; one without a name ends it.
    pub(crate) const FIRST: *const ffi::command_rec = match H::LANGUAGE {
        Language::Perl => (&raw const *Self::OF_PERL).cast(),
        Language::Lua => (&raw const *Self::OF_LUA).cast(),
    };
    const OF_PERL: &'static [ffi::command_rec; PERL.len() + 1] = &Self::rows(PERL, (&raw const PERL_TEXTS).cast());
    const OF_LUA: &'static [ffi::command_rec; LUA.len() + 1] = &Self::rows(LUA, (&raw const LUA_TEXTS).cast());

    /// `text` begins the texts of these rows.
    const fn rows<const N: usize>(of: &'static [Directive], mut text: *const c_char) -> [ffi::command_rec; N] {
        let mut rows = [NO_COMMAND; N];
        let mut i = 0;
        while i < of.len() {
            let row: &'static Directive = &of[i];
            let [name, syntax] = texts(row);
            let on_read = if row.contexts.has(Contexts::EXEC_ON_READ) { ffi::EXEC_ON_READ as c_int } else { 0 };
            let (func, args_how) = Self::callback(row.args);
            // SAFETY: the texts hold both of each row in this order, each with its NUL.
            let (errmsg, next) = unsafe { (text.add(name.len() + 1), text.add(name.len() + syntax.len() + 2)) };
            rows[i] = ffi::command_rec {
                name: text,
                func,
                cmd_data: (&raw const *row).cast::<c_void>().cast_mut(),
                req_override: ANYWHERE | on_read,
                args_how,
                errmsg,
            };
            text = next;
            i += 1;
        }
        rows
    }

    const fn callback(args: Args) -> (ffi::cmd_func, ffi::cmd_how) {
        match args {
            Args::Headed => (ffi::cmd_func { raw_args: Some(block::<H> as Take1) }, ffi::RAW_ARGS),
            Args::Section => (ffi::cmd_func { raw_args: Some(section::<H> as Take1) }, ffi::RAW_ARGS),
            Args::Text => (ffi::cmd_func { raw_args: Some(text::<H> as Take1) }, ffi::RAW_ARGS),
            Args::Raw | Args::Words { .. } | Args::Code => {
                (ffi::cmd_func { raw_args: Some(take1::<H> as Take1) }, ffi::RAW_ARGS)
            }
            Args::Flag => (ffi::cmd_func { flag: Some(flag::<H>) }, ffi::FLAG),
            Args::Take1 => (ffi::cmd_func { take1: Some(take1::<H> as Take1) }, ffi::TAKE1),
            Args::Take12 => (ffi::cmd_func { take2: Some(take2::<H>) }, ffi::TAKE12),
            Args::Take2 => (ffi::cmd_func { take2: Some(take2::<H>) }, ffi::TAKE2),
            Args::Iterate => (ffi::cmd_func { take1: Some(take1::<H> as Take1) }, ffi::ITERATE),
            Args::Iterate2 => (ffi::cmd_func { take2: Some(take2::<H>) }, ffi::ITERATE2),
        }
    }
}

unsafe extern "C" fn take1<H: Host>(cmd: *mut ffi::cmd_parms, dir: *mut c_void, arg: *const c_char) -> *const c_char {
    // SAFETY: a C string that lives for the call; the rest is httpd's for this directive.
    unsafe { run::<H>(cmd, dir, &[bytes_at(arg).unwrap_or_default()]) }
}

/// Reads a block while the file is being read. In its place httpd meets, when it walks the tree, the directive of that name
/// with the lines as its argument; the first is that which opened the block.
unsafe extern "C" fn block<H: Host>(
    cmd: *mut ffi::cmd_parms,
    current: *mut c_void,
    arg: *const c_char,
) -> *const c_char {
    // SAFETY: httpd lends it for this call.
    let Some(cmd) = (unsafe { Command::at(cmd) }) else { return NO_COMMAND_TEXT.as_ptr() };
    // SAFETY: a C string that lives for the call.
    let arg = unsafe { bytes_at(arg) }.unwrap_or_default();
    let fallback = Err(format!("{}>: an error in the module itself", String::from_utf8_lossy(cmd.name())));
    let result = guard::<H, _>("a block of the configuration", fallback, || {
        // SAFETY: httpd reads a file and passes the place of the node that is to stand for this line.
        unsafe { read_block(cmd, current.cast(), arg) }
    });
    match result {
        Ok(()) => ptr::null(),
        Err(message) => cmd.pool().cstr(message.as_bytes()).as_ptr(),
    }
}

/// # Safety
/// `current` is the address of a pointer to a node or of null, as httpd passes it to directives that are run on reading.
unsafe fn read_block(cmd: &Command, current: *mut *mut ffi::ap_directive_t, arg: &[u8]) -> Result<(), String> {
    let open = String::from_utf8_lossy(cmd.name()).into_owned();
    let name = open.trim_start_matches('<');
    if !arg.trim_ascii_end().ends_with(b">") {
        return Err(format!("{open}> directive missing closing '>'"));
    }
    // SAFETY: httpd lends the file it is reading.
    let Some(file) = (unsafe { cmd.raw().config_file.as_mut() }) else {
        return Err(format!("{open}>: this block does not stand in a file"));
    };
    let (first, mut code) = (file.line_number, [arg, b"\n"].concat());
    let is_ended = each_line(file, |line| {
        let is_end = is_end(line, name);
        if !is_end {
            code.extend_from_slice(line);
            code.push(b'\n');
        }
        !is_end
    });
    if !is_ended {
        return Err(format!("{open}>: </{name}> is missing"));
    }
    let pool = cmd.pool();
    // SAFETY: the caller's promise; a node made here is all zero, as httpd makes its own.
    unsafe {
        if (*current).is_null() {
            *current = pool.zeroed(size_of::<ffi::ap_directive_t>()).as_ptr().cast();
        }
        (**current).filename = file.name;
        (**current).line_num = first as c_int;
        (**current).directive = pool.cstr(name.as_bytes()).as_ptr();
        (**current).args = pool.cstr(&code).as_ptr();
    }
    Ok(())
}

/// Shows `f` the lines of a file that follow, until it returns false; false if the file ends before.
fn each_line(file: &mut ffi::ap_configfile_t, mut f: impl FnMut(&[u8]) -> bool) -> bool {
    let mut line = Vec::new();
    loop {
        let mut byte: c_char = 0;
        // Byte by byte: httpd's own lines are limited in length, and lose indentation and backslashes at their ends.
        // SAFETY: the file's own function and parameter.
        let status = unsafe { file.getch.map_or(1, |getch| getch(&mut byte, file.param)) };
        if status == 0 && byte as u8 != b'\n' {
            line.push(byte as u8);
            continue;
        }
        if status == 0 {
            file.line_number += 1;
        } else if line.is_empty() {
            return false;
        }
        if !f(&line) {
            return true;
        }
        line.clear();
    }
}

/// Opens a section, then walks through its lines, which find what was opened by the section's line ([`Command::place`]).
unsafe extern "C" fn section<H: Host>(cmd: *mut ffi::cmd_parms, dir: *mut c_void, arg: *const c_char) -> *const c_char {
    // SAFETY: httpd lends it for this call.
    let Some(command) = (unsafe { Command::at(cmd) }) else { return NO_COMMAND_TEXT.as_ptr() };
    // SAFETY: a C string that lives for the call.
    let arg = unsafe { bytes_at(arg) }.unwrap_or_default().trim_ascii_end();
    let open = String::from_utf8_lossy(command.name()).into_owned();
    let refused = |message: String| command.pool().cstr(message.as_bytes()).as_ptr();
    let Some(arg) = arg.strip_suffix(b">") else {
        return refused(format!("{open}> directive missing closing '>'"));
    };
    // SAFETY: httpd's for this directive.
    let message = unsafe { run::<H>(cmd, dir, &[arg]) };
    let Some(first) = command.node().and_then(Node::child).filter(|_| message.is_null()) else { return message };
    // A line of another module would be taken for one of the server.
    let belongs = |node: &&Node| {
        config::directive(node.name())
            .is_some_and(|row| row.language == H::LANGUAGE && row.contexts.has(Contexts::CLASS))
    };
    if let Some(node) = first.and_next().find(|node| !belongs(node)) {
        // SAFETY: httpd's own record, in which it looks for the line that is to be blamed.
        unsafe { (*cmd).err_directive = node.as_ptr() };
        let name = String::from_utf8_lossy(node.name()).into_owned();
        let name = if name.starts_with('<') { format!("{name}>") } else { name };
        return refused(format!("{name}: not allowed in the section {open}>"));
    }
    // SAFETY: the lines of the section that httpd is at, with what it is at them with.
    unsafe { ffi::ap_walk_config(first.as_ptr(), cmd, (*cmd).context) }
}

/// Skips the text that a directive opens, then runs the directive.
unsafe extern "C" fn text<H: Host>(cmd: *mut ffi::cmd_parms, dir: *mut c_void, arg: *const c_char) -> *const c_char {
    // SAFETY: httpd lends it for this call.
    let Some(command) = (unsafe { Command::at(cmd) }) else { return NO_COMMAND_TEXT.as_ptr() };
    // SAFETY: `rows` put a row there.
    let row = unsafe { command.raw().info.cast::<Directive>().cast_const().as_ref() };
    // SAFETY: httpd lends the file it is reading.
    if let (Some(row), Some(file)) = (row, unsafe { command.raw().config_file.as_mut() }) {
        guard::<H, _>(row.name, (), || {
            each_line(file, |line| covers(row.name, line));
        });
    }
    // SAFETY: as `take1`.
    unsafe { take1::<H>(cmd, dir, arg) }
}

/// Whether this line ends the block of a name: `</Name>`, with spaces around what stands between `</` and `>` or not.
fn is_end(line: &[u8], name: &str) -> bool {
    let found = line.trim_ascii().strip_prefix(b"</").and_then(|line| line.strip_suffix(b">"));
    found.is_some_and(|found| found.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
}

unsafe extern "C" fn take2<H: Host>(
    cmd: *mut ffi::cmd_parms,
    dir: *mut c_void,
    first: *const c_char,
    second: *const c_char,
) -> *const c_char {
    // SAFETY: as in `take1`; a second argument that was left out is null.
    unsafe {
        match (bytes_at(first).unwrap_or_default(), bytes_at(second)) {
            (first, Some(second)) => run::<H>(cmd, dir, &[first, second]),
            (first, None) => run::<H>(cmd, dir, &[first]),
        }
    }
}

unsafe extern "C" fn flag<H: Host>(cmd: *mut ffi::cmd_parms, dir: *mut c_void, on: c_int) -> *const c_char {
    let word: &[u8] = if on != 0 { b"on" } else { b"off" };
    // SAFETY: httpd's for this directive.
    unsafe { run::<H>(cmd, dir, &[word]) }
}

/// # Safety
/// httpd calls for a directive of the host's table; `dir` is null or the host's record, unless the row is run on reading.
unsafe fn run<H: Host>(cmd: *mut ffi::cmd_parms, dir: *mut c_void, args: &[&[u8]]) -> *const c_char {
    // SAFETY: httpd lends it for this call.
    let Some(cmd) = (unsafe { Command::at(cmd) }) else { return NO_COMMAND_TEXT.as_ptr() };
    // SAFETY: `rows` put a row there.
    let Some(row) = (unsafe { cmd.raw().info.cast::<Directive>().cast_const().as_ref() }) else { return ptr::null() };
    let server = cmd.server();
    let is_serving = cmd.is_serving();
    // What is run while the file is being read gets no record, but the place of a node.
    let dir = if row.contexts.has(Contexts::EXEC_ON_READ) { ptr::null_mut() } else { dir };
    // SAFETY: the caller's promise.
    let dir = unsafe { record::<H::Dir>(dir) };
    let slots = Slots::<H> {
        server: server.record::<H>(),
        dir,
        server_is_shared: is_serving,
        dir_is_shared: is_serving && dir.is_some_and(Record::is_permanent),
    };
    let result = guard::<H, _>(row.name, Err(format!("{}: an error in the module itself", row.name)), || {
        H::directive(row, cmd, &slots, args)
    });
    match result {
        Ok(()) => ptr::null(),
        Err(message) => cmd.pool().cstr(message.as_bytes()).as_ptr(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        pconf::{PCONF_IN_USE, set_pconf},
        testing::{Fake, NullHost, TEST_MODULE},
    };
    use std::ffi::CStr;

    const LUA_COMMANDS: *const ffi::command_rec = (&raw const *Commands::<NullHost>::OF_LUA).cast();

    #[test]
    fn every_row_is_a_command_of_the_same_name_and_the_tables_end() {
        let _ = &TEST_MODULE;
        for (rows, mut command) in [(PERL, Commands::<NullHost>::FIRST), (LUA, LUA_COMMANDS)] {
            for row in rows {
                // SAFETY: inside the table, as its end has not been met.
                let (this, name) = unsafe { (&*command, CStr::from_ptr((*command).name)) };
                assert_eq!(name.to_bytes(), row.name.as_bytes());
                // SAFETY: a C string of the table's texts.
                assert_eq!(unsafe { CStr::from_ptr(this.errmsg) }.to_bytes(), texts(row)[1]);
                assert!(ptr::eq(this.cmd_data.cast(), row));
                // SAFETY: the record behind it is the next one, or the end.
                command = unsafe { command.add(1) };
            }
            // SAFETY: the record that ends the table.
            assert!(unsafe { (*command).name }.is_null());
        }
    }

    unsafe extern "C" fn next_byte(byte: *mut c_char, text: *mut c_void) -> apr::ffi::apr_status_t {
        let text = text.cast::<&[u8]>();
        // SAFETY: the test's own slice, and httpd's place for a byte.
        unsafe {
            let Some((first, rest)) = (*text).split_first() else { return 1 };
            (*byte, *text) = (*first as c_char, rest);
        }
        0
    }

    /// Reads a block that was opened on line 10 by this directive; its error, or the node's name, line and argument.
    fn block_of(directive: &str, arg: &CStr, mut text: &[u8]) -> Result<(String, i32, String), String> {
        let fake = Fake::new();
        let at = |rows: &[Directive]| rows.iter().position(|row| row.name == directive);
        // SAFETY: zero is a value of these plain records; what `block` looks at is set, and outlives the call. The tables have
        // a record per row.
        unsafe {
            let command = match at(LUA) {
                Some(i) => &*LUA_COMMANDS.add(i),
                None => &*Commands::<NullHost>::FIRST.add(at(PERL).unwrap()),
            };
            let mut file: ffi::ap_configfile_t = std::mem::zeroed();
            file.getch = Some(next_byte);
            (file.param, file.name, file.line_number) = ((&raw mut text).cast(), c"httpd.conf".as_ptr(), 10);
            let mut parms: ffi::cmd_parms = std::mem::zeroed();
            (parms.pool, parms.temp_pool, parms.server) =
                (fake.pool.as_ptr(), fake.pool.as_ptr(), fake.request.server().as_ptr());
            (parms.cmd, parms.info, parms.config_file) = (command, command.cmd_data, &mut file);
            let mut node: *mut ffi::ap_directive_t = ptr::null_mut();
            let error = block::<NullHost>(&mut parms, (&raw mut node).cast(), arg.as_ptr());
            let text = |at| bytes_at(at).map(|b| String::from_utf8_lossy(b).into_owned());
            match text(error) {
                Some(error) => Err(error),
                None => Ok((text((*node).directive).unwrap(), (*node).line_num, text((*node).args).unwrap())),
            }
        }
    }

    #[test]
    fn a_block_becomes_a_directive_with_its_text_and_what_opened_it_where_it_may_say_something() {
        let text = b"  return 1 \\\n\nend\n </luahookfixups >\nmore";
        let read = block_of("<LuaHookFixups", c"fix early>", text);
        assert_eq!(read, Ok(("LuaHookFixups".into(), 10, "fix early>\n  return 1 \\\n\nend\n".into())));
        let read = block_of("<LuaHookFixups", c">", b"</LuaHookFixups>");
        assert_eq!(read, Ok(("LuaHookFixups".into(), 10, ">\n".into())));
        let read = block_of("<Perl", c">", b"1;\n</Perl>\n");
        assert_eq!(read, Ok(("Perl".into(), 10, ">\n1;\n".into())));
    }

    #[test]
    fn a_block_without_an_end_is_refused() {
        for text in [&b"return 1\n"[..], b"</LuaHookFixupsX>\n</LuaHookFixups", b""] {
            let message = "<LuaHookFixups>: </LuaHookFixups> is missing";
            assert_eq!(block_of("<LuaHookFixups", c"fix>", text), Err(message.into()));
        }
        assert_eq!(
            block_of("<LuaHookFixups", c"fix", b"</LuaHookFixups>"),
            Err("<LuaHookFixups> directive missing closing '>'".into())
        );
    }

    #[test]
    fn a_directive_that_is_run_on_reading_has_no_directory() {
        let _one_at_a_time = PCONF_IN_USE.lock().unwrap();
        let fake = Fake::new();
        let s = fake.request.server();
        set_pconf(fake.pool);
        crate::load::install_in::<NullHost>(s, fake.pool, fake.pool);
        let at = LUA.iter().position(|row| row.name == "LuaAuthzProvider").unwrap();
        let mut node: *mut ffi::ap_directive_t = ptr::null_mut();
        // SAFETY: as in `line`; httpd passes the place of a node where it otherwise passes a record.
        let error = unsafe {
            let command = &*LUA_COMMANDS.add(at);
            let mut parms: ffi::cmd_parms = std::mem::zeroed();
            (parms.pool, parms.temp_pool) = (fake.pool.as_ptr(), fake.pool.create().unwrap().as_ptr());
            (parms.server, parms.cmd, parms.info) = (s.as_ptr(), command, command.cmd_data);
            take1::<NullHost>(&mut parms, (&raw mut node).cast(), c"a /a.lua f".as_ptr())
        };
        assert!(error.is_null() && node.is_null());
        assert_eq!(s.config::<NullHost>().unwrap()[..], ["LuaAuthzProvider a /a.lua f".to_owned()]);
    }

    /// What a directive did: its error, and both records afterwards.
    type Outcome = (Option<String>, Vec<String>, Vec<String>);

    /// Runs a directive as httpd would, `serving` as in `.htaccess`.
    fn line(name: &str, arg: &CStr, serving: bool) -> Outcome {
        let fake = Fake::new();
        let s = fake.request.server();
        let request_pool = fake.pool.create().unwrap();
        let conf = if serving { request_pool } else { fake.pool };
        set_pconf(fake.pool);
        let record = crate::load::install_in::<NullHost>(s, fake.pool, conf);
        let at = PERL.iter().position(|row| row.name == name).unwrap();
        // SAFETY: zero is a value of this plain record; what `run` looks at is set. The table has a record per row.
        let error = unsafe {
            let command = &*Commands::<NullHost>::FIRST.add(at);
            let mut parms: ffi::cmd_parms = std::mem::zeroed();
            (parms.pool, parms.temp_pool) = (conf.as_ptr(), request_pool.as_ptr());
            (parms.server, parms.cmd, parms.info) = (s.as_ptr(), command, command.cmd_data);
            let error = take1::<NullHost>(&mut parms, record, arg.as_ptr());
            bytes_at(error).map(|e| String::from_utf8_lossy(e).into_owned())
        };
        // SAFETY: made above.
        let dir = unsafe { crate::record::record::<Vec<String>>(record) }.unwrap().get().clone();
        (error, s.config::<NullHost>().unwrap().clone(), dir)
    }

    #[test]
    fn a_directive_edits_its_records_and_an_error_is_handed_to_httpd() {
        let _one_at_a_time = PCONF_IN_USE.lock().unwrap();
        let (error, _, dir) = line("PerlModule", c"A", false);
        assert_eq!((error, &dir[..]), (None, &["PerlModule A".to_owned()][..]));
        let (error, _, dir) = line("PerlModule", c"refused", false);
        assert_eq!((error.as_deref(), dir.len()), (Some("PerlModule: refused"), 0));
        let (error, ..) = line("PerlModule", c"panic", true);
        assert_eq!(error.as_deref(), Some("PerlModule: an error in the module itself"));
    }

    #[test]
    fn while_requests_are_served_only_the_own_directory_is_written_to() {
        let _one_at_a_time = PCONF_IN_USE.lock().unwrap();
        let (error, server, dir) = line("PerlModule", c"B", true);
        assert_eq!((error, server.len(), dir.len()), (None, 0, 1));
    }
}
