/**
 * Infers the Nx targets of every workspace: a folder with a tsconfig.json is a project.
 *
 * Everything is generated from what lies in the folder, so a new package needs no Nx configuration. `libs/types/generated` is not in
 * git and so Nx does not hash it: every target hashes its generator and catalogue instead (`^default`) and runs after `generate`.
 */

import { existsSync, globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const generated = [{ projects: ['@keelson/types'], target: 'generate' }];
const inputs = ['default', '^default'];
const lintInputs = [...inputs, '{workspaceRoot}/eslint.config.mjs', '{workspaceRoot}/biome.json'];

/** A cached target that runs the commands one after the other from the workspace's root, with `node_modules/.bin` on the PATH. */
const target = (commands, options) => ({
  executor: 'nx:run-commands',
  options: { commands, parallel: false },
  cache: true,
  inputs,
  dependsOn: generated,
  ...options,
});

const hasTests = (folder) => globSync('**/*.test.ts', { cwd: folder, exclude: ['**/node_modules/**'] }).length > 0;

function targetsOf(root, workspace) {
  const folder = join(workspace, root);
  const rootFiles = root === 'tools' ? ' *.json *.mjs' : '';
  const targets = {
    typecheck: target([`tsc -p ${root}`]),
    lint: target([`eslint --no-error-on-unmatched-pattern ${root}`, `biome check ${root}${rootFiles}`], {
      inputs: lintInputs,
      dependsOn: [],
    }),
  };
  if (hasTests(folder)) targets.test = target([`node tools/test.ts ${root}`], { cache: root !== 'test' });
  if (!root.includes('/') && existsSync(join(folder, 'src/main.ts'))) {
    // The bundler itself knows what is current, and keeps the files that running processes still read: Nx must not put back old ones.
    targets.build = target([`node tools/bundle.ts ${root}`], { cache: false });
  }
  if (existsSync(join(folder, 'generate/main.ts'))) {
    // with-node generates before it runs anything, when the sources' hash is not the one it stamped: never cached here, and cheap.
    targets.generate = target(['node tools/with-node.mjs --version'], { cache: false, dependsOn: [] });
  }
  return targets;
}

export const name = 'keelson';

export const createNodesV2 = [
  '**/tsconfig.json',
  (files, _options, { workspaceRoot }) =>
    files.map((file) => {
      const root = dirname(file);
      const unnamed = existsSync(join(workspaceRoot, root, 'package.json')) ? {} : { name: basename(root), tags: ['layer:tool'] };
      return [file, { projects: { [root]: { ...unnamed, targets: targetsOf(root, workspaceRoot) } } }];
    }),
];
