/**
 * What may import what, and how large things may grow. Formatting and everything else is biome's.
 * Run it through Nx only (`nx run-many -t lint`): without Nx's project graph the boundary rule says nothing.
 */

import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

const machineryAndBelow = ['layer:base', 'layer:types', 'layer:machinery'];
const libraries = [...machineryAndBelow, 'layer:cel', 'layer:pki', 'layer:client', 'layer:runtime', 'layer:component'];
const everything = [...libraries, 'layer:testing', 'layer:process', 'layer:deploy', 'layer:test'];

/** layer → the layers its sources may import. Processes meet only in the API server, so they import libraries and never each other. */
const layers = {
  base: [],
  types: ['layer:base'],
  machinery: ['layer:base', 'layer:types'],
  cel: machineryAndBelow,
  pki: ['layer:base'],
  client: machineryAndBelow,
  runtime: [...machineryAndBelow, 'layer:client'],
  component: [...machineryAndBelow, 'layer:client'],
  process: libraries,
  testing: libraries,
  deploy: [...libraries, 'layer:process', 'layer:deploy'],
  test: everything,
  tool: libraries,
};

/** The rule for sources, and for tests, which may also import libs/testing. */
const boundaries = (alsoAllowed) => ({
  '@nx/enforce-module-boundaries': [
    'error',
    {
      banTransitiveDependencies: true,
      // tools/ is no package: whoever starts processes asks the bundler for them.
      allow: ['^(\\.\\./)+tools/bundle\\.ts$'],
      depConstraints: Object.entries(layers).map(([layer, allowed]) => ({
        sourceTag: `layer:${layer}`,
        onlyDependOnLibsWithTags: [...allowed, ...alsoAllowed],
      })),
    },
  ],
});

const lines = (max) => ['error', { max, skipBlankLines: true, skipComments: true }];

export default [
  { ignores: ['**/node_modules/**', '**/dist/**', '**/generated/**', 'kubelet/src/cri/grpc/codec/**'] },
  {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser },
    plugins: { '@nx': nx, '@typescript-eslint': tseslint.plugin },
    rules: {
      ...boundaries([]),
      '@typescript-eslint/no-explicit-any': 'error',
      'max-lines': ['error', { max: 700 }],
      'max-lines-per-function': lines(70),
    },
  },
  {
    // A conformance suite is a test that several implementations share; `*.inside.ts` is the part of one that runs in its network namespace;
    // the subtests of `pods.test.ts` lie beside it.
    files: ['**/*.test.ts', '**/*.inside.ts', '**/conformance/**/*.ts', 'test/e2e/pods/*.ts'],
    rules: { ...boundaries(['layer:testing']), 'max-lines-per-function': 'off' },
  },
];
