/** Whether this kernel has flowtables (CONFIG_NF_FLOW_TABLE, CONFIG_NFT_FLOW_OFFLOAD), which no tool tells. */
import { programs } from '../../layout.ts'
import { run } from '../../os/run.ts'

const sample = `table inet ifbalance-check {
  flowtable fast {
    hook ingress priority 0
    devices = { lo }
  }
  chain forward {
    type filter hook forward priority 0
    meta l4proto { tcp, udp } flow add @fast
  }
}
`

/**
 * Tries to add a flowtable. `--check` goes through the kernel's transaction and aborts it at the end, so nothing
 * changes. Throws where nft cannot be run.
 */
export async function takesFlowtables(): Promise<boolean> {
  const { exitCode } = await run(programs.nft, ['--check', '--file', '-'], { input: sample, accept: [0, 1] })
  return exitCode === 0
}
