/** A line that is no uplink any more is asked nothing: its address has no rule then, and what has it leaves by another line. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { blackhole, type HealthLab, healthLab, mend } from './health-lab.ts'
import { health, restart, until, untilCarriers, untilJudged } from './health-states.ts'

let lab: HealthLab

const families = [
  ['-4', '10.2.0.1'],
  ['-6', '2001:db8:2::1'],
] as const

/**
 * The run of ip(8) that takes rules away ends a second late: for so long they are gone, and the round goes on. What leaves by
 * the first line with the second one's addresses is counted.
 */
const prepare = `set -e
# The one default that it has is the one that goes.
sysctl -qw net.ipv6.conf.wan2.accept_ra=0
ip -6 route flush proto ra
mkdir -p /run/sbin/upper /run/sbin/work
mount -t overlay -o lowerdir=/usr/sbin,upperdir=/run/sbin/upper,workdir=/run/sbin/work overlay /usr/sbin
cp -P "$(readlink -f /usr/sbin/ip)" /usr/sbin/ip.real
rm /usr/sbin/ip
cat >/usr/sbin/ip <<'END'
#!/bin/sh
case "$*" in *-force*) ;; *) exec /usr/sbin/ip.real "$@" ;; esac
steps=$(cat)
echo "$steps" | /usr/sbin/ip.real "$@"
code=$?
case "$steps" in *"rule del"*) sleep 1; touch /run/late ;; esac
exit $code
END
chmod 755 /usr/sbin/ip
nft -f - <<'END'
table inet strays {
  counter strays { }
  chain leaving {
    type filter hook postrouting priority 0
    oifname wan1 ip saddr 10.2.0.50 counter name strays
    oifname wan1 ip6 saddr 2001:db8:2::50 counter name strays
  }
}
END`

beforeAll(async () => {
  lab = await healthLab({ ipv6: true })
  await lab.exec(['/bin/sh', '-c', prepare])
})
afterAll(() => lab?.dispose())
afterEach(async () => {
  await mend(lab.network, 2)
  await Promise.all(families.map(([family, gateway]) => defaultRoute('replace', family, gateway)))
})

async function defaultRoute(verb: 'del' | 'replace', family: '-4' | '-6', gateway: string): Promise<void> {
  const route = ['default', 'via', gateway, 'dev', 'wan2', 'metric', '102']
  await lab.exec(['/usr/sbin/ip.real', family, 'route', verb, ...route])
}

async function strays(): Promise<number> {
  const said = await lab.exec(['/usr/sbin/nft', 'list', 'counter', 'inet', 'strays', 'strays'])
  return Number(/packets (\d+)/.exec(said)?.[1])
}

/** A daemon that asks the second line again and again. */
async function suspicious(): Promise<void> {
  await restart(lab, '[uplink wan2]\nprobe-interval = 0.5\ncount-down = 10\n')
  await untilJudged(lab, 4)
  await lab.exec(['/usr/bin/rm', '-f', '/run/late'])
  await blackhole(lab.network, 2)
  await until(lab, 'nobody answers', async () => (await health(lab)).includes('suspect'))
}

test.each(families)('ip %s: a suspect line loses its default', async (family, gateway) => {
  await suspicious()
  await defaultRoute('del', family, gateway)
  await until(lab, 'its rules have gone', async () => (await lab.exec(['/usr/bin/ls', '/run'])).includes('late'))
  await untilCarriers(lab, ['wan1'], family)
  expect(await strays()).toBe(0)
  await mend(lab.network, 2)
  await defaultRoute('replace', family, gateway)
  await untilCarriers(lab, ['wan1', 'wan2'], family)
})

test('everything is taken down while a line is suspect', async () => {
  await suspicious()
  await lab.ifbalance(['down'])
  expect(await lab.exec(['/usr/bin/ls', '/run'])).toContain('late')
  expect(await strays()).toBe(0)
})
