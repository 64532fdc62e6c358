package TestHttpd::Lua;

# A real httpd with lua_module instead of perl_module (perl => 1: beside it), and tests that are rows of a table.
# LUA_SO=/usr/lib/apache2/modules/mod_lua.so in the environment runs a file against that module; `ours` is then false.

use strict;
use warnings;

use File::Basename qw(basename);
use File::Copy ();
use Test::More ();

use TestHttpd ();

our @ISA    = ('TestHttpd');
our @EXPORT = qw(test_rows run_rows ours jit);
our $TODO;

# All of TestHttpd, with `ours` as this module means it. A module built without Lua has nothing to test here.
sub import {
    my $class = shift;
    my $to    = caller;
    strict->import;
    warnings->import;
    Test::More->export_to_level(1, $class, grep { $_ ne 'done_testing' } @Test::More::EXPORT);
    no strict 'refs';
    *{"${to}::$_"} = \&{"TestHttpd::$_"} for grep { $_ ne 'ours' } @TestHttpd::EXPORT;
    *{"${to}::$_"} = \&{$_} for @EXPORT;
    Test::More::plan(skip_all => 'the module is built without Lua') unless has_lua();
}

sub ours   { basename(lua_so()) ne 'mod_lua.so' }
# The module is ours, built with LuaJIT.
sub jit { ours() && TestHttpd::slurp(lua_so()) =~ /libluajit/ }

sub lua_so { $ENV{LUA_SO} || TestHttpd::module_so() }

sub has_lua {
    return 1 if $ENV{LUA_SO} || !-e lua_so();
    return TestHttpd::slurp(lua_so()) =~ /\0lua_module\0/;
}

# As TestHttpd::prepare, with scripts => { 'x.lua' => '...' } under LuaRoot and rows => [...] under htdocs/rows.
sub prepare {
    my ($class, %opt) = @_;
    $opt{perl} = 0 unless defined $opt{perl};
    my %files = %{ $opt{files} || {} };
    $files{"lua/$_"} = $opt{scripts}{$_} for keys %{ $opt{scripts} || {} };
    my $n = 0;
    for my $row (@{ $opt{rows} || [] }) {
        $files{ sprintf 'htdocs/rows/%d.lua', $n++ } = script($row->[1]);
    }
    return $class->SUPER::prepare(%opt, files => \%files);
}

sub stage {
    my ($self) = @_;
    my $root = $self->{root};
    mkdir "$root/lua";
    if (ours() && !$ENV{LUA_SO}) {
        $self->stage_module;
        $self->{lua_so} = $self->{so};
        return;
    }
    $self->SUPER::stage;
    $self->{lua_so} = "$root/modules/" . basename lua_so();
    File::Copy::copy(lua_so(), $self->{lua_so}) or die lua_so() . ": $!";
    chmod 0644, $self->{lua_so};
}

# plain => 1 leaves out all but the LoadModule line.
sub module_lines {
    my ($self) = @_;
    my $lines = $self->SUPER::module_lines;
    $lines .= qq(LoadModule lua_module "\@lua_so\@"\n) unless $self->{opt}{no_loadmodule};
    return $lines if $self->{opt}{plain} || $self->{opt}{no_loadmodule};
    return $lines . <<'C';
LuaRoot "@lua@"
<Files "*.lua">
    SetHandler lua-script
</Files>
C
}

# The lines of a traceback say no more than the message before them, which is looked at.
sub unexpected {
    my ($self) = @_;
    return grep { !/\](?:\sstack\straceback:$|\s{2,}(?:\[C\]: in|\(?\.\.\.|\S+:\d*:? in ))/ } $self->SUPER::unexpected;
}

# ------------------------------------------------------------------------------------------------------------ rows

# Written behind each row's script, so that its lines keep their numbers: show(...) is one string of any values, with
# tables sorted by key; a number is written alike by Lua 5.3 and 5.4, whether it is a float or not.
my $SHOW = <<'L';

function show1(v)
  if type(v) == "number" then return v % 1 == 0 and ("%d"):format(v) or tostring(v) end
  if type(v) == "function" or type(v) == "userdata" then return type(v) end
  if type(v) ~= "table" then return tostring(v) end
  local keys, out = {}, {}
  for k in pairs(v) do keys[#keys + 1] = k end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for i, k in ipairs(keys) do out[i] = tostring(k) .. "=" .. show1(v[k]) end
  return "{" .. table.concat(out, " ") .. "}"
end
function show(...)
  local out = {}
  for i = 1, select("#", ...) do out[i] = show1((select(i, ...))) end
  return table.concat(out, "|")
end
L

# A text without `function handle` is the body of one, which ends with OK after what it returns was shown.
sub script {
    my ($code) = @_;
    return $code . $SHOW if $code =~ /\bfunction\s+handle\b/;
    return "function handle(r) r.content_type = 'text/plain' r:write(show((function() $code\nend)())) return apache2.OK end$SHOW";
}

# Starts a server for the rows on each MPM (mpms => [...]) and runs them; ready => sub { my $s = shift; ... } is
# called before, expect => [...] are lines that may be in the log. A row is [name, script, expected content, option => ...] with
#   query, path_info, at (another address), method, headers, body   the request
#   status (200), header => {name => value}, log                    further expectations
#   wrong => reason                                                 mod_lua is wrong here (with LUA_SO a TODO)
#   ends => reason                                                  and its child process ends by it (a skip)
#   mod_lua => other content                                        what mod_lua rightly says instead
# Expected is a string, a pattern, or code that is called with the answer.
sub test_rows {
    my ($rows, %start) = @_;
    my @mpms  = @{ delete $start{mpms} || [qw(event prefork)] };
    my $ready = delete $start{ready};
    my @expect = @{ delete $start{expect} || [] };
    TestHttpd::for_each_mpm(@mpms, sub {
        my ($mpm) = @_;
        my $s = __PACKAGE__->start(%start, mpm => $mpm, rows => $rows);
        $s->expect_log(@expect);
        $ready->($s) if $ready;
        run_rows($s, $rows);
    });
}

# All rows, or those with the numbers given.
sub run_rows {
    my ($s, $rows, @numbers) = @_;
    for my $n (@numbers ? @numbers : 0 .. $#$rows) {
        my ($name, undef, undef, %opt) = @{ $rows->[$n] };
        my $why = $opt{ends} || $opt{wrong};
        if (!$why || ours()) { row($s, $n, $rows->[$n]); next }
        if ($opt{ends}) {
            SKIP: { local $Test::Builder::Level = $Test::Builder::Level + 1; Test::More::skip("$name: mod_lua: $why", 1) }
            next;
        }
        local $TODO = "mod_lua: $why";
        row($s, $n, $rows->[$n]);
    }
}

sub row {
    my ($s, $n, $row) = @_;
    my ($name, undef, $expected, %opt) = @$row;
    my $at = defined $opt{at} ? $opt{at} : "/rows/$n.lua" . (defined $opt{path_info} ? $opt{path_info} : '');
    $at .= "?$opt{query}" if defined $opt{query};
    my $method = $opt{method} || (defined $opt{body} ? 'POST' : 'GET');
    $s->mark_log if $opt{log};
    my $answer = $s->request($method, $at, $opt{headers}, $opt{body});
    $expected = $opt{mod_lua} if exists $opt{mod_lua} && !ours();
    my $got = $answer->{content};
    my $status = defined $opt{status} ? $opt{status} : 200;
    if (ref $status ? $answer->{status} !~ $status : $answer->{status} ne $status) { Test::More::is("status $answer->{status}", "status $status", $name) or Test::More::diag($got) }
    elsif (ref $expected eq 'CODE')   { $expected->($answer, $s) }
    elsif (ref $expected)             { Test::More::like($got, $expected, $name) }
    elsif (defined $expected)         { Test::More::is($got, $expected, $name) }
    else                              { Test::More::pass($name) }
    for my $header (sort keys %{ $opt{header} || {} }) {
        my $want = $opt{header}{$header};
        my $have = $answer->{headers}{$header};
        $have = join '; ', @$have if ref $have;
        if (ref $want) { Test::More::like($have, $want, "$name: $header") }
        else           { Test::More::is($have, $want, "$name: $header") }
    }
    $s->log_like($opt{log}, "$name: log") if $opt{log};
}

1;
