import { systemSuite } from './suite.ts'

await systemSuite('trixie', 'networkd')
