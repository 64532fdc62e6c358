#!/usr/bin/perl
# A CGI script, as it would run by itself. Compiled once per interpreter, it keeps its package variables from request to request.
use strict;
use warnings;

our $visits;
$visits++;
my ($name) = ($ENV{QUERY_STRING} // '') =~ /\bname=(\w+)/;
$name //= 'visitor';

print "Content-Type: text/html; charset=utf-8\n\n";
print <<"HTML";
<!DOCTYPE html>
<title>A CGI script</title>
<link rel="stylesheet" href="/style.css">
<p>Hello $name. This interpreter, of process $$, has run the script $visits times.</p>
HTML
