#!/usr/bin/env bash
# Every #include "room/..." in src/ obeys src/ROOMS, the arrows make no circle, and another room's detail/ stays closed.
cd "${TIDY_ROOT:-$(dirname "$0")/../..}" || exit 1
exec perl - <<'PERL'
use strict; use warnings; use File::Find;
my (%uses, @order, @faults);
open my $rooms, '<', 'src/ROOMS' or die "src/ROOMS: $!";
while (<$rooms>) {
    next unless /^([a-z]+):\s*(.*)/;
    my ($room, $list) = ($1, $2);
    $uses{$room} = $list eq '*' ? [@order] : [split ' ', $list];
    push @order, $room;
}
my %stands; my $n = 0;
$stands{$_} = $n++ for @order;
for my $room (@order) {
    for my $use (@{$uses{$room}}) {
        if (!exists $stands{$use}) { push @faults, "src/ROOMS: $room uses '$use', which is no room" }
        elsif ($stands{$use} >= $stands{$room}) { push @faults, "src/ROOMS: $room uses $use, which stands at or below it: a circle" }
    }
}
find({ no_chdir => 1, wanted => sub {
    return unless m{^src/([a-z0-9_]+)/.*\.(?:h|cpp)$};
    my ($file, $room) = ($_, $1);
    my $is_test = $file =~ m{_test\.cpp$|/testing/};
    if (!exists $uses{$room}) { push @faults, "$file: src/$room is not in src/ROOMS"; return }
    my %may = map { $_ => 1 } $room, @{$uses{$room}};
    open my $in, '<', $file or die "$file: $!";
    while (<$in>) {
        next unless /^\s*#\s*include\s+"([^"]+)"/;
        my $path = $1;
        if ($path !~ m{^([a-z0-9_]+)/}) { push @faults, "$file:$.: include \"$path\" must name its room: \"room/file.h\"" }
        elsif (!$may{$1}) { push @faults, "$file:$.: $room may not include $1 (src/ROOMS)" }
        elsif ($1 ne $room && $path =~ m{/detail/}) { push @faults, "$file:$.: $path is a detail of $1" }
        elsif (!$is_test && $path =~ m{/testing/}) { push @faults, "$file:$.: $path is for tests only" }
    }
} }, 'src');
print "$_\n" for @faults;
exit(@faults ? 1 : 0);
PERL
