/** Where the emulated machine sees the project: `src` and `test` as JavaScript, `node_modules`, `node`, the package in `deb`. */
export const projectFolder = '/project'

/** What the machine does when it has found its disks: it answers. */
export const agent = `/bin/sh ${projectFolder}/test/emulated/programs/agent.sh`
