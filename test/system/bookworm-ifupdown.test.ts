import { systemSuite } from './suite.ts'

await systemSuite('bookworm', 'ifupdown')
