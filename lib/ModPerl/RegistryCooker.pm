package ModPerl::RegistryCooker;

# A CGI script becomes a sub of a package of its own, which is compiled once. Each step on the way is a method, so that a
# subclass may do one of them otherwise. The names of the steps, and of the fields of the object, are mod_perl's:
#
#   REQ       the request                            PACKAGE   the package of the script
#   URI       its address                            MTIME     when the file was written, in seconds
#   FILENAME  its file, which is the script          CODE      a reference to the text of the script
#
# This class is a handler that compiles a script once. ModPerl::Registry, PerlRun and their kin are choices among the variants
# of steps that are written here.

# First in this file: a script is compiled here, in sight of no variable and no pragma of ours. A trace made meanwhile shows of the
# script its begin, not all of it: by that line CGI::Carp tells that this `eval` is none of the script's, and shows the error.
sub _evaluate { local $Carp::MaxEvalLen = 40; eval ${ $_[0] } }

use strict;
use warnings;

use Apache2::Access      ();
use Apache2::Connection  ();
use Apache2::Log         ();
use Apache2::RequestIO   ();
use Apache2::RequestRec  ();
use Apache2::RequestUtil ();
use Apache2::Response    ();
use Apache2::ServerRec   ();
use Apache2::ServerUtil  ();
use APR::Finfo           ();
use APR::Status          ();
use APR::Table           ();
use File::Basename       ();
use File::Spec::Functions ();
use ModInterp::Script    ();
use ModPerl::Global      ();
use ModPerl::Util        ();

use Apache2::Const -compile => qw(:common CONN_CLOSE DONE LOG_TRACE2 &OPT_EXECCGI HTTP_OK);
use APR::Const -compile     => qw(FILETYPE_REG);
use ModPerl::Const -compile => 'EXIT';

our $VERSION = '1.99';

# Steps that do nothing, or always say the same.
use constant { NOP => '', TRUE => 1, FALSE => 0 };

use constant NAMESPACE_ROOT => 'ModPerl::ROOT';

# For subclasses that log with `debug if DEBUG & D_...`.
use constant { D_NONE => 0, D_ERROR => 1, D_WARN => 2, D_COMPILE => 4, D_NOISE => 8, DEBUG => 0 };
use constant IS_WIN32 => 0;

# What a server may set: whether messages name the script and its lines, and whether packages by URI differ between virtual hosts.
$ModPerl::Registry::MarkLine = 1 unless defined $ModPerl::Registry::MarkLine;
our $NameWithVirtualHost;
$NameWithVirtualHost = 1 unless defined $NameWithVirtualHost;

# Which script a package was made for: two paths that differ in odd characters only make the same package.
our %FILE_OF;

# What is said of it at "the short way".
our %KNOWN;

# ---------------------------------------------------------------------------------------------- the handler

# What the sub `handler` of each class here does, unless ModInterp::script_again has done it.
sub _handler {
    my ($class, $r) = @_;
    return $class->new($r)->default_handler;
}

sub new {
    my ($class, $r) = @_;
    my $self = bless {}, $class;
    $self->init($r);
    return $self;
}

sub init {
    my ($self, $r) = @_;
    $self->{REQ}      = $r;
    $self->{URI}      = $r->uri;
    $self->{FILENAME} = $r->filename;
    return;
}

# Compiles the script if that is to be done, and runs it.
sub default_handler {
    my ($self) = @_;
    my ($class, $r) = (ref $self, $self->{REQ});
    my $status = exists $KNOWN{$class} && $self->{FILENAME} eq $r->filename ? ModInterp::script_again($class, $r) : undef;
    return $status if defined $status;

    $self->make_namespace;
    $status = $self->should_compile ? $self->_compile_script : $self->_may_run_again;
    return $status unless $status == Apache2::Const::OK;

    # A script says its status by $r->status, a handler by what it returns. A page that it has printed goes with its status.
    my $before = $r->status;
    $status = $self->run;
    my $set = $before == Apache2::Const::HTTP_OK && $r->isa('Apache2::RequestRec') ? ModInterp::Script::status($r) : $r->status($before);
    $self->_remember;
    return $status == Apache2::Const::OK && $set && $set != $before ? $set : $status;
}

sub _compile_script {
    my ($self) = @_;
    my $status = $self->can_compile;
    return $status unless $status == Apache2::Const::OK;
    return $self->convert_script_to_compiled_handler;
}

# A script that another place has compiled may be forbidden here. A class with a rule of its own, which mod_perl asks before it
# compiles only, is not asked more often.
sub _may_run_again {
    my ($self) = @_;
    return Apache2::Const::OK if $self->can('can_compile') != \&can_compile;
    return $self->_forbidden || Apache2::Const::OK;
}

sub _forbidden {
    my ($self) = @_;
    return if $self->{REQ}->allow_options & Apache2::Const::OPT_EXECCGI;
    $self->_log("Options ExecCGI is off in this directory: $self->{FILENAME}");
    return Apache2::Const::FORBIDDEN;
}

# Calls the script's sub, then its END blocks, and tidies up.
sub run {
    my ($self, @more) = @_;
    my $package = $self->{PACKAGE};
    $self->chdir_file;
    my $loaded = $self->should_reset_inc_hash ? _loaded() : \%INC;

    my ($code, $process) = (\&{"$package\::handler"}, $$);
    eval { $code->($self->{REQ}, @more) };
    _end_child($package) if $$ != $process;
    my $status = $self->error_check;
    $status = $self->_run_end_blocks($status);

    _unload_files($loaded);
    $self->flush_namespace;
    $self->chdir_file(Apache2::ServerUtil::server_root());
    return $status;
}

# A file that was required and says no package has its subs where the script's are, which may be gone the next time.
sub _unload_files {
    my ($loaded) = @_;
    return if keys %$loaded == keys %INC;
    delete @INC{ grep { !exists $loaded->{$_} && !/\.pm\z/ } keys %INC };
    return;
}

# The names in %INC, which seldom change: copying them is a fifth of the work of PerlRun.
my $LOADED = {};

sub _loaded {
    $LOADED = { map { ($_ => 1) } keys %INC } if keys %$LOADED != keys %INC;
    return $LOADED;
}

# In a process that the script has forked, which has come to its end: it ends, with what the script said.
sub _end_child {
    my ($package) = @_;
    my $left = $@;
    eval { ModPerl::Global::special_list_call(END => $package) };
    die $left if $left;
    ModPerl::Util::exit(0);
}

# Returns their status, unless the script has an error already.
sub _run_end_blocks {
    my ($self, $status) = @_;
    local $@;
    eval { ModPerl::Global::special_list_call(END => $self->{PACKAGE}) };
    my $at_end = $self->error_check;
    return $status == Apache2::Const::OK ? $at_end : $status;
}

# ---------------------------------------------------------------------------------------------- the short way

# A script that has run before runs again at once, where all steps that would be taken are those of this file: it is looked up and
# called by ModInterp::script_again (shim/script.c), which reads this table. For each class:
#
#   [generation when its steps were looked at, \%its_package::, version, { key => script }, \&key, \&status, \&_evaluate, \$LOADED,
#    whether an exit with a status counts]
#
# where `key` tells a file and its version: 0 if a changed file is not compiled anew, 1 if it is, 2 if each request compiles the script.
# A script is [code, its entry in the table of what is cached, END blocks, package, undef, undef, $0 or undef], and if it is compiled each time,
# from a text that is kept, [undef, undef, END blocks, package, \%its_package::, text, $0, DATA].
my %EITHER = _subs(
    (map { $_ => $_ } qw(new init default_handler run can_compile make_namespace namespace_root error_check log_error)),
    namespace_from => 'namespace_from_filename',
    cache_table    => 'cache_table_common',
    chdir_file     => 'NOP',
);
my %KEPT = _subs(
    (map { $_ => $_ } qw(is_cached cache_it)),
    should_compile        => 'should_compile_if_modified|should_compile_once',
    should_reset_inc_hash => 'FALSE',
    flush_namespace       => 'NOP',
);
my %EACH_TIME = _subs(
    (map { $_ => $_ } qw(convert_script_to_compiled_handler read_script shebang_to_perl get_mark_line get_script_name strip_end_data_segment compile)),
    should_compile        => 'TRUE',
    cache_it              => 'NOP',
    should_reset_inc_hash => 'TRUE',
    flush_namespace       => 'flush_namespace_normal',
);

# Their subs as they are now: one that is replaced later is not ours.
sub _subs {
    my (%names) = @_;
    return map { ($_ => [map { __PACKAGE__->can($_) } split /\|/, $names{$_}]) } keys %names;
}

# For classes of ours that do a step otherwise.
sub _is_known_step {
    my ($step, $code) = @_;
    push @{ $EITHER{$step} }, $code;
    return;
}

sub _takes_steps {
    my ($class, %steps) = @_;
    for my $step (keys %steps) {
        my $code = $class->can($step) or return 0;
        return 0 unless grep { $code == $_ } @{ $steps{$step} };
    }
    return 1;
}

# The keys of scripts that are compiled each time, by their packages.
my %KEY_OF;

# Remembers a script that has run.
sub _remember {
    my ($self) = @_;
    my ($class, $package) = (ref $self, $self->{PACKAGE});
    my ($known, $now) = ($KNOWN{$class}, ModInterp::generation($class));
    if (!$known || $known->[0] != $now) {
        no strict 'refs';
        my $each_time = _takes_steps($class, %EITHER, %EACH_TIME);
        my $version   = $each_time ? 2 : $class->can('should_compile') == \&should_compile_if_modified ? 1 : 0;
        my $scripts   = $each_time || _takes_steps($class, %EITHER, %KEPT) ? {} : undef;
        $known = $KNOWN{$class} = [$now, \%{"${class}::"}, $version, $scripts, \&ModInterp::Script::key, $self->_takes_status, \&_evaluate, \$LOADED,
            $self->_exits_count];
    }
    my $scripts = $known->[3] or return;
    my $key = ModInterp::Script::key($self->{REQ}, $known->[2]);
    return unless defined $key;
    my $ends = $self->_ends_of_run;
    if ($known->[2] == 2) {
        my $compiled = $self->{COMPILED} or return;
        delete $scripts->{ $KEY_OF{$package} } if defined $KEY_OF{$package};
        $KEY_OF{$package} = $key;
        no strict 'refs';
        $scripts->{$key} = [undef, undef, $ends, $package, \%{"${package}::"}, @$compiled];
        return;
    }
    my $entry = cache_table_common()->{$package};
    return unless $entry && exists $entry->{mtime};
    delete $scripts->{ $entry->{key} } if defined $entry->{key};
    $entry->{key} = $key;
    $scripts->{$key} = [\&{"$package\::handler"}, $entry, $ends, $package, undef, undef, $self->_name_at_run];
    return;
}

# END blocks that run with each run of the script; whether what it says to `exit` matters.
sub _ends_of_run { return $ModInterp::END{ $_[0]{PACKAGE} } ||= [] }
sub _exits_count { return 0 }

# What gives the status that a script has set; undef if whoever calls the handler looks.
sub _takes_status { return \&ModInterp::Script::status }

# What $0 is while the script runs, if its own text does not say so.
sub _name_at_run { return undef }

# The rest of what default_handler does for a known script that died, has END blocks, or has forked this process. Returns a status.
sub _ended {
    my ($class, $script, $r, $is_forked) = @_;
    my $error = $@;
    my $self  = $class->new($r);
    $self->{PACKAGE} = $script->[3];
    $@ = $error;
    _end_child($script->[3]) if $is_forked;
    return $self->_run_end_blocks($self->error_check);
}

# The same for one that is known and could not be compiled again, as its BEGIN blocks died or exited this time.
sub _not_compiled {
    my ($class, $script, $r) = @_;
    my $error = $@;
    my $self  = $class->new($r);
    $self->{PACKAGE} = $script->[3];
    $@ = $error;
    my $status = $self->_compiled;
    return $status == Apache2::Const::OK ? $self->run : $status;
}

# What is seldom to be done behind a run of a script that is compiled each time.
sub _tidied {
    my ($loaded, $handles) = @_;
    _unload_files($loaded) if $loaded;
    close $_ for grep { fileno $_ } @{ $handles || [] };
    return;
}

# ---------------------------------------------------------------------------------------------- the package

# The package for this script; it becomes PACKAGE.
sub make_namespace {
    my ($self) = @_;
    my $name = $self->namespace_from;
    $name =~ s/([^A-Za-z0-9_])/sprintf '_%02x', ord $1/ge;
    $name =~ s/^(?=\d)/_/;
    my $package = $self->namespace_root . "::$name";
    return $self->{PACKAGE} = _own_package($package, $self->{FILENAME});
}

# Perl knows no name of more than 250 letters; and a package that another file has is not for this one.
sub _own_package {
    my ($package, $file) = @_;
    if (length $package > 230) {
        require Digest::MD5;
        $package = substr($package, 0, 190) . '_' . Digest::MD5::md5_hex("$package $file");
    }
    $package .= '_' while defined $FILE_OF{$package} && $FILE_OF{$package} ne $file;
    return $package;
}

sub namespace_root { return join '::', NAMESPACE_ROOT, ref $_[0] }

# Variant: by the file's path.
sub namespace_from_filename {
    my ($self) = @_;
    my ($volume, $folders, $file) = File::Spec::Functions::splitpath($self->{FILENAME});
    return join '_', grep { defined && length } $volume, File::Spec::Functions::splitdir($folders), $file;
}

# Variant: by the address, without what follows the script in it.
sub namespace_from_uri {
    my ($self) = @_;
    my ($r, $name) = @$self{qw(REQ URI)};
    my $after = $r->path_info;
    $name =~ s/\Q$after\E\z// if defined $after && length $after;
    if ($NameWithVirtualHost && $r->server->is_virtual) {
        my $host = $r->get_server_name;
        $name = $host . $name if $host;
    }
    $name =~ s{/+\z}{/__INDEX__};
    return $name;
}

# ---------------------------------------------------------------------------------------------- what is cached

# Variant: one table for all classes, { package => { mtime => seconds, version => text } }.
sub cache_table_common { return \%ModPerl::RegistryCache }

# Variant: a table in the class's own package.
sub cache_table_local {
    my $class = ref $_[0] || $_[0];
    no strict 'refs';
    return \%$class;
}

sub is_cached {
    my ($self) = @_;
    my $known = $self->cache_table->{ $self->{PACKAGE} };
    return $known && exists $known->{mtime};
}

sub cache_it {
    my ($self) = @_;
    my $entry = $self->cache_table->{ $self->{PACKAGE} } ||= {};
    $entry->{mtime}   = $self->{MTIME};
    $entry->{version} = $self->_version;
    return;
}

# What differs when the file was written twice within a second.
sub _version {
    my ($self) = @_;
    my $finfo = $self->{REQ}->finfo;
    return eval { $finfo->isa('APR::Finfo') } ? $finfo->version : undef;
}

# Variant: only if the script has not been compiled here.
sub should_compile_once { return !$_[0]->is_cached }

# Variant: also if its file has changed.
sub should_compile_if_modified {
    my ($self) = @_;
    $self->{MTIME} ||= $self->{REQ}->finfo->mtime;
    return 1 unless $self->is_cached;
    my $known = $self->cache_table->{ $self->{PACKAGE} };
    return 1 if $known->{mtime} != $self->{MTIME};
    my $version = $known->{version};
    return defined $version && $version ne ($self->_version // $version);
}

# ---------------------------------------------------------------------------------------------- compiling

# Whether this is a script that may be run; it sets MTIME. What is no file is left to httpd's own handlers, which answer 404 or
# show the folder.
sub can_compile {
    my ($self) = @_;
    my $finfo = $self->{REQ}->finfo;
    return Apache2::Const::DECLINED unless $finfo->filetype == APR::Const::FILETYPE_REG;
    $self->{MTIME} = $finfo->mtime;
    return $self->_forbidden || Apache2::Const::OK;
}

# Reads the script and makes it the sub `handler` of its package.
sub convert_script_to_compiled_handler {
    my ($self) = @_;
    my $status = $self->read_script;
    return $status unless $status == Apache2::Const::OK;
    $FILE_OF{ $self->{PACKAGE} } = $self->{FILENAME};

    my $switches = $self->shebang_to_perl;
    $self->chdir_file;
    my $mark = $self->get_mark_line;
    $self->strip_end_data_segment;
    my $name = $self->get_script_name || $0;
    my $head = "package $self->{PACKAGE};sub handler {";
    my $body = join '', $self->_before_each_run, $switches, $mark, ${ $self->{CODE} }, _pod_end($self->{CODE}), "\n}";
    my $text = $head . $self->_name_line($name) . $body;

    $self->_traced("compiles $self->{FILENAME}");
    $status = $self->compile(\$text);
    return $status unless $status == Apache2::Const::OK;
    $self->{COMPILED} = [$head . $body, $name, $self->{DATA}];
    $self->chdir_file(Apache2::ServerUtil::server_root());
    $self->cache_it;
    return Apache2::Const::OK;
}

# What a script finds as if it had been started by itself: its name,
sub _name_is {
    my ($name) = @_;
    $name =~ s/(?=['\\])/\\/g;
    return "local *0 = \\join '', '$name';";    # four times as fast as local $0, which also renames the process
}

# (a line of the script's own, so that whoever calls its sub need not know it)
sub _name_line { my (undef, $name) = @_; return _name_is($name) }

# and DATA at the beginning.
sub _before_each_run {
    my ($self) = @_;
    my $text = '';
    if (defined $self->{DATA}) {
        no strict 'refs';
        ${"$self->{PACKAGE}::__DATA__"} = $self->{DATA};
        $text .= q(open DATA, '<', \$__DATA__;);
    }
    # Such a script writes all of the answer, so httpd cannot tell where that ends, but by the end of the connection.
    $text .= '$_[0]->assbackwards(1); $_[0]->connection->keepalive(Apache2::Const::CONN_CLOSE);'
        if File::Basename::basename($self->{FILENAME}) =~ /^nph-/;
    return $text;
}

# Perl takes a file's end for the end of a pod; here the script is not the end of the text.
sub _pod_end {
    my ($code) = @_;
    my $last = ($$code =~ /^=([A-Za-z]\w*)/mg)[-1];
    return defined $last && $last ne 'cut' ? "\n;\n\n=pod\n\n=cut\n" : '';
}

# Sets CODE, and returns a status.
sub read_script {
    my ($self) = @_;
    $self->{CODE} = eval { $self->{REQ}->slurp_filename(0) };
    return Apache2::Const::OK unless $@;
    my $error = $@;
    $self->log_error("$error");
    # httpd's page about 403 shows this note, and the message has a path.
    $self->{REQ}->notes->unset('error-notes');
    if (ref $error eq 'APR::Error') {
        return Apache2::Const::FORBIDDEN if APR::Status::is_EACCES($error);
        return Apache2::Const::NOT_FOUND if APR::Status::is_ENOENT($error);
    }
    return Apache2::Const::SERVER_ERROR;
}

# Perl code for the switches in the script's first line.
sub shebang_to_perl {
    my ($self) = @_;
    my ($line) = ${ $self->{CODE} } =~ /\A#!(.*)/ or return '';
    my $code = '';
    for my $word (split ' ', $line) {
        next unless $word =~ s/^-//;
        last if $word =~ /^-/;
        $code .= "use warnings;\n" if $word =~ /w/;
        if ($word =~ /T/ && !${^TAINT}) {
            Apache2::ServerRec::warn("$self->{FILENAME}: -T switch is ignored, enable with 'PerlSwitches -T' in httpd.conf");
        }
    }
    return $code;
}

sub get_script_name { return $_[0]{FILENAME} }

# The line from which messages, caller and __FILE__ have the script's name and lines.
sub get_mark_line {
    my ($self) = @_;
    return '' unless $ModPerl::Registry::MarkLine;
    my $file = $self->{FILENAME};
    $file =~ tr/\n/?/;
    $file = qq("$file") unless $file =~ /"/;
    return "\n#line 1 $file\n";
}

# What stands behind __END__ or __DATA__ is not compiled: the script reads it from DATA.
sub strip_end_data_segment {
    my ($self) = @_;
    delete $self->{DATA};
    $self->{DATA} = $1 if ${ $self->{CODE} } =~ s/^__(?:END|DATA)__(?!\w)[^\n]*(?:\n(.*)|\z)//ms;
    return;
}

# Compiles the text. END blocks of the script are its own, and are run after each of its runs.
sub compile {
    my ($self, $text) = @_;
    ModPerl::Global::special_list_register(END => $self->{PACKAGE});
    ModPerl::Global::special_list_clear(END => $self->{PACKAGE});
    _evaluate($text);
    return $self->_compiled;
}

# The status of a compilation. A program that does not compile has its own $SIG{__DIE__} called, which may make a page of the error; for
# an `eval` of text perl does this only where something died meanwhile.
sub _compiled {
    my ($self) = @_;
    if ($@ && $SIG{__DIE__} && $@ !~ /compilation aborted|Can't find string terminator|marked by <-- HERE/) {
        my $error = $@;
        eval { die $error };
    }
    return Apache2::Const::DONE if _is_exit();
    return $self->error_check;
}

# ---------------------------------------------------------------------------------------------- other steps

sub _is_exit { return ref $@ eq 'APR::Error' && $@ == ModPerl::EXIT }

# A status for $@: `exit` is no error.
sub error_check {
    my ($self) = @_;
    return Apache2::Const::OK if !$@ || _is_exit();
    $self->log_error($@);
    return Apache2::Const::SERVER_ERROR;
}

# Variant: empties the package.
sub flush_namespace_normal {
    my ($self) = @_;
    ModPerl::Util::unload_package($self->{PACKAGE});
    return;
}

# Variant: makes the script's folder, or another one, the current one.
sub chdir_file_normal {
    my ($self, $folder) = @_;
    $folder ||= File::Basename::dirname($self->{FILENAME});
    chdir $folder or die "Can't chdir to $folder: $!";
    return;
}

ModInterp::script_handler(__PACKAGE__);
*namespace_from        = \&namespace_from_filename;
*cache_table           = \&cache_table_common;
*should_compile        = \&should_compile_once;
*should_reset_inc_hash = \&FALSE;
*flush_namespace       = \&NOP;
*chdir_file            = \&NOP;

# ---------------------------------------------------------------------------------------------- for subclasses

# Gives a class a sub for each name: { should_compile => 'ModPerl::RegistryCooker::should_compile_if_modified', ... }.
sub install_aliases {
    my ($class, $names) = @_;
    no strict 'refs';
    no warnings 'redefine';
    for my $name (sort keys %$names) {
        my $code = *{ $names->{$name} }{CODE} or die "$class: $name: there is no sub $names->{$name}";
        *{"${class}::$name"} = $code;
    }
    return;
}

sub debug {
    my ($self, @text) = @_;
    $self->{REQ}->log_error("$$: " . ref($self) . ': ' . join '', @text);
    return;
}

# Logs a message, and keeps it for an error page: in the request's note `error-notes`, and in %@ by the address.
sub log_error {
    my ($self, $message) = @_;
    my $text = ModInterp::shown($message);
    $self->_log($text);
    $self->{REQ}->notes->set('error-notes' => $text);
    no strict 'refs';
    %@ = () if keys %@ > 100;
    $@{ $self->{URI} } = $message;
    return;
}

# The line names the handler whose configuration asks for the script.
sub _log {
    my ($self, $text) = @_;
    my $r = $self->{REQ};
    return $r->log_error($text) unless $r->isa('Apache2::RequestRec');
    return ModInterp::Script::failed($r, ref $self, $text);
}

# A line for LogLevel perl:trace2; what has class and interpreter is that of perl:trace1 before it.
sub _traced {
    my ($self, $what) = @_;
    my $r = $self->{REQ};
    $r->log_rerror(__FILE__, __LINE__, Apache2::Const::LOG_TRACE2, 0, $what) if $r->isa('Apache2::RequestRec');
    return;
}

# Called by a script: it will be compiled anew for its next request. A testing aid.
sub uncache_myself {
    my $package = caller;
    my $known   = __PACKAGE__->cache_table_common->{$package};
    return delete $known->{mtime} if $known && exists $known->{mtime};
    Apache2::ServerRec::warn("$$: cannot find $package in cache");
    return;
}

1;
