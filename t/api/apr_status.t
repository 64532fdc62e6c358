# APR::Error and APR::Status; constants.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    code => 'use ModPerl::Const ();',
    rows => <<'R',
APR::Error::new                 | my $e = APR::Error->new(rc => 2, file => 'f', line => 3, func => 'g'); ref $e, $e->{rc} | APR::Error,2
APR::Error::str                 | '' . APR::Error->new(rc => 2, file => 'f', line => 3, func => 'g') | g: (2) No such file or directory at f line 3
APR::Error::num                 | sprintf '%d', APR::Error->new(rc => 2)               | 2
APR::Error::num_cmp             | my $e = APR::Error->new(rc => 2); $e == 2, $e == $e, $e == 3 ? 1 : 0 | 1,1,0
APR::Error::num_cmp_not         | my $e = APR::Error->new(rc => 2); $e != 3, $e != 2 ? 1 : 0 | 1,0
APR::Error::fatal               | my $e = APR::Error->new(rc => 2); $e + 2                | /^died: APR::Error: Can't handle '\+'/
APR::Error::cluck               | my @w; local $SIG{__WARN__} = sub { push @w, @_ }; APR::Error::cluck('said'); $w[0] | /^said at /
APR::Error::confess             | eval { APR::Error::confess(APR::Error->new(rc => 2, func => 'g')) }; $@ | /^g: \(2\) No such file or directory at /
APR::Error::confess             | local $SIG{__DIE__} = \&APR::Error::confess; no_such_sub()   | /^died: Undefined subroutine &T::Case::no_such_sub called at /
APR::Error::strerror            | APR::Error::strerror(2), APR::Error::strerror(120000) | No such file or directory,exit was called
APR::Status::is_EACCES          | APR::Status::is_EACCES(13), APR::Status::is_EACCES(2) ? 1 : 0 | 1,0
APR::Status::is_EAGAIN          | APR::Status::is_EAGAIN(11), APR::Status::is_EAGAIN(APR::Error->new(rc => 11)) | 1,1
APR::Status::is_ECONNABORTED    | APR::Status::is_ECONNABORTED(103)                    | 1
APR::Status::is_ECONNRESET      | APR::Status::is_ECONNRESET(104)                      | 1
APR::Status::is_ENOENT          | APR::Status::is_ENOENT(2)                            | 1
APR::Status::is_EOF             | APR::Status::is_EOF(APR::Const::EOF)                 | 1
APR::Status::is_TIMEUP          | APR::Status::is_TIMEUP(APR::Const::TIMEUP)           | 1
APR::Const::import              | eval q{package T::C1; use APR::Const qw(EACCES :table); EACCES() == 13 && defined &OVERLAP_TABLES_SET} | 1
APR::Const::import              | eval q{use APR::Const qw(NONE_SUCH); 1} or $@        | /unknown APR::Const constant NONE_SUCH/
Apache2::Const::import          | eval q{package T::C2; use Apache2::Const qw(:common NOT_FOUND); OK() . DECLINED() . NOT_FOUND()} | 0-1404
Apache2::Const::import          | eval q{use Apache2::Const qw(:none); 1} or $@        | /unknown Apache2::Const group `none'/
ModPerl::Const::compile         | ModPerl::Const->compile('-compile', 'EXIT'); ModPerl::EXIT() | 120000
ModPerl::Const::import          | eval q{package T::C3; use ModPerl::Const qw(EXIT); EXIT()} | 120000
ModPerl::EXIT                   | eval q{use ModPerl::Const -compile => 'EXIT'; ModPerl::EXIT} | 120000
mod_perl2::VERSION              | require mod_perl2; $mod_perl2::VERSION               | 2.000012
R
);

done_testing;
