/**
 * Echo requests of a size that no router may cut into pieces ("don't fragment"). ping(8) of Debian 12 cannot send one that is
 * larger than what the kernel believes of the path (IP_PMTUDISC_PROBE), and so never finds that a path takes more, nor that
 * somebody has told the kernel of less. Node.js has no such sockets, so a child sends them: perl, as for the journal.
 */
import { randomBytes } from 'node:crypto'
import { perl } from '../../layout.ts'
import { follow } from '../../os/follow.ts'
import type { Egress } from './egress.ts'

/** So many requests go to each target, in turn, at this pace. */
const rounds = 3
const gapSeconds = 0.05

/** Bytes of a small request, at most. */
const smallSize = 64

/**
 * The child's program. It prints a target for each answer of the same size and contents, which nobody knows who did not see the
 * request. Beside what may be too large it sends small requests, and prints \`alive\` when one is answered: without any answer, what
 * is missing would say nothing of sizes, and would have the line suspected. Exit code 3: nothing could be sent. Numbers are those of linux/in.h, in6.h, socket.h and icmp.h: SO_BINDTODEVICE 25,
 * IP_MTU_DISCOVER 10 and IPV6_MTU_DISCOVER 23 with 3 for "probe", and filters that leave echo replies alone.
 */
const program = `
use Socket qw(:DEFAULT inet_pton inet_ntop pack_sockaddr_in6 unpack_sockaddr_in6);
$| = 1;
my ($six, $device, $source, $size, $rounds, $gap, $wait, $nonce, @targets) = @ARGV;
my $family = $six ? AF_INET6 : AF_INET;
my $address = sub { $six ? pack_sockaddr_in6(0, inet_pton($family, $_[0])) : pack_sockaddr_in(0, inet_pton($family, $_[0])) };
socket my $socket, $family, SOCK_RAW, $six ? 58 : 1 or exit 3;
setsockopt $socket, 1, 25, pack 'Z*', $device or exit 3;
setsockopt $socket, $six ? 41 : 0, $six ? 23 : 10, pack 'i', 3 or exit 3;
$six ? setsockopt $socket, 58, 1, pack 'L8', (0xffffffff) x 4, 0xfffffffd, (0xffffffff) x 3 : setsockopt $socket, 255, 1, pack 'L', 0xfffffffe;
if ($source ne '') { bind $socket, $address->($source) or exit 3 }
my $small = pack 'H*', $nonce;
my $length = $size - ($six ? 48 : 28);
my $large = substr $small x (1 + $length / 16), 0, $length;
my ($sent, $alive, %open) = (0, 0, map { $_ => 1 } @targets);
sub request {
  my ($sequence, $contents) = @_;
  my $with = sub { pack('CCnnn', $six ? 128 : 8, 0, $_[0], $$ & 0xffff, $sequence) . $contents };
  return $with->(0) if $six;
  my $sum = unpack '%32n*', $with->(0) . (length($contents) % 2 ? "\\0" : '');
  $sum = ($sum & 0xffff) + ($sum >> 16) for 1, 2;
  return $with->(~$sum & 0xffff);
}
sub hear {
  my $left = $_[0];
  while (%open && $left > 0) {
    my $ready = '';
    vec($ready, fileno $socket, 1) = 1;
    (my $count, $left) = select $ready, undef, undef, $left;
    return if $count < 1;
    my $from = recv $socket, my $answer, 65535, 64;
    next unless defined $from;
    $answer = substr $answer, 4 * (ord($answer) & 15) unless $six;
    my ($type, $code, undef, $id) = unpack 'CCnn', $answer;
    next unless $type == ($six ? 129 : 0) && $id == ($$ & 0xffff);
    print "alive\\n" if substr($answer, 8) eq $small && !$alive++;
    next unless substr($answer, 8) eq $large;
    my $host = inet_ntop $family, $six ? (unpack_sockaddr_in6 $from)[1] : (unpack_sockaddr_in $from)[1];
    for (grep { $open{$_} && inet_ntop($family, inet_pton $family, $_) eq $host } @targets) {
      delete $open{$_};
      print "$_\\n";
    }
  }
}
for my $round (1 .. $rounds) {
  for my $target (@targets) {
    next unless $open{$target};
    send $socket, request($round, $small), 0, $address->($target);
    $sent++ if defined send $socket, request($round, $large), 0, $address->($target);
    hear($gap);
  }
}
send $socket, request($rounds + 1, $small), 0, $address->($_) for @targets;
hear($wait);
exit($sent ? 0 : 3);
`

export interface SizedEcho {
  /** Of the whole packet, in bytes. */
  readonly size: number
  readonly targets: readonly string[]
  /** Whether all answers are waited for, and not just the first. */
  readonly all: boolean
  /** How long the last answer may take, in ms. */
  readonly waitMs: number
}

/**
 * Asks by a way. Calls `onEnd` with the targets that answered, and how many bytes were sent at most; with null where that says
 * nothing of sizes: nothing could be sent, or small requests were not answered either. Returns what stops it, without a call of `onEnd`.
 */
export function askSized(
  { device, family, source }: Egress,
  { size, targets, all, waitMs }: SizedEcho,
  onEnd: (answered: readonly string[] | null, bytes: number) => void,
): () => void {
  const answered: string[] = []
  const most = (size + smallSize) * (rounds + 1) * targets.length
  let isAlive = false
  const way = [family === 'inet6' ? '1' : '', device, source ?? '']
  const pace = [String(size), String(rounds), String(gapSeconds), String(waitMs / 1000)]
  const stop = follow(perl, ['-e', program, ...way, ...pace, randomBytes(16).toString('hex'), ...targets], {
    onLine: (line) => {
      if (line === 'alive') isAlive = true
      if (!targets.includes(line) || answered.includes(line)) return
      answered.push(line)
      if (all && answered.length < targets.length) return
      stop()
      onEnd(answered, (size + smallSize) * targets.length)
    },
    onEnd: ({ exitCode }) => onEnd(exitCode === 0 && (isAlive || answered.length > 0) ? answered : null, most),
  })
  return stop
}
