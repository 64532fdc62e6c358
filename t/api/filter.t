# Apache2::Filter and Apache2::FilterRec: what filters are to a script that did not write them.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    code => <<'P',
sub ba { $_[0]->connection->bucket_alloc }
sub brigade { my ($r, @data) = @_; my $bb = APR::Brigade->new($r->pool, ba($r)); $bb->insert_tail(APR::Bucket->new(ba($r), $_)) for @data; $bb }
sub text { my $n = $_[0]->flatten(my $b); "$n:$b" }
sub upper { my $f = shift; while ($f->read(my $b, 4)) { $f->print(uc $b) } 0 }
BEGIN { our @ISA = 'Apache2::Filter' }
sub on_connections : FilterConnectionHandler { -1 }
sub why { my $e = eval { $_[0]->(); 'no error' } || $@; $e =~ s/ at \S+ line .*//sr }
P
    rows => <<'R',
Apache2::Filter::c                    | $r->input_filters->c->id == $c->id                     | 1
Apache2::Filter::r                    | my ($f) = grep { $_->r } map { my @l; for (my $x = $_; $x; $x = $x->next) { push @l, $x } @l } $r->output_filters; ref $f->r | Apache2::RequestRec
Apache2::Filter::r                    | $c->output_filters->r                                  | undef
Apache2::Filter::next                 | my $n = 0; for (my $f = $r->output_filters; $f; $f = $f->next) { $n++ } $n > 2 | 1
Apache2::Filter::frec                 | ref $r->output_filters->frec                           | Apache2::FilterRec
Apache2::FilterRec::name              | join ' ', map { my @l; for (my $x = $_; $x; $x = $x->next) { push @l, $x->frec->name } @l } $r->output_filters | /(?:^\x7c )content_length /
Apache2::FilterRec::next              | $r->output_filters->frec->next                         | undef
Apache2::Filter::ctx                  | my $f = $r->output_filters; $f->ctx, $f->ctx([1, 2]), scalar @{ $r->output_filters->ctx } | /^undef,ARRAY\(\S+\),2\z/
Apache2::Filter::ctx                  | $r->output_filters->ctx({ n => 1 }); $r->output_filters->next->ctx | undef
Apache2::Filter::get_brigade          | my $bb = brigade($r); my $n = $r->input_filters->get_brigade($bb, Apache2::Const::MODE_READBYTES, APR::Const::BLOCK_READ, 100); $n, $bb->is_empty ? 1 : 0 | 0,0 | a body
Apache2::Filter::pass_brigade         | $r->output_filters->pass_brigade(brigade($r))          | 0
Apache2::Filter::fflush               | $r->output_filters->fflush(brigade($r)); 'after'       | after
Apache2::Filter::remove               | my ($f) = grep { $_->frec->name eq 'byterange' } map { my @l; for (my $x = $_; $x; $x = $x->next) { push @l, $x } @l } $r->output_filters; $f->remove; join ' ', map { my @l; for (my $x = $_; $x; $x = $x->next) { push @l, $x->frec->name } @l } $r->output_filters | /^(?!.*byterange).*core\z\x7c^(?!.*byterange)/
Apache2::Filter::MODIFY_CODE_ATTRIBUTES | scalar Apache2::Filter->MODIFY_CODE_ATTRIBUTES(sub {}, 'FilterRequestHandler'), Apache2::Filter->MODIFY_CODE_ATTRIBUTES(sub {}, 'Nonsense') | undef,Nonsense
Apache2::Filter::pass_brigade | my $bb = brigade($r, 'pas', 'sed '); my $b = $bb->first; $r->output_filters->pass_brigade($bb); eval { $b->length; 1 } // 'void', $bb->is_empty ? 1 : 0 | passed void,1
Apache2::Filter::fflush      | my $bb = brigade($r, 'flushed '); my $b = $bb->first; $r->output_filters->fflush($bb); eval { $b->length; 1 } // 'void' | flushed void
APR::Brigade::filter_flush   | server: brigade($r)->filter_flush(0) | /^died: APR::Brigade::filter_flush: takes the address of a filter, which no script has/
Apache2::Filter::get_brigade | my $bb = brigade($r); $r->input_filters->get_brigade($bb); text($bb) | 6:a body | a body
Apache2::RequestRec::add_output_filter | $r->add_output_filter(\&upper); 'a word' | A WORD
Apache2::RequestRec::add_output_filter | $r->add_output_filter('T::Case::upper'); $r->add_output_filter(sub { my $f = shift; while ($f->read(my $b)) { $f->print("($b)") } 0 }); 'a word' | (A WORD)
Apache2::RequestRec::add_output_filter | why(sub { $r->add_output_filter('T::None') }) | /^Apache2::RequestRec::add_output_filter: failed to load T::None package/
Apache2::RequestRec::add_output_filter | why(sub { $r->add_output_filter(\&on_connections) }) | Apache2::RequestRec::add_output_filter: T::Case::on_connections lacks the attribute FilterRequestHandler
Apache2::RequestRec::add_input_filter  | $r->add_input_filter(\&upper); $r->read(my $b, 100); $b | A BODY | a body
Apache2::RequestRec::add_input_filter  | $r->add_input_filter(sub { my ($f, $bb, @ask) = @_; $f->next->get_brigade($bb, @ask) }); $r->read(my $b, 100); $b | a body | a body
Apache2::Connection::add_input_filter  | why(sub { $c->add_input_filter(\&upper) }) | Apache2::Connection::add_input_filter: T::Case::upper lacks the attribute FilterConnectionHandler
Apache2::Connection::add_input_filter  | $c->add_input_filter(\&on_connections); $c->input_filters->frec->name; join ' ', grep { /modperl/ } map { my @l; for (my $x = $_; $x; $x = $x->next) { push @l, $x->frec->name } @l } $c->input_filters | /modperl_connection_input/
Apache2::Connection::add_output_filter | $c->add_output_filter(\&on_connections); join ' ', grep { /modperl/ } map { my @l; for (my $x = $_; $x; $x = $x->next) { push @l, $x->frec->name } @l } $c->output_filters | /modperl_connection_output/
Apache2::Connection::add_output_filter | why(sub { $c->add_output_filter(\&upper) }) | Apache2::Connection::add_output_filter: T::Case::upper lacks the attribute FilterConnectionHandler
Apache2::Filter::read     | my @n; $r->add_output_filter(sub { my $f = shift; while (my $n = $f->read(my $b, 4)) { push @n, $n } $f->print("@n") if $f->seen_eos; 0 }); 'ten bytes.' | 4 4 2
Apache2::Filter::read     | why(sub { $r->output_filters->read(my $b) }) | Apache2::Filter::read: works only in a filter, on the filter whose handler is called
Apache2::Filter::read     | $r->add_output_filter(sub { my $f = shift; $f->print(why(sub { $f->read(my $b, -1) })); 0 }); 'x' | /^(?:Apache2::Filter::read: the length can't be negative)+\z/
Apache2::Filter::print    | $r->add_output_filter(sub { my $f = shift; while ($f->read(my $b)) { my $n = $f->print($b, ' ', $b); $f->print(" $n") } 0 }); 'word' | word word 9
Apache2::Filter::print    | why(sub { $r->output_filters->print('x') }) | Apache2::Filter::print: works only in a filter, on the filter whose handler is called
Apache2::Filter::PRINT    | $r->add_output_filter(sub { my $f = shift; while ($f->read(my $b)) { $f->PRINT(lc $b) } 0 }); 'WORD' | word
Apache2::Filter::seen_eos | $r->add_output_filter(sub { my $f = shift; my $before = $f->seen_eos ? 1 : 0; 1 while $f->read(my $b); $f->print($before, $f->seen_eos ? 1 : 0); 0 }); 'x' | /^(?:00)?01\z/
Apache2::Filter::seen_eos | $r->add_output_filter(sub { my $f = shift; $f->print('only this'); $f->seen_eos(1); $f->remove; 0 }); 'x' | only this
Apache2::Filter::seen_eos | why(sub { $r->output_filters->seen_eos }) | Apache2::Filter::seen_eos: works only in a filter, on the filter whose handler is called
R
);

done_testing;
