#!/usr/bin/perl
# A modem at the other end of a pseudo-terminal: it speaks as much as chat(8) asks, whose lines end with a carriage return
# alone, and is the provider's end of the session then.
use strict;
use warnings;

$| = 1;
$/ = "\r";
while (<STDIN>) {
  if (/^ATD/) {
    print "CONNECT 150000000\r\n";
    my $session = 'notty noauth nodefaultroute ms-dns 198.51.100.59 10.66.0.1:10.66.0.2';
    exec '/usr/sbin/ip', 'netns', 'exec', 'cell', '/bin/sh', '-c', "mount -t tmpfs t /run; exec /usr/sbin/pppd $session";
  }
  elsif (/^AT/) { print "OK\r\n" }
}
