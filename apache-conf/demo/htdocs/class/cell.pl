#!/usr/bin/perl
# A script of an interpreter class: it has one interpreter in each process, which nobody else's scripts share.
use strict;
use warnings;
use PerlEx ();

our $runs;
$runs++;
PerlEx::Reload() if ($ENV{QUERY_STRING} // '') eq 'reload';

print "Content-Type: text/html; charset=utf-8\n\n";
print <<"HTML";
<!DOCTYPE html>
<title>An interpreter class</title>
<link rel="stylesheet" href="/style.css">
<p>Class <b>@{[ PerlEx::class() ]}</b>, whose start-up code says: $Demo::Cell::motto. Run $runs of this interpreter, of process $$.</p>
<p><a href="?reload">Replace the interpreter</a></p>
HTML
