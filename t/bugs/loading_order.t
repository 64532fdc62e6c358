# What is there after `use X` and nothing else: modules in %INC, the version, other packages' subs. The table is mod_perl 2.0.12's,
# and this file runs on it, too. A class that is not there yet dies when it is loaded.
use lib 't/lib';
use TestHttpd;

# Class | its $VERSION | what else is in %INC then
my $table = <<'T';
APR                     | 0.009000 | constant.pm
APR::Base64             | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::Brigade            | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::Bucket             | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::BucketAlloc        | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::BucketType         | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::Const              | 0.009000 | APR.pm ModPerl/Const.pm XSLoader.pm constant.pm mod_perl.pm mod_perl2.pm
APR::Date               | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::Error              | 0.009000 | APR.pm APR/Util.pm APR/XSLoader.pm Carp.pm Carp/Heavy.pm Exporter.pm XSLoader.pm constant.pm overload.pm overloading.pm
APR::Finfo              | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::IpSubnet           | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::OS                 | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::PerlIO             | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::Pool               | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::SockAddr           | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::Socket             | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::Status             | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::String             | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::Table              | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::ThreadMutex        | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::ThreadRWLock       | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::URI                | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::UUID               | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::Util               | 0.009000 | APR.pm APR/XSLoader.pm XSLoader.pm constant.pm
APR::XSLoader           | -        | XSLoader.pm
Apache2::Access         | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::CmdParms       | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::Command        | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::Connection     | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::ConnectionUtil | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::Const          | 2.000012 | ModPerl/Const.pm XSLoader.pm constant.pm mod_perl.pm mod_perl2.pm
Apache2::Directive      | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::Filter         | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::FilterRec      | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::HookRun        | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::Log            | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::MPM            | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::Module         | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::PerlSections   | 2.00     | APR.pm APR/Table.pm APR/XSLoader.pm Apache2/CmdParms.pm Apache2/Const.pm Apache2/Directive.pm Apache2/Log.pm Apache2/ServerRec.pm Apache2/ServerUtil.pm Apache2/XSLoader.pm Exporter.pm ModPerl/Const.pm XSLoader.pm constant.pm mod_perl.pm mod_perl2.pm
Apache2::PerlSections::Dump | 0.01 | APR.pm APR/Table.pm APR/XSLoader.pm Apache2/CmdParms.pm Apache2/Const.pm Apache2/Directive.pm Apache2/Log.pm Apache2/PerlSections.pm Apache2/ServerRec.pm Apache2/ServerUtil.pm Apache2/XSLoader.pm Data/Dumper.pm Exporter.pm ModPerl/Const.pm XSLoader.pm constant.pm mod_perl.pm mod_perl2.pm
Apache2::Process        | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::Provider       | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::RequestIO      | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::RequestRec     | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::RequestUtil    | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::Response       | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::ServerRec      | 2.000012 | Apache2/Log.pm Apache2/XSLoader.pm Exporter.pm XSLoader.pm
Apache2::ServerUtil     | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::SubProcess     | 2.000012 | APR.pm APR/PerlIO.pm APR/XSLoader.pm Apache2/XSLoader.pm XSLoader.pm constant.pm
Apache2::SubRequest     | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::URI            | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::Util           | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
Apache2::XSLoader       | -        | XSLoader.pm
ModPerl::Const          | 2.000012 | constant.pm mod_perl.pm mod_perl2.pm
ModPerl::Global         | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
ModPerl::InterpPool     | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
ModPerl::Interpreter    | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
ModPerl::TiPool         | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
ModPerl::TiPoolConfig   | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
ModPerl::Util           | 2.000012 | Apache2/XSLoader.pm XSLoader.pm
mod_perl2               | 2.000012 | mod_perl.pm
T
my @missing = qw(
    Apache2::ConstantsTable
    Apache2::FunctionTable
    Apache2::ParseSource
    Apache2::SourceTables
    Apache2::StructureTable
    ModPerl::BuildOptions
    ModPerl::CScan
    ModPerl::Code
    ModPerl::Config
    ModPerl::FunctionMap
    ModPerl::Manifest
    ModPerl::MapUtil
    ModPerl::ParseSource
    ModPerl::StructureMap
    ModPerl::TestReport
    ModPerl::TestRun
    ModPerl::TypeMap
    ModPerl::WrapXS
);
# After the first word alone, the second is defined or not; a method by its class.
my %sub = (
    'Apache2::RequestRec'  => 'Apache2::RequestRec::uri !Apache2::RequestRec::print !Apache2::RequestRec::no_cache !Apache2::RequestRec::pnotes',
    'Apache2::RequestIO'   => 'Apache2::RequestRec::print Apache2::RequestRec::printf !Apache2::RequestRec::uri !Apache2::RequestRec::pnotes',
    'Apache2::RequestUtil' => 'Apache2::RequestRec::no_cache Apache2::RequestRec::pnotes !Apache2::RequestRec::print !Apache2::ServerUtil::server_root',
    'Apache2::Response'    => 'Apache2::RequestRec::custom_response !Apache2::RequestRec::print',
    'Apache2::SubProcess'  => 'Apache2::RequestRec::spawn_proc_prog !Apache2::RequestRec::print',
    'Apache2::ServerRec'   => 'Apache2::ServerRec::warn Apache2::Log::LOG_MARK !Apache2::ServerRec::dir_config',
    'Apache2::ServerUtil'  => 'Apache2::ServerRec::dir_config Apache2::ServerUtil::server_root !Apache2::ServerRec::server_hostname',
    'Apache2::Directive'   => 'Apache2::Directive::conftree Apache2::Directive::lookup Apache2::Directive::as_hash',
    'Apache2::Const'       => 'Apache2::Const::compile !Apache2::Const::HTTP_GONE',
    'APR::Const'           => 'APR::Const::compile !APR::Const::EACCES',
    'APR::Error'           => 'APR::Error::str APR::Error::strerror APR::Util::password_validate Carp::croak',
    'APR::UUID'            => 'APR::UUID::DESTROY APR::XSLoader::load',
    'APR::PerlIO'          => 'APR::PerlIO::PERLIO_LAYERS_ARE_ENABLED',
    'ModPerl::Util'        => 'ModPerl::Util::current_perl_id ModPerl::Util::untaint ModPerl::Util::exit ModPerl::Util::unload_package',
    'ModPerl::Global'      => 'Apache2::XSLoader::load',
    'ModPerl::Interpreter' => 'ModPerl::Interpreter::current !ModPerl::InterpPool::server !ModPerl::Util::unload_package',
    'ModPerl::TiPool'      => 'ModPerl::TiPool::size !ModPerl::TiPoolConfig::max !ModPerl::InterpPool::server',
);
# Code that depends on what is loaded: its value.
my @code = (
    ['(defined $mod_perl2::VERSION ? 1 : 0) . (defined $mod_perl::VERSION ? 1 : 0)', '00', 'no version before anything is loaded'],
    ['require Apache2::RequestRec; defined $mod_perl2::VERSION ? 1 : 0',             '0',  'nor by a class of requests'],
    ['require Apache2::Const; ($mod_perl2::VERSION || $mod_perl::VERSION) >= 1.999022 ? 1 : 0', '1', 'the constants bring it, as modules for both generations ask'],
    ['require APR::Const; $mod_perl2::VERSION',                                      '2.000012', 'those of APR, too'],
    ['require mod_perl2; "$mod_perl2::VERSION $mod_perl2::VERSION_TRIPLET $mod_perl2::API_VERSION $mod_perl::VERSION"', '2.000012 2.0.12 2 2.000012', 'all names of the version'],
    ['require mod_perl2; require mod_perl; $INC{"mod_perl.pm"} eq $INC{"mod_perl2.pm"} ? 1 : 0', '1', 'mod_perl is mod_perl2'],
    ['"$ENV{MOD_PERL} $ENV{MOD_PERL_API_VERSION}"',                                   'mod_perl/2.0.12 2', 'the environment says it from the start'],
    ['join " ", map { exists $INC{$_} ? 1 : 0 } "DynaLoader.pm", "Config.pm"',        '1 1', 'DynaLoader is loaded at the start'],
    ['require Apache2::ServerUtil; eval q{Apache2::ServerUtil::server_root . "/x"} eq Apache2::ServerUtil::server_root() . "/x" ? 1 : 0', '1', 'server_root is a constant, also without parentheses'],
    ['require Apache2::ServerUtil; eval q{length(Apache2::ServerUtil::get_server_built . "") > 8} ? 1 : 0', '1', 'get_server_built is one'],
    ['require Apache2::MPM; (eval q{(Apache2::MPM::is_threaded ? "t" : "p") . "."}) =~ /^[tp]\.$/ ? 1 : 0', '1', 'is_threaded is one'],
    ['require Apache2::MPM; lc eval q{Apache2::MPM::show . "."}',                     '@mpm@.', 'show is one'],
    ['require Apache2::ServerRec; eval q{package A; Apache2::ServerRec->import("log_error"); 1} ? "exported" : "not exported"', 'not exported', 'log_error is not exported'],
    ['require Apache2::ServerRec; package A; Apache2::ServerRec->import("warn"); defined &A::warn ? 1 : 0', '1', 'warn is'],
    ['eval "use APR::Table 0.009; 1" ? 1 : $@',                                       '1',  'the family of APR has the version 0.009000'],
    ['eval "use APR::Table 2; 1" ? 1 : 0',                                            '0',  'and no other'],
    ['eval "use Apache2::RequestRec 2.0; 1" ? 1 : $@',                                '1',  'the others have that of mod_perl'],
    ['my @i = grep { index($_, "@root@") == 0 } @INC; join " ", $i[-2], $i[-1], $INC[-1] eq $i[-1] ? "last" : "not last"', '@root@ @root@/lib/perl last', '@INC ends with ServerRoot and its lib/perl'],
    ['push @INC, "@root@/other"; require Apache2::ParseSource; Apache2::ParseSource->there . " " . ($INC{"Apache2/ParseSource.pm"} =~ /other/ ? "its file" : "ours")', 'there its file', 'another copy of a class that is not there is loaded'],
    ['push @INC, "@root@/other"; eval { require Apache2::SourceTables; 1 } ? "loaded" : $@ =~ /not there yet .* does not load: broken in itself/ ? "its error" : $@', 'its error', 'and what is wrong with it is told'],
    ['push @INC, "@root@/other"; eval { require Apache2::FunctionTable; 1 } ? "loaded" : $@ =~ /^Apache2::FunctionTable is not there yet/ ? "not there" : $@', 'not there', 'but none that has a compiled part, which was made for mod_perl'],
    ['require InRoot; require InLibPerl; $InRoot::OK . $InLibPerl::OK',               'ab', 'modules there are found'],
);

my $ask = <<'P';
package Ask;
sub answer {
    my ($what) = @_;
    pipe my $from, my $to or die $!;
    my $pid = fork // die $!;
    if (!$pid) {
        close $from;
        my $text = eval { $what->() } // "died: $@";
        syswrite $to, $text;
        require POSIX;
        POSIX::_exit(0);
    }
    close $to;
    my $text = do { local $/; readline $from };
    waitpid $pid, 0;
    return $text // '';
}
sub class {
    my ($class, @subs) = @_;
    my %before = %INC;
    eval "package main; use $class; 1" or die $@;
    (my $file = "$class.pm") =~ s{::}{/}g;
    my @inc = grep { !$before{$_} && $_ ne $file && !m{^ModInterp/} } sort keys %INC;
    no strict 'refs';
    return join "\t", ${"${class}::VERSION"} // '-', join(' ', @inc), join ' ', grep { my ($not, $sub) = /^(!?)(.*)/; !!defined &$sub != !$not } @subs;
}
open my $in, '<', '@root@/questions' or die $!;
my @questions = map { chomp; [split /\t/] } <$in>;
open my $out, '>', '@var@/answers' or die $!;
for my $question (@questions) {
    my ($kind, $text, @rest) = @$question;
    my $answer = answer($kind eq 'class' ? sub { class($text, @rest) } : sub { package main; eval $text // "died: $@" });
    $answer =~ s/\n/\\n/g;
    print {$out} "$answer\n";
}
close $out;
1;
P

my @classes = map { [split /\s*\|\s*/] } split /\n/, $table;
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $questions = join '', (map { join("\t", 'class', $_->[0], split ' ', $sub{ $_->[0] } // '') . "\n" } @classes), (map { "class\t$_\n" } @missing),
        map { (my $code = $_->[0]) =~ s/\@mpm\@/$mpm/; "code\t$code\n" } @code;
    my $s = TestHttpd->start(mpm => $mpm, config => 'PerlPostConfigRequire @root@/ask.pl', files => {
        'ask.pl' => $ask, questions => $questions,
        'other/Apache2/ParseSource.pm' => 'package Apache2::ParseSource; our $VERSION = "0.13"; sub there { "there" } 1;', 'other/Apache2/SourceTables.pm' => 'die "broken in itself"; 1;',
        'other/Apache2/FunctionTable.pm' => 'package Apache2::FunctionTable; 1;', 'other/auto/Apache2/FunctionTable/FunctionTable.so' => '',
        'InRoot.pm' => 'package InRoot; our $OK = "a"; 1;', 'lib/perl/InLibPerl.pm' => 'package InLibPerl; our $OK = "b"; 1;',
    });
    my @answers = split /\n/, slurp($s->root . '/var/answers');
    for my $row (@classes) {
        my ($class, $version, $inc) = @$row;
        my ($got_version, $got_inc, $wrong) = split /\t/, shift(@answers) // '', -1;
        is $got_version, $version, "$class: its version";
        my %expect = map { $_ => 1 } split ' ', $inc // '';
        is join(' ', grep { $expect{$_} } split ' ', $got_inc), join(' ', sort keys %expect), "$class: what it loads";
        is join(' ', grep { !$expect{$_} && m{^(?:APR|Apache2|ModPerl|mod_perl)} } split ' ', $got_inc), '', "$class: and what it does not" if ours;
        is $wrong, '', "$class: subs that are there, and that are not" if $sub{$class};
    }
    for my $class (@missing) {
        my $answer = shift @answers;
        like $answer, qr/^died: \Q$class\E is not there yet in mod_interp/, "$class dies when it is loaded" if ours;
    }
    for my $row (@code) {
        my ($code, $expect, $name) = @$row;
        my $root = $s->root;
        s/\@mpm\@/$mpm/g, s/\@root\@/$root/g for $expect;
        is shift @answers, $expect, $name;
    }
});

done_testing;
