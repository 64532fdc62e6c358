//! Start-up code: `PerlRequire`, `PerlModule`, `<Perl>` text.

use crate::{ffi, perl::Entered};
use interp::{Outcome, Place, Raised};
use std::{os::unix::ffi::OsStrExt, path::Path};

impl Entered {
    /// `require`s a file: `PerlRequire`, `PerlConfigRequire`. A relative name is looked up in `@INC`, as mod_perl does.
    ///
    /// # Errors
    /// Perl's own message.
    pub fn require_file(&self, file: &[u8], at: Option<Place<'_>>) -> Result<(), Raised> {
        let mut code = b"require ".to_vec();
        quote(&mut code, file);
        self.run(&code, at).map(drop)
    }

    /// Adds folders at the end of `@INC`.
    ///
    /// # Errors
    /// Perl's own message.
    pub fn add_to_inc(&self, folders: &[&[u8]]) -> Result<(), Raised> {
        for folder in folders {
            let mut code = b"push @INC, ".to_vec();
            quote(&mut code, folder);
            self.run(&code, None)?;
        }
        Ok(())
    }

    /// `require`s a module by its name (`Foo::Bar`): `PerlModule`, `+Foo::Bar`.
    ///
    /// # Errors
    /// Perl's own message.
    pub fn require_module(&self, name: &[u8], at: Option<Place<'_>>) -> Result<(), Raised> {
        let mut file = String::from_utf8_lossy(name).replace("::", "/").replace('\'', "/").into_bytes();
        file.extend_from_slice(b".pm");
        self.require_file(&file, at)
    }

    /// Compiles and runs text in package main, in scalar context.
    ///
    /// # Errors
    /// Perl's own message; exit.
    pub fn run(&self, code: &[u8], at: Option<Place<'_>>) -> Result<Outcome, Raised> {
        self.eval(code, at, false).and_then(|out| self.finish(out))
    }

    /// As [`Entered::run`], and gives the value's string form.
    ///
    /// # Errors
    /// As [`Entered::run`].
    pub fn run_text(&self, code: &[u8], at: Option<Place<'_>>) -> Result<Vec<u8>, Raised> {
        let mut out = self.eval(code, at, true)?;
        if out.tag != 0 || out.text.is_null() {
            return self.finish(out).map(|_| Vec::new());
        }
        // SAFETY: the bytes of an SV that lives until `mp_out_done`.
        let text = unsafe { std::slice::from_raw_parts(out.text.cast::<u8>(), out.text_len) }.to_vec();
        // SAFETY: this interpreter is entered; `out` is what the shim filled.
        unsafe { ffi::mp_out_done(self.raw(), &raw mut out) };
        Ok(text)
    }

    fn eval(&self, code: &[u8], at: Option<Place<'_>>, text: bool) -> Result<ffi::Out, Raised> {
        let mut whole = b"package main;".to_vec();
        if let Some(Place { file, line }) = at {
            whole.extend_from_slice(format!("\n#line {line} \"{}\"\n", file.replace(['"', '\n'], "?")).as_bytes());
        }
        whole.extend_from_slice(code);
        let mut out = ffi::Out::EMPTY;
        // SAFETY: this interpreter is entered; the text is borrowed for the call.
        unsafe { ffi::mp_eval(self.raw(), whole.as_ptr().cast(), whole.len(), text as i32, &raw mut out) };
        Ok(out)
    }
}

impl Entered {
    /// Modules of `lib` (our own) that were loaded from elsewhere: name in `%INC`, and the file. To be called after start-up code:
    /// mod_perl's own would read our records through its layout. A copy of our own file is ours, too. Modules that are distributions of
    /// their own, and all in Perl, may be any copy.
    pub fn foreign_modules(&self, lib: &Path) -> Vec<(String, String)> {
        let mut code = b"my $lib = ".to_vec();
        quote(&mut code, lib.as_os_str().as_bytes());
        code.extend_from_slice(
            br#"; my $text = sub { open my $in, '<', $_[0] or return ''; local $/; scalar readline $in };
                join "\0", map { ($_, $INC{$_}) } grep {
                    m{^(?:Apache2/(?!(?:Reload|Resource|SizeLimit|Status)\.pm$)|APR|ModPerl/|mod_perl2\.pm$)} && defined $INC{$_} && !ref $INC{$_}
                    && $INC{$_} ne "$lib/$_" && -e "$lib/$_" && $text->($INC{$_}) ne $text->("$lib/$_")
                    && $text->("$lib/$_") !~ /^use ModInterp::NotYet;/m
                } sort keys %INC"#,
        );
        let text = self.run_text(&code, None).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let mut words = text.split('\0').filter(|w| !w.is_empty());
        std::iter::from_fn(|| Some((words.next()?.to_owned(), words.next()?.to_owned()))).collect()
    }
}

/// Appends a single-quoted Perl string.
fn quote(code: &mut Vec<u8>, text: &[u8]) {
    code.push(b'\'');
    for &b in text {
        if b == b'\'' || b == b'\\' {
            code.push(b'\\');
        }
        code.push(b);
    }
    code.push(b'\'');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{lock, parent, text};

    #[test]
    fn messages_name_the_administrators_file_and_line() {
        let _one = lock();
        let perl = parent();
        let at = Some(Place { file: "/etc/apache2/site.conf", line: 12 });
        let died = |r: Result<(), Raised>| match r {
            Err(Raised::Died(text)) => String::from_utf8(text).unwrap(),
            other => panic!("{other:?}"),
        };
        let perl = perl.enter();
        let text = died(perl.require_file(b"no/such's.pl", at));
        assert!(text.starts_with("Can't locate no/such's.pl in @INC"), "{text}");
        assert!(text.ends_with("at /etc/apache2/site.conf line 12.\n"), "{text}");
        assert!(died(perl.require_module(b"No::Such", at)).contains("No::Such module"));
        assert!(
            died(perl.run(b"my $x = ;", at).map(drop)).starts_with("syntax error at /etc/apache2/site.conf line 12")
        );
    }

    #[test]
    fn a_value_is_given_as_number_truth_and_text() {
        let _one = lock();
        let perl = parent();
        let perl = perl.enter();
        let run = |code: &str| perl.run(code.as_bytes(), None).map(|o| (o.number, o.truth)).unwrap();
        assert_eq!(run("undef"), (0, false));
        assert_eq!(run("'abc'"), (0, true));
        assert_eq!(run("'404 not found'"), (404, true));
        assert_eq!(run("'404'"), (404, true));
        assert_eq!(run("-1"), (-1, true));
        assert_eq!(run("404.9"), (404, true));
        assert_eq!(run("package Num; use overload '0+' => sub { 7 }, '\"\"' => sub { 'seven' }; bless []"), (7, true));
        assert_eq!(text(&perl, "package Num; bless []"), "seven");
        assert_eq!(text(&perl, "\"\\xe4\""), "\u{fffd}");
    }

    #[test]
    fn a_module_of_ours_that_came_from_elsewhere_is_found() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        let lib = crate::testing::lib();
        e.run(b"require mod_perl2; require Apache2::Const; 1", None).unwrap();
        assert_eq!(e.foreign_modules(&lib), []);
        e.run(
            b"$INC{'APR/Table.pm'} = '/usr/lib/perl5/APR/Table.pm'; $INC{'Apache2/Mine.pm'} = '/x/Apache2/Mine.pm'",
            None,
        )
        .unwrap();
        assert_eq!(e.foreign_modules(&lib), [("APR/Table.pm".into(), "/usr/lib/perl5/APR/Table.pm".into())]);
    }
}
