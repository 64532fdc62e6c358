package Demo::Highlight;

# Colours Perl, Lua and httpd's configuration as HTML. It knows as much of them as the examples use.

use strict;
use warnings;

use Demo::Page ();

my $keyword = join '|', qw(
    my our local sub package use no require return if elsif else unless while until for foreach last next redo
    and or not eq ne lt gt le ge cmp x do eval die warn print printf push pop shift unshift splice map grep sort
    keys values each exists delete defined undef ref bless join split length substr sprintf sleep select time
    localtime open close lc uc reverse scalar wantarray chr hex ord
);

sub perl {
    my ($text) = @_;
    my $out = '';
    pos($text) = 0;
    while (pos $text < length $text) {
        if ($text =~ /\G(<<"?(\w+)"?[^\n]*\n.*?^\2\n)/gcms)    { $out .= heredoc($1) }
        elsif ($text =~ /\G(#[^\n]*)/gc)                         { $out .= span(c => $1) }
        elsif ($text =~ /\G("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/gcs) { $out .= span(s => $1) }
        elsif ($text =~ /\G(\bq[qwr]?(?:\([^)]*\)|\{[^}]*\}|\/[^\/]*\/))/gc) { $out .= span(s => $1) }
        elsif ($text =~ /\G([\$\@%]\{?\^?\w[\w:]*\}?|\$[\$!\@&_])/gc) { $out .= span(v => $1) }
        elsif ($text =~ /\G(\b(?:$keyword)\b)(?!\s*=>)/gco)      { $out .= span(k => $1) }
        elsif ($text =~ /\G([A-Za-z_]\w*(?:::\w+)+)/gc)          { $out .= span(m => $1) }
        elsif ($text =~ /\G(\b\d[\d_.]*\b)/gc)                   { $out .= span(n => $1) }
        elsif ($text =~ /\G([A-Za-z_]\w*|\s+|.)/gcs)             { $out .= Demo::Page::escape($1) }
    }
    return $out;
}

my $lua_keyword = join '|', qw(
    and break do else elseif end false for function goto if in local nil not or repeat return then true until while
    require pairs ipairs setmetatable tostring type
);

sub lua {
    my ($text) = @_;
    my $out = '';
    pos($text) = 0;
    while (pos $text < length $text) {
        if ($text =~ /\G(\[\[.*?\]\])/gcs)                       { $out .= join "\n", map { span(s => $_) } split /\n/, $1, -1 }
        elsif ($text =~ /\G(--[^\n]*)/gc)                        { $out .= span(c => $1) }
        elsif ($text =~ /\G("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/gcs) { $out .= span(s => $1) }
        elsif ($text =~ /\G(\b(?:$lua_keyword)\b)/gco)           { $out .= span(k => $1) }
        elsif ($text =~ /\G(\b(?:r|apache2|coroutine)\b)/gc)     { $out .= span(m => $1) }
        elsif ($text =~ /\G(\b\d[\d.]*\b)/gc)                   { $out .= span(n => $1) }
        elsif ($text =~ /\G([A-Za-z_]\w*|\s+|.)/gcs)            { $out .= Demo::Page::escape($1) }
    }
    return $out;
}

# <<HTML; starts on a line of code, which goes on until its end.
sub heredoc {
    my ($first, $rest) = split /\n/, $_[0], 2;
    return perl_line($first) . "\n" . join '', map { span(s => $_) . "\n" } split /\n/, $rest;
}

sub perl_line {
    my ($line) = @_;
    my ($mark, $rest) = $line =~ /^(<<"?\w+"?)(.*)$/;
    return span(s => $mark) . Demo::Page::escape($rest);
}

sub config {
    my ($text) = @_;
    return join "\n", map {
        my $line = $_;
          $line =~ /^\s*#/                     ? span(c => $line)
        : $line =~ m{^(\s*)(</?\w+)(.*?)(>)$}  ? $1 . span(k => $2) . span(s => $3) . span(k => $4)
        : $line =~ /^(\s*)(\w+)(.*)$/          ? $1 . span(m => $2) . span(s => $3)
        :                                        Demo::Page::escape($line)
    } split /\n/, $text;
}

sub span {
    my ($class, $text) = @_;
    return length $text ? qq(<i class="$class">) . Demo::Page::escape($text) . '</i>' : '';
}

1;
