/**
 * Every command. This one list is what can be called, what `--help`, the shell's completion and suggestions for
 * misspelt words say, and what ifbalance(8) has to have. Cheap to load, as a hook must not pay for what the daemon
 * imports.
 */
import { type Command, command } from '../cli/command.ts'
import { traitOptions } from '../model/match.ts'

export const commands = {
  status: command({
    usage: '[--verbose] [--json]',
    summary: 'the uplinks, their share of new connections, and what is wrong',
    options: { verbose: 'flag', json: 'flag' },
    words: 'none',
    load: () => import('./status.ts'),
  }),
  plan: command({
    usage: '',
    summary: 'what would be changed now, as the commands that do it',
    options: {},
    words: 'none',
    load: () => import('./plan.ts'),
  }),
  apply: command({
    usage: '',
    summary: 'make the kernel as it should be now; ends what "down" began',
    options: {},
    words: 'none',
    load: () => import('./apply.ts'),
  }),
  reload: command({
    usage: '',
    summary: 'have the daemon read the configuration again',
    options: {},
    words: 'none',
    load: () => import('./reload.ts'),
  }),
  check: command({
    usage: '[FILE...]',
    summary: 'look at the configuration, the tools and the kernel, or at files that are to become the configuration',
    options: {},
    words: 'some',
    completes: ['files'],
    load: () => import('./check.ts'),
  }),
  down: command({
    usage: '',
    summary: 'take away everything that ifbalance made, until "apply" or a restart of the service',
    options: {},
    words: 'none',
    load: () => import('./down.ts'),
  }),
  disable: command({
    usage: 'UPLINK',
    summary: 'take an uplink out, until "enable" or a reboot',
    options: {},
    words: 'some',
    completes: ['uplinks'],
    load: () => import('./disable.ts'),
  }),
  drain: command({
    usage: '[--wait] UPLINK',
    summary: 'give an uplink no new connections, and leave it those that it has',
    options: { wait: 'flag' },
    words: 'some',
    completes: ['uplinks'],
    load: () => import('./drain.ts'),
  }),
  enable: command({
    usage: 'UPLINK',
    summary: 'end what "disable" or "drain" began',
    options: {},
    words: 'some',
    completes: ['uplinks'],
    load: () => import('./enable.ts'),
  }),
  probe: command({
    usage: '[UPLINK]',
    summary: "ask all probes' targets once, and show who answered",
    options: {},
    words: 'some',
    completes: ['uplinks'],
    load: () => import('./probe.ts'),
  }),
  monitor: command({
    usage: '[--json]',
    summary: 'how the uplinks are, and each change from then on',
    options: { json: 'flag' },
    words: 'none',
    load: () => import('./monitor.ts'),
  }),
  connections: command({
    usage: '[--json]',
    summary: 'how many there are now on each uplink, and their bytes',
    options: { json: 'flag' },
    words: 'none',
    load: () => import('./connections.ts'),
  }),
  metrics: command({
    usage: '[--textfile FILE]',
    summary: 'what "status" shows, as metrics for Prometheus',
    options: { textfile: 'text' },
    values: { textfile: 'files' },
    words: 'none',
    load: () => import('./metrics.ts'),
  }),
  explain: command({
    usage: '[--from ADDRESS] [--in INTERFACE] DESTINATION[:PORT] [tcp|udp|icmp]',
    summary: 'what a new connection would do, and why',
    options: {
      from: 'text',
      in: 'text',
      'source-port': 'text',
      ...traitOptions,
      connection: 'flag',
      json: 'flag',
    },
    values: { from: 'addresses', in: 'interfaces', user: 'users', cgroup: 'cgroups', dscp: 'dscp' },
    words: 'some',
    completes: ['nothing', ['tcp', 'udp', 'icmp']],
    load: () => import('./explain.ts'),
  }),
  exec: command({
    usage: 'UPLINK -- COMMAND [ARGUMENT...]',
    summary: 'run a command that uses this uplink alone, as do its children',
    options: {},
    // What follows the uplink's name is for the command.
    words: { ours: 1 },
    completes: ['uplinks', ['--'], 'command'],
    load: () => import('./exec.ts'),
  }),
  daemon: command({
    usage: '',
    summary: 'run in the foreground, as ifbalance.service does',
    options: {},
    words: { ours: Number.POSITIVE_INFINITY },
    forMachines: true,
    load: () => import('./daemon.ts'),
  }),
  hook: command({
    usage: 'KIND',
    summary: 'called by ifupdown, DHCP clients, NetworkManager, networkd and pppd',
    options: {},
    words: { ours: 0 },
    forMachines: true,
    load: () => import('./hook.ts'),
  }),
} satisfies Readonly<Record<string, Command>>
