# r:parsebody of multipart/form-data: an empty value ended the parsing, and a quoted boundary was not understood.
use lib 't/lib';
use TestHttpd::Lua;

my $body = join '', map({ qq(--xYz\r\nContent-Disposition: form-data; name="$_->[0]"\r\n\r\n$_->[1]\r\n) } @{ [ ['a', '1'], ['empty', ''], ['b', '2'] ] }), "--xYz--\r\n";
my $ASK  = 'return (r:parsebody())';
test_rows([
    ['an empty value',          $ASK, '{a=1 b=2 empty=}', body => $body, headers => { 'Content-Type' => 'multipart/form-data; boundary=xYz' }],
    ['a quoted boundary',       $ASK, '{a=1 b=2 empty=}', body => $body, headers => { 'Content-Type' => 'multipart/form-data; boundary="xYz"' }],
    ['something behind it',     $ASK, '{a=1 b=2 empty=}', body => $body, headers => { 'Content-Type' => 'multipart/form-data; boundary=xYz; charset=utf-8' }],
    ['something before it',     $ASK, '{a=1 b=2 empty=}', body => $body, headers => { 'Content-Type' => 'multipart/form-data; charset=utf-8; boundary=xYz' }],
    ['nothing but empty values', 'local _, all = r:parsebody() return all', '{x={1= 2=}}', body => join('', map { qq(--xYz\r\nContent-Disposition: form-data; name="x"\r\n\r\n\r\n) } 1, 2) . "--xYz--\r\n",
        headers => { 'Content-Type' => 'multipart/form-data; boundary=xYz' }],
]);

done_testing;
