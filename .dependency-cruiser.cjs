/**
 * Imports only go down (docs/architecture.md, "The floors"), and a package is entered by its front door only.
 * @type {import('dependency-cruiser').IConfiguration}
 */
const floors = {
  bencode: [],
  net: [],
  metainfo: ['bencode'],
  tracker: ['bencode', 'net'],
  'peer-wire': ['bencode', 'net'],
  dht: ['bencode', 'net'],
  client: ['bencode', 'net', 'metainfo', 'tracker', 'peer-wire', 'dht'],
  cli: ['bencode', 'net', 'metainfo', 'tracker', 'peer-wire', 'dht', 'client'],
};

module.exports = {
  forbidden: [
    ...Object.entries(floors).map(([name, below]) => ({
      name: `${name}-imports-only-down`,
      comment: `@shoal/${name} may import only: ${below.join(', ') || 'nothing of the house'}`,
      severity: 'error',
      from: { path: `^packages/${name}/` },
      to: { path: '^packages/', pathNot: [name, ...below].map((each) => `^packages/${each}/`) },
    })),
    ...Object.keys(floors).map((name) => ({
      name: `enter-${name}-by-the-front-door`,
      comment: 'Other packages are imported by their name, never by a path into their sources.',
      severity: 'error',
      from: { path: '^packages/', pathNot: `^packages/${name}/` },
      to: {
        path: `^packages/${name}/src/`,
        pathNot: `^packages/${name}/src/(index|[a-z-]+/index)\\.ts$`,
      },
    })),
    {
      name: 'by-name-not-by-path',
      comment:
        'A path into another package, even to its front door, is no dependency that its package.json declares.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/', pathNot: '^packages/$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: { path: '^packages/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'sources-do-not-import-tests',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { path: '^packages/[^/]+/(test|bench)/' },
    },
    {
      name: 'not-resolvable',
      severity: 'error',
      from: { path: '^packages/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(dist|out-tsc|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@shoal/source', 'import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
