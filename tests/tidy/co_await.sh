#!/usr/bin/env bash
# co_await stands alone in its statement. g++ before 13 destroys temporaries of a full expression with co_await twice or too early,
# and a reader should see every point where a coroutine may be left. Allowed:
#   co_await f(...);                      [const] auto x = co_await f(...);          x = co_await f(...);
#   co_return co_await f(...);            CO_TRY(auto x, co_await f(...));           CO_TRYV(co_await f(...));
#   (void)co_await f(...);                each also as the only statement of an if, else, for or while
# Refused: a second co_await in the statement, co_await in a condition or an argument, member access on its result, and in the same
# full expression ?: or a brace-built temporary (lambda bodies are allowed, co_await inside them is judged on its own).
cd "${TIDY_ROOT:-$(dirname "$0")/../..}" || exit 1
exec perl - "$@" <<'PERL'
use strict; use warnings; use File::Find;
my @faults;
# Comments and literals become blanks of the same length, so that positions stay true.
sub bare {
    my ($text) = @_;
    $text =~ s{(//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\2"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+')}{ (my $t = $1) =~ s/[^\n]/ /g; $t }gse;
    return $text;
}
# Takes away leading `if (...)`, `for (...)`, `else`, `case x:` and labels: what follows is the statement.
sub without_headers {
    my ($s) = @_;
    my $parens; $parens = qr/\((?:[^()]++|(??{$parens}))*\)/;
    1 while $s =~ s/^\s*(?:(?:if\s*(?:constexpr\s*)?|for\s*|while\s*|switch\s*)$parens|else\b|do\b|case\s+[^:;]+(?:::[^:;]+)*:(?!:)|default\s*:|\[\[[^\]]*\]\])//;
    $s =~ s/^\s+//;
    return $s;
}
# Position behind the bracket that closes the one at $at.
sub behind_close {
    my ($text, $at) = @_;
    my $depth = 0;
    for (my $i = $at; $i < length $text; $i++) {
        my $c = substr $text, $i, 1;
        $depth++ if $c =~ /[({\[]/;
        return $i + 1 if $c =~ /[)}\]]/ && --$depth == 0;
    }
    return length $text;
}
sub fault_of {
    my ($text, $at) = @_;
    # back to the statement's begin: an unmatched '{' or a ';' or '}' outside parentheses
    my ($depth, $begin) = (0, 0);
    for (my $i = $at - 1; $i >= 0; $i--) {
        my $c = substr $text, $i, 1;
        if ($c eq ')' || $c eq ']') { $depth++ }
        elsif ($c eq '(' || $c eq '[') { if ($depth) { $depth-- } }
        elsif ($c =~ /[;{}]/ && $depth <= 0) { $begin = $i + 1; last }
    }
    my $before = without_headers(substr $text, $begin, $at - $begin);
    $before =~ s/\s+$//;
    return "a condition, an argument or a second co_await holds it: '" . substr($before =~ s/\s+/ /gr, -60) . " co_await'"
        unless $before eq '' || $before =~ /^co_return$/ || $before =~ /^\(void\)$/ || $before =~ /^CO_TRYV?\(([^()?]|\(\))*$/
            || $before =~ /^[^()?{}]*[^()?{}=!<>]=$/;
    # forward to the statement's end
    my $end = $at + 8;
    while ($end < length $text) {
        my $c = substr $text, $end, 1;
        last if $c eq ';' || $c eq ')' ;
        if ($c eq '(' || $c eq '[') {
            my $to = behind_close($text, $end);
            my $inside = substr $text, $end, $to - $end;
            my $lambda = qr/\[[^\[\]]*\]\s*(?:\((?:[^()]|\([^()]*\))*\))?\s*(?:mutable\s*|noexcept\s*)*(?:->\s*[\w:<>&*,\s]+?)?\s*$/;
            for (my $i = 0; $i < length $inside; $i++) {
                my $d = substr $inside, $i, 1;
                if ($d eq '{') {
                    return "a brace-built temporary stands in its statement" unless substr($inside, 0, $i) =~ $lambda;
                    $i = behind_close($inside, $i) - 1;
                } elsif ($d eq '?') { return "?: stands in its statement" }
                elsif (substr($inside, $i) =~ /^co_await\b/) { return "another co_await stands in its arguments" }
            }
            $end = $to;
            next;
        }
        if ($c eq '<' && substr($text, $end) =~ /^(<[\w\s:,*&()<>]*>)\s*\(/) { $end += length $1; next }     # template arguments
        return "?: stands in its statement" if $c eq '?';
        return "a brace-built temporary stands in its statement" if $c =~ /[{},]/;
        return "its result is used in the same statement: name it first" if substr($text, $end) =~ /^(?:\|\||&&|==|!=)/;
        $end++;
    }
    my $called = substr $text, $at, $end - $at;
    return "its result is used in the same statement: name it first" if $called =~ /\)\s*(?:\.|->)\s*\w+/ && $before =~ /\($/;
    return;
}
find({ no_chdir => 1, wanted => sub {
    return unless m{\.(?:h|cpp)$};
    my $file = $_;
    open my $in, '<', $file or die "$file: $!";
    my $text = do { local $/; <$in> };
    return unless $text =~ /co_await/;
    $text = bare($text);
    $text =~ s{^[ \t]*#[^\n]*(?:\\\n[^\n]*)*}{ (my $t = $&) =~ s/[^\n]/ /g; $t }gme;     # macros say what they expand to
    while ($text =~ /\bco_await\b/g) {
        my $at = $-[0];
        my $fault = fault_of($text, $at) or next;
        my $line = 1 + (substr($text, 0, $at) =~ tr/\n//);
        push @faults, "$file:$line: co_await: $fault";
    }
} }, grep { -d } @ARGV ? @ARGV : ('src', 'tests', 'bench'));
print "$_\n" for @faults;
exit(@faults ? 1 : 0);
PERL
