/** What `ifbalance --help` prints. */
import { paths } from '../layout.ts'

export const usage = `Usage: ifbalance COMMAND [OPTION]

Balances this host's connections over its internet uplinks. It does so by itself;
these commands are for looking at it and for stepping in.

Commands:
  status [--json]   the uplinks, their share of new connections, and what is wrong
  plan              what would be changed now, as the commands that do it
  apply             make the kernel as it should be now; ends what "down" began
  reload            have the daemon read the configuration again
  check [FILE...]   look at the configuration, the tools and the kernel, or at files
                    that are to become the configuration
  down              take away everything that ifbalance made, until "apply" or a
                    restart of the service
  disable UPLINK    take an uplink out, until "enable" or a reboot
  enable UPLINK     end what "disable" began
  probe [UPLINK]    ask all probes' targets once, and show who answered
  monitor [--json]  how the uplinks are, and each change from then on
  connections [--json]
                    how many there are now on each uplink, and their bytes
  explain [--from ADDRESS] [--in INTERFACE] DESTINATION[:PORT] [tcp|udp|icmp]
                    what a new connection would do, and why
  exec UPLINK -- COMMAND [ARGUMENT...]
                    run a command that uses this uplink alone, as do its children

  daemon            run in the foreground, as ifbalance.service does
  hook KIND         called by ifupdown, DHCP clients, NetworkManager, networkd and pppd

Options:
  -h, --help        print this text
  -V, --version     print the version

Exit codes:
  0  all well
  1  a problem: something could not be read or done, or there are errors in the
     configuration; then the last one without is in force
  2  called in a way that is not described here, or with an uplink that there is not
"exec" has those of the command, and as env(1) 125 for its own problems, 126 and 127.

Files:
  ${paths.config}
  ${paths.configDropIns}/*.conf

Colour is used on a terminal only, and not where NO_COLOR is set.
See ifbalance(8), ifbalance.conf(5) and org.ifbalance1(5).
`
