//! Makes a parent interpreter.

use crate::{Error, bind, ffi, perl::Perl};
use std::{
    collections::HashSet,
    ffi::{CString, c_char},
    os::unix::ffi::OsStrExt,
    path::Path,
    ptr::{self, NonNull},
    sync::{Mutex, PoisonError},
};

/// What a parent interpreter starts with.
#[derive(Clone, Debug, Default)]
pub struct Start<'a> {
    /// The server's `argv[0]`: `$0`.
    pub argv0: &'a [u8],
    /// `PerlSwitches`, one per element.
    pub switches: &'a [&'a [u8]],
    /// Our `lib/`, which stands first in `@INC`, before `-I` and PERL5LIB.
    pub lib: Option<&'a Path>,
    /// The folders at the end of `@INC`.
    pub inc: &'a [&'a [u8]],
    /// All of `%ENV` at the start. The C environment stays as it is.
    pub env: &'a [(&'a [u8], &'a [u8])],
    /// The server's main interpreter: what its code writes to `%ENV` from now on reaches the C environment, and no other's.
    pub main: bool,
}

impl Perl {
    /// Builds a parent: `DynaLoader` and `exit` (mod_perl's) are there, rows are bound when their module is loaded.
    /// Register the classes and constants (`interp::register`) first.
    ///
    /// # Errors
    /// If perl cannot start, e.g. for a `-M` module that dies.
    pub fn start(start: &Start<'_>) -> Result<Perl, Error> {
        bind::init();
        // SAFETY: the tables are there.
        unsafe { ffi::mp_init() };
        crate::alarm::init();
        interp::count_forks();
        interp::adopt_process();
        let mut argv: Vec<*mut c_char> = vec![intern(b"httpd")?];
        if let Some(lib) = start.lib {
            argv.push(intern(&[b"-I", lib.as_os_str().as_bytes()].concat())?);
        }
        for switch in start.switches {
            argv.push(intern(switch)?);
        }
        // As mod_perl has it: what another -e says stands before.
        argv.push(intern(b"-e;0")?);
        let argc = argv.len() as i32;
        argv.push(ptr::null_mut());

        let vars: Vec<CString> =
            start.env.iter().map(|(k, v)| cstring(&[*k, b"=", *v].concat())).collect::<Result<_, _>>()?;
        let mut env: Vec<*mut c_char> = vars.iter().map(|v| v.as_ptr().cast_mut()).collect();
        env.push(ptr::null_mut());

        let boot = ffi::Boot {
            argc,
            argv: argv.as_mut_ptr(),
            argv0: intern(if start.argv0.is_empty() { b"httpd" } else { start.argv0 })?,
            env: env.as_mut_ptr(),
            main: start.main as i32,
        };
        let mut status = 0;
        let _inside = interp::Inside::new();
        // SAFETY: the strings of argv live for ever (perl keeps the pointers for `$0`), env's until the call is over.
        let me = unsafe { ffi::mp_new(&raw const boot, &raw mut status) };
        // SAFETY: the shim made it for us.
        let perl = NonNull::new(me).map(|me| unsafe { Perl::own(me, true) }).ok_or(Error::Start(status))?;
        let _ = perl.enter().add_to_inc(start.inc);
        Ok(perl)
    }
}

fn cstring(text: &[u8]) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error::Nul(text.to_vec()))
}

/// The same text has the same address for ever, so that restarts do not add to it.
fn intern(text: &[u8]) -> Result<*mut c_char, Error> {
    static SEEN: Mutex<Option<HashSet<CString>>> = Mutex::new(None);
    let text = cstring(text)?;
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let seen = seen.get_or_insert_default();
    if !seen.contains(&text) {
        seen.insert(text.clone());
    }
    Ok(seen.get(&text).map_or(ptr::null_mut(), |t| t.as_ptr().cast_mut()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{lib, lock, parent, text};

    #[test]
    fn our_lib_stands_first_and_env_is_what_was_given() {
        let _one = lock();
        let lib = lib();
        let perl = Perl::start(&Start {
            argv0: b"/usr/sbin/apache2",
            switches: &[b"-I/elsewhere", b"-Mstrict", b"-w"],
            lib: Some(&lib),
            inc: &[b"/last"],
            env: &[(b"MOD_PERL", b"mod_perl/2.0.12"), (b"PATH", b"/bin")],
            main: true,
        })
        .unwrap();
        let e = perl.enter();
        assert_eq!(text(&e, "\"$INC[0] $INC[1] $INC[-1]\""), format!("{} /elsewhere /last", lib.display()));
        assert_eq!(text(&e, "join ',', map { \"$_=$ENV{$_}\" } sort keys %ENV"), "MOD_PERL=mod_perl/2.0.12,PATH=/bin");
        assert_eq!(
            text(&e, "\"$0 $^W $INC{'strict.pm'}\"").split(' ').take(2).collect::<Vec<_>>(),
            ["/usr/sbin/apache2", "1"]
        );
        assert!(std::env::var_os("HOME").is_some(), "the C environment is as it was");
    }

    #[cfg(perl_ithreads)]
    #[test]
    fn the_last_main_parent_writes_the_c_environment_and_nobody_else_does() {
        let _one = lock();
        let printenv = |name: &str| {
            String::from_utf8(std::process::Command::new("printenv").arg(name).output().unwrap().stdout).unwrap()
        };
        let shown = |perl: &Perl, name: &str| text(&perl.enter(), &format!("`printenv {name}`"));
        let first = parent();
        first.enter().run(b"$ENV{MI_ONE} = 'one'", None).unwrap();
        assert_eq!(shown(&first, "MI_ONE"), "one\n");
        let second = parent();
        drop(first);
        second.enter().run(b"$ENV{MI_TWO} = 'two'", None).unwrap();
        assert_eq!((shown(&second, "MI_TWO"), shown(&second, "MI_ONE")), ("two\n".into(), "one\n".into()));
        let clone = second.duplicate().unwrap();
        clone.enter().run(b"$ENV{MI_THREE} = 'three'", None).unwrap();
        assert_eq!(shown(&clone, "MI_THREE"), "");
        assert_eq!(printenv("HOME").trim(), std::env::var("HOME").unwrap());
    }

    #[test]
    fn a_switch_that_fails_is_an_error_and_the_next_start_works() {
        let _one = lock();
        assert!(matches!(
            Perl::start(&Start { switches: &[b"-MNo::Such::Module"], ..Start::default() }),
            Err(Error::Start(n)) if n != 0
        ));
        assert_eq!(
            Perl::start(&Start { switches: &[b"-I\0"], ..Start::default() }).unwrap_err(),
            Error::Nul(b"-I\0".to_vec())
        );
        assert_eq!(text(&parent().enter(), "1 + 1"), "2");
    }

    #[test]
    fn the_markers_of_mod_perl_are_there() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        assert_eq!(
            text(
                &e,
                "require mod_perl2; \"$mod_perl2::VERSION $mod_perl2::VERSION_TRIPLET $mod_perl::VERSION \" . ($INC{'mod_perl.pm'} ? 1 : 0)"
            ),
            "2.000012 2.0.12 2.000012 1"
        );
        assert_eq!(
            text(
                &e,
                "require Apache2::XSLoader; require APR::XSLoader; Apache2::XSLoader::BOOTSTRAP() . APR::XSLoader::BOOTSTRAP()"
            ),
            "11"
        );
        assert_eq!(text(&e, "require POSIX; POSIX::floor(2.5)"), "2");
    }

    #[test]
    fn constants_come_by_name_and_by_group() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        assert_eq!(text(&e, "package A; eval q(use Apache2::Const; join ',', OK, DECLINED) // $@"), "0,-1");
        assert_eq!(
            text(
                &e,
                "package B; eval q(use Apache2::Const qw(:http DIR_MAGIC_TYPE); join ',', NOT_FOUND, DIR_MAGIC_TYPE, defined &DECLINED ? 1 : 0) // $@"
            ),
            "404,httpd/unix-directory,0"
        );
        assert_eq!(
            text(
                &e,
                "package C; eval q(use Apache2::Const -compile => qw(OK :http); join ',', Apache2::Const::NOT_FOUND, defined &OK ? 1 : 0) // $@"
            ),
            "404,0"
        );
        assert!(
            text(&e, "eval q(use Apache2::Const qw(NOPE); 1) || $@")
                .starts_with("unknown Apache2::Const constant NOPE")
        );
        assert!(
            text(&e, "eval q(use Apache2::Const qw(:nope); 1) || $@")
                .starts_with("unknown Apache2::Const group `nope'")
        );
    }

    #[cfg(target_env = "gnu")]
    #[test]
    fn restarts_do_not_grow_the_process() {
        let _one = lock();
        let modules = b"require POSIX; require Storable; require JSON::PP; require Data::Dumper; exit_is_known(); sub exit_is_known { eval { exit } } 1";
        // SAFETY: asks the allocator.
        let used = || unsafe { libc::mallinfo2().uordblks };
        let restart = || {
            let perl = parent();
            perl.enter().run(modules, None).unwrap();
            #[cfg(perl_ithreads)]
            perl.duplicate().unwrap().enter().run(b"JSON::PP->new->encode([1])", None).unwrap();
        };
        let rounds: usize = std::env::var("PERL_CALLS").ok().and_then(|n| n.parse().ok()).unwrap_or(10);
        (0..rounds).for_each(|_| restart());
        let before = used();
        (0..rounds).for_each(|_| restart());
        let grown = used().saturating_sub(before);
        assert!(grown < rounds * 1024 + (16 << 10), "{grown} bytes in {rounds} restarts");
    }
}
