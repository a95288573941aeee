#!/usr/bin/env bash
# Rows of banned.txt over the sources, and over every text file: no notes-to-self, no path of one machine.
table=$(cd "$(dirname "$0")" && pwd)/banned.txt
cd "${TIDY_ROOT:-$(dirname "$0")/../..}" || exit 1
exec perl - "$table" <<'PERL'
use strict; use warnings; use File::Find;
my (@rows, @faults);
open my $table, '<', $ARGV[0] or die $!;
while (<$table>) {
    chomp;
    next if /^#/ || /^\s*$/;
    my ($pattern, $where, $except, $reason) = split / \| /, $_, 4;
    die "tests/tidy/banned.txt:$.: four columns are needed\n" unless defined $reason;
    push @rows, { pattern => qr/$pattern/, where => qr/$where/, except => $except eq '-' ? qr/^$/ : qr/$except/, reason => $reason };
}
my $notes = qr/\b(?:T[O]DO|F[I]XME|X[X]X|H[A]CK)\b/;
my $machine = qr{/w[o]rk/|/f[a]rm/|/tmp/b[a]sh_jobs|/home/\w+/|/ro[o]t/(?!project)};
sub bare {
    my ($text) = @_;
    $text =~ s{(//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\2"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+')}
              { my $t = $1; my $line = substr($text, rindex($text, "\n", $-[0]) + 1, 12); $line =~ /^\s*#\s*incl/ ? $t : $t =~ s/[^\n]/ /gr }gse;
    return $text;
}
my @files = `git ls-files 2>/dev/null`;
if ($?) { find({ no_chdir => 1, wanted => sub { push @files, "$_\n" if -f && !m{/(?:node_modules|\.deps|build)} } }, qw(src tests tools bench cmake docs)) }
chomp @files;
for my $file (@files) {
    next if !-f $file || -B $file || $file =~ m{package-lock\.json$|/corpus/};
    open my $in, '<', $file or next;
    my $text = do { local $/; <$in> } // next;
    my @lines = split /\n/, $text;
    for my $i (0 .. $#lines) {
        push @faults, "$file:" . ($i + 1) . ": a note to oneself; do it, or say why not in docs/" if $lines[$i] =~ $notes;
        push @faults, "$file:" . ($i + 1) . ": a path of one machine" if $lines[$i] =~ $machine;
    }
    next unless $file =~ /\.(?:h|cpp)$/;
    my @mine = grep { $file =~ $_->{where} && $file !~ $_->{except} } @rows or next;
    my @bare = split /\n/, bare($text);
    for my $i (0 .. $#bare) {
        for my $row (@mine) {
            push @faults, "$file:" . ($i + 1) . ": '$&': $row->{reason}" if $bare[$i] =~ $row->{pattern};
        }
    }
}
print "$_\n" for @faults;
exit(@faults ? 1 : 0);
PERL
