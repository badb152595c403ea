/** Reads everything that a decision depends on, by a few child processes and from some small files. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readCgroups, readSlices } from '../../kernel/cgroup/cgroups.ts'
import { withCables } from '../../kernel/devices/cables.ts'
import { readHardware } from '../../kernel/devices/hardware.ts'
import { readForeignNat } from '../../kernel/foreign-nat/foreign-nat.ts'
import { parseBatch } from '../../kernel/iproute/batch.ts'
import { readListedRoutes } from '../../kernel/iproute/hidden-routes.ts'
import { parseLinks } from '../../kernel/iproute/links.ts'
import { parseRoutes } from '../../kernel/iproute/route.ts'
import { allRoutes, countRoutes, mostListed } from '../../kernel/iproute/route-listing.ts'
import { parseRule } from '../../kernel/iproute/rule.ts'
import { readTableNames } from '../../kernel/iproute/table-name-files.ts'
import { hasMptcp, readMptcp, runsMptcpd } from '../../kernel/mptcp.ts'
import { takesFlowtables } from '../../kernel/nft/flowtables.ts'
import { parseListing } from '../../kernel/nft/table.ts'
import { isNoSuchTable, refusalText } from '../../kernel/refusal-text.ts'
import { readSysctls } from '../../kernel/sysctls.ts'
import { nftTable, paths, programs } from '../../layout.ts'
import type { Config } from '../../model/config.ts'
import type { Link, Ruleset } from '../../model/kernel.ts'
import type { Observed } from '../../model/observed.ts'
import type { State } from '../../model/state.ts'
import type { Family } from '../../net/family.ts'
import { Failure } from '../../os/error.ts'
import { run } from '../../os/run.ts'
import { readDelegations, readLeases } from '../../sources/facts.ts'
import { loadBus } from '../../store/bus-facts.ts'
import { loadHealth } from '../../store/health.ts'
import { nameServers6 as nameServersOf } from '../../store/name-servers.ts'
import { loadNumbers } from '../../store/numbers.ts'
import { loadPathMtus } from '../../store/path-mtus.ts'
import { loadQuotas } from '../../store/quota.ts'
import { loadRefused } from '../../store/refused.ts'
import { loadSpreading } from '../../store/spreading.ts'
import { stanzas } from '../../store/stanzas.ts'
import { loadState } from '../../store/state.ts'
import { loadSwitched } from '../../store/switches.ts'
import { loadTableNames } from '../../store/table-names.ts'
import { stringOf } from '../../values/checked.ts'
import { getOwn } from '../../values/get-own.ts'

/**
 * The world as it is. `config` says what has to be looked for. `ruleset: false` leaves out our nft table, which only
 * root may read. Throws where ip or nft fail. (ip's `-Numeric` gives numbers even where rt_tables and rt_protos have
 * names.)
 */
export async function observe(config: Pick<Config, 'balance' | 'rules'>, { ruleset = true } = {}): Promise<Observed> {
  const ipv6 = existsSync(join(paths.sysctl, 'net/ipv6'))
  const state = loadState()
  const hidden = { inet: hidesRoutes('inet'), inet6: ipv6 && hidesRoutes('inet6') }
  const answers = [
    ask('inet', ['link show', 'addr show', 'rule show', ...(hidden.inet ? [] : [allRoutes])]),
    ipv6 ? ask('inet6', ['addr show', 'rule show', ...(hidden.inet6 ? [] : [allRoutes])]) : [[], [], []],
    hidden.inet ? readListedRoutes('inet', askApart) : [],
    hidden.inet6 ? readListedRoutes('inet6', askApart) : [],
    ruleset
      ? run(programs.nft, ['-j', '-t', 'list', ...listed(config, state)], { accept: [0, 1], maxOutput: maxListing })
      : null,
    config.balance.offload && ruleset ? takesFlowtables() : null,
    ruleset ? readForeignNat() : null,
    ruleset && mayHaveEndpoints(config, state) ? readMptcp() : null,
  ] as const
  // All are awaited before one can throw: a program that hangs is killed by this process, which another's failure might
  // end first.
  await Promise.allSettled(answers)
  const [inet, inet6, few, few6, listing, flowtables, foreignNat, mptcp] = await Promise.all(answers)
  const [linkList = [], addresses = [], rules = [], routes = []] = inet
  const [addresses6 = [], rules6 = [], routes6 = []] = inet6
  const now = new Date()
  const leases = readLeases(now)
  const addressOf = new Map(linkList.map((link) => [link['ifindex'], stringOf(link['address'])]))
  const links = withCables(
    parseLinks(linkList, [...addresses, ...addresses6]).map((link) =>
      withHardware(link, addressOf.get(link.index) ?? '', leases),
    ),
    leases,
  )
  const health = loadHealth()
  const spreading = loadSpreading()
  const pathMtus = loadPathMtus()
  const delegations = readDelegations(now)
  const quotas = loadQuotas(now)
  const nameServers6 = nameServersOf.loadAll()
  const slices = readSlices()
  const refused = loadRefused()
  const cgroups = readCgroups(config)
  const othersTableNames = readTableNames()
  const drained = loadSwitched('drained')
  const earlierNumbers = loadNumbers()
  return {
    ipv6,
    uptime: Math.floor(Number(process.hrtime.bigint()) / 1e9),
    links,
    routes: [
      ...parseRoutes('inet', hidden.inet ? few : routes),
      ...parseRoutes('inet6', hidden.inet6 ? few6 : routes6),
    ],
    ...((hidden.inet || hidden.inet6) && { hiddenRoutes: families.filter((family) => hidden[family]) }),
    rules: [...rules.map((rule) => parseRule('inet', rule)), ...rules6.map((rule) => parseRule('inet6', rule))],
    ruleset: listing && rulesetOf(listing, new Map(links.map((link) => [link.name, link.index]))),
    ...(foreignNat && foreignNat.found.length > 0 && { foreignNat: foreignNat.found }),
    ...(foreignNat && foreignNat.marks.length > 0 && { foreignMarks: foreignNat.marks }),
    ...(foreignNat?.reversePath && { reversePath: true as const }),
    ...(existsSync(paths.ipsec) && { ipsec: true as const }),
    ...(flowtables === null ? {} : { flowtables }),
    ...(mptcp && { mptcp, ...(runsMptcpd() && { mptcpd: true as const }) }),
    sysctls: readSysctls(links, Object.keys(state.sysctls), config.balance.sourceCheck === 'own'),
    leases,
    ...(Object.keys(nameServers6).length > 0 && { nameServers6 }),
    ...(Object.keys(delegations).length === 0 ? {} : { delegations }),
    bus: loadBus(),
    stanzas: stanzas.loadAll(),
    ...(Object.keys(health).length === 0 ? {} : { health }),
    ...(spreading && { spreading }),
    ...(Object.keys(pathMtus).length > 0 && { pathMtus }),
    ...(Object.keys(slices).length === 0 ? {} : { slices }),
    ...(Object.keys(cgroups).length === 0 ? {} : { cgroups }),
    ...(quotas && { quotas }),
    ...(refused.length > 0 && { refused }),
    disabled: loadSwitched('disabled'),
    ...(drained.length > 0 && { drained }),
    state,
    ...(Object.keys(earlierNumbers).length > 0 && { earlierNumbers }),
    tableNames: loadTableNames(),
    ...(Object.keys(othersTableNames).length > 0 && { othersTableNames }),
  }
}

/**
 * With one uplink there is nothing to say, unless there were more. An earlier round knows how many there are. What it has made
 * is there also where MPTCP was switched off since.
 */
function mayHaveEndpoints({ balance }: Pick<Config, 'balance'>, { uplinks, subflows }: State): boolean {
  const isWanted = balance.mptcp !== 'no' && Object.keys(uplinks).length > 1
  return subflows !== undefined || (isWanted && hasMptcp())
}

/**
 * What nft has to list. nft 1.0.6 fetches all elements of a table's sets even to leave them out, but not when it lists
 * all tables (100,000 prefixes take half a second on a small virtual machine). With many uplinks, each of which has a
 * set, listing those costs more than others' tables do: 27 ms of the processor against 17 for 63 uplinks.
 */
function listed({ rules }: Pick<Config, 'rules'>, { uplinks }: State): readonly string[] {
  const fromFiles = rules.some(({ match }) => match.source?.kind === 'file' || match.destination?.kind === 'file')
  const many = Object.keys(uplinks).length > manyUplinks
  return fromFiles || many ? ['ruleset', nftTable.family] : ['table', nftTable.family, nftTable.name]
}

const manyUplinks = 8

/** Bytes of the listing: all tables of a host, without the elements of their sets. */
const maxListing = 64 * 1024 * 1024

/** Bytes that ip may print. Ten thousand routes print about 1 MB. */
const maxOutput = 64 * 1024 * 1024

/**
 * The link with its hardware, where it has addresses: only uplinks come back under other names, and those have some. A
 * PPP line has none, and is told by its pppd: it may have another unit each time that it is dialled.
 */
function withHardware(link: Link, hardwareAddress: string, leases: Observed['leases']): Link {
  if (link.addresses.length === 0) return link
  const { address, line } = getOwn(leases, link.name) ?? {}
  const isLine = line !== undefined && link.addresses.some((one) => one.address === address)
  return { ...link, hardware: isLine ? [`pppd ${line}`] : readHardware(link, hardwareAddress) }
}

const families = ['inet', 'inet6'] as const

function hidesRoutes(family: Family): boolean {
  return (countRoutes(family) ?? 0) > mostListed
}

async function ask(family: Family, commands: readonly string[]) {
  const flags = [...flagsOf(family), '-batch', '-']
  const { stdout } = await run(programs.ip, flags, { input: `${commands.join('\n')}\n`, maxOutput })
  return parseBatch(stdout, commands.length)
}

/**
 * The same by a program each. In a batch, ip(8) has the kernel list everything and filters that itself, as it asks for
 * strict checking (NETLINK_GET_STRICT_CHK) without one alone (iproute2 6.1 and 6.15): of a million routes that is half a
 * second instead of a tenth.
 */
async function askApart(family: Family, commands: readonly string[]) {
  const answers = commands.map(async (command) => {
    const { stdout } = await run(programs.ip, [...flagsOf(family), ...command.split(' ')], { maxOutput })
    return parseBatch(stdout, 1)[0] ?? []
  })
  await Promise.allSettled(answers)
  return await Promise.all(answers)
}

function flagsOf(family: Family): readonly string[] {
  return [family === 'inet' ? '-4' : '-6', '-details', '-Numeric', '-json']
}

function rulesetOf(
  { exitCode, stdout, stderr }: { exitCode: number; stdout: string; stderr: string },
  indexOf: ReadonlyMap<string, number>,
): Ruleset | null {
  if (exitCode === 0) return parseListing(stdout, indexOf)
  if (isNoSuchTable(stderr)) return null
  throw new Failure('program-failed', `reading the nft table: ${refusalText(stderr)}`)
}
