/** Where the emulated machine sees the project: `src` and `test` as JavaScript, `node_modules`, `node`, the package in `deb`. */
export const projectFolder = '/project'
