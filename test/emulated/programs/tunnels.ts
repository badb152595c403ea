/** Tunnels that need Debian's own kernel: see ../../lab/tunnels. Arguments: their numbers. Prints one JSON object. */
import { tunnels } from '../../lab/tunnels/kinds.ts'
import { playTunnel, type TunnelResult } from '../../lab/tunnels/play.ts'
import { packagedLab } from '../packaged-lab.ts'

const results: (TunnelResult | { readonly tunnel: string; readonly error: string })[] = []
for (const number of process.argv.slice(2))
  for (const ours of [true, false]) {
    const tunnel = tunnels[Number(number)]
    if (tunnel === undefined) throw new Error(`there is no tunnel ${number}`)
    const lab = await packagedLab()
    try {
      results.push(await playTunnel(lab, tunnel, ours))
    } catch (error) {
      results.push({ tunnel: tunnel.name, error: String(error).slice(-2000) })
    } finally {
      await lab.dispose()
    }
  }
process.stdout.write(`${JSON.stringify(results)}\n`)
