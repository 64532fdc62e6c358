# An object of a compiled class that frees a C structure in DESTROY, kept by start-up code: every clone freed it once more, and
# the child died. Clones have undef in its place, and the log says so once per class.

use lib 't/lib';
use TestHttpd;

# What Debian 12 has of that kind, core modules first. Those that are not installed are left out.
my %class = (
    'Digest::SHA'                        => 'Digest::SHA->new(256)',
    'Compress::Raw::Zlib::deflateStream' => 'scalar Compress::Raw::Zlib::Deflate->new',
    'Compress::Raw::Zlib::inflateStream' => 'scalar Compress::Raw::Zlib::Inflate->new',
    'Compress::Raw::Bzip2'               => 'scalar Compress::Raw::Bzip2->new',
    'SDBM_File'                          => 'do { tie our %file, "SDBM_File", "@var@/sdbm", 66, 0644; tied %file }',
    'BerkeleyDB::Hash'                   => 'BerkeleyDB::Hash->new(-Filename => "@var@/bdb", -Flags => BerkeleyDB::DB_CREATE())',
    'Bit::Vector'                        => 'Bit::Vector->new(50)',
    'Crypt::CAST5'                       => 'Crypt::CAST5->new("a" x 16)',
    'Crypt::Eksblowfish'                 => 'Crypt::Eksblowfish->new(4, "a" x 16, "b" x 16)',
    'Crypt::GCrypt::MPI'                 => 'Crypt::GCrypt::MPI->new(5)',
    'Crypt::OpenSSL::Bignum'             => 'Crypt::OpenSSL::Bignum->new_from_decimal("1234567")',
    'Crypt::OpenSSL::RSA'                => 'Crypt::OpenSSL::RSA->generate_key(1024)',
    'Crypt::Rijndael'                    => 'Crypt::Rijndael->new("a" x 16)',
    'Crypt::SMIME'                       => 'Crypt::SMIME->new',
    'Crypt::Stream::ChaCha'              => 'Crypt::Stream::ChaCha->new("a" x 32, "b" x 8)',
    'Crypt::Twofish'                     => 'Crypt::Twofish->new("a" x 16)',
    'Data::MessagePack::Unpacker'        => 'Data::MessagePack::Unpacker->new',
    'Digest::MD4'                        => 'Digest::MD4->new',
    'Digest::SHA3'                       => 'Digest::SHA3->new(256)',
    'Digest::Whirlpool'                  => 'Digest::Whirlpool->new',
    'File::LibMagic'                     => 'File::LibMagic->new',
    'GD::Image'                          => 'GD::Image->new(10, 10)',
    'GDBM_File'                          => 'do { tie our %gdbm, "GDBM_File", "@var@/gdbm", 2, 0644; tied %gdbm }',
    'LMDB::Env'                          => 'do { mkdir "@var@/lmdb"; LMDB::Env->new("@var@/lmdb") }',
    'Lingua::Stem::Snowball::Stemmifier' => 'do { Lingua::Stem::Snowball->new(lang => "en"); $Lingua::Stem::Snowball::stemmifier }',
    'Math::GMP'                          => 'Math::GMP->new("123")',
    'Math::MPFR'                         => 'Math::MPFR->new("1.5")',
    'NDBM_File'                          => 'do { tie our %ndbm, "NDBM_File", "@var@/ndbm", 66, 0644; tied %ndbm }',
    'Net::SSH2'                          => 'Net::SSH2->new',
    'Set::Object'                        => 'Set::Object->new(1, 2)',
    'Text::IconvPtr'                     => 'Text::Iconv->new("UTF-8", "ISO-8859-1")',
    'TokyoCabinet::HDB'                  => 'TokyoCabinet::HDB->new',
    'WWW::Curl::Easy'                    => 'WWW::Curl::Easy->new',
    'XML::LibXSLT::Stylesheet'           => 'XML::LibXSLT->new->parse_stylesheet(XML::LibXML->load_xml(string => q{<xsl:stylesheet version="1.0" '
        . 'xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><a/></xsl:template></xsl:stylesheet>}))->{XML_LIBXSLT_STYLESHEET}',
    'XML::Parser::Expat'                 => 'XML::Parser::Expat->new',
);
my %module = (
    'Compress::Raw::Zlib::deflateStream' => 'Compress::Raw::Zlib',
    'Compress::Raw::Zlib::inflateStream' => 'Compress::Raw::Zlib',
    'BerkeleyDB::Hash'                   => 'BerkeleyDB',
    'GD::Image'                          => 'GD',
    'LMDB::Env'                          => 'LMDB_File',
    'Lingua::Stem::Snowball::Stemmifier' => 'Lingua::Stem::Snowball',
    'Text::IconvPtr'                     => 'Text::Iconv',
    'XML::LibXSLT::Stylesheet'           => 'XML::LibXSLT',
    'XML::Parser::Expat'                 => 'XML::Parser',
    'Data::MessagePack::Unpacker'        => 'Data::MessagePack',
);
# Safe in clones, and to be left alone: a dup function, a CLONE_SKIP of its own, numbers that are no addresses, Perl's own.
my %fine = (
    'Digest::MD5'  => 'Digest::MD5->new',
    'JSON::PP'     => 'JSON::PP->new',
    'Encode::XS'   => 'Encode::find_encoding("iso-8859-1")',
    'Time::Piece'  => 'Time::Piece::localtime()',
    'POSIX::SigSet' => 'POSIX::SigSet->new(1)',
    'IO::File'     => 'IO::File->new("/dev/null")',
    'Math::BigInt' => 'Math::BigInt->new("12345678901234567890")',
    'Regexp'       => 'qr/a/',
    'T::Number'    => 'bless \(my $n = 123_456_789), "T::Number"',
    'T::Cloned'    => 'T::Cloned->new(1)',
);
$module{'TokyoCabinet::HDB'} = 'TokyoCabinet';
$module{$_} ||= $_ for keys %class;
my @there = grep { eval "require $module{$_}; 1" } sort keys %class;
note 'not installed: ', join ' ', grep { my $c = $_; !grep { $_ eq $c } @there } sort keys %class;
my $table = sub {
    my ($of, @names) = @_;
    return join ",\n", map { "    '$_' => sub { my \$m = '" . ($module{$_} || $_) . "'; eval \"require \$m\"; $of->{$_} }" } @names;
};

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, config => <<'C', modules => { 'T/Keep.pm' => <<"P" . <<'Q' });
PerlInterpStart 2
PerlInterpMax 3
PerlInterpMaxRequests 3
PerlModule T::Keep
<Location /keep>
    SetHandler modperl
    PerlResponseHandler T::Keep
</Location>
C
package T::Keep;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Digest::SHA ();
my %make = (
@{[$table->(\%class, @there)]}
);
my %fine = (
@{[$table->(\%fine, sort keys %fine)]}
);
P
# A class that says that it is safe: the test's word, so it does not free.
{ package T::Number; sub DESTROY { } }
{ package T::Cloned; our @ISA = 'Digest::SHA'; sub CLONE { } sub DESTROY { } }
our (%kept, %also);
our $sha = Digest::SHA->new(256);
$sha->add('x');
my $lexical = Digest::SHA->new(1);
sub lexical { ref $lexical }
$kept{$_} = eval { $make{$_}->() } // "did not work: $@" for sort keys %make;
$also{$_} = eval { $fine{$_}->() } // "did not work: $@" for sort keys %fine;
sub handler {
    my $r = shift;
    my $again = $sha // Digest::SHA->new(256)->add('x');
    $r->print('sha ', ref $sha, ' ', length $again->clone->add('y')->hexdigest, ' ', lexical(), "\n");
    $r->print("$_ ", defined $kept{$_} ? ref $kept{$_} || $kept{$_} : 'undef', "\n") for sort keys %kept;
    $r->print("fine $_ ", ref $also{$_} || $also{$_} // 'undef', "\n") for sort keys %also;
    return 0;
}
1;
Q
    my $threaded = $mpm eq 'event';
    my %got;
    for (1 .. 30) {
        my $res = $s->get('/keep');
        $got{ $res->{status} == 200 ? $res->{content} : $res->{status} }++;
    }
    is join(' ', values %got), 30, 'each of 30 requests, in interpreters that are replaced every three, got the same page';
    my ($page) = keys %got;
    is +($page =~ /^sha (.*)/m)[0], $threaded ? ' 64 ' : 'Digest::SHA 64 Digest::SHA', $threaded ? 'clones have undef and can make their own' : 'without threads the object is the parent\'s';
    for my $class (@there) {
        is +($page =~ /^\Q$class\E (.*)/m)[0], $threaded ? 'undef' : $class, "an object of $class: as it should be here";
    }
    is +($page =~ /^fine \Q$_\E (.*)/m)[0], $_, "an object of $_ is left alone" for sort keys %fine;

    my @lines = grep { /start-up code keeps/ } split /\n/, $s->log;
    if (!$threaded) { is scalar @lines, 0, 'nothing is said'; return }
    for my $class (@there) {
        is scalar(grep { /of class \Q$class\E[,:]/ } @lines), 1, "one line for $class";
    }
    my ($line) = grep { /of class Digest::SHA[,:]/ } @lines;
    like $line, qr/the main server: start-up code keeps \d+ objects of class Digest::SHA, in \$T::Keep::\w+.*: undef in the interpreters that serve/, 'with a variable';
    like +(grep { /of class Compress::Raw::Bzip2/ } @lines)[0], qr/in \$T::Keep::kept\{Compress::Raw::Bzip2\}/, 'an element, too';
});

done_testing;
