# An inner scope replaces the handlers of the outer one, or with MergeHandlers adds to them: each once, outer first.
use lib 't/lib';
use TestHttpd;

my $HANDLERS = join '', "package My::M; use T::Trace; use Apache2::RequestRec (); use Apache2::RequestIO ();\n",
    (map { "sub f$_ { T::Trace::note('f$_'); 0 } sub t$_ { T::Trace::note('t$_'); -1 }\n" } 1 .. 6),
    "sub handler { my \$r = shift; \$r->content_type('text/plain'); \$r->print('ok'); 0 } 1;\n";

my $s = TestHttpd->start(modules => { trace_module, 'My/M.pm' => $HANDLERS }, config => <<'C');
PerlModule My::M
PerlTransHandler My::M::t1 My::M::t2
<VirtualHost 127.0.0.1:@port@>
    ServerName main
</VirtualHost>
<VirtualHost 127.0.0.1:@port@>
    ServerName replaces
    PerlTransHandler My::M::t3
</VirtualHost>
<VirtualHost 127.0.0.1:@port@>
    ServerName merges
    PerlOptions +MergeHandlers
    PerlTransHandler My::M::t3 My::M::t4
</VirtualHost>
<Location />
    SetHandler modperl
    PerlResponseHandler My::M
    PerlFixupHandler My::M::f1
</Location>
<Location /two>
    PerlFixupHandler My::M::f1 My::M::f2
</Location>
<Location /two/merged>
    PerlOptions +MergeHandlers
    PerlFixupHandler My::M::f3
    PerlFixupHandler My::M::f4
</Location>
<Location /two/merged/deep>
    PerlFixupHandler My::M::f5
</Location>
<Location /two/merged/deep/off>
    PerlOptions -MergeHandlers
    PerlFixupHandler My::M::f6
</Location>
<Location /one>
    PerlOptions +MergeHandlers
    PerlFixupHandler My::M::f2
</Location>
C

my @CASES = (
    ['main', '/x', [qw(t1 t2)], [qw(f1)], 'the outer list'],
    ['replaces', '/x', [qw(t3)], [qw(f1)], 'a virtual host replaces'],
    ['main', '/two', [qw(t1 t2)], [qw(f1 f2)], 'a section replaces'],
    ['main', '/one', [qw(t1 t2)], [qw(f1 f2)], 'one outer handler, one inner, merged'],
    ['merges', '/x', [qw(t1 t2 t3 t4)], [qw(f1)], 'a virtual host merges several with several', 'ours'],
    ['main', '/two/merged', [qw(t1 t2)], [qw(f1 f2 f3 f4)], 'a section merges several with several', 'ours'],
    ['main', '/two/merged/deep', [qw(t1 t2)], [qw(f1 f2 f3 f4 f5)], 'the option holds further in', 'ours'],
    ['main', '/two/merged/deep/off', [qw(t1 t2)], [qw(f6)], 'until it is switched off', 'ours'],
);
for my $case (@CASES) {
    my ($host, $path, $trans, $fixup, $name, $only_ours) = @$case;
    SKIP: {
        skip 'mod_perl repeats entries here', 1 if $only_ours && !ours;
        $s->trace;
        $s->get($path, Host => $host);
        is_deeply [$s->trace], [@$trans, @$fixup], "$host $path: $name";
    }
}

done_testing;
