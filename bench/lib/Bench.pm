package Bench;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Filter ();
use APR::Table ();
use Apache2::Const -compile => qw(OK DECLINED FORBIDDEN);

my $line = '-' x 512;
my $logged = 0;

sub empty { Apache2::Const::OK }

sub hello {
    my ($r) = @_;
    $r->content_type('text/plain');
    $r->print('Hello, World!');
    return Apache2::Const::OK;
}

sub script {
    my ($r) = @_;
    $r->content_type('text/plain');
    print 'Hello, World!';
    return Apache2::Const::OK;
}

sub tables {
    my ($r) = @_;
    my ($in, $out) = ($r->headers_in, $r->headers_out);
    $r->content_type('text/plain');
    for my $i (0 .. 9) {
        my $value = $in->{"X-In$i"};
        $out->set("X-Out$i", defined $value ? $value : '-') if $i < 5;
    }
    $r->print($line) for 1 .. 10;
    return Apache2::Const::OK;
}

sub echo {
    my ($r) = @_;
    $r->content_type('application/octet-stream');
    $r->read(my $body, $r->headers_in->get('Content-Length') || 0);
    $r->print($body);
    return Apache2::Const::OK;
}

sub access {
    my ($r) = @_;
    return $r->headers_in->get('X-No') ? Apache2::Const::FORBIDDEN : Apache2::Const::OK;
}

sub fixup {
    my ($r) = @_;
    $r->headers_out->set('X-Chain', 1);
    return Apache2::Const::OK;
}

sub filter {
    my ($f) = @_;
    if (!$f->ctx) {
        $f->r->headers_out->unset('Content-Length');
        $f->ctx(1);
    }
    while ($f->read(my $data, 8192)) { $f->print(uc $data) }
    return Apache2::Const::OK;
}

sub pass {
    my ($f) = @_;
    while ($f->read(my $data, 8192)) { $f->print($data) }
    return Apache2::Const::OK;
}

sub logs { $logged++; return Apache2::Const::OK }

1;
